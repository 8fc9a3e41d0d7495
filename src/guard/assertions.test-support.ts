/** What tests expect of a verdict. */

import assert from 'node:assert/strict'
import type { RuleSlug } from '../core/rules.ts'
import type { aWorld, CallParts } from './fixtures.test-support.ts'
import type { Access, Refusal } from './guard.ts'

type World = ReturnType<typeof aWorld>

/** The status and the challenge, both to the letter where they are given. */
export type Expected = { readonly rule: RuleSlug; readonly status: number; readonly challenge?: RegExp }

/** The call is refused like that, noted once, and a correct call right after is let through. */
export async function assertRefused(world: World, parts: CallParts, expected: Expected): Promise<Refusal> {
  const before = world.events.length
  const verdict = await world.call(parts)
  assert.equal(verdict.kind, 'refusal', 'must be refused')
  if (verdict.kind !== 'refusal') throw new Error('unreachable')
  assert.equal(verdict.rule, expected.rule)
  assert.equal(verdict.response.status, expected.status)
  const events = world.events.slice(before)
  assert.deepEqual(
    events.map(({ rule, outcome, step, status }) => ({ rule, outcome, step, status })),
    [{ rule: expected.rule, outcome: 'refused', step: 'guard', status: expected.status }],
  )
  assert.equal(verdict.response.headers.get('cache-control'), 'no-store')
  if (expected.challenge !== undefined) {
    assert.match(verdict.response.headers.get('www-authenticate') ?? '', expected.challenge)
  }
  await assertAllowed(world)
  return verdict
}

/** The call is let through. */
export async function assertAllowed(world: World, parts: CallParts = {}): Promise<Access> {
  const verdict = await world.call(parts)
  assert.equal(verdict.kind, 'access', verdict.kind === 'refusal' ? `refused: ${verdict.rule}` : '')
  if (verdict.kind !== 'access') throw new Error('unreachable')
  return verdict
}

/** The JSON of a refusal. */
export async function bodyOf({ response }: Refusal): Promise<Record<string, unknown>> {
  const body: unknown = await response.clone().json()
  assert.ok(typeof body === 'object' && body !== null)
  return { ...body }
}
