/** What a session is for: calls to the API, and the claims about its person. RFC 9449 §7; OIDC Core §5.3. */

import * as oauth from 'oauth4webapi'
import type { ResourceIdentifier } from '../core/names.ts'
import { fail } from './errors.ts'
import { exchange, isRedirect, provenOptions, requestOptions, type Wire } from './exchange.ts'
import { isInForce } from './id-token.ts'
import type { Session } from './session.ts'

/** A request to the API. The body is sent again when the API asks for a nonce, so it is no stream. */
export type CallInit = {
  readonly method?: string
  /** Without `authorization` and `dpop`: the client sets both. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
}

/** What the API answered a call with: where it refused one, the challenges of the answer. */
export type Called = { readonly response: Response; readonly challenges: readonly oauth.WWWAuthenticateChallenge[] }

/**
 * Calls the API with the session's token and a fresh proof, once more when it asks for a nonce. Every answer but a
 * redirect is returned, refusals too.
 * @throws ClientError session_foreign, resource_foreign before anything is sent; redirect_refused, nonce_demanded_again, unreachable
 * @throws TypeError when the headers hold a credential
 */
export async function call(
  wire: Wire,
  resource: ResourceIdentifier,
  session: Session,
  target: string,
  init: CallInit,
): Promise<Called> {
  if (session.of !== wire.of) fail('session_foreign')
  const url = targetUrl(resource, target)
  const headers = new Headers(init.headers)
  if (headers.has('authorization') || headers.has('dpop')) throw new TypeError('the client sets the credentials')
  const token = session.accessToken.reveal()
  const method = (init.method ?? 'GET').toUpperCase()
  const options = provenOptions(wire, 'atResource')
  const attempt = async () => {
    try {
      const response = await oauth.protectedResourceRequest(token, method, url, headers, init.body, options)
      return { response, challenges: [] }
    } catch (error) {
      // A challenge is an answer, too; only the one for a nonce is for the client itself.
      if (!(error instanceof oauth.WWWAuthenticateChallengeError) || oauth.isDPoPNonceError(error)) throw error
      return { response: error.response, challenges: error.cause }
    }
  }
  const called = await exchange(wire, attempt, 'response_unusable')
  if (!isRedirect(called.response)) return called
  await called.response.body?.cancel()
  return fail('redirect_refused', { status: called.response.status })
}

/** Only to the origin of the API the token is for. CL-12. */
function targetUrl(resource: ResourceIdentifier, target: string): URL {
  if (!URL.canParse(target, resource)) return fail('resource_foreign')
  const url = new URL(target, resource)
  const { origin } = new URL(resource)
  if (url.origin !== origin || url.username !== '' || url.password !== '') return fail('resource_foreign')
  return url
}

/** What ID tokens and logout tokens hold, and no claims about a person do. RFC 8725 §3.12. */
const membersOfOthers = ['nonce', 'at_hash', 'sid', 'events']

/**
 * The claims about the person of the session.
 * @throws ClientError session_foreign, subject_unknown, userinfo_missing, userinfo_subject_mismatch, request_refused,
 *   nonce_demanded_again, redirect_refused, unreachable
 */
export async function userinfo(wire: Wire, session: Session): Promise<Readonly<Record<string, unknown>>> {
  const { server, client } = wire
  if (session.of !== wire.of) fail('session_foreign')
  const { subject } = session
  if (subject === undefined) return fail('subject_unknown')
  if (server.userinfo_endpoint === undefined) return fail('userinfo_missing')
  const options = provenOptions(wire, 'atServer')
  const attempt = async () => {
    const response = await oauth.userInfoRequest(server, client, session.accessToken.reveal(), options)
    const claims = await oauth.processUserInfoResponse(server, client, oauth.skipSubjectCheck, response)
    // What came signed is verified, over TLS too. OIDC Core §5.3.2.
    if (response.headers.get('content-type')?.startsWith('application/jwt') === true) {
      await oauth.validateApplicationLevelSignature(server, response, requestOptions(wire))
      if (!isInForce(claims, wire.clock.now())) fail('response_unusable', { detail: 'exp' })
      if (membersOfOthers.some((name) => Object.hasOwn(claims, name))) {
        fail('response_unusable', { detail: 'a JWT of another kind' })
      }
    }
    return claims
  }
  const claims = await exchange(wire, attempt, 'response_unusable')
  // Claims about anybody else are discarded. OIDC Core §5.3.2.
  return claims.sub === subject ? claims : fail('userinfo_subject_mismatch')
}
