import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type JsonObject, numericDate, subject, username } from '../../src/core/names.ts'
import type { LyingProvider } from '../../src/node/upstream/lying-provider.test-support.ts'
import type { Begin } from './relying-party.ts'
import type { Running } from './running.ts'
import { startUpstreamWorld, type UpstreamWorld } from './upstream-world.ts'
import { csrfIn, openWebBrowser, type Page, type WebBrowser } from './web-browser.ts'

let world: UpstreamWorld
let running: Running
let begin: Begin
let liar: LyingProvider

before(async () => {
  world = await startUpstreamWorld()
  ;({ running, begin, liar } = world)
})

after(() => world.close())

/** A request of a client, opened in a browser. */
async function opened(parameters: Readonly<Record<string, string>> = {}, browser = openWebBrowser(running.redirect)) {
  const begun = await begin(parameters)
  const page = await browser.go(begun.url)
  assert.equal(page.status, 200, page.html)
  const tokens = async (back: Page) => {
    assert.ok(back.url.href.startsWith(running.redirect), `${back.url.href} ${back.html}`)
    const issued = await begun.tokens(back.url)
    return { claims: issued.claims() ?? assert.fail('no ID token'), userinfo: await begun.userinfo(issued) }
  }
  return { browser, page, tokens }
}

/** Leaves our sign-in page for a provider, and says who one is where it asks. */
async function signInAt(id: string, browser: WebBrowser, page: Page, account: string): Promise<Page> {
  const there = await leave(id, browser, page)
  const isAsked = there.html.includes('name="account"')
  return isAsked ? browser.go(there.url.href, { account }) : there
}

function leave(id: string, browser: WebBrowser, page: Page): Promise<Page> {
  const action = new RegExp(`action="([^"]*/sign-in/upstream/${id})"`).exec(page.html)?.[1]
  return browser.go(action ?? assert.fail(page.html), { csrf: csrfIn(page) })
}

/** Allows, where that is asked. */
async function allow(browser: WebBrowser, page: Page): Promise<Page> {
  const action = /action="([^"]*\/consent)"/.exec(page.html)?.[1]
  return action === undefined ? page : browser.go(action, { csrf: csrfIn(page), decision: 'allow' })
}

async function tokensAt(id: string, account: string, parameters: Readonly<Record<string, string>> = {}) {
  const { browser, page, tokens } = await opened(parameters)
  return tokens(await allow(browser, await signInAt(id, browser, page, account)))
}

function lastRule(): string | undefined {
  return running.events.findLast(({ rule }) => rule !== undefined)?.rule
}

for (const id of ['basic', 'proved']) {
  test(`oidc-provider signs a person in, and a client of ours gets tokens about them: ${id}`, async () => {
    const early = Math.floor(Date.now() / 1000)
    const { claims, userinfo } = await tokensAt(id, 'alice')
    assert.deepEqual([claims['acr'], claims['amr']], ['urn:example:gold', ['pwd', 'otp']])
    assert.ok(Number(claims.auth_time) >= early)
    assert.deepEqual(userinfo, { sub: claims.sub, name: 'alice of the peer' })
    const user = await running.store.users.bySubject(subject(claims.sub))
    assert.equal(user?.username, `alice@${id}`)
    assert.deepEqual(user?.claims, { name: 'alice of the peer', email: 'alice@peer.example' })
  })
}

test('a person is the same at every sign-in, somebody else at another provider, and never a local one', async () => {
  const [first, second, elsewhere] = [
    await tokensAt('basic', 'alice'),
    await tokensAt('basic', 'alice'),
    await tokensAt('proved', 'alice'),
  ]
  assert.equal(first.claims.sub, second.claims.sub)
  assert.equal(new Set([first.claims.sub, elsewhere.claims.sub, 'alice-subject']).size, 3)
  assert.equal((await running.store.users.byUsername(username('alice')))?.upstream, undefined)
})

test('who is signed in at the provider is not asked again, unless the request wants that', async () => {
  const { browser, page, tokens } = await opened()
  const first = await tokens(await allow(browser, await signInAt('basic', browser, page, 'carol')))
  browser.forget(new URL(running.issuer).origin)
  const again = await opened({}, browser)
  const there = await leave('basic', browser, again.page)
  assert.ok(!there.html.includes('name="account"'), there.html)
  const second = await again.tokens(await allow(browser, there))
  assert.deepEqual(
    [second.claims.sub, second.claims.auth_time],
    [first.claims.sub, first.claims.auth_time],
    'the same sign-in',
  )
  const demanding = await opened({ prompt: 'login' }, browser)
  const asked = await leave('basic', browser, demanding.page)
  assert.ok(asked.html.includes('name="account"'), asked.html)
  const done = await browser.go(asked.url.href, { account: 'carol' })
  const third = await demanding.tokens(await allow(browser, done))
  assert.equal(third.claims.sub, first.claims.sub)
})

test('upstream_refused who says no there is back here, and signs in in another way', async () => {
  const { browser, page, tokens } = await opened()
  const back = await signInAt('basic', browser, page, '')
  assert.equal(lastRule(), 'upstream_refused')
  assert.equal(back.status, 403)
  const { claims } = await tokens(await allow(browser, await signInAt('proved', browser, back, 'dave')))
  assert.equal(claims['acr'], 'urn:example:gold')
})

test('upstream_unavailable a provider that is down leaves the others', async () => {
  const { browser, page, tokens } = await opened()
  const back = await leave('down', browser, page)
  assert.equal(lastRule(), 'upstream_unavailable')
  assert.equal(back.status, 503)
  assert.ok((await tokens(await allow(browser, await signInAt('basic', browser, back, 'erin')))).claims.sub)
})

test('upstream_state_used upstream_state_invalid an answer counts once, in one browser, at one address', async () => {
  const { browser, page, tokens } = await opened()
  const there = await leave('basic', browser, page)
  // What comes back, seen by somebody who is quicker.
  const thief = await opened()
  const answer = await answerOf(browser, there, 'frank')
  await thief.browser.go(answer)
  assert.equal(lastRule(), 'upstream_state_invalid')
  await browser.go(answer.replace('/upstream/basic/', '/upstream/proved/'))
  assert.equal(lastRule(), 'upstream_state_invalid')
  const { claims } = await tokens(await allow(browser, await browser.go(answer)))
  assert.ok(claims.sub)
  const replayed = await browser.go(answer)
  assert.equal(lastRule(), 'upstream_state_used')
  assert.equal(replayed.status, 403)
  assert.ok((await tokensAt('basic', 'frank')).claims.sub)
})

/** The answer of a provider, held back: the browser goes nowhere with it yet. */
async function answerOf(browser: WebBrowser, there: Page, account: string): Promise<string> {
  const jarred = await browser.hold(there.url.href, { account }, `${running.issuer}/upstream/`)
  assert.ok(jarred.includes('code='), jarred)
  return jarred
}

test('user_locked who is locked here does not come in', async () => {
  const { claims } = await tokensAt('basic', 'grace')
  const user = await running.store.users.bySubject(subject(claims.sub))
  await running.store.users.setLocked(user?.username ?? username('nobody'), 'locked', numericDate(0))
  const { browser, page } = await opened()
  const back = await signInAt('basic', browser, page, 'grace')
  assert.equal(lastRule(), 'user_locked')
  assert.equal(back.status, 403)
  assert.ok((await tokensAt('basic', 'heidi')).claims.sub)
})

const lies: readonly (readonly [rule: string, what: string, claims: JsonObject, parameters: Record<string, string>])[] =
  [
    ['upstream_answer_invalid', 'another nonce', { nonce: 'another' }, {}],
    ['upstream_answer_invalid', 'no auth_time', { auth_time: undefined }, {}],
    ['upstream_sign_in_too_old', 'an hour with prompt=login', { auth_time: hourAgo() }, { prompt: 'login' }],
    ['upstream_sign_in_too_old', 'an hour with max_age=60', { auth_time: hourAgo() }, { max_age: '60' }],
    ['upstream_sign_in_too_old', 'two hours', { auth_time: hourAgo() - 3600 }, {}],
  ]
function hourAgo(): number {
  return Math.floor(Date.now() / 1000) - 3600
}
for (const [rule, what, claims, parameters] of lies) {
  test(`${rule} a provider that lies: ${what}`, async () => {
    const { browser, page, tokens } = await opened(parameters)
    liar.lie({ claims })
    const back = await leave('liar', browser, page)
    assert.equal(lastRule(), rule)
    assert.equal(back.status, 403)
    liar.lie({})
    const { claims: honest } = await tokens(await allow(browser, await leave('liar', browser, back)))
    assert.equal(honest['acr'], 'urn:example:gold')
  })
}
