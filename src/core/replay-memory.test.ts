import assert from 'node:assert/strict'
import { hash as digest } from 'node:crypto'
import { test } from 'node:test'
import { after, numericDate, seconds, sha256Digest } from './names.ts'
import { StateUnavailable } from './oauth-error.ts'
import type { Once } from './ports.ts'
import { profile } from './profile.ts'
import { createReplayMemory } from './replay-memory.ts'

const start = 1_800_000_007

function aMemory(most?: number) {
  const time = { now: numericDate(start) }
  const memory = createReplayMemory({ clock: () => time.now, ...(most === undefined ? {} : { most }) })
  const wait = (span: number) => {
    time.now = numericDate(time.now + span)
  }
  const once = (name: string, change: Partial<Once> = {}): Once => ({
    purpose: 'dpop_proof',
    owner: 'key',
    name: sha256Digest(digest('sha256', name, 'base64url')),
    expiresAt: after(time.now, seconds(65)),
    ...change,
  })
  return { memory, wait, once }
}

test('dpop_replayed [RS-DPOP-07] once means once, per owner and purpose', async () => {
  const { memory, once } = aMemory()
  assert.deepEqual(await memory.spendOnce([once('a')]), { spent: true })
  assert.deepEqual(await memory.spendOnce([once('a')]), { seen: once('a') })
  assert.deepEqual(await memory.spendOnce([once('b')]), { spent: true })
  assert.deepEqual(await memory.spendOnce([once('a', { owner: 'other' })]), { spent: true })
  assert.deepEqual(await memory.spendOnce([once('a', { purpose: 'client_assertion' })]), { spent: true })
})

test('dpop_replayed [RS-DPOP-07] another expiry does not make another entry', async () => {
  const { memory, once, wait } = aMemory()
  await memory.spendOnce([once('a')])
  wait(30)
  assert.ok('seen' in (await memory.spendOnce([once('a')])))
})

test('dpop_replayed [RS-DPOP-07] all entries are spent together, or none', async () => {
  const { memory, once } = aMemory()
  await memory.spendOnce([once('a')])
  assert.deepEqual(await memory.spendOnce([once('b'), once('a')]), { seen: once('a') })
  assert.deepEqual(await memory.spendOnce([once('b'), once('b')]), { seen: once('b') })
  assert.deepEqual(await memory.spendOnce([once('b')]), { spent: true })
})

test('dpop_replayed [RS-DPOP-07] fifty at once have one winner', async () => {
  const { memory, once } = aMemory()
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => memory.spendOnce([once('a')])))
  assert.equal(outcomes.filter((outcome) => 'spent' in outcome).length, 1)
})

test('dpop_replayed [RS-DPOP-07] at every second of its life an entry is known', async () => {
  const { memory, once, wait } = aMemory()
  // A proof from as far ahead as is accepted lives longest.
  const entry = once('a', { expiresAt: numericDate(start + profile.clockSkewAhead + profile.dpopProofAge + 5) })
  await memory.spendOnce([entry])
  for (let second = 0; second <= 95; second += 1) {
    assert.ok('seen' in (await memory.spendOnce([entry])), `after ${second} s`)
    wait(1)
  }
})

test('state_unavailable [RS-TOK-08] a full memory refuses what is new, forgets nothing alive, and empties by itself', async () => {
  const { memory, once, wait } = aMemory(2)
  await memory.spendOnce([once('a')])
  await memory.spendOnce([once('b')])
  const [a, b] = [once('a'), once('b')]
  await assert.rejects(memory.spendOnce([once('c')]), StateUnavailable)
  assert.ok('seen' in (await memory.spendOnce([a])))
  assert.ok('seen' in (await memory.spendOnce([b])))
  wait(80)
  assert.deepEqual(await memory.spendOnce([once('c')]), { spent: true })
})

test('state_unavailable [RS-DPOP-07] a clock that steps back does not revive what was forgotten', async () => {
  const { memory, once, wait } = aMemory()
  const entry = once('a')
  await memory.spendOnce([entry])
  wait(3600)
  await memory.spendOnce([once('b')])
  wait(-3600)
  await assert.rejects(memory.spendOnce([entry]), StateUnavailable)
  wait(3600)
  assert.deepEqual(await memory.spendOnce([once('c')]), { spent: true })
})

test('[RS-DPOP-07] the epoch is when the memory was made', () => {
  const { memory, wait } = aMemory()
  wait(10)
  assert.equal(memory.epoch(), start)
})

test('[RS-DPOP-07] a memory without room is refused', () => {
  assert.throws(() => aMemory(0), RangeError)
  assert.throws(() => aMemory(1.5), RangeError)
})
