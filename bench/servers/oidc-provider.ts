/** oidc-provider with its in-memory adapter, in its FAPI 2.0 profile, doing the same work with the same algorithms. */

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import Provider, { type Configuration } from 'oidc-provider'
import { readActors, theClient, theKid, theRedirectUri, theResource, theScope } from '../actors.ts'
import { endWhenTold, serverTask } from './ready.ts'

const { port, actors } = serverTask()
const { client } = readActors(actors)
const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })

const configuration: Configuration = {
  clients: [
    {
      client_id: theClient,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      id_token_signed_response_alg: 'ES256',
      jwks: {
        keys: [{ kty: 'EC', crv: 'P-256', x: client.publicJwk.x, y: client.publicJwk.y, kid: theKid, use: 'sig' }],
      },
      grant_types: ['authorization_code', 'client_credentials'],
      response_types: ['code'],
      redirect_uris: [theRedirectUri],
      dpop_bound_access_tokens: true,
      scope: `openid ${theScope}`,
    },
  ],
  clientAuthMethods: ['private_key_jwt'],
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  jwks: {
    keys: [{ kty: 'EC', crv: 'P-256', x: signingKey.x, y: signingKey.y, d: signingKey.d, alg: 'ES256', use: 'sig' }],
  },
  scopes: ['openid', theScope],
  ttl: { ClientCredentials: 300 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    fapi: { enabled: true, profile: '2.0' },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => theResource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: theScope,
        audience: theResource,
        accessTokenTTL: 300,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
}

const provider = new Provider(`http://127.0.0.1:${port}`, configuration)
provider.on('server_error', (_context, error) => console.error(error))
const server = provider.listen(port, '127.0.0.1')
server.keepAliveTimeout = 65_000
endWhenTold(() => server.closeAllConnections())
