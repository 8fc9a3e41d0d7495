/** Keeps a flood of refusals that are all alike from filling the trail: past a bound they are counted, not dropped. */

import { type NewSecurityEvent, severities } from '../../core/events.ts'
import { networkOf } from '../../core/ip-address.ts'
import type { NumericDate } from '../../core/names.ts'

/** What of one key is kept one by one in a minute, and how many keys are told apart. */
export const floodBounds = { alike: 50, keys: 10_000 } as const

/** Alike is what happened for the same reason to the same client from the same network: an address, or a /64 of IPv6. */
export type FloodGate = {
  /** Whether the event is to be kept by itself; otherwise it was counted, for the summary of its minute. */
  readonly admit: (event: NewSecurityEvent) => 'keep' | 'counted'
  /** Whether something was counted that no summary has told of yet. */
  readonly isCounting: () => boolean
  /** One event for each key of minutes that are over before `now`, standing for all that were counted. */
  readonly over: (now: NumericDate) => readonly NewSecurityEvent[]
  /** The same for everything that was counted so far. */
  readonly all: () => readonly NewSecurityEvent[]
}

type Seen = { kept: number; summary: NewSecurityEvent | undefined }

/** A gate with no flood in it. `newId` names the summaries. */
export function createFloodGate(newId: () => string): FloodGate {
  const seen = new Map<string, Seen>()
  let minute = 0
  const all = () => {
    const summaries = [...seen.values()].flatMap(({ summary }) => (summary === undefined ? [] : [summary]))
    seen.clear()
    return summaries
  }
  return {
    admit: (event) => {
      const known = seen.get(keyOf(event))
      // More keys than can be told apart are somebody's plan: the dear ones are kept, the others counted together.
      const isCrowded = known === undefined && seen.size >= floodBounds.keys
      if (isCrowded && isDear(event)) return 'keep'
      const counted = isCrowded ? { ...event, clientId: undefined, peerAddress: undefined } : event
      const key = keyOf(counted)
      const entry = seen.get(key) ?? { kept: 0, summary: undefined }
      seen.set(key, entry)
      if (entry.kept < floodBounds.alike) {
        entry.kept += 1
        return 'keep'
      }
      const summary = entry.summary ?? { ...counted, id: newId(), evidence: {}, dedupe: undefined }
      entry.summary = counting(ofOnePerson(summary, event), event.time)
      return 'counted'
    },
    isCounting: () => [...seen.values()].some(({ summary }) => summary !== undefined),
    over: (now) => {
      const current = Math.floor(now / 60)
      if (current === minute) return []
      minute = current
      return all()
    },
    all,
  }
}

function keyOf({ type, reason, clientId, peerAddress }: NewSecurityEvent): string {
  return [type, reason, clientId ?? '', networkOf(peerAddress ?? '')].join('\n')
}

function isDear({ severity }: NewSecurityEvent): boolean {
  return severities.indexOf(severity) >= severities.indexOf('high')
}

/** What happened to several people is told to none of them as theirs. */
function ofOnePerson(summary: NewSecurityEvent, { subjectRef }: NewSecurityEvent): NewSecurityEvent {
  return summary.subjectRef === subjectRef ? summary : { ...summary, subjectRef: undefined }
}

function counting(summary: NewSecurityEvent, time: NumericDate): NewSecurityEvent {
  const { count, first } = summary.dedupe ?? { count: 0, first: time }
  return { ...summary, time, dedupe: { count: count + 1, first, last: time } }
}
