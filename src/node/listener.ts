/** HTTP/1.1 in front of a handler: bounded in time, size and number, and nothing a peer sends brings it down. */

import { getRequestListener, RequestError } from '@hono/node-server'
import { createServer, IncomingMessage, type RequestListener, type Server, STATUS_CODES } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { networkOf } from '../core/ip-address.ts'
import type { Connection, Handler } from '../core/ports.ts'
import type { Belief } from './claims.ts'
import { NodeConnection } from './connection.ts'
import { loopbackPeers, peerList } from './peers.ts'
import type { AdapterName } from './tls/proxy-adapters.ts'
import { selfTestAdapter } from './tls/self-test.ts'
import {
  readServerCertificate,
  type ServerCertificate,
  type ServerTls,
  tlsOptions,
  watchServerCertificate,
} from './tls/server-certificate.ts'

/** Where to listen, and what to do when a handler has a bug. */
export type ListenOptions = {
  /** An address or a host name. `localhost` is 127.0.0.1. */
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** TLS that ends here. Without it, plain HTTP. */
  readonly tls?: ServerTls
  /** How a proxy passes on the certificate of a client, and which peers are that proxy. Means nothing beside `tls`. */
  readonly certificateHeader?: CertificateHeader
  /** The header in which a proxy names the client it speaks for; believed from trusted peers only. */
  readonly addressHeader?: 'none' | 'x-forwarded-for'
  /** Addresses and ranges of the proxies whose address header is believed; this machine unless told. */
  readonly trustedPeers?: readonly string[]
  /** Which door of the server this is. RFC 8705 §5. */
  readonly entrance?: Connection['entrance']
  /** How many connections one network may hold, 256 unless given; proxies that are believed may hold all. */
  readonly connectionsPerNetwork?: number
  /** How long a TLS handshake may take, in milliseconds. */
  readonly handshakeMs?: number
  /** How long `close` waits for running requests, in milliseconds. */
  readonly drainMs?: number
  /** Takes note of what a handler threw; the peer sees a bare 500. */
  readonly onFailure?: (cause: unknown) => void
}

/** Certificates of clients in a header of the proxy that ends TLS. */
export type CertificateHeader = {
  readonly adapter: AdapterName
  /** Addresses, and ranges such as `10.0.0.0/8`. */
  readonly peers: readonly string[]
}

/** A listener that is up. */
export type Listener = {
  /** The origin, with the port that was taken. */
  readonly url: string
  readonly port: number
  /** Looks now whether the files of certificate and key have changed. It does so by itself, every few seconds. */
  readonly reload: () => Promise<void>
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
  connectionsPerNetwork: 256,
  drain: 10_000,
  handshake: 10_000,
} as const

/**
 * Listens, and serves every request through the handler.
 * @throws ListenerUnavailable, ServerCertificateUnavailable, CertificateHeaderUnsafe
 */
export async function listen(handler: Handler, options: ListenOptions): Promise<Listener> {
  const { tls, onFailure = warn } = options
  const certificate = tls === undefined ? undefined : await readServerCertificate(tls)
  const belief = beliefOf(options)
  const server = serverFor(requestListener(handler, belief, options), options, certificate)
  server.maxConnections = limits.maxConnections
  server.on('clientError', answerBadRequest)
  const sockets = openSockets(server, belief, options.connectionsPerNetwork ?? limits.connectionsPerNetwork)
  const port = await bind(server, options)
  const watch =
    server instanceof TlsServer && tls !== undefined && certificate !== undefined
      ? watchServerCertificate(tls, certificate, { use: (context) => server.setSecureContext(context), onFailure })
      : { look: () => Promise.resolve(), stop: () => undefined }
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${host}:${port}`,
    port,
    reload: watch.look,
    close: () => {
      watch.stop()
      return drain(server, sockets, options.drainMs ?? limits.drain)
    },
  }
}

function serverFor(
  serve: RequestListener,
  { tls, handshakeMs = limits.handshake }: ListenOptions,
  certificate: ServerCertificate | undefined,
): Server | TlsServer {
  const bounds = {
    insecureHTTPParser: false,
    maxHeaderSize: limits.maxHeaderSize,
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    connectionsCheckingInterval: 2_000,
  }
  if (tls === undefined || certificate === undefined) return createServer(bounds, serve)
  return createTlsServer({ ...bounds, ...tlsOptions(tls, handshakeMs), ...certificate.context }, serve)
}

/** Whom to believe what, tried before anybody is. Where TLS ends here, no header speaks for a certificate. */
function beliefOf({ addressHeader = 'none', trustedPeers, certificateHeader, tls }: ListenOptions): Belief {
  const addressPeers = trustedPeers === undefined ? loopbackPeers : peerList(trustedPeers)
  if (certificateHeader === undefined || tls !== undefined) {
    return { addressHeader, addressPeers, certificateHeader: undefined }
  }
  const { adapter, peers } = certificateHeader
  const belief = { addressHeader, addressPeers, certificateHeader: { adapter, peers: peerList(peers) } }
  selfTestAdapter(belief, peers[0]?.split('/')[0] ?? '')
  return belief
}

/**
 * The sockets that are open, those in the middle of a handshake included. A network gets `most` of them, so that nobody
 * alone takes them all; a proxy speaks for many.
 */
function openSockets(
  server: Server | TlsServer,
  { addressPeers, certificateHeader }: Belief,
  most: number,
): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  const held = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const peer = socket.remoteAddress ?? ''
    const isProxy = addressPeers(peer) || certificateHeader?.peers(peer) === true
    const network = networkOf(peer)
    const count = isProxy ? 0 : (held.get(network) ?? 0) + 1
    if (count > most) {
      socket.destroy()
      return
    }
    if (!isProxy) held.set(network, count)
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      const left = (held.get(network) ?? 0) - 1
      if (isProxy) return
      if (left > 0) held.set(network, left)
      else held.delete(network)
    })
  })
  return sockets
}

function warn(cause: unknown): void {
  process.emitWarning(cause instanceof Error ? cause : 'a handler failed')
}

function bind(server: Server | TlsServer, { host, port }: ListenOptions): Promise<number> {
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
  const isInHandshake = 'secureConnecting' in socket && socket.secureConnecting === true
  if (!socket.writable || isInHandshake || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  socket.destroySoon()
}

function requestListener(handler: Handler, belief: Belief, options: ListenOptions): RequestListener {
  const { onFailure: failed = warn, entrance = 'main' } = options
  const connections = new WeakMap<IncomingMessage, NodeConnection>()
  const serve = getRequestListener(
    (request, { incoming }) => {
      const connection = incoming instanceof IncomingMessage ? connections.get(incoming) : undefined
      if (connection === undefined) throw new TypeError('not HTTP/1.1')
      return handler(request, connection)
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
    connections.set(incoming, new NodeConnection(incoming, belief, { entrance, bodyTimeout: limits.bodyTimeout }))
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

async function drain(server: Server | TlsServer, sockets: ReadonlySet<Socket>, most: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // A kept-alive connection becomes idle only when its request has ended.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  const cutOff = setTimeout(() => {
    for (const socket of sockets) socket.destroy()
  }, most)
  await closed
  clearInterval(sweep)
  clearTimeout(cutOff)
}
