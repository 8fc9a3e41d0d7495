/** The operator's own sign-in application, and what it may ask about. */

import type { ClientRecord } from '../../core/client.ts'
import type { InteractionRow, PushedRequest } from '../../core/flow.ts'
import { before, type NumericDate, rowId, seconds } from '../../core/names.ts'
import { orRefuse, refuse } from '../../core/oauth-error.ts'
import { authenticateClient } from '../authenticate-client.ts'
import type { Call } from '../call.ts'
import { clientStillAllowed } from '../interaction/pending.ts'
import { spendOnce } from '../proof-of-possession.ts'
import type { Server } from '../server.ts'

/** The name of its people beside those of other providers, where no provider may have it. */
export const signInAppProvider = 'app'

/** An interaction that waits for a decision, with the request it is about and the client that waits for the answer. */
export type Undecided = {
  readonly interaction: InteractionRow
  readonly request: PushedRequest
  readonly client: ClientRecord
}

/**
 * The interaction that the application names, if it is the one that may decide here, and nothing was decided yet. Which
 * browser it belongs to plays no part here: the browser shows that itself when it comes back.
 * @throws OAuthError of client authentication; parameter_missing, interaction_api_not_allowed, interaction_unknown,
 *   interaction_expired, request_no_longer_allowed, decision_made_before
 */
export async function findUndecided(
  call: Call<{ readonly interaction: string | undefined }>,
  server: Server,
): Promise<Undecided> {
  // Who is asking.
  const { client: caller, once } = await authenticateClient(call, server)
  const { interaction: name } = call.form
  if (name === undefined) return refuse('parameter_missing', { expected: { parameter: 'interaction' } })
  await spendOnce(server, once)
  const isOurs = caller.role.kind === 'sign_in_app' && caller.clientId === server.signInApp?.clientId
  if (!isOurs) return refuse('interaction_api_not_allowed')

  // What is pending.
  const id = orRefuse('interaction_unknown', () => rowId(name))
  const { interaction, request } = (await server.store.requests.interaction(id)) ?? refuse('interaction_unknown')
  if (call.now >= interaction.expiresAt) refuse('interaction_expired')
  const client = await clientStillAllowed(request, server)
  if (interaction.decision !== undefined) refuse('decision_made_before')
  return { interaction, request, client }
}

/**
 * Since when the person must have signed in, as for a sign-in of ours: in this interaction where the request wants a new
 * one, or as recently as it says; 0 for any sign-in. OIDC Core §3.1.2.1.
 */
export function oldestSignIn({ interaction, request: { request } }: Undecided, now: NumericDate): NumericDate {
  const { startedAt } = interaction
  const { prompt, maxAge } = request
  if (prompt.includes('login') || prompt.includes('select_account') || maxAge === 0) return startedAt
  const oldest = maxAge === undefined ? before(startedAt, seconds(startedAt)) : before(now, seconds(maxAge))
  return oldest < startedAt ? oldest : startedAt
}
