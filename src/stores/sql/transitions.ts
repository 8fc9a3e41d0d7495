/**
 * What may happen to the rows: each function is one atomic transaction, written once for both dialects.
 * What is decided is decided by core/flow.ts.
 */

import {
  type Approval,
  type ClientRecord,
  type Grant,
  type InteractionRow,
  judgeOpening,
  judgeRedemption,
  judgeStanding,
  type Opening,
  type OpeningAttempt,
  type PushedRequest,
  type Redemption,
  type RedemptionAttempt,
  type Session,
  type StoredKey,
  type UserRecord,
} from '../../core/flow.ts'
import type { GrantRef, NumericDate, RowId, Sha256, Username } from '../../core/names.ts'
import type { Once } from '../../core/ports.ts'
import { numberAt, readRecord } from '../json.ts'
import { clientJson } from '../records.ts'
import { approvedUntil, interactionsPerRequest, isOver, later, pushedUntil } from '../retention.ts'
import type { Row, Statement, Transition } from './plan.ts'
import { type ClientReader, first, grantOf, requestOf, stateOf, userOf } from './rows.ts'
import { StateUnavailable } from '../../core/oauth-error.ts'
import { bucketOf, liveBuckets } from './schema.ts'
import type { SpentNames } from './spent-names.ts'
import type { Statements } from './compiled.ts'

/** What transitions are made of: the statements, the reader of clients, and what is known of spent names. */
export type Queries = Statements & { readonly clientOf: ClientReader; readonly spentNames: SpentNames }

/** The one row of a statement as a domain value, or undefined. */
export function* readOne<T>(statement: Statement, read: (row: Row) => T): Transition<T | undefined> {
  const row = first(yield statement)
  return row === undefined ? undefined : read(row)
}

/** The rows of a statement as domain values. */
export function* readAll<T>(statement: Statement, read: (row: Row) => T): Transition<readonly T[]> {
  return (yield statement).map(read)
}

/** Records a pushed request. RFC 9126 §2.2. */
export function* push(q: Queries, request: PushedRequest): Transition<void> {
  yield q.addRequest({
    id: request.id,
    client_id: request.clientId,
    request: JSON.stringify(request.request),
    request_uri_hash: request.requestUriHash,
    expires_at: request.expiresAt,
    purge_at: pushedUntil(request),
  })
}

/** Opens a pushed request and starts an interaction on it, in the place of the oldest where there are too many. */
export function* open(q: Queries, attempt: OpeningAttempt, interaction: InteractionRow): Transition<Opening> {
  const row = first(yield q.requestToJudge({ id: attempt.id }))
  const opening = judgeOpening(row && { request: requestOf(row), state: stateOf(row) }, attempt)
  if (opening.outcome !== 'opened') return opening
  const newestFirst = yield q.interactionsOfRequest({ request_id: interaction.requestId })
  for (const { id } of newestFirst.slice(interactionsPerRequest - 1)) {
    yield q.dropInteraction({ id: String(id) })
  }
  yield q.addInteraction({
    id: interaction.id,
    request_id: interaction.requestId,
    browser_hash: interaction.browserHash,
    started_at: interaction.startedAt,
    interaction_expires_at: interaction.expiresAt,
    session_id: interaction.signedIn?.sessionId ?? null,
    signed_in_at: interaction.signedIn?.at ?? null,
    purge_at: interaction.expiresAt,
  })
  return opening
}

/** Remembers that an interaction signed somebody in; nothing when it is unknown. */
export function* signedIn(q: Queries, id: RowId, session: { sessionId: RowId; at: NumericDate }): Transition<void> {
  yield q.signedIn({ id, session_id: session.sessionId, signed_in_at: session.at })
}

/** Spends the request and creates the grant, when nobody decided before. */
export function* approve(
  q: Queries,
  interaction: RowId,
  approval: Approval,
  grant: Grant,
): Transition<'approved' | 'spent'> {
  const row = first(yield q.requestOfInteraction({ interaction }))
  if (row === undefined || stateOf(row).kind !== 'pushed') return 'spent'
  yield q.addGrant({
    ref: grant.ref,
    client_id: grant.clientId,
    subject: grant.subject,
    scope: JSON.stringify(grant.scope),
    resources: JSON.stringify(grant.resources),
    created_at: grant.createdAt,
    revoked_at: grant.revokedAt ?? null,
    purge_at: grant.expiresAt,
  })
  yield q.approveRequest({
    id: requestOf(row).id,
    approval: JSON.stringify(approval),
    purge_at: approvedUntil(approval, grant),
  })
  return 'approved'
}

/** Spends the request, when nobody decided before. */
export function* refuse(q: Queries, interaction: RowId): Transition<'refused' | 'spent'> {
  const row = first(yield q.requestOfInteraction({ interaction }))
  if (row === undefined || stateOf(row).kind !== 'pushed') return 'spent'
  yield q.setRequestState({ id: requestOf(row).id, state: 'refused' })
  return 'refused'
}

/** Redeems a code, burns it or revokes its grant, as core/flow.ts judges. RFC 6749 §4.1.2. */
export function* redeem(q: Queries, attempt: RedemptionAttempt): Transition<Redemption> {
  const row = first(yield q.requestToJudge({ id: attempt.id }))
  const found = row && { request: requestOf(row), state: stateOf(row) }
  const ref = found && 'approval' in found.state ? found.state.approval.grantRef : undefined
  const standing = ref === undefined ? 'unknown' : yield* standingOf(q, ref, attempt.now)
  const { redemption, becomes, revoke: revoked } = judgeRedemption(found, standing, attempt)
  if (becomes !== 'unchanged') yield q.setRequestState({ id: attempt.id, state: becomes })
  if (revoked !== undefined) yield q.revokeGrant({ ref: revoked, now: attempt.now })
  return redemption
}

/** Whether a grant, its person and its client are in good standing. */
export function* standingOf(q: Queries, ref: GrantRef, now: NumericDate): Transition<'live' | 'revoked' | 'unknown'> {
  const grantRow = first(yield q.grant({ ref }))
  if (grantRow === undefined) return judgeStanding(undefined, undefined, undefined, now)
  const grant = grantOf(grantRow)
  const userRow = first(yield q.userBySubject({ subject: grant.subject }))
  const clientRow = first(yield q.client({ client_id: grant.clientId }))
  return judgeStanding(grant, userRow && userOf(userRow), clientRow && q.clientOf(clientRow), now)
}

/** Revokes a grant; the first revocation counts. */
export function* revoke(q: Queries, ref: GrantRef, now: NumericDate): Transition<'revoked' | 'unknown'> {
  return (yield q.revokeGrant({ ref, now })).length === 0 ? 'unknown' : 'revoked'
}

/** Starts a session and ends the one it replaces. */
export function* startSession(q: Queries, session: Session, replaces: RowId | undefined): Transition<void> {
  yield q.addSession({
    id: session.id,
    secret_hash: session.secretHash,
    subject: session.subject,
    auth_time: session.authTime,
    acr: session.acr,
    amr: JSON.stringify(session.amr),
    purge_at: session.expiresAt,
  })
  if (replaces !== undefined) yield q.endSession({ id: replaces })
}

/** Ends a session. */
export function* endSession(q: Queries, id: RowId): Transition<void> {
  yield q.endSession({ id })
}

/** Registers a person, unless the name or the subject is taken. */
export function* addUser(q: Queries, user: UserRecord): Transition<'added' | 'exists'> {
  const added = yield q.addUser({
    subject: user.subject,
    username: user.username,
    password_hash: user.passwordHash,
    status: user.status,
    not_before: user.notBefore,
    created_at: user.createdAt,
    claims: JSON.stringify(user.claims),
  })
  return added.length === 0 ? 'exists' : 'added'
}

/** Sets a password and ends what was signed in with the old one. */
export function* setPassword(
  q: Queries,
  username: Username,
  passwordHash: string,
  now: NumericDate,
): Transition<'set' | 'unknown'> {
  const row = first(yield q.userToChange({ username }))
  if (row === undefined) return 'unknown'
  const user = userOf(row)
  return yield* endSignIns(q, { ...user, passwordHash, notBefore: later(user.notBefore, now) })
}

/** Locks a person, which ends their sign-ins, or unlocks them. */
export function* setLocked(
  q: Queries,
  username: Username,
  status: 'locked' | 'active',
  now: NumericDate,
): Transition<'set' | 'unknown'> {
  const row = first(yield q.userToChange({ username }))
  if (row === undefined) return 'unknown'
  const user = userOf(row)
  if (status === 'locked') return yield* endSignIns(q, { ...user, status, notBefore: later(user.notBefore, now) })
  // What the lock ended stays ended: notBefore is not cleared.
  yield changed(q, { ...user, status })
  return 'set'
}

function* endSignIns(q: Queries, user: UserRecord): Transition<'set'> {
  yield changed(q, user)
  yield q.endSessionsOf({ subject: user.subject })
  return 'set'
}

function changed(q: Queries, { subject, passwordHash, status, notBefore }: UserRecord) {
  return q.changeUser({ subject, password_hash: passwordHash, status, not_before: notBefore })
}

/** Registers a client, unless the id is taken. */
export function* addClient(q: Queries, client: ClientRecord): Transition<'added' | 'exists'> {
  const record = JSON.stringify(clientJson(client))
  const added = yield q.addClient({ client_id: client.clientId, record })
  return added.length === 0 ? 'exists' : 'added'
}

/** Keeps a signing key. */
export function* addKey(q: Queries, key: StoredKey): Transition<void> {
  yield q.addKey({ kid: key.kid, alg: key.alg, sealed_private_key: key.sealedPrivateKey, created_at: key.createdAt })
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
  for (const table of [q.reapInteractions, q.reapRequests, q.reapGrants, q.reapSessions, q.reapAttempts]) {
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
