import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertAllowed, assertRefused, bodyOf } from './assertions.test-support.ts'
import { aWorld, bankPolicy } from './fixtures.test-support.ts'
import { parseGuardPolicy } from './policy.ts'

const payment = { type: 'payment', to: { iban: 'DE02' } }
const accounts = { type: 'accounts', accounts: ['DE02'] }

/** The verdict about a call with a token that has these details. */
async function anAccess(world: ReturnType<typeof aWorld>, details: unknown) {
  const token = await world.token({ authorization_details: details })
  return assertAllowed(world, { token, proof: await world.proof(token) })
}

test('authorization_details_insufficient [AS-RAR-05] an operation that no element covers is refused, noted and told', async () => {
  const world = aWorld()
  const access = await anAccess(world, [accounts, payment])
  const before = world.events.length
  const refusal = access.detail('payment', ({ to }) => JSON.stringify(to) === '{"iban":"DE99"}')
  assert.ok(refusal.kind === 'refusal')
  assert.deepEqual([refusal.rule, refusal.response.status], ['authorization_details_insufficient', 403])
  const challenge = refusal.response.headers.get('www-authenticate') ?? ''
  assert.match(challenge, /^DPoP .*error="insufficient_scope"/)
  assert.match(refusal.response.headers.get('dpop-nonce') ?? '', /./)
  const body = await bodyOf(refusal)
  assert.deepEqual([body['error'], body['expected']], ['insufficient_scope', { authorization_details_type: 'payment' }])
  assert.deepEqual(
    world.events.slice(before).map(({ rule, outcome, subject, step }) => [rule, outcome, subject, step]),
    [['authorization_details_insufficient', 'refused', 'alice', 'guard']],
  )
  const covering = access.detail('payment', ({ to }) => JSON.stringify(to) === '{"iban":"DE02"}')
  assert.deepEqual(covering, { kind: 'detail', element: payment })
  await assertAllowed(world)
})

test('authorization_details_insufficient [AS-RAR-05] elements of another type cover nothing, whatever they say', async () => {
  const world = aWorld()
  const access = await anAccess(world, [{ ...payment, type: 'accounts' }])
  const asked: unknown[] = []
  const refusal = access.detail('payment', (element) => asked.push(element) > 0)
  assert.equal(refusal.kind, 'refusal')
  assert.deepEqual(asked, [])
  assert.equal((await anAccess(world, undefined)).detail('payment', () => true).kind, 'refusal')
  assert.equal((await anAccess(world, [payment])).detail('payment', () => true).kind, 'detail')
})

test('a bug in the comparison lets nobody through', async () => {
  const world = aWorld()
  const access = await anAccess(world, [payment])
  const refusal = access.detail('payment', () => {
    throw new TypeError('a bug')
  })
  assert.ok(refusal.kind === 'refusal')
  assert.deepEqual([refusal.rule, refusal.response.status], [undefined, 500])
  assert.equal(world.events.at(-1)?.outcome, 'failed')
})

test('access_token_malformed [AS-RAR-05] details that are none make the token none', async () => {
  const world = aWorld()
  for (const details of [
    'payment',
    payment,
    [null],
    ['payment'],
    [{}],
    [{ type: 7 }],
    [{ type: '' }],
    [[payment]],
    null,
  ]) {
    const token = await world.token({ authorization_details: details })
    const parts = { token, proof: await world.proof(token) }
    await assertRefused(world, parts, { rule: 'access_token_malformed', status: 401 })
  }
})

test('the metadata names the types that the policy names, and a policy names each once', () => {
  const policy = { ...bankPolicy, authorizationDetailsTypes: ['payment', 'accounts'] }
  const types = (metadata: Record<string, unknown>) => metadata['authorization_details_types_supported']
  assert.deepEqual(types(aWorld({ policy }).guard.metadata()), ['payment', 'accounts'])
  assert.equal(types(aWorld().guard.metadata()), undefined)
  assert.throws(() => parseGuardPolicy({ ...bankPolicy, authorizationDetailsTypes: ['payment', 'payment'] }), {
    member: 'authorizationDetailsTypes',
  })
  assert.throws(() => parseGuardPolicy({ ...bankPolicy, authorizationDetailsTypes: [''] }), {
    member: 'authorizationDetailsTypes[0]',
  })
})
