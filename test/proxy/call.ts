/** Requests of clients: through a proxy with TLS, or straight to the port behind it. */

import { createHash } from 'node:crypto'
import { request as plainRequest, type ClientRequest } from 'node:http'
import { Agent, request } from 'node:https'
import { TLSSocket } from 'node:tls'
import { isJsonObject, type JsonObject } from '../../src/core/names.ts'

/** A certificate with the key to prove it, and what is sent along. */
export type Identity = { readonly der: Uint8Array; readonly pem: string; readonly keyPem: string }

/** A header field. */
export type Field = readonly [name: string, value: string]

/** Where a call goes. */
export type Target = {
  readonly port: number
  /** The name in SNI and Host; plain HTTP when there is none. */
  readonly servername?: string
  /** What signs the certificate of the proxy. */
  readonly ca?: string
}

/** One call. */
export type Call = {
  readonly path?: string
  /** A form to post; without one the call is a GET. */
  readonly form?: Readonly<Record<string, string>>
  readonly certificate?: Identity
  readonly fields?: readonly Field[]
  /** The loopback address to call from. */
  readonly from?: string
  /** Connections that are kept between calls. */
  readonly agent?: Agent
  /** A version of TLS, and a session to go on with. */
  readonly tls?: { readonly maxVersion: 'TLSv1.2' | 'TLSv1.3'; readonly session?: Buffer }
}

/** What came back. */
export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: JsonObject
  /** The session of TLS that was offered for the next time. */
  readonly session: Buffer | undefined
  readonly isResumed: boolean
}

/** Connections of one client, kept alive. */
export function keptConnections(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 4 })
}

/** Sends one request. Fields go out as they are, also twice. */
export async function call({ port, servername, ca }: Target, sent: Call): Promise<Answer> {
  const { path = '/token', form, certificate, fields = [], from = '127.0.0.1', agent, tls } = sent
  const body = form === undefined ? '' : new URLSearchParams(form).toString()
  const own: Field[] = [['Host', servername ?? `127.0.0.1:${port}`]]
  if (form !== undefined) {
    own.push(['Content-Type', 'application/x-www-form-urlencoded'], ['Content-Length', String(Buffer.byteLength(body))])
  }
  const common = {
    host: '127.0.0.1',
    port,
    path,
    method: form === undefined ? 'GET' : 'POST',
    localAddress: from,
    headers: [...own, ...fields].flat(),
  }
  const secure = {
    ...tls,
    servername,
    ca,
    agent: agent ?? false,
    ...(certificate === undefined ? {} : { cert: certificate.pem, key: certificate.keyPem }),
  }
  const outgoing =
    servername === undefined ? plainRequest({ ...common, agent: false }) : request({ ...common, ...secure })
  const handshake: Handshake = { session: undefined, isResumed: false }
  if (tls !== undefined) outgoing.on('socket', (socket) => watch(socket, handshake))
  return { ...(await answerTo(outgoing, body)), ...handshake }
}

type Handshake = { session: Buffer | undefined; isResumed: boolean }

function watch(socket: unknown, handshake: Handshake): void {
  if (!(socket instanceof TLSSocket)) return
  socket.on('session', (offered: Buffer) => (handshake.session = offered))
  socket.on('secureConnect', () => {
    handshake.session ??= socket.getSession()
    handshake.isResumed = socket.isSessionReused()
  })
}

function answerTo(outgoing: ClientRequest, body: string): Promise<Omit<Answer, keyof Handshake>> {
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      let text = ''
      incoming.on('error', reject)
      incoming.on('data', (data) => (text += data))
      incoming.on('end', () => {
        const headers = new Headers()
        for (const [name, value] of Object.entries(incoming.headers)) headers.set(name, String(value))
        resolve({ status: incoming.statusCode ?? 0, headers, text, json: objectIn(text) })
      })
    })
    outgoing.end(body)
  })
}

function objectIn(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : {}
  } catch {
    return {}
  }
}

/** The thumbprint an access token is bound to; undefined where none was issued. RFC 8705 §3.1. */
export function boundTo({ json }: Answer): string | undefined {
  const token = json['access_token']
  if (typeof token !== 'string') return undefined
  const claims = objectIn(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const confirmation = claims['cnf']
  const thumbprint = isJsonObject(confirmation) ? confirmation['x5t#S256'] : undefined
  return typeof thumbprint === 'string' ? thumbprint : undefined
}

/** RFC 8705 §3.1. */
export function thumbprintOf({ der }: Identity): string {
  return createHash('sha256').update(der).digest('base64url')
}
