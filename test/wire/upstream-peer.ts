/** Another provider that somebody else wrote: oidc-provider on a loopback socket, with pushed requests and PKCE. */

import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type ClientMetadata } from 'oidc-provider'

/** It, as a server of ours and a test see it. */
export type Peer = {
  readonly issuer: string
  readonly clientId: string
  readonly close: () => Promise<void>
}

/** How our server is known there. */
export type KnownAs =
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly secret: string }
  | { readonly method: 'private_key_jwt'; readonly key: KeyObject }

const clientId = 'strongroom'

/** Starts one. Its people are who they say they are: the page asks for a name, and nothing else. */
export async function startPeer(redirectUri: string, known: KnownAs): Promise<Peer> {
  let answer: (request: IncomingMessage, response: ServerResponse) => Promise<void> = () => Promise.resolve()
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(500).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo | string | null = server.address()
  const issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  answer = serve(issuer, redirectUri, known)
  return {
    issuer,
    clientId,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function clientOf(redirectUri: string, known: KnownAs): ClientMetadata {
  const common = {
    client_id: clientId,
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code'],
    response_types: ['code'] as const,
    token_endpoint_auth_method: known.method,
    id_token_signed_response_alg: 'ES256',
  } as const
  if (known.method !== 'private_key_jwt') return { ...common, response_types: ['code'], client_secret: known.secret }
  const { x, y } = known.key.export({ format: 'jwk' })
  return {
    ...common,
    response_types: ['code'],
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '', use: 'sig' }] },
  }
}

function serve(issuer: string, redirectUri: string, known: KnownAs) {
  const { d, x, y } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  const provider = new Provider(issuer, {
    clients: [clientOf(redirectUri, known)],
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    jwks: { keys: [{ kty: 'EC', crv: 'P-256', x, y, d, alg: 'ES256', use: 'sig' }] },
    acrValues: ['gold'],
    claims: {
      auth_time: null,
      iss: null,
      // Told without being asked for one by one.
      openid: ['sub', 'acr', 'amr'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
    },
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
    },
    findAccount: (_context, accountId) => ({
      accountId,
      claims: () => ({
        sub: accountId,
        name: `${accountId} of the peer`,
        preferred_username: accountId,
        email: `${accountId}@peer.example`,
        email_verified: true,
      }),
    }),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
  })
  const callback = provider.callback()
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url?.startsWith('/interaction/') !== true) return callback(request, response)
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/html' })
      return void response.end(`<form method="post" action="${request.url}"><input name="account"></form>`)
    }
    const accountId = new URLSearchParams(await textOf(request)).get('account') ?? ''
    if (accountId === '') {
      return provider.interactionFinished(request, response, { error: 'access_denied' })
    }
    const grant = new provider.Grant({ accountId, clientId })
    grant.addOIDCScope('openid profile email')
    const login = { accountId, acr: 'gold', amr: ['pwd', 'otp'] }
    return provider.interactionFinished(request, response, { login, consent: { grantId: await grant.save() } })
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
