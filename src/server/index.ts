/** The authorization server. */

import { Hono } from 'hono'
import type { Connection, Handler } from '../core/ports.ts'
import type { ServerConfig, ServerPorts } from './config.ts'
import { type Endpoint, refusingEndpoint } from './endpoint.ts'
import { authorization } from './endpoints/authorization.ts'
import { jwks } from './endpoints/jwks.ts'
import { metadata } from './endpoints/metadata.ts'
import { pushedAuthorizationRequest } from './endpoints/pushed-authorization-request.ts'
import { token } from './endpoints/token.ts'
import { userinfo } from './endpoints/userinfo.ts'
import { cancel, consent } from './interaction/decision.ts'
import { interaction } from './interaction/interaction.ts'
import { signIn } from './interaction/sign-in.ts'
import { assemble, type Server } from './server.ts'

export type { Api, ApiScope, ServerConfig, ServerPorts } from './config.ts'
export type { ClientView, ConsentView, ErrorView, Pages, SignInView } from './pages.ts'

/**
 * An authorization server for one issuer. It starts nothing and listens nowhere: it answers requests.
 *
 * Anything outside the FAPI 2.0 Security Profile is refused; there is no configuration for it.
 */
export function createServer(config: ServerConfig, ports: ServerPorts): Handler {
  const server = assemble(config, ports)
  const router = routes(server)
  return async (request, connection) => router.fetch(request, { connection })
}

function endpointsOf(server: Server): readonly Endpoint[] {
  return [
    ...metadata(server),
    jwks,
    pushedAuthorizationRequest,
    authorization,
    interaction,
    signIn,
    consent,
    cancel,
    token,
    ...userinfo,
  ]
}

/** Every method of every path; any other method of a known path is 405, any other path 404. */
function routes(server: Server): Hono<{ Bindings: { connection: Connection } }> {
  const router = new Hono<{ Bindings: { connection: Connection } }>()
  const allowed = new Map<string, string[]>()
  for (const { method, path, handle } of endpointsOf(server)) {
    const full = path.startsWith('//') ? path.slice(1) : server.basePath + path
    allowed.set(full, [...(allowed.get(full) ?? []), method])
    router.on(method, full, (c) =>
      handle(server, { connection: c.env.connection, method: c.req.method, path: c.req.param() }),
    )
  }
  for (const [path, methods] of allowed) {
    const refuseMethod = refusingEndpoint('method_not_allowed', { allow: methods.join(', ') })
    router.all(path, (c) => refuseMethod(server, { connection: c.env.connection, method: c.req.method, path: {} }))
  }
  const refusePath = refusingEndpoint('not_found', {})
  router.notFound((c) => refusePath(server, { connection: c.env.connection, method: c.req.method, path: {} }))
  return router
}
