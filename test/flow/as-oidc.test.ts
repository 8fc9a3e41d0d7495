import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { observed } from '../observations.ts'
import { aPkcePair, claimsOf, headerOf } from './messages.ts'
import { aParty } from './parties.ts'
import {
  aBrowser,
  aCode,
  assertRefused,
  type Browser,
  decide,
  location,
  open,
  push,
  redeem,
  responseOf,
  shown,
  signedIn,
  signIn,
  tokens,
} from './steps.ts'
import { aWorld, register, theIssuer, type World } from './world.ts'

test('[AS-OIDC-01] an ID token comes with openid, from the token endpoint, and only then', async () => {
  const world = await aWorld()
  const { response, idToken } = await tokens(world)
  assert.deepEqual(Object.keys(response), ['code', 'state', 'iss'], 'nothing leaks into the redirect')
  assert.equal(headerOf(idToken)['alg'], 'ES256')
  const without = await tokens(world, { scope: 'accounts' })
  assert.equal(without.idToken, undefined)
  for (const response_type of ['code id_token', 'id_token', 'code id_token token']) {
    assertRefused(await push(world, { response_type }), 'response_type_unsupported', response_type)
  }
})

test('[AS-OIDC-01] the ID token is signed as the client registered', async () => {
  const world = await aWorld()
  for (const alg of ['ES256', 'PS256', 'EdDSA'] as const) {
    const client = await register(world.store, aParty(), `app-${alg}`, { idTokenSignedResponseAlg: alg })
    const { idToken } = await tokens(world, {}, { client })
    assert.deepEqual(headerOf(idToken), { typ: 'JWT', kid: alg.slice(0, 2).toLowerCase(), alg })
    assert.equal(claimsOf(idToken)['aud'], client.clientId)
  }
})

test('[AS-OIDC-02] [AS-AUTHZ-10] its claims; the nonce exactly when sent and exactly as sent', async () => {
  const world = await aWorld()
  const { idToken, accessToken } = await tokens(world)
  const { sid } = claimsOf(idToken)
  assert.match(String(sid), /^[\w-]{22}$/)
  assert.deepEqual(claimsOf(idToken), {
    iss: theIssuer,
    sub: 'user-alice',
    aud: 'client-a',
    iat: world.now(),
    exp: world.now() + 300,
    auth_time: world.now(),
    nonce: 'a nonce',
    acr: 'urn:strongroom:acr:password',
    amr: ['pwd'],
    sid,
    at_hash: createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url'),
  })
  for (const nonce of ['n'.repeat(64), 'N'.repeat(256), 'MixedCase+/=~ "\\']) {
    assert.equal(claimsOf((await tokens(world, { nonce })).idToken)['nonce'], nonce)
  }
  assert.ok(!('nonce' in claimsOf((await tokens(world, { nonce: undefined })).idToken)))
  assertRefused(await push(world, { nonce: 'n'.repeat(384) }), 'parameter_malformed')
  observed('AS-OIDC-02', 'the claims, with the nonce as it was sent')
})

async function opened(world: World, browser: Browser, changes: Readonly<Record<string, string>>) {
  const { verifier, challenge } = aPkcePair(world)
  const reply = await open(world, await push(world, changes, { challenge }), browser)
  return { reply, verifier, interaction: location(reply) }
}

test('login_required consent_required [AS-OIDC-03] prompt=none shows nothing and ends the request', async () => {
  const world = await aWorld()
  const browser = aBrowser(world)
  const first = await opened(world, browser, { prompt: 'none' })
  assertRefused(first.reply, 'login_required')
  assert.equal(responseOf(first.reply)['error'], 'login_required')
  assert.equal(responseOf(first.reply)['iss'], theIssuer)
  assert.equal(responseOf(first.reply)['code'], undefined)
  await signedIn(world, await push(world), browser)
  const signed = await opened(world, browser, { prompt: 'none' })
  assertRefused(signed.reply, 'consent_required')
  assert.deepEqual(
    [responseOf(signed.reply)['error'], responseOf(signed.reply)['state']],
    ['consent_required', 'a state'],
  )
  world.wait(30)
  assertRefused((await opened(world, browser, { prompt: 'none', max_age: '29' })).reply, 'login_required', 'too old')
  assertRefused(
    (await opened(world, browser, { prompt: 'none', max_age: '30' })).reply,
    'consent_required',
    'fresh enough',
  )
  const pushed = await push(world, { prompt: 'none' })
  assertRefused(await open(world, pushed, browser), 'consent_required')
  assertRefused(await open(world, pushed, browser), 'request_uri_spent', 'it is over')
  for (const prompt of ['none login', 'login none', 'none consent', 'none select_account', 'none none x']) {
    assertRefused(await push(world, { prompt }), 'parameter_malformed', prompt)
  }
  await aCode(world, {}, { browser })
  const allowed = await opened(world, browser, { prompt: 'none' })
  assert.deepEqual(Object.keys(responseOf(allowed.reply)), ['code', 'state', 'iss'], 'in one step, and no page')
  const code = responseOf(allowed.reply)['code'] ?? ''
  assert.equal((await redeem(world, { code, verifier: allowed.verifier })).status, 200)
})

test('interaction_out_of_order [AS-OIDC-04] [ER-22] prompt=login, select_account and max_age want a sign-in now, and auth_time shows it', async () => {
  const fresh = [
    { prompt: 'login' },
    { prompt: 'select_account' },
    { prompt: 'login consent' },
    { max_age: '60' },
    { max_age: '0' },
  ]
  for (const changes of fresh) {
    const world = await aWorld()
    const browser = aBrowser(world)
    await aCode(world, {}, { browser })
    if (!('prompt' in changes) && changes.max_age !== '0') world.wait(600)
    const { interaction, verifier } = await opened(world, browser, changes)
    const page = await browser.get(interaction)
    assert.match(page.text, /name="password"/, JSON.stringify(changes))
    assertRefused(await decide(browser, interaction, page), 'interaction_out_of_order', JSON.stringify(changes))
    await signIn(browser, interaction)
    const next = await browser.get(interaction)
    const done = next.status === 303 ? next : await decide(browser, interaction, next)
    const reply = await redeem(world, { code: responseOf(done)['code'] ?? '', verifier })
    assert.equal(claimsOf(reply.json['id_token'])['auth_time'], world.now())
    assert.equal(claimsOf(reply.json['access_token'])['auth_time'], world.now())
  }
})

test('[AS-OIDC-04] a sign-in that is fresh enough is not asked for again, and auth_time tells its age', async () => {
  const world = await aWorld()
  const browser = aBrowser(world)
  const since = world.now()
  await aCode(world, {}, { browser })
  world.wait(60)
  for (const changes of [{}, { max_age: '60' }, { prompt: 'consent' }]) {
    const { reply: opening, interaction, verifier } = await opened(world, browser, changes)
    const page = await shown(browser, opening)
    assert.doesNotMatch(page.text, /name="password"/, JSON.stringify(changes))
    const done = 'prompt' in changes ? await decide(browser, interaction, page) : page
    const reply = await redeem(world, { code: responseOf(done)['code'] ?? '', verifier })
    assert.equal(claimsOf(reply.json['id_token'])['auth_time'], since)
  }
})

test('interaction_out_of_order [AS-OIDC-04] a consent page that waited too long asks to sign in again', async () => {
  const world = await aWorld()
  const browser = aBrowser(world)
  await aCode(world, {}, { browser })
  world.wait(50)
  const { interaction } = await opened(world, browser, { max_age: '60', prompt: 'consent' })
  const page = await browser.get(interaction)
  assert.match(page.text, /name="decision"/)
  world.wait(11)
  assertRefused(await decide(browser, interaction, page), 'interaction_out_of_order')
})

test('parameter_malformed [AS-OIDC-04] a max_age that is no number of seconds', async () => {
  const world = await aWorld()
  for (const max_age of ['-1', '1.5', 'x', '0x10', '']) {
    const reply = await push(world, { max_age })
    if (max_age === '') assert.equal(reply.status, 201, 'empty is absent')
    else assertRefused(reply, 'parameter_malformed', max_age)
  }
})
