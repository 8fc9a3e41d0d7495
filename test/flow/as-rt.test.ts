import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numericDate, rowId, seconds, subject, username } from '../../src/core/names.ts'
import { standardLifetimes } from '../../src/core/profile.ts'
import { sha256 } from '../../src/node/runtime.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { observed } from '../observations.ts'
import { aCertificate } from './certificates.ts'
import { aProof, claimsOf, type Parameters } from './messages.ts'
import { aParty } from './parties.ts'
import {
  aCode,
  askToken,
  assertRefused,
  callUserinfo,
  clientCredentials,
  type More,
  offlineScope,
  offlineTokens,
  push,
  redeem,
  refresh,
  signedIn,
  tokens,
} from './steps.ts'
import { alter, aWorld, dawn, register, type Reply, theArchive, theBank, theIssuer, urls, type World } from './world.ts'

async function assertStillWorks(world: World, token: string, more: More = {}): Promise<Reply> {
  const reply = await refresh(world, token, {}, more)
  assert.equal(reply.status, 200, reply.text)
  return reply
}

/** The answer without what is new each time. */
function uniform(reply: Reply): string {
  const headers = [...reply.headers].filter(([name]) => !/correlation|interaction-id|dpop-nonce/.test(name))
  const { correlation_id: _, ...body } = reply.json
  return JSON.stringify([reply.status, headers, body])
}

function assertUnusable(reply: Reply, rule: string, about = ''): void {
  assertRefused(reply, rule, about)
  const { status, json } = reply
  assert.deepEqual([status, json['error'], json['rule']], [400, 'invalid_grant', 'refresh_token_not_usable'], about)
}

test('refresh_token_client_mismatch [AS-RT-01] [SK-50] a refresh token works for its client only', async () => {
  const world = await aWorld()
  const { refreshToken, accessToken } = await offlineTokens(world)
  const reply = await refresh(world, refreshToken, {}, { client: world.otherClient })
  assertUnusable(reply, 'refresh_token_client_mismatch')
  assert.deepEqual(reply.stored, ['replay.spendOnce'])
  // Both owners can be told: the trail names who presented it, and whose grant it is.
  const alarm = world.raised.at(-1)
  assert.equal(alarm?.type, 'oauth.refresh.client_mismatch')
  assert.deepEqual([alarm?.clientId, alarm?.grantRef], ['client-b', claimsOf(accessToken)['grant_ref']])
  await assertStillWorks(world, refreshToken)
})

test('client_authentication_missing client_id_mismatch [AS-RT-01] with full client authentication', async () => {
  const world = await aWorld()
  const { refreshToken } = await offlineTokens(world)
  const headers = [['dpop', await aProof(world, aParty(), 'POST', urls.token)]] as const
  const form = [
    ['grant_type', 'refresh_token'],
    ['refresh_token', refreshToken],
    ['client_id', 'client-a'],
  ] as const
  const reply = await world.send('POST', '/token', { form, headers })
  assertRefused(reply, 'client_authentication_missing')
  assert.deepEqual([reply.status, reply.json['error'], reply.stored], [401, 'invalid_client', []])
  assertRefused(await refresh(world, refreshToken, { client_id: 'client-b' }), 'client_id_mismatch')
  await assertStillWorks(world, refreshToken)
})

test('refresh_token_unknown parameter_missing [AS-RT-06] [SK-55] what is no refresh token of ours', async () => {
  const world = await aWorld()
  const { refreshToken, accessToken, code } = await offlineTokens(world)
  const fresh = await aCode(world, { scope: offlineScope })
  const [id = '', secret = ''] = refreshToken.split('.')
  const uri = String((await push(world)).json['request_uri']).replace(/^.*:/, '')
  const answers = new Set<string>()
  const strangers = [
    'x',
    `${refreshToken}A`,
    refreshToken.slice(1),
    `${refreshToken} `,
    `${id}.${'A'.repeat(43)}`,
    `${'A'.repeat(22)}.${secret}`,
    `${secret}.${id}`,
    code,
    fresh.code,
    uri,
    '__proto__',
  ]
  for (const text of strangers) {
    const reply = await refresh(world, text)
    assertUnusable(reply, 'refresh_token_unknown', text)
    assert.ok(!reply.stored.includes('refreshTokens.present'), text)
    answers.add(uniform(reply))
  }
  answers.add(uniform(await refresh(world, refreshToken, {}, { client: world.otherClient })))
  assert.equal(answers.size, 1, [...answers].join('\n'))
  assertRefused(await refresh(world, accessToken), 'parameter_malformed', 'longer than any of ours')
  for (const refresh_token of [undefined, '']) {
    assertRefused(await askToken(world, { grant_type: 'refresh_token', refresh_token }), 'parameter_missing')
  }
  assertRefused(await redeem(world, { ...fresh, code: refreshToken }), 'code_unknown', 'nor a code')
  assert.equal((await redeem(world, fresh)).status, 200, 'the code was not touched')
  await assertStillWorks(world, refreshToken)
})

test('[AS-RT-02] [SK-49] the first refresh token works ten times, and no other is handed out', async () => {
  const world = await aWorld()
  const { refreshToken } = await offlineTokens(world)
  const jtis = new Set<unknown>()
  for (let round = 0; round < 10; round += 1) {
    world.wait(60)
    const reply = await assertStillWorks(world, refreshToken)
    assert.deepEqual(Object.keys(reply.json), ['access_token', 'token_type', 'expires_in', 'scope', 'id_token'])
    assert.equal(reply.json['scope'], offlineScope)
    jtis.add(claimsOf(reply.json['access_token'])['jti'])
  }
  assert.equal(jtis.size, 10)
  observed('AS-RT-02', 'ten successes with the first token, and no refresh_token in an answer')
})

test('refresh_token_expired [AS-RT-03] an answer that was lost is asked for again, at once or later, and is no theft', async () => {
  const world = await aWorld()
  const { refreshToken, accessToken, party } = await offlineTokens(world)
  const replies = await Promise.all(Array.from({ length: 20 }, () => refresh(world, refreshToken)))
  for (const { status, text } of replies) assert.equal(status, 200, text)
  world.wait(30)
  await assertStillWorks(world, refreshToken)
  assert.equal((await callUserinfo(world, accessToken, party)).status, 200, 'nothing was revoked')
  // There is no rotation whose old token could be tried: a token ends with its own time, and is refused from then on.
  world.wait(standardLifetimes.refreshTokenIdle)
  assertUnusable(await refresh(world, refreshToken), 'refresh_token_expired')
})

test('dpop_proof_missing dpop_key_mismatch [AS-RT-04] [AS-DPOP-10] the key is proved at each refresh, and may be another', async () => {
  const world = await aWorld()
  const { refreshToken, accessToken, party } = await offlineTokens(world)
  const without = await refresh(world, refreshToken, {}, { headers: [] })
  assertRefused(without, 'dpop_proof_missing')
  assert.deepEqual([without.status, without.json['error'], without.stored], [400, 'invalid_dpop_proof', []])
  const next = aParty('EdDSA')
  const reply = await assertStillWorks(world, refreshToken, { party: next })
  assert.equal(reply.json['token_type'], 'DPoP')
  const renewed = String(reply.json['access_token'])
  assert.deepEqual(claimsOf(renewed)['cnf'], { jkt: next.key.thumbprint })
  assert.equal((await callUserinfo(world, renewed, next)).status, 200)
  assertRefused(await callUserinfo(world, renewed, party), 'dpop_key_mismatch')
  assertRefused(await callUserinfo(world, accessToken, next), 'dpop_key_mismatch')
  assert.equal((await callUserinfo(world, accessToken, party)).status, 200, 'the old token keeps its key')
})

test('binding_certificate_missing [AS-RT-04] [AS-MTLS-04] the certificate of this very connection', async () => {
  const world = await aWorld()
  const client = await register(world.store, aParty(), 'bound', { binding: 'certificate' })
  const [old, renewed] = [aCertificate('CN=bound'), aCertificate('CN=bound')]
  const { refreshToken, accessToken } = await offlineTokens(world, {}, { client, sent: { certificate: old } })
  assert.deepEqual(claimsOf(accessToken)['cnf'], { 'x5t#S256': old.thumbprint })
  const without = await refresh(world, refreshToken, {}, { client, headers: [] })
  assertRefused(without, 'binding_certificate_missing')
  assert.deepEqual([without.status, without.json['error'], without.stored], [400, 'invalid_request', []])
  const sent = { certificate: renewed }
  const reply = await assertStillWorks(world, refreshToken, { client, headers: [], sent })
  assert.equal(reply.json['token_type'], 'Bearer')
  assert.deepEqual(claimsOf(reply.json['access_token'])['cnf'], { 'x5t#S256': renewed.thumbprint })
})

test('[AS-MTLS-07] a proof and a certificate at once: the registration decides which one binds', async () => {
  const world = await aWorld()
  const sent = { certificate: aCertificate('CN=both') }
  const party = aParty()
  for (const binding of ['dpop', 'certificate'] as const) {
    const client = await register(world.store, aParty(), `bound-by-${binding}`, { binding })
    const { refreshToken } = await offlineTokens(world, {}, { client, sent })
    const reply = await assertStillWorks(world, refreshToken, { client, party, sent })
    const expected = binding === 'dpop' ? { jkt: party.key.thumbprint } : { 'x5t#S256': sent.certificate.thumbprint }
    assert.deepEqual(claimsOf(reply.json['access_token'])['cnf'], expected, binding)
  }
  observed('AS-MTLS-07', 'cnf has the one member of the registration')
})

test('refresh_scope_not_granted [AS-RT-05] [SK-50] a subset of what was allowed; omitted means unchanged', async () => {
  const world = await aWorld()
  const { refreshToken } = await offlineTokens(world)
  for (const scope of ['payments', 'accounts payments', `${offlineScope} archive`, 'Accounts', 'email', 'unknown']) {
    const reply = await refresh(world, refreshToken, { scope })
    assertRefused(reply, 'refresh_scope_not_granted', scope)
    assert.deepEqual([reply.status, reply.json['error']], [400, 'invalid_scope'], scope)
    assert.equal(world.raised.at(-1)?.type, 'oauth.refresh.upgrade_attempt')
  }
  const less = await refresh(world, refreshToken, { scope: 'accounts' })
  assert.deepEqual([less.json['scope'], less.json['id_token']], ['accounts', undefined])
  const { scope, aud } = claimsOf(less.json['access_token'])
  assert.deepEqual([scope, aud], ['accounts', theBank], 'nor userinfo')
  assertRefused(await refresh(world, refreshToken, { scope: 'profile' }), 'scope_not_allowed', 'nobody takes that')
  const whole = await assertStillWorks(world, refreshToken)
  assert.equal(whole.json['scope'], offlineScope, 'having asked for less once changes nothing')
})

test('scope_not_allowed [AS-RT-05] [AS-TOK-11] what the client lost falls away, and is not given when named', async () => {
  const world = await aWorld()
  const { refreshToken } = await offlineTokens(world, { scope: `${offlineScope} archive` })
  await alter(world, world.client, { scope: ['openid', 'accounts', 'payments', 'offline_access'] })
  const reply = await assertStillWorks(world, refreshToken)
  assert.equal(reply.json['scope'], 'openid accounts offline_access')
  assert.ok(!JSON.stringify(claimsOf(reply.json['access_token'])['aud']).includes(theArchive))
  assertRefused(await refresh(world, refreshToken, { scope: 'archive' }), 'scope_not_allowed')
  assertRefused(await refresh(world, refreshToken, { scope: 'accounts archive' }), 'scope_not_allowed')
  assertRefused(await refresh(world, refreshToken, { resource: theArchive }), 'resource_not_allowed')
  await alter(world, world.client, { scope: ['profile', 'offline_access'] })
  const nothing = await refresh(world, refreshToken)
  assertRefused(nothing, 'scope_not_allowed', 'nobody would take the token')
  await alter(world, world.client, { scope: ['openid', 'accounts', 'offline_access'] })
  await assertStillWorks(world, refreshToken)
})

test('resource_not_allowed [AS-RT-05] [AS-TOK-09] the audience of a refreshed token is cut down too', async () => {
  const world = await aWorld()
  const { refreshToken } = await offlineTokens(world, { scope: 'openid accounts archive offline_access' })
  const ask = async (changes: Parameters) => {
    const { json } = await refresh(world, refreshToken, changes)
    return [json['scope'], claimsOf(json['access_token'])['aud']]
  }
  assert.deepEqual(await ask({ resource: theArchive, scope: 'archive' }), ['archive', theArchive])
  assert.deepEqual(await ask({ scope: 'accounts' }), ['accounts', theBank])
  assert.deepEqual(await ask({ scope: 'accounts archive', resource: theBank }), ['accounts', theBank])
  for (const resource of ['foo', `${theBank}#a`, 'https://rs.example', `${theBank}/`]) {
    const reply = await refresh(world, refreshToken, { resource })
    assertRefused(reply, 'resource_not_allowed', resource)
    assert.deepEqual([reply.status, reply.json['error']], [400, 'invalid_target'])
  }
  assertRefused(await refresh(world, refreshToken, { scope: 'accounts', resource: theArchive }), 'resource_not_allowed')
  await assertStillWorks(world, refreshToken)
})

test('refresh_token_grant_revoked [AS-RT-06] [OPS-05] it dies with the grant, whichever way that ends', async () => {
  const ends: Readonly<Record<string, (world: World, done: Awaited<ReturnType<typeof offlineTokens>>) => unknown>> = {
    'consent withdrawn': ({ store, client, now }) =>
      store.grants.withdraw(subject('user-alice'), client.clientId, now()),
    'code replayed': (world, done) => redeem(world, done),
    'person locked': ({ store, now }) => store.users.setLocked(username('alice'), 'locked', now()),
    'client suspended, and active again': async ({ store, client, now }) => {
      await store.clients.setStatus(client.clientId, 'suspended', now())
      await store.clients.setStatus(client.clientId, 'active', now())
    },
    'password changed': ({ store, now }) => store.users.setPassword(username('alice'), 'plain:another one', now()),
  }
  for (const [how, end] of Object.entries(ends)) {
    const world = await aWorld()
    const done = await offlineTokens(world)
    await assertStillWorks(world, done.refreshToken)
    await end(world, done)
    const reply = await refresh(world, done.refreshToken)
    assertUnusable(reply, 'refresh_token_grant_revoked', how)
    assert.deepEqual(reply.stored, ['replay.spendOnce'], how)
    assert.equal(world.raised.at(-1)?.type, 'oauth.grant.dead_subject', how)
    assertRefused(await callUserinfo(world, done.accessToken, done.party), 'access_token_revoked', how)
  }
  const world = await aWorld()
  const { refreshToken } = await offlineTokens(world)
  assert.equal(await world.store.clients.remove(world.client.clientId), 'removed')
  assertRefused(await refresh(world, refreshToken), 'client_unknown')
  const client = world.otherClient
  const other = await offlineTokens(world, {}, { client })
  await assertStillWorks(world, other.refreshToken, { client })
})

test('refresh_token_expired [AS-RT-06] it lapses when it is not used, and at the end of its time in any case', async () => {
  const world = await aWorld({ lifetimes: { refreshToken: seconds(1000), refreshTokenIdle: seconds(300) } })
  const idle = await offlineTokens(world)
  const used = await offlineTokens(world)
  world.wait(299)
  await assertStillWorks(world, used.refreshToken)
  world.wait(1)
  const reply = await refresh(world, idle.refreshToken)
  assertUnusable(reply, 'refresh_token_expired')
  assert.deepEqual(reply.stored, ['replay.spendOnce'])
  for (let passed = 300; passed < 900; passed += 200) {
    world.wait(200)
    await assertStillWorks(world, used.refreshToken)
  }
  world.wait(99)
  await assertStillWorks(world, used.refreshToken)
  world.wait(1)
  assertUnusable(await refresh(world, used.refreshToken), 'refresh_token_expired', 'however often it was used')
  const next = await offlineTokens(world)
  await assertStillWorks(world, next.refreshToken)
})

test('[AS-RT-06] [KEY-04] 256 random bits, of which the store holds a digest', async () => {
  const world = await aWorld()
  const { refreshToken, accessToken } = await offlineTokens(world)
  assert.match(refreshToken, /^[\w-]{22}\.[\w-]{43}$/)
  const [id = '', secret = ''] = refreshToken.split('.')
  const secretHash = sha256(`refresh_token\n${secret}`)
  const row = await world.store.refreshTokens.find(rowId(id), secretHash)
  assert.equal(row?.grantRef, claimsOf(accessToken)['grant_ref'])
  assert.ok(!JSON.stringify(row).includes(secret))
  for (const purpose of ['', 'code\n', 'session\n', 'request_uri\n']) {
    assert.equal(await world.store.refreshTokens.find(rowId(id), sha256(purpose + secret)), undefined, purpose)
  }
  observed('KEY-04', '32 random bytes, and a digest in the store')
})

test('scope_not_allowed grant_type_not_registered [AS-TOK-02] [AS-TOK-08] who gets a refresh token', async () => {
  const world = await aWorld()
  const site = await register(world.store, aParty(), 'site', { grantTypes: ['authorization_code'] })
  assertRefused(await push(world, { scope: offlineScope }, { client: site }), 'scope_not_allowed')
  const plain = await tokens(world, {}, { client: site })
  assert.equal(plain.reply.json['refresh_token'], undefined)
  assert.equal((await tokens(world)).reply.json['refresh_token'], undefined, 'nobody asked for it')
  const { refreshToken } = await offlineTokens(world)
  assertRefused(await refresh(world, refreshToken, {}, { client: site }), 'grant_type_not_registered')
  const asked = await signedIn(world, await push(world, { scope: 'openid offline_access', prompt: 'consent' }))
  assert.ok(asked.page.text.includes('Keep its access while you are away'))
  const alone = await offlineTokens(world, { scope: 'accounts offline_access', nonce: undefined })
  const reply = await assertStillWorks(world, alone.refreshToken)
  assert.deepEqual([reply.json['id_token'], reply.json['scope']], [undefined, 'accounts offline_access'])
  assertRefused(await clientCredentials(world, { scope: 'accounts offline_access' }), 'openid_without_person')
  assert.equal((await clientCredentials(world)).json['refresh_token'], undefined)
  await alter(world, world.client, { grantTypes: ['authorization_code'] })
  assertRefused(await refresh(world, refreshToken), 'grant_type_not_registered', 'registration counts at each use')
})

test('[AS-OIDC-08] the ID token of a refresh is about the same sign-in', async () => {
  const world = await aWorld()
  const { refreshToken, idToken } = await offlineTokens(world)
  const before = claimsOf(idToken)
  world.wait(4000)
  const reply = await assertStillWorks(world, refreshToken)
  const after = claimsOf(reply.json['id_token'])
  const kept = ['iss', 'sub', 'aud', 'auth_time', 'acr', 'amr'] as const
  for (const name of kept) assert.deepEqual(after[name], before[name], name)
  assert.equal(after['iat'], world.now())
  assert.ok('nonce' in before && !('nonce' in after))
  const { auth_time: time, acr } = claimsOf(reply.json['access_token'])
  assert.deepEqual([time, acr], [before['auth_time'], before['acr']])
  observed('AS-OIDC-08', 'the same claims, a new iat, no nonce')
})

test('state_unavailable [OPS-04] a store that is down renews nothing', async () => {
  const world = await aWorld()
  const { refreshToken } = await offlineTokens(world)
  await world.store.close()
  const reply = await refresh(world, refreshToken)
  assertRefused(reply, 'state_unavailable')
  assert.deepEqual([reply.status, reply.stored], [503, []])
})

test('[AS-TOK-09] [AS-TOK-11] a scope that another API owns now is not taken along to it', async () => {
  const store = createMemoryStore({ clock: () => numericDate(dawn), epoch: numericDate(dawn - 3600) })
  const before = await aWorld({ store: () => Promise.resolve(store) })
  const { refreshToken } = await offlineTokens(before, { scope: 'openid archive offline_access' })
  const apis = [{ resource: theBank, name: 'Demo Bank', scopes: [{ name: 'archive', description: 'Read' }] }]
  const after = await aWorld({ store: () => Promise.resolve(store), config: { apis } })
  const { json } = await refresh(after, refreshToken)
  assert.deepEqual([json['scope'], claimsOf(json['access_token'])['aud']], ['openid offline_access', theIssuer])
})
