/** What may happen to signing keys, the trail, counters and the replay memory, and what clears up. */

import { chainedAll, genesis } from '../../core/event-chain.ts'
import type { NewSecurityEvent, SecurityEvent } from '../../core/events.ts'
import type { StoredKey } from '../../core/flow.ts'
import type { NumericDate, Sha256 } from '../../core/names.ts'
import { StateUnavailable } from '../../core/oauth-error.ts'
import type { Once } from '../../core/ports.ts'
import { numberAt, readRecord } from '../json.ts'
import { isOver } from '../retention.ts'
import type { Transition } from './plan.ts'
import { type Queries, readOne } from './queries.ts'
import { first, headOf } from './rows.ts'
import { bucketOf, liveBuckets } from './schema.ts'

/** Keeps a signing key. */
export function* addKey(q: Queries, key: StoredKey): Transition<void> {
  yield q.addKey({
    kid: key.kid,
    alg: key.alg,
    sealed_private_key: key.sealedPrivateKey,
    created_at: key.createdAt,
    active_from: key.activeFrom,
    published_until: key.publishedUntil ?? null,
  })
}

/** Retires a signing key. */
export function* retireKey(q: Queries, kid: string, publishedUntil: NumericDate): Transition<'retired' | 'unknown'> {
  return (yield q.retireKey({ kid, published_until: publishedUntil })).length === 0 ? 'unknown' : 'retired'
}

/** Removes a signing key. */
export function* removeKey(q: Queries, kid: string): Transition<'removed' | 'unknown'> {
  return (yield q.removeKey({ kid })).length === 0 ? 'unknown' : 'removed'
}

/** Appends to the trail, in order, behind what stands there. */
export function* append(q: Queries, events: readonly NewSecurityEvent[]): Transition<readonly SecurityEvent[]> {
  const appended = chainedAll((yield* readOne(q.lastEvent, headOf)) ?? genesis, events, q.hash)
  for (const { seq, id, correlationId, time, subjectRef, previousHash, hash, ...record } of appended) {
    yield q.addEvent({
      seq,
      id,
      correlation_id: correlationId,
      time,
      subject_ref: subjectRef ?? null,
      record: JSON.stringify(record),
      previous_hash: previousHash,
      hash,
    })
  }
  return appended
}

/** Raises every counter by one and returns the counts, in order. */
export function* raise(
  q: Queries,
  counters: readonly Sha256[],
  expiresAt: NumericDate,
  now: NumericDate,
): Transition<readonly number[]> {
  const counts: number[] = []
  for (const counter of counters) {
    const row = first(yield q.raiseAttempts({ counter, purge_at: expiresAt, now }))
    counts.push(readRecord('attempt counter', () => numberAt(row ?? {}, 'count')))
  }
  return counts
}

/** Forgets counters. */
export function* forget(q: Queries, counters: readonly Sha256[]): Transition<void> {
  for (const counter of counters) yield q.forgetAttempts({ counter })
}

/** Lowers every counter by one. */
export function* takeBack(q: Queries, counters: readonly Sha256[]): Transition<void> {
  for (const counter of counters) yield q.lowerAttempts({ counter })
}

/**
 * Records all entries, or none. schema.ts says how they lie.
 *
 * Where several transactions run side by side (PostgreSQL), the look and the insert need a lock on the name between
 * them: the primary key alone does not tell two expiries of one name apart.
 *
 * Entries whose time was over before they came, or that expired before what was already forgotten (the clock stepped
 * back), are refused: nothing can be said about them any more.
 *
 * @throws StateUnavailable for such an entry, RangeError for one further ahead than a look can find
 */
export function* spendOnce(
  q: Queries,
  entries: readonly Once[],
  now: NumericDate,
): Transition<{ readonly spent: true } | { readonly seen: Once }> {
  const bucket = bucketOf(now)
  const forgotten = yield* factOf(q, FORGOTTEN)
  const isTooLate = ({ expiresAt }: Once) => isOver(expiresAt, now) || expiresAt < forgotten
  if (entries.some(isTooLate)) throw new StateUnavailable(tooLate)
  for (const [index, entry] of entries.entries()) {
    if (bucketOf(entry.expiresAt) >= bucket + liveBuckets) throw new RangeError('a replay entry lies too far ahead')
    const { name, owner, purpose } = entry
    if (entries.slice(0, index).some((other) => isSame(other, entry))) return { seen: entry }
    if (q.spentNames.has(name, now) === 'no') continue
    if (first(yield q.liveEntry({ name, owner, purpose, bucket, now })) !== undefined) return { seen: entry }
  }
  for (const { name, owner, purpose, expiresAt } of entries) {
    q.spentNames.note(name, now)
    yield q.spendEntry({ bucket: bucketOf(expiresAt), name, owner, purpose, expires_at: expiresAt })
  }
  return { spent: true }
}

function isSame(one: Once, other: Once): boolean {
  return one.name === other.name && one.owner === other.owner && one.purpose === other.purpose
}

const EPOCH = 'replay_epoch'
/** Every entry that expired before this instant may have been forgotten. */
const FORGOTTEN = 'replay_forgotten'
const tooLate = 'a credential came after the time in which it could be remembered'

function* factOf(q: Queries, name: string): Transition<number> {
  const row = first(yield q.fact({ name }))
  return row === undefined ? 0 : readRecord(name, () => numberAt(row, 'value'))
}

/** The epoch of the replay memory; a database without one gets `now`. */
export function* epochOf(q: Queries, now: NumericDate): Transition<number> {
  const row = first(yield q.fact({ name: EPOCH }))
  if (row !== undefined) return readRecord('replay epoch', () => numberAt(row, 'value'))
  yield q.setFact({ name: EPOCH, value: now })
  return now
}

/** Forgets every entry and starts a new epoch: nothing from before `now` is vouched for any more. */
export function* startEpoch(q: Queries, now: NumericDate): Transition<void> {
  yield q.forgetEntries
  yield q.setFact({ name: FORGOTTEN, value: 0 })
  yield q.setFact({ name: EPOCH, value: now })
}

/** Deletes up to `limit` rows whose time is over; returns how many went. */
export function* reap(q: Queries, now: NumericDate, limit: number): Transition<number> {
  let gone = 0
  const tables = [
    q.reapInteractions,
    q.reapRequests,
    q.reapRefreshTokens,
    q.reapGrants,
    q.reapRevokedTokens,
    q.reapSessions,
    q.reapAttempts,
  ]
  for (const table of tables) {
    gone += (yield table({ now, limit: limit - gone })).length
  }
  const bucket = bucketOf(now)
  const entries = yield q.reapEntries({ bucket, limit: limit - gone })
  if (entries.length > 0) {
    // Up to what was really forgotten, not up to now: a clock that was wrong for a while must not close the memory for long.
    const ends = entries.map((row) => readRecord('replay entry', () => numberAt(row, 'expires_at')))
    yield q.setFact({ name: FORGOTTEN, value: Math.max(yield* factOf(q, FORGOTTEN), ...ends.map((end) => end + 1)) })
  }
  return gone + entries.length
}
