import assert from 'node:assert/strict'
import { generateKeyPairSync, hash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inspect } from 'node:util'
import * as oauth from 'oauth4webapi'
import { joseSigner, joseVerifier, parseCompactJws, parsePublicKey, signJwt } from '../core/jose.ts'
import { Secret } from '../core/names.ts'
import { generateSigningKey, sha256 } from '../node/runtime.ts'
import {
  type Client,
  ClientError,
  type ClientErrorReason,
  createClient,
  generatePrivateJwk,
  nodeClientPorts,
  parsePrivateJwk,
  type Pending,
  publicJwkOf,
  readPrivateJwk,
} from './index.ts'

const servers: Server[] = []
after(() => servers.forEach((server) => server.close()))

type Hit = { path: string; headers: IncomingMessage['headers']; form: URLSearchParams; method: string }
type Answer = { status: number; headers?: Record<string, string>; body?: unknown }
type Route = (hit: Hit) => Answer | undefined | Promise<Answer | undefined>

async function listen(routes: Record<string, Route>, hits: Hit[]): Promise<string> {
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => (text += chunk))
    const answer = async () => {
      const path = (request.url ?? '').split('?')[0] ?? ''
      const hit = { path, headers: request.headers, form: new URLSearchParams(text), method: request.method ?? '' }
      hits.push(hit)
      const { status, headers = {}, body } = (await routes[path]?.(hit)) ?? { status: 404 }
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(body === undefined ? '' : JSON.stringify(body))
    }
    request.on('end', () => void answer())
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An authorization server and an API that are honest until a test makes them otherwise. */
async function world() {
  const serverKey = generatePrivateJwk()
  const hits: Hit[] = []
  const apiHits: Hit[] = []
  const lie = {
    metadata: (honest: Record<string, unknown>): Record<string, unknown> => honest,
    resource: (honest: Record<string, unknown>): Record<string, unknown> => honest,
    claims: (honest: Record<string, unknown>): Record<string, unknown> => honest,
    tokens: (honest: Record<string, unknown>): Record<string, unknown> => honest,
    header: { typ: 'JWT' } as Record<string, unknown>,
    idTokenKey: serverKey,
    par: undefined as Route | undefined,
    token: undefined as Route | undefined,
    userinfo: undefined as Route | undefined,
    accounts: undefined as Route | undefined,
  }
  const nonces = new Map<string | null, string | null>()
  const api: { url: string } = { url: '' }
  const routes: Record<string, Route> = {
    '/.well-known/openid-configuration': () => ({ status: 200, body: lie.metadata(honestMetadata(issuer)) }),
    '/jwks': () => ({ status: 200, body: { keys: [publicJwkOf(serverKey)] } }),
    '/par': (hit) => {
      nonces.set(hit.form.get('code_challenge'), hit.form.get('nonce'))
      return lie.par?.(hit) ?? { status: 201, body: { request_uri: 'urn:example:1', expires_in: 90 } }
    },
    '/token': async (hit) => lie.token?.(hit) ?? { status: 200, body: lie.tokens(await honestTokens(hit)) },
    '/userinfo': (hit) => lie.userinfo?.(hit) ?? { status: 200, body: { sub: 'alice', name: 'Alice' } },
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
    const isPerson = hit.form.get('grant_type') === 'authorization_code'
    return {
      access_token: 'secret-access-token',
      token_type: 'DPoP',
      expires_in: 300,
      ...(isPerson ? { id_token: await signJwt({ ...lie.header }, lie.claims(claims), signer) } : {}),
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
    jwks_uri: `${issuer}/jwks`,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['ES256', 'PS256'],
    id_token_signing_alg_values_supported: ['ES256', 'RS256'],
    dpop_signing_alg_values_supported: ['ES256'],
  }
}

function callback(pending: Pending, changes: Record<string, string | undefined> = {}): string {
  const url = new URL(pending.redirectUri)
  const parameters = { code: 'the-code', state: pending.state, iss: pending.issuer, ...changes }
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.append(name, value)
  return url.href
}

async function signIn(client: Client) {
  const { pending } = await client.begin()
  return client.finish(callback(pending), pending)
}

function refused(reason: ClientErrorReason) {
  return (error: unknown) => {
    assert.ok(error instanceof ClientError, inspect(error))
    assert.equal(error.reason, reason, error.message)
    return true
  }
}

const proofOf = (hit: Hit | undefined) => parseCompactJws(String(hit?.headers['dpop'])).payload
const assertionOf = (hit: Hit | undefined) => parseCompactJws(hit?.form.get('client_assertion') ?? '')

test('CL-01 metadata of another issuer is a hard error, and nothing further is asked', async () => {
  const { lie, connect, hits, apiHits, issuer } = await world()
  for (const other of [`${issuer}/`, 'http://localhost:1', issuer.replace('http', 'https'), undefined]) {
    lie.metadata = (honest) => ({ ...honest, issuer: other })
    hits.length = 0
    await assert.rejects(connect, refused('metadata_mismatch'))
    assert.deepEqual(
      hits.map(({ path }) => path),
      ['/.well-known/openid-configuration'],
    )
    assert.equal(apiHits.length, 0)
  }
  lie.metadata = (honest) => honest
  await connect()
})

test('CL-01 an endpoint over plain http beyond this machine, or with a query, is a hard error', async () => {
  const { lie, connect, issuer } = await world()
  const bad = ['http://bank.example/token', `${issuer}/token?a=b`, 'ftp://127.0.0.1/', 'http://user:pass@127.0.0.1/']
  for (const endpoint of bad) {
    lie.metadata = (honest) => ({ ...honest, token_endpoint: endpoint })
    await assert.rejects(connect, refused('endpoint_insecure'), endpoint)
  }
  lie.metadata = (honest) => ({ ...honest, token_endpoint: 'token' })
  await assert.rejects(connect, refused('metadata_malformed'))
  lie.metadata = (honest) => honest
  await connect()
})

test('CL-02 a server that offers less than the profile is a hard error, without fallback', async () => {
  const { lie, connect } = await world()
  const lesser: [ClientErrorReason, Record<string, unknown>][] = [
    ['par_missing', { pushed_authorization_request_endpoint: undefined }],
    ['pkce_missing', { code_challenge_methods_supported: ['plain'] }],
    ['pkce_missing', { code_challenge_methods_supported: undefined }],
    ['iss_unsupported', { authorization_response_iss_parameter_supported: false }],
    ['private_key_jwt_missing', { token_endpoint_auth_methods_supported: ['client_secret_basic'] }],
    ['private_key_jwt_missing', { token_endpoint_auth_signing_alg_values_supported: ['RS256'] }],
    ['dpop_missing', { dpop_signing_alg_values_supported: undefined }],
    ['id_token_algorithm_missing', { id_token_signing_alg_values_supported: ['RS256', 'none'] }],
  ]
  for (const [reason, change] of lesser) {
    lie.metadata = (honest) => ({ ...honest, ...change })
    await assert.rejects(connect, refused(reason))
  }
  lie.metadata = (honest) => honest
  await connect()
})

test('CL-17 metadata of another resource, or one that does not trust the issuer, is discarded', async () => {
  const { lie, connect, api } = await world()
  const lies: Record<string, unknown>[] = [
    { resource: `${api}/` },
    { resource: 'https://api.example' },
    { authorization_servers: ['https://other.example'] },
  ]
  for (const change of lies) {
    lie.resource = (honest) => ({ ...honest, ...change })
    await assert.rejects(connect, refused('metadata_mismatch'))
  }
  lie.resource = (honest) => ({ ...honest, authorization_servers: undefined })
  await assert.rejects(connect, refused('metadata_malformed'))
  lie.resource = (honest) => honest
  await connect()
})

test('CL-02 CL-03 the browser carries client_id and request_uri only; everything else is pushed, fresh each time', async () => {
  const { connect, hits, issuer, api } = await world()
  const client = await connect()
  const flows = await Promise.all(Array.from({ length: 50 }, () => client.begin()))
  for (const { url } of flows) {
    assert.equal(url, `${issuer}/authorize?client_id=app&request_uri=urn%3Aexample%3A1`)
  }
  const pushes = hits.filter(({ path }) => path === '/par')
  for (const name of ['code_challenge', 'state', 'nonce', 'client_assertion']) {
    assert.equal(new Set(pushes.map(({ form }) => form.get(name))).size, 50, name)
  }
  const { form } = pushes[0] ?? assert.fail()
  assert.equal(form.get('code_challenge_method'), 'S256')
  assert.equal(form.get('resource'), api)
  assert.equal(form.get('redirect_uri'), 'http://127.0.0.1:4600/callback?from=bank')
  assert.ok((form.get('nonce') ?? '').length <= 64)
  const { pending } = flows[0] ?? assert.fail()
  const kept: Pending = JSON.parse(JSON.stringify(pending))
  assert.equal((await client.finish(callback(pending), kept)).subject, 'alice')
})

test('CL-04 an authorization response without iss, or from another issuer, is dropped before anything else', async () => {
  const { connect, tokenHits } = await world()
  const client = await connect()
  const { pending } = await client.begin()
  const wrong: [ClientErrorReason, Record<string, string | undefined>][] = [
    ['iss_missing', { iss: undefined }],
    ['iss_mismatch', { iss: 'https://attacker.example' }],
    ['iss_mismatch', { iss: `${pending.issuer}/` }],
    ['iss_missing', { iss: undefined, code: undefined, error: 'access_denied' }],
    ['iss_mismatch', { iss: 'https://attacker.example', code: undefined, error: 'access_denied', state: 'x' }],
  ]
  for (const [reason, changes] of wrong) {
    await assert.rejects(client.finish(callback(pending, changes), pending), refused(reason))
  }
  const twice = `${callback(pending)}&iss=https%3A%2F%2Fattacker.example`
  await assert.rejects(client.finish(twice, pending), refused('iss_mismatch'))
  assert.equal(tokenHits().length, 0)
  assert.equal((await client.finish(callback(pending), pending)).subject, 'alice')
})

test('CL-05 a wrong, missing or foreign state leads to no exchange, and a flow is finished once', async () => {
  const { connect, tokenHits } = await world()
  const client = await connect()
  const { pending } = await client.begin()
  const { pending: other } = await client.begin()
  await assert.rejects(client.finish(callback(pending, { state: undefined }), pending), refused('state_missing'))
  await assert.rejects(client.finish(callback(other), pending), refused('state_mismatch'))
  await assert.rejects(client.finish(`${callback(pending)}&state=x`, pending), refused('state_mismatch'))
  assert.equal(tokenHits().length, 0)
  const both = await Promise.allSettled([1, 2].map(() => client.finish(callback(pending), pending)))
  assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
  await assert.rejects(client.finish(callback(pending), pending), refused('pending_spent'))
  assert.equal(tokenHits().length, 1)
  await client.finish(callback(other), other)
})

test('CL-05 a pending flow of another client or issuer, a repeated parameter, a missing code: no exchange', async () => {
  const { connect, tokenHits } = await world()
  const client = await connect()
  const { pending } = await client.begin()
  await assert.rejects(client.finish(callback(pending), { ...pending, clientId: 'b' }), refused('pending_foreign'))
  await assert.rejects(
    client.finish(callback(pending), { ...pending, issuer: 'https://b.example' }),
    refused('pending_foreign'),
  )
  await assert.rejects(client.finish(`${callback(pending)}&code=other`, pending), refused('response_malformed'))
  await assert.rejects(client.finish(callback(pending, { code: undefined }), pending), refused('response_malformed'))
  assert.equal(tokenHits().length, 0)
  await signIn(client)
})

test('CL-04 a refusal by the person is told apart, with state and iss checked', async () => {
  const { connect, tokenHits } = await world()
  const client = await connect()
  const denied = await client.begin()
  const refusal = { code: undefined, error: 'access_denied', error_description: 'The person did not allow this.' }
  await assert.rejects(client.finish(callback(denied.pending, refusal), denied.pending), (error: unknown) => {
    assert.ok(error instanceof ClientError)
    assert.equal(error.reason, 'access_denied')
    assert.equal(error.errorDescription, 'The person did not allow this.')
    return true
  })
  const failed = await client.begin()
  const other = callback(failed.pending, { code: undefined, error: 'server_error' })
  await assert.rejects(client.finish(other, failed.pending), refused('authorization_refused'))
  assert.equal(tokenHits().length, 0)
  await signIn(client)
})

test('CL-07 an assertion is for the issuer as a string, typed, short, and new each time', async () => {
  const { connect, hits, issuer } = await world()
  const client = await connect()
  await signIn(client)
  const assertions = hits.filter(({ form }) => form.has('client_assertion')).map(assertionOf)
  assert.equal(assertions.length, 2)
  for (const { header, payload } of assertions) {
    assert.equal(header['typ'], 'client-authentication+jwt')
    assert.equal(payload['aud'], issuer)
    assert.equal(payload['iss'], 'app')
    assert.equal(payload['sub'], 'app')
    assert.ok(Number(payload['exp']) - Number(payload['iat']) <= 60)
  }
  assert.notEqual(assertions[0]?.payload['jti'], assertions[1]?.payload['jti'])
})

test('CL-07 keys of every kind of the profile sign assertions and proofs that verify', async () => {
  const { config, ports, lie, hits } = await world()
  const algorithms = ['ES256', 'PS256', 'EdDSA']
  lie.metadata = (honest) => ({
    ...honest,
    token_endpoint_auth_signing_alg_values_supported: algorithms,
    dpop_signing_alg_values_supported: algorithms,
  })
  for (const alg of ['ES256', 'PS256', 'EdDSA'] as const) {
    const key = parsePrivateJwk((await generateSigningKey(alg)).export({ format: 'jwk' }))
    const client = await createClient({ ...config, keys: { assertion: key, dpop: key } }, ports)
    await client.begin()
    const proof = parseCompactJws(String(hits.at(-1)?.headers['dpop']))
    const publicKey = parsePublicKey(publicJwkOf(key), sha256)
    for (const jws of [assertionOf(hits.at(-1)), proof]) assert.equal(await joseVerifier(jws, publicKey), true, alg)
    assert.equal(parsePublicKey(proof.header['jwk'], sha256).thumbprint, publicKey.thumbprint)
    assert.deepEqual([assertionOf(hits.at(-1)).header['alg'], proof.header['alg']], [alg, alg])
  }
})

test('CL-07 a key outside the profile is refused at once', async () => {
  const { config, ports } = await world()
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'jwk' })
  assert.throws(() => parsePrivateJwk(p384), TypeError)
  const own = generatePrivateJwk()
  assert.throws(() => parsePrivateJwk(publicJwkOf(own)), TypeError)
  const { d } = generatePrivateJwk()
  await assert.rejects(createClient({ ...config, keys: { assertion: { ...own, d } } }, ports))
  const { privateKey } = await oauth.generateKeyPair('RS256')
  const foreign = { key: privateKey, kid: undefined }
  await assert.rejects(createClient({ ...config, keys: { assertion: foreign } }, ports), TypeError)
  await createClient({ ...config, keys: { assertion: own } }, ports)
})

test('CL-07 a private key is read from a file, and a bad file is not repeated in the error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-client-'))
  const file = join(folder, 'key.json')
  const key = generatePrivateJwk()
  await writeFile(file, JSON.stringify(key))
  assert.deepEqual(await readPrivateJwk(file), key)
  await writeFile(file, `{"kty":"EC","d":"${key.d}"`)
  await assert.rejects(readPrivateJwk(file), (error: unknown) => !inspect(error).includes(key.d))
  await rm(folder, { recursive: true })
})

test('CL-09 a server that asks for a nonce forever gets one retry, at every endpoint', async () => {
  const { connect, lie, hits, apiHits } = await world()
  let count = 0
  const endless: Route = () => ({
    status: 400,
    headers: { 'dpop-nonce': `nonce-${count++}` },
    body: { error: 'use_dpop_nonce' },
  })
  const client = await connect()

  lie.par = endless
  await assert.rejects(client.begin(), refused('nonce_demanded_again'))
  assert.equal(hits.filter(({ path }) => path === '/par').length, 2)
  lie.par = undefined

  lie.token = endless
  await assert.rejects(signIn(client), refused('nonce_demanded_again'))
  assert.equal(hits.filter(({ path }) => path === '/token').length, 2)
  lie.token = undefined

  const session = await signIn(client)
  lie.accounts = () => ({
    status: 401,
    headers: { 'dpop-nonce': `rs-${count++}`, 'www-authenticate': 'DPoP error="use_dpop_nonce"' },
  })
  await assert.rejects(client.call(session, '/accounts'), refused('nonce_demanded_again'))
  assert.equal(apiHits.filter(({ path }) => path === '/accounts').length, 2)
  lie.accounts = undefined
  assert.equal((await client.call(session, '/accounts')).status, 200)
})

test('CL-09 each retry has a fresh proof and assertion, and a nonce goes only to the server it came from', async () => {
  const { connect, lie, tokenHits, apiHits } = await world()
  lie.token = (hit) =>
    proofOf(hit)['nonce'] === 'as-nonce'
      ? undefined
      : { status: 400, headers: { 'dpop-nonce': 'as-nonce' }, body: { error: 'use_dpop_nonce' } }
  lie.accounts = (hit) =>
    proofOf(hit)['nonce'] === 'rs-nonce'
      ? { status: 200, headers: { 'dpop-nonce': 'rs-next' }, body: [] }
      : { status: 401, headers: { 'dpop-nonce': 'rs-nonce', 'www-authenticate': 'dpop error=use_dpop_nonce' } }
  const client = await connect()
  const session = await signIn(client)
  assert.equal((await client.call(session, '/accounts')).status, 200)

  const [first, second] = tokenHits()
  assert.notEqual(proofOf(first)['jti'], proofOf(second)['jti'])
  assert.notEqual(assertionOf(first).payload['jti'], assertionOf(second).payload['jti'])
  const calls = apiHits.filter(({ path }) => path === '/accounts')
  assert.deepEqual(
    calls.map((hit) => proofOf(hit)['nonce']),
    [undefined, 'rs-nonce'],
  )
  assert.notEqual(proofOf(calls[0])['jti'], proofOf(calls[1])['jti'])
  assert.ok(proofOf(calls[1])['ath'])
  assert.equal(calls[1]?.headers['authorization'], 'DPoP secret-access-token')

  lie.accounts = undefined
  await client.call(session, '/accounts?page=2')
  assert.equal(proofOf(apiHits.at(-1))['nonce'], 'rs-next', 'adopted from the answer 200')
})

test('CL-10 a token that is not bound is dropped; the case of token_type does not matter; expires_in may be missing', async () => {
  const { connect, lie } = await world()
  const client = await connect()
  lie.tokens = (honest) => ({ ...honest, token_type: 'Bearer' })
  await assert.rejects(signIn(client), (error: unknown) => {
    refused('token_type_wrong')(error)
    assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /secret-access-token/)
    return true
  })
  await assert.rejects(client.clientCredentials({ scope: 'accounts' }), refused('token_type_wrong'))
  lie.tokens = (honest) => ({ ...honest, token_type: 'dPoP', expires_in: undefined })
  const session = await signIn(client)
  assert.equal(session.expiresAt, undefined)
  assert.deepEqual(session.scope, ['openid', 'accounts'])
  assert.equal(session.accessToken.reveal(), 'secret-access-token')
})

test('CL-12 a redirect of the API is not followed, whoever makes the requests', async () => {
  const { connect, config, ports, lie, hits } = await world()
  const evil: Hit[] = []
  const elsewhere = await listen({ '/steal': () => ({ status: 200, body: [] }) }, evil)
  const plain = { ...ports, fetch: (url: string, init: RequestInit) => fetch(url, init) }
  const careless = { ...ports, fetch: (url: string, init: RequestInit) => fetch(url, { ...init, redirect: 'manual' }) }
  for (const client of [await connect(), await createClient(config, plain), await createClient(config, careless)]) {
    const session = await signIn(client)
    for (const status of [301, 302, 303, 307, 308]) {
      lie.accounts = () => ({ status, headers: { location: `${elsewhere}/steal` } })
      await assert.rejects(client.call(session, '/accounts'), refused('redirect_refused'))
    }
    lie.accounts = undefined
    assert.equal((await client.call(session, '/accounts')).status, 200)
  }
  assert.equal(evil.length, 0)
  assert.ok(hits.length > 0)
})

test('CL-12 a back-channel redirect is not followed', async () => {
  const { connect, lie, hits } = await world()
  const client = await connect()
  lie.par = () => ({ status: 307, headers: { location: '/token' } })
  await assert.rejects(client.begin(), refused('redirect_refused'))
  assert.equal(hits.filter(({ path }) => path === '/token').length, 0)
  lie.par = undefined
  await client.begin()
})

test('CL-12 a token goes to the origin of the API only, and credentials are not the caller’s to set', async () => {
  const { connect, apiHits, issuer, api } = await world()
  const client = await connect()
  const session = await signIn(client)
  apiHits.length = 0
  const foreign = ['https://evil.example/', '//evil.example/accounts', `${issuer}/accounts`, 'http://a:b@127.0.0.1/']
  for (const target of foreign) {
    await assert.rejects(client.call(session, target), refused('resource_foreign'), target)
  }
  for (const name of ['authorization', 'DPoP']) {
    await assert.rejects(client.call(session, '/accounts', { headers: { [name]: 'x' } }), TypeError)
  }
  // A session of another client, issuer or API is not sent anywhere.
  const foreignSession = { ...session, of: 'https://other.example client https://bank.example' }
  await assert.rejects(client.call(foreignSession, '/accounts'), refused('session_foreign'))
  await assert.rejects(client.userinfo(foreignSession), refused('session_foreign'))
  await assert.rejects(client.finish('http://[', (await client.begin()).pending), refused('response_malformed'))
  assert.equal(apiHits.length, 0)
  assert.deepEqual(await (await client.call(session, `${api}/accounts`)).json(), ['savings'])
  await client.call(session, '/accounts', {
    method: 'post',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(apiHits.at(-1)?.method, 'POST')
  assert.equal(proofOf(apiHits.at(-1))['htm'], 'POST')
})

test('CL-12 a refusal of the API is an answer for the caller', async () => {
  const { connect, lie } = await world()
  const client = await connect()
  const session = await signIn(client)
  lie.accounts = () => ({
    status: 401,
    headers: { 'www-authenticate': 'DPoP error="invalid_token", algs="ES256"' },
    body: { rule: 'access_token_revoked' },
  })
  const response = await client.call(session, '/accounts')
  assert.equal(response.status, 401)
  assert.deepEqual(await response.json(), { rule: 'access_token_revoked' })
})

test('CL-14 an ID token that does not hold makes no session', async () => {
  const { connect, lie } = await world()
  const client = await connect()
  const now = Math.floor(Date.now() / 1000)
  const wrongClaims: Record<string, unknown>[] = [
    { iss: 'https://other.example' },
    { aud: 'another-app' },
    { aud: ['app', 'another-app'] },
    { aud: ['app', 'another-app'], azp: 'another-app' },
    { exp: now - 120 },
    { nonce: 'another-nonce' },
    { nonce: undefined },
    { sub: undefined },
    { iat: undefined },
  ]
  for (const change of wrongClaims) {
    lie.claims = (honest) => ({ ...honest, ...change })
    await assert.rejects(signIn(client), refused('id_token_invalid'), JSON.stringify(change))
  }
  lie.claims = (honest) => honest

  const honestKey = lie.idTokenKey
  lie.idTokenKey = generatePrivateJwk()
  await assert.rejects(signIn(client), refused('id_token_invalid'))
  lie.idTokenKey = honestKey

  lie.tokens = (honest) => ({ ...honest, id_token: undefined })
  await assert.rejects(signIn(client), refused('id_token_invalid'))
  lie.tokens = (honest) => {
    const [, payload = ''] = String(honest['id_token']).split('.')
    return { ...honest, id_token: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.` }
  }
  await assert.rejects(signIn(client), refused('id_token_invalid'))
  lie.tokens = (honest) => honest

  lie.claims = (honest) => ({ ...honest, aud: ['app'] })
  assert.equal((await signIn(client)).subject, 'alice')
})

test('CL-14 max_age is pushed and checked', async () => {
  const { connect, lie, hits } = await world()
  const client = await connect()
  const { pending } = await client.begin({ maxAge: 60, prompt: 'login', loginHint: 'alice' })
  const { form } = hits.at(-1) ?? assert.fail()
  assert.deepEqual([form.get('max_age'), form.get('prompt'), form.get('login_hint')], ['60', 'login', 'alice'])
  lie.claims = (honest) => ({ ...honest, auth_time: Math.floor(Date.now() / 1000) - 600 })
  await assert.rejects(client.finish(callback(pending), pending), refused('id_token_invalid'))
  lie.claims = (honest) => ({ ...honest, auth_time: Math.floor(Date.now() / 1000) - 5 })
  const again = await client.begin({ maxAge: 60 })
  await client.finish(callback(again.pending), again.pending)
})

test('CL-14 claims about somebody else are discarded', async () => {
  const { connect, lie } = await world()
  const client = await connect()
  const session = await signIn(client)
  lie.userinfo = () => ({ status: 200, body: { sub: 'mallory', name: 'Alice' } })
  await assert.rejects(client.userinfo(session), refused('userinfo_subject_mismatch'))
  lie.userinfo = undefined
  assert.deepEqual(await client.userinfo(session), { sub: 'alice', name: 'Alice' })
  const { pending } = await client.begin({ scope: 'accounts' })
  lie.tokens = (honest) => ({ ...honest, id_token: undefined })
  const anonymous = await client.finish(callback(pending), pending)
  await assert.rejects(client.userinfo(anonymous), refused('subject_unknown'))
})

test('a refusal of a Strongroom server keeps its name and correlation id', async () => {
  const { connect, lie } = await world()
  const client = await connect()
  const body = {
    error: 'invalid_request',
    error_description: 'The redirect_uri is not one of those registered for the client.',
    rule: 'redirect_uri_unregistered',
    hint: 'Send a registered redirect URI, byte for byte.',
    correlation_id: 'c'.repeat(22),
  }
  lie.par = () => ({ status: 400, body })
  await assert.rejects(client.begin(), (error: unknown) => {
    refused('request_refused')(error)
    assert.ok(error instanceof ClientError)
    assert.deepEqual(
      [error.status, error.error, error.rule, error.hint, error.correlationId],
      [400, 'invalid_request', body.rule, body.hint, body.correlation_id],
    )
    return true
  })
  lie.par = () => ({ status: 401, headers: { 'www-authenticate': 'DPoP' }, body: { ...body, error: 'invalid_client' } })
  await assert.rejects(client.begin(), (error: unknown) => error instanceof ClientError && error.rule === body.rule)
  lie.par = () => ({ status: 500 })
  await assert.rejects(client.begin(), refused('response_unusable'))
  lie.par = () => ({ status: 201, body: { request_uri: 5 } })
  await assert.rejects(client.begin(), refused('response_unusable'))
  lie.par = undefined
  await client.begin()
})

test('a server that is gone is unreachable', async () => {
  const { config, ports } = await world()
  const gone = { ...ports, fetch: () => Promise.reject(new TypeError('fetch failed')) }
  await assert.rejects(createClient(config, gone), refused('metadata_unavailable'))
  let isUp = true
  const flaky = {
    ...ports,
    fetch: (url: string, init: RequestInit) => (isUp ? ports.fetch(url, init) : gone.fetch()),
  }
  const client = await createClient(config, flaky)
  isUp = false
  await assert.rejects(client.begin(), refused('unreachable'))
  isUp = true
  await client.begin()
})

test('CL-19 a session prints without its token', async () => {
  const { connect } = await world()
  const session = await signIn(await connect())
  assert.doesNotMatch(inspect(session) + JSON.stringify(session) + String(session.accessToken), /secret-access-token/)
  assert.ok(session.accessToken instanceof Secret)
})

test('CL-15 every client has a DPoP key of its own unless it is given one', async () => {
  const { connect, config, ports, hits } = await world()
  const keyOf = (hit: Hit | undefined) => JSON.stringify(parseCompactJws(String(hit?.headers['dpop'])).header['jwk'])
  const keys = new Set<string>()
  for (const client of [await connect(), await connect()]) {
    await client.begin()
    keys.add(keyOf(hits.at(-1)))
  }
  assert.equal(keys.size, 2)
  const dpop = generatePrivateJwk()
  await (await createClient({ ...config, keys: { ...config.keys, dpop } }, ports)).begin()
  assert.match(keyOf(hits.at(-1)), new RegExp(`"x":"${dpop.x}"`))
  assert.doesNotMatch(keyOf(hits.at(-1)), /"d":/)
})
