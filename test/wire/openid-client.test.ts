import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as client from 'openid-client'
import { parsePublicKey } from '../../src/core/jose.ts'
import { createSigner, sha256 } from '../../src/node/runtime.ts'
import { KeyObject } from 'node:crypto'
import { allowInBrowser, type Running, startRunning } from './running.ts'

let running: Running
let config: client.Configuration
let keys: client.CryptoKeyPair

before(async () => {
  keys = await client.randomDPoPKeyPair('ES256', { extractable: true })
  const key = parsePublicKey(await crypto.subtle.exportKey('jwk', keys.publicKey), sha256)
  const privateKey = KeyObject.from(keys.privateKey)
  running = await startRunning({ key, privateKey, signer: createSigner(privateKey, 'ES256', undefined) })
  config = await client.discovery(
    new URL(running.issuer),
    running.clientId,
    {},
    client.PrivateKeyJwt(keys.privateKey),
    {
      execute: [client.allowInsecureRequests],
    },
  )
})

after(() => running.close())

test('[AS-PAR-03, AS-TOK-03] openid-client drives the whole flow: PAR, DPoP with nonces, exchange, userinfo, guarded API', async () => {
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const nonce = client.randomNonce()
  const url = await client.buildAuthorizationUrlWithPAR(
    config,
    {
      redirect_uri: running.redirect,
      scope: 'openid profile accounts',
      resource: running.api,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    },
    { DPoP },
  )
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri'])

  const back = await allowInBrowser(url.href)
  const tokens = await client.authorizationCodeGrant(
    config,
    back,
    { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true },
    {},
    { DPoP },
  )
  assert.equal(tokens.token_type, 'dpop')
  const subject = tokens.claims()?.sub
  assert.equal(subject, 'alice-subject')

  const info = await client.fetchUserInfo(config, tokens.access_token, 'alice-subject', { DPoP })
  assert.deepEqual(info, { sub: 'alice-subject', name: 'Alice Example' })

  const called = await client.fetchProtectedResource(
    config,
    tokens.access_token,
    new URL('/accounts', running.api),
    'GET',
    undefined,
    undefined,
    { DPoP },
  )
  assert.equal(called.status, 200)
  assert.deepEqual(await called.json(), { of: 'alice-subject' })

  // Nobody else can do the same with the token alone.
  const stolen = await fetch(new URL('/accounts', running.api), {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  })
  assert.equal(stolen.status, 401)
  assert.equal(running.events.at(-1)?.rule, 'bound_token_sent_as_bearer')
})

test('[AS-TOK-08] openid-client gets a client-credentials token, which a person’s route refuses', async () => {
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
  const tokens = await client.clientCredentialsGrant(config, { scope: 'accounts' }, { DPoP })
  assert.equal(tokens.token_type, 'dpop')
  const call = () =>
    client.fetchProtectedResource(
      config,
      tokens.access_token,
      new URL('/accounts', running.api),
      'GET',
      undefined,
      undefined,
      { DPoP },
    )
  await assert.rejects(call, /insufficient_scope|challenge/i)
  assert.equal(running.events.at(-1)?.rule, 'person_required')
})
