import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccessToken } from '../core/access-token.ts'
import { clientId, issuer, jwkThumbprint, numericDate, subject } from '../core/names.ts'
import { sha256 } from '../node/runtime.ts'
import { createTokenMemory } from './token-memory.ts'

const token: AccessToken = {
  issuer: issuer('https://as.example.com'),
  audience: [],
  subject: subject('alice'),
  clientId: clientId('app'),
  speaksFor: 'person',
  scope: [],
  issuedAt: numericDate(0),
  expiresAt: numericDate(1),
  jti: 'x',
  dpopJkt: jwkThumbprint(sha256('key')),
  grantRef: undefined,
  acr: undefined,
  authTime: undefined,
}

test('[RS-TOK-08] the memory of tokens is bounded; the oldest goes first', () => {
  const memory = createTokenMemory(2)
  const [a, b, c] = [sha256('a'), sha256('b'), sha256('c')]
  memory.set(a, token)
  memory.set(b, token)
  memory.set(a, token)
  memory.set(c, token)
  assert.equal(memory.get(a), token)
  assert.equal(memory.get(b), undefined)
  assert.equal(memory.get(c), token)
  assert.throws(() => createTokenMemory(0), RangeError)
})
