/** The way of a person through the authorization server: begin → finish. FAPI 2.0 SP §5.3.3.2. */

import * as oauth from 'oauth4webapi'
import { openidScopes } from '../core/metadata.ts'
import type { ResourceIdentifier } from '../core/names.ts'
import { exchange, requestOptions, type Wire } from './exchange.ts'
import { fail, printable } from './errors.ts'
import { type Session, sessionOf } from './session.ts'

/** What may differ from one flow to the next. */
export type BeginOptions = {
  /** Comes back unchanged. Random unless given; must then be new for each flow and hard to guess. */
  readonly state?: string
  /** Space-separated; the scope of the client unless given. */
  readonly scope?: string
  /** OIDC Core §3.1.2.1. */
  readonly prompt?: 'none' | 'login' | 'consent' | 'select_account'
  /** How old the sign-in may be, in seconds. OIDC Core §3.1.2.1. */
  readonly maxAge?: number
  readonly loginHint?: string
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
  const parameters = await parametersOf(pending, purpose, options)
  const pushed = await exchange(async () => {
    const response = await oauth.pushedAuthorizationRequest(
      wire.server,
      wire.client,
      wire.authentication,
      new URLSearchParams(parameters),
      { ...requestOptions(wire), DPoP: wire.dpop.atServer },
    )
    return oauth.processPushedAuthorizationResponse(wire.server, wire.client, response)
  }, 'response_unusable')
  return { url: authorizationUrl(wire, pushed.request_uri), pending }
}

function newPending(wire: Wire, purpose: Purpose, { state, scope, maxAge }: BeginOptions): Pending {
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
  }
}

async function parametersOf(pending: Pending, { resource }: Purpose, options: BeginOptions) {
  const { redirectUri, scope, state, nonce, codeVerifier, maxAge } = pending
  return {
    response_type: 'code',
    redirect_uri: redirectUri,
    scope,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...resourceOf(scope, resource),
    ...(nonce === undefined ? {} : { nonce }),
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
    ...(options.prompt === undefined ? {} : { prompt: options.prompt }),
    ...(options.loginHint === undefined ? {} : { login_hint: options.loginHint }),
  }
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
  const tokens = await redeem(wire, parameters, pending)
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  return sessionOf(tokens, { of: wire.of, asked: pending.scope, claims, clock: wire.ports.clock })
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

async function redeem(wire: Wire, callback: URLSearchParams, pending: Pending): Promise<oauth.TokenEndpointResponse> {
  const { server, client } = wire
  const options = { ...requestOptions(wire), DPoP: wire.dpop.atServer }
  const parameters = oauth.validateAuthResponse(server, client, callback, pending.state)
  const answer = await exchange(async () => {
    const { redirectUri, codeVerifier } = pending
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      wire.authentication,
      parameters,
      redirectUri,
      codeVerifier,
      options,
    )
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
      ...(pending.nonce === undefined ? {} : { expectedNonce: pending.nonce, requireIdToken: true }),
      ...(pending.maxAge === undefined ? {} : { maxAge: pending.maxAge }),
    })
    return { response, tokens }
  }, 'id_token_invalid')
  if (answer.tokens.id_token !== undefined) {
    // Over TLS too: FAPI 2.0 MS §5.6.2; CL-14.
    const check = () => oauth.validateApplicationLevelSignature(server, answer.response, requestOptions(wire))
    await exchange(check, 'id_token_invalid')
  }
  return answer.tokens
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
