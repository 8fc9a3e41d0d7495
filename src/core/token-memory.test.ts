import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VerifiedAccessToken } from './access-token.ts'
import { clientId, issuer, jwkThumbprint, numericDate, sha256Digest, subject } from './names.ts'
import { createTokenMemory } from './token-memory.ts'

/** A digest of its own for every letter. */
const digest = (letter: string) => sha256Digest(`${letter.repeat(42)}A`)

const verified: VerifiedAccessToken = {
  token: {
    issuer: issuer('https://as.example.com'),
    audience: [],
    subject: subject('alice'),
    clientId: clientId('app'),
    speaksFor: 'person',
    scope: [],
    details: [],
    issuedAt: numericDate(0),
    expiresAt: numericDate(1),
    jti: 'x',
    confirmation: { kind: 'dpop', jkt: jwkThumbprint(digest('k')) },
    grantRef: undefined,
    acr: undefined,
    authTime: undefined,
  },
  key: {
    jwk: { kty: 'OKP', crv: 'Ed25519', x: digest('x') },
    alg: 'EdDSA',
    thumbprint: jwkThumbprint(digest('t')),
    kid: undefined,
  },
}

test('[RS-TOK-08] the memory of tokens is bounded; the oldest goes first', () => {
  const memory = createTokenMemory(2)
  const [a, b, c] = [digest('a'), digest('b'), digest('c')]
  memory.set(a, verified)
  memory.set(b, verified)
  memory.set(a, verified)
  memory.set(c, verified)
  assert.equal(memory.get(a), verified)
  assert.equal(memory.get(b), undefined)
  assert.equal(memory.get(c), verified)
  assert.throws(() => createTokenMemory(0), RangeError)
})
