import type { AuthorizationDetail } from '../../core/authorization-details.ts'
import type { ClientRecord } from '../../core/client.ts'
import { type AuthorizationRequest, isOffline } from '../../core/flow.ts'
import type { Session } from '../../core/people.ts'
import { after, grantRef, type NumericDate } from '../../core/names.ts'
import { refuse } from '../../core/oauth-error.ts'
import { publicRefusal, type RuleSlug } from '../../core/rules.ts'
import { CancelForm, ConsentForm } from '../../core/wire/interaction.ts'
import { type Answer, backToClient } from '../answers.ts'
import { digestOf, handleText } from '../artefacts.ts'
import type { Call } from '../call.ts'
import { formEndpoint } from '../endpoint.ts'
import type { Server } from '../server.ts'
import { chosenDetails } from './details.ts'
import { checkPostedHere, csrfToken } from './csrf.ts'
import { forgetWhatALockEnded, judgeSession } from './demands.ts'
import { consentPage } from './pages.ts'
import { findPending, interactionPath, type Pending } from './pending.ts'

/** The consent form was posted: the person allows what was pushed, as far as they may choose less of it, or denies it. */
export const consent = formEndpoint('interaction', `${interactionPath}/consent`, ConsentForm, async (call, server) => {
  const pending = await findPending(call, server)
  const { interaction, session, browser } = pending
  checkPostedHere(call, csrfToken(browser, interaction.id, session, server), server)
  const judged = judgeSession(session, { ...pending, signedIn: interaction.signedIn }, call.now, server)
  if ('missing' in judged) return refuse('interaction_out_of_order')
  call.note({ subject: judged.session.subject })
  if (call.form.decision === 'deny') return endWith('access_denied_by_user', pending, call, server)
  const details = chosenDetails(pending.request.request, call.pairs, server)
  if (details === 'empty') {
    return consentPage(pending, judged.session, 'authorization_details_empty_choice', call, server)
  }
  return approve(pending, judged.session, { how: 'asked', details }, call, server)
})

/** The person gave up before signing in. */
export const cancel = formEndpoint('interaction', `${interactionPath}/cancel`, CancelForm, async (call, server) => {
  const pending = await findPending(call, server)
  const { interaction, session, browser } = pending
  checkPostedHere(call, csrfToken(browser, interaction.id, session, server), server)
  return endWith('access_denied_by_user', pending, call, server)
})

/** Whether the person was asked, and what they left of the details. */
export type Approved =
  | { readonly how: 'asked'; readonly details: readonly AuthorizationDetail[] }
  | { readonly how: 'allowed_before'; readonly details: readonly [] }

/**
 * Spends the request and sends the browser back with a code: the person was asked, or allowed as much before.
 * FAPI 2.0 SP §5.3.2.2-9, -11.
 */
export async function approve(
  { interaction, request, client }: Pick<Pending, 'interaction' | 'request' | 'client'>,
  session: Session,
  { how, details }: Approved,
  call: Call<unknown>,
  server: Server,
): Promise<Answer> {
  const { lifetimes, random, hash, store, issuer } = server
  const { redirectUri, state, scope, resources, claims } = request.request
  const { authTime, acr, amr, sid } = session
  const allowed = { subject: session.subject, scope, resources, details, authTime, acr, amr, sid }
  const code = { id: request.id, secret: random(32) }
  const ref = grantRef(random(16))
  const codeExpiresAt = after(call.now, lifetimes.code)
  if (how === 'asked') await forgetWhatALockEnded(session.subject, client, call.now, server)
  const outcome = await store.requests.approve(
    interaction.id,
    { codeHash: digestOf('code', code.secret, hash), codeExpiresAt, grantRef: ref, ...allowed },
    {
      ref,
      clientId: request.clientId,
      ...allowed,
      createdAt: call.now,
      lastUsedAt: undefined,
      expiresAt: grantEnd(codeExpiresAt, request.request, client, session, server),
      revokedAt: undefined,
      claims,
    },
    call.now,
    how,
  )
  if (outcome === 'spent') return refuse('request_uri_spent')
  // Taken back between the look and now.
  if (outcome === 'withdrawn') return endWith('consent_required', { interaction, request }, call, server)
  // Signing out ends the session first, then its grants: one that came in between either met this grant or shows here.
  if (!isOffline(request.request) && (await store.sessions.find(session.id)) === undefined) {
    await store.grants.revoke(ref, call.now)
  }
  call.note({ subject: session.subject, grantRef: ref, event: 'consent.given', reason: how })
  return backToClient(redirectUri, { code: handleText(code), state, iss: issuer })
}

/** When nothing issued under a grant can be valid any more, and nobody has to be told that its sign-in is over. */
function grantEnd(
  codeExpiresAt: NumericDate,
  request: AuthorizationRequest,
  client: ClientRecord,
  session: Session,
  { lifetimes }: Server,
): NumericDate {
  const mayRefresh = isOffline(request) && client.grantTypes.includes('refresh_token')
  // The last token can be issued when the code or the refresh token ends.
  const lastIssue = mayRefresh ? after(codeExpiresAt, lifetimes.refreshToken) : codeExpiresAt
  const lastUse = after(lastIssue, lifetimes.accessToken)
  const isToBeTold = client.backchannelLogoutUri !== undefined && session.expiresAt > lastUse
  return isToBeTold ? session.expiresAt : lastUse
}

/**
 * Spends the request and sends the browser back with an error: nothing can come of this request any more.
 * RFC 6749 §4.1.2.1.
 * @throws OAuthError request_uri_spent
 */
export async function endWith(
  rule: RuleSlug,
  { interaction, request }: Pick<Pending, 'interaction' | 'request'>,
  call: Call<unknown>,
  { store, issuer }: Server,
): Promise<Answer> {
  if ((await store.requests.refuse(interaction.id, call.now)) === 'spent') return refuse('request_uri_spent')
  const { error, sentence } = publicRefusal(rule)
  const { redirectUri, state } = request.request
  return { ...backToClient(redirectUri, { error, error_description: sentence, state, iss: issuer }), refused: rule }
}
