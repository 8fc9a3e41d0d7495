import assert from 'node:assert/strict'
import { test } from 'node:test'
import { observed } from '../observations.ts'
import { rules } from '../../src/core/rules.ts'
import { aProof, authentication, claimsOf, headerOf, type Parameters } from './messages.ts'
import { aParty } from './parties.ts'
import { aCode, askToken, assertRefused, callUserinfo, clientCredentials, redeem, tokens } from './steps.ts'
import { aWorld, formText, register, theArchive, theBank, theIssuer, urls, type World } from './world.ts'

async function assertStillServed(world: World): Promise<void> {
  assert.equal((await clientCredentials(world)).status, 200)
}

test('method_not_allowed content_type_unsupported content_encoding_unsupported body_unreadable body_too_large parameter_in_query [AS-TOK-01]', async () => {
  const world = await aWorld()
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const reply = await world.send(method, '/token?grant_type=client_credentials')
    assertRefused(reply, 'method_not_allowed')
    assert.deepEqual([reply.status, reply.headers.get('allow')], [405, 'POST'])
  }
  const type = ['content-type', 'application/x-www-form-urlencoded'] as const
  const json = { headers: [['content-type', 'application/json']] as const, body: '{"grant_type":"client_credentials"}' }
  assertRefused(await world.send('POST', '/token', json), 'content_type_unsupported')
  const packed = { headers: [type, ['content-encoding', 'br']] as const, body: 'x' }
  assertRefused(await world.send('POST', '/token', packed), 'content_encoding_unsupported')
  assertRefused(await world.send('POST', '/token', { headers: [type], body: { aborted: true } }), 'body_unreadable')
  assertRefused(await world.send('POST', '/token', { headers: [type], body: 'x'.repeat(65_537) }), 'body_too_large')
  const query = formText([['grant_type', 'client_credentials'], ...(await authentication(world))])
  assertRefused(await world.send('POST', `/token?${query}`, { form: [] }), 'parameter_in_query')
  await assertStillServed(world)
})

test('parameter_repeated parameter_missing parameter_malformed [AS-TOK-01] once each; empty is absent; unknown is nothing', async () => {
  const world = await aWorld()
  const proof = async () => [['dpop', await aProof(world, aParty(), 'POST', urls.token)] as const]
  for (const name of ['grant_type', 'code', 'scope', 'anything']) {
    const twice = [[name, 'x'], [name, 'x'], ...(await authentication(world))] as const
    assertRefused(
      await world.send('POST', '/token', { form: twice, headers: await proof() }),
      'parameter_repeated',
      name,
    )
  }
  assertRefused(await askToken(world, {}), 'parameter_missing')
  assertRefused(await askToken(world, { grant_type: '' }), 'parameter_missing')
  for (const code of [undefined, '']) {
    assertRefused(await askToken(world, { grant_type: 'authorization_code', code }), 'parameter_missing')
  }
  const malformed: readonly Parameters[] = [
    { scope: 'a  b' },
    { scope: '"' },
    { code: 'x'.repeat(257) },
    { grant_type: 'ü' },
    { redirect_uri: 'a\nb' },
  ]
  for (const changes of malformed)
    assertRefused(await clientCredentials(world, changes), 'parameter_malformed', JSON.stringify(changes))
  const resources = Array.from({ length: 9 }, (_, index) => ['resource', `https://r${index}.example`] as const)
  const many = [['grant_type', 'client_credentials'], ...resources, ...(await authentication(world))] as const
  assertRefused(await world.send('POST', '/token', { form: many, headers: await proof() }), 'parameter_malformed')
  assert.equal((await clientCredentials(world, { unknown: 'x', scope: '', constructor: 'y' })).status, 200)
})

test('grant_type_unsupported grant_type_not_registered [AS-TOK-02]', async () => {
  const world = await aWorld()
  const urn = 'urn:ietf:params:oauth:grant-type:'
  for (const grant of [
    'password',
    'implicit',
    `${urn}token-exchange`,
    `${urn}device_code`,
    `${urn}jwt-bearer`,
    'Client_credentials',
    '__proto__',
    'toString',
    'constructor',
  ]) {
    const form = { grant_type: grant, username: 'alice', password: 'correct horse' }
    const reply = await askToken(world, form)
    assertRefused(reply, 'grant_type_unsupported', grant)
    assert.deepEqual([reply.status, reply.json['error'], reply.stored], [400, 'unsupported_grant_type', []])
  }
  const site = await register(world.store, aParty(), 'site', { grantTypes: ['authorization_code'] })
  const robot = await register(world.store, aParty(), 'robot', { grantTypes: ['client_credentials'] })
  const refused = await clientCredentials(world, {}, { client: site })
  assertRefused(refused, 'grant_type_not_registered')
  assert.deepEqual([refused.status, refused.json['error'], refused.stored], [400, 'unauthorized_client', []])
  const flow = await aCode(world)
  assertRefused(await redeem(world, flow, {}, { client: robot }), 'grant_type_not_registered')
  assert.equal((await redeem(world, flow)).status, 200, 'the code was not touched')
  assert.equal((await clientCredentials(world, {}, { client: robot })).status, 200)
})

test('grant_type_unsupported [AS-TOK-13] [AS-TOK-14] neither token exchange nor the device grant is offered', async () => {
  const world = await aWorld()
  for (const name of ['token-exchange', 'device_code']) {
    const reply = await askToken(world, { grant_type: `urn:ietf:params:oauth:grant-type:${name}` })
    assertRefused(reply, 'grant_type_unsupported', name)
    assert.deepEqual([reply.status, reply.json['error'], reply.stored], [400, 'unsupported_grant_type', []], name)
  }
  await assertStillServed(world)
})

test('[AS-TOK-03] [AS-DPOP-07] the answer and the access token of the code grant', async () => {
  const world = await aWorld()
  const { reply, party, accessToken, idToken } = await tokens(world)
  assert.deepEqual(Object.keys(reply.json), ['access_token', 'token_type', 'expires_in', 'scope', 'id_token'])
  const { access_token: _, id_token: __, ...rest } = reply.json
  assert.deepEqual(rest, { token_type: 'DPoP', expires_in: 300, scope: 'openid profile accounts' })
  assert.equal(reply.headers.get('content-type'), 'application/json')
  assert.deepEqual(headerOf(accessToken), { typ: 'at+jwt', kid: 'es', alg: 'ES256' })
  const { jti, grant_ref: ref, ...claims } = claimsOf(accessToken)
  assert.match(String(jti), /^[\w-]{22}$/)
  assert.match(String(ref), /^[\w-]{22}$/)
  assert.deepEqual(claims, {
    iss: theIssuer,
    aud: [theBank, theIssuer],
    sub: 'user-alice',
    client_id: 'client-a',
    iat: world.now(),
    exp: world.now() + 300,
    scope: 'openid profile accounts',
    cnf: { jkt: party.key.thumbprint },
    acr: 'urn:strongroom:acr:password',
    auth_time: world.now(),
  })
  assert.equal(headerOf(idToken)['typ'], 'JWT')
  observed('AS-TOK-03', 'the answer, member for member')
  observed('AS-DPOP-07', 'token_type DPoP and the thumbprint of the key')
})

test('[AS-TOK-08] openid_without_person: a client alone gets nothing that concerns a person', async () => {
  const world = await aWorld()
  const party = aParty()
  const reply = await clientCredentials(world, {}, { party })
  assert.deepEqual(Object.keys(reply.json), ['access_token', 'token_type', 'expires_in', 'scope'])
  const { jti: _, ...claims } = claimsOf(reply.json['access_token'])
  assert.deepEqual(claims, {
    iss: theIssuer,
    aud: theBank,
    sub: 'client-a',
    client_id: 'client-a',
    iat: world.now(),
    exp: world.now() + 300,
    scope: 'accounts',
    cnf: { jkt: party.key.thumbprint },
  })
  for (const scope of ['openid', 'accounts openid', 'profile', 'email accounts']) {
    const refused = await clientCredentials(world, { scope })
    assertRefused(refused, 'openid_without_person', scope)
    assert.deepEqual([refused.status, refused.json['error'], refused.stored], [400, 'invalid_scope', []])
  }
  const all = await clientCredentials(world, { scope: undefined })
  assert.equal(all.json['scope'], 'accounts payments archive', 'what it is registered for, no person in it')
})

test('scope_not_allowed [AS-TOK-11] never more than was registered or consented to', async () => {
  const world = await aWorld()
  const narrow = await register(world.store, aParty(), 'narrow', { scope: ['openid', 'accounts'] })
  for (const scope of ['payments', 'accounts payments', 'unknown', 'Accounts', 'toString']) {
    const reply = await clientCredentials(world, { scope }, { client: narrow })
    assertRefused(reply, 'scope_not_allowed', scope)
    assert.equal(reply.json['error'], 'invalid_scope')
  }
  const person = await register(world.store, aParty(), 'person', { scope: ['openid'] })
  assertRefused(await clientCredentials(world, { scope: undefined }, { client: person }), 'scope_not_allowed')
  const reply = await redeem(world, await aCode(world), { scope: 'openid payments archive' })
  assert.equal(reply.json['scope'], 'openid profile accounts', 'a scope at the exchange is not read')
  assert.equal((await clientCredentials(world, {}, { client: narrow })).json['scope'], 'accounts')
})

test('resource_not_allowed [AS-TOK-09] the audience is cut down to what was asked for', async () => {
  const world = await aWorld()
  const scope = 'openid accounts archive'
  const both = claimsOf((await redeem(world, await aCode(world, { scope }))).json['access_token'])
  assert.deepEqual(both['aud'], [theBank, theArchive, theIssuer])
  const cut = await redeem(world, await aCode(world, { scope }), { resource: theBank })
  assert.equal(cut.json['scope'], 'openid accounts')
  assert.deepEqual(claimsOf(cut.json['access_token'])['aud'], [theBank, theIssuer])
  for (const resource of ['foo', `${theBank}#a`, theArchive, 'https://rs.example', `${theBank}/`, theIssuer]) {
    const reply = await redeem(world, await aCode(world), { resource })
    assertRefused(reply, 'resource_not_allowed', resource)
    assert.deepEqual([reply.status, reply.json['error']], [400, 'invalid_target'])
    for (const changes of [{ scope: undefined }, { scope: 'accounts' }]) {
      const own = await clientCredentials(world, { resource: resource === theArchive ? 'urn:x' : resource, ...changes })
      assertRefused(own, 'resource_not_allowed', `${resource} client credentials`)
      assert.deepEqual(own.stored, [])
    }
  }
  const robot = await clientCredentials(world, { scope: undefined, resource: theArchive })
  assert.deepEqual([robot.json['scope'], claimsOf(robot.json['access_token'])['aud']], ['archive', theArchive])
})

test('dpop_proof_missing [AS-TOK-04] [AS-DPOP-10] no token without a key, for any grant', async () => {
  const world = await aWorld()
  const flow = await aCode(world)
  for (const reply of [
    await redeem(world, flow, {}, { headers: [] }),
    await clientCredentials(world, {}, { headers: [] }),
  ]) {
    assertRefused(reply, 'dpop_proof_missing')
    assert.deepEqual([reply.status, reply.json['error'], reply.stored], [400, 'invalid_dpop_proof', []])
    assert.equal(reply.json['access_token'], undefined)
  }
  assert.equal((await redeem(world, flow)).status, 200, 'the code was not touched')
})

test('[AS-TOK-12] descriptions keep to their characters and repeat nothing that was sent', async () => {
  const world = await aWorld()
  for (const { sentence } of Object.values(rules)) assert.match(sentence, /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
  const marker = 'MARKER"\\<b>'
  const flow = await aCode(world)
  const names = [
    'grant_type',
    'code',
    'redirect_uri',
    'code_verifier',
    'scope',
    'resource',
    'client_id',
    'client_assertion_type',
    'client_secret',
  ]
  for (const name of names) {
    const reply = await redeem(world, flow, { [name]: marker })
    assert.ok(reply.status === 400 || reply.status === 401, name)
    assert.ok(!reply.text.includes('MARKER') && !reply.text.includes(flow.code), name)
  }
  const named = await askToken(world, { [marker]: '1' })
  assert.ok(!named.text.includes('MARKER'))
  await assertStillServed(world)
  observed('AS-TOK-12', 'no marker in any description')
})

test('[AS-TOK-11] an access token lives five minutes', async () => {
  const world = await aWorld()
  const { accessToken, party } = await tokens(world)
  world.wait(299)
  assert.equal((await callUserinfo(world, accessToken, party)).status, 200)
  world.wait(1)
  assertRefused(await callUserinfo(world, accessToken, party), 'access_token_expired')
})

test('resource_not_allowed [AS-TOK-09] narrowing beyond the grant leaves the code as it was', async () => {
  const world = await aWorld()
  const flow = await aCode(world)
  assertRefused(await redeem(world, flow, { resource: theArchive }), 'resource_not_allowed')
  const tokens = await redeem(world, flow, { resource: theBank })
  assert.equal(tokens.status, 200, tokens.text)
})
