/** Ending things: tokens at the server, and the person's sign-in in the browser. RFC 7009; OIDC RP-Initiated Logout. */

import * as oauth from 'oauth4webapi'
import { fail } from './errors.ts'
import { exchange, requestOptions, type Wire } from './exchange.ts'
import type { Session } from './session.ts'

/**
 * Ends the tokens of a session: by its refresh token everything that came of it, else its access token. RFC 7009 §2.
 * @throws ClientError session_foreign, revocation_missing, request_refused, response_unusable, unreachable
 */
export async function revoke(wire: Wire, session: Session): Promise<void> {
  const { server, client, authentication } = wire
  if (session.of !== wire.of) fail('session_foreign')
  if (server.revocation_endpoint === undefined) fail('revocation_missing')
  const { refreshToken, accessToken } = session
  const hint = refreshToken === undefined ? 'access_token' : 'refresh_token'
  const options = { ...requestOptions(wire), additionalParameters: { token_type_hint: hint } }
  const token = (refreshToken ?? accessToken).reveal()
  const attempt = async () =>
    oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authentication, token, options))
  await exchange(wire, attempt, 'response_unusable')
}

/** How a person is sent to sign out. */
export type EndSessionOptions = {
  /** Where to come back to: one of those registered, byte for byte. */
  readonly postLogoutRedirectUri?: string
  /** Comes back unchanged. */
  readonly state?: string
  /**
   * `id_token` shows the ID token, which tells the server whose sign-in it is, so that it need not ask the person; it is
   * good for nothing else, but stands in the address. `none` leaves it out.
   */
  readonly hint?: 'id_token' | 'none'
}

/**
 * The URL to send a browser to, to sign its person out. OIDC RP-Initiated Logout §2.
 * @throws ClientError session_foreign, end_session_missing
 */
export function endSessionUrl(wire: Wire, session: Session, options: EndSessionOptions): string {
  const { server, client } = wire
  if (session.of !== wire.of) fail('session_foreign')
  const { postLogoutRedirectUri, state, hint = 'id_token' } = options
  const url = new URL(server.end_session_endpoint ?? fail('end_session_missing'))
  const idToken = hint === 'id_token' ? session.idTokenHint?.reveal() : undefined
  const parameters = {
    client_id: client.client_id,
    ...(idToken === undefined ? {} : { id_token_hint: idToken }),
    ...(postLogoutRedirectUri === undefined ? {} : { post_logout_redirect_uri: postLogoutRedirectUri }),
    ...(state === undefined ? {} : { state }),
  }
  url.search = new URLSearchParams(parameters).toString()
  return url.href
}
