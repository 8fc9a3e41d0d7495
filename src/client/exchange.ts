/** How every request of the client leaves, and what a failed one becomes. */

import * as oauth from 'oauth4webapi'
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
  /** Plain http is spoken only when the issuer is on the loopback of this machine. */
  readonly transport: { readonly [oauth.allowInsecureRequests]: boolean }
  /** One key, but a nonce memory of its own for each server: a nonce of one never goes to the other. RFC 9449 §8, §9. */
  readonly dpop: { readonly atServer: oauth.DPoPHandle; readonly atResource: oauth.DPoPHandle }
}

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

type Body = oauth.ProtectedResourceRequestBody

/**
 * Runs an attempt, and once more when the server asks for a nonce and gave one. RFC 9449 §8, §9.
 * @throws ClientError nonce_demanded_again, redirect_refused, request_refused, unreachable, or `otherwise`
 */
export async function exchange<T>(attempt: () => Promise<T>, otherwise: ClientErrorReason): Promise<T> {
  try {
    return await attempt()
  } catch (first) {
    if (!oauth.isDPoPNonceError(first)) throw await toClientError(first, otherwise)
  }
  try {
    return await attempt()
  } catch (second) {
    if (oauth.isDPoPNonceError(second)) fail('nonce_demanded_again')
    throw await toClientError(second, otherwise)
  }
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
