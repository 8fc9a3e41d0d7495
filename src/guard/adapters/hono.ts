/** The guard as Hono middleware, on Node. */

import type { MiddlewareHandler } from 'hono'
import type { IncomingMessage } from 'node:http'
import { stripCertificateHeaders } from '../../node/tls/certificate-headers.ts'
import { claimOfSocket } from '../../node/tls/socket-certificate.ts'
import type { Access, Guard, GuardedConnection } from '../guard.ts'

/** What a guarded Hono app is typed with: `new Hono<GuardEnv>()`. */
export type GuardEnv = {
  /** As `@hono/node-server` hands it over. */
  readonly Bindings: { readonly incoming: IncomingMessage }
  /** The verdict, in every handler behind the guard. */
  readonly Variables: { access: Access }
}

/** Where to find the connection of a request; under `@hono/node-server`, where that puts it. */
export type HonoGuardOptions = { readonly connection?: (bindings: GuardEnv['Bindings']) => GuardedConnection }

/**
 * Middleware that lets through what the guard lets through, with the verdict as `c.get('access')`, and serves the
 * protected resource metadata. Put it before everything: `app.use(honoGuard(guard))`.
 */
export function honoGuard(guard: Guard, options: HonoGuardOptions = {}): MiddlewareHandler<GuardEnv> {
  const connectionIn = options.connection ?? ((bindings: GuardEnv['Bindings']) => connectionOf(bindings.incoming))
  return async (c, next) => {
    const connection = connectionIn(c.env)
    const document = guard.wellKnown(c.req.raw, connection)
    if (document !== undefined) return document
    const verdict = await guard(c.req.raw, connection)
    if (verdict.kind === 'refusal') return verdict.response
    c.set('access', verdict)
    await next()
    // A response that came from elsewhere, by `fetch`, does not let its headers be set.
    if (!setHeaders(c.res, verdict.headers)) {
      c.res = new Response(c.res.body, c.res)
      setHeaders(c.res, verdict.headers)
    }
    return undefined
  }
}

function setHeaders(response: Response, headers: Access['headers']): boolean {
  try {
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
    return true
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

/**
 * The connection behind a Node request. The header list is the raw one: `req.headers` silently drops a second
 * Authorization. A certificate is the one of the socket's own handshake, and no header speaks for it: where a proxy ends
 * TLS, make the connection with what you know of that proxy. RFC 9700 §4.13.
 */
export function connectionOf(incoming: IncomingMessage): GuardedConnection {
  const { rawHeaders, socket, url } = incoming
  const headers: [name: string, value: string][] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.push([(rawHeaders[index] ?? '').toLowerCase(), rawHeaders[index + 1] ?? ''])
  }
  const kept = stripCertificateHeaders(headers)
  const { certificate, certificateTrouble } = claimOfSocket(socket)
  const isClaimed = certificate === undefined && kept.stripped.length > 0
  return {
    peerAddress: socket.remoteAddress ?? '',
    headers: kept.headers,
    target: url ?? '',
    entrance: 'main',
    certificate,
    certificateTrouble: certificateTrouble ?? (isClaimed ? 'header_from_unlisted_peer' : undefined),
  }
}
