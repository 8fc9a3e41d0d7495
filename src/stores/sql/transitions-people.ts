/** What may happen to sign-ins, people and clients. */

import type { ClientRecord } from '../../core/client.ts'
import type { Session, UserRecord } from '../../core/flow.ts'
import type { ClientId, NumericDate, RowId, Username } from '../../core/names.ts'
import { withStatus } from '../changes.ts'
import { clientJson } from '../client-record.ts'
import { later } from '../retention.ts'
import type { Transition } from './plan.ts'
import { type Queries, readOne } from './queries.ts'
import { first, userOf } from './rows.ts'

/** Starts a session and ends the one it replaces. */
export function* startSession(q: Queries, session: Session, replaces: RowId | undefined): Transition<void> {
  yield q.addSession({
    id: session.id,
    sid: session.sid,
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

/** Ends every session that clients know by this `sid`. */
export function* endBySid(q: Queries, sid: RowId): Transition<'ended' | 'unknown'> {
  return (yield q.endSessionsBySid({ sid })).length === 0 ? 'unknown' : 'ended'
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

/** Suspends a client, which ends what was issued to it, or activates it. */
export function* setStatus(
  q: Queries,
  id: ClientId,
  status: ClientRecord['status'],
  now: NumericDate,
): Transition<'set' | 'unknown'> {
  const client = yield* readOne(q.clientToChange({ client_id: id }), q.clientOf)
  if (client === undefined) return 'unknown'
  yield q.changeClient({ client_id: id, record: JSON.stringify(clientJson(withStatus(client, status, now))) })
  return 'set'
}

/** Removes a client with what people allowed it. Whoever is registered under its name next inherits nothing. */
export function* removeClient(q: Queries, id: ClientId, now: NumericDate): Transition<'removed' | 'unknown'> {
  if ((yield q.removeClient({ client_id: id })).length === 0) return 'unknown'
  yield q.revokeGrantsOfClient({ client_id: id, now })
  yield q.forgetConsentsTo({ client_id: id })
  return 'removed'
}
