/**
 * Requests over TLS with a client certificate, or to servers of a private authority: what the built-in `fetch` cannot do
 * by itself. RFC 8705 §2, §3.
 */

import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { checkIdentity, ciphers } from './dial.ts'
import { EgressRefused } from './refused.ts'

/** What a TLS connection shows, and whom it believes. PEM throughout. */
export type EgressTls = {
  /** The client's certificate, with its intermediates. Goes with `key`. */
  readonly cert?: string
  /** Its private key. */
  readonly key?: string
  /** Authorities that servers are verified against, in place of those of the system. */
  readonly ca?: string
}

/** One request, followed nowhere; the body of the answer still streams. */
export type TlsFetch = (url: URL, init: RequestInit & { readonly signal: AbortSignal }) => Promise<Response>

/** Connections kept to one origin. */
const mostSockets = 64

/**
 * Makes requests over TLS 1.2 or later.
 * @throws TypeError when certificate and key cannot be read, or do not belong together; it repeats neither
 */
export function createTlsFetch({ cert, key, ca }: EgressTls): TlsFetch {
  checkPair(cert, key)
  const agent = new Agent({
    keepAlive: true,
    maxSockets: mostSockets,
    // The key of a certificate is proved in every handshake: no session is resumed.
    maxCachedSessions: 0,
    minVersion: 'TLSv1.2',
    ciphers,
    // Said here, so that no variable of the environment unsays it.
    rejectUnauthorized: true,
    checkServerIdentity: (host, { raw }) => checkIdentity(host, new X509Certificate(raw)),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(ca === undefined ? {} : { ca }),
  })
  return async (url, init) => {
    // A Request knows every form a body can have, and which content type goes with it.
    const { method, headers, body } = await written(url, init)
    const incoming = await send(url, { agent, method, headers, signal: init.signal }, body)
    return responseOf(incoming, url)
  }
}

function checkPair(cert: string | undefined, key: string | undefined): void {
  if (cert === undefined && key === undefined) return
  if (cert === undefined || key === undefined)
    throw new TypeError('a client certificate needs its key, and a key its certificate')
  if (!belongTogether(cert, key)) throw new TypeError('the client certificate and its key do not belong together')
}

/** A parser's message could repeat what it read, and this is a private key. */
function belongTogether(cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

async function written(url: URL, { method = 'GET', headers, body }: RequestInit) {
  const request = new Request(url, { method, ...(headers ? { headers } : {}), ...(body ? { body } : {}) })
  const bytes = new Uint8Array(await request.arrayBuffer())
  const fields = Object.fromEntries(request.headers)
  const length = bytes.length > 0 || method !== 'GET' ? { 'content-length': String(bytes.length) } : {}
  return { method, headers: { ...fields, ...length, 'accept-encoding': 'identity' }, body: bytes }
}

function send(url: URL, options: Parameters<typeof request>[1], body: Uint8Array): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, options, resolve)
    sent.on('error', reject)
    sent.end(body)
  })
}

function responseOf(incoming: IncomingMessage, { origin }: URL): Response {
  const { statusCode: status = 0, rawHeaders } = incoming
  const headers = new Headers()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '')
  }
  const encoding = headers.get('content-encoding') ?? 'identity'
  const hasNoBody = status === 204 || status === 205 || status === 304
  if (hasNoBody || status < 200 || encoding.toLowerCase() !== 'identity') incoming.destroy()
  if (status < 200) throw new EgressRefused('status_unexpected', origin)
  if (encoding.toLowerCase() !== 'identity') throw new EgressRefused('content_encoding_wrong', origin)
  return new Response(hasNoBody ? null : streamOf(incoming), { status, headers })
}

function streamOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks: AsyncIterable<Uint8Array> = incoming
  return ReadableStream.from(chunks)
}
