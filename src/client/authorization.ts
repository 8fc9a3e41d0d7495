/** The way of a person through the authorization server: begin → finish. FAPI 2.0 SP §5.3.3.2. */

import * as oauth from 'oauth4webapi'
import { openidScopes } from '../core/metadata.ts'
import type { AuthorizationDetail } from '../core/authorization-details.ts'
import type { ResourceIdentifier } from '../core/names.ts'
import { fail, printable } from './errors.ts'
import { exchange, provenOptions, type Wire } from './exchange.ts'
import { checkSignIn } from './id-token.ts'
import { type Session, sessionOf } from './session.ts'
import { redeemCode } from './tokens.ts'

/** What may differ from one flow to the next. */
export type BeginOptions = {
  /** Comes back unchanged. Random unless given; must then be new for each flow and hard to guess. */
  readonly state?: string
  /** Space-separated; the scope of the client unless given. */
  readonly scope?: string
  /** OIDC Core §3.1.2.1. */
  readonly prompt?: 'none' | 'login' | 'consent' | 'select_account'
  /** How old the sign-in may be, in seconds. OIDC Core §3.1.2.1. */
  readonly maxAge?: number | undefined
  /** The ways of signing in that will do, of which one must come back. OIDC Core §5.5.1.1. */
  readonly acrValues?: readonly string[] | undefined
  readonly loginHint?: string
  /** What exactly is to be allowed, for the API of the client. RFC 9396 §2. */
  readonly authorizationDetails?: readonly AuthorizationDetail[]
}

/**
 * What the application keeps with the browser session until the callback, and erases then. Plain JSON. It holds the
 * PKCE verifier: it never goes into a URL, a page or a log.
 */
export type Pending = {
  readonly issuer: string
  readonly clientId: string
  readonly redirectUri: string
  readonly scope: string
  readonly state: string
  readonly nonce: string | undefined
  readonly codeVerifier: string
  readonly maxAge: number | undefined
  readonly acrValues: readonly string[] | undefined
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined
}

/** What one client asks for. */
export type Purpose = {
  readonly redirectUri: string
  readonly scope: string
  readonly resource: ResourceIdentifier
}

/**
 * Pushes a request and gives the URL to send the browser to.
 * @throws ClientError request_refused, nonce_demanded_again, authorization_url_unexpected, response_unusable, unreachable
 */
export async function begin(
  wire: Wire,
  purpose: Purpose,
  options: BeginOptions,
): Promise<{ readonly url: string; readonly pending: Pending }> {
  const pending = newPending(wire, purpose, options)
  const parameters = await parametersOf(wire, pending, purpose, options)
  const { server, client, authentication } = wire
  const attempt = async () => {
    const form = new URLSearchParams(parameters)
    const options = provenOptions(wire, 'atServer')
    const response = await oauth.pushedAuthorizationRequest(server, client, authentication, form, options)
    return oauth.processPushedAuthorizationResponse(server, client, response)
  }
  const pushed = await exchange(wire, attempt, 'response_unusable')
  return { url: authorizationUrl(wire, pushed.request_uri), pending }
}

function newPending(wire: Wire, purpose: Purpose, options: BeginOptions): Pending {
  const { state, scope, maxAge, acrValues, authorizationDetails } = options
  const asked = scope ?? purpose.scope
  return {
    issuer: wire.server.issuer,
    clientId: wire.client.client_id,
    redirectUri: purpose.redirectUri,
    scope: asked,
    state: state ?? oauth.generateRandomState(),
    nonce: hasScope(asked, 'openid') ? oauth.generateRandomNonce() : undefined,
    codeVerifier: oauth.generateRandomCodeVerifier(),
    maxAge,
    acrValues,
    ...(authorizationDetails === undefined ? {} : { authorizationDetails }),
  }
}

async function parametersOf(wire: Wire, pending: Pending, { resource }: Purpose, options: BeginOptions) {
  const { authorizationDetails: details } = options
  const { redirectUri, scope, state, nonce, codeVerifier, maxAge, acrValues } = pending
  return {
    response_type: 'code',
    redirect_uri: redirectUri,
    scope,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...(details === undefined
      ? resourceOf(scope, resource)
      : { resource, authorization_details: JSON.stringify(details) }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
    ...(acrValues === undefined ? {} : essentialAcr(wire, acrValues)),
    ...(options.prompt === undefined ? {} : { prompt: options.prompt }),
    ...(options.loginHint === undefined ? {} : { login_hint: options.loginHint }),
  }
}

/** What says "one of these or nothing", to a server that knows the parameter for it. OIDC Core §5.5.1.1. */
function essentialAcr({ server }: Wire, values: readonly string[]) {
  const claims = JSON.stringify({ id_token: { acr: { essential: true, values } } })
  return { acr_values: values.join(' '), ...(server.claims_parameter_supported === true ? { claims } : {}) }
}

/** The API the tokens are for, when anything of an API is asked for. RFC 8707 §2. */
export function resourceOf(scope: string, resource: ResourceIdentifier): { readonly resource?: string } {
  const ofNoApi: readonly string[] = openidScopes
  return scope.split(' ').every((value) => ofNoApi.includes(value)) ? {} : { resource }
}

function hasScope(scope: string, value: string): boolean {
  return scope.split(' ').includes(value)
}

/** The browser carries two names and nothing else. FAPI 2.0 SP §5.3.3.2-6. */
function authorizationUrl({ server, client }: Wire, requestUri: string): string {
  const url = new URL(server.authorization_endpoint)
  url.searchParams.set('client_id', client.client_id)
  url.searchParams.set('request_uri', requestUri)
  if ([...url.searchParams.keys()].join(' ') !== 'client_id request_uri') fail('authorization_url_unexpected')
  return url.href
}

/**
 * Takes what came back with the browser, and redeems the code in it.
 *
 * Who it comes from is compared first; nothing else of a response is read before. RFC 9207 §2.4.
 * @throws ClientError iss_*, state_*, pending_*, response_malformed, access_denied, authorization_refused,
 *   request_refused, nonce_demanded_again, token_type_wrong, id_token_invalid, response_unusable, unreachable
 */
export async function finish(
  wire: Wire,
  callback: URLSearchParams,
  pending: Pending,
  spent: SpentStates,
): Promise<Session> {
  const parameters = checkCallback(wire, callback, pending)
  // Before anything is awaited, so that of two callbacks at once only one goes on.
  if (!spent.spend(pending.state)) fail('pending_spent')
  checkOutcome(callback)
  const {
    redirectUri,
    codeVerifier,
    nonce,
    maxAge,
    acrValues,
    scope,
    authorizationDetails: askedDetails = [],
  } = pending
  const validated = oauth.validateAuthResponse(wire.server, wire.client, parameters, pending.state)
  const received = await redeemCode(wire, { callback: validated, redirectUri, codeVerifier, nonce, maxAge })
  const now = wire.clock.now()
  checkSignIn(received.claims, { maxAge, acrValues }, now)
  const id = oauth.generateRandomState()
  return sessionOf(received, { of: wire.of, id, asked: scope, askedDetails, possession: wire.possession, now })
}

function checkCallback(wire: Wire, callback: URLSearchParams, pending: Pending): URLSearchParams {
  const [issuer, ...otherIssuers] = callback.getAll('iss')
  if (issuer === undefined) fail('iss_missing')
  if (issuer !== wire.server.issuer || otherIssuers.length > 0) fail('iss_mismatch')
  const isOurs = pending.issuer === wire.server.issuer && pending.clientId === wire.client.client_id
  if (!isOurs) fail('pending_foreign')
  const [state, ...otherStates] = callback.getAll('state')
  if (state === undefined) fail('state_missing')
  if (state !== pending.state || otherStates.length > 0) fail('state_mismatch')
  const repeats = new Set(callback.keys()).size !== [...callback.keys()].length
  // What only other response types and modes have.
  const isOther = ['response', 'id_token', 'token'].some((name) => callback.has(name))
  if (repeats || isOther) fail('response_malformed')
  return callback
}

function checkOutcome(callback: URLSearchParams): void {
  const error = callback.get('error')
  if (error !== null) {
    const details = {
      error: printable(error),
      errorDescription: printable(callback.get('error_description')),
    }
    fail(error === 'access_denied' ? 'access_denied' : 'authorization_refused', details)
  }
  if (!callback.get('code')) fail('response_malformed', { detail: 'code' })
}

/** The flows this client has finished, by their state: a second line of defence behind the session of the caller. */
export class SpentStates {
  readonly #states = new Set<string>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  /** Whether this is the first time. The oldest are forgotten when there are too many. */
  spend(state: string): boolean {
    if (this.#states.has(state)) return false
    this.#states.add(state)
    const [oldest] = this.#states
    if (this.#states.size > this.#most && oldest !== undefined) this.#states.delete(oldest)
    return true
  }
}
