/** The authorization server. */

import { Hono } from 'hono'
import type { Connection, Handler } from '../core/ports.ts'
import { account, accountSignIn } from './account/account.ts'
import { endAccess } from './account/end-access.ts'
import { endOtherSignIn } from './account/end-sign-in.ts'
import { passkeyEndpoints } from './account/passkey-forms.ts'
import type { ServerConfig, ServerPorts } from './config.ts'
import { type Endpoint, refusingEndpoint } from './endpoint.ts'
import { authorization } from './endpoints/authorization.ts'
import { endSession } from './endpoints/end-session.ts'
import { introspection } from './endpoints/introspection.ts'
import { jwks } from './endpoints/jwks.ts'
import { metadata } from './endpoints/metadata.ts'
import { pushedAuthorizationRequest } from './endpoints/pushed-authorization-request.ts'
import { revocation } from './endpoints/revocation.ts'
import { token } from './endpoints/token.ts'
import { userinfo } from './endpoints/userinfo.ts'
import { cancel, consent } from './interaction/decision.ts'
import { interaction } from './interaction/interaction.ts'
import { assemble, type Server } from './server.ts'
import { decideInteraction } from './sign-in-app/decide.ts'
import { finishInteraction } from './sign-in-app/finish.ts'
import { startInteraction } from './sign-in-app/start.ts'
import { signInWithPasskey } from './sign-in/passkey.ts'
import { signInWithPassword } from './sign-in/password.ts'
import { signInUpstream } from './sign-in/upstream.ts'

export type { Api, ServerConfig, ServerPorts } from './config.ts'
export type { Pages } from './pages.ts'

/**
 * An authorization server for one issuer. It starts nothing and listens nowhere: it answers requests.
 *
 * Anything outside the FAPI 2.0 Security Profile is refused; there is no configuration for it.
 */
export function createServer(config: ServerConfig, ports: ServerPorts): Handler {
  const server = assemble(config, ports)
  const router = routes(server)
  return async (request, connection) => {
    // Our addresses have one spelling: what a proxy in front decided on is what is routed.
    const [path = ''] = connection.target.split('?', 1)
    const isPlain = !path.includes('%') && new URL(request.url).pathname === path
    if (isPlain) return router.fetch(request, { connection })
    return refuseUnknownPath(server, { connection, method: request.method, path: {} })
  }
}

function endpointsOf(server: Server): readonly Endpoint[] {
  return [
    ...metadata(server),
    jwks,
    pushedAuthorizationRequest,
    authorization,
    interaction,
    ...signInWithPassword,
    ...signInWithPasskey,
    account,
    accountSignIn,
    endAccess,
    endOtherSignIn,
    ...passkeyEndpoints,
    ...signInUpstream,
    consent,
    cancel,
    startInteraction,
    decideInteraction,
    finishInteraction,
    token,
    introspection,
    revocation,
    ...userinfo,
    ...endSession,
  ]
}

const refuseUnknownPath = refusingEndpoint('not_found', {}, 'metadata')

/** Every method of every path; any other method of a known path is 405, any other path 404. */
function routes(server: Server): Hono<{ Bindings: { connection: Connection } }> {
  const router = new Hono<{ Bindings: { connection: Connection } }>()
  const byPath = Map.groupBy(endpointsOf(server), ({ path }) =>
    path.startsWith('//') ? path.slice(1) : server.basePath + path,
  )
  for (const [path, endpoints] of byPath) {
    const allow = endpoints.map(({ method }) => method).join(', ')
    const step = endpoints[0]?.step ?? 'metadata'
    const refuseMethod = refusingEndpoint('method_not_allowed', { allow }, step)
    // One handler for each path: of several that match, Hono makes a chain, which costs more.
    router.all(path, (c) => {
      const { method } = c.req
      const { connection } = c.env
      // HEAD reads a document; it is no way to do what a GET does elsewhere.
      const wanted = method === 'HEAD' && step === 'metadata' ? 'GET' : method
      const endpoint = endpoints.find((one) => one.method === wanted)
      if (endpoint === undefined) return refuseMethod(server, { connection, method, path: {} })
      return endpoint.handle(server, { connection, method, path: c.req.param() })
    })
  }
  router.notFound((c) => refuseUnknownPath(server, { connection: c.env.connection, method: c.req.method, path: {} }))
  return router
}
