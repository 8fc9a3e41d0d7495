import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewSecurityEvent } from '../core/events.ts'
import { clientId, Secret, subject } from '../core/names.ts'
import { standardKeySchedule } from '../node/keys/schedule.ts'
import { random } from '../node/runtime.ts'
import { CommandFailure } from './failures.ts'
import { recordChange, type Trail } from './record-change.ts'

function aTrail(append: (events: readonly NewSecurityEvent[]) => Promise<never[]>): Trail {
  const none = () => Promise.reject(new Error('not asked for'))
  return {
    config: { keys: { sealing, algorithms: ['ES256'], schedule: standardKeySchedule } },
    store: { events: { append, list: none, newest: none, find: none } },
  }
}

const sealing = new Secret(random(32))

test('[OPS-02] a change by an operator is recorded, and a person is the same digest every time', async () => {
  const recorded: NewSecurityEvent[] = []
  const trail = aTrail(async (events) => {
    recorded.push(...events)
    return []
  })
  const [alice, bob] = [subject('u-alice'), subject('u-bob')]
  for (const person of [alice, alice, bob]) {
    await recordChange(trail, { type: 'admin.changed', reason: 'user_locked', subject: person })
  }
  const [first, second, third] = recorded.map(({ subjectRef }) => subjectRef)
  assert.ok(first !== undefined && first === second && first !== third)
  assert.ok(!JSON.stringify(recorded).includes('u-'))
  await recordChange(trail, { type: 'admin.changed', reason: 'client_removed', clientId: clientId('c-1') })
  const last = recorded.at(-1)
  assert.deepEqual(
    [last?.type, last?.severity, last?.outcome, last?.reason, last?.endpoint, last?.clientId, last?.subjectRef],
    ['admin.changed', 'notice', 'allowed', 'client_removed', 'cli', 'c-1', undefined],
  )
  assert.equal(new Set(recorded.map(({ id }) => id)).size, 4)
})

test('[OPS-02] a change that cannot be recorded says that it was made', async () => {
  const trail = aTrail(() => Promise.reject(new Error('the disk is full')))
  await assert.rejects(recordChange(trail, { type: 'admin.key_event', reason: 'key_removed' }), (error) => {
    assert.ok(error instanceof CommandFailure)
    assert.equal(error.exitCode, 4)
    assert.deepEqual(error.lines, ['it was done (key_removed), but not recorded: the disk is full'])
    return true
  })
})
