import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GrantRef } from '../../src/core/names.ts'
import { grantRef, issuer, numericDate, username } from '../../src/core/names.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { observed } from '../observations.ts'
import { aCertificate, anchorsFor } from './certificates.ts'
import { aJwt, anAssertion, aProof, authentication, claimsOf } from './messages.ts'
import { aParty } from './parties.ts'
import {
  assertRefused,
  callUserinfo,
  clientCredentials,
  introspect,
  offlineTokens,
  redeem,
  refresh,
  revoke,
  tokens,
} from './steps.ts'
import {
  alter,
  aWorld,
  dawn,
  formText,
  register,
  registerResourceServer,
  type Reply,
  theArchive,
  theBank,
  theIssuer,
  urls,
  type World,
} from './world.ts'

/** The answer to everything that is not for the caller: nothing but that. */
function assertNothingTold(reply: Reply, about = ''): void {
  assert.deepEqual([reply.status, reply.text], [200, '{"active":false}'], about)
  assert.equal(reply.rule, undefined, about)
  assert.equal(reply.headers.get('content-type'), 'application/json', about)
}

async function assertStillTold(world: World): Promise<void> {
  const { json } = await clientCredentials(world)
  assert.equal((await introspect(world, json['access_token'])).json['active'], true)
}

function grantOf(token: unknown): GrantRef {
  return grantRef(String(claimsOf(token)['grant_ref']))
}

test('client_authentication_missing [AS-INTRO-01] [SK-52] nobody asks without a credential', async () => {
  const world = await aWorld()
  const { accessToken } = await tokens(world)
  for (const form of [
    [['token', accessToken]],
    [
      ['token', accessToken],
      ['client_id', 'bank-server'],
    ],
  ] as const) {
    const reply = await world.send('POST', '/introspect', { form })
    assertRefused(reply, 'client_authentication_missing')
    assert.deepEqual([reply.status, reply.json['error'], reply.stored], [401, 'invalid_client', []])
  }
  const certificate = aCertificate('CN=somebody')
  const byCertificate = { form: [['token', accessToken] as const], certificate }
  assertRefused(await world.send('POST', '/introspect', byCertificate), 'client_authentication_missing')
  await assertStillTold(world)
})

test('[AS-INTRO-01] [SK-52] an ordinary client learns nothing, not even of its own tokens', async () => {
  const world = await aWorld()
  const { accessToken, refreshToken } = await offlineTokens(world)
  for (const client of [world.client, world.otherClient]) {
    for (const token of [accessToken, refreshToken, 'x']) {
      const reply = await introspect(world, token, {}, { client })
      assertNothingTold(reply)
      assert.deepEqual(reply.stored, ['replay.spendOnce'])
      const { type, reason, outcome, clientId } = world.raised.at(-1) ?? {}
      const noted = ['token.introspection.foreign', 'client_role_wrong', 'blocked', client.clientId]
      assert.deepEqual([type, reason, outcome, clientId], noted)
    }
  }
  observed('AS-INTRO-01', 'active false to a client')
  await assertStillTold(world)
})

test('client_assertion_replayed [AS-INTRO-01] an assertion asks once', async () => {
  const world = await aWorld()
  const { accessToken } = await tokens(world)
  const text = await anAssertion(world, world.bankServer)
  const assertion = { text: () => text }
  assert.equal((await introspect(world, accessToken, {}, { assertion })).json['active'], true)
  const again = await introspect(world, accessToken, {}, { assertion })
  assertRefused(again, 'client_assertion_replayed')
  assert.deepEqual([again.status, again.json['error']], [401, 'invalid_client'])
  await assertStillTold(world)
})

test('method_not_allowed parameter_in_query parameter_missing [AS-INTRO-02] the token comes in the body of a POST', async () => {
  const world = await aWorld()
  const { accessToken } = await tokens(world)
  for (const method of ['GET', 'HEAD', 'PUT', 'OPTIONS']) {
    const reply = await world.send(method, `/introspect?token=${accessToken}`)
    assertRefused(reply, 'method_not_allowed', method)
    assert.deepEqual([reply.status, reply.headers.get('allow')], [405, 'POST'])
  }
  const query = formText([['token', accessToken]])
  const form = await authentication(world, world.bankServer)
  assertRefused(await world.send('POST', `/introspect?${query}`, { form }), 'parameter_in_query')
  for (const token of [undefined, '']) {
    const reply = await introspect(world, 'x', { token })
    assertRefused(reply, 'parameter_missing')
    assert.deepEqual([reply.status, reply.json['error'], reply.stored], [400, 'invalid_request', []])
  }
  const json = {
    headers: [['content-type', 'application/json']] as const,
    body: JSON.stringify({ token: accessToken }),
  }
  assertRefused(await world.send('POST', '/introspect', json), 'content_type_unsupported')
  await assertStillTold(world)
})

test('[AS-INTRO-03] [SK-52] whatever does not count for the caller gives active false and nothing else', async () => {
  const world = await aWorld()
  const { accessToken, refreshToken, idToken, code, party } = await offlineTokens(world)
  const ofArchive = (await clientCredentials(world, { scope: 'archive' })).json['access_token']
  const ofUserinfo = (await tokens(world, { scope: 'openid' })).accessToken
  const claims = claimsOf(accessToken)
  const [es] = world.serverKeys
  const [header, payload] = accessToken.split('.')
  const forged = {
    'signed by a stranger': await aJwt({ typ: 'at+jwt', kid: 'es' }, claims, aParty().signer),
    'no signature': `${header ?? ''}.${payload ?? ''}.`,
    'alg none': await aJwt({ typ: 'at+jwt', alg: 'none' }, claims, aParty().signer),
    'another typ': await aJwt({ typ: 'JWT', kid: 'es' }, claims, es?.signer ?? party.signer),
    'another issuer': await aJwt(
      { typ: 'at+jwt', kid: 'es' },
      { ...claims, iss: issuer('https://evil.example') },
      es?.signer ?? party.signer,
    ),
    'no binding': await aJwt({ typ: 'at+jwt', kid: 'es' }, { ...claims, cnf: undefined }, es?.signer ?? party.signer),
  }
  const others = { refreshToken, idToken, code, ofArchive, ofUserinfo, random: world.random(32), text: '💣 \u0000' }
  for (const [about, token] of Object.entries({ ...others, ...forged, long: 'x'.repeat(50_000) })) {
    assertNothingTold(await introspect(world, token), about)
  }
  // Said to the trail: a token of somebody else's was asked about.
  await introspect(world, ofArchive)
  const { type, reason } = world.raised.at(-1) ?? {}
  assert.deepEqual([type, reason], ['token.introspection.foreign', 'access_token_audience_mismatch'])
  assert.equal((await introspect(world, accessToken)).json['active'], true)
  world.wait(300)
  assertNothingTold(await introspect(world, accessToken), 'expired')
  observed('AS-INTRO-03', 'exactly active false, whatever the reason')
  await assertStillTold(world)
})

test('[AS-INTRO-03] [AS-REV-03] a token that was ended is inactive at once', async () => {
  const ends: Readonly<Record<string, (world: World, done: Awaited<ReturnType<typeof offlineTokens>>) => unknown>> = {
    'grant revoked': ({ store, now }, { accessToken }) => store.grants.revoke(grantOf(accessToken), now()),
    'refresh token revoked': (world, { refreshToken }) => revoke(world, refreshToken),
    'access token revoked': (world, { accessToken }) => revoke(world, accessToken),
    'code replayed': (world, done) => redeem(world, done),
    'person locked': ({ store, now }) => store.users.setLocked(username('alice'), 'locked', now()),
    'client suspended': ({ store, client, now }) => store.clients.setStatus(client.clientId, 'suspended', now()),
    'client removed': ({ store, client }) => store.clients.remove(client.clientId),
  }
  for (const [how, end] of Object.entries(ends)) {
    const world = await aWorld()
    const done = await offlineTokens(world)
    assert.equal((await introspect(world, done.accessToken)).json['active'], true, how)
    await end(world, done)
    assertNothingTold(await introspect(world, done.accessToken), how)
  }
})

test('[AS-INTRO-03] a token of a client alone ends with the client', async () => {
  const world = await aWorld()
  const token = (await clientCredentials(world)).json['access_token']
  assert.equal((await introspect(world, token)).json['active'], true)
  world.wait(1)
  await world.store.clients.setStatus(world.client.clientId, 'suspended', world.now())
  assertNothingTold(await introspect(world, token))
  await world.store.clients.setStatus(world.client.clientId, 'active', world.now())
  assertNothingTold(await introspect(world, token), 'activating revives nothing')
})

test('[AS-INTRO-04] the answer holds what the resource server needs to enforce', async () => {
  const world = await aWorld()
  const { accessToken, party } = await tokens(world)
  const reply = await introspect(world, accessToken)
  const { jti, ...rest } = reply.json
  assert.equal(jti, claimsOf(accessToken)['jti'])
  assert.deepEqual(rest, {
    active: true,
    iss: theIssuer,
    aud: theBank,
    sub: 'user-alice',
    client_id: 'client-a',
    scope: 'accounts',
    iat: world.now(),
    exp: world.now() + 300,
    token_type: 'DPoP',
    cnf: { jkt: party.key.thumbprint },
    acr: 'urn:strongroom:acr:password',
    auth_time: world.now(),
  })
  assert.equal(reply.headers.get('cache-control'), 'no-store')
  assert.deepEqual(reply.stored, ['replay.spendOnce'])
  const robot = (await clientCredentials(world)).json['access_token']
  const told = (await introspect(world, robot)).json
  assert.deepEqual([told['sub'], told['acr'], told['auth_time']], ['client-a', undefined, undefined])
  observed('AS-INTRO-04', 'every member an API enforces, uncacheable')
})

test('[AS-INTRO-04] [AS-MTLS-04] the binding of a certificate-bound token', async () => {
  const world = await aWorld()
  const client = await register(world.store, aParty(), 'bound', { binding: 'certificate' })
  const certificate = aCertificate('CN=bound')
  const reply = await clientCredentials(world, {}, { client, sent: { certificate } })
  const { token_type: type, cnf } = (await introspect(world, reply.json['access_token'])).json
  assert.deepEqual([type, cnf], ['Bearer', { 'x5t#S256': certificate.thumbprint }])
})

test('[AS-INTRO-04] each resource server sees its own part of a token, and of the person what the client sees', async () => {
  const world = await aWorld()
  const { accessToken } = await tokens(world, { scope: 'openid profile accounts payments archive' })
  const bank = (await introspect(world, accessToken)).json
  assert.deepEqual([bank['aud'], bank['scope']], [theBank, 'accounts payments'])
  const archive = (await introspect(world, accessToken, {}, { client: world.archiveServer })).json
  assert.deepEqual([archive['aud'], archive['scope']], [theArchive, 'archive'])
  for (const told of [bank, archive]) assert.ok(!('grant_ref' in told) && !('speaksFor' in told))
  const pairwise = await register(world.store, aParty(), 'pairwise', { subjectType: 'pairwise' })
  const other = await tokens(world, {}, { client: pairwise })
  const { sub } = (await introspect(world, other.accessToken)).json
  assert.equal(sub, claimsOf(other.accessToken)['sub'])
  assert.notEqual(sub, 'user-alice')
})

test('[AS-INTRO-04] the proof is not checked here, and no nonce is demanded', async () => {
  const world = await aWorld()
  const { accessToken, party } = await tokens(world)
  const foreign = await aProof(world, aParty(), 'GET', urls.userinfo, { claims: { nonce: undefined } })
  const reply = await introspect(world, accessToken, {}, { headers: [['dpop', foreign]] })
  assert.equal(reply.json['active'], true)
  const broken = await introspect(world, accessToken, {}, { headers: [['dpop', 'no proof at all']] })
  assert.equal(broken.json['active'], true)
  // Asking about a token does not use it up.
  assert.equal((await callUserinfo(world, accessToken, party)).status, 200)
})

test('[AS-INTRO-04] token_type_hint is a hint and changes nothing', async () => {
  const world = await aWorld()
  const { accessToken, refreshToken } = await offlineTokens(world)
  for (const token_type_hint of ['access_token', 'refresh_token', 'id_token', 'é "']) {
    assert.equal((await introspect(world, accessToken, { token_type_hint })).json['active'], true, token_type_hint)
    assertNothingTold(await introspect(world, refreshToken, { token_type_hint }), token_type_hint)
  }
})

test('client_role_wrong grant_type_not_registered [AS-INTRO-01] a resource server asks, and does nothing else', async () => {
  const world = await aWorld()
  const { accessToken, refreshToken } = await offlineTokens(world)
  const client = world.bankServer
  const refused = [
    await clientCredentials(world, {}, { client }),
    await refresh(world, refreshToken, {}, { client }),
    await revoke(world, accessToken, {}, { client }),
  ]
  for (const reply of refused) {
    assertRefused(reply, 'client_role_wrong')
    assert.deepEqual([reply.status, reply.json['error'], reply.stored], [400, 'unauthorized_client', []])
  }
  await assertStillTold(world)
})

test('client_certificate_missing client_certificate_name_mismatch client_suspended [AS-INTRO-01] a resource server with a certificate', async () => {
  const right = aCertificate('CN=bank-m,O=Example')
  const wrong = aCertificate('CN=somebody,O=Example')
  const trustAnchors = anchorsFor(
    new Map([
      [right, 'trusted'],
      [wrong, 'trusted'],
    ]),
  )
  const world = await aWorld({ ports: { trustAnchors } })
  const bank = await registerResourceServer(world.store, aParty(), 'bank-m', theBank, {
    authMethod: 'tls_client_auth',
    certificateName: { kind: 'dn', value: 'CN=bank-m,O=Example' },
    keys: [],
  })
  const { accessToken } = await tokens(world)
  const form = [['token', accessToken] as const, ['client_id', 'bank-m'] as const]
  const ask = (more: object) => world.send('POST', '/introspect', { form, ...more })
  assertRefused(await ask({}), 'client_certificate_missing')
  assertRefused(await ask({ certificate: wrong }), 'client_certificate_name_mismatch')
  assert.equal((await ask({ certificate: right })).json['active'], true)
  await alter(world, bank, { status: 'suspended' })
  assertRefused(await ask({ certificate: right }), 'client_suspended')
})

test('state_unavailable [OPS-04] [SK-52] a store that is down answers 503, not that a token is dead', async () => {
  const world = await aWorld()
  const { accessToken } = await tokens(world)
  await world.store.close()
  const reply = await introspect(world, accessToken)
  assertRefused(reply, 'state_unavailable')
  assert.deepEqual([reply.status, reply.stored], [503, []])
})

test('[AS-INTRO-03] an API that was taken out of the configuration has no tokens any more', async () => {
  const store = createMemoryStore({ clock: () => numericDate(dawn), epoch: numericDate(dawn - 3600) })
  const before = await aWorld({ store: () => Promise.resolve(store) })
  const { refreshToken, accessToken } = await offlineTokens(before, { scope: 'openid accounts archive offline_access' })
  const client = before.archiveServer
  assert.equal((await introspect(before, accessToken, {}, { client })).json['active'], true)
  const scopes = [{ name: 'accounts', description: 'See your accounts' }]
  const apis = [{ resource: theBank, name: 'Demo Bank', scopes }]
  const after = await aWorld({ store: () => Promise.resolve(store), config: { apis } })
  assertNothingTold(await introspect(after, accessToken, {}, { client }))
  const { json } = await introspect(after, accessToken)
  assert.deepEqual([json['active'], json['scope']], [true, 'accounts'])
  const renewed = await refresh(after, refreshToken)
  assert.equal(renewed.json['scope'], 'openid accounts offline_access')
  assertRefused(await refresh(after, refreshToken, { resource: theArchive }), 'resource_not_allowed')
})
