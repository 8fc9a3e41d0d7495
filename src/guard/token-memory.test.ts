import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VerifiedAccessToken } from '../core/access-token.ts'
import { clientId, issuer, jwkThumbprint, numericDate, subject } from '../core/names.ts'
import { sha256 } from '../node/runtime.ts'
import { aParty } from '../../test/flow/parties.ts'
import { createTokenMemory } from './token-memory.ts'

const verified: VerifiedAccessToken = {
  token: {
    issuer: issuer('https://as.example.com'),
    audience: [],
    subject: subject('alice'),
    clientId: clientId('app'),
    speaksFor: 'person',
    scope: [],
    issuedAt: numericDate(0),
    expiresAt: numericDate(1),
    jti: 'x',
    confirmation: { kind: 'dpop', jkt: jwkThumbprint(sha256('key')) },
    grantRef: undefined,
    acr: undefined,
    authTime: undefined,
  },
  key: aParty().key,
}

test('[RS-TOK-08] the memory of tokens is bounded; the oldest goes first', () => {
  const memory = createTokenMemory(2)
  const [a, b, c] = [sha256('a'), sha256('b'), sha256('c')]
  memory.set(a, verified)
  memory.set(b, verified)
  memory.set(a, verified)
  memory.set(c, verified)
  assert.equal(memory.get(a), verified)
  assert.equal(memory.get(b), undefined)
  assert.equal(memory.get(c), verified)
  assert.throws(() => createTokenMemory(0), RangeError)
})
