import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { aProof, at, hash } from '../contract-fixtures.ts'
import { bucketOf, bucketSeconds, liveBuckets } from './schema.ts'
import { createSpentNames } from './spent-names.ts'
import { openSqliteStore } from './sqlite.ts'

const longest = liveBuckets * bucketSeconds

test('a name that was noted is never said to be new while an entry of it can live', () => {
  const names = createSpentNames(-1)
  const noted = Array.from({ length: 2000 }, (_, index) => hash(`${index}`))
  for (const name of noted) names.note(name, at(0))
  for (const later of [0, 1, longest - 1, longest]) {
    for (const name of noted) assert.equal(names.has(name, at(later)), 'perhaps')
  }
  assert.equal(names.has(hash('0'), at(3 * longest)), 'no')
})

test('most names that were not noted are new', () => {
  const names = createSpentNames(-1)
  for (let index = 0; index < 2000; index += 1) names.note(hash(`${index}`), at(0))
  const unseen = Array.from({ length: 2000 }, (_, index) => names.has(hash(`unseen ${index}`), at(0)))
  assert.ok(unseen.filter((answer) => answer === 'perhaps').length < 20)
})

test('nothing is said of a name before the entries from before the start are over, or when the clock steps back', () => {
  const names = createSpentNames(bucketOf(at(120)))
  assert.equal(names.has(hash('a'), at(0)), 'perhaps')
  assert.equal(names.has(hash('a'), at(120)), 'perhaps')
  assert.equal(names.has(hash('a'), at(120 + bucketSeconds)), 'no')
  assert.equal(names.has(hash('a'), at(5 * longest)), 'no')
  assert.equal(names.has(hash('a'), at(5 * longest - 1)), 'perhaps')
})

test('what a group that was undone had noted can still be spent, once', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-spent-'))
  const store = await openSqliteStore({ path: join(directory, 'x.db'), clock: () => at(0), hash })
  const outcomes = await Promise.allSettled([
    store.replay.spendOnce([aProof('one')]),
    store.replay.spendOnce([aProof('two'), aProof('far', { expiresAt: at(3600) })]),
    store.replay.spendOnce([aProof('one')]),
    store.replay.spendOnce([aProof('two')]),
  ])
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? Object.keys(outcome.value) : outcome.status)),
    [['spent'], 'rejected', ['seen'], ['spent']],
  )
  assert.deepEqual(await store.replay.spendOnce([aProof('one')]), { seen: aProof('one') })
  await store.close()
  rmSync(directory, { recursive: true })
})
