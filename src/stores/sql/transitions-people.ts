/** What may happen to sign-ins, people, their passkeys and clients. */

import type { ClientRecord } from '../../core/client.ts'
import { judgePasskeyUse, type Passkey, type Session, type UserRecord } from '../../core/people.ts'
import type { ClientId, NumericDate, RowId, Subject, Username } from '../../core/names.ts'
import type { PasskeyStore } from '../../core/ports.ts'
import { withStatus } from '../changes.ts'
import { clientJson } from '../client-record.ts'
import { numberAt, readRecord } from '../json.ts'
import { later } from '../retention.ts'
import type { Transition } from './plan.ts'
import { type Queries, readAll, readOne } from './queries.ts'
import { first, passkeyOf, userOf } from './rows.ts'

/** Starts a session and ends the one it replaces, unless the passkey it was begun with is gone. */
export function* startSession(
  q: Queries,
  session: Session,
  replaces: RowId | undefined,
  credentialId: string | undefined,
): Transition<'started' | 'passkey_gone'> {
  if (credentialId !== undefined && first(yield q.passkeyToJudge({ credential_id: credentialId })) === undefined) {
    return 'passkey_gone'
  }
  yield q.addSession({
    id: session.id,
    sid: session.sid,
    secret_hash: session.secretHash,
    subject: session.subject,
    auth_time: session.authTime,
    acr: session.acr,
    amr: JSON.stringify(session.amr),
    device: session.device,
    purge_at: session.expiresAt,
  })
  if (replaces !== undefined) yield q.endSession({ id: replaces })
  return 'started'
}

/** Ends a session. */
export function* endSession(q: Queries, id: RowId): Transition<void> {
  yield q.endSession({ id })
}

/** Ends every session that clients know by this `sid`. */
export function* endBySid(q: Queries, sid: RowId): Transition<'ended' | 'unknown'> {
  return (yield q.endSessionsBySid({ sid })).length === 0 ? 'unknown' : 'ended'
}

/** Registers a person, unless the name, the subject or the identity at another provider is taken. */
export function* addUser(q: Queries, user: UserRecord): Transition<'added' | 'exists'> {
  const added = yield q.addUser({
    subject: user.subject,
    username: user.username,
    password_hash: user.passwordHash ?? '',
    status: user.status,
    not_before: user.notBefore,
    created_at: user.createdAt,
    claims: JSON.stringify(user.claims),
    upstream_provider: user.upstream?.provider ?? null,
    upstream_subject: user.upstream?.subject ?? null,
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
  return q.changeUser({ subject, password_hash: passwordHash ?? '', status, not_before: notBefore })
}

/** Puts what is said of a person now in the place of what was said before. */
export function* setClaims(q: Queries, subject: Subject, claims: UserRecord['claims']): Transition<'set' | 'unknown'> {
  return (yield q.setClaims({ subject, claims: JSON.stringify(claims) })).length === 0 ? 'unknown' : 'set'
}

/**
 * Keeps a passkey, unless its id is taken, the person has as many as they may, or the session it comes from has ended.
 *
 * Where several transactions run side by side (PostgreSQL), the count needs a lock on the person before it.
 */
export function* addPasskey(
  q: Queries,
  passkey: Passkey,
  most: number,
  session: RowId | undefined,
): Transition<'added' | 'exists' | 'too_many' | 'signed_out'> {
  const { subject, credentialId } = passkey
  if (session !== undefined && first(yield q.session({ id: session })) === undefined) return 'signed_out'
  if (first(yield q.passkey({ credential_id: credentialId })) !== undefined) return 'exists'
  const row = first(yield q.countPasskeysOf({ subject }))
  if (readRecord('number of passkeys', () => numberAt(row ?? {}, 'count')) >= most) return 'too_many'
  const added = yield q.addPasskey({
    credential_id: credentialId,
    subject,
    public_key: passkey.publicKey,
    sign_count: passkey.signCount,
    transports: JSON.stringify(passkey.transports),
    backup: passkey.backup,
    name: passkey.name,
    created_at: passkey.createdAt,
    last_used_at: passkey.lastUsedAt ?? null,
  })
  return added.length === 0 ? 'exists' : 'added'
}

/** Notes a verified use of a passkey, as core/people.ts judges it. */
export function* usePasskey(
  q: Queries,
  credentialId: string,
  { signCount, backup, now }: Parameters<PasskeyStore['use']>[1],
): Transition<'used' | 'cloned' | 'unknown'> {
  const verdict = judgePasskeyUse(yield* readOne(q.passkeyToJudge({ credential_id: credentialId }), passkeyOf), {
    signCount,
  })
  if (verdict === 'used') {
    yield q.notePasskeyUse({ credential_id: credentialId, sign_count: signCount, backup, now })
  }
  return verdict
}

/** Renames a passkey of a person. */
export function* renamePasskey(
  q: Queries,
  subject: Subject,
  credentialId: string,
  name: string,
): Transition<'renamed' | 'unknown'> {
  const renamed = yield q.renamePasskey({ subject, credential_id: credentialId, name })
  return renamed.length === 0 ? 'unknown' : 'renamed'
}

/** Removes a passkey of a person. */
export function* removePasskey(q: Queries, subject: Subject, credentialId: string): Transition<'removed' | 'unknown'> {
  return (yield q.removePasskey({ subject, credential_id: credentialId })).length === 0 ? 'unknown' : 'removed'
}

/** Removes one passkey of a person, or all of them, and ends their sign-ins; nothing when there is none to remove. */
export function* withdrawPasskeys(
  q: Queries,
  username: Username,
  which: Parameters<PasskeyStore['withdraw']>[1],
  now: NumericDate,
): Transition<number> {
  const row = first(yield q.userToChange({ username }))
  if (row === undefined) return 0
  const user = userOf(row)
  const known = yield* readAll(q.passkeysOf({ subject: user.subject }), passkeyOf)
  const meant = known.filter(({ credentialId }) => which === 'all' || credentialId === which.credentialId)
  if (meant.length === 0) return 0
  for (const { credentialId } of meant) yield q.removePasskey({ subject: user.subject, credential_id: credentialId })
  yield* endSignIns(q, { ...user, notBefore: later(user.notBefore, now) })
  return meant.length
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
