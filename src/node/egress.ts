/**
 * The way out to listed origins: every request ends in time and brings back no more than allowed. What strangers name is
 * asked through `egress/open.ts`.
 */

import { isLoopbackHost } from '../core/names.ts'
import type { FetchJson } from '../core/ports.ts'
import { EgressRefused } from './egress/refused.ts'
import { createTlsFetch, type EgressTls, type TlsFetch } from './egress/tls-fetch.ts'

export { EgressRefused } from './egress/refused.ts'
export type { EgressTls } from './egress/tls-fetch.ts'

/** How far the gate opens. */
export type EgressLimits = {
  /** The only origins that are asked: https, or http on a loopback host. As `new URL(…).origin` writes them. */
  readonly allowedOrigins: readonly string[]
  /** For the whole exchange, body included, in milliseconds. */
  readonly timeoutMs: number
  /** The largest body that is taken, after decompression. */
  readonly maxBytes: number
  /** What TLS connections show and whom they believe, where that is not what the system does. */
  readonly tls?: EgressTls
}

/** A function of the shape of `fetch`, as `customFetch` of openid-client wants it. */
export type EgressFetch = (url: string | URL, init?: RequestInit) => Promise<Response>

/** The gate, in its two shapes. Both reject with EgressRefused. */
export type Egress = {
  /** GET of a JSON document: status 200 and a JSON media type. */
  readonly fetchJson: FetchJson
  /** Any request; the answer is complete when it returns. */
  readonly fetch: EgressFetch
}

/**
 * Opens the gate to the listed origins only.
 * @throws TypeError when a listed origin is not an origin, or neither https nor loopback; when a client certificate and
 *   its key do not belong together.
 */
export function createEgress(limits: EgressLimits): Egress {
  const allowed = new Set(limits.allowedOrigins.map(checkOrigin))
  const overTls = limits.tls === undefined ? undefined : createTlsFetch(limits.tls)
  const guardedFetch: EgressFetch = (input, init = {}) => exchange(checkUrl(input, allowed), init, limits, overTls)
  return {
    fetch: async (input, init) => guardedFetch(input, init),
    fetchJson: async (url) => {
      const response = await guardedFetch(url, { headers: { accept: 'application/json' } })
      return jsonOf(response, new URL(url).origin)
    },
  }
}

function checkOrigin(origin: string): string {
  const url = URL.canParse(origin) ? new URL(origin) : undefined
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname))
  if (url === undefined || url.origin !== origin || !isSafe) throw new TypeError('an egress origin is not https')
  return origin
}

function checkUrl(input: string | URL, allowed: ReadonlySet<string>): URL {
  const url = URL.canParse(String(input)) ? new URL(String(input)) : undefined
  if (url === undefined || url.username !== '' || url.password !== '') throw new EgressRefused('url_malformed', '?')
  if (!allowed.has(url.origin)) throw new EgressRefused('origin_not_allowed', url.origin)
  return url
}

async function exchange(
  url: URL,
  init: RequestInit,
  { timeoutMs, maxBytes }: EgressLimits,
  overTls: TlsFetch | undefined,
): Promise<Response> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
  try {
    const bounded = { ...init, redirect: 'manual', signal } as const
    const isOverTls = overTls !== undefined && url.protocol === 'https:'
    const response = await (isOverTls ? overTls(url, bounded) : fetch(url, bounded))
    if (response.type === 'opaqueredirect' || isRedirect(response.status)) {
      await response.body?.cancel()
      throw new EgressRefused('redirected', url.origin)
    }
    const body = await readBounded(response, maxBytes, url.origin)
    return complete(response, body)
  } catch (cause) {
    if (cause instanceof EgressRefused) throw cause
    if (timeout.aborted) throw new EgressRefused('timed_out', url.origin, cause)
    if (init.signal?.aborted) throw cause
    throw new EgressRefused('unreachable', url.origin, cause)
  }
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status)
}

async function readBounded(response: Response, most: number, origin: string): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  const body: AsyncIterable<Uint8Array> | undefined = response.body ?? undefined
  if (body === undefined) return new Uint8Array(0)
  // Leaving the loop cancels the stream, and with it the connection.
  for await (const chunk of body) {
    length += chunk.byteLength
    if (length > most) throw new EgressRefused('too_large', origin)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

/** The answer with its body in hand; what described the body on the wire no longer applies. */
function complete({ status, statusText, headers: received }: Response, body: Uint8Array<ArrayBuffer>): Response {
  const headers = new Headers(received)
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name)
  const hasNoBody = status === 204 || status === 205 || status === 304
  return new Response(hasNoBody ? null : body, { status, statusText, headers })
}

async function jsonOf(response: Response, origin: string): Promise<unknown> {
  if (response.status !== 200) throw new EgressRefused('status_unexpected', origin)
  const mediaType = response.headers.get('content-type') ?? ''
  if (!/^application\/(?:[a-z0-9.-]+\+)?json *(?:;|$)/i.test(mediaType)) {
    throw new EgressRefused('content_type_wrong', origin)
  }
  const text = await response.text()
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message repeats what it read.
    throw new EgressRefused('json_malformed', origin)
  }
}
