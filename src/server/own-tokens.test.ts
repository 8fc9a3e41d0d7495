import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAccessToken } from '../core/access-token.ts'
import { clientId, issuer, jwkThumbprint, numericDate, subject } from '../core/names.ts'
import type { PublicKey, UnverifiedJws } from '../core/keys.ts'
import { signingAlgorithms } from '../core/profile.ts'
import { createVerifier, sha256 } from '../node/runtime.ts'
import { aParty } from '../../test/flow/parties.ts'
import { createOwnTokens } from './own-tokens.ts'

const party = aParty('ES256', 'one')
const us = issuer('https://as.example')
const dawn = 1_800_000_000

/** A token of ours for five minutes. */
const token = await createAccessToken(
  {
    issuer: us,
    audience: [us],
    subject: subject('alice'),
    clientId: clientId('app'),
    scope: ['openid'],
    details: [],
    issuedAt: numericDate(dawn),
    expiresAt: numericDate(dawn + 300),
    jti: 'one',
    confirmation: { kind: 'dpop', jkt: jwkThumbprint(sha256('key')) },
    grantRef: undefined,
    acr: undefined,
    authTime: undefined,
  },
  party.signer,
)

function aReader() {
  let published: readonly PublicKey[] = [party.key]
  let verified = 0
  const verifier = createVerifier({ cacheSize: 1 })
  const verify = (jws: UnverifiedJws, key: PublicKey) => {
    verified += 1
    return verifier(jws, key)
  }
  const self = { issuer: us, algorithms: signingAlgorithms, keys: () => Promise.resolve(published) }
  const read = createOwnTokens(self, { verify, hash: sha256 })
  return {
    read,
    verifications: () => verified,
    withdraw: () => {
      published = [aParty('ES256', 'two').key]
    },
  }
}

test('[AS-INTRO-03] a token is verified once, and its times are judged at every use', async () => {
  const { read, verifications } = aReader()
  for (const span of [0, 1, 299]) {
    assert.equal((await read(token, numericDate(dawn + span))).jti, 'one')
  }
  assert.equal(verifications(), 1)
  await assert.rejects(read(token, numericDate(dawn + 300)), { rule: 'access_token_expired' })
  await assert.rejects(read(`${token.slice(0, -4)}AAAA`, numericDate(dawn)), { name: 'OAuthError' })
})

test('[KEY-09] a key that is withdrawn takes what is remembered with it', async () => {
  const { read, withdraw } = aReader()
  await read(token, numericDate(dawn))
  withdraw()
  await assert.rejects(read(token, numericDate(dawn)), { rule: 'access_token_key_unknown' })
})
