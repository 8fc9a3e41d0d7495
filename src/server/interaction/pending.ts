/** One browser's way through sign-in and consent: what is pending, and what it still needs. */

import { equalInConstantTime } from '../../core/constant-time.ts'
import type { ClientRecord } from '../../core/client.ts'
import type { InteractionRow, PushedRequest } from '../../core/flow.ts'
import type { Session } from '../../core/people.ts'
import { registeredRedirectUri, rowId, type RowId } from '../../core/names.ts'
import { orRefuse, refuse } from '../../core/oauth-error.ts'
import { digestOf } from '../artefacts.ts'
import type { Call } from '../call.ts'
import { scopesOpenTo } from '../catalogue.ts'
import { countsToday } from '../details.ts'
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
export function interactionUrl(id: RowId, server: Server, form?: 'sign-in' | 'consent' | 'cancel' | 'finish'): string {
  const path = interactionPath.replace(':id', id)
  return server.url(form === undefined ? path : `${path}/${form}`)
}

/** Where the person of an interaction signs in and decides: our page, or the operator's own application. */
export function decisionUrl(id: RowId, server: Server): string {
  const { signInApp, issuer } = server
  if (signInApp === undefined) return interactionUrl(id, server)
  const url = new URL(signInApp.url)
  url.searchParams.append('interaction', id)
  url.searchParams.append('iss', issuer)
  return url.href
}

/**
 * Where the operator's own application signs people in, our pages do not: there is one way to do it.
 * @throws OAuthError own_pages_off
 */
export function checkOwnPages({ signInApp }: Server): void {
  if (signInApp !== undefined) refuse('own_pages_off')
}

/**
 * The interaction of the path, on a page of ours, if this browser started it and it is not over.
 * @throws OAuthError own_pages_off, interaction_foreign; of `findInteraction` and `pendingIn`
 */
export async function findPending(call: Call<unknown>, server: Server): Promise<Pending> {
  checkOwnPages(server)
  const found = await findInteraction(call, server)
  return pendingIn(found, browserOf(found, call, server) ?? refuse('interaction_foreign'), call, server)
}

type Found = Pick<Pending, 'interaction' | 'request'>

/**
 * The interaction of the path, whoever asks.
 * @throws OAuthError interaction_unknown
 */
export async function findInteraction(call: Call<unknown>, server: Server): Promise<Found> {
  const id = orRefuse('interaction_unknown', () => rowId(call.path['id'] ?? ''))
  return (await server.store.requests.interaction(id)) ?? refuse('interaction_unknown')
}

/** The secret of this browser, if it is the one that started the interaction. */
export function browserOf({ interaction }: Found, call: Call<unknown>, server: Server): string | undefined {
  const browser = browserSecret(call, server)
  const presented = browser === undefined ? '' : digestOf('browser', browser, server.hash)
  return equalInConstantTime(interaction.browserHash, presented) ? browser : undefined
}

/**
 * An interaction in the browser that started it, if it is not over.
 * @throws OAuthError interaction_expired, request_no_longer_allowed
 */
export async function pendingIn(
  { interaction, request }: Found,
  browser: string,
  call: Call<unknown>,
  server: Server,
): Promise<Pending> {
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
  const sameDetails = request.details.every((element) => countsToday(element, request, client, server))
  return sameUri && sameScope && sameDetails ? client : refuse('request_no_longer_allowed')
}
