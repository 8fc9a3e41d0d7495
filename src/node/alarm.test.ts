import assert from 'node:assert/strict'
import { test } from 'node:test'
import { genesis, verifyChain } from '../core/event-chain.ts'
import type { EventSource, SecurityEvent } from '../core/events.ts'
import { clientId, correlationId, numericDate, subject } from '../core/names.ts'
import type { EventStore } from '../core/ports.ts'
import { createMemoryStore } from '../stores/memory.ts'
import { StoreUnavailable } from '../stores/errors.ts'
import { createAlarm } from './alarm.ts'
import { checkTrail } from './alarm/check-trail.ts'
import { floodBounds } from './alarm/flood-gate.ts'
import { writerBounds } from './alarm/trail-writer.ts'
import { createMac, random, sha256 } from './runtime.ts'

/** An attack nobody may miss. */
const replayed: EventSource = {
  type: 'dpop.proof.replayed',
  outcome: 'blocked',
  reason: 'dpop_replayed',
  endpoint: 'token',
  correlationId: correlationId('00000000-0000-4000-8000-000000000001'),
  clientId: clientId('client-a'),
  peerAddress: '192.0.2.7',
  status: 400,
  attacks: ['SK-30'],
}
const issued: EventSource = { ...replayed, type: 'token.issued', outcome: 'allowed', reason: 'done', attacks: [] }

/** An alarm over a store that can be broken, with timers that run when told. */
async function anAlarm(options: { events?: EventStore } = {}) {
  let now = 1_800_000_000
  const clock = () => numericDate(now)
  const events = options.events ?? createMemoryStore({ clock }).events
  const appended: number[] = []
  const troubles: Error[] = []
  const timers = new Set<{ work: () => void; milliseconds: number }>()
  let failure: Error | undefined
  const alarm = await createAlarm({
    store: {
      ...events,
      append: async (some) => {
        if (failure !== undefined) throw failure
        appended.push(some.length)
        return events.append(some)
      },
    },
    clock,
    random,
    hash: sha256,
    subjectMac: createMac(Buffer.alloc(32, 1)),
    onTrouble: (cause) => troubles.push(cause),
    schedule: (work, milliseconds) => {
      const timer = { work, milliseconds }
      timers.add(timer)
      return () => timers.delete(timer)
    },
  })
  /** Lets timers run, those that fall due within a span; then what they started. */
  const run = async (milliseconds = 0) => {
    for (const timer of Array.from(timers)) {
      if (timer.milliseconds > milliseconds || !timers.delete(timer)) continue
      timer.work()
    }
    await new Promise((done) => setImmediate(done))
  }
  await run(writerBounds.patience)
  appended.length = 0
  return {
    ...alarm,
    events,
    appended,
    troubles,
    timers,
    run,
    wait: (span: number) => (now += span),
    breakStore: (cause: Error | undefined) => (failure = cause),
    /** What is in the trail after the start. */
    kept: async () => (await events.list(0, 20_000)).filter(({ type }) => type !== 'proc.started'),
  }
}

function isIntact(events: readonly SecurityEvent[]): boolean {
  return verifyChain(genesis, events, sha256) === undefined
}

test('[OPS-02] an event is kept whole, and a person only as a digest', async () => {
  const alarm = await anAlarm()
  const raised = alarm.raise({ ...replayed, subject: subject('user-alice'), evidence: { jkt: 'a thumbprint' } })
  await alarm.run()
  await raised
  const [event, ...more] = await alarm.kept()
  assert.deepEqual(more, [])
  const { id, seq, hash, previousHash, subjectRef, ...rest } = event ?? assert.fail()
  assert.equal(seq, 2)
  for (const name of [id, hash, previousHash]) assert.match(name, /^[\w-]{22,43}$/)
  assert.deepEqual(rest, {
    time: 1_800_000_000,
    type: 'dpop.proof.replayed',
    severity: 'critical',
    outcome: 'blocked',
    reason: 'dpop_replayed',
    endpoint: 'token',
    correlationId: replayed.correlationId,
    clientId: 'client-a',
    grantRef: undefined,
    peerAddress: '192.0.2.7',
    evidence: { jkt: 'a thumbprint' },
    status: 400,
    dedupe: undefined,
    attacks: ['SK-30'],
  })
  assert.equal(subjectRef, createMac(Buffer.alloc(32, 1))('user-alice'))
  assert.ok(!JSON.stringify(event).includes('alice'))
})

test('[OPS-02] what was refused is kept before anybody is told, together with others of the same turn', async () => {
  const alarm = await anAlarm()
  let told = 0
  const all = [1, 2, 3].map(async () => {
    await alarm.raise(replayed)
    told += 1
  })
  await Promise.resolve()
  assert.equal(told, 0)
  assert.equal((await alarm.kept()).length, 0)
  await alarm.run()
  await Promise.all(all)
  assert.deepEqual(alarm.appended, [3])
})

test('[OPS-02] what was granted waits for others, a moment and no longer; many wait for nothing', async () => {
  const alarm = await anAlarm()
  await alarm.raise(issued)
  await alarm.raise(issued)
  await alarm.run()
  assert.deepEqual(alarm.appended, [])
  await alarm.run(writerBounds.patience)
  assert.deepEqual(alarm.appended, [2])
  for (let one = 0; one < writerBounds.batch; one += 1) await alarm.raise(issued)
  await alarm.run()
  assert.deepEqual(alarm.appended, [2, writerBounds.batch])
})

test('[OPS-02] [AL-23] a thousand times the same attack: fifty kept, the others counted, another one seen at once', async () => {
  const alarm = await anAlarm()
  for (let attack = 0; attack < 1000; attack += 1) {
    if (attack === 500) alarm.wait(1)
    const raised = alarm.raise(replayed)
    if (attack < floodBounds.alike) await alarm.run()
    await raised
  }
  const other = { ...replayed, peerAddress: '192.0.2.8' }
  const raised = alarm.raise(other)
  await alarm.run()
  await raised
  assert.equal((await alarm.kept()).length, floodBounds.alike + 1)
  assert.equal((await alarm.kept()).at(-1)?.peerAddress, '192.0.2.8')

  alarm.wait(60)
  await alarm.run(60_000)
  await alarm.run(writerBounds.patience)
  const summary = (await alarm.kept()).at(-1)
  assert.deepEqual(summary?.dedupe, { count: 950, first: 1_800_000_000, last: 1_800_000_001 })
  assert.deepEqual([summary?.type, summary?.severity, summary?.peerAddress], [replayed.type, 'critical', '192.0.2.7'])
  assert.equal((await alarm.kept()).length, floodBounds.alike + 2)
  // The next minute counts anew.
  const again = alarm.raise(replayed)
  await alarm.run()
  await again
  assert.equal((await alarm.kept()).at(-1)?.dedupe, undefined)
})

test('[OPS-02] [AL-05] a flood against many is counted as that of nobody, and one against one as theirs', async () => {
  const alarm = await anAlarm()
  const guessed = { ...replayed, type: 'user.login.failed', reason: 'password_wrong', attacks: ['AL-01'] } as const
  const flood = async (subjects: readonly string[]) => {
    for (let index = 0; index < floodBounds.alike + 10; index += 1) {
      const raised = alarm.raise({ ...guessed, subject: subject(subjects[index % subjects.length] ?? assert.fail()) })
      await alarm.run()
      await raised
    }
    alarm.wait(60)
    await alarm.run(60_000)
    await alarm.run(writerBounds.patience)
    return (await alarm.kept()).at(-1)
  }
  const spray = await flood(['user-ada', 'user-eve'])
  assert.deepEqual([spray?.dedupe?.count, spray?.subjectRef], [10, undefined])
  const siege = await flood(['user-ada'])
  assert.deepEqual([siege?.dedupe?.count, siege?.subjectRef], [10, createMac(Buffer.alloc(32, 1))('user-ada')])
})

test('[OPS-02] what was granted is kept one by one, however often', async () => {
  const alarm = await anAlarm()
  for (let one = 0; one < 500; one += 1) await alarm.raise(issued)
  await alarm.close()
  assert.equal((await alarm.kept()).length, 500)
})

test('[OPS-02] [AL-23] a subscriber with many IPv6 addresses is one source, and so is IPv4 in both its spellings', async () => {
  for (const addressOf of [
    (index: number) => `2001:db8:1:2:${index.toString(16)}::1`,
    (index: number) => (index % 2 === 0 ? '192.0.2.7' : '::ffff:192.0.2.7'),
  ]) {
    const alarm = await anAlarm()
    const flood = Array.from({ length: 500 }, (_, index) =>
      alarm.raise({ ...replayed, peerAddress: addressOf(index + 1) }),
    )
    await alarm.run()
    await Promise.all(flood)
    assert.equal((await alarm.kept()).length, floodBounds.alike)
    const other = alarm.raise({ ...replayed, peerAddress: '2001:db8:1:3::1' })
    await alarm.run()
    await other
    assert.equal((await alarm.kept()).at(-1)?.peerAddress, '2001:db8:1:3::1')
  }
})

test('[OPS-02] [AL-23] more keys than are told apart: what is dear is kept one by one, the rest counted together', async () => {
  const alarm = await anAlarm()
  const cheap = (name: number): EventSource => ({
    ...replayed,
    type: 'client.auth.failed',
    peerAddress: `peer ${name}`,
  })
  for (let name = 0; name < floodBounds.keys + 200; name += 1) {
    const raised = alarm.raise(cheap(name))
    if (name % 1000 === 999) await alarm.run()
    void raised
  }
  const dear = Array.from({ length: 100 }, (_, name) => alarm.raise({ ...replayed, peerAddress: `thief ${name}` }))
  await alarm.close()
  await Promise.all(dear)
  const kept = await alarm.kept()
  assert.equal(kept.filter(({ type }) => type === 'dpop.proof.replayed').length, 100)
  const together = kept.filter(({ type, peerAddress }) => type === 'client.auth.failed' && peerAddress === undefined)
  assert.equal(together.length, 1)
  assert.equal(together.at(-1)?.dedupe?.count, 150)
})

test('[OPS-02] [AL-23] a trail that cannot be written: nobody waits, it is told once, and all is there in order later', async () => {
  const alarm = await anAlarm()
  alarm.breakStore(new StoreUnavailable('failed', 'the disk is full'))
  const reasons = ['one', 'two', 'three', 'four']
  const first = alarm.raise({ ...replayed, reason: 'one' })
  await alarm.run()
  await first
  for (const reason of ['two', 'three']) await alarm.raise({ ...replayed, reason })
  await alarm.run(writerBounds.retryFirst)
  await alarm.raise({ ...replayed, reason: 'four' })
  assert.deepEqual(
    alarm.troubles.map(({ message }) => message),
    ['the trail of security events cannot be written'],
  )
  assert.equal((await alarm.kept()).length, 0)

  alarm.breakStore(undefined)
  await alarm.run(writerBounds.retryMost)
  const kept = await alarm.kept()
  assert.deepEqual(
    kept.filter(({ type }) => type === replayed.type).map(({ reason }) => reason),
    reasons,
  )
  const down = kept.filter(({ type }) => type === 'audit.sink_down')
  assert.deepEqual(
    down.map(({ severity, reason, attacks }) => [severity, reason, attacks]),
    [['critical', 'trail_unwritable', ['AL-23']]],
  )
  assert.ok(isIntact(await alarm.events.list(0, 100)))
  // It is up again: the next failure is another one.
  alarm.breakStore(new StoreUnavailable('failed', 'again'))
  const again = alarm.raise(replayed)
  await alarm.run()
  await again
  assert.equal(alarm.troubles.length, 2)
})

test('[OPS-02] [AL-23] what waits is bounded, and what matters is not pushed out by what does not', async () => {
  const alarm = await anAlarm()
  alarm.breakStore(new StoreUnavailable('failed', 'the disk is full'))
  const critical = alarm.raise(replayed)
  await alarm.run()
  await critical
  for (let one = 0; one < writerBounds.waiting + 300; one += 1) await alarm.raise({ ...issued, reason: `${one}` })
  await alarm.raise({ ...replayed, reason: 'late' })
  alarm.breakStore(undefined)
  await alarm.run(writerBounds.retryMost)
  await alarm.close()
  const kept: SecurityEvent[] = []
  for (let some = await alarm.events.list(0, 1000); some.length > 0; ) {
    kept.push(...some)
    some = await alarm.events.list(some.at(-1)?.seq ?? 0, 1000)
  }
  assert.deepEqual(
    kept.filter(({ type }) => type === replayed.type).map(({ reason }) => reason),
    ['dpop_replayed', 'late'],
  )
  const lost = kept.find(({ reason }) => reason === 'events_lost')
  const granted = kept.filter(({ type }) => type === 'token.issued').length
  assert.equal(granted + Number(lost?.evidence['count']), writerBounds.waiting + 300)
  assert.ok(granted <= writerBounds.waiting)
})

test('[OPS-02] an event that nothing could ever write stops no other', async () => {
  const alarm = await anAlarm()
  const all = [
    alarm.raise({ ...replayed, reason: 'before' }),
    alarm.raise({ ...replayed, reason: 'broken', evidence: { count: Number.NaN } }),
    alarm.raise({ ...replayed, reason: 'after' }),
  ]
  await alarm.run()
  await Promise.all(all)
  await alarm.close()
  const reasons = (await alarm.kept()).map(({ reason }) => reason)
  assert.deepEqual(
    reasons.filter((reason) => reason !== 'events_lost'),
    ['before', 'after'],
  )
  assert.match(alarm.troubles[0]?.message ?? '', /^1 security events could not be kept/)
})

test('[OPS-02] closing keeps what waits, and what was only counted', async () => {
  const alarm = await anAlarm()
  await alarm.raise(issued)
  const attacks = Array.from({ length: floodBounds.alike + 5 }, () => alarm.raise(replayed))
  await alarm.close()
  await Promise.all(attacks)
  const kept = await alarm.kept()
  assert.equal(kept.length, 1 + floodBounds.alike + 1)
  assert.equal(kept.at(-1)?.dedupe?.count, 5)
  await alarm.raise(replayed)
  assert.equal(alarm.timers.size, 0)
})

test('[OPS-02] [AL-23] a start is an event, and so is a trail whose end was changed', async () => {
  const before = await anAlarm()
  for (let one = 0; one < 300; one += 1) await before.raise(issued)
  await before.close()
  const intact = await anAlarm({ events: before.events })
  assert.equal((await intact.events.list(0, 1000)).filter(({ type }) => type === 'proc.started').length, 2)
  assert.deepEqual(intact.troubles, [])

  const changed = changedAt(before.events, 299)
  const after = await anAlarm({ events: changed })
  await after.close()
  const told = (await before.events.list(0, 1000)).filter(({ type }) => type === 'audit.chain_broken')
  assert.deepEqual(
    told.map(({ severity, evidence }) => [severity, evidence]),
    [['critical', { seq: 299 }]],
  )
  assert.match(after.troubles[0]?.message ?? '', /was changed at event 299$/)
})

test('[OPS-02] [AL-23] the whole trail is walked page by page: a change, a gap and a cut in it are found', async () => {
  const { raise, close, events } = await anAlarm()
  for (let one = 0; one < 700; one += 1) await raise(issued)
  await close()
  const all = { hash: sha256, tail: 'all' } as const
  assert.deepEqual(await checkTrail(events, all), { newest: 701, brokenAt: undefined })
  for (const seq of [1, 200, 201, 700, 701]) {
    assert.equal((await checkTrail(changedAt(events, seq), all)).brokenAt, seq)
    const without = {
      ...events,
      list: async (after: number, limit: number) =>
        (await events.list(after, limit)).filter((event) => event.seq !== seq),
    }
    assert.equal((await checkTrail(without, all)).brokenAt, seq, `without ${seq}`)
  }
  const cut = {
    ...events,
    list: async (after: number, limit: number) => (await events.list(after, limit)).filter(({ seq }) => seq <= 650),
  }
  assert.equal((await checkTrail(cut, all)).brokenAt, 651)
  assert.deepEqual(await checkTrail(createMemoryStore({ clock: () => numericDate(1) }).events, all), {
    newest: 0,
    brokenAt: undefined,
  })
})

/** The same trail, with another reason in one event. */
function changedAt(events: EventStore, changed: number): EventStore {
  return {
    ...events,
    list: async (after, limit) =>
      (await events.list(after, limit)).map((event) =>
        event.seq === changed ? { ...event, reason: 'nothing' } : event,
      ),
  }
}

test('[OPS-02] what happened to a person is found at once, also what still waits to be kept, and routine is left out', async () => {
  const alarm = await anAlarm()
  const [ada, eve] = [subject('user-ada'), subject('user-eve')]
  const signedIn: EventSource = { ...issued, type: 'user.login.succeeded' }
  await alarm.raise({ ...signedIn, subject: ada, reason: 'first' })
  await alarm.raise({ ...signedIn, subject: eve, reason: 'of somebody else' })
  await alarm.raise({ ...issued, subject: ada })
  await alarm.raise({ ...signedIn, reason: 'of nobody' })
  await alarm.raise({ ...signedIn, subject: ada, reason: 'second' })
  assert.deepEqual(alarm.appended, [], 'all of it waits')
  const found = alarm.about(ada, 10)
  await alarm.run()
  assert.deepEqual(
    (await found).map(({ reason }) => reason),
    ['second', 'first'],
  )
  assert.deepEqual(alarm.appended, [5])
  assert.equal((await alarm.about(ada, 1)).length, 1)
  // A trail that cannot be written keeps nobody waiting: what was kept before is there.
  alarm.breakStore(new StoreUnavailable('failed', 'out of reach'))
  await alarm.raise({ ...signedIn, subject: ada, reason: 'third' })
  const meanwhile = alarm.about(ada, 10)
  await alarm.run()
  assert.equal((await meanwhile).length, 2)
  assert.equal((await alarm.about(ada, 10)).length, 2)
  alarm.breakStore(undefined)
  await alarm.run(writerBounds.retryFirst)
  assert.deepEqual((await alarm.about(ada, 10)).map(({ reason }) => reason)[0], 'third')
  await alarm.close()
  assert.equal((await alarm.about(eve, 10)).length, 1, 'and after it was turned off')
})
