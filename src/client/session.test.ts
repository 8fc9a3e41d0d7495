import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TokenEndpointResponse } from 'oauth4webapi'
import { numericDate } from '../core/names.ts'
import { ClientError } from './errors.ts'
import { sessionOf } from './session.ts'

const grounds = { of: 'x', asked: 'openid accounts', claims: undefined, clock: () => numericDate(1000) }
const tokens = (changes: Partial<TokenEndpointResponse> = {}): TokenEndpointResponse => ({
  access_token: 'token',
  token_type: 'dpop',
  expires_in: 300,
  ...changes,
})
const because = (reason: string) => (error: unknown) => error instanceof ClientError && error.reason === reason

test('[CL-10] a session is what was asked for, or less, for as long as the server says', () => {
  assert.deepEqual(sessionOf(tokens(), grounds).scope, ['openid', 'accounts'])
  assert.deepEqual(sessionOf(tokens({ scope: 'accounts' }), grounds).scope, ['accounts'])
  assert.equal(sessionOf(tokens(), grounds).expiresAt, 1300)
  const silent = { access_token: 'token', token_type: 'dpop' } as const
  assert.equal(sessionOf(silent, grounds).expiresAt, undefined)
})

test('[CL-10] [CL-15] another kind of token, more scope, an endless life: the token is dropped', () => {
  assert.throws(() => sessionOf(tokens({ token_type: 'bearer' }), grounds), because('token_type_wrong'))
  assert.throws(() => sessionOf(tokens({ scope: 'accounts admin' }), grounds), because('scope_widened'))
  for (const lifetime of [1e300, -1, Number.NaN]) {
    assert.throws(() => sessionOf(tokens({ expires_in: lifetime }), grounds), because('response_unusable'))
  }
  assert.ok(sessionOf(tokens(), grounds))
})

test('[CL-14] without verified claims there is no person, whatever came along', () => {
  assert.equal(sessionOf(tokens({ id_token: 'a.b.c' }), grounds).subject, undefined)
  assert.equal(sessionOf(tokens(), { ...grounds, claims: { sub: 'alice' } }).subject, 'alice')
})
