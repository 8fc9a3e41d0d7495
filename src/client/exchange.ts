/** How every request of the client leaves, and what a failed one becomes. */

import * as oauth from 'oauth4webapi'
import { isJsonObject } from '../core/names.ts'
import type { ClientClock } from './clock.ts'
import { ClientError, type ClientErrorReason, fail, printable, refusalDetails } from './errors.ts'
import type { ServerMetadata } from './metadata.ts'
import type { ClientPorts } from './ports.ts'

/** What the requests of one client have in common. */
export type Wire = {
  /** The issuer, client and API: what sessions are held to. */
  readonly of: string
  readonly server: ServerMetadata
  readonly client: oauth.Client
  readonly authentication: oauth.ClientAuth
  readonly ports: ClientPorts
  readonly clock: ClientClock
  /** Plain http is spoken only when the issuer is on the loopback of this machine. */
  readonly transport: { readonly [oauth.allowInsecureRequests]: boolean }
  readonly possession: Possession
  /** Takes the encryption off an ID token; undefined where there is no key for it. */
  readonly decrypt: ((jwe: string) => Promise<string>) | undefined
}

/**
 * What tokens are bound to. One DPoP key, but a nonce memory of its own for each server: a nonce of one never goes to the
 * other. RFC 9449 §8, §9.
 */
export type Possession =
  | {
      readonly tokenType: 'dpop'
      readonly thumbprint: string
      readonly atServer: oauth.DPoPHandle
      readonly atResource: oauth.DPoPHandle
    }
  | { readonly tokenType: 'bearer'; readonly thumbprint: string }

/** What oauth4webapi takes with every request. */
export function requestOptions({ ports, transport }: Wire) {
  const fetch = (url: string, options: oauth.CustomFetchOptions<string, Body>) => {
    const { method, headers, body, redirect, signal } = options
    return ports.fetch(url, {
      method,
      headers,
      redirect,
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    })
  }
  return { ...transport, [oauth.customFetch]: fetch }
}

/** The same, with a proof for the authorization server or for the API. A certificate is proved by the connection. */
export function provenOptions(wire: Wire, at: 'atServer' | 'atResource') {
  const { possession } = wire
  return { ...requestOptions(wire), ...(possession.tokenType === 'dpop' ? { DPoP: possession[at] } : {}) }
}

type Body = oauth.ProtectedResourceRequestBody

/** What may be put right about a refused request, each at most once. */
type Remedy = 'nonce' | 'clock'

/**
 * Runs an attempt; once more with the nonce the server asks for, and once more by the server's time when it does not know
 * the client by ours. RFC 9449 §8, §9; FAPI 2.0 SP §5.3.3.1 note 1.
 * @throws ClientError nonce_demanded_again, redirect_refused, request_refused, unreachable, or `otherwise`
 */
export async function exchange<T>(
  { clock }: Pick<Wire, 'clock'>,
  attempt: () => Promise<T>,
  otherwise: ClientErrorReason,
): Promise<T> {
  const tried = new Set<Remedy>()
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const remedy = tried.has('clock') && !oauth.isDPoPNonceError(error) ? undefined : await remedyFor(error, clock)
      if (remedy === undefined) throw await toClientError(error, otherwise)
      if (tried.has(remedy)) fail('nonce_demanded_again')
      tried.add(remedy)
    }
  }
}

/** What the server says when it does not take the time of an assertion or a proof. */
const errorsOfTime: readonly unknown[] = ['invalid_client', 'invalid_dpop_proof']

async function remedyFor(error: unknown, clock: ClientClock): Promise<Remedy | undefined> {
  // The proof of the next attempt is made with the nonce that came along.
  if (oauth.isDPoPNonceError(error)) return 'nonce'
  const isRefusal = error instanceof oauth.ResponseBodyError || error instanceof oauth.WWWAuthenticateChallengeError
  if (!isRefusal || !errorsOfTime.includes(await errorOf(error))) return undefined
  return clock.synchronise(error.response.headers.get('date')) === 'set' ? 'clock' : undefined
}

async function errorOf(error: oauth.ResponseBodyError | oauth.WWWAuthenticateChallengeError): Promise<unknown> {
  if (error instanceof oauth.ResponseBodyError) return error.error
  const body = await bodyOf(error.response.clone())
  return isJsonObject(body) ? body['error'] : undefined
}

/** What a failure becomes. The causes of the library hold tokens and codes, so none is passed on. */
async function toClientError(error: unknown, otherwise: ClientErrorReason): Promise<unknown> {
  if (error instanceof ClientError) return error
  if (error instanceof oauth.ResponseBodyError) {
    return new ClientError('request_refused', refusalDetails(error.status, error.response.headers, error.cause))
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    const { status, response } = error
    return new ClientError('request_refused', refusalDetails(status, response.headers, await bodyOf(response)))
  }
  if (error instanceof oauth.OperationProcessingError) return fromProcessing(error, otherwise)
  if (error instanceof oauth.UnsupportedOperationError) return new ClientError(otherwise, { detail: error.message })
  if (isRedirectedByTransport(error)) return new ClientError('redirect_refused')
  // A TypeError of fetch and one of ours look alike; both mean that no answer came.
  return new ClientError('unreachable', { detail: error instanceof Error ? printable(error.message) : undefined })
}

function fromProcessing(error: oauth.OperationProcessingError, otherwise: ClientErrorReason): ClientError {
  const { cause } = error
  if (!(cause instanceof Response)) return new ClientError(otherwise, { detail: error.message })
  if (isRedirect(cause)) return new ClientError('redirect_refused', { status: cause.status })
  return new ClientError('response_unusable', {
    ...refusalDetails(cause.status, cause.headers, undefined),
    detail: error.message,
  })
}

async function bodyOf(response: Response): Promise<unknown> {
  try {
    const body: unknown = await response.json()
    return body
  } catch {
    return undefined
  }
}

/** Whether an answer sends the request elsewhere. */
export function isRedirect({ status, type }: Response): boolean {
  return type === 'opaqueredirect' || [301, 302, 303, 307, 308].includes(status)
}

/** Whether the fetch that was passed in has refused a redirect by itself. */
function isRedirectedByTransport(error: unknown): boolean {
  return error instanceof Error && 'reason' in error && error.reason === 'redirected'
}
