import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aJwt, anAssertion, authentication, claimsOf } from './messages.ts'
import { aParty } from './parties.ts'
import {
  aCode,
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
import { aWorld, formText, type Reply, type World } from './world.ts'

function assertDone(reply: Reply, stored: readonly string[], about = ''): void {
  assert.deepEqual([reply.status, reply.text, reply.rule], [200, '', undefined], about)
  assert.deepEqual(reply.stored, ['replay.spendOnce', ...stored], about)
}

/** A token of this client is ended when it asks. */
async function assertStillServed(world: World): Promise<void> {
  const { accessToken } = await tokens(world)
  assertDone(await revoke(world, accessToken), ['tokens.revoke'])
  assert.equal((await introspect(world, accessToken)).json['active'], false)
}

test('client_authentication_missing client_assertion_replayed [AS-REV-01] nobody ends anything without a credential', async () => {
  const world = await aWorld()
  const { accessToken, refreshToken } = await offlineTokens(world)
  for (const token of [accessToken, refreshToken, 'x']) {
    const form = [['token', token] as const, ['client_id', 'client-a'] as const]
    const reply = await world.send('POST', '/revoke', { form })
    assertRefused(reply, 'client_authentication_missing')
    assert.deepEqual([reply.status, reply.json['error'], reply.stored], [401, 'invalid_client', []])
  }
  const text = await anAssertion(world)
  const assertion = { text: () => text }
  assertDone(await revoke(world, 'x', {}, { assertion }), [])
  assertRefused(await revoke(world, refreshToken, {}, { assertion }), 'client_assertion_replayed')
  assert.equal((await refresh(world, refreshToken)).status, 200)
  await assertStillServed(world)
})

test('method_not_allowed parameter_in_query parameter_missing content_type_unsupported [AS-REV-01] the shape of the request', async () => {
  const world = await aWorld()
  const { accessToken } = await tokens(world)
  for (const method of ['GET', 'HEAD', 'DELETE']) {
    const reply = await world.send(method, `/revoke?token=${accessToken}`)
    assertRefused(reply, 'method_not_allowed', method)
    assert.deepEqual([reply.status, reply.headers.get('allow')], [405, 'POST'])
  }
  const form = await authentication(world)
  const query = formText([['token', accessToken]])
  assertRefused(await world.send('POST', `/revoke?${query}`, { form }), 'parameter_in_query')
  const json = {
    headers: [['content-type', 'application/json']] as const,
    body: JSON.stringify({ token: accessToken }),
  }
  assertRefused(await world.send('POST', '/revoke', json), 'content_type_unsupported')
  for (const token of [undefined, '']) {
    const reply = await revoke(world, 'x', { token })
    assertRefused(reply, 'parameter_missing')
    assert.deepEqual([reply.status, reply.json['error'], reply.stored], [400, 'invalid_request', []])
  }
  assert.equal((await introspect(world, accessToken)).json['active'], true, 'nothing was ended')
  await assertStillServed(world)
})

test('[AS-REV-01] [SK-52] what is unknown or over already is answered like success', async () => {
  const world = await aWorld()
  const { accessToken, refreshToken } = await offlineTokens(world)
  const flow = await aCode(world)
  const stranger = await aJwt({ typ: 'at+jwt', kid: 'es' }, claimsOf(accessToken), aParty().signer)
  const [id = ''] = refreshToken.split('.')
  const unknown = [
    'x',
    world.random(32),
    `${id}.${'A'.repeat(43)}`,
    stranger,
    flow.code,
    'é \u0000',
    'x'.repeat(50_000),
  ]
  for (const token of unknown) assertDone(await revoke(world, token), [], token.slice(0, 80))
  assert.equal((await redeem(world, flow)).status, 200, 'a code is no token')
  assert.equal((await refresh(world, refreshToken)).status, 200, 'nor is the name of one')
  assertDone(await revoke(world, refreshToken), ['grants.revoke'])
  assertDone(await revoke(world, refreshToken), ['grants.revoke'], 'again')
  world.wait(300)
  assertDone(await revoke(world, accessToken), [], 'expired')
  assertDone(await revoke(world, accessToken, {}, { client: world.otherClient }), [], 'expired, of another client')
  await assertStillServed(world)
})

test('token_of_another_client [AS-REV-02] [SK-52] a client ends its own tokens only', async () => {
  const world = await aWorld()
  const { accessToken, refreshToken, party } = await offlineTokens(world)
  const robot = (await clientCredentials(world)).json['access_token']
  const client = world.otherClient
  for (const token of [refreshToken, accessToken, robot]) {
    for (const token_type_hint of ['refresh_token', 'access_token', undefined]) {
      const reply = await revoke(world, token, { token_type_hint }, { client })
      assertRefused(reply, 'token_of_another_client')
      assert.deepEqual([reply.status, reply.json['error']], [400, 'invalid_grant'])
      assert.deepEqual(reply.stored, ['replay.spendOnce'])
      assert.equal(world.raised.at(-1)?.type, 'token.introspection.foreign')
    }
    assert.equal((await introspect(world, token)).json['active'], token !== refreshToken)
  }
  assert.equal((await refresh(world, refreshToken)).status, 200)
  assert.equal((await callUserinfo(world, accessToken, party)).status, 200)
  assertDone(await revoke(world, refreshToken), ['grants.revoke'])
})

test('access_token_revoked refresh_token_grant_revoked [AS-REV-03] [OPS-05] a refresh token takes its access tokens along, at once', async () => {
  const world = await aWorld()
  const { refreshToken, accessToken, party } = await offlineTokens(world)
  const renewed = String((await refresh(world, refreshToken, {}, { party })).json['access_token'])
  const beside = await offlineTokens(world)
  assertDone(await revoke(world, refreshToken), ['grants.revoke'])
  const { type, outcome, grantRef, clientId } = world.raised.at(-1) ?? {}
  const ref = claimsOf(accessToken)['grant_ref']
  assert.deepEqual([type, outcome, grantRef, clientId], ['token.revoked', 'revoked', ref, 'client-a'])
  for (const token of [accessToken, renewed]) {
    assert.equal((await introspect(world, token)).text, '{"active":false}')
    const reply = await callUserinfo(world, token, party)
    assertRefused(reply, 'access_token_revoked')
    assert.deepEqual([reply.status, reply.json['error']], [401, 'invalid_token'])
  }
  assertRefused(await refresh(world, refreshToken), 'refresh_token_grant_revoked')
  assert.equal((await refresh(world, beside.refreshToken)).status, 200, 'another grant of the same person')
})

test('access_token_revoked [AS-REV-03] an access token ends alone: its grant and its siblings go on', async () => {
  const world = await aWorld()
  const { refreshToken, accessToken, party } = await offlineTokens(world)
  assertDone(await revoke(world, accessToken), ['tokens.revoke'])
  assert.equal(world.raised.at(-1)?.type, 'token.revoked')
  assertRefused(await callUserinfo(world, accessToken, party), 'access_token_revoked')
  assertDone(await revoke(world, accessToken), ['tokens.revoke'], 'again')
  const renewed = String((await refresh(world, refreshToken, {}, { party })).json['access_token'])
  assert.equal((await callUserinfo(world, renewed, party)).status, 200)
  const robot = (await clientCredentials(world)).json['access_token']
  assertDone(await revoke(world, robot), ['tokens.revoke'])
  assert.equal((await introspect(world, robot)).text, '{"active":false}')
  // It stays dead until nobody would take it any more, and the note of it goes then.
  world.wait(299)
  await world.store.reap(world.now(), 1000)
  assert.equal((await introspect(world, accessToken)).text, '{"active":false}')
  assertRefused(await callUserinfo(world, accessToken, party), 'access_token_revoked')
})

test('[AS-REV-04] a wrong token_type_hint is only a hint', async () => {
  const world = await aWorld()
  for (const token_type_hint of ['access_token', 'refresh_token', 'id_token', 'é "', undefined]) {
    const { refreshToken } = await offlineTokens(world)
    assertDone(await revoke(world, refreshToken, { token_type_hint }), ['grants.revoke'], token_type_hint)
    assertRefused(await refresh(world, refreshToken), 'refresh_token_grant_revoked', token_type_hint)
    const { accessToken } = await tokens(world)
    assertDone(await revoke(world, accessToken, { token_type_hint }), ['tokens.revoke'], token_type_hint)
  }
})

test('token_type_not_revocable [AS-REV-04] an ID token cannot be revoked, and that is said', async () => {
  const world = await aWorld()
  const { idToken, refreshToken } = await offlineTokens(world)
  for (const client of [world.client, world.otherClient]) {
    const reply = await revoke(world, idToken, {}, { client })
    assertRefused(reply, 'token_type_not_revocable')
    assert.deepEqual([reply.status, reply.json['error']], [400, 'unsupported_token_type'])
    assert.deepEqual(reply.stored, ['replay.spendOnce'])
  }
  const foreign = await aJwt({ typ: 'JWT', kid: 'es' }, claimsOf(idToken), aParty().signer)
  assertDone(await revoke(world, foreign), [], 'of somebody else: unknown')
  assertDone(
    await revoke(world, await aJwt({ typ: 'JWT', alg: 'RS256' }, {}, aParty().signer)),
    [],
    'of no kind of ours',
  )
  assertDone(await revoke(world, refreshToken), ['grants.revoke'])
})

test('state_unavailable [AS-REV-04] [SK-52] a store that is down: 503 with Retry-After, never success', async () => {
  const world = await aWorld()
  const { accessToken, refreshToken } = await offlineTokens(world)
  await world.store.close()
  for (const token of [accessToken, refreshToken, 'x']) {
    const reply = await revoke(world, token)
    assertRefused(reply, 'state_unavailable')
    assert.deepEqual([reply.status, reply.stored], [503, []])
    assert.match(reply.headers.get('retry-after') ?? '', /^\d+$/)
  }
})
