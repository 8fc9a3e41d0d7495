/** What a request demands of the person in this browser before anything is allowed. */

import { byPassword } from '../../core/authentication-context.ts'
import type { ClientRecord } from '../../core/client.ts'
import type { AuthorizationRequest, Consent, InteractionRow, PushedRequest } from '../../core/flow.ts'
import type { Session, UserRecord } from '../../core/people.ts'
import type { NumericDate, Subject } from '../../core/names.ts'
import { scopesOfClaims } from '../claims.ts'
import type { Server } from '../server.ts'
import { reachableAcrs } from '../sign-in/contexts.ts'
import { subjectFor } from '../subject.ts'

/** A request with the client that pushed it. */
export type Demanding = { readonly request: PushedRequest; readonly client: ClientRecord }

/** What comes of holding a session against a request: it serves, or somebody has to sign in first. */
export type SessionJudgement =
  | { readonly session: Session }
  /** `another_person`: somebody is signed in, but not the one the request names. */
  | { readonly missing: 'sign_in' | 'another_person' }

/**
 * Whether the person is signed in as the request demands: as the one it names, as freshly, and in the way it insists
 * on. `prompt=login` and `select_account` want a sign-in in this very interaction, `max_age` one that is recent enough,
 * and `acr_values` one try to reach a context it would rather have. OIDC Core §3.1.2.1, §5.5.1.
 */
export function judgeSession(
  session: Session | undefined,
  { request, client, signedIn }: Demanding & { readonly signedIn: InteractionRow['signedIn'] },
  now: NumericDate,
  server: Server,
): SessionJudgement {
  if (session === undefined) return { missing: 'sign_in' }
  if (!isWhoIsMeant(session.subject, { request, client }, server)) return { missing: 'another_person' }
  const { essentialAcr } = request.request.claims
  if (essentialAcr !== undefined && !essentialAcr.includes(session.acr)) return { missing: 'sign_in' }
  const isOfNow = signedIn?.sessionId === session.id
  const serves = isFreshEnough(session, request.request, now) && !isStepUpWanted(session, request.request, server)
  return isOfNow || serves ? { session } : { missing: 'sign_in' }
}

/**
 * Whether the request would rather have a context that a sign-in here may reach. It is voluntary: whoever signs in once
 * more goes on with what that reached, and nobody is asked for it under prompt=none. A password is no step up from
 * anything. OIDC Core §3.1.2.1, §5.5.1.1.
 */
function isStepUpWanted({ acr }: Session, { acrValues, prompt }: AuthorizationRequest, server: Server): boolean {
  if (prompt.includes('none') || acrValues.includes(acr)) return false
  const reachable = reachableAcrs(server)
  // The operator's own application may reach any.
  const isReachable = (wanted: string) => server.signInApp !== undefined || reachable.includes(wanted)
  return acrValues.some((wanted) => wanted !== byPassword.acr && isReachable(wanted))
}

function isFreshEnough({ authTime }: Session, { prompt, maxAge }: AuthorizationRequest, now: NumericDate): boolean {
  // max_age=0 asks for the same as prompt=login.
  if (prompt.includes('login') || prompt.includes('select_account') || maxAge === 0) return false
  return maxAge === undefined || now - authTime <= maxAge
}

/** Whether the person is the one the request names, if it names one. */
export function isWhoIsMeant(person: Subject, { request, client }: Demanding, server: Server): boolean {
  const { hintedSubject } = request.request
  return hintedSubject === undefined || subjectFor(client, person, server) === hintedSubject
}

/** Whether any sign-in here could reach a context the request insists on. OIDC Core §5.5.1.1. */
export function isAcrReachable({ claims: { essentialAcr } }: AuthorizationRequest, server: Server): boolean {
  // What the operator's own application reaches shows when it decides.
  if (server.signInApp !== undefined) return true
  return essentialAcr === undefined || reachableAcrs(server).some((reachable) => essentialAcr.includes(reachable))
}

/** Every scope a person is asked for: those of the request, and those that give the claims it names. */
export function askedScopes({ scope, claims }: Pick<AuthorizationRequest, 'scope' | 'claims'>): readonly string[] {
  return [...new Set([...scope, ...scopesOfClaims(claims)])]
}

/**
 * Whether the person allowed this client as much before, and the request does not insist on asking again. What was
 * allowed before person or client was locked no longer counts. OIDC Core §3.1.2.4.
 */
export async function isAllowedBefore(
  { request: { request }, client }: Demanding,
  { subject }: Session,
  server: Server,
): Promise<boolean> {
  // What exactly is to be allowed is asked every time: no earlier answer was about this payment. RFC 9396 §7.
  if (request.prompt.includes('consent') || request.details.length > 0) return false
  const { consent, counts } = await consentSoFar(subject, client, server)
  return (
    consent !== undefined &&
    counts &&
    askedScopes(request).every((value) => consent.scope.includes(value)) &&
    request.resources.every((value) => consent.resources.includes(value))
  )
}

/** What the person allowed the client before, for the page to show what is more than that. */
export async function whatWasAllowedBefore(
  client: ClientRecord,
  { subject }: Pick<Session, 'subject'>,
  server: Server,
): Promise<{ readonly givenAt: NumericDate; readonly scope: readonly string[] } | undefined> {
  const { consent, counts } = await consentSoFar(subject, client, server)
  return consent !== undefined && counts ? { givenAt: consent.givenAt, scope: consent.scope } : undefined
}

/**
 * Forgets what the person allowed the client before one of them was locked: what they allow now must not revive it. Every
 * grant of that time has ended with the lock.
 */
export async function forgetWhatALockEnded(
  subject: Subject,
  client: ClientRecord,
  now: NumericDate,
  server: Server,
): Promise<void> {
  const { consent, counts } = await consentSoFar(subject, client, server)
  if (consent !== undefined && !counts) await server.store.grants.withdraw(subject, client.clientId, now)
}

/** What the person allowed the client so far, and whether no lock of either came after it. */
async function consentSoFar(
  subject: Subject,
  client: ClientRecord,
  { store }: Server,
): Promise<{ readonly consent: Consent | undefined; readonly counts: boolean }> {
  const consent = await store.grants.consent(subject, client.clientId)
  const user = await store.users.bySubject(subject)
  if (consent === undefined || user === undefined) return { consent, counts: false }
  return { consent, counts: counts(consent, user, client) }
}

/** Whether no lock of either came after what the person allowed the client. */
export function counts(
  { givenAt }: Consent,
  user: Pick<UserRecord, 'notBefore'>,
  client: Pick<ClientRecord, 'notBefore'>,
): boolean {
  // Seconds are coarse: what was allowed in the very second of a lock does not survive it.
  return givenAt > user.notBefore && givenAt > client.notBefore
}
