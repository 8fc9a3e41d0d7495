import assert from 'node:assert/strict'
import { test } from 'node:test'
import { storeContract } from './contract.ts'
import { aProof, at, hash, start } from './contract-fixtures.ts'
import { createMemoryStore } from './memory.ts'

storeContract('memory', async () => {
  let now = at(0)
  return {
    store: createMemoryStore({ clock: () => now }),
    setClock: (to) => {
      now = to
    },
  }
})

test('a full list refuses and forgets nothing that lives', async () => {
  let now = at(0)
  const store = createMemoryStore({ clock: () => now, most: 2 })
  await store.replay.spendOnce([aProof('one'), aProof('two')])
  const full = { name: 'StateUnavailable', message: 'the replay memory is full' }
  await assert.rejects(store.replay.spendOnce([aProof('three')]), full)
  assert.ok('seen' in (await store.replay.spendOnce([aProof('one')])))
  assert.ok('seen' in (await store.replay.spendOnce([aProof('two')])))
  await assert.rejects(store.attempts.raise([hash('a'), hash('b'), hash('c')], at(9), at(0)), { name: 'StoreFull' })
  assert.deepEqual(await store.attempts.raise([hash('a'), hash('b')], at(9), at(0)), [1, 1], 'none was raised')
  now = at(200)
  await store.reap(now, 10)
  assert.deepEqual(await store.replay.spendOnce([aProof('three', { expiresAt: at(300) })]), { spent: true })
})

test('a given epoch is kept', () => {
  assert.equal(createMemoryStore({ clock: () => at(0), epoch: at(-5) }).replay.epoch(), start - 5)
})
