/**
 * The alarm of a process: makes the events of the trail, keeps them, and never stands in the way of an answer.
 * docs/adr/0011-events.md.
 */

import { newCorrelationId, newEventId } from '../core/correlation.ts'
import { type EventSource, eventTypes, type NewSecurityEvent } from '../core/events.ts'
import { StateUnavailable } from '../core/oauth-error.ts'
import type { Clock, EventStore, Hash, Mac, RaiseEvent, Random } from '../core/ports.ts'
import type { EventsAbout } from '../core/sign-in-ports.ts'
import { checkTrail } from './alarm/check-trail.ts'
import { createFloodGate } from './alarm/flood-gate.ts'
import { processTimers, type Schedule, TrailWriter } from './alarm/trail-writer.ts'

/** What an alarm works with. */
export type AlarmOptions = {
  readonly store: Pick<EventStore, 'append' | 'list' | 'newest' | 'about'>
  readonly clock: Clock
  readonly random: Random
  readonly hash: Hash
  /** Under a key that outlives the process: the same person is the same digest for ever. */
  readonly subjectMac: Mac
  /** What the trail itself cannot tell now: that it cannot be written, that it was changed. For the log. */
  readonly onTrouble: (cause: Error) => void
  /** The timers of the process unless given. */
  readonly schedule?: Schedule | undefined
}

/** An alarm that is on. */
export type Alarm = {
  readonly raise: RaiseEvent
  /** What happened to one person; what was raised a moment ago is kept first, and so is in it. */
  readonly about: EventsAbout
  /** Keeps what is still to be kept, and stops. Call it before the store closes. */
  readonly close: () => Promise<void>
}

/** How many of the newest events are verified at the start; `strongroom events verify` reads all. */
const tail = 200

/**
 * Turns the alarm on: says that the process started, and whether the end of the trail is as it was left.
 *
 * What was blocked or revoked is kept before `raise` resolves; what was allowed a moment later, many together. Refusals
 * that are all alike are kept one by one up to a bound, and counted beyond it: see `flood-gate.ts`.
 */
export async function createAlarm(options: AlarmOptions): Promise<Alarm> {
  const { store, clock, random, subjectMac, onTrouble, schedule = processTimers } = options
  const gate = createFloodGate(() => random(16))
  const writer = new TrailWriter({
    append: store.append,
    schedule,
    onDown: (cause) => {
      onTrouble(new Error('the trail of security events cannot be written', { cause }))
      return newEvent(ofTheTrail('audit.sink_down', 'trail_unwritable', random), options)
    },
    onLost: (count, cause) => {
      onTrouble(new Error(`${count} security events could not be kept`, { cause }))
      const evidence = { count }
      void writer.take(newEvent({ ...ofTheTrail('audit.sink_down', 'events_lost', random), evidence }, options), 'now')
    },
  })
  const summarise = () => {
    for (const summary of gate.over(clock())) void writer.take(summary, 'soon')
  }
  let watch: (() => void) | undefined
  /** At the end of the minute, also when nothing happens any more. */
  const watchMinute = () => {
    const now = clock()
    watch ??= schedule(
      () => {
        watch = undefined
        summarise()
        if (gate.isCounting()) watchMinute()
      },
      (60 - (now % 60)) * 1000,
    )
  }
  const raise: RaiseEvent = async (source) => {
    try {
      summarise()
      const event = newEvent(source, options)
      if (source.outcome === 'blocked' && gate.admit(event) === 'counted') {
        return watchMinute()
      }
      await writer.take(event, source.outcome === 'allowed' ? 'soon' : 'now')
    } catch (cause) {
      onTrouble(new Error('a security event could not be raised', { cause }))
    }
  }
  await sayHowItStarts(raise, options)
  return {
    raise,
    about: async (subject, limit) => {
      await writer.flush()
      return store.about(subjectMac(subject), limit)
    },
    close: async () => {
      watch?.()
      for (const summary of gate.all()) void writer.take(summary, 'soon')
      await writer.close()
    },
  }
}

async function sayHowItStarts(raise: RaiseEvent, { store, hash, random, onTrouble }: AlarmOptions): Promise<void> {
  const brokenAt = await brokenTail(store, hash)
  await raise({ ...ofTheTrail('proc.started', 'started', random), outcome: 'allowed' })
  if (brokenAt === undefined) return
  onTrouble(new Error(`the trail of security events was changed at event ${brokenAt}`))
  void raise({ ...ofTheTrail('audit.chain_broken', 'tail_changed', random), evidence: { seq: brokenAt } })
}

/** A trail that cannot be read now is told by the first event that cannot be kept. */
async function brokenTail(store: AlarmOptions['store'], hash: Hash): Promise<number | undefined> {
  try {
    return (await checkTrail(store, { hash, tail })).brokenAt
  } catch (cause) {
    if (cause instanceof StateUnavailable) return undefined
    throw cause
  }
}

function ofTheTrail(type: EventSource['type'], reason: string, random: Random): EventSource {
  const attacks = type === 'proc.started' ? [] : ['AL-23']
  return { type, outcome: 'blocked', reason, endpoint: 'process', correlationId: newCorrelationId(random), attacks }
}

/** The event as the trail keeps it: named, dated, and without the name of the person. */
function newEvent(source: EventSource, { clock, random, subjectMac }: AlarmOptions): NewSecurityEvent {
  const { type, outcome, reason, endpoint, correlationId, subject } = source
  return {
    id: newEventId(random, clock()),
    time: clock(),
    type,
    severity: eventTypes[type],
    outcome,
    reason,
    endpoint,
    correlationId,
    clientId: source.clientId,
    subjectRef: subject === undefined ? undefined : subjectMac(subject),
    grantRef: source.grantRef,
    peerAddress: source.peerAddress,
    evidence: source.evidence ?? {},
    status: source.status,
    dedupe: undefined,
    attacks: source.attacks ?? [],
  }
}
