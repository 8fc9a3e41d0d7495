import { endpointPaths } from '../../core/metadata.ts'
import { refuse } from '../../core/oauth-error.ts'
import type { Connection } from '../../core/ports.ts'
import { checkAccess } from '../../core/protected-resource.ts'
import { NoParameters, type Pairs } from '../../core/wire/form.ts'
import { ok, okAsJwt } from '../answers.ts'
import { type Call, headerValues, queryOf, readFormBody } from '../call.ts'
import { claimsByName, claimsByScope } from '../claims.ts'
import { resourceEndpoint } from '../endpoint.ts'
import { resourcePowers, type Server } from '../server.ts'
import { signUserinfo } from '../tokens.ts'

/** UserInfo endpoint, by GET and POST: a protected resource like any other. OIDC Core §5.3; FAPI 2.0 SP §5.3.4. */
export const userinfo = [
  resourceEndpoint('GET', endpointPaths.userinfo, NoParameters, () => Promise.resolve([]), claimsOfThePerson),
  resourceEndpoint('POST', endpointPaths.userinfo, NoParameters, noTokenInTheBody, claimsOfThePerson),
]

async function claimsOfThePerson(call: Call<unknown>, server: Server) {
  const { method, url, connection } = call
  const { headers, target, certificate } = connection
  const requirement = { scope: ['openid'], speaksFor: 'person' } as const
  const { token } = await checkAccess(
    { method, url, headers, target, certificate },
    requirement,
    resourcePowers(server),
  )
  call.note({ clientId: token.clientId })

  // The token may name the person under a pairwise subject: the grant knows who it is.
  const grant = token.grantRef === undefined ? undefined : await server.store.grants.find(token.grantRef)
  if (grant !== undefined) call.note({ subject: grant.subject })
  const user = grant === undefined ? undefined : await server.store.users.bySubject(grant.subject)
  const client = await server.store.clients.find(token.clientId)
  if (grant === undefined || user === undefined || client === undefined) return refuse('access_token_revoked')
  const claims = {
    ...claimsByScope(token.scope, user.claims),
    ...claimsByName(grant.claims.userinfo, client, user.claims),
    sub: token.subject,
  }
  const alg = client.userinfoSignedResponseAlg
  return alg === undefined ? ok(claims) : okAsJwt(await signUserinfo(alg, client.clientId, claims, server))
}

/** A form body is read only to say no to a token in it. FAPI 2.0 SP §5.3.4-1. */
async function noTokenInTheBody(connection: Connection): Promise<Pairs> {
  const { target } = connection
  if (queryOf(target) !== undefined || headerValues(connection, 'content-type').length === 0) return []
  const pairs = await readFormBody(connection)
  if (pairs.some(([name]) => name === 'access_token')) refuse('access_token_in_body')
  return []
}
