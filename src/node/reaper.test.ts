import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { startReaper } from './reaper.ts'
import { systemClock } from './runtime.ts'

test('a backlog goes in bounded batches, one after the other', async () => {
  let left = 1700
  const batches: number[] = []
  const store = {
    reap: async (_: number, limit: number) => {
      const gone = Math.min(limit, left)
      left -= gone
      batches.push(gone)
      return gone
    },
  }
  const reaper = startReaper({ store, clock: systemClock, onFailure: assert.ifError, intervalMs: 10 })
  await wait(60)
  await reaper.stop()
  assert.equal(left, 0)
  assert.deepEqual(batches.slice(0, 4), [500, 500, 500, 200])
})

test('rounds do not overlap, and stopping waits for the one that runs', async () => {
  let running = 0
  let rounds = 0
  const store = {
    reap: async () => {
      running += 1
      assert.equal(running, 1)
      await wait(30)
      running -= 1
      rounds += 1
      return 0
    },
  }
  const reaper = startReaper({ store, clock: systemClock, onFailure: assert.ifError, intervalMs: 5 })
  await wait(20)
  await reaper.stop()
  assert.equal(running, 0)
  const before = rounds
  await wait(30)
  assert.equal(rounds, before)
})

test('a store that fails is noted, and tried again', async () => {
  let calls = 0
  const failures: unknown[] = []
  const store = {
    reap: async () => {
      calls += 1
      if (calls === 1) throw new Error('disk')
      return 0
    },
  }
  const reaper = startReaper({ store, clock: systemClock, onFailure: (cause) => failures.push(cause), intervalMs: 5 })
  await wait(40)
  await reaper.stop()
  assert.equal(failures.length, 1)
  assert.ok(calls > 1)
})
