/** What may happen to grants and consents, and to the tokens issued on them. */

import { equalInConstantTime } from '../../core/constant-time.ts'
import {
  type Approval,
  type Consent,
  type Grant,
  isOffline,
  judgeRefresh,
  judgeStanding,
  type RedemptionAttempt,
  type Refresh,
  type RefreshAttempt,
  type RefreshToken,
} from '../../core/flow.ts'
import type { ClientId, GrantRef, NumericDate, RowId, Sha256, Subject } from '../../core/names.ts'
import type { GrantFilter, TokenStore } from '../../core/ports.ts'
import { clientStanding, issuedUnder, tokenOf, used } from '../changes.ts'
import type { Row, Transition } from './plan.ts'
import { type Queries, readAll, readOne } from './queries.ts'
import { consentOf, datesOf, first, grantOf, partiesOf, refreshTokenOf } from './rows.ts'

type Standing = 'live' | 'revoked' | 'unknown'

/** Whether a grant, its person and its client are in good standing. */
export function* standingOf(q: Queries, ref: GrantRef, now: NumericDate): Transition<Standing> {
  return judgeRow(q, first(yield q.grantToJudge({ ref })), now)
}

/** The standing of a grant, of its row beside what is known of its person and its client. */
function judgeRow(q: Queries, row: Row | undefined, now: NumericDate): Standing {
  if (row === undefined) return judgeStanding(undefined, undefined, undefined, now)
  const { user, client } = partiesOf(row, q.clientOf)
  return judgeStanding(datesOf(row), user, client, now)
}

/** Revokes a grant; the first revocation counts. */
export function* revoke(q: Queries, ref: GrantRef, now: NumericDate): Transition<'revoked' | 'unknown'> {
  return (yield q.revokeGrant({ ref, now })).length === 0 ? 'unknown' : 'revoked'
}

/** The grants of a page, the newest first; none behind one that is gone. */
export function* listGrants(
  q: Queries,
  { clientId, subject, sid }: GrantFilter,
  limit: number,
  after: GrantRef | undefined,
): Transition<readonly Grant[]> {
  const last = after === undefined ? newerThanAll : yield* readOne(q.grant({ ref: after }), grantOf)
  if (last === undefined) return []
  const statement =
    sid !== undefined
      ? q.grantsOfSidAfter
      : subject !== undefined
        ? q.grantsOfSubjectAfter
        : clientId !== undefined
          ? q.grantsOfClientAfter
          : q.grantsAfter
  const page = { client_id: clientId ?? null, subject: subject ?? null, sid: sid ?? null, limit }
  return yield* readAll(statement({ ...page, created_at: last.createdAt, ref: last.ref }), grantOf)
}

const newerThanAll = { createdAt: Number.MAX_SAFE_INTEGER, ref: '' }

/** What a person allowed this client before, held until the end of the transaction. */
export function consentOfPerson(q: Queries, subject: Subject, clientId: ClientId): Transition<Consent | undefined> {
  return readOne(q.consentToChange({ subject, client_id: clientId }), consentOf)
}

/** Puts what a person allows a client in the place of what they allowed before. */
export function* setConsent(q: Queries, { subject, clientId, scope, resources, givenAt }: Consent): Transition<void> {
  yield q.setConsent({
    subject,
    client_id: clientId,
    scope: JSON.stringify(scope),
    resources: JSON.stringify(resources),
    given_at: givenAt,
  })
}

/** Forgets what a person allowed a client, and revokes every grant of it. */
export function* withdraw(
  q: Queries,
  subject: Subject,
  clientId: ClientId,
  now: NumericDate,
): Transition<'withdrawn' | 'unknown'> {
  const key = { subject, client_id: clientId }
  const forgotten = yield q.forgetConsent(key)
  const revoked = yield q.revokeGrantsBetween({ ...key, now })
  return forgotten.length + revoked.length > 0 ? 'withdrawn' : 'unknown'
}

/** Forgets what a person allowed anybody, and revokes every grant of it; returns them, the newest first. */
export function* withdrawAll(q: Queries, subject: Subject, now: NumericDate): Transition<readonly Grant[]> {
  yield q.forgetConsentsOf({ subject })
  const grants = yield* readAll(q.grantsOfSubject({ subject }), grantOf)
  yield q.revokeGrantsOfSubject({ subject, now })
  return grants.map((grant) => ({ ...grant, revokedAt: now }))
}

/** Revokes every grant of a sign-in that does not outlive it; returns them, the newest first. */
export function* endOnline(q: Queries, sid: RowId, now: NumericDate): Transition<readonly Grant[]> {
  const grants = yield* readAll(q.grantsOfSid({ sid }), grantOf)
  const online = grants.filter((grant) => !isOffline(grant))
  for (const { ref } of online) yield q.revokeGrant({ ref, now })
  return online.map((grant) => ({ ...grant, revokedAt: now }))
}

/** Stores the refresh token that a redemption earned. */
export function* storeRefreshToken(
  q: Queries,
  { refreshToken, clientId }: RedemptionAttempt,
  { grantRef }: Approval,
): Transition<void> {
  if (refreshToken === undefined) return
  const token = tokenOf(refreshToken, grantRef, clientId)
  yield q.addRefreshToken({
    id: token.id,
    secret_hash: token.secretHash,
    grant_ref: token.grantRef,
    client_id: token.clientId,
    created_at: token.createdAt,
    expires_at: token.expiresAt,
    purge_at: token.idleExpiresAt,
  })
}

/** Judges a refresh token and notes its use and that of its grant, where that is worth a write. */
export function* present(q: Queries, attempt: RefreshAttempt): Transition<Refresh> {
  const token = yield* readOne(q.refreshTokenToJudge({ id: attempt.id }), refreshTokenOf)
  const row = token && first(yield q.grantToJudge({ ref: token.grantRef }))
  const judged = judgeRefresh(token, row && grantOf(row), judgeRow(q, row, attempt.now), attempt)
  if (judged.outcome !== 'live') return judged
  const after = used(judged.token, attempt)
  if (after !== undefined) yield q.noteUse({ id: after.id, purge_at: after.idleExpiresAt })
  const grant = issuedUnder(judged.grant, attempt.now)
  if (grant !== undefined) yield q.noteIssue({ ref: grant.ref, now: attempt.now })
  return { ...judged, token: after ?? judged.token, grant: grant ?? judged.grant }
}

/** The refresh token, for whoever holds its secret. */
export function* findRefreshToken(q: Queries, id: RowId, secretHash: Sha256): Transition<RefreshToken | undefined> {
  const token = yield* readOne(q.refreshToken({ id }), refreshTokenOf)
  return token && equalInConstantTime(token.secretHash, secretHash) ? token : undefined
}

/** Remembers an access token that was revoked by itself. */
export function* revokeToken(q: Queries, jti: Sha256, expiresAt: NumericDate): Transition<void> {
  yield q.revokeToken({ jti, purge_at: expiresAt })
}

/** Whether an access token counts: one look, since every use of a token asks it. */
export function* tokenStanding(
  q: Queries,
  { jti, grantRef, clientId, issuedAt }: Parameters<TokenStore['standing']>[0],
  now: NumericDate,
): Transition<'live' | 'revoked'> {
  const row = first(
    yield grantRef === undefined
      ? q.clientOfToken({ client_id: clientId, jti })
      : q.grantOfToken({ ref: grantRef, jti }),
  )
  // A token that was revoked finds its own digest beside what it was issued on.
  if (row === undefined || row['jti'] !== null) return 'revoked'
  if (grantRef === undefined) return clientStanding(q.clientOf(row), issuedAt)
  return judgeRow(q, row, now) === 'live' ? 'live' : 'revoked'
}
