import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import type { TokenEndpointResponse } from 'oauth4webapi'
import { numericDate, Secret } from '../core/names.ts'
import { ClientError } from './errors.ts'
import { keptSession, keptText, type Received, sessionOf } from './session.ts'

const grounds = {
  of: 'x',
  id: 'an id',
  asked: 'openid accounts',
  askedDetails: [],
  possession: { tokenType: 'dpop', thumbprint: 'a key' },
  now: numericDate(1000),
} as const
const tokens = (changes: Partial<TokenEndpointResponse> = {}): Received => ({
  tokens: { access_token: 'token', token_type: 'dpop', expires_in: 300, ...changes },
  claims: undefined,
  idToken: undefined,
})
const because = (reason: string) => (error: unknown) => error instanceof ClientError && error.reason === reason

test('[CL-10] a session is what was asked for, or less, for as long as the server says', () => {
  assert.deepEqual(sessionOf(tokens(), grounds).scope, ['openid', 'accounts'])
  assert.deepEqual(sessionOf(tokens({ scope: 'accounts' }), grounds).scope, ['accounts'])
  assert.equal(sessionOf(tokens(), grounds).expiresAt, 1300)
  const silent = { access_token: 'token', token_type: 'dpop' } as const
  assert.equal(sessionOf({ ...tokens(), tokens: silent }, grounds).expiresAt, undefined)
})

test('[CL-10] [CL-15] another kind of token, more scope, an endless life: the token is dropped', () => {
  assert.throws(() => sessionOf(tokens({ token_type: 'bearer' }), grounds), because('token_type_wrong'))
  assert.throws(() => sessionOf(tokens({ scope: 'accounts admin' }), grounds), because('scope_widened'))
  for (const lifetime of [1e300, -1, Number.NaN]) {
    assert.throws(() => sessionOf(tokens({ expires_in: lifetime }), grounds), because('response_unusable'))
  }
  assert.ok(sessionOf(tokens(), grounds))
})

test('[AS-RAR-03] details are what was granted of what was asked for, and silence about them is no answer', () => {
  const payment = { type: 'payment', amount: '120.00' }
  const asked = { ...grounds, askedDetails: [payment] }
  const less = { type: 'payment', amount: '7.50' }
  assert.deepEqual(sessionOf(tokens({ authorization_details: [less] }), asked).authorizationDetails, [less])
  assert.throws(() => sessionOf(tokens(), asked), because('response_unusable'))
  assert.throws(
    () => sessionOf(tokens({ authorization_details: [{ type: 'other' }] }), asked),
    because('scope_widened'),
  )
  assert.throws(() => sessionOf(tokens({ authorization_details: [less] }), grounds), because('scope_widened'))
  assert.deepEqual(sessionOf(tokens(), grounds).authorizationDetails, [])
  const kept = keptSession(keptText(sessionOf(tokens({ authorization_details: [less] }), asked)))
  assert.deepEqual(kept?.authorizationDetails, [less])
})

test('[CL-14] without verified claims there is no person, whatever came along', () => {
  assert.equal(sessionOf(tokens({ id_token: 'a.b.c' }), grounds).subject, undefined)
  assert.equal(sessionOf({ ...tokens(), claims: { sub: 'alice' } }, grounds).subject, 'alice')
})

test('a kept session is the same session, prints nothing of it, and what is none is taken for none', () => {
  const received = { ...tokens({ refresh_token: 'renews' }), claims: { sub: 'alice' }, idToken: 'a.b.c' }
  const session = sessionOf(received, grounds)
  const kept = keptText(session)
  assert.doesNotMatch(inspect(kept) + String(kept) + JSON.stringify(kept), /token|renews/)
  const again = keptSession(kept) ?? assert.fail()
  assert.deepEqual({ ...again }, { ...session })
  assert.deepEqual(
    [again.accessToken.reveal(), again.refreshToken?.reveal(), again.idTokenHint?.reveal()],
    ['token', 'renews', 'a.b.c'],
  )
  for (const text of ['', '{', '[]', 'null', '{"of":"x","id":"an id","boundTo":"a key","scope":[]}']) {
    assert.equal(keptSession(new Secret(text)), undefined, text)
  }
})
