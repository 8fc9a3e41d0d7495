import type { InteractionDecision } from '../../core/flow.ts'
import { after, numericDate, type NumericDate, type Subject } from '../../core/names.ts'
import { refuse } from '../../core/oauth-error.ts'
import type { Authentication, UserRecord } from '../../core/people.ts'
import { profile } from '../../core/profile.ts'
import { type Allowance, DecisionMessage, parseAllowance } from '../../core/wire/decision.ts'
import { ok } from '../answers.ts'
import { digestOf } from '../artefacts.ts'
import type { Call } from '../call.ts'
import { backChannelEndpoint } from '../endpoint.ts'
import { isWhoIsMeant } from '../interaction/demands.ts'
import type { Server } from '../server.ts'
import { recognise } from '../sign-in/upstream-person.ts'
import { findUndecided, oldestSignIn, signInAppProvider, type Undecided } from './caller.ts'
import { decidedDetails } from './details.ts'
import { finishUrl } from './finish.ts'

type Verdict = InteractionDecision['verdict']

/**
 * The sign-in application says who the person is, how they signed in and what they decided. The answer is where to send
 * the browser: the handle in it is new, and together with the cookie of that browser it finishes the interaction.
 */
export const decideInteraction = backChannelEndpoint(
  'decision',
  '/interactions/decide',
  DecisionMessage,
  async (call, server) => {
    const undecided = await findUndecided(call, server)
    const { interaction } = undecided
    const verdict = await verdictOf(undecided, call, server)

    // The first decision stands.
    const secret = server.random(32)
    const latest = after(call.now, profile.decisionLifetime)
    const expiresAt = latest < interaction.expiresAt ? latest : interaction.expiresAt
    const handleHash = digestOf('decision', secret, server.hash)
    const outcome = await server.store.requests.decide(interaction.id, { handleHash, expiresAt, verdict })
    if (outcome === 'decided_before') return refuse('decision_made_before')
    if (outcome === 'unknown') return refuse('request_uri_spent')
    return ok({ continue: finishUrl(interaction.id, secret, server), expires_in: expiresAt - call.now })
  },
)

type DecisionCall = Call<{ readonly decision: string | undefined; readonly allowance: object }>

async function verdictOf(undecided: Undecided, call: DecisionCall, server: Server): Promise<Verdict> {
  const { decision, allowance } = call.form
  if (decision === 'deny') return { kind: 'deny' }
  if (decision !== 'allow') return refuse('decision_malformed', { expected: { parameter: 'decision' } })
  const said = parseAllowance(allowance)
  const authentication = judgeAuthentication(said, undecided, call.now)
  const known = await server.store.users.byUpstream({ provider: signInAppProvider, subject: said.subject })
  judgePerson(known, authentication, undecided, server)
  const details = decidedDetails(said.details, undecided, server)
  // Nobody is added or changed before everything else is found right.
  const person = { ...authentication, subject: said.subject, username: said.username, claims: said.claims }
  const { subject } = await recognise(signInAppProvider, person, call.now, server)
  call.note({ subject, event: 'user.login.succeeded', reason: 'sign_in_app' })
  return { kind: 'allow', subject, authentication, details }
}

/**
 * Whether the sign-in is as the request demands: as fresh, and in the way it insists on. The clock of the application may
 * be ahead a little, and no session begins in the future. OIDC Core §3.1.2.1, §5.5.1.1.
 * @throws OAuthError decision_malformed, decision_too_old, acr_unmet
 */
function judgeAuthentication(
  { authTime: said, acr, amr }: Allowance,
  undecided: Undecided,
  now: NumericDate,
): Authentication {
  if (said > now + profile.clockSkewAhead) refuse('decision_malformed', { expected: { parameter: 'auth_time' } })
  const authTime = numericDate(Math.min(said, now))
  const oldest = oldestSignIn(undecided, now)
  if (authTime < oldest) refuse('decision_too_old', { expected: { auth_time: String(oldest) } })
  const { essentialAcr } = undecided.request.request.claims
  if (essentialAcr !== undefined && !essentialAcr.includes(acr)) {
    refuse('acr_unmet', { expected: { acr: essentialAcr.join(' ') } })
  }
  return { authTime, acr, amr }
}

/**
 * Whether the person is the one the request names, and signed in after whatever ended their sign-ins. Who is not known
 * here yet is nobody that a request could name.
 * @throws OAuthError signed_in_as_another, decision_too_old
 */
function judgePerson(
  known: UserRecord | undefined,
  { authTime }: Authentication,
  { request, client }: Undecided,
  server: Server,
): void {
  const isMeant = (person: Subject) => isWhoIsMeant(person, { request, client }, server)
  if (request.request.hintedSubject !== undefined && (known === undefined || !isMeant(known.subject))) {
    refuse('signed_in_as_another')
  }
  // Seconds are coarse: a sign-in in the very second of a lock does not survive it.
  if (known !== undefined && known.status === 'active' && authTime <= known.notBefore) refuse('decision_too_old')
}
