/** The guard as a whole: tokens, errors, metadata. Proofs are in guard.dpop.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { observed } from '../../test/observations.ts'
import { numericDate, type JsonObject } from '../core/names.ts'
import { StateUnavailable } from '../core/oauth-error.ts'
import type { RuleSlug } from '../core/rules.ts'
import { random } from '../node/runtime.ts'
import { assertAllowed, assertRefused, bodyOf } from './assertions.test-support.ts'
import {
  aKey,
  aWorld,
  bankPolicy,
  clientKey,
  issuerDocuments,
  issuerKey,
  type TokenSigner,
  startOfTime,
} from './fixtures.test-support.ts'
import { createGuard } from './guard.ts'

const dpopInvalidToken =
  /^DPoP error="invalid_token", error_description="[a-z_]+: [^"\\]+", algs="ES256 PS256 EdDSA", resource_metadata="https:\/\/api\.example\.com\/\.well-known\/oauth-protected-resource\/bank"$/
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

// RS-TOK-01: one credential, in the header

test('access_token_in_query [RS-TOK-01] a token in the URL, alone or beside a good header', async () => {
  const world = aWorld()
  const token = await world.token()
  const expected = { rule: 'access_token_in_query', status: 400, challenge: /^DPoP error="invalid_request"/ } as const
  for (const query of [`access_token=${token}`, `x=1&access_token=${token}`, `%61ccess_token=${token}`]) {
    await assertRefused(world, { target: `/accounts?${query}` }, expected)
    await assertRefused(world, { target: `/accounts?${query}`, token: undefined, proof: undefined }, expected)
  }
})

test('authorization_repeated [RS-TOK-01] two Authorization headers', async () => {
  const world = aWorld()
  const headers = [['authorization', `DPoP ${await world.token()}`]] as const
  await assertRefused(
    world,
    { headers },
    { rule: 'authorization_repeated', status: 400, challenge: /^DPoP error="invalid_request"/ },
  )
})

for (const value of ['Basic YTpi', 'DPoP', 'DPoP a b', 'DPoP a,b', 'DPoP "a"', 'Bearer é']) {
  test(`authorization_malformed [RS-ERR-02] ${value}`, async () => {
    const headers = [['authorization', value]] as const
    await assertRefused(aWorld(), { token: undefined, headers }, { rule: 'authorization_malformed', status: 400 })
  })
}

// RS-TOK-02: every part of the token

const otherKey = aKey('k1')
const unknownKey = aKey('k9')
const tokens: Record<string, { rule: RuleSlug; claims?: JsonObject; as?: TokenSigner }> = {
  'of another issuer': { rule: 'access_token_issuer_untrusted', claims: { iss: 'https://evil.example.com' } },
  'of the issuer with a slash': { rule: 'access_token_issuer_untrusted', claims: { iss: 'https://as.example.com/' } },
  'without issuer': { rule: 'access_token_issuer_untrusted', claims: { iss: undefined } },
  'for another audience': { rule: 'access_token_audience_mismatch', claims: { aud: 'https://api.example.com/shop' } },
  'for the audience with a slash': {
    rule: 'access_token_audience_mismatch',
    claims: { aud: 'https://api.example.com/bank/' },
  },
  'for other audiences': {
    rule: 'access_token_audience_mismatch',
    claims: { aud: ['https://api.example.com', 'app'] },
  },
  'without audience': { rule: 'access_token_audience_mismatch', claims: { aud: undefined } },
  'expired this second': { rule: 'access_token_expired', claims: { exp: 1_800_000_000 } },
  'without expiry': { rule: 'access_token_claim_missing', claims: { exp: undefined } },
  'without iat': { rule: 'access_token_claim_missing', claims: { iat: undefined } },
  'without jti': { rule: 'access_token_claim_missing', claims: { jti: undefined } },
  'without client_id': { rule: 'access_token_claim_missing', claims: { client_id: undefined } },
  'without sub': { rule: 'access_token_claim_missing', claims: { sub: undefined } },
  'from the future': { rule: 'access_token_from_the_future', claims: { iat: 1_800_000_061 } },
  'not valid yet': { rule: 'access_token_from_the_future', claims: { nbf: 1_800_000_061 } },
  'with a fractional expiry': { rule: 'access_token_malformed', claims: { exp: 1_800_000_300.5 } },
  'of typ JWT': { rule: 'access_token_typ_wrong', as: { header: { typ: 'JWT' } } },
  'of typ logout+jwt': { rule: 'access_token_typ_wrong', as: { header: { typ: 'logout+jwt' } } },
  'of typ dpop+jwt': { rule: 'access_token_typ_wrong', as: { header: { typ: 'dpop+jwt' } } },
  'without typ': { rule: 'access_token_typ_wrong', as: { header: { typ: undefined } } },
  'with crit': { rule: 'access_token_malformed', as: { header: { crit: ['x'], x: 1 } } },
  'signed with another key under the same kid': { rule: 'access_token_signature_invalid', as: { key: otherKey } },
  'signed with an unknown key': { rule: 'access_token_key_unknown', as: { key: unknownKey } },
  'with a key of its own in the header': {
    rule: 'access_token_signature_invalid',
    as: { key: otherKey, header: { jwk: otherKey.publicKey.jwk } },
  },
}

for (const [what, { rule, claims = {}, as = {} }] of Object.entries(tokens)) {
  test(`${rule} [RS-TOK-02] a token ${what}`, async () => {
    const world = aWorld()
    const token = await world.token(claims, as)
    const proof = await world.proof(token)
    await assertRefused(world, { token, proof }, { rule, status: 401, challenge: dpopInvalidToken })
  })
}

for (const alg of ['none', 'HS256', 'RS256', 'ES384', 'es256', '']) {
  test(`access_token_algorithm_not_allowed [RS-TOK-02] a token with alg ${alg}`, async () => {
    const world = aWorld()
    const [, payload = '', signature = ''] = (await world.token()).split('.')
    const header = btoa(JSON.stringify({ typ: 'at+jwt', alg, kid: 'k1' })).replaceAll('=', '')
    const token = `${header}.${payload}.${signature}`
    const expected = { rule: 'access_token_algorithm_not_allowed', status: 401, challenge: dpopInvalidToken } as const
    await assertRefused(world, { token, proof: await world.proof(token) }, expected)
  })
}

test('access_token_signature_invalid [RS-TOK-02] a token with another scope written into it', async () => {
  const world = aWorld()
  const [header = '', payload = '', signature = ''] = (await world.token()).split('.')
  const changed = atob(payload.replaceAll('-', '+').replaceAll('_', '/')).replace('accounts', 'xccounts')
  const token = `${header}.${btoa(changed).replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_')}.${signature}`
  const expected = { rule: 'access_token_signature_invalid', status: 401, challenge: dpopInvalidToken } as const
  await assertRefused(world, { token, proof: await world.proof(token) }, expected)
})

test('access_token_malformed [RS-TOK-02] opaque text, too many parts, no signature', async () => {
  const world = aWorld()
  const good = await world.token()
  for (const token of ['opaque', `${good}.x`, good.split('.').slice(0, 2).join('.') + '.', `${good}=`]) {
    const proof = await world.proof(token)
    await assertRefused(
      world,
      { token, proof },
      { rule: 'access_token_malformed', status: 401, challenge: dpopInvalidToken },
    )
  }
})

test('[RS-TOK-02] application/at+jwt in any case, several audiences and EdDSA are fine', async () => {
  const edwards = aKey('k2', 'EdDSA')
  const world = aWorld()
  for (const [name, document] of issuerDocuments('https://as.example.com', [issuerKey, edwards])) {
    world.documents.set(name, document)
  }
  for (const [claims, as] of [
    [{}, { header: { typ: 'application/at+jwt' } }],
    [{}, { header: { typ: 'AT+JWT' } }],
    [{ aud: ['https://other.example.com', 'https://api.example.com/bank'] }, {}],
    [{}, { key: edwards }],
    [{ iat: 1_800_000_010 }, {}],
  ] as const) {
    const token = await world.token(claims, as)
    await assertAllowed(world, { token, proof: await world.proof(token) })
  }
})

// RS-TOK-03: revocation

test('access_token_revoked [RS-TOK-03] a revoked grant, also after the token was remembered', async () => {
  const revoked = new Set<string>()
  const standing = async ({ jti }: { jti: string }) => (revoked.has(jti) ? ('revoked' as const) : ('live' as const))
  const world = aWorld({ ports: { standing } })
  const token = await world.token({ jti: 'stolen' })
  await assertAllowed(world, { token })
  revoked.add('stolen')
  await assertRefused(world, { token }, { rule: 'access_token_revoked', status: 401, challenge: dpopInvalidToken })
  assert.equal((await world.guard.ready()).revocation, 'checked')
  assert.equal((await aWorld().guard.ready()).revocation, 'bounded by token lifetime')
})

test('state_unavailable [RS-TOK-08] a grant check that is down', async () => {
  const state = { isDown: true }
  const standing = async () => {
    if (state.isDown) throw new Error('connection refused')
    return 'live' as const
  }
  const world = aWorld({ ports: { standing } })
  const verdict = await world.call()
  assert.ok(verdict.kind === 'refusal' && verdict.rule === 'state_unavailable' && verdict.response.status === 503)
  assert.equal(verdict.response.headers.get('www-authenticate'), null)
  assert.ok(world.events[0]?.cause instanceof Error)
  state.isDown = false
  await assertAllowed(world)
})

// RS-TOK-04: binding

for (const cnf of [
  undefined,
  {},
  { kid: 'x' },
  { jkt: 7 },
  { jkt: clientKey.publicKey.thumbprint, 'x5t#S256': 'x' },
  { 'x5t#S256': 7 },
]) {
  test(`access_token_unbound [RS-TOK-04] cnf ${JSON.stringify(cnf)}`, async () => {
    for (const scheme of ['DPoP', 'Bearer']) {
      const world = aWorld()
      const token = await world.token({ cnf })
      const expected = { rule: 'access_token_unbound', status: 401 } as const
      await assertRefused(world, { scheme, token, proof: await world.proof(token) }, expected)
    }
  })
}

// RS-TOK-05, RS-TOK-06: what the token allows

for (const scope of [
  'accounts',
  'payment',
  'paymentsx',
  'payments.read',
  'PAYMENTS',
  'x\tpayments',
  'x\u00a0payments',
  'accounts,payments',
  '',
  undefined,
]) {
  test(`scope_insufficient [RS-TOK-05] ${JSON.stringify(scope)} does not cover a payment`, async () => {
    const world = aWorld()
    const token = await world.token({ scope })
    const parts = { method: 'POST', target: '/payments', token }
    const challenge = /^DPoP error="insufficient_scope", .*, scope="payments", algs=/
    const refusal = await assertRefused(world, parts, { rule: 'scope_insufficient', status: 403, challenge })
    assert.deepEqual((await bodyOf(refusal))['expected'], { scope: 'payments' })
    await assertAllowed(world, { method: 'POST', target: '/payments' })
  })
}

test('scope_insufficient [RS-TOK-05] a remembered token is judged anew on every route', async () => {
  const world = aWorld()
  const token = await world.token({ scope: 'accounts' })
  await assertAllowed(world, { token })
  const parts = { method: 'POST', target: '/payments', token }
  await assertRefused(world, parts, { rule: 'scope_insufficient', status: 403 })
})

test('person_required [RS-TOK-06] a token of the client alone, for an operation of a person', async () => {
  const world = aWorld()
  const token = await world.token({ sub: 'app', scope: 'accounts reports' })
  const challenge = /^DPoP error="insufficient_scope"/
  await assertRefused(world, { token }, { rule: 'person_required', status: 403, challenge })
  const { token: verified } = await assertAllowed(world, { target: '/reports/2026', token })
  assert.equal(verified.speaksFor, 'client')
})

test('person_required [RS-TOK-06] a token that does not say when a person signed in, whatever its sub', async () => {
  const world = aWorld()
  for (const sub of ['app@clients', 'service-account-app', 'alice']) {
    const token = await world.token({ sub, auth_time: undefined })
    await assertRefused(world, { token }, { rule: 'person_required', status: 403 })
  }
  await assertAllowed(world)
})

test('access_token_key_unknown [RS-TOK-02] a remembered token falls with the key that made it', async () => {
  const world = aWorld()
  const stolen = aKey('k2')
  const publish = (...keys: (typeof stolen)[]) => {
    for (const [url, document] of issuerDocuments('https://as.example.com', keys)) world.documents.set(url, document)
  }
  publish(issuerKey, stolen)
  const token = await world.token({ exp: startOfTime + 86_400 }, { key: stolen })
  await assertAllowed(world, { token })
  publish(issuerKey)
  world.wait(301)
  await assertRefused(world, { token }, { rule: 'access_token_key_unknown', status: 401 })
})

test('issuer_unavailable [RS-TOK-08] a remembered token does not outlive what is known of its issuer', async () => {
  const world = aWorld()
  const token = await world.token({ exp: startOfTime + 86_400 })
  await assertAllowed(world, { token })
  const documents = new Map(world.documents)
  world.documents.clear()
  world.wait(3_000)
  await assertAllowed(world, { token })
  world.wait(1_000)
  const verdict = await world.call({ token })
  assert.equal(verdict.kind === 'refusal' && verdict.rule, 'issuer_unavailable')
  for (const [url, document] of documents) world.documents.set(url, document)
  world.wait(10)
  await assertAllowed(world, { token })
})

test('route_not_guarded [RS-TOK-05] no route, no access, and no proof is spent', async () => {
  const world = aWorld()
  for (const [method, target] of [
    ['GET', '/admin'],
    ['GET', '/'],
    ['DELETE', '/accounts'],
    ['HEAD', '/accounts'],
    ['OPTIONS', '/accounts'],
    ['GET', '/Accounts'],
    ['GET', '/accounts/'],
    ['GET', '/reports'],
  ] as const) {
    await assertRefused(world, { method, target }, { rule: 'route_not_guarded', status: 404 })
  }
  await assertAllowed(world, {
    method: 'HEAD',
    target: '/reports/2026',
    token: await world.token({ scope: 'reports' }),
  })
})

test('path_ambiguous [RS-DPOP-04] paths with two readings, and a request that was rewritten on its way', async () => {
  const world = aWorld()
  const expected = { rule: 'path_ambiguous', status: 400 } as const
  for (const target of [
    '//accounts',
    '/reports/../accounts',
    '/reports/%2e%2e/accounts',
    '/accounts;x',
    '/%61ccounts',
    '/reports/%2faccounts',
  ]) {
    await assertRefused(world, { target, url: 'http://localhost/accounts' }, expected)
  }
  await assertRefused(world, { target: '/accounts', url: 'http://localhost/payments' }, expected)
  await assertRefused(world, { target: 'https://api.example.com/accounts', url: 'http://localhost/accounts' }, expected)
})

// RS-TOK-08, RS-TOK-09: failing closed, several issuers

test('access_token_expired [RS-TOK-08] a remembered token after its end', async () => {
  const world = aWorld()
  const token = await world.token()
  await assertAllowed(world, { token })
  world.wait(299)
  await assertAllowed(world, { token })
  world.wait(1)
  await assertRefused(world, { token }, { rule: 'access_token_expired', status: 401, challenge: dpopInvalidToken })
})

test('issuer_unavailable [RS-TOK-08] no keys yet and no way to the issuer', async () => {
  const world = aWorld()
  const documents = [...world.documents]
  world.documents.clear()
  const verdict = await world.call()
  assert.ok(verdict.kind === 'refusal' && verdict.rule === 'issuer_unavailable' && verdict.response.status === 503)
  assert.equal(verdict.response.headers.get('www-authenticate'), null)
  assert.equal((await world.guard.ready()).ready, false)
  for (const [name, document] of documents) world.documents.set(name, document)
  world.wait(5)
  assert.deepEqual(await world.guard.ready(), {
    ready: true,
    issuers: [{ issuer: 'https://as.example.com', keys: 'fresh' }],
    revocation: 'bounded by token lifetime',
  })
  await assertAllowed(world)
})

test('state_unavailable [RS-TOK-08] a replay memory that is down, whatever it throws', async () => {
  for (const error of [new StateUnavailable('full'), new Error('ECONNREFUSED'), new TypeError('a bug in the driver')]) {
    const state = { isDown: true }
    const spendOnce = async () => {
      if (state.isDown) throw error
      return { spent: true } as const
    }
    const world = aWorld({ ports: { replay: { epoch: () => numericDate(0), spendOnce } } })
    const verdict = await world.call()
    assert.ok(verdict.kind === 'refusal' && verdict.rule === 'state_unavailable' && verdict.response.status === 503)
    assert.equal(world.events.length, 1)
    state.isDown = false
    await assertAllowed(world)
  }
})

test('[RS-TOK-08] a bug anywhere is a bare 500, noted as failed', async () => {
  const verify = () => {
    throw new RangeError('a bug with secrets in it')
  }
  const world = aWorld({ ports: { verify } })
  const verdict = await world.call()
  assert.ok(verdict.kind === 'refusal' && verdict.rule === undefined)
  assert.equal(verdict.response.status, 500)
  const body = await bodyOf(verdict)
  assert.deepEqual(Object.keys(body), ['error', 'correlation_id'])
  assert.equal(body['error'], 'server_error')
  const [event, ...others] = world.events
  assert.deepEqual(others, [])
  assert.equal(event?.outcome, 'failed')
  assert.ok(event?.cause instanceof RangeError)
  assert.equal(event?.correlationId, body['correlation_id'])
})

test('access_token_signature_invalid [RS-TOK-09] one trusted issuer cannot mint tokens of another', async () => {
  const secondKey = aKey('k1')
  const policy = { ...bankPolicy, issuers: ['https://as.example.com', 'https://second.example.com'] }
  const world = aWorld({ policy })
  for (const [name, document] of issuerDocuments('https://second.example.com', [secondKey])) {
    world.documents.set(name, document)
  }
  const expected = { rule: 'access_token_signature_invalid', status: 401 } as const
  const laundered = await world.token({}, { key: secondKey })
  await assertRefused(world, { token: laundered }, expected)
  const reverse = await world.token({ iss: 'https://second.example.com' })
  await assertRefused(world, { token: reverse }, expected)
  await assertAllowed(world, { token: await world.token({ iss: 'https://second.example.com' }, { key: secondKey }) })
})

test('[RS-TOK-09] one issuer that is down does not take the others along', async () => {
  const policy = { ...bankPolicy, issuers: ['https://as.example.com', 'https://second.example.com'] }
  const world = aWorld({ policy })
  const { ready, issuers } = await world.guard.ready()
  assert.equal(ready, true)
  assert.deepEqual(
    issuers.map(({ keys }) => keys),
    ['fresh', 'unavailable'],
  )
  const token = await world.token({ iss: 'https://second.example.com' })
  await assertRefused(world, { token }, { rule: 'issuer_unavailable', status: 503 })
})

// RS-ERR

test('access_token_missing [RS-ERR-01] no credential: a challenge without an error', async () => {
  const world = aWorld()
  const refusal = await assertRefused(
    world,
    { token: undefined, proof: undefined },
    { rule: 'access_token_missing', status: 401 },
  )
  assert.equal(
    refusal.response.headers.get('www-authenticate'),
    'DPoP algs="ES256 PS256 EdDSA", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/bank"',
  )
  assert.equal(refusal.response.headers.get('dpop-nonce'), null)
})

test('bound_token_sent_as_bearer [RS-ERR-03] the error goes into the challenge of the scheme that was used', async () => {
  const world = aWorld()
  const challenge =
    /^Bearer error="invalid_token", error_description="[^"]+", DPoP algs="ES256 PS256 EdDSA", resource_metadata="[^"]+"$/
  await assertRefused(world, { scheme: 'Bearer' }, { rule: 'bound_token_sent_as_bearer', status: 401, challenge })
})

test('[RS-ERR-03] nothing that was sent comes back, in headers or body', async () => {
  const world = aWorld()
  const marker = 'x7marker'
  const token = await world.token({ iss: `https://${marker}.example.com`, aud: marker, scope: marker })
  for (const parts of [
    { token },
    { token: marker },
    { target: `/${marker}?q="${marker}"` },
    { proof: marker },
    { proof: await world.proof(await world.token(), { htu: `https://${marker}.example.com/`, htm: marker }) },
    {
      headers: [
        ['authorization', `DPoP ${marker}`],
        ['x-forwarded-host', marker],
      ] as const,
    },
    { headers: [['x-fapi-interaction-id', `${marker}\r\n`]] as const, proof: undefined },
  ]) {
    const verdict = await world.call(parts)
    assert.ok(verdict.kind === 'refusal')
    const { response } = verdict
    const text = JSON.stringify([...response.headers]) + (await response.text())
    assert.ok(!text.includes(marker), text)
  }
})

test('[RS-ERR-02] a refusal says which rule, why, how to fix it, and under which id it is noted', async () => {
  const world = aWorld()
  const token = await world.token({ aud: 'https://api.example.com/shop' })
  const expected = { rule: 'access_token_audience_mismatch', status: 401 } as const
  const refusal = await assertRefused(world, { token }, expected)
  const { error_description: sentence, hint, correlation_id: correlationId, ...rest } = await bodyOf(refusal)
  assert.deepEqual(rest, {
    error: 'invalid_token',
    rule: 'access_token_audience_mismatch',
    expected: { resource: 'https://api.example.com/bank' },
  })
  assert.ok(typeof sentence === 'string' && typeof hint === 'string' && typeof correlationId === 'string')
  assert.match(correlationId, uuid)
  assert.equal(world.events[0]?.correlationId, correlationId)
  assert.equal(world.events[0]?.peerAddress, '192.0.2.1')
})

test('[RS-ERR-02] who was refused is noted where the token was verified before, and only there', async () => {
  const world = aWorld()
  const token = await world.token()
  const proof = await world.proof(token)
  await assertAllowed(world, { token, proof })
  await assertRefused(world, { token, proof }, { rule: 'dpop_replayed', status: 401 })
  await assertRefused(world, { token: `${token}x` }, { rule: 'access_token_malformed', status: 401 })
  assert.deepEqual(
    world.events.map(({ clientId, subject }) => [clientId, subject]),
    [
      ['app', 'alice'],
      [undefined, undefined],
    ],
  )
})

test('[RS-ERR-02] x-fapi-interaction-id is echoed when it is a UUID, and made up otherwise', async () => {
  const world = aWorld()
  const id = 'c770aef3-6784-41f7-8e0e-ff5f97bddb3a'
  const echoed = await world.call({ token: undefined, headers: [['x-fapi-interaction-id', id]] })
  assert.ok(echoed.kind === 'refusal')
  assert.equal(echoed.response.headers.get('x-fapi-interaction-id'), id)
  const { headers } = await assertAllowed(world, { headers: [['x-fapi-interaction-id', id]] })
  assert.equal(headers['x-fapi-interaction-id'], id)
  for (const value of ['', 'x', `${id} `, `${id}0`]) {
    const made = await assertAllowed(world, { headers: [['x-fapi-interaction-id', value]] })
    assert.match(made.headers['x-fapi-interaction-id'] ?? '', uuid)
  }
})

// RS-PRM

test('[RS-PRM-01] [RS-PRM-02] the metadata says what is enforced', () => {
  const { guard } = aWorld()
  assert.deepEqual(guard.metadata(), {
    resource: 'https://api.example.com/bank',
    resource_name: 'The bank',
    authorization_servers: ['https://as.example.com'],
    scopes_supported: ['accounts', 'payments', 'reports'],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: ['ES256', 'PS256', 'EdDSA'],
    dpop_bound_access_tokens_required: true,
  })
  const [route] = bankPolicy.routes
  const silent = aWorld({ policy: { ...bankPolicy, routes: [{ ...route, scope: [] }] } })
  assert.ok(!('scopes_supported' in silent.guard.metadata()))
  observed('RS-PRM-02', 'the document, member for member')
})

test('[RS-PRM-01] the document stands before the path of the resource; Host and query change nothing', async () => {
  const { guard } = aWorld()
  const ask = (target: string, method = 'GET') =>
    guard.wellKnown(new Request(new URL(target, 'http://evil.example'), { method }), {
      peerAddress: '192.0.2.1',
      headers: [
        ['host', 'evil.example'],
        ['x-forwarded-host', 'evil.example'],
      ],
      target,
      entrance: 'main',
      certificate: undefined,
      certificateTrouble: undefined,
    })
  for (const query of ['', '?resource=https://evil.example']) {
    const response = ask(`/.well-known/oauth-protected-resource/bank${query}`)
    assert.equal(response?.status, 200)
    assert.equal(response.headers.get('content-type'), 'application/json')
    assert.deepEqual(await response.json(), guard.metadata())
  }
  assert.equal(ask('/.well-known/oauth-protected-resource'), undefined)
  assert.equal(ask('/.well-known/oauth-protected-resource/bank/'), undefined)
  assert.equal(ask('/.well-known/oauth-protected-resource/bank', 'POST'), undefined)
  assert.equal(ask('/.well-known/oauth-protected-resource/bank', 'HEAD'), undefined)
  observed('RS-PRM-01', 'the same document under a forged Host')
})

test('[RS-TOK-05] a policy that was never checked is checked by the guard', () => {
  const world = aWorld()
  const wide = { ...world.policy, routes: [] }
  assert.throws(() => createGuard(wide, { ...aPorts(), random }), /routes: is empty/)
})

function aPorts() {
  const never = () => {
    throw new Error('not asked')
  }
  return {
    fetchJson: never,
    clock: never,
    hash: never,
    verify: never,
    mac: never,
    audit: never,
    replay: { epoch: never, spendOnce: never },
  }
}
