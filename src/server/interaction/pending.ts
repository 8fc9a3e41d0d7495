/** One browser's way through sign-in and consent: what is pending, and what it still needs. */

import { equalInConstantTime } from '../../core/constant-time.ts'
import type { ClientRecord } from '../../core/client.ts'
import type { InteractionRow, PushedRequest, Session } from '../../core/flow.ts'
import { registeredRedirectUri, rowId, type RowId } from '../../core/names.ts'
import { orRefuse, refuse } from '../../core/oauth-error.ts'
import { digestOf } from '../artefacts.ts'
import type { Call } from '../call.ts'
import { scopesOpenTo } from '../catalogue.ts'
import type { Server } from '../server.ts'
import { browserSecret, currentSession } from './cookies.ts'

/** An interaction of this browser, with the request it is about and the client that waits for the answer. */
export type Pending = {
  readonly interaction: InteractionRow
  readonly request: PushedRequest
  readonly client: ClientRecord
  readonly browser: string
  readonly session: Session | undefined
}

/** The path of an interaction, below the issuer. */
export const interactionPath = '/interaction/:id'

/** The URL of an interaction, or of what its forms post to. */
export function interactionUrl(id: RowId, server: Server, form?: 'sign-in' | 'consent' | 'cancel'): string {
  const path = interactionPath.replace(':id', id)
  return server.url(form === undefined ? path : `${path}/${form}`)
}

/**
 * The interaction of the path, if this browser started it and it is not over.
 * @throws OAuthError interaction_unknown, interaction_foreign, interaction_expired, request_no_longer_allowed
 */
export async function findPending(call: Call<unknown>, server: Server): Promise<Pending> {
  const id = orRefuse('interaction_unknown', () => rowId(call.path['id'] ?? ''))
  const { interaction, request } = (await server.store.requests.interaction(id)) ?? refuse('interaction_unknown')
  const browser = browserSecret(call, server) ?? refuse('interaction_foreign')
  const presented = digestOf('browser', browser, server.hash)
  if (!equalInConstantTime(interaction.browserHash, presented)) refuse('interaction_foreign')
  if (call.now >= interaction.expiresAt) refuse('interaction_expired')
  const client = await clientStillAllowed(request, server)
  call.note({ clientId: client.clientId })
  return { interaction, request, client, browser, session: await currentSession(call, server) }
}

/**
 * The client of a pushed request, if it could push it today. RFC 9126 §7.4.
 * @throws OAuthError request_no_longer_allowed
 */
export async function clientStillAllowed({ clientId, request }: PushedRequest, server: Server): Promise<ClientRecord> {
  const client = await server.store.clients.find(clientId)
  if (client?.status !== 'active' || !client.grantTypes.includes('authorization_code')) {
    return refuse('request_no_longer_allowed')
  }
  const sameUri = registeredRedirectUri(request.redirectUri, client, server.issuer) !== undefined
  const { scopes, resources } = server.catalogue
  const openScopes = scopesOpenTo(client)
  const sameScope =
    request.scope.every((value) => openScopes.includes(value) && scopes.includes(value)) &&
    request.resources.every((value) => resources.includes(value))
  return sameUri && sameScope ? client : refuse('request_no_longer_allowed')
}
