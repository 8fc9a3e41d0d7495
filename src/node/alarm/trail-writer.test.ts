import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewSecurityEvent, Severity } from '../../core/events.ts'
import { correlationId, numericDate } from '../../core/names.ts'
import { TrailWriter, writerBounds } from './trail-writer.ts'

function anEvent(id: string, severity: Severity): NewSecurityEvent {
  return {
    id,
    time: numericDate(1_800_000_000),
    type: severity === 'critical' ? 'dpop.proof.replayed' : 'token.issued',
    severity,
    outcome: 'allowed',
    reason: 'done',
    endpoint: 'token',
    correlationId: correlationId('00000000-0000-4000-8000-000000000001'),
    clientId: undefined,
    subjectRef: undefined,
    grantRef: undefined,
    peerAddress: undefined,
    evidence: {},
    status: undefined,
    dedupe: undefined,
    attacks: [],
  }
}

test('[OPS-02] [AL-23] what is written one by one is not pushed out meanwhile, and takes nothing else along', async () => {
  const kept: string[] = []
  const lost: number[] = []
  let work = () => {}
  let meanwhile: (() => void) | undefined
  const writer = new TrailWriter({
    append: async (events) => {
      if (events.some(({ id }) => id === 'bad')) throw new RangeError('nobody can write this')
      meanwhile?.()
      await Promise.resolve()
      kept.push(...events.map(({ id }) => id))
      return []
    },
    schedule: (start) => {
      work = start
      return () => undefined
    },
    onDown: () => assert.fail('the store is there'),
    onLost: (count) => lost.push(count),
  })
  void writer.take(anEvent('bad', 'info'), 'soon')
  // The first behind the batch in which one is bad.
  const dear = writerBounds.batch
  for (let one = 1; one < writerBounds.waiting; one += 1) {
    void writer.take(anEvent(`${one}`, one === dear ? 'critical' : 'info'), 'soon')
  }
  meanwhile = () => {
    meanwhile = undefined
    for (const id of ['late-1', 'late-2', 'late-3']) void writer.take(anEvent(id, 'critical'), 'soon')
  }
  work()
  await writer.close()
  for (const id of [`${dear}`, 'late-1', 'late-2', 'late-3']) assert.ok(kept.includes(id), id)
  assert.equal(new Set(kept).size, kept.length)
  const total = writerBounds.waiting + 3
  assert.equal(kept.length + lost.reduce((sum, count) => sum + count, 0), total)
})
