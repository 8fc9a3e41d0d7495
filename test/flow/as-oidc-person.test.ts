import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rowId, subject, username } from '../../src/core/names.ts'
import { aJwt, aPkcePair, claimsOf, headerOf, type Parameters } from './messages.ts'
import { aParty, type TestClient } from './parties.ts'
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
import { addPerson, alter, aWorld, register, type Reply, theIssuer, type World } from './world.ts'

const password = 'urn:strongroom:acr:password'
const passkey = 'urn:example:acr:passkey'

async function opened(world: World, browser: Browser, changes: Parameters, client: TestClient = world.client) {
  const { verifier, challenge } = aPkcePair(world)
  const pushed = await push(world, changes, { challenge, client })
  assert.equal(pushed.status, 201, pushed.text)
  const reply = await open(world, pushed, browser, { client_id: client.clientId })
  return { reply, verifier, interaction: location(reply) }
}

const asksWho = (page: Reply) => /name="password"/.test(page.text)
const asksWhat = (page: Reply) => /name="decision"/.test(page.text)

/** A redirect with this error, and nothing of a code. */
function assertSentBack(reply: Reply, error: string): void {
  const { error_description: text, ...response } = responseOf(reply)
  assert.ok(text)
  assert.deepEqual(response, { error, state: 'a state', iss: theIssuer })
}

test('acr_unmet [AS-OIDC-05] an essential acr that no sign-in reaches ends the request, and no lower one is given', async () => {
  const demands = [
    { essential: true, value: passkey },
    { essential: true, values: [passkey, 'urn:example:acr:gold'] },
  ]
  for (const acr of demands) {
    for (const prompt of [undefined, 'none', 'login']) {
      const world = await aWorld()
      const browser = aBrowser(world)
      await aCode(world, {}, { browser })
      const { reply } = await opened(world, browser, { prompt, claims: JSON.stringify({ id_token: { acr } }) })
      assertRefused(reply, 'acr_unmet', JSON.stringify([acr, prompt]))
      assertSentBack(reply, 'unmet_authentication_requirements')
      assert.deepEqual(reply.stored, ['requests.open', 'requests.refuse'])
      assert.equal((await tokens(world)).reply.status, 200)
    }
  }
})

test('[AS-OIDC-05] an acr that can be met, or is only wished for, is told as it was', async () => {
  const world = await aWorld()
  const wishes = [
    { acr_values: passkey },
    { acr_values: `${passkey} ${password}` },
    { claims: JSON.stringify({ id_token: { acr: { value: passkey } } }) },
    { claims: JSON.stringify({ id_token: { acr: { essential: false, values: [passkey] } } }) },
    { claims: JSON.stringify({ id_token: { acr: { essential: true } } }) },
    { claims: JSON.stringify({ id_token: { acr: { essential: true, values: [passkey, password] } } }) },
    { claims: JSON.stringify({ id_token: { acr: null, auth_time: { essential: true } } }) },
  ]
  for (const wish of wishes) {
    const { idToken } = await tokens(world, wish)
    assert.equal(claimsOf(idToken)['acr'], password, JSON.stringify(wish))
  }
})

test('[AS-OIDC-05] a sign-in of another kind does not serve an essential acr', async () => {
  const world = await aWorld()
  const { browser, interaction, page } = await signedIn(world, await push(world))
  await decide(browser, interaction, page)
  const [id = ''] = (browser.jar.get('__Host-strongroom-session') ?? '').split('.')
  const session = await world.store.sessions.find(rowId(id))
  assert.ok(session)
  Object.assign(session, { acr: 'urn:example:acr:remembered' })
  const claims = JSON.stringify({ id_token: { acr: { essential: true, value: password } } })
  assertRefused((await opened(world, browser, { claims, prompt: 'none' })).reply, 'login_required')
  const again = await opened(world, browser, { claims })
  assert.ok(asksWho(await browser.get(again.interaction)))
  await signIn(browser, again.interaction)
  const { code = '' } = responseOf(await browser.get(again.interaction))
  const reply = await redeem(world, { code, verifier: again.verifier })
  assert.equal(claimsOf(reply.json['id_token'])['acr'], password)
})

test('claims_malformed [AS-OIDC-05] [ER-32] a claims parameter that could be read in two ways, or in none', async () => {
  const world = await aWorld()
  const bad = [
    'x',
    '[]',
    'null',
    '"id_token"',
    '{"id_token":[]}',
    '{"id_token":null}',
    '{"id_token":{"acr":{"essential":"true"}}}',
    '{"id_token":{"acr":{"essential":true,"essential":false}}}',
    '{"id_token":{},"id_token":{"acr":null}}',
    '{"id_token":{"acr":{"value":1}}}',
    '{"id_token":{"acr":{"values":"a"}}}',
    '{"id_token":{"acr":{"values":[]}}}',
    '{"id_token":{"acr":{"values":[1]}}}',
    '{"id_token":{"acr":true}}',
    '{"userinfo":{"name":"yes"}}',
    '{"id_token":{"sub":{"value":"ü"}}}',
    '{"id_token":{"sub":{"value":""}}}',
    '{"__proto__":{"id_token":{}}}',
    '{"id_token":{"__proto__":{"essential":true}}}',
    `{"id_token":${'{"x":'.repeat(20)}1${'}'.repeat(20)}}`,
    `{"id_token":{"x":"${'x'.repeat(4096)}"}}`,
  ]
  for (const claims of bad) {
    const reply = await push(world, { claims })
    assertRefused(reply, 'claims_malformed', claims.slice(0, 80))
    assert.deepEqual([reply.status, reply.json['error'], reply.stored], [400, 'invalid_request', []])
  }
  const good = [
    '{}',
    '{"id_token":{}}',
    '{"id_token":{"phone_number":{"essential":true},"https://x.example/y":null},"other":{"name":null}}',
    '{"userinfo":{"given_name":null,"constructor":{"value":1}}}',
  ]
  for (const claims of good) assert.equal((await tokens(world, { claims })).reply.status, 200, claims)
})

test('id_token_hint_invalid [AS-OIDC-06] [SK-26] a hint is an ID token of ours, issued to this client', async () => {
  const world = await aWorld()
  const { idToken, accessToken } = await tokens(world)
  const [es] = world.serverKeys
  const foreign = await tokens(world, {}, { client: world.otherClient })
  assert.ok(es)
  const minted = (header: object, claims: object, signer = es.signer) =>
    aJwt({ ...headerOf(idToken), ...header }, { ...claimsOf(idToken), ...claims }, signer)
  const bad: readonly (readonly [string, string])[] = [
    ['nothing', 'x'],
    ['three parts of nothing', 'a.b.c'],
    ['an access token', accessToken],
    ['of another client', String(foreign.idToken)],
    ['of typ logout+jwt', await minted({ typ: 'logout+jwt' }, {})],
    ['without a typ, as userinfo signs', await minted({ typ: undefined }, {})],
    ['signed by somebody else', await minted({}, {}, aParty('ES256').signer)],
    ['under a kid nobody has', await minted({ kid: 'other' }, {})],
    ['with alg none', await minted({ alg: 'none' }, {})],
    ['without a signature', String(idToken).replace(/[^.]*$/, '')],
    ['of another issuer', await minted({}, { iss: 'https://other.example' })],
    ['for nobody', await minted({}, { aud: undefined })],
    ['for several', await minted({}, { aud: ['client-a', 'client-b'] })],
    ['about nobody', await minted({}, { sub: undefined })],
    ['about a number', await minted({}, { sub: 7 })],
    ['without auth_time', await minted({}, { auth_time: undefined })],
    ['with a sid that is none', await minted({}, { sid: 'x' })],
  ]
  for (const [about, hint] of bad) {
    const reply = await push(world, { id_token_hint: hint })
    assertRefused(reply, 'id_token_hint_invalid', about)
    assert.deepEqual([reply.status, reply.json['error'], reply.stored], [400, 'invalid_request', []], about)
  }
  world.wait(86_400)
  assert.equal((await tokens(world, { id_token_hint: String(idToken) })).reply.status, 200, 'expired, and still good')
})

test('signed_in_as_another [AS-OIDC-06] [ER-22] a request about Alice comes to nothing when Bob signs in', async () => {
  const world = await aWorld()
  await addPerson(world.store, 'bob')
  const { idToken } = await tokens(world)
  const requests: readonly Parameters[] = [
    { id_token_hint: String(idToken) },
    { claims: '{"id_token":{"sub":{"value":"user-alice"}}}' },
    { claims: '{"userinfo":{"sub":{"value":"user-alice","essential":true}}}', id_token_hint: String(idToken) },
  ]
  for (const changes of requests) {
    const about = JSON.stringify(Object.keys(changes))
    const browser = aBrowser(world)
    const first = await opened(world, browser, {})
    await signIn(browser, first.interaction, { username: 'bob' })
    await decide(browser, first.interaction, await browser.get(first.interaction))
    const session = browser.jar.get('__Host-strongroom-session')
    const silent = await opened(world, browser, { ...changes, prompt: 'none' })
    assertRefused(silent.reply, 'signed_in_as_another', about)
    assertSentBack(silent.reply, 'login_required')

    const next = await opened(world, browser, changes)
    const page = await browser.get(next.interaction)
    assert.ok(asksWho(page), about)
    assertRefused(await decide(browser, next.interaction, page), 'interaction_out_of_order', about)
    const asBob = await signIn(browser, next.interaction, { username: 'bob' })
    assertRefused(asBob, 'signed_in_as_another', about)
    assertSentBack(asBob, 'login_required')
    assert.equal(browser.jar.get('__Host-strongroom-session'), session, 'who was signed in before still is')
    await signIn(browser, next.interaction)
    assertRefused(await browser.get(next.interaction), 'request_uri_spent', 'it is over for Alice too')

    const third = await opened(world, browser, changes)
    const { code = '' } = responseOf(await shown(browser, third.reply))
    const reply = await redeem(world, { code, verifier: third.verifier })
    assert.equal(claimsOf(reply.json['id_token'])['sub'], 'user-alice', about)
  }
})

test('requested_subjects_disagree [AS-OIDC-06] nobody is two people', async () => {
  const world = await aWorld()
  const { idToken } = await tokens(world)
  const of = (sub: string) => ({ sub: { value: sub } })
  const bad: readonly Parameters[] = [
    { id_token_hint: String(idToken), claims: JSON.stringify({ id_token: of('user-bob') }) },
    { claims: JSON.stringify({ id_token: of('user-alice'), userinfo: of('user-bob') }) },
    { claims: JSON.stringify({ id_token: { sub: { values: ['user-alice', 'user-bob'] } } }) },
  ]
  for (const changes of bad) {
    const reply = await push(world, changes)
    assertRefused(reply, 'requested_subjects_disagree', changes['claims'])
    assert.deepEqual([reply.status, reply.json['error'], reply.stored], [400, 'invalid_request', []])
  }
  const claims = JSON.stringify({ id_token: of('user-alice'), userinfo: { sub: { values: ['user-alice'] } } })
  assert.equal((await tokens(world, { id_token_hint: String(idToken), claims })).reply.status, 200)
})

test('[AS-OIDC-06] a hint with a pairwise subject names the person to this client alone', async () => {
  const world = await aWorld()
  const client = await register(world.store, aParty(), 'pairwise', { subjectType: 'pairwise', sector: 'app.example' })
  const browser = aBrowser(world)
  const { idToken } = await tokens(world, {}, { client, browser })
  assert.notEqual(claimsOf(idToken)['sub'], 'user-alice')
  const hinted = await opened(world, browser, { id_token_hint: String(idToken), prompt: 'none' }, client)
  assert.ok(responseOf(hinted.reply)['code'])
  const real = '{"id_token":{"sub":{"value":"user-alice"}}}'
  const wrong = await opened(world, browser, { claims: real, prompt: 'none' }, client)
  assertRefused(wrong.reply, 'signed_in_as_another', 'its own name for the person is no secret to be tried out')
})

test('[AS-OIDC-04] default_max_age of the registration counts when the request says nothing', async () => {
  const world = await aWorld()
  await alter(world, world.client, { defaultMaxAge: 60 })
  const browser = aBrowser(world)
  await aCode(world, {}, { browser })
  world.wait(61)
  assert.ok(asksWho(await browser.get((await opened(world, browser, {})).interaction)))
  const longer = await opened(world, browser, { max_age: '600', prompt: 'none' })
  assert.ok(responseOf(longer.reply)['code'], 'the request counts where it says something')
  assertRefused((await opened(world, browser, { prompt: 'none' })).reply, 'login_required')
})

test('[AS-AUTHZ-11] [ER-21] as much as was allowed before is not asked again; anything more, or prompt=consent, is', async () => {
  const world = await aWorld()
  const browser = aBrowser(world)
  await aCode(world, { scope: 'openid accounts' }, { browser })
  const page = async (changes: Parameters, client?: TestClient) =>
    shown(browser, (await opened(world, browser, changes, client)).reply)
  for (const scope of ['openid accounts', 'accounts openid', 'accounts', 'openid']) {
    assert.ok(responseOf(await page({ scope }))['code'], scope)
  }
  const more: readonly Parameters[] = [
    { scope: 'openid accounts payments' },
    { scope: 'openid accounts archive' },
    { scope: 'openid profile accounts' },
    { scope: 'openid accounts', prompt: 'consent' },
    { scope: 'openid accounts', claims: '{"id_token":{"email":null}}' },
    { scope: 'openid accounts', claims: '{"userinfo":{"name":null}}' },
  ]
  for (const changes of more) {
    assert.ok(asksWhat(await page(changes)), JSON.stringify(changes))
    const silent = await opened(world, browser, { prompt: 'none', ...changes })
    if (changes['prompt'] === undefined) assertRefused(silent.reply, 'consent_required', JSON.stringify(changes))
  }
  assert.ok(asksWhat(await page({ scope: 'openid accounts' }, world.otherClient)), 'another client')
  assert.match((await page({ scope: 'openid', claims: '{"id_token":{"email":null}}' })).text, /See your e-mail address/)
  assert.ok(responseOf(await page({ scope: 'openid accounts' }))['code'])
})

test('consent_required [AS-AUTHZ-11] offline access is asked for until it was allowed', async () => {
  const world = await aWorld()
  await alter(world, world.client, { scope: ['openid', 'accounts', 'offline_access'] })
  const browser = aBrowser(world)
  await aCode(world, { scope: 'openid accounts' }, { browser })
  const scope = 'openid accounts offline_access'
  assertRefused((await opened(world, browser, { scope, prompt: 'none' })).reply, 'consent_required')
  const asked = await opened(world, browser, { scope })
  assert.ok(asksWhat(await browser.get(asked.interaction)))
  await decide(browser, asked.interaction, await browser.get(asked.interaction))
  assert.ok(responseOf((await opened(world, browser, { scope, prompt: 'none' })).reply)['code'])
})

test('consent_required [AS-OIDC-03] a consent that was withdrawn or refused, or given before a lock, is asked for again', async () => {
  const endings = {
    withdrawn: ({ store, client, now }: World) => store.grants.withdraw(subject('user-alice'), client.clientId, now()),
    'the client was suspended': async ({ store, client, now }: World) => {
      await store.clients.setStatus(client.clientId, 'suspended', now())
      await store.clients.setStatus(client.clientId, 'active', now())
    },
    'the person has another password': ({ store, now }: World) =>
      store.users.setPassword(username('alice'), 'plain:correct horse', now()),
  }
  for (const [about, end] of Object.entries(endings)) {
    const world = await aWorld()
    const browser = aBrowser(world)
    await aCode(world, {}, { browser })
    assert.ok(responseOf((await opened(world, browser, { prompt: 'none' })).reply)['code'])
    await end(world)
    world.wait(1)
    const { interaction } = await opened(world, browser, { prompt: 'login' })
    await signIn(browser, interaction)
    const page = await browser.get(interaction)
    assert.ok(asksWhat(page), about)
    assertRefused((await opened(world, browser, { prompt: 'none' })).reply, 'consent_required', about)
    assertRefused(await decide(browser, interaction, page, 'deny'), 'access_denied_by_user', about)
    assertRefused(
      (await opened(world, browser, { prompt: 'none' })).reply,
      'consent_required',
      'nor does a refusal count',
    )
    assert.equal((await tokens(world)).reply.status, 200)
  }
})
