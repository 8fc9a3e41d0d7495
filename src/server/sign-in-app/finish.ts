import { equalInConstantTime } from '../../core/constant-time.ts'
import type { InteractionDecision } from '../../core/flow.ts'
import { after, before, type RowId } from '../../core/names.ts'
import { refuse } from '../../core/oauth-error.ts'
import { profile } from '../../core/profile.ts'
import { FinishQuery } from '../../core/wire/decision.ts'
import type { Answer } from '../answers.ts'
import { digestOf } from '../artefacts.ts'
import type { Call } from '../call.ts'
import { pageEndpoint } from '../endpoint.ts'
import { approve, endWith } from '../interaction/decision.ts'
import {
  browserOf,
  findInteraction,
  interactionPath,
  interactionUrl,
  type Pending,
  pendingIn,
} from '../interaction/pending.ts'
import type { Server } from '../server.ts'
import { startSession } from '../sign-in/begin-session.ts'
import { endSignIn } from '../sign-out.ts'

type FinishCall = Call<{ readonly handle: string | undefined }>
type Allowed = Extract<InteractionDecision['verdict'], { readonly kind: 'allow' }>

/**
 * The browser comes back from the sign-in application. It must be the one that the interaction was opened in, and the one
 * that passed the application: neither whoever lured somebody there nor whoever was lured finishes anything.
 * RFC 6749 §10.12; RFC 9700 §4.7.
 */
export const finishInteraction = pageEndpoint(
  'interaction',
  `${interactionPath}/finish`,
  FinishQuery,
  async (call, server) => {
    const pending = await findOwn(call, server)
    const decision = await theDecision(pending, call, server)
    await spend(decision, pending, server)
    const { verdict } = decision
    if (verdict.kind === 'deny') return endWith('access_denied_by_user', pending, call, server)
    return signInAndApprove(verdict, pending, call, server)
  },
)

/** Where the browser finishes an interaction. */
export function finishUrl(id: RowId, secret: string, server: Server): string {
  return `${interactionUrl(id, server, 'finish')}?${new URLSearchParams({ handle: secret }).toString()}`
}

/**
 * The interaction of the path, if this browser opened it. The right handle in another browser says that a person passed
 * the application for a request that is not theirs: nothing comes of that request any more.
 * @throws OAuthError interaction_foreign; of `findInteraction` and `pendingIn`
 */
async function findOwn(call: FinishCall, server: Server): Promise<Pending> {
  const found = await findInteraction(call, server)
  const browser = browserOf(found, call, server)
  if (browser !== undefined) return pendingIn(found, browser, call, server)
  const { id, decision } = found.interaction
  if (decision !== undefined && isHandleOf(decision, call, server)) await server.store.requests.refuse(id, call.now)
  return refuse('interaction_foreign')
}

function isHandleOf({ handleHash }: InteractionDecision, { form }: FinishCall, { hash }: Server): boolean {
  return form.handle !== undefined && equalInConstantTime(handleHash, digestOf('decision', form.handle, hash))
}

/**
 * What was decided, if this browser holds the handle. What an application decided counts as long as there is one, and as
 * long as it was not suspended since.
 * @throws OAuthError decision_missing, decision_handle_invalid, decision_over
 */
async function theDecision({ interaction }: Pending, call: FinishCall, server: Server): Promise<InteractionDecision> {
  const { decision } = interaction
  const { signInApp, store } = server
  if (decision === undefined || signInApp === undefined) return refuse('decision_missing')
  if (!isHandleOf(decision, call, server)) return refuse('decision_handle_invalid')
  const application = await store.clients.find(signInApp.clientId)
  const decidedAt = before(decision.expiresAt, profile.decisionLifetime)
  // Seconds are coarse: what was decided in the very second of a suspension does not survive it.
  const isInStanding = application?.status === 'active' && decidedAt > application.notBefore
  return isInStanding && call.now < decision.expiresAt ? decision : refuse('decision_over')
}

/**
 * A handle works once, whatever comes of it: what it signed in and was signed out again stays so.
 * @throws OAuthError decision_over
 */
async function spend(
  { handleHash, expiresAt }: InteractionDecision,
  { interaction }: Pending,
  { store }: Server,
): Promise<void> {
  const once = {
    purpose: 'decision_handle',
    owner: interaction.id,
    name: handleHash,
    expiresAt: after(expiresAt, profile.replayMargin),
  } as const
  if ('seen' in (await store.replay.spendOnce([once]))) refuse('decision_over')
}

/**
 * Signs the person in and approves, as our own page would. A lock that came in between counts.
 * @throws OAuthError user_locked, request_uri_spent
 */
async function signInAndApprove(
  { subject, authentication, details }: Allowed,
  pending: Pending,
  call: FinishCall,
  server: Server,
): Promise<Answer> {
  const { sessions, users } = server.store
  const user = await users.bySubject(subject)
  if (user?.status !== 'active' || authentication.authTime <= user.notBefore) return refuse('user_locked')
  call.note({ subject })
  const { session: current } = pending
  // Whoever else is signed in here stays so until the request is completed.
  const isAnother = current !== undefined && current.subject !== subject
  const replaced = { session: isAnother ? undefined : current }
  const { session, cookie } = await startSession({ subject, authentication }, replaced, call, server)
  try {
    const answer = await approve(pending, session, { how: 'asked', details }, call, server)
    if (isAnother) call.note({ evidence: await endSignIn(current, call, server) })
    return { ...answer, cookies: [...answer.cookies, cookie] }
  } catch (error) {
    // The request was completed in another way meanwhile: nobody ever learns the secret of this session.
    await sessions.end(session.id)
    throw error
  }
}
