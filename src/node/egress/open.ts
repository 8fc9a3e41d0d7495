/**
 * The way out to URLs that clients registered: any https server on the public internet, and nothing else. OIDC Core
 * §8.1; RFC 9728 §7.7; LV-13, LV-14, LV-15.
 *
 * A name is resolved once; every address it has must be public, and the first of them is the one that is dialled.
 */

import { type IncomingMessage, request } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { PostForm } from '../../core/ports.ts'
import { isPublicAddress } from './addresses.ts'
import { connectTo, type Dial, dialDirectly } from './dial.ts'
import { EgressRefused } from './refused.ts'
import { createResolve, type Resolve } from './resolve.ts'
import { createSlots } from './slots.ts'
import { checkTarget, type Target } from './target.ts'

/** How far the gate opens, and what it stands on. */
export type OpenEgressOptions = {
  /** For the whole exchange, from the wait for a slot to the last byte, in milliseconds. */
  readonly timeoutMs: number
  /** The largest body that is taken. */
  readonly maxBytes: number
  /** How many exchanges there are at once, 16 unless given. */
  readonly running?: number
  /** How many wait for a slot, 64 unless given; those beyond are refused as `busy`. */
  readonly waiting?: number
  /** The servers of names of the system, unless given. */
  readonly resolve?: Resolve
  /** A TLS connection to the judged address, unless given. */
  readonly dial?: Dial
}

/** The gate, in its three shapes. All reject with EgressRefused. */
export type OpenEgress = {
  /** GET of a JSON document: status 200 and one of the media types, which are those of JSON and JWK sets unless given. */
  readonly fetchJson: (url: string, options?: { readonly accept?: readonly string[] }) => Promise<unknown>
  /** POST of a form. Whatever status came back is the answer, redirects apart; its body is read by nobody. */
  readonly postForm: PostForm
  /** GET, or POST of a text. The answer is complete when it returns, whatever its status, redirects apart. */
  readonly fetch: (url: string, message: Message) => Promise<Response>
}

/** What is sent, besides where to. */
export type Message = {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

const jsonMediaTypes = ['application/json', 'application/jwk-set+json'] as const
const mostHeaderBytes = 16_384

/**
 * Opens the gate.
 * @throws RangeError when a bound is not a whole number above zero
 */
export function createOpenEgress(options: OpenEgressOptions): OpenEgress {
  const { maxBytes, timeoutMs } = options
  for (const bound of [maxBytes, timeoutMs]) {
    if (!Number.isSafeInteger(bound) || bound < 1) throw new RangeError('an egress gate needs whole bounds')
  }
  const ask = createAsk(options)
  return {
    fetchJson: async (url, { accept = jsonMediaTypes } = {}) => {
      const target = checkTarget(url)
      const headers = { accept: accept.join(', ') }
      return ask(target, { method: 'GET', headers }, async (response) => {
        checkJson(response, accept, target)
        return parseJson(await readBounded(response, maxBytes, target), target)
      })
    },
    postForm: async (url, form) => {
      const body = new URLSearchParams(form.map(([name, value]): [string, string] => [name, value])).toString()
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(Buffer.byteLength(body)),
      }
      return ask(checkTarget(url), { method: 'POST', headers, body }, async (response) => {
        await discard(response, maxBytes)
        return { status: response.statusCode ?? 0 }
      })
    },
    fetch: async (url, { method, headers, body = '' }) => {
      const target = checkTarget(url)
      const length = method === 'POST' ? { 'content-length': String(Buffer.byteLength(body)) } : {}
      return ask(target, { method, headers: { ...headers, ...length }, body }, async (response) => {
        checkEncoding(response, target)
        return complete(response, await readBounded(response, maxBytes, target))
      })
    },
  }
}

function complete({ statusCode = 0, rawHeaders }: IncomingMessage, body: Uint8Array<ArrayBuffer>): Response {
  const headers = new Headers()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '')
  }
  return new Response([204, 205, 304].includes(statusCode) ? null : body, { status: statusCode, headers })
}

type Ask = <T>(target: Target, message: Message, take: (response: IncomingMessage) => Promise<T>) => Promise<T>

/** One exchange, from the wait for a slot to what `take` makes of the answer. */
function createAsk(options: OpenEgressOptions): Ask {
  const { timeoutMs, running = 16, waiting = 64, resolve = createResolve(), dial = dialDirectly } = options
  const takeSlot = createSlots({ running, waiting })
  return async (target, message, take) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const slot = await takeSlot(signal)
    if (slot === 'busy') throw new EgressRefused('busy', target.origin)
    const look = lookUp(target, resolve, signal)
    let socket: TLSSocket | undefined
    try {
      const addresses = await beforeAbort(look, signal)
      socket = await connectTo(target, judgedAddress(target, addresses), dial, signal)
      const response = await send(target, message, socket)
      const { statusCode = 0 } = response
      if (statusCode >= 300 && statusCode < 400) throw new EgressRefused('redirected', target.origin)
      return await take(response)
    } catch (cause) {
      if (cause instanceof EgressRefused) throw cause
      throw new EgressRefused(signal.aborted ? 'timed_out' : reasonOf(cause), target.origin, cause)
    } finally {
      socket?.destroy()
      // A look-up may take longer than it should. Its slot is free when it is over, so that slow ones do not pile up.
      void look.then(slot.release, slot.release)
    }
  }
}

async function lookUp(
  { host, kind, origin }: Target,
  resolve: Resolve,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (kind === 'address') return [host]
  try {
    return await resolve(host, signal)
  } catch (cause) {
    throw new EgressRefused('name_unresolvable', origin, cause)
  }
}

/** One address that is not public spoils the name: whoever mixes them is after the other. */
function judgedAddress({ origin }: Target, addresses: readonly string[]): string {
  const [first] = addresses
  if (first === undefined) throw new EgressRefused('name_unresolvable', origin)
  if (!addresses.every(isPublicAddress)) throw new EgressRefused('address_not_allowed', origin)
  return first
}

function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('the time is over')), { once: true })
  })
  return Promise.race([work, aborted])
}

/** One request on this connection, and no other after it. */
function send(target: Target, { method, headers, body }: Message, socket: TLSSocket): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({
      createConnection: () => socket,
      method,
      path: target.path,
      headers: { host: target.authority, connection: 'close', 'accept-encoding': 'identity', ...headers },
      maxHeaderSize: mostHeaderBytes,
    })
    sent.on('response', (response) => {
      // Who reads the body sees the error; nobody may be reading yet.
      response.on('error', () => undefined)
      resolve(response)
    })
    sent.on('error', reject)
    // Giving up destroys the socket, which is no error of the request once it was sent.
    socket.once('close', () => reject(new Error('closed before it answered')))
    sent.end(body)
  })
}

function reasonOf(cause: unknown): 'too_large' | 'unreachable' {
  const isOverflow = cause instanceof Error && 'code' in cause && cause.code === 'HPE_HEADER_OVERFLOW'
  return isOverflow ? 'too_large' : 'unreachable'
}

function checkJson(response: IncomingMessage, accept: readonly string[], target: Target): void {
  const { statusCode, headers } = response
  const { origin } = target
  if (statusCode !== 200) throw new EgressRefused('status_unexpected', origin)
  checkEncoding(response, target)
  const [mediaType = ''] = (headers['content-type'] ?? '').split(';')
  if (!accept.includes(mediaType.trim().toLowerCase())) throw new EgressRefused('content_type_wrong', origin)
}

function checkEncoding({ headers }: IncomingMessage, { origin }: Target): void {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') throw new EgressRefused('content_encoding_wrong', origin)
}

async function readBounded(
  response: IncomingMessage,
  most: number,
  { origin }: Target,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  const body: AsyncIterable<Uint8Array> = response
  for await (const chunk of body) {
    length += chunk.byteLength
    if (length > most) throw new EgressRefused('too_large', origin)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

/** Reads what comes, up to a bound and in its time; the status is the answer, whatever becomes of the body. */
async function discard(response: IncomingMessage, most: number): Promise<void> {
  try {
    let length = 0
    const body: AsyncIterable<Uint8Array> = response
    for await (const chunk of body) {
      length += chunk.byteLength
      if (length > most) return
    }
  } catch {
    return
  }
}

function parseJson(body: Uint8Array, { origin }: Target): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    // The parser's message repeats what it read.
    throw new EgressRefused('json_malformed', origin)
  }
}
