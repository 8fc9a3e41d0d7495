import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aJwt, claimsOf, headerOf } from './messages.ts'
import { aParty } from './parties.ts'
import {
  aBrowser,
  assertRefused,
  type Browser,
  callUserinfo,
  csrfOf,
  location,
  open,
  push,
  signIn,
  tokens,
} from './steps.ts'
import { alter, aWorld, formText, register, type Reply, theIssuer, type World } from './world.ts'

const bye = 'https://app.example/bye'
const sessionName = '__Host-strongroom-session'
const crossSite = [['sec-fetch-site', 'cross-site']] as const

/** Alice, signed in, with an ID token of a client that registered where to go afterwards. */
async function signedInAlice() {
  const world = await aWorld()
  await alter(world, world.client, { postLogoutRedirectUris: [bye, `${bye}?from=strongroom`] })
  const browser = aBrowser(world)
  const done = await tokens(world, {}, { browser })
  return { world, ...done, browser, hint: String(done.idToken) }
}

function logoutUrl(parameters: Readonly<Record<string, string>>): string {
  return `/logout?${formText(Object.entries(parameters))}`
}

/** Whether somebody is signed in with this browser. */
async function isSignedIn(world: World, browser: Browser): Promise<boolean> {
  const interaction = location(await open(world, await push(world, { prompt: 'consent' }), browser))
  return /name="decision"/.test((await browser.get(interaction)).text)
}

/** The fields of the form that asks. */
function fieldsOf(page: Reply): Readonly<Record<string, string>> {
  const inputs = [...page.text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)]
  return Object.fromEntries(inputs.map(([, name = '', value = '']) => [name, value]))
}

function assertAsks(page: Reply, about = ''): void {
  assert.equal(page.status, 200, about)
  assert.match(page.text, /<h1>Sign out\?<\/h1>/, about)
  assert.deepEqual(page.stored, [], about)
}

test('[AS-OIDC-09] by GET or POST with the ID token of this sign-in: over at once, and back with state', async () => {
  for (const method of ['GET', 'POST'] as const) {
    const { world, browser, hint, accessToken, party } = await signedInAlice()
    const elsewhere = await tokens(world)
    world.wait(3000)
    const parameters = { id_token_hint: hint, post_logout_redirect_uri: bye, state: 'a +&= state' }
    const reply =
      method === 'GET'
        ? await browser.get(logoutUrl(parameters), crossSite)
        : await browser.post('/logout', parameters, { headers: crossSite })
    assert.deepEqual([reply.status, reply.rule], [303, undefined], reply.text)
    const back = new URL(location(reply))
    assert.equal(back.origin + back.pathname, bye)
    assert.deepEqual([...back.searchParams], [['state', 'a +&= state']])
    assert.deepEqual(reply.stored, ['sessions.endBySid', 'grants.endOnline'])
    assert.equal(browser.jar.get(sessionName), '')
    assert.equal(await isSignedIn(world, browser), false, 'the hint had expired, and was good')
    assertRefused(await callUserinfo(world, accessToken, party), 'access_token_expired')
    const told = world.raised.filter(({ type }) => type === 'user.logout.done')
    assert.deepEqual(
      told.map(({ outcome, reason, clientId, subject }) => [outcome, reason, clientId, subject]),
      [['revoked', 'by_the_client', 'client-a', 'user-alice']],
    )
    assert.equal(await isSignedIn(world, elsewhere.browser), true, 'only this browser')
  }
})

test('[AS-OIDC-09] signing out ends what was granted in this sign-in, but not what was allowed for later', async () => {
  const { world, browser, hint, accessToken, party } = await signedInAlice()
  await alter(world, world.client, { scope: ['openid', 'profile', 'accounts', 'offline_access'] })
  const later = await tokens(world, { scope: 'openid offline_access' }, { browser })
  const elsewhere = await tokens(world)
  assert.equal((await callUserinfo(world, accessToken, party)).status, 200)
  // The browser has signed in again since: it is the same sign-in to clients.
  const reply = await browser.get(logoutUrl({ id_token_hint: hint }))
  assert.match(reply.text, /You are signed out/)
  assertRefused(await callUserinfo(world, accessToken, party), 'access_token_revoked')
  assert.equal((await callUserinfo(world, later.accessToken, later.party)).status, 200)
  assert.equal((await callUserinfo(world, elsewhere.accessToken, elsewhere.party)).status, 200)
})

test('[AS-OIDC-09] [ER-12] without an ID token of this sign-in the person is asked first', async () => {
  const { world, browser, hint } = await signedInAlice()
  const stranger = await tokens(world)
  const [es] = world.serverKeys
  assert.ok(es)
  const someoneElse = await aJwt(headerOf(hint), { ...claimsOf(hint), sub: 'user-bob' }, es.signer)
  const withoutSid = await aJwt(headerOf(hint), { ...claimsOf(hint), sid: undefined }, es.signer)
  const requests: readonly Readonly<Record<string, string>>[] = [
    {},
    { state: 'x' },
    { client_id: 'client-a' },
    { client_id: 'client-a', post_logout_redirect_uri: bye, state: 's' },
    { id_token_hint: String(stranger.idToken), post_logout_redirect_uri: bye },
    { id_token_hint: someoneElse },
    { id_token_hint: withoutSid },
    { logout_hint: 'alice', ui_locales: 'de' },
  ]
  for (const parameters of requests) {
    const about = JSON.stringify(Object.keys(parameters))
    assertAsks(await browser.get(logoutUrl(parameters), crossSite), about)
    assertAsks(await browser.post('/logout', parameters, { headers: crossSite }), about)
    assert.equal(await isSignedIn(world, browser), true, about)
  }
  const page = await browser.get(logoutUrl({ client_id: 'client-a', post_logout_redirect_uri: bye, state: 's' }))
  assert.match(page.text, /The client-a/)
  const done = await browser.post('/logout/confirm', fieldsOf(page))
  assert.equal(location(done), `${bye}?state=s`)
  assert.equal(await isSignedIn(world, browser), false)
  assert.equal(world.raised.findLast(({ type }) => type === 'user.logout.done')?.reason, 'by_the_person')
})

test('[AS-OIDC-09] a form of another site comes without cookies: the browser asks again, without the ID token', async () => {
  const { world, browser, hint } = await signedInAlice()
  const form = { id_token_hint: hint, post_logout_redirect_uri: `${bye}?from=strongroom`, state: 's' }
  const reply = await aBrowser(world).post('/logout', form, { headers: crossSite })
  assert.equal(reply.status, 303)
  assert.ok(!location(reply).includes(hint.slice(0, 20)))
  const page = await browser.get(location(reply), crossSite)
  assertAsks(page)
  assert.equal(location(await browser.post('/logout/confirm', fieldsOf(page))), `${bye}?from=strongroom&state=s`)
  assert.equal(location(await aBrowser(world).post('/logout', {})), `${theIssuer}/logout`)
})

test('[AS-OIDC-09] where nobody is signed in there is nothing to end', async () => {
  const { world, hint, accessToken, party, browser } = await signedInAlice()
  const other = aBrowser(world)
  const page = await other.get('/logout')
  assert.match(page.text, /You are signed out/)
  const back = await other.get(logoutUrl({ id_token_hint: hint, post_logout_redirect_uri: bye, state: 's' }))
  assert.equal(location(back), `${bye}?state=s`)
  assert.deepEqual(back.stored, [])
  assert.equal((await callUserinfo(world, accessToken, party)).status, 200, 'whoever holds an ID token ends no sign-in')
  assert.equal(await isSignedIn(world, browser), true)
})

test('post_logout_redirect_uri_unregistered logout_client_mismatch [AS-OIDC-09] [ER-12] a wrong combination leads nowhere', async () => {
  const { world, browser, hint } = await signedInAlice()
  const native = await register(world.store, aParty(), 'native', {
    applicationType: 'native',
    postLogoutRedirectUris: ['http://127.0.0.1/bye', 'http://app.example/bye', 'javascript:alert(1)'],
  })
  const gone = await register(world.store, aParty(), 'gone', { postLogoutRedirectUris: [bye], status: 'suspended' })
  const uri = (value: string, more: Readonly<Record<string, string>> = { id_token_hint: hint }) =>
    ['post_logout_redirect_uri_unregistered', { post_logout_redirect_uri: value, state: 's', ...more }] as const
  const cases: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    uri('https://evil.example/'),
    uri(`${bye}/`),
    uri(`${bye}?x=1`),
    uri(bye.toUpperCase()),
    uri('//app.example/bye'),
    uri('/\\evil.example'),
    uri('https://app.example/callback'),
    uri('javascript:alert(1)'),
    uri(bye, {}),
    uri(bye, { client_id: 'client-b' }),
    uri(bye, { client_id: gone.clientId }),
    uri('http://127.0.0.1:5000/bye', { client_id: native.clientId }),
    uri('http://app.example/bye', { client_id: native.clientId }),
    uri('javascript:alert(1)', { client_id: native.clientId }),
    ['logout_client_mismatch', { id_token_hint: hint, client_id: 'client-b', post_logout_redirect_uri: bye }],
    ['logout_client_mismatch', { id_token_hint: hint, client_id: 'nobody' }],
    ['logout_client_mismatch', { client_id: 'nobody' }],
    ['logout_client_mismatch', { client_id: 'two words' }],
  ]
  for (const [rule, parameters] of cases) {
    for (const reply of [await browser.get(logoutUrl(parameters)), await browser.post('/logout', parameters)]) {
      assertRefused(reply, rule, JSON.stringify(parameters))
      assert.deepEqual([reply.status, location(reply), reply.stored], [400, '', []])
      assert.match(reply.headers.get('content-security-policy') ?? '', /form-action 'self';/)
    }
  }
  const loopback = { client_id: native.clientId, post_logout_redirect_uri: 'http://127.0.0.1/bye' }
  assertAsks(await browser.get(logoutUrl(loopback)))
  assert.equal(await isSignedIn(world, browser), true)
  assert.equal(location(await browser.get(logoutUrl({ id_token_hint: hint, post_logout_redirect_uri: bye }))), bye)
})

test('id_token_hint_invalid [AS-OIDC-09] [SK-26] what is no ID token of ours speaks for nobody', async () => {
  const { world, browser, hint, accessToken } = await signedInAlice()
  const [es] = world.serverKeys
  assert.ok(es)
  const minted = (header: object, claims: object, signer = es.signer) =>
    aJwt({ ...headerOf(hint), ...header }, { ...claimsOf(hint), ...claims }, signer)
  const bad = [
    'x',
    accessToken,
    await minted({ typ: 'logout+jwt' }, {}),
    await minted({ alg: 'none' }, {}),
    await minted({}, { iss: 'https://other.example' }),
    await minted({}, {}, aParty().signer),
    hint.replace(/[^.]*$/, ''),
  ]
  for (const forged of bad) {
    const parameters = { id_token_hint: forged, post_logout_redirect_uri: bye, client_id: 'client-a' }
    for (const reply of [await browser.get(logoutUrl(parameters)), await browser.post('/logout', parameters)]) {
      assertRefused(reply, 'id_token_hint_invalid')
      assert.deepEqual([reply.status, location(reply), reply.stored], [400, '', []])
    }
  }
  assert.equal(await isSignedIn(world, browser), true)
  assert.equal((await browser.get(logoutUrl({ id_token_hint: hint }))).status, 200)
  assert.equal(await isSignedIn(world, browser), false)
})

test('csrf_token_invalid post_from_another_site [AS-OIDC-09] [ER-20] only the page of this browser and sign-in ends it', async () => {
  const { world, browser } = await signedInAlice()
  const page = await browser.get('/logout')
  const form = fieldsOf(page)
  const bob = aBrowser(world)
  await tokens(world, {}, { browser: bob })
  const interaction = location(await open(world, await push(world, { prompt: 'login' }), browser))
  const wrong = ['', 'x', `${form['csrf']}A`, csrfOf(await bob.get('/logout')), csrfOf(await browser.get(interaction))]
  for (const csrf of wrong) {
    const reply = await browser.post('/logout/confirm', { ...form, csrf })
    assertRefused(reply, 'csrf_token_invalid', csrf)
    assert.deepEqual([reply.status, reply.stored, reply.headers.getSetCookie()], [403, [], []])
  }
  assertRefused(await aBrowser(world).post('/logout/confirm', form), 'csrf_token_invalid', 'another browser')
  for (const header of [...crossSite, ['origin', 'https://evil.example'] as const]) {
    const reply = await browser.post('/logout/confirm', form, { headers: [header] })
    assertRefused(reply, 'post_from_another_site')
    assert.deepEqual([reply.status, reply.stored], [403, []])
  }
  await signIn(browser, interaction)
  assertRefused(await browser.post('/logout/confirm', form), 'csrf_token_invalid', 'another sign-in')
  const current = fieldsOf(await browser.get('/logout'))
  const unregistered = { ...current, client_id: 'client-a', post_logout_redirect_uri: 'https://evil.example/' }
  assertRefused(await browser.post('/logout/confirm', unregistered), 'post_logout_redirect_uri_unregistered')
  assert.equal(await isSignedIn(world, browser), true)
  assert.match((await browser.post('/logout/confirm', current)).text, /You are signed out/)
  assert.equal(await isSignedIn(world, browser), false)
})

test('parameter_malformed parameter_repeated method_not_allowed content_type_unsupported [AS-OIDC-09] the shape of a request to sign out', async () => {
  const { world, browser, hint } = await signedInAlice()
  const long = { state: 's'.repeat(2049) }
  assertRefused(await browser.get(logoutUrl(long)), 'parameter_malformed')
  assertRefused(await browser.post('/logout', long), 'parameter_malformed')
  assertRefused(await browser.get('/logout?client_id=a&client_id=b'), 'parameter_repeated')
  const form = 'application/x-www-form-urlencoded'
  const packed = { headers: [['content-encoding', 'gzip']] as const }
  assertRefused(await browser.post('/logout', {}, packed), 'content_encoding_unsupported')
  const typed = (body: string | { aborted: true }) => ({ headers: [['content-type', form]] as const, body })
  assertRefused(await world.send('POST', '/logout', typed('x'.repeat(65_537))), 'body_too_large')
  assertRefused(await world.send('POST', '/logout', typed({ aborted: true })), 'body_unreadable')
  assertRefused(await browser.post('/logout?state=s', {}), 'parameter_in_query')
  for (const path of ['/logout', '/logout/confirm']) {
    const reply = await world.send('PUT', path)
    assertRefused(reply, 'method_not_allowed')
    assert.equal(reply.headers.get('allow'), path === '/logout' ? 'GET, POST' : 'POST')
    const json = { body: '{}', headers: [['content-type', 'application/json']] as const }
    assertRefused(await world.send('POST', path, json), 'content_type_unsupported')
  }
  assert.equal(await isSignedIn(world, browser), true)
  assert.equal((await browser.get(logoutUrl({ id_token_hint: hint }))).status, 200)
})

test('state_unavailable [AS-OIDC-09] nobody is told that they are signed out when they are not', async () => {
  const { world, browser, hint } = await signedInAlice()
  await world.store.close()
  for (const parameters of [{}, { id_token_hint: hint }]) {
    const reply = await browser.get(logoutUrl(parameters))
    assertRefused(reply, 'state_unavailable')
    assert.deepEqual([reply.status, reply.headers.getSetCookie()], [503, []])
  }
  const again = await signedInAlice()
  assert.equal((await again.browser.get(logoutUrl({ id_token_hint: again.hint }))).status, 200)
})

test('[AS-AUTHZ-14] the pages of signing out cannot be framed, load nothing and show names as text', async () => {
  const { world, browser } = await signedInAlice()
  await alter(world, world.client, { name: '<img src=x onerror=alert(1)>\u202eBank' })
  const parameters = { client_id: 'client-a', post_logout_redirect_uri: bye, state: '"><script>alert(1)</script>' }
  const page = await browser.get(logoutUrl(parameters))
  assert.match(page.headers.get('content-security-policy') ?? '', /form-action 'self' https:\/\/app\.example;/)
  assert.ok(!page.text.includes('<img') && !page.text.includes('<script') && !page.text.includes('\u202e'))
  for (const [, url = ''] of page.text.matchAll(/(?:href|action|src)="([^"]*)"/g)) {
    assert.equal(url, `${theIssuer}/logout/confirm`)
  }
  const done = await browser.post('/logout/confirm', { csrf: csrfOf(page) })
  assert.match(done.text, /You are signed out/)
  assert.ok(!done.text.includes('<form'))
})
