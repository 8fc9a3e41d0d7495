import assert from 'node:assert/strict'
import { test } from 'node:test'
import { observed } from '../observations.ts'
import { aPkcePair, aPush, changed } from './messages.ts'
import { aParty } from './parties.ts'
import {
  aBrowser,
  aCode,
  assertRefused,
  csrfOf,
  decide,
  location,
  open,
  push,
  redeem,
  responseOf,
  signedIn,
  signIn,
} from './steps.ts'
import { aWorld, redirectUri, register, theIssuer, type World } from './world.ts'

async function assertStillServed(world: World): Promise<void> {
  assert.equal((await open(world, await push(world))).status, 303)
}

test('authorization_not_pushed [AS-AUTHZ-01] [AS-AUTHZ-02] what was not pushed gets a page, not a redirect', async () => {
  const world = await aWorld()
  const pushed = await push(world)
  const uri = String(pushed.json['request_uri'])
  const whole = new URLSearchParams(Object.fromEntries(changed(aPush(world), {})))
  const queries = ['', '?', `?${whole.toString()}`, `?client_id=client-a`, `?request=e30.e30.e30&client_id=client-a`]
  for (const query of queries) {
    const reply = await world.send('GET', `/authorize${query}`)
    assertRefused(reply, 'authorization_not_pushed', query)
    assert.deepEqual([reply.status, location(reply), reply.stored], [400, '', []])
    assert.match(reply.headers.get('content-type') ?? '', /^text\/html/)
  }
  assertRefused(await open(world, pushed, undefined, { request: 'e30.e30.e30' }), 'authorization_not_pushed', 'both')
  assert.equal((await open(world, pushed, undefined, { request_uri: uri })).status, 303)
})

test('request_uri_foreign [AS-AUTHZ-02] nothing is fetched from a request_uri', async (t) => {
  const world = await aWorld()
  const fetched = t.mock.method(globalThis, 'fetch', () => Promise.reject(new Error('fetched')))
  for (const request_uri of [
    'https://attacker.example/r.jwt',
    'http://127.0.0.1/',
    'urn:x',
    'URN:IETF:params:oauth:request_uri:x',
    'data:,x',
  ]) {
    const query = new URLSearchParams({ client_id: 'client-a', request_uri })
    const reply = await world.send('GET', `/authorize?${query.toString()}`)
    assertRefused(reply, 'request_uri_foreign', request_uri)
    assert.deepEqual([reply.status, reply.stored], [400, []])
  }
  assert.equal(fetched.mock.callCount(), 0)
  await assertStillServed(world)
})

test('parameter_missing [AS-AUTHZ-03] client_id is required, and must be there once', async () => {
  const world = await aWorld()
  const pushed = await push(world)
  const uri = encodeURIComponent(String(pushed.json['request_uri']))
  assertRefused(await world.send('GET', `/authorize?request_uri=${uri}`), 'parameter_missing')
  const twice = await world.send('GET', `/authorize?request_uri=${uri}&client_id=client-a&client_id=client-a`)
  assertRefused(twice, 'parameter_repeated')
  assertRefused(await world.send('GET', `/authorize?request_uri=${uri}&client_id=%ff`), 'parameter_malformed')
  assertRefused(await world.send('GET', `/authorize?request_uri=${uri}&client_id=a%0Ab`), 'parameter_malformed')
  assert.equal((await open(world, pushed)).status, 303)
})

test('[AS-AUTHZ-03] whatever else the query says, the pushed values count', async () => {
  const world = await aWorld()
  const { verifier, challenge } = aPkcePair(world)
  const pushed = await push(world, {}, { challenge })
  const browser = aBrowser(world)
  const opened = await open(world, pushed, browser, {
    redirect_uri: 'https://evil.example/cb',
    scope: 'openid payments',
    state: 'another state',
    nonce: 'another nonce',
    prompt: 'none',
    response_mode: 'fragment',
    code_challenge: aPkcePair(world).challenge,
  })
  await signIn(browser, location(opened))
  const page = await browser.get(location(opened))
  assert.ok(!page.text.includes('payments') && !page.text.includes('evil.example'))
  const response = responseOf(await decide(browser, location(opened), page))
  assert.equal(response['state'], 'a state')
  const reply = await redeem(world, { code: response['code'] ?? '', verifier })
  assert.equal(reply.json['scope'], 'openid profile accounts')
})

test('[AS-AUTHZ-06] no URL of ours forwards to an address of a parameter', async () => {
  const world = await aWorld()
  const evil = 'https://evil.example'
  const { browser, interaction } = await signedIn(world, await push(world))
  const names = ['return_to', 'redirect_uri', 'next', 'continue', 'post_logout_redirect_uri', 'target_link_uri', 'iss']
  const query = names.map((name) => `${name}=${encodeURIComponent(evil)}`).join('&')
  const paths = [
    '/authorize',
    '/',
    '/login',
    '/logout',
    '/par',
    '/token',
    '/userinfo',
    '/jwks',
    `//evil.example/authorize`,
  ]
  for (const path of [...paths, interaction.slice(theIssuer.length), `${interaction.slice(theIssuer.length)}/`]) {
    const reply = await browser.get(`${path}?${query}`)
    assert.ok(!location(reply).includes('evil.example'), path)
    assert.ok(!(reply.headers.get('content-security-policy') ?? '').includes('evil.example'), path)
  }
  const unknown = await world.send('GET', `/authorize?client_id=nobody&redirect_uri=${encodeURIComponent(evil)}`)
  assert.deepEqual([unknown.status, location(unknown)], [400, ''])
})

test('[AS-AUTHZ-04] [AS-AUTHZ-12] access_denied_by_user: cancelled at sign-in or at consent, with iss and state, no code', async () => {
  const world = await aWorld()
  for (const where of ['sign-in', 'consent'] as const) {
    const pushed = await push(world)
    const browser = aBrowser(world)
    const interaction = location(await open(world, pushed, browser))
    const csrf = csrfOf(await browser.get(interaction))
    if (where === 'consent') await signIn(browser, interaction)
    const reply =
      where === 'consent'
        ? await decide(browser, interaction, await browser.get(interaction), 'deny')
        : await browser.post(`${interaction}/cancel`, { csrf })
    assertRefused(reply, 'access_denied_by_user', where)
    const { error_description: text, ...response } = responseOf(reply)
    assert.deepEqual(response, { error: 'access_denied', state: 'a state', iss: theIssuer })
    assert.ok(text)
    assert.deepEqual(reply.stored, ['requests.refuse'])
    assertRefused(await open(world, pushed), 'request_uri_spent', 'the request is over')
    assertRefused(
      await decide(browser, interaction, await browser.get(interaction)),
      where === 'consent' ? 'request_uri_spent' : 'interaction_out_of_order',
    )
  }
  assert.ok((await aCode(world)).code)
})

test('[AS-AUTHZ-07] every redirect of the way is a 303 and carries no password', async () => {
  const world = await aWorld()
  const browser = aBrowser(world)
  const opened = await open(world, await push(world), browser)
  const signed = await signIn(browser, location(opened))
  const decided = await decide(browser, location(signed), await browser.get(location(signed)))
  for (const reply of [opened, signed, decided]) {
    assert.equal(reply.status, 303)
    assert.equal(reply.text, '')
    assert.ok(!/correct|horse|password/.test(JSON.stringify([...reply.headers])))
  }
  observed('AS-AUTHZ-07', '303 three times, without a password')
})

test('[AS-AUTHZ-08] [KEY-04] codes are 256 random bits beside the name of their row', async () => {
  const world = await aWorld()
  const codes = new Set<string>()
  for (let round = 0; round < 50; round += 1) {
    const { code } = await aCode(world)
    assert.match(code, /^[\w-]{22}\.[\w-]{43}$/)
    codes.add(code.split('.')[1] ?? '')
  }
  assert.equal(codes.size, 50)
})

test('[AS-AUTHZ-09] state comes back as it was sent, or not at all', async () => {
  const world = await aWorld()
  const visible = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('')
  for (const state of [
    's'.repeat(1001),
    's'.repeat(2048),
    visible,
    '<script>alert(1)</script>',
    '%41+&=#',
    ' a  b ',
    '0',
  ]) {
    assert.equal((await aCode(world, { state })).response['state'], state)
  }
  assert.deepEqual(Object.keys((await aCode(world, { state: undefined })).response), ['code', 'iss'])
  observed('AS-AUTHZ-09', 'the same state, or none')
})

test('[AS-AUTHZ-09] ten thousand random unreserved states: none is blocked', async () => {
  const world = await aWorld()
  // The parameters are judged alike at every push; the query of the redirect is checked above.
  for (let round = 0; round < 100; round += 1) {
    const states = Array.from({ length: 100 }, () => world.random(12).replaceAll('-', round % 2 ? '~' : '.'))
    assert.equal((await push(world, { state: states.join('_') })).status, 201)
  }
})

test('[AS-AUTHZ-04] every response carries the issuer, and nothing but what belongs there', async () => {
  const world = await aWorld()
  assert.deepEqual(Object.keys((await aCode(world)).response), ['code', 'state', 'iss'])
  const none = await open(world, await push(world, { prompt: 'none' }))
  assert.deepEqual(Object.keys(responseOf(none)), ['error', 'error_description', 'state', 'iss'])
  const client = await register(world.store, aParty(), 'queried', { redirectUris: [`${redirectUri}?app=1`] })
  const { response } = await aCode(world, { redirect_uri: `${redirectUri}?app=1` }, { client })
  assert.deepEqual(Object.keys(response), ['app', 'code', 'state', 'iss'])
  observed('AS-AUTHZ-04', 'iss in success, in a refusal, and beside a query')
})

test('[AS-AUTHZ-11] consent says who asks, for what, and asks again for more', async () => {
  const world = await aWorld()
  const name = '<img src=x onerror=alert(1)>\u202eYour Bank'
  const client = await register(world.store, aParty(), 'tally-app', { name })
  const first = await signedIn(world, await push(world, {}, { client }), aBrowser(world), client)
  for (const text of ['tally-app', 'app.example', 'Demo Bank', 'See your accounts', 'See your name', 'alice']) {
    assert.ok(first.page.text.includes(text), text)
  }
  assert.ok(!first.page.text.includes('<img') && !first.page.text.includes('\u202e'))
  await decide(first.browser, first.interaction, first.page)
  const more = await push(world, { scope: 'openid accounts payments' }, { client })
  const opened = await open(world, more, first.browser, { client_id: 'tally-app' })
  const page = await first.browser.get(location(opened))
  assert.ok(page.text.includes('Start payments') && page.text.includes('name="decision"'), 'asked again')
  observed('AS-AUTHZ-11', 'markup is inert, and more scope is asked for again')
})

test('[AS-AUTHZ-13] CORS is not offered', async () => {
  const world = await aWorld()
  const origin = ['origin', 'https://evil.example'] as const
  const ask = ['access-control-request-method', 'GET'] as const
  for (const path of ['/authorize', '/interaction/AAAAAAAAAAAAAAAAAAAAAA', '/par', '/token', '/userinfo']) {
    // That no answer carries Access-Control-* is checked of all of them.
    assertRefused(await world.send('OPTIONS', path, { headers: [origin, ask] }), 'method_not_allowed', path)
  }
  const opened = await open(world, await push(world))
  assert.equal(opened.status, 303)
  observed('AS-AUTHZ-13', '405 to a preflight, without Access-Control')
})

test('[AS-AUTHZ-14] pages cannot be framed, load nothing, and post to us and the one waiting client', async () => {
  const world = await aWorld()
  const pushed = await push(world)
  const browser = aBrowser(world)
  const interaction = location(await open(world, pushed, browser))
  const signInPage = await browser.get(interaction)
  const failed = await signIn(browser, interaction, { password: 'wrong' })
  await signIn(browser, interaction)
  const consentPage = await browser.get(interaction)
  for (const page of [signInPage, failed, consentPage]) {
    assert.match(page.headers.get('content-security-policy') ?? '', /form-action 'self' https:\/\/app\.example;/)
  }
  const errorPage = await world.send('GET', '/authorize')
  assert.match(errorPage.headers.get('content-security-policy') ?? '', /form-action 'self';/)
  for (const page of [signInPage, failed, consentPage, errorPage]) {
    assert.match(page.headers.get('content-type') ?? '', /^text\/html; charset=utf-8$/)
    // The one script stands in the page itself, under its digest: held for every page.
    assert.ok(!/<script[^>]|src=|@import|url\(/i.test(page.text))
    for (const [, url = ''] of page.text.matchAll(/(?:href|action)="([^"]*)"/g)) {
      assert.ok(url.startsWith(`${theIssuer}/interaction/`) || url === `${theIssuer}/account`, url)
    }
  }
  observed('AS-AUTHZ-14', 'the headers of every page')
})

test('[AS-AUTHZ-14] what was pushed stays behind: no URL, cookie or page shows it before the answer', async () => {
  const world = await aWorld()
  const marker = (name: string) => `marker-${name}-${world.random(6)}`
  const markers = { state: marker('state'), nonce: marker('nonce') }
  const { challenge, verifier } = aPkcePair(world)
  const jkt = aParty().key.thumbprint
  const pushed = await push(world, { ...markers, dpop_jkt: jkt, prompt: 'login', max_age: '4711' }, { challenge })
  const browser = aBrowser(world)
  const opened = await open(world, pushed, browser)
  const interaction = location(opened)
  const page = await browser.get(interaction)
  const failed = await signIn(browser, interaction, { password: 'wrong' })
  const signed = await signIn(browser, interaction)
  const consent = await browser.get(interaction)
  const secrets = [...Object.values(markers), challenge, verifier, jkt, '4711', redirectUri]
  for (const reply of [opened, page, failed, signed, consent]) {
    const seen = JSON.stringify([...reply.headers]) + reply.text
    for (const secret of secrets) assert.ok(!seen.includes(secret), secret)
    assert.ok(!seen.includes(String(pushed.json['request_uri']).split('.')[1] ?? '?'))
  }
  const done = await decide(browser, interaction, consent)
  assert.ok(!location(done).includes(markers.nonce) && !location(done).includes(challenge))
  for (const value of browser.jar.values()) assert.ok(!secrets.some((secret) => value.includes(secret)))
})
