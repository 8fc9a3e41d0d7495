/** oidc-provider with its in-memory adapter, in its FAPI 2.0 profile, doing the same work with the same algorithms. */

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import Provider, { type Configuration } from 'oidc-provider'
import {
  type Actor,
  readActors,
  theApi,
  theClient,
  theKid,
  theRedirectUri,
  theResource,
  theScope,
  theUsername,
} from '../actors.ts'
import { endWhenTold, serverTask } from './ready.ts'

const { port, actors, work } = serverTask()
const { client, api } = readActors(actors)
const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })

const authenticated = ({ publicJwk: { x, y } }: Actor) =>
  ({
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    id_token_signed_response_alg: 'ES256',
    jwks: { keys: [{ kty: 'EC', crv: 'P-256', x, y, kid: theKid, use: 'sig' }] },
  }) as const

const configuration: Configuration = {
  clients: [
    {
      client_id: theClient,
      ...authenticated(client),
      grant_types: ['authorization_code', 'client_credentials', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: [theRedirectUri],
      dpop_bound_access_tokens: true,
      scope: `openid offline_access ${theScope}`,
    },
    { client_id: theApi, ...authenticated(api), grant_types: [], response_types: [], redirect_uris: [] },
  ],
  clientAuthMethods: ['private_key_jwt'],
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  jwks: {
    keys: [{ kty: 'EC', crv: 'P-256', x: signingKey.x, y: signingKey.y, d: signingKey.d, alg: 'ES256', use: 'sig' }],
  },
  scopes: ['openid', 'offline_access', theScope],
  ttl: {
    AuthorizationCode: 60,
    ClientCredentials: 300,
    Grant: 2_592_000,
    IdToken: 300,
    Interaction: 600,
    RefreshToken: 2_592_000,
    Session: 3600,
  },
  // As the profile wants it. FAPI 2.0 SP §5.3.2.1-9.
  rotateRefreshToken: false,
  findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    fapi: { enabled: true, profile: '2.0' },
    introspection: { enabled: true, allowedPolicy: (_context, asking) => asking.clientId === theApi },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => theResource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: theScope,
        audience: theResource,
        accessTokenTTL: 300,
        // It answers questions about opaque tokens only.
        accessTokenFormat: work === 'introspection' ? 'opaque' : 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
}

const provider = new Provider(`http://127.0.0.1:${port}`, configuration)
provider.on('server_error', (_context, error) => console.error(error))
const answer = provider.callback()

/** Signs the one person in and allows everything, without a question. */
async function allow(request: IncomingMessage, response: ServerResponse): Promise<void> {
  await provider.interactionDetails(request, response)
  const grant = new provider.Grant({ accountId: theUsername, clientId: theClient })
  grant.addOIDCScope(`openid offline_access ${theScope}`)
  grant.addResourceScope(theResource, theScope)
  const result = { login: { accountId: theUsername }, consent: { grantId: await grant.save() } }
  await provider.interactionFinished(request, response, result)
}

const server = createServer((request, response) => {
  if (request.url?.startsWith('/interaction/') !== true) return void answer(request, response)
  allow(request, response).catch((cause: unknown) => {
    console.error(cause)
    response.writeHead(500).end()
  })
})
server.keepAliveTimeout = 65_000
server.listen(port, '127.0.0.1')
endWhenTold(() => server.closeAllConnections())
