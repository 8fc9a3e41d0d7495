import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Parameters } from './messages.ts'
import { aParty } from './parties.ts'
import { aCode, assertRefused, callUserinfo, type More, redeem, tokens } from './steps.ts'
import { aWorld, redirectUri, type Reply, register, type World } from './world.ts'

/** The answer without what is new each time. */
function uniform(reply: Reply): string {
  const headers = [...reply.headers].filter(([name]) => !/correlation|interaction-id|dpop-nonce/.test(name))
  const { correlation_id: _, ...body } = reply.json
  return JSON.stringify([reply.status, headers, body])
}

const bound = aParty()

/** One thing that does not fit a code which is bound to a key and the rule that says so, by the title of its test. */
function mismatches(
  world: World,
): Readonly<Record<string, readonly (readonly [rule: string, changes: Parameters, more: More])[]>> {
  return {
    'code_client_mismatch [AS-TOK-06] [AS-AUTHZ-08]': [
      ['code_client_mismatch', {}, { client: world.otherClient }],
      // Several at once: the first of the order of these tests names the refusal.
      ['code_client_mismatch', { redirect_uri: undefined, code_verifier: undefined }, { client: world.otherClient }],
    ],
    'code_redirect_uri_mismatch [AS-TOK-07]': [
      ['code_redirect_uri_mismatch', { redirect_uri: undefined }, {}],
      ['code_redirect_uri_mismatch', { redirect_uri: '' }, {}],
      ['code_redirect_uri_mismatch', { redirect_uri: `${redirectUri}/` }, {}],
      ['code_redirect_uri_mismatch', { redirect_uri: 'https://app.example/other' }, {}],
    ],
    'code_verifier_mismatch code_verifier_malformed [AS-PKCE-03]': [
      ['code_verifier_mismatch', { code_verifier: 'A'.repeat(43) }, {}],
      ['code_verifier_mismatch', { code_verifier: 'A'.repeat(43) }, { party: aParty() }],
      ['code_verifier_malformed', { code_verifier: undefined }, {}],
    ],
    'code_key_mismatch [AS-DPOP-08]': [['code_key_mismatch', {}, { party: aParty() }]],
  }
}

const mismatchAnswers = new Set<string>()

for (const title of Object.keys(mismatches(await aWorld()))) {
  test(`${title} the binding of a code: whatever does not fit ends it`, async () => {
    const world = await aWorld()
    const client = await register(world.store, aParty(), 'app', {
      redirectUris: [redirectUri, 'https://app.example/other'],
    })
    for (const [rule, changes, more] of mismatches(world)[title] ?? []) {
      const about = `${rule} ${JSON.stringify(changes)}`
      const flow = await aCode(world, { dpop_jkt: bound.key.thumbprint }, { client })
      const reply = await redeem(world, flow, changes, { client, party: bound, ...more })
      assertRefused(reply, rule, about)
      assert.deepEqual(reply.stored, ['replay.spendOnce', 'requests.redeem: mismatched'], about)
      assert.deepEqual(
        [reply.status, reply.json['error'], reply.json['rule']],
        [400, 'invalid_grant', 'code_not_redeemable'],
      )
      mismatchAnswers.add(uniform(reply))
      const retry = await redeem(world, flow, {}, { client, party: bound })
      assertRefused(retry, 'code_unknown', `burned after ${about}`)
      mismatchAnswers.add(uniform(retry))
    }
    assert.equal(mismatchAnswers.size, 1, 'one answer for all')
    const control = await aCode(world, { dpop_jkt: bound.key.thumbprint }, { client })
    assert.equal((await redeem(world, control, {}, { client, party: bound })).status, 200)
  })
}

test('[AS-TOK-05] [AS-AUTHZ-08] code_unknown code_expired code_replayed: all that cannot be redeemed says the same', async () => {
  const world = await aWorld()
  const answers = new Set<string>()
  const used = await tokens(world)
  const { code, verifier } = await aCode(world)
  const [id = '', secret = ''] = code.split('.')
  const unknown = [
    'x',
    code.slice(0, -1),
    `${code}A`,
    `${id}.${'A'.repeat(43)}`,
    `${'A'.repeat(22)}.${secret}`,
    id,
    `${code} `,
    `${secret}.${id}`,
    '__proto__',
  ]
  for (const text of unknown) {
    const reply = await redeem(world, { code: text, verifier })
    assertRefused(reply, 'code_unknown', text)
    answers.add(uniform(reply))
  }
  const replayed = await redeem(world, used)
  assertRefused(replayed, 'code_replayed')
  answers.add(uniform(replayed))
  const burned = await aCode(world)
  answers.add(uniform(await redeem(world, burned, { code_verifier: 'A'.repeat(43) })))
  assert.equal((await redeem(world, { code, verifier })).status, 200, 'guesses changed nothing')
  const late = await aCode(world)
  world.wait(60)
  const expired = await redeem(world, late)
  assertRefused(expired, 'code_expired')
  answers.add(uniform(expired))
  assert.equal(answers.size, 1, [...answers].join('\n'))
})

test('code_expired [AS-AUTHZ-08] [AS-TOK-06] a code lives sixty seconds and not one more', async () => {
  const world = await aWorld()
  const [one, other] = [await aCode(world), await aCode(world)]
  world.wait(59)
  assert.equal((await redeem(world, one)).status, 200)
  world.wait(1)
  const reply = await redeem(world, other)
  assertRefused(reply, 'code_expired')
  assert.deepEqual([reply.status, reply.json['error']], [400, 'invalid_grant'])
  world.wait(2)
  assertRefused(await redeem(world, other), 'code_expired', 'at 62 s')
})

test('code_replayed [AS-TOK-05] [ER-27] a replay by the same client revokes what was issued, whatever comes with it', async () => {
  const changes: readonly Parameters[] = [
    {},
    { code_verifier: 'A'.repeat(43) },
    { code_verifier: undefined },
    { redirect_uri: 'https://x.example' },
  ]
  for (const wrong of changes) {
    const world = await aWorld()
    const done = await tokens(world)
    assert.equal((await callUserinfo(world, done.accessToken, done.party)).status, 200)
    world.wait(2)
    const reply = await redeem(world, done, wrong)
    assertRefused(reply, 'code_replayed', JSON.stringify(wrong))
    assert.match(String(reply.event?.detail), /owner/)
    assertRefused(await callUserinfo(world, done.accessToken, done.party), 'access_token_revoked')
    const next = await tokens(world)
    assert.equal((await callUserinfo(world, next.accessToken, next.party)).status, 200, 'only that grant died')
  }
})

test('code_replayed [AS-TOK-05] [AL-08] a replay by another client changes nothing', async () => {
  const world = await aWorld()
  const done = await tokens(world)
  const reply = await redeem(world, done, {}, { client: world.otherClient })
  assertRefused(reply, 'code_replayed')
  assert.match(String(reply.event?.detail), /another_client/)
  assert.equal((await callUserinfo(world, done.accessToken, done.party)).status, 200)
})

test('code_replayed [AS-TOK-05] also long after its sixty seconds, while a token may live', async () => {
  const world = await aWorld()
  const flow = await aCode(world)
  world.wait(59)
  const party = aParty()
  const reply = await redeem(world, flow, {}, { party })
  world.wait(298)
  await world.store.reap(world.now(), 1000)
  assertRefused(await redeem(world, flow), 'code_replayed')
  assertRefused(await callUserinfo(world, String(reply.json['access_token']), party), 'access_token_revoked')
})

test('code_grant_revoked [SK-51] access_token_revoked: a grant that was revoked issues nothing and ends its tokens', async () => {
  const world = await aWorld()
  const done = await tokens(world)
  const claims = JSON.parse(Buffer.from(done.accessToken.split('.')[1] ?? '', 'base64url').toString())
  assert.equal(await world.store.grants.revoke(claims.grant_ref, world.now()), 'revoked')
  assertRefused(await callUserinfo(world, done.accessToken, done.party), 'access_token_revoked')
})

test('[SK-51] client_suspended code_grant_revoked: suspending a client ends codes, and tokens at userinfo', async () => {
  const world = await aWorld()
  const flow = await aCode(world)
  const done = await tokens(world)
  const record = await world.store.clients.find(world.client.clientId)
  Object.assign(record ?? {}, { status: 'suspended', notBefore: world.now() })
  assertRefused(await redeem(world, flow), 'client_suspended')
  assertRefused(await callUserinfo(world, done.accessToken, done.party), 'access_token_revoked')
  Object.assign(record ?? {}, { status: 'active' })
  assertRefused(await redeem(world, flow), 'code_grant_revoked', 'what was granted before stays dead')
  assertRefused(await callUserinfo(world, done.accessToken, done.party), 'access_token_revoked')
  world.wait(1)
  assert.equal((await tokens(world)).reply.status, 200)
})

test('[AS-DPOP-08] a client that bound nothing at the push is served with any key', async () => {
  const world = await aWorld()
  for (const party of [aParty('ES256'), aParty('EdDSA'), aParty('PS256')]) {
    assert.equal((await redeem(world, await aCode(world), {}, { party })).status, 200)
  }
})
