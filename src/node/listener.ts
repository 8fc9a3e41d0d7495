/** HTTP/1.1 in front of a handler: bounded in time, size and number, and nothing a peer sends brings it down. */

import { getRequestListener, RequestError } from '@hono/node-server'
import { createServer, IncomingMessage, type RequestListener, type Server, STATUS_CODES } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { isLoopbackAddress } from '../core/names.ts'
import type { Connection, Handler } from '../core/ports.ts'
import { readRequestBody } from './request-body.ts'

/** Where to listen, and what to do when a handler has a bug. */
export type ListenOptions = {
  /** An address or a host name. `localhost` is 127.0.0.1. */
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** The header in which a proxy on this machine names the client it speaks for; believed from loopback peers only. */
  readonly addressHeader?: 'none' | 'x-forwarded-for'
  /** How long `close` waits for running requests, in milliseconds. */
  readonly drainMs?: number
  /** Takes note of what a handler threw; the peer sees a bare 500. */
  readonly onFailure?: (cause: unknown) => void
}

/** A listener that is up. */
export type Listener = {
  /** The origin, with the port that was taken. */
  readonly url: string
  readonly port: number
  /** Accepts nothing more, lets running requests end, and cuts off those that take too long. */
  readonly close: () => Promise<void>
}

/** The address cannot be listened on. One line for the operator. */
export class ListenerUnavailable extends Error {
  override readonly name = 'ListenerUnavailable'
  readonly code: string
  constructor(address: string, code: string, cause: unknown) {
    super(`cannot listen on ${address}: ${reasons.get(code) ?? code}`, { cause })
    this.code = code
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'another program uses the port'],
  ['EACCES', 'not allowed to use the port'],
  ['EADDRNOTAVAIL', 'this machine does not have the address'],
  ['ENOTFOUND', 'the host name is unknown'],
])

/** Times in milliseconds, sizes in bytes. */
const limits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  bodyTimeout: 10_000,
  keepAliveTimeout: 65_000,
  /** Room for a long access token and a proof; 64 kB is refused with 431. */
  maxHeaderSize: 32_768,
  maxConnections: 2_000,
  drain: 10_000,
} as const

/**
 * Listens, and serves every request through the handler.
 * @throws ListenerUnavailable
 */
export async function listen(handler: Handler, options: ListenOptions): Promise<Listener> {
  const server = createServer(
    {
      insecureHTTPParser: false,
      maxHeaderSize: limits.maxHeaderSize,
      headersTimeout: limits.headersTimeout,
      requestTimeout: limits.requestTimeout,
      keepAliveTimeout: limits.keepAliveTimeout,
      connectionsCheckingInterval: 2_000,
    },
    requestListener(handler, options),
  )
  server.maxConnections = limits.maxConnections
  server.on('clientError', answerBadRequest)
  const port = await bind(server, options)
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return { url: `http://${host}:${port}`, port, close: () => drain(server, options.drainMs ?? limits.drain) }
}

function warn(cause: unknown): void {
  process.emitWarning(cause instanceof Error ? cause : 'a handler failed')
}

function bind(server: Server, { host, port }: ListenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => {
      reject(new ListenerUnavailable(`${host}:${port}`, error.code ?? 'unknown', error))
    }
    server.once('error', failed)
    server.listen(port, host === 'localhost' ? '127.0.0.1' : host, () => {
      server.off('error', failed)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

/** What the HTTP parser does not take. Answered as Node would, with a bare status, and the connection is over. */
function answerBadRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  socket.destroySoon()
}

function requestListener(handler: Handler, options: ListenOptions): RequestListener {
  const { onFailure: failed = warn, addressHeader = 'none' } = options
  const serve = getRequestListener(
    (request, { incoming }) => {
      if (!(incoming instanceof IncomingMessage)) throw new TypeError('not HTTP/1.1')
      return handler(request, new NodeConnection(incoming, addressHeader))
    },
    {
      errorHandler: (cause) => {
        // The target or the Host header make no URL: the peer's doing.
        if (cause instanceof RequestError) return new Response(null, { status: 400 })
        failed(cause)
        return new Response(null, { status: 500 })
      },
    },
  )
  return (incoming, outgoing) => {
    if (hasManyHosts(incoming.rawHeaders)) {
      outgoing.writeHead(400, { connection: 'close' }).end()
      return
    }
    incoming.url = originForm(incoming.url ?? '/')
    serve(incoming, outgoing).catch(failed)
  }
}

/** More than one Host field. RFC 9112 §3.2 wants 400; Node takes the first. */
function hasManyHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  return hosts > 1
}

/** Path and query of a target in absolute form, which every server must take. RFC 9112 §3.2.2. */
function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const rest = /^https?:\/\/[^/?#]*(.*)$/i.exec(target)?.[1]
  if (rest === undefined) return target
  return rest.startsWith('/') ? rest : `/${rest}`
}

class NodeConnection implements Connection {
  readonly #incoming: IncomingMessage
  #headers: readonly (readonly [string, string])[] | undefined
  #isRead = false

  /** Read at once: a socket that was closed no longer knows. */
  readonly peerAddress: string

  constructor(incoming: IncomingMessage, addressHeader: 'none' | 'x-forwarded-for') {
    this.#incoming = incoming
    const peer = incoming.socket.remoteAddress ?? ''
    this.peerAddress =
      addressHeader === 'none' ? peer : clientAddress(peer, pairsOf(incoming.rawHeaders), addressHeader)
  }

  get target(): string {
    return this.#incoming.url ?? '/'
  }

  get headers(): readonly (readonly [string, string])[] {
    this.#headers ??= pairsOf(this.#incoming.rawHeaders)
    return this.#headers
  }

  readonly readBody = async (most: number): Promise<Uint8Array | 'too_large' | 'aborted'> => {
    if (this.#isRead) throw new Error('a body can be read once')
    this.#isRead = true
    return readRequestBody(this.#incoming, most, limits.bodyTimeout)
  }
}

/**
 * The address a proxy on this machine saw: the last entry of the header, which it wrote itself; what stands before it came
 * from the client. Any other peer speaks for itself. RFC 9700 §4.13.
 */
function clientAddress(peer: string, headers: Connection['headers'], name: string): string {
  if (!isLoopbackAddress(peer)) return peer
  const last =
    headers
      .findLast(([field]) => field === name)?.[1]
      .split(',')
      .at(-1)
      ?.trim() ?? ''
  return isIP(last) === 0 ? peer : last
}

function pairsOf(rawHeaders: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    pairs.push([(rawHeaders[index] ?? '').toLowerCase(), rawHeaders[index + 1] ?? ''])
  }
  return pairs
}

async function drain(server: Server, most: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // A kept-alive connection becomes idle only when its request has ended.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  const cutOff = setTimeout(() => server.closeAllConnections(), most)
  await closed
  clearInterval(sweep)
  clearTimeout(cutOff)
}
