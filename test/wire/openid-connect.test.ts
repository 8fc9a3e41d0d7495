import assert from 'node:assert/strict'
import { KeyObject } from 'node:crypto'
import { after, before, test } from 'node:test'
import * as client from 'openid-client'
import { clientDefaults } from '../../src/core/client.ts'
import { parseEncryptionKeys, parsePublicKey } from '../../src/core/jose.ts'
import { clientId, numericDate } from '../../src/core/names.ts'
import { createSigner, sha256, systemClock } from '../../src/node/runtime.ts'
import { allowInBrowser, type Running, startRunning } from './running.ts'

const afterwards = 'http://localhost:9/bye'
const encrypted = 'encrypted-client'

let running: Running
let config: client.Configuration

before(async () => {
  const keys = await client.randomDPoPKeyPair('ES256', { extractable: true })
  const key = parsePublicKey(await crypto.subtle.exportKey('jwk', keys.publicKey), sha256)
  const privateKey = KeyObject.from(keys.privateKey)
  running = await startRunning({ key, privateKey, signer: createSigner(privateKey, 'ES256', undefined) })
  const decryption = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits'])
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', decryption.publicKey)
  await running.store.clients.add({
    ...clientDefaults,
    clientId: clientId(encrypted),
    name: 'A client that reads sealed letters',
    redirectUris: [running.redirect],
    grantTypes: ['authorization_code'],
    scope: ['openid', 'profile'],
    keys: [key],
    encryptionKeys: parseEncryptionKeys({ keys: [{ kty, crv, x, y, use: 'enc', kid: 'letters', alg: 'ECDH-ES' }] }),
    idTokenEncryption: { alg: 'ECDH-ES', enc: 'A256GCM' },
    userinfoSignedResponseAlg: 'PS256',
    postLogoutRedirectUris: [afterwards],
    notBefore: numericDate(0),
    createdAt: systemClock(),
  })
  config = await client.discovery(
    new URL(running.issuer),
    encrypted,
    { userinfo_signed_response_alg: 'PS256' },
    client.PrivateKeyJwt(keys.privateKey),
    { execute: [client.allowInsecureRequests] },
  )
  client.enableDecryptingResponses(config, ['A256GCM'], { key: decryption.privateKey, alg: 'ECDH-ES', kid: 'letters' })
})

after(() => running.close())

test('[KEY-10, AS-OIDC-07] openid-client decrypts the ID token, checks what is signed inside, and reads a signed userinfo', async () => {
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const nonce = client.randomNonce()
  const url = await client.buildAuthorizationUrlWithPAR(
    config,
    {
      redirect_uri: running.redirect,
      scope: 'openid',
      claims: JSON.stringify({ id_token: { name: null }, userinfo: { name: null } }),
      acr_values: 'urn:strongroom:acr:password',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    },
    { DPoP },
  )
  const tokens = await client.authorizationCodeGrant(
    config,
    await allowInBrowser(url.href),
    { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true },
    {},
    { DPoP },
  )
  assert.equal(String(tokens.id_token).split('.').length, 5)
  const claims = tokens.claims()
  assert.deepEqual(
    [claims?.sub, claims?.['name'], claims?.['acr']],
    ['alice-subject', 'Alice Example', 'urn:strongroom:acr:password'],
  )
  const info = await client.fetchUserInfo(config, tokens.access_token, 'alice-subject', { DPoP })
  const { iss, aud, ...about } = info
  assert.deepEqual([iss, aud], [running.issuer, encrypted])
  assert.deepEqual(about, { sub: 'alice-subject', name: 'Alice Example' })
})

test('[AS-OIDC-09] the URL openid-client signs out with leads to a place that is registered, and to no other', async () => {
  const leave = (parameters: Record<string, string>) =>
    fetch(client.buildEndSessionUrl(config, { state: 'a state', ...parameters }), { redirect: 'manual' })
  const fine = await leave({ post_logout_redirect_uri: afterwards })
  assert.deepEqual([fine.status, fine.headers.get('location')], [303, `${afterwards}?state=a+state`])
  const wrong = await leave({ post_logout_redirect_uri: `${afterwards}/` })
  assert.deepEqual([wrong.status, wrong.headers.get('location')], [400, null])
  assert.equal(running.events.at(-1)?.rule, 'post_logout_redirect_uri_unregistered')
})
