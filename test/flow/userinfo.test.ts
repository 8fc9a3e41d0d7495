import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numericDate } from '../../src/core/names.ts'
import { aJwt, type Changes, claimsOf, headerOf } from './messages.ts'
import { aParty } from './parties.ts'
import { assertRefused, callUserinfo, clientCredentials, tokens } from './steps.ts'
import { aWorld, theBank, type Reply, type World } from './world.ts'

async function aBench() {
  const world = await aWorld()
  const done = await tokens(world)
  const [es] = world.serverKeys
  assert.ok(es)
  /** A token like the real one, with something changed, signed by the server's own key. */
  const minted = async (changes: Changes) => {
    const token = await aJwt(
      { ...headerOf(done.accessToken), ...changes.header },
      { ...claimsOf(done.accessToken), ...changes.claims },
      changes.signer ?? es.signer,
    )
    return callUserinfo(world, changes.text?.(token) ?? token, done.party)
  }
  return { world, ...done, minted, send: () => callUserinfo(world, done.accessToken, done.party) }
}

function assertUnauthorized(reply: Reply, rule: string, about: string): void {
  assertRefused(reply, rule, about)
  assert.deepEqual([reply.status, reply.json['error'], reply.stored], [401, 'invalid_token', []], about)
  assert.match(reply.headers.get('www-authenticate') ?? '', /^DPoP error="invalid_token", .*algs="ES256 PS256 EdDSA"/)
}

test('[AS-OIDC-07] GET and POST give the claims of the scopes, the same sub, and nothing to keep', async () => {
  const world = await aWorld()
  const expected = [
    ['openid', { sub: 'user-alice' }],
    ['openid profile', { sub: 'user-alice', name: 'Alice Example' }],
    ['openid email', { sub: 'user-alice', email: 'alice@example.org' }],
  ] as const
  for (const [scope, claims] of expected) {
    const { accessToken, party, idToken } = await tokens(world, { scope })
    for (const method of ['GET', 'POST'] as const) {
      const reply = await callUserinfo(world, accessToken, party, {}, { method })
      assert.deepEqual([reply.status, reply.json], [200, claims])
      assert.equal(reply.json['sub'], claimsOf(idToken)['sub'])
      assert.deepEqual(reply.stored, ['replay.spendOnce'])
    }
  }
})

test('access_token_* [AS-OIDC-07] [AS-TOK-10] one thing wrong with the token', async () => {
  const { world, minted, send, idToken, party, accessToken } = await aBench()
  const now = world.now()
  const cases: readonly (readonly [string, string, Changes])[] = [
    ['access_token_malformed', 'three parts of nothing', { text: () => 'a.b.c' }],
    ['access_token_malformed', 'crit', { header: { crit: ['x'] } }],
    ['access_token_malformed', 'no signature', { text: (jwt) => jwt.replace(/[^.]*$/, '') }],
    ['access_token_malformed', 'exp as text', { claims: { exp: String(now + 60) } }],
    ['access_token_malformed', 'a sub that is none', { claims: { sub: 'ü' } }],
    ['access_token_typ_wrong', 'typ JWT', { header: { typ: 'JWT' } }],
    ['access_token_typ_wrong', 'no typ', { header: { typ: undefined } }],
    ...['none', 'nOnE', 'HS256', 'RS256', 'ES384', undefined].map(
      (alg) => ['access_token_algorithm_not_allowed', String(alg), { header: { alg } }] as const,
    ),
    ['access_token_issuer_untrusted', 'another issuer', { claims: { iss: 'https://other.example' } }],
    ['access_token_issuer_untrusted', 'no issuer', { claims: { iss: undefined } }],
    ['access_token_key_unknown', 'an unknown kid', { header: { kid: 'other' } }],
    ['access_token_key_unknown', 'a kid of another algorithm', { header: { kid: 'ps' } }],
    ['access_token_signature_invalid', 'another key', { signer: aParty().signer }],
    [
      'access_token_signature_invalid',
      'a jwk in the header',
      { header: { jwk: aParty().key.jwk }, signer: aParty().signer },
    ],
    ['access_token_audience_mismatch', 'a token for the bank', { claims: { aud: theBank } }],
    ['access_token_audience_mismatch', 'no audience', { claims: { aud: undefined } }],
    ['access_token_expired', 'over', { claims: { exp: now } }],
    ['access_token_from_the_future', 'not yet', { claims: { iat: now + 61 } }],
    ['access_token_from_the_future', 'nbf', { claims: { nbf: now + 61 } }],
    ...['sub', 'client_id', 'exp', 'iat', 'jti'].map(
      (name) => ['access_token_claim_missing', name, { claims: { [name]: undefined } }] as const,
    ),
    ['access_token_unbound', 'no cnf', { claims: { cnf: undefined } }],
    [
      'certificate_bound_token_sent_as_dpop',
      'bound to a certificate',
      { claims: { cnf: { 'x5t#S256': party.key.thumbprint } } },
    ],
    ['access_token_unbound', 'bound twice', { claims: { cnf: { jkt: party.key.thumbprint, x: 1 } } }],
    ['access_token_revoked', 'of no grant that is known', { claims: { grant_ref: 'A'.repeat(22) } }],
    ['dpop_key_mismatch', 'bound to another key', { claims: { cnf: { jkt: aParty().key.thumbprint } } }],
  ]
  for (const [rule, about, changes] of cases) assertUnauthorized(await minted(changes), rule, about)
  assertUnauthorized(await callUserinfo(world, String(idToken), party), 'access_token_typ_wrong', 'an ID token')
  assert.equal((await send()).status, 200)
  assert.ok(accessToken)
})

test('scope_insufficient person_required access_token_audience_mismatch [AS-OIDC-07] without openid there is nobody to tell about', async () => {
  const { world, minted } = await aBench()
  const reply = await minted({ claims: { scope: 'profile accounts' } })
  assertRefused(reply, 'scope_insufficient')
  assert.deepEqual([reply.status, reply.json['error']], [403, 'insufficient_scope'])
  assert.match(reply.headers.get('www-authenticate') ?? '', /scope="openid"/)
  const nobody = await minted({ claims: { sub: 'client-a' } })
  assertRefused(nobody, 'person_required')
  assert.deepEqual([nobody.status, nobody.json['error']], [403, 'insufficient_scope'])
  const party = aParty()
  const robot = await clientCredentials(world, {}, { party })
  assertRefused(await callUserinfo(world, String(robot.json['access_token']), party), 'access_token_audience_mismatch')
  const without = await tokens(world, { scope: 'accounts' })
  assertRefused(await callUserinfo(world, without.accessToken, without.party), 'access_token_audience_mismatch')
})

test('access_token_missing authorization_malformed authorization_repeated bound_token_sent_as_bearer access_token_in_query access_token_in_body [AS-OIDC-07] the token comes in one header field', async () => {
  const { world, accessToken, party, send } = await aBench()
  const get = (headers: readonly (readonly [string, string])[], query = '') =>
    world.send('GET', `/userinfo${query}`, { headers })
  const missing = await get([])
  assertRefused(missing, 'access_token_missing')
  assert.deepEqual([missing.status, missing.headers.get('www-authenticate')], [401, 'DPoP algs="ES256 PS256 EdDSA"'])
  for (const value of [
    '',
    'DPoP',
    'DPoP ',
    `Basic ${btoa('a:b')}`,
    `DPoP ${accessToken} x`,
    `DPoP,${accessToken}`,
    accessToken,
    'DPoP "x"',
  ]) {
    const reply = await get([['authorization', value]])
    assertRefused(reply, 'authorization_malformed', value)
    assert.equal(reply.status, 400)
  }
  const twice = ['authorization', `DPoP ${accessToken}`] as const
  assertRefused(await get([twice, twice]), 'authorization_repeated')
  const bearer = await callUserinfo(world, accessToken, party, {}, { scheme: 'Bearer' })
  assertRefused(bearer, 'bound_token_sent_as_bearer')
  assert.deepEqual([bearer.status, bearer.stored], [401, []])
  for (const query of [
    '?access_token=x',
    `?a=1&access_token=${accessToken}`,
    '?%61ccess_token=x',
    '?access%5Ftoken=x',
  ]) {
    const reply = await callUserinfo(world, accessToken, party, {}, { query })
    assertRefused(reply, 'access_token_in_query', query)
    assert.deepEqual([reply.status, reply.json['error']], [400, 'invalid_request'])
  }
  const inBody = { form: [['access_token', accessToken]] as const }
  assertRefused(await world.send('POST', '/userinfo', inBody), 'access_token_in_body')
  assertRefused(
    await callUserinfo(world, accessToken, party, {}, { method: 'POST', sent: inBody }),
    'access_token_in_body',
  )
  const fine = await callUserinfo(world, accessToken, party, {}, { method: 'POST', sent: { form: [['x', 'y']] } })
  assert.equal(fine.status, 200)
  assert.equal((await callUserinfo(world, accessToken, party, {}, { scheme: 'dpop' })).status, 200)
  assert.equal((await send()).status, 200)
})

test('method_not_allowed content_type_unsupported body_too_large [AS-OIDC-07] [NET-07] the shape of the request', async () => {
  const { world, send } = await aBench()
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const reply = await world.send(method, '/userinfo')
    assertRefused(reply, 'method_not_allowed')
    assert.equal(reply.headers.get('allow'), 'GET, POST')
  }
  const type = (value: string) => ({ headers: [['content-type', value]] as const })
  const form = 'application/x-www-form-urlencoded'
  assertRefused(
    await world.send('POST', '/userinfo', { ...type('application/json'), body: '{}' }),
    'content_type_unsupported',
  )
  assertRefused(await world.send('POST', '/userinfo', { ...type(form), body: 'x'.repeat(65_537) }), 'body_too_large')
  assertRefused(await world.send('POST', '/userinfo', { ...type(form), body: { aborted: true } }), 'body_unreadable')
  assertRefused(await world.send('POST', '/userinfo', { ...type(form), body: 'a=%' }), 'parameter_malformed')
  assertRefused(await world.send('POST', '/userinfo', { ...type(form), body: 'a=1&a=2' }), 'parameter_repeated')
  const packed = {
    headers: [
      ['content-type', form],
      ['content-encoding', 'gzip'],
    ] as const,
    body: 'x',
  }
  assertRefused(await world.send('POST', '/userinfo', packed), 'content_encoding_unsupported')
  assert.equal((await send()).status, 200)
})

test('method_not_allowed [NET-07] HEAD does not do what GET does', async () => {
  const { world, send } = await aBench()
  for (const path of ['/userinfo', '/authorize', '/interaction/AAAAAAAAAAAAAAAAAAAAAA']) {
    assertRefused(await world.send('HEAD', path), 'method_not_allowed')
  }
  assert.equal((await world.send('HEAD', '/userinfo')).headers.get('allow'), 'GET, POST')
  assert.equal((await world.send('HEAD', '/jwks')).status, 200)
  assert.equal((await send()).status, 200)
})

test('access_token_revoked [AS-OIDC-07] a token of a person who is gone', async () => {
  const world: World = await aWorld()
  const { accessToken, party } = await tokens(world)
  assert.equal((await callUserinfo(world, accessToken, party)).status, 200)
  const record = await world.store.clients.find(world.client.clientId)
  Object.assign(record ?? {}, { notBefore: numericDate(world.now()) })
  assertRefused(await callUserinfo(world, accessToken, party), 'access_token_revoked')
})
