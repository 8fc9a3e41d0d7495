/**
 * What may happen to requests: each function is one atomic transaction, written once for both dialects. So are those of
 * the files beside it. What is decided is decided by core/flow.ts.
 */

import {
  type Approval,
  type Grant,
  type InteractionDecision,
  type InteractionRow,
  judgeOpening,
  judgeRedemption,
  type Opening,
  type OpeningAttempt,
  type PushedRequest,
  type Redemption,
  type RedemptionAttempt,
} from '../../core/flow.ts'
import type { NumericDate, RowId } from '../../core/names.ts'
import { approvedUntil, interactionsPerRequest, pushedUntil } from '../retention.ts'
import type { Transition } from './plan.ts'
import type { Queries } from './queries.ts'
import { first, requestOf, stateOf } from './rows.ts'
import { widened } from '../changes.ts'
import { consentOfPerson, setConsent, standingOf, storeRefreshToken } from './transitions-grants.ts'

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
    decision: interaction.decision === undefined ? null : JSON.stringify(interaction.decision),
    purge_at: interaction.expiresAt,
  })
  return opening
}

/** Remembers that an interaction signed somebody in; nothing when it is unknown. */
export function* signedIn(q: Queries, id: RowId, session: { sessionId: RowId; at: NumericDate }): Transition<void> {
  yield q.signedIn({ id, session_id: session.sessionId, signed_in_at: session.at })
}

/** Keeps a decision that came from outside, as long as the request is there to be decided on. */
export function* decide(
  q: Queries,
  interaction: RowId,
  decision: InteractionDecision,
): Transition<'decided' | 'decided_before' | 'unknown'> {
  const row = first(yield q.requestOfInteraction({ interaction }))
  if (row === undefined || stateOf(row).kind !== 'pushed') return 'unknown'
  const decided = yield q.decide({ id: interaction, decision: JSON.stringify(decision) })
  return decided.length === 0 ? 'decided_before' : 'decided'
}

/** What was decided, and on which basis. */
type Decided = {
  readonly interaction: RowId
  readonly approval: Approval
  readonly grant: Grant
  readonly now: NumericDate
  readonly basis: 'asked' | 'allowed_before'
}

/** Spends the request, creates the grant and remembers what was allowed, when nobody decided before. */
export function* approve(
  q: Queries,
  { interaction, approval, grant, now, basis }: Decided,
): Transition<'approved' | 'spent' | 'withdrawn'> {
  const row = first(yield q.requestOfInteraction({ interaction }))
  if (row === undefined || stateOf(row).kind !== 'pushed') return 'spent'
  const { id, clientId } = requestOf(row)
  const consent = yield* consentOfPerson(q, approval.subject, clientId)
  if (basis === 'allowed_before' && consent === undefined) return 'withdrawn'
  yield q.addGrant({
    ref: grant.ref,
    client_id: grant.clientId,
    subject: grant.subject,
    scope: JSON.stringify(grant.scope),
    resources: JSON.stringify(grant.resources),
    created_at: grant.createdAt,
    revoked_at: grant.revokedAt ?? null,
    auth_time: grant.authTime,
    acr: grant.acr,
    amr: JSON.stringify(grant.amr),
    sid: grant.sid,
    claims: JSON.stringify(grant.claims),
    details: JSON.stringify(grant.details),
    last_used_at: grant.lastUsedAt ?? null,
    purge_at: grant.expiresAt,
  })
  if (basis === 'asked') yield* setConsent(q, widened(consent, { ...approval, clientId }, now))
  yield q.approveRequest({
    id,
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
  if (redemption.outcome === 'redeemed') {
    yield q.noteIssue({ ref: redemption.approval.grantRef, now: attempt.now })
    if (redemption.refreshToken === 'stored') yield* storeRefreshToken(q, attempt, redemption.approval)
  }
  if (revoked !== undefined) yield q.revokeGrant({ ref: revoked, now: attempt.now })
  return redemption
}
