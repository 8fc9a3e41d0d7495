/** Security events as JSON and back. */

import { type EventSource, eventTypes, type NewSecurityEvent, type SecurityEvent, severities } from '../core/events.ts'
import { clientId, correlationId, grantRef, type JsonObject, keysOf, sha256Digest } from '../core/names.ts'
import { listAt, numberAt, objectFrom, oneOf, optionalAt, readRecord, textAt, textsAt } from './json.ts'
import { dateAt } from './records.ts'

/**
 * An event that is about to be appended, as `JSON.stringify` left it.
 * @throws CorruptRecord
 */
export function parseNewEvent(value: unknown): NewSecurityEvent {
  return readRecord('security event', () => newEventFrom(objectFrom(value)))
}

/**
 * An event of the trail, as `JSON.stringify` left it.
 * @throws CorruptRecord, which tells its place
 */
export function parseEvent(value: unknown): SecurityEvent {
  const seq = readRecord('security event', () => numberAt(objectFrom(value), 'seq'))
  return readRecord(`security event ${seq}`, () => {
    const record = objectFrom(value)
    return {
      ...newEventFrom(record),
      seq,
      previousHash: sha256Digest(textAt(record, 'previousHash')),
      hash: sha256Digest(textAt(record, 'hash')),
    }
  })
}

function newEventFrom(record: JsonObject): NewSecurityEvent {
  return {
    id: textAt(record, 'id'),
    time: dateAt(record, 'time'),
    type: oneOf(types, record['type']),
    severity: oneOf(severities, record['severity']),
    outcome: oneOf(outcomes, record['outcome']),
    reason: textAt(record, 'reason'),
    endpoint: textAt(record, 'endpoint'),
    correlationId: correlationId(textAt(record, 'correlationId')),
    clientId: optionalAt(record, 'clientId', (from, member) => clientId(textAt(from, member))),
    subjectRef: optionalAt(record, 'subjectRef', (from, member) => sha256Digest(textAt(from, member))),
    grantRef: optionalAt(record, 'grantRef', (from, member) => grantRef(textAt(from, member))),
    peerAddress: optionalAt(record, 'peerAddress', textAt),
    evidence: evidenceFrom(objectFrom(record['evidence'])),
    status: optionalAt(record, 'status', numberAt),
    dedupe: optionalAt(record, 'dedupe', dedupeAt),
    attacks: textsAt(record, 'attacks'),
  }
}

function evidenceFrom(evidence: JsonObject): NewSecurityEvent['evidence'] {
  return Object.fromEntries(
    Object.entries(evidence).map(([name, value]) => {
      if (typeof value !== 'string' && typeof value !== 'number') throw new SyntaxError('evidence is text or a number')
      return [name, value]
    }),
  )
}

function dedupeAt(from: JsonObject, member: string): NewSecurityEvent['dedupe'] {
  const dedupe = objectFrom(from[member])
  return { count: numberAt(dedupe, 'count'), first: dateAt(dedupe, 'first'), last: dateAt(dedupe, 'last') }
}

/** @throws CorruptRecord */
export function parseEvents(events: unknown): readonly SecurityEvent[] {
  return readRecord('answer', () => listAt({ events }, 'events', parseEvent))
}

const types = keysOf(eventTypes)
const outcomes = ['blocked', 'allowed', 'revoked'] as const satisfies readonly EventSource['outcome'][]
