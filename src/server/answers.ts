/** What endpoints answer, without a status code or a header in sight of them. */

import type { RegisteredRedirectUri } from '../core/names.ts'
import type { RuleSlug } from '../core/rules.ts'

/** An answer before the envelope adds what every answer carries. */
export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly cookies: readonly string[]
  readonly body: string | null
  /** The rule that was broken, when the refusal itself is shown kindly or sent back to the client. */
  readonly refused?: RuleSlug
}

const jsonType = { 'content-type': 'application/json' }

/** 200 with JSON that nobody may store. */
export function ok(body: Readonly<Record<string, unknown>>): Answer {
  return { status: 200, headers: jsonType, cookies: [], body: JSON.stringify(body) }
}

/** 200 with nothing to say. RFC 7009 §2.2. */
export function empty(): Answer {
  return { status: 200, headers: {}, cookies: [], body: null }
}

/** 200 with a JWT that nobody may store. OIDC Core §5.3.2. */
export function okAsJwt(jwt: string): Answer {
  return { status: 200, headers: { 'content-type': 'application/jwt' }, cookies: [], body: jwt }
}

/** 201 with JSON that nobody may store. RFC 9126 §2.2. */
export function created(body: Readonly<Record<string, unknown>>): Answer {
  return { status: 201, headers: jsonType, cookies: [], body: JSON.stringify(body) }
}

/** A public document: the same for everybody, briefly cacheable. */
export function document(text: string, contentType: string): Answer {
  return {
    status: 200,
    headers: { 'content-type': contentType, 'cache-control': 'public, max-age=300' },
    cookies: [],
    body: text,
  }
}

/** 303 to a page of this server. FAPI 2.0 SP §5.3.2.2-11. */
export function seeOther(url: string, cookies: readonly string[] = []): Answer {
  return { status: 303, headers: { location: url }, cookies, body: null }
}

/** What an authorization response says; members without a value are left out. */
export type AuthorizationResponse = {
  readonly iss: string
  readonly state: string | undefined
  readonly code?: string
  readonly error?: string
  readonly error_description?: string
}

/**
 * 303 to the client with the authorization response. Every response carries `iss`, and `state` exactly when one was
 * sent. RFC 9207 §2; RFC 6749 §4.1.2.
 */
export function backToClient(redirectUri: RegisteredRedirectUri, response: AuthorizationResponse): Answer {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(response)) {
    if (value !== undefined) parameters.append(name, value)
  }
  return seeOther(withParameters(redirectUri, parameters))
}

/** 303 to the client of whoever signed out, with `state` exactly when one was sent. OIDC RP-Initiated Logout §2. */
export function backAfterLogout(
  target: RegisteredRedirectUri,
  state: string | undefined,
  cookies: readonly string[],
): Answer {
  return seeOther(state === undefined ? target : withParameters(target, new URLSearchParams({ state })), cookies)
}

function withParameters(uri: RegisteredRedirectUri, parameters: URLSearchParams): string {
  return `${uri}${uri.includes('?') ? '&' : '?'}${parameters.toString()}`
}
