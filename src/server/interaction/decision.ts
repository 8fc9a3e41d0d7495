import type { Session } from '../../core/flow.ts'
import { after, grantRef } from '../../core/names.ts'
import { refuse } from '../../core/oauth-error.ts'
import { publicRefusal, type RuleSlug } from '../../core/rules.ts'
import { CancelForm, ConsentForm } from '../../core/wire/interaction.ts'
import { type Answer, backToClient } from '../answers.ts'
import { digestOf, handleText } from '../artefacts.ts'
import type { Call } from '../call.ts'
import { formEndpoint } from '../endpoint.ts'
import type { Server } from '../server.ts'
import { checkPostedHere, csrfToken } from './csrf.ts'
import { findPending, interactionPath, isSignedInFreshly, type Pending } from './pending.ts'

/** The consent form was posted: the person allows or denies exactly what was pushed. */
export const consent = formEndpoint('interaction', `${interactionPath}/consent`, ConsentForm, async (call, server) => {
  const pending = await findPending(call, server)
  const { interaction, request, session, browser } = pending
  checkPostedHere(call, csrfToken(browser, interaction.id, session, server), server)
  if (!isSignedInFreshly(session, request, interaction.signedIn, call.now)) return refuse('interaction_out_of_order')
  call.note({ subject: session.subject })
  if (call.form.decision === 'deny') return endWith('access_denied_by_user', pending, call, server)
  return approve(pending, session, call, server)
})

/** The person gave up before signing in. */
export const cancel = formEndpoint('interaction', `${interactionPath}/cancel`, CancelForm, async (call, server) => {
  const pending = await findPending(call, server)
  const { interaction, session, browser } = pending
  checkPostedHere(call, csrfToken(browser, interaction.id, session, server), server)
  return endWith('access_denied_by_user', pending, call, server)
})

/** Spends the request and sends the browser back with a code. FAPI 2.0 SP §5.3.2.2-9, -11. */
async function approve(
  { interaction, request }: Pending,
  session: Session,
  call: Call<unknown>,
  server: Server,
): Promise<Answer> {
  const { lifetimes, random, hash, store, issuer } = server
  const { redirectUri, state } = request.request
  const { authTime, acr, amr } = session
  const allowed = { subject: session.subject, scope: request.request.scope, resources: request.request.resources }
  const code = { id: request.id, secret: random(32) }
  const ref = grantRef(random(16))
  const codeExpiresAt = after(call.now, lifetimes.code)
  const outcome = await store.requests.approve(
    interaction.id,
    {
      codeHash: digestOf('code', code.secret, hash),
      codeExpiresAt,
      grantRef: ref,
      ...allowed,
      authTime,
      acr,
      amr,
    },
    {
      ref,
      clientId: request.clientId,
      ...allowed,
      createdAt: call.now,
      // The last token can be issued when the code ends.
      expiresAt: after(codeExpiresAt, lifetimes.accessToken),
      revokedAt: undefined,
    },
    call.now,
  )
  if (outcome === 'spent') return refuse('request_uri_spent')
  return backToClient(redirectUri, { code: handleText(code), state, iss: issuer })
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
