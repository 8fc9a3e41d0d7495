/** What people see and change of their own account, and what nobody else does. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPages } from '../../src/console/index.ts'
import { clientId, subject, username } from '../../src/core/names.ts'
import type { AccountView } from '../../src/server/pages.ts'
import { accountUrls, atTheAccount, aWorldWithTrail, callBank, postTo, signInToAccount, valuesOf } from './account.ts'
import { aPkcePair } from './messages.ts'
import { aParty } from './parties.ts'
import {
  aBrowser,
  assertRefused,
  type Browser,
  callUserinfo,
  csrfOf,
  decide,
  introspect,
  location,
  offlineScope,
  offlineTokens,
  open,
  push,
  redeem,
  refresh,
  responseOf,
  shown,
  tokens,
} from './steps.ts'
import { addPerson, alter, aWorld, register, type Reply, theIssuer, type World } from './world.ts'

const alice = subject('user-alice')
const sessionName = '__Host-strongroom-session'
const forms: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  [accountUrls.endAccess, {}],
  [accountUrls.endSession, { sid: 'A'.repeat(22) }],
]

function assertDone(reply: Reply, what: string): void {
  assert.deepEqual([reply.rule, location(reply)], [undefined, `${theIssuer}/account?done=${what}`], reply.text)
}

/** Whether everything issued to a client still works. */
async function works(world: World, held: Awaited<ReturnType<typeof allowAs>>): Promise<readonly unknown[]> {
  const { accessToken, party, refreshToken } = held
  const userinfo = await callUserinfo(world, accessToken, party)
  const atTheBank = await callBank(world)(accessToken, party)
  const renewed = await refresh(world, refreshToken, {}, { party })
  return [(await introspect(world, accessToken)).json['active'], userinfo.rule, atTheBank, renewed.rule]
}

/** Walks the flow to tokens as whoever is signed in with the browser. */
async function allowAs(world: World, browser: Browser) {
  const [{ verifier, challenge }, party] = [aPkcePair(world), aParty()]
  const opened = await open(world, await push(world, { scope: offlineScope }, { challenge }), browser)
  const done = await decide(browser, location(opened), await browser.get(location(opened)))
  const { json } = await redeem(world, { code: responseOf(done)['code'] ?? '', verifier }, {}, { party })
  return { party, accessToken: String(json['access_token']), refreshToken: String(json['refresh_token']) }
}

const alive = [true, undefined, undefined, undefined]
const dead = [false, 'access_token_revoked', 'access_token_revoked', 'refresh_token_grant_revoked']

test('[AS-AUTHZ-15] [ER-20] the page is of who is signed in: nobody frames it, and anybody else signs in first', async () => {
  const world = await aWorld()
  const browser = aBrowser(world)
  const first = await browser.get(accountUrls.page)
  assert.deepEqual([first.status, location(first), first.rule], [303, accountUrls.signIn, undefined])
  const page = await signInToAccount(browser)
  assert.equal(page.status, 200)
  assert.match(page.text, /alice/)
  const before = browser.jar.get(sessionName)
  const again = await browser.get(accountUrls.signIn)
  assert.match(again.text, /name="password"/, 'also for who is signed in')
  for (const { headers } of [page, again]) {
    assert.equal(headers.get('x-frame-options'), 'DENY')
    assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/)
    assert.equal(headers.get('cache-control'), 'no-store')
  }
  await signInToAccount(browser)
  assert.notEqual(browser.jar.get(sessionName), before, 'each sign-in has an id of its own')
  world.wait(3600)
  assert.equal(location(await browser.get(accountUrls.page)), accountUrls.signIn, 'the sign-in is over')
})

test('[LV-34] [ER-11] what the page is told to say is one of its own words, and names of clients are text', async () => {
  const world = await aWorld()
  await alter(world, world.client, { name: '<img src=x onerror=alert(1)>"><script>alert(2)</script>' })
  const { browser } = await tokens(world)
  const plain = await browser.get(accountUrls.page)
  assert.ok(!/<img|<script>alert/.test(plain.text))
  assert.match(plain.text, /&lt;img/)
  const said = await browser.get(`${accountUrls.page}?done=access_ended`)
  assert.match(said.text, /<p role="status"/)
  for (const done of [
    '<script>alert(1)</script>',
    'https://evil.example',
    'constructor',
    '__proto__',
    'access_ended ',
  ]) {
    const reply = await browser.get(`${accountUrls.page}?done=${encodeURIComponent(done)}`)
    assert.equal(reply.status, 200, done)
    assert.ok(!reply.text.includes('<p role="status"') && !reply.text.includes('evil.example'), done)
  }
})

test('[NET-07] [LV-31] [LV-32] a token opens no account, and no other site may ask', async () => {
  const world = await aWorld()
  const { accessToken } = await tokens(world)
  for (const scheme of ['DPoP', 'Bearer']) {
    const headers = [['authorization', `${scheme} ${accessToken}`] as const]
    assert.equal(location(await world.send('GET', '/account', { headers })), accountUrls.signIn)
    const form = [['csrf', 'x'] as const]
    assertRefused(await world.send('POST', accountUrls.endAccess, { headers, form }), 'account_sign_in_needed')
  }
  for (const path of ['/account', accountUrls.endAccess, '/account/sign-in']) {
    const headers = [['origin', 'https://evil.example'] as const, ['access-control-request-method', 'POST'] as const]
    const reply = await world.send('OPTIONS', path, { headers })
    assertRefused(reply, 'method_not_allowed', path)
    assert.equal(reply.headers.get('access-control-allow-origin'), null)
  }
  assert.equal((await atTheAccount(world)).page.status, 200)
})

test('grant_unknown [AS-RT-06] ending one grant ends everything issued under it at once, and nothing else', async () => {
  const world = await aWorld()
  const browser = aBrowser(world)
  const other = await offlineTokens(world, {}, { browser })
  world.wait(1)
  const held = await offlineTokens(world, {}, { browser })
  assert.deepEqual([await works(world, held), await works(world, other)], [alive, alive])
  const [newest = '', older = ''] = valuesOf(await browser.get(accountUrls.page), 'ref')
  const posted = world.raised.length
  const done = await postTo(browser, accountUrls.endAccess, { ref: newest })
  assertDone(done, 'access_ended')
  assert.deepEqual(done.stored, ['grants.revoke'])
  assert.deepEqual([await works(world, held), await works(world, other)], [dead, alive])
  const told = world.raised.slice(posted).filter(({ type }) => type === 'consent.withdrawn')
  assert.deepEqual(
    told.map(({ outcome, reason, clientId: id, subject: whose, evidence }) => [outcome, reason, id, whose, evidence]),
    [['revoked', 'one_grant', 'client-a', alice, { grants: 1 }]],
  )
  // Twice is nothing more to end; the page tells so.
  const twice = await postTo(browser, accountUrls.endAccess, { ref: newest })
  assertRefused(twice, 'grant_unknown')
  assert.equal(twice.status, 404)
  assert.deepEqual(valuesOf(twice, 'ref'), [older], 'and is the account page')
  assertDone(await postTo(browser, accountUrls.endAccess, { ref: older }), 'access_ended')
  assert.deepEqual(await works(world, other), dead)
})

test('grant_unknown [AS-RT-06] ending a client forgets the consent: the person is asked again', async () => {
  const world = await aWorld()
  const browser = aBrowser(world)
  const held = [await offlineTokens(world, {}, { browser }), await offlineTokens(world, {}, { browser })] as const
  const other = await offlineTokens(world, {}, { browser, client: world.otherClient })
  const isAsked = async () =>
    /name="decision"/.test((await shown(browser, await open(world, await push(world), browser))).text)
  assert.equal(await isAsked(), false)
  assertRefused(await postTo(browser, accountUrls.endAccess, { client_id: 'client-c' }), 'grant_unknown')
  assertDone(await postTo(browser, accountUrls.endAccess, { client_id: 'client-a' }), 'access_ended')
  const last = world.raised.findLast(({ type }) => type === 'consent.withdrawn')
  // The third came of asking whether the person is asked.
  assert.deepEqual([last?.reason, last?.clientId, last?.evidence], ['one_client', 'client-a', { grants: 3 }])
  for (const one of held) assert.deepEqual(await works(world, one), dead)
  assert.equal((await introspect(world, other.accessToken)).json['active'], true)
  assert.equal(await isAsked(), true)
  const page = await browser.get(accountUrls.page)
  assert.deepEqual(valuesOf(page, 'client_id'), ['client-b'])
  assertRefused(await postTo(browser, accountUrls.endAccess, { client_id: 'client-a' }), 'grant_unknown')
  assertDone(await postTo(browser, accountUrls.endAccess, { client_id: 'client-b' }), 'access_ended')
})

test('[OPS-05] ending everything ends it for every client, and for nobody else', async () => {
  const world = await aWorld()
  await addPerson(world.store, 'bob')
  const browser = aBrowser(world)
  const held = await offlineTokens(world, {}, { browser })
  await tokens(world, {}, { browser, client: world.otherClient })
  const bob = await atTheAccount(world, 'bob')
  const ofBob = await allowAs(world, bob.browser)
  const done = await postTo(browser, accountUrls.endAccess, {})
  assertDone(done, 'all_access_ended')
  assert.deepEqual(done.stored, ['grants.withdrawAll'])
  const last = world.raised.findLast(({ type }) => type === 'consent.withdrawn')
  assert.deepEqual([last?.reason, last?.evidence], ['everything', { grants: 2, clients: 2 }])
  assert.deepEqual(await works(world, held), dead)
  assert.deepEqual(await works(world, ofBob), alive)
  const page = await browser.get(accountUrls.page)
  assert.deepEqual([valuesOf(page, 'ref'), valuesOf(page, 'client_id')], [[], []])
  assertDone(await postTo(browser, accountUrls.endAccess, {}), 'all_access_ended')
})

test('grant_unknown [OPS-05] [LV-33] what somebody else allowed is answered like what does not exist', async () => {
  const world = await aWorld()
  await addPerson(world.store, 'bob')
  const held = await offlineTokens(world)
  const [ref = ''] = valuesOf(await held.browser.get(accountUrls.page), 'ref')
  const { browser } = await atTheAccount(world, 'bob')
  const contentOf = ({ text }: Reply) =>
    (/<main.*<\/main>/s.exec(text)?.[0] ?? '').replaceAll(/ (value|data-options)="[^"]*"/g, '')
  const foreign = await postTo(browser, accountUrls.endAccess, { ref })
  const missing = await postTo(browser, accountUrls.endAccess, { ref: 'A'.repeat(22) })
  const malformed = await postTo(browser, accountUrls.endAccess, { ref: "' or 1=1 --" })
  for (const reply of [foreign, missing, malformed]) assertRefused(reply, 'grant_unknown')
  for (const reply of [missing, malformed]) {
    assert.equal(reply.status, foreign.status)
    assert.equal(contentOf(reply), contentOf(foreign))
  }
  const told = world.raised.filter(({ reason }) => reason === 'grant_unknown')
  assert.deepEqual(
    told.map(({ evidence }) => evidence),
    [{ whose: 'another_person' }, {}, {}],
  )
  assertRefused(await postTo(browser, accountUrls.endAccess, { client_id: 'client-a' }), 'grant_unknown')
  assert.deepEqual(await works(world, held), alive)
  assertDone(await postTo(held.browser, accountUrls.endAccess, { ref }), 'access_ended')
})

test('session_unknown [AS-AUTHZ-15] [ER-19] a person ends their own sign-ins elsewhere, and nobody else does', async () => {
  const posted: string[] = []
  const postForm = async (url: string) => ({ status: posted.push(url) > 0 ? 200 : 500 })
  const world = await aWorld({ ports: { postForm } })
  await addPerson(world.store, 'bob')
  const backchannelLogoutUri = 'https://tell.example/logged-out'
  const tell = await register(world.store, aParty(), 'tell', { backchannelLogoutUri })
  const elsewhere = aBrowser(world)
  const online = await tokens(world, {}, { browser: elsewhere, client: tell })
  const offline = await offlineTokens(world, {}, { browser: elsewhere })
  const bob = await atTheAccount(world, 'bob')
  world.wait(1)
  const { browser, page } = await atTheAccount(world)
  const sids = valuesOf(page, 'sid')
  assert.equal(sids.length, 1, 'its own has no such form')
  const [sid = ''] = sids
  assertRefused(await postTo(bob.browser, accountUrls.endSession, { sid }), 'session_unknown')
  for (const other of ['A'.repeat(22), 'x', '']) {
    assertRefused(await postTo(browser, accountUrls.endSession, { sid: other }), 'session_unknown', other)
  }
  assert.equal((await elsewhere.get(accountUrls.page)).status, 200)
  const done = await postTo(browser, accountUrls.endSession, { sid })
  assertDone(done, 'session_ended')
  assert.deepEqual(done.stored, ['sessions.endBySid', 'grants.endOnline'])
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(posted, [backchannelLogoutUri])
  const last = world.raised.findLast(({ type }) => type === 'user.session.ended')
  assert.deepEqual([last?.outcome, last?.subject, last?.evidence], ['revoked', alice, { grants: 1, clients: 2 }])
  assert.equal(location(await elsewhere.get(accountUrls.page)), accountUrls.signIn)
  assert.equal((await introspect(world, online.accessToken)).json['active'], false)
  assert.equal((await introspect(world, offline.accessToken)).json['active'], true, 'allowed for later')
  assertRefused(await postTo(browser, accountUrls.endSession, { sid }), 'session_unknown')
  assert.equal((await browser.get(accountUrls.page)).status, 200)
  assert.equal((await bob.browser.get(accountUrls.page)).status, 200)
})

test('[AS-OIDC-09] ending the sign-in of this very browser is signing out, which asks first', async () => {
  const world = await aWorld()
  const { browser } = await atTheAccount(world)
  const [session] = await world.store.sessions.list(alice, 10)
  const reply = await postTo(browser, accountUrls.endSession, { sid: session?.sid ?? '' })
  assert.deepEqual([reply.rule, location(reply), reply.stored], [undefined, `${theIssuer}/logout`, []])
  const page = await browser.get(location(reply))
  await browser.post('/logout/confirm', { csrf: csrfOf(page) })
  assert.equal(location(await browser.get(accountUrls.page)), accountUrls.signIn)
})

test('csrf_token_invalid post_from_another_site [AS-AUTHZ-15] [ER-20] every form comes from the page of this very sign-in', async () => {
  const world = await aWorld()
  const { browser, accessToken } = await tokens(world)
  const page = await browser.get(accountUrls.page)
  const csrf = csrfOf(page)
  const stranger = aBrowser(world)
  const theirs = csrfOf(await signInToAccount(stranger))
  const signOut = csrfOf(await browser.get('/logout'))
  const signInForm = csrfOf(await aBrowser(world).get(accountUrls.signIn))
  for (const [path, fields] of forms) {
    for (const wrong of ['', 'A'.repeat(43), theirs, signOut, signInForm]) {
      const reply = await browser.post(path, { ...fields, csrf: wrong })
      assertRefused(reply, 'csrf_token_invalid', `${path} ${wrong}`)
      assert.deepEqual(reply.stored, [], path)
    }
    for (const [name, value] of [
      ['sec-fetch-site', 'cross-site'],
      ['sec-fetch-site', 'same-site'],
      ['origin', 'https://as.example.evil.example'],
    ] as const) {
      const reply = await browser.post(path, { ...fields, csrf }, { headers: [[name, value]] })
      assertRefused(reply, 'post_from_another_site', `${path} ${value}`)
      assert.deepEqual(reply.stored, [], path)
    }
    // The session cookie alone, in a browser that has no page of ours.
    const thief = aBrowser(world)
    thief.jar.set(sessionName, browser.jar.get(sessionName) ?? '')
    assertRefused(await thief.post(path, { ...fields, csrf }), 'csrf_token_invalid', path)
    assertRefused(await browser.get(path), 'method_not_allowed', path)
  }
  assert.equal((await introspect(world, accessToken)).json['active'], true)
  assertDone(await browser.post(accountUrls.endAccess, { csrf }), 'all_access_ended')
})

test('account_sign_in_needed [AS-AUTHZ-15] [ER-19] nothing is changed by who is not signed in any more', async () => {
  const world = await aWorld()
  const { browser, accessToken, party } = await offlineTokens(world)
  const csrf = csrfOf(await browser.get(accountUrls.page))
  world.wait(3600)
  for (const [path, fields] of forms) {
    for (const who of [browser, aBrowser(world)]) {
      const reply = await who.post(path, { ...fields, csrf })
      assertRefused(reply, 'account_sign_in_needed', path)
      assert.deepEqual([reply.status, reply.stored], [403, []], path)
      assert.match(reply.text, /name="password"/, 'and is asked to sign in')
    }
  }
  // Browsers send the forms of other sites without our cookies: what is answered must not replace them.
  for (const [path, fields] of forms) {
    for (const header of [['sec-fetch-site', 'cross-site'] as const, ['origin', 'https://evil.test'] as const]) {
      const reply = await aBrowser(world).post(path, { ...fields, csrf }, { headers: [header] })
      assertRefused(reply, 'post_from_another_site', path)
      assert.deepEqual([reply.status, reply.headers.getSetCookie(), reply.stored], [403, [], []], path)
    }
  }
  // From the page of the refusal the person goes on.
  const again = await browser.post(accountUrls.endAccess, { csrf })
  const done = await browser.post(accountUrls.signIn, {
    csrf: csrfOf(again),
    username: 'alice',
    password: 'correct horse',
  })
  assert.equal(location(done), accountUrls.page)
  assertRefused(
    await browser.post(accountUrls.endAccess, { csrf }),
    'csrf_token_invalid',
    'the page before the sign-in',
  )
  assertDone(await postTo(browser, accountUrls.endAccess, {}), 'all_access_ended')
  assert.equal((await introspect(world, accessToken)).json['active'], false)
  assertRefused(await callUserinfo(world, accessToken, party), 'access_token_expired')
})

test('[OPS-05] a lock and a suspension leave nothing to see or to use', async () => {
  const world = await aWorld()
  const { browser } = await offlineTokens(world)
  await tokens(world, {}, { browser, client: world.otherClient })
  world.wait(1)
  await world.store.clients.setStatus(clientId('client-a'), 'suspended', world.now())
  assert.deepEqual(valuesOf(await browser.get(accountUrls.page), 'client_id'), ['client-b'])
  await world.store.clients.setStatus(clientId('client-a'), 'active', world.now())
  assert.deepEqual(valuesOf(await browser.get(accountUrls.page), 'client_id'), ['client-b'], 'nothing is revived')
  await world.store.clients.remove(clientId('client-b'))
  assert.deepEqual(valuesOf(await browser.get(accountUrls.page), 'client_id'), [])
  await world.store.users.setLocked(username('alice'), 'locked', world.now())
  assert.equal(location(await browser.get(accountUrls.page)), accountUrls.signIn)
  assertRefused(await browser.post(accountUrls.endAccess, { csrf: 'x' }), 'account_sign_in_needed')
})

test('[OPS-04] the same thing ended fifty times at once is ended, and nothing else is', async () => {
  const world = await aWorld()
  const browser = aBrowser(world)
  const held = await offlineTokens(world, {}, { browser })
  const other = await offlineTokens(world, {}, { browser, client: world.otherClient })
  const all = await world.store.grants.list({ subject: alice, clientId: world.client.clientId }, 10, undefined)
  const ref = all[0]?.ref ?? ''
  const page = await browser.get(accountUrls.page)
  const csrf = csrfOf(page)
  const replies = await Promise.all(
    Array.from({ length: 50 }, () => browser.post(accountUrls.endAccess, { csrf, ref })),
  )
  for (const { rule } of replies) assert.ok(rule === undefined || rule === 'grant_unknown')
  assert.ok(replies.some(({ rule }) => rule === undefined))
  assert.deepEqual(await works(world, held), dead)
  assert.equal((await introspect(world, other.accessToken)).json['active'], true)
})

test('[OPS-05] more grants than a page holds: the newest are shown, and all of them end', async () => {
  const views: AccountView[] = []
  const pages = createPages()
  const account = (view: AccountView) => {
    views.push(view)
    return pages.account(view)
  }
  const world = await aWorld({ ports: { pages: { ...pages, account } } })
  const held = await offlineTokens(world)
  const { browser } = held
  await browser.get(accountUrls.page)
  const [oldest = ''] = views.at(-1)?.clients[0]?.grants.map(({ ref }) => ref) ?? []
  assert.equal(views.at(-1)?.shown, 'all')
  world.wait(1)
  for (let index = 0; index < 120; index += 1) await tokens(world, {}, { browser })
  const refs = valuesOf(await browser.get(accountUrls.page), 'ref')
  assert.equal(refs.length, 100)
  assert.ok(oldest !== '' && !refs.includes(oldest))
  assert.equal(views.at(-1)?.shown, 'newest')
  assertDone(await postTo(browser, accountUrls.endAccess, { client_id: 'client-a' }), 'access_ended')
  assert.deepEqual(await works(world, held), dead)
})

test('[OPS-02] [AL-23] a person sees what happened to them, a moment ago too, and nothing of anybody else', async () => {
  const world = await aWorldWithTrail()
  await addPerson(world.store, 'bob')
  const { browser, refreshToken, party } = await offlineTokens(world)
  await refresh(world, refreshToken, {}, { party })
  const bob = await atTheAccount(world, 'bob')
  const mine = await browser.get(accountUrls.page)
  const listOf = ({ text }: Reply) => /<ol class="events">.*?<\/ol>/s.exec(text)?.[0] ?? ''
  assert.match(listOf(mine), /The client-a/)
  assert.ok(!listOf(bob.page).includes('client-a'))
  assert.ok(!/192\.0\.2\.7/.test(mine.text), 'no address')
  await postTo(browser, accountUrls.endAccess, { client_id: 'client-a' })
  const after = await browser.get(accountUrls.page)
  assert.equal(listOf(after).split('<li').length, listOf(mine).split('<li').length + 1, 'one more, at once')
  await world.store.clients.remove(clientId('client-a'))
  const gone = listOf(await browser.get(accountUrls.page))
  assert.ok(!gone.includes('The client-a') && gone.includes('client-a'), 'by the id it was known by')
})

test('password_wrong [OPS-02] [AL-01] a person sees that somebody tried their password, and nobody else does', async () => {
  const world = await aWorldWithTrail({ ports: { pages: createPages() } })
  await addPerson(world.store, 'bob')
  const thief = aBrowser(world)
  const csrf = csrfOf(await thief.get(accountUrls.signIn))
  const attempt = { csrf, username: 'alice', password: 'wrong' }
  assertRefused(await thief.post(accountUrls.signIn, attempt), 'password_wrong')
  assertRefused(await thief.post(accountUrls.signIn, { ...attempt, username: 'nobody' }), 'user_unknown')
  const failures = ({ text }: Reply) => text.split('A sign-in failed').length - 1
  assert.equal(failures((await atTheAccount(world, 'bob')).page), 0)
  assert.equal(failures((await atTheAccount(world)).page), 1)
})

test('password_wrong [OPS-02] [AL-01] whoever fails to sign in again and again pushes nothing out of what a person sees', async () => {
  const views: AccountView[] = []
  const pages = createPages()
  const account = (view: AccountView) => {
    views.push(view)
    return pages.account(view)
  }
  const world = await aWorldWithTrail({ ports: { pages: { ...pages, account } } })
  const { browser } = await tokens(world)
  const thief = aBrowser(world)
  const csrf = csrfOf(await thief.get(accountUrls.signIn))
  const attempt = { csrf, username: 'alice', password: 'wrong' }
  for (let guess = 0; guess < 40; guess += 1) {
    const reply = await thief.post(accountUrls.signIn, attempt, { from: `198.51.100.${guess}` })
    assertRefused(reply, 'password_wrong', `guess ${guess}`)
  }
  assert.equal((await browser.get(accountUrls.page)).status, 200)
  const told = (views.at(-1)?.events ?? []).map(({ type, outcome, client, count }) => [type, outcome, client, count])
  assert.deepEqual(told, [
    ['user.login.failed', 'blocked', undefined, 40],
    ['consent.given', 'allowed', 'The client-a', 1],
    ['user.login.succeeded', 'allowed', 'The client-a', 1],
  ])
  // What comes after is an entry of its own, and so is what was the same before it.
  const after = await signInToAccount(browser)
  assertRefused(await thief.post(accountUrls.signIn, attempt, { from: '203.0.113.1' }), 'password_wrong')
  assert.equal(after.status, 200)
  await browser.get(accountUrls.page)
  assert.deepEqual(
    views.at(-1)?.events.map(({ type, count }) => `${type} ${count}`),
    [
      'user.login.failed 1',
      'user.login.succeeded 1',
      'user.login.failed 40',
      'consent.given 1',
      'user.login.succeeded 1',
    ],
  )
})
