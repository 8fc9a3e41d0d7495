/**
 * The chain of the trail: each event holds the digest of the one before, so that none can be changed, taken out or
 * slipped in without every later one showing it. Whoever keeps the newest digest elsewhere sees a cut end as well.
 */

import type { NewSecurityEvent, SecurityEvent } from './events.ts'
import { isJsonObject, sha256Digest } from './names.ts'
import type { Hash } from './ports.ts'

/** The event a chain goes on from. */
export type ChainHead = Pick<SecurityEvent, 'seq' | 'hash'>

/** What stands before the first event: 32 zero bytes. */
export const genesis: ChainHead = { seq: 0, hash: sha256Digest('A'.repeat(43)) }

/**
 * The event in its place behind `previous`.
 * @throws RangeError when a number in it is none that JSON can tell
 */
export function chained(previous: ChainHead, event: NewSecurityEvent, hash: Hash): SecurityEvent {
  const placed = { ...event, seq: previous.seq + 1 }
  return { ...placed, previousHash: previous.hash, hash: digestOf(previous, placed, hash) }
}

/**
 * The events in their places behind `previous`, in order.
 * @throws RangeError as `chained`
 */
export function chainedAll(
  previous: ChainHead,
  events: readonly NewSecurityEvent[],
  hash: Hash,
): readonly SecurityEvent[] {
  const placed: SecurityEvent[] = []
  for (const event of events) placed.push(chained(placed.at(-1) ?? previous, event, hash))
  return placed
}

/** The sequence number of the first event that is missing, changed or out of order behind `previous`; or undefined. */
export function verifyChain(previous: ChainHead, events: readonly SecurityEvent[], hash: Hash): number | undefined {
  let head = previous
  for (const { previousHash, hash: claimed, ...placed } of events) {
    const expected = head.seq + 1
    const follows = placed.seq === expected && previousHash === head.hash
    if (!follows || claimed !== digestOf(head, placed, hash)) return expected
    head = { seq: expected, hash: claimed }
  }
  return undefined
}

function digestOf(previous: ChainHead, placed: NewSecurityEvent & Pick<SecurityEvent, 'seq'>, hash: Hash) {
  return hash(`${previous.hash}\n${canonicalJson(placed)}`)
}

/** The one text of a value: members in the order of their names, those that are undefined left out. RFC 8785 §3.2. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (isJsonObject(value)) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
    const sorted = members.toSorted(([one], [other]) => (one < other ? -1 : 1))
    return `{${sorted.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError('a number of an event is not finite')
  return JSON.stringify(value)
}
