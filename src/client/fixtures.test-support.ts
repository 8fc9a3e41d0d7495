/** An authorization server and an API on loopback sockets, which can be told to lie. */

import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { inspect } from 'node:util'
import { joseSigner, parseCompactJws, signJwt } from '../core/jose.ts'
import type { JsonObject } from '../core/names.ts'
import type { Signer } from '../core/ports.ts'
import {
  type Client,
  ClientError,
  type ClientErrorReason,
  createClient,
  generatePrivateJwk,
  nodeClientPorts,
  type Pending,
  publicJwkOf,
} from './index.ts'

const servers: Server[] = []
after(() => servers.forEach((server) => server.close()))

export type Hit = { path: string; headers: IncomingMessage['headers']; form: URLSearchParams; method: string }
export type Answer = { status: number; headers?: Record<string, string>; body?: unknown; text?: string }
export type Route = (hit: Hit) => Answer | undefined | Promise<Answer | undefined>

export async function listen(routes: Record<string, Route>, hits: Hit[]): Promise<string> {
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => (text += chunk))
    const answer = async () => {
      const path = (request.url ?? '').split('?')[0] ?? ''
      const hit = { path, headers: request.headers, form: new URLSearchParams(text), method: request.method ?? '' }
      hits.push(hit)
      const { status, headers = {}, body, text: raw } = (await routes[path]?.(hit)) ?? { status: 404 }
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(body === undefined ? (raw ?? '') : JSON.stringify(body))
    }
    request.on('end', () => void answer())
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An authorization server and an API that are honest until a test makes them otherwise. */
export async function world() {
  const serverKey = generatePrivateJwk()
  const hits: Hit[] = []
  const apiHits: Hit[] = []
  const lie = {
    metadata: (honest: Record<string, unknown>): Record<string, unknown> => honest,
    resource: (honest: Record<string, unknown>): Record<string, unknown> => honest,
    claims: (honest: Record<string, unknown>): Record<string, unknown> => honest,
    tokens: (honest: Record<string, unknown>): Record<string, unknown> => honest,
    header: { typ: 'JWT' } as Record<string, unknown>,
    jwks: (honest: readonly object[]): unknown => ({ keys: honest }),
    sign: undefined as ((header: JsonObject, claims: JsonObject) => Promise<string>) | undefined,
    seal: undefined as ((jwt: string) => Promise<string>) | undefined,
    idTokenKey: serverKey,
    discovery: undefined as Route | undefined,
    par: undefined as Route | undefined,
    token: undefined as Route | undefined,
    userinfo: undefined as Route | undefined,
    revoke: undefined as Route | undefined,
    accounts: undefined as Route | undefined,
  }
  const nonces = new Map<string | null, string | null>()
  const api: { url: string } = { url: '' }
  const routes: Record<string, Route> = {
    '/.well-known/openid-configuration': (hit) =>
      lie.discovery?.(hit) ?? { status: 200, body: lie.metadata(honestMetadata(issuer)) },
    '/jwks': () => ({ status: 200, body: lie.jwks([publicJwkOf(serverKey)]) }),
    '/par': (hit) => {
      nonces.set(hit.form.get('code_challenge'), hit.form.get('nonce'))
      return lie.par?.(hit) ?? { status: 201, body: { request_uri: 'urn:example:1', expires_in: 90 } }
    },
    '/token': async (hit) => (await lie.token?.(hit)) ?? { status: 200, body: lie.tokens(await honestTokens(hit)) },
    '/revoke': (hit) => lie.revoke?.(hit) ?? { status: 200 },
    '/userinfo': (hit) => lie.userinfo?.(hit) ?? { status: 200, body: { sub: 'alice', name: 'Alice' } },
  }
  const idToken = async (claims: JsonObject, signer: Signer) => {
    const header = { ...lie.header }
    const jwt = await (lie.sign === undefined ? signJwt(header, claims, signer) : lie.sign(header, claims))
    return lie.seal === undefined ? jwt : lie.seal(jwt)
  }
  const honestTokens = async (hit: Hit) => {
    const now = Math.floor(Date.now() / 1000)
    const verifier = hit.form.get('code_verifier') ?? ''
    const nonce = nonces.get(hash('sha256', verifier, 'base64url')) ?? null
    const claims = {
      iss: issuer,
      aud: 'app',
      sub: 'alice',
      iat: now,
      exp: now + 300,
      ...(nonce === null ? {} : { nonce }),
    }
    const signer = await joseSigner(lie.idTokenKey, 'ES256', serverKey.kid)
    const isPerson = hit.form.get('grant_type') !== 'client_credentials'
    return {
      access_token: 'secret-access-token',
      token_type: 'DPoP',
      expires_in: 300,
      ...(isPerson ? { id_token: await idToken(lie.claims(claims), signer) } : {}),
    }
  }
  const issuer = await listen(routes, hits)
  api.url = await listen(
    {
      '/.well-known/oauth-protected-resource': () => ({
        status: 200,
        body: lie.resource({
          resource: api.url,
          authorization_servers: [issuer],
          dpop_bound_access_tokens_required: true,
        }),
      }),
      '/accounts': (hit) => lie.accounts?.(hit) ?? { status: 200, body: ['savings'] },
    },
    apiHits,
  )
  const ports = nodeClientPorts({ allowedOrigins: [issuer, api.url] })
  const config = {
    issuer,
    resource: api.url,
    clientId: 'app',
    redirectUri: 'http://127.0.0.1:4600/callback?from=bank',
    scope: 'openid accounts',
    keys: { assertion: generatePrivateJwk() },
  }
  const tokenHits = () => hits.filter(({ path }) => path === '/token')
  return {
    issuer,
    api: api.url,
    lie,
    hits,
    apiHits,
    tokenHits,
    config,
    ports,
    connect: () => createClient(config, ports),
  }
}

function honestMetadata(issuer: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    pushed_authorization_request_endpoint: `${issuer}/par`,
    userinfo_endpoint: `${issuer}/userinfo`,
    revocation_endpoint: `${issuer}/revoke`,
    end_session_endpoint: `${issuer}/logout`,
    jwks_uri: `${issuer}/jwks`,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['ES256', 'PS256'],
    id_token_signing_alg_values_supported: ['ES256', 'RS256'],
    dpop_signing_alg_values_supported: ['ES256'],
  }
}

export function callback(pending: Pending, changes: Record<string, string | undefined> = {}): string {
  const url = new URL(pending.redirectUri)
  const parameters = { code: 'the-code', state: pending.state, iss: pending.issuer, ...changes }
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.append(name, value)
  return url.href
}

export async function signIn(client: Client) {
  const { pending } = await client.begin()
  return client.finish(callback(pending), pending)
}

export function refused(reason: ClientErrorReason) {
  return (error: unknown) => {
    assert.ok(error instanceof ClientError, inspect(error))
    assert.equal(error.reason, reason, error.message)
    return true
  }
}

export const proofOf = (hit: Hit | undefined) => parseCompactJws(String(hit?.headers['dpop'])).payload
export const assertionOf = (hit: Hit | undefined) => parseCompactJws(hit?.form.get('client_assertion') ?? '')
