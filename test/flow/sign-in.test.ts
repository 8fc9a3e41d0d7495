import assert from 'node:assert/strict'
import { test } from 'node:test'
import { username } from '../../src/core/names.ts'
import { profile } from '../../src/core/profile.ts'
import {
  aBrowser,
  aCode,
  assertRefused,
  type Browser,
  callUserinfo,
  csrfOf,
  decide,
  location,
  open,
  push,
  redeem,
  signedIn,
  signIn,
  tokens,
} from './steps.ts'
import { addPerson, aWorld, type Reply, theIssuer, type World } from './world.ts'

const sessionName = '__Host-strongroom-session'
const browserName = '__Host-strongroom-browser'

async function started(world: World, browser: Browser = aBrowser(world), changes = {}) {
  const interaction = location(await open(world, await push(world, changes), browser))
  return { browser, interaction }
}

/** A page without what is new each time or was typed. */
function uniform(page: Reply, typed: string): string {
  return page.text
    .replaceAll(csrfOf(page), '')
    .replaceAll(typed, '')
    .replaceAll(/interaction\/[\w-]{22}/g, '')
    .replaceAll(/&quot;challenge&quot;:&quot;[\w-]{75}&quot;/g, '')
}

test('user_unknown password_wrong user_locked [AS-AUTHZ-15] every failed sign-in shows the same page', async () => {
  const world = await aWorld()
  await addPerson(world.store, 'mallory')
  await world.store.users.setLocked(username('mallory'), 'locked', world.now())
  const { browser, interaction } = await started(world)
  const cases = [
    ['user_unknown', { username: 'nobody' }],
    ['user_unknown', { username: 'a\u200bb' }],
    ['user_unknown', { username: 'x'.repeat(200) }],
    ['password_wrong', { password: 'wrong' }],
    ['password_wrong', { password: 'Correct horse' }],
    ['password_wrong', { password: 'correct horse ' }],
    ['user_locked', { username: 'mallory' }],
    ['password_wrong', { username: 'mallory', password: 'wrong' }],
    ['password_wrong', { password: '1' }],
    ['password_wrong', { password: '2' }],
  ] as const
  const pages = new Set<string>()
  for (const [rule, form] of cases) {
    const reply = await signIn(browser, interaction, form)
    assertRefused(reply, rule, JSON.stringify(form))
    assert.equal(reply.status, 403)
    assert.deepEqual(reply.headers.getSetCookie(), [])
    const typed = 'username' in form ? form.username : 'alice'
    pages.add(uniform(reply, typed))
  }
  assert.equal(pages.size, 1, [...pages].join('\n'))
  world.wait(profile.signInAttemptWindow)
  assert.equal((await signIn(browser, interaction)).status, 303)
})

test('sign_in_throttled [OPS-07] [AL-06] what is not tried says so, for names that exist and for names nobody has', async () => {
  const world = await aWorld()
  const { browser, interaction } = await started(world)
  const pages = new Set<string>()
  for (const name of ['alice', 'nobody']) {
    for (let guess = 0; guess < 5; guess += 1) {
      await signIn(browser, interaction, { username: name, password: `guess ${guess}` })
    }
    const reply = await signIn(browser, interaction, { username: name })
    assertRefused(reply, 'sign_in_throttled', name)
    assert.equal(reply.status, 429)
    assert.equal(reply.headers.get('retry-after'), '300')
    pages.add(uniform(reply, name))
  }
  assert.equal(pages.size, 1, [...pages].join('\n'))
  world.wait(profile.signInAttemptWindow)
  assert.equal((await signIn(browser, interaction)).status, 303)
})

test('parameter_malformed [AS-AUTHZ-15] a form out of bounds', async () => {
  const world = await aWorld()
  const { browser, interaction } = await started(world)
  assertRefused(await signIn(browser, interaction, { password: 'x'.repeat(257) }), 'parameter_malformed')
  assertRefused(await signIn(browser, interaction, { username: 'x'.repeat(257) }), 'parameter_malformed')
  assertRefused(await signIn(browser, interaction, { csrf: 'x'.repeat(65) }), 'parameter_malformed')
  assert.equal((await signIn(browser, interaction)).status, 303)
  const page = await browser.get(interaction)
  for (const decision of ['', 'Allow', 'yes', 'allow ']) {
    assertRefused(await decide(browser, interaction, page, decision), 'parameter_malformed', decision)
  }
  const more = {
    form: [
      ['csrf', csrfOf(page)],
      ['decision', 'deny'],
      ['decision', 'allow'],
    ] as const,
  }
  assertRefused(await browser.post(`${interaction}/consent`, {}, more), 'parameter_repeated')
  const json = { body: '{"decision":"allow"}', headers: [['content-type', 'application/json']] as const }
  assertRefused(
    await world.send('POST', `${interaction.slice(theIssuer.length)}/consent`, json),
    'content_type_unsupported',
  )
  const type = ['content-type', 'application/x-www-form-urlencoded'] as const
  const target = `${interaction.slice(theIssuer.length)}/consent`
  const packed = { headers: [type, ['content-encoding', 'gzip']] as const, body: 'x' }
  assertRefused(await world.send('POST', target, packed), 'content_encoding_unsupported')
  assertRefused(await world.send('POST', target, { headers: [type], body: 'x'.repeat(65_537) }), 'body_too_large')
  assertRefused(await world.send('POST', target, { headers: [type], body: { aborted: true } }), 'body_unreadable')
  assertRefused(await browser.post(`${interaction}/consent?decision=allow`, {}), 'parameter_in_query')
  assert.equal((await decide(browser, interaction, page)).status, 303)
})

test('sign_in_throttled [OPS-07] [AL-02] all spellings of a name share one count', async () => {
  const world = await aWorld()
  const { browser, interaction } = await started(world)
  const variants = ['ALICE', ' alice ', 'ＡＬＩＣＥ', 'Alice', '\u3000alice']
  assert.equal(variants.length, profile.signInAttemptsPerAccountAndSource)
  for (const name of variants)
    assertRefused(await signIn(browser, interaction, { username: name, password: 'x' }), 'password_wrong')
  for (const name of ['alice', ...variants]) {
    assertRefused(await signIn(browser, interaction, { username: name }), 'sign_in_throttled', name)
  }
  const elsewhere = await signIn(browser, interaction, {}, { from: '198.51.100.1' })
  assert.equal(elsewhere.status, 303, '[AL-04] the person is not locked out from elsewhere')
})

test('[OPS-07] a sign-in under any spelling of the name is the same person', async () => {
  const world = await aWorld()
  for (const name of ['ALICE', 'ＡＬＩＣＥ', ' alice ']) {
    const { browser, interaction } = await started(world)
    assert.equal((await signIn(browser, interaction, { username: name })).event?.subject, 'user-alice')
  }
})

test('sign_in_throttled [OPS-07] [AL-03] fifty guesses at once: five are tried', async () => {
  const world = await aWorld()
  const { browser, interaction } = await started(world)
  const csrf = csrfOf(await browser.get(interaction))
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      browser.post(`${interaction}/sign-in`, { csrf, username: 'alice', password: `guess ${index}` }),
    ),
  )
  assert.equal(replies.filter(({ rule }) => rule === 'password_wrong').length, 5)
  assert.equal(replies.filter(({ rule }) => rule === 'sign_in_throttled').length, 45)
})

test('sign_in_throttled [OPS-07] [AL-04] one address cannot lock a person out everywhere; many together are slowed', async () => {
  const world = await aWorld()
  const { browser, interaction } = await started(world)
  const fail = (from: string, name = 'alice') =>
    signIn(browser, interaction, { username: name, password: 'x' }, { from })
  for (let round = 0; round < 2 * profile.signInAttemptsPerAccount; round += 1) await fail('203.0.113.1')
  const one = aBrowser(world)
  const again = await started(world, one)
  assert.equal((await signIn(one, again.interaction, {}, { from: '198.51.100.1' })).status, 303)
  for (let round = 0; round < profile.signInAttemptsPerAccount; round += 1)
    await fail(`203.0.113.${10 + Math.floor(round / 4)}`)
  assertRefused(await signIn(browser, interaction, {}, { from: '198.51.100.2' }), 'sign_in_throttled')
})

test('sign_in_throttled [OPS-07] [AL-05] one address over all accounts', async () => {
  const world = await aWorld()
  const { browser, interaction } = await started(world)
  for (let round = 0; round < profile.signInAttemptsPerSource; round += 1) {
    assertRefused(await signIn(browser, interaction, { username: `user${round}` }), 'user_unknown')
  }
  assertRefused(await signIn(browser, interaction), 'sign_in_throttled')
  assert.equal((await signIn(browser, interaction, {}, { from: '198.51.100.1' })).status, 303)
})

test('csrf_token_invalid [AS-AUTHZ-15] no token, a wrong one, one of another session, interaction or browser', async () => {
  const world = await aWorld()
  const { browser, interaction } = await started(world)
  const own = csrfOf(await browser.get(interaction))
  const sibling = await started(world, browser)
  const foreign = await started(world)
  const wrong = [
    '',
    'x',
    own.slice(0, -1),
    `${own}A`,
    csrfOf(await browser.get(sibling.interaction)),
    csrfOf(await foreign.browser.get(foreign.interaction)),
  ]
  for (const csrf of wrong) {
    const credentials = { csrf, username: 'alice', password: 'correct horse' }
    for (const [path, form] of [
      ['sign-in', credentials],
      ['cancel', { csrf }],
    ] as const) {
      const reply = await browser.post(`${interaction}/${path}`, form)
      assertRefused(reply, 'csrf_token_invalid', `${path} ${csrf}`)
      assert.deepEqual([reply.status, reply.stored, reply.headers.getSetCookie()], [403, [], []])
    }
  }
  assert.equal((await signIn(browser, interaction)).status, 303)
  const page = await browser.get(interaction)
  const stale = [...wrong, own, csrfOf(await browser.get(sibling.interaction))]
  for (const csrf of stale) {
    const reply = await browser.post(`${interaction}/consent`, { csrf, decision: 'allow' })
    assertRefused(reply, 'csrf_token_invalid', `consent ${csrf}`)
    assert.deepEqual([reply.status, reply.stored], [403, []])
  }
  await signIn(browser, sibling.interaction)
  assertRefused(await decide(browser, interaction, page), 'csrf_token_invalid', 'the session changed')
  assert.equal((await decide(browser, interaction, await browser.get(interaction))).status, 303)
})

test('post_from_another_site [AS-AUTHZ-15] [ER-20] what browsers say of where a form comes from', async () => {
  const world = await aWorld()
  const { browser, interaction } = await started(world)
  const bad = [
    ['sec-fetch-site', 'cross-site'],
    ['sec-fetch-site', 'same-site'],
    ['sec-fetch-site', 'none'],
    ['origin', 'https://evil.example'],
    ['origin', 'https://as.example.evil.example'],
    ['origin', 'http://as.example'],
    ['origin', ''],
  ] as const
  for (const header of bad) {
    const reply = await signIn(browser, interaction, {}, { headers: [header] })
    assertRefused(reply, 'post_from_another_site', header.join(' '))
    assert.deepEqual([reply.status, reply.stored], [403, []])
  }
  const good = {
    headers: [
      ['sec-fetch-site', 'same-origin'],
      ['origin', 'null'],
    ] as const,
  }
  assert.equal((await signIn(browser, interaction, {}, good)).status, 303)
  const page = await browser.get(interaction)
  for (const header of bad) {
    assertRefused(await decide(browser, interaction, page, 'allow', { headers: [header] }), 'post_from_another_site')
  }
  assert.equal((await decide(browser, interaction, page, 'allow', { headers: [['origin', theIssuer]] })).status, 303)
})

test('interaction_unknown interaction_foreign [AS-AUTHZ-15] [ER-19] only the browser that opened it goes on', async () => {
  const world = await aWorld()
  const { browser, interaction } = await started(world)
  const victim = (await started(world)).browser
  const stripped = aBrowser(world)
  const doubled = aBrowser(world)
  doubled.jar.set(browserName, `${browser.jar.get(browserName) ?? ''}; ${browserName}=${'A'.repeat(43)}`)
  for (const [about, other] of [
    ['another', victim],
    ['none', stripped],
    ['a doubled cookie', doubled],
  ] as const) {
    for (const reply of [
      await other.get(interaction),
      await other.post(`${interaction}/sign-in`, { csrf: 'x', username: 'alice', password: 'correct horse' }),
      await other.post(`${interaction}/consent`, { csrf: 'x', decision: 'allow' }),
      await other.post(`${interaction}/cancel`, { csrf: 'x' }),
    ]) {
      assertRefused(reply, 'interaction_foreign', about)
      assert.deepEqual([reply.status, reply.stored], [400, []])
    }
  }
  const unknown = interaction.replace(/[^/]{22}$/, 'A'.repeat(22))
  for (const url of [unknown, `${theIssuer}/interaction/x`, `${theIssuer}/interaction/__proto__`]) {
    assertRefused(await browser.get(url), 'interaction_unknown', url)
  }
  assert.equal((await signIn(browser, interaction)).status, 303)
})

test('interaction_expired [AS-PAR-11] a page that took too long is over', async () => {
  const world = await aWorld()
  const { browser, interaction } = await started(world)
  world.wait(599)
  const page = await browser.get(interaction)
  assert.equal(page.status, 200)
  world.wait(1)
  const credentials = { csrf: csrfOf(page), username: 'alice', password: 'correct horse' }
  for (const reply of [await browser.get(interaction), await browser.post(`${interaction}/sign-in`, credentials)]) {
    assertRefused(reply, 'interaction_expired')
    assert.deepEqual([reply.status, reply.stored], [400, []])
  }
  assert.ok((await aCode(world)).code)
})

test('interaction_out_of_order [AS-AUTHZ-15] a decision before the sign-in it needs', async () => {
  const world = await aWorld()
  const { browser, interaction } = await started(world)
  const page = await browser.get(interaction)
  for (const decision of ['allow', 'deny']) {
    const reply = await decide(browser, interaction, page, decision)
    assertRefused(reply, 'interaction_out_of_order')
    assert.deepEqual([reply.status, reply.stored], [400, []])
  }
  assert.equal((await signIn(browser, interaction)).status, 303)
})

test('[AS-AUTHZ-15] the session id changes at every sign-in, and the old one is dead', async () => {
  const world = await aWorld()
  const { browser, interaction } = await started(world)
  browser.jar.set(sessionName, `${'A'.repeat(22)}.${'A'.repeat(43)}`)
  await signIn(browser, interaction)
  const first = browser.jar.get(sessionName) ?? ''
  assert.ok(!first.startsWith('AAAA'), 'a fixed one is not taken up')
  const again = await started(world, browser, { prompt: 'login' })
  await signIn(browser, again.interaction)
  const second = browser.jar.get(sessionName) ?? ''
  assert.notEqual(first.split('.')[0], second.split('.')[0])
  assert.notEqual(first.split('.')[1], second.split('.')[1])
  browser.jar.set(sessionName, first)
  const page = await browser.get((await started(world, browser)).interaction)
  assert.match(page.text, /name="password"/, 'the old session is over')
  browser.jar.set(sessionName, second)
  assert.match((await browser.get((await started(world, browser)).interaction)).text, /name="decision"/)
})

test('[AS-AUTHZ-15] a session counts by its secret, in its time, for its person, and sent once', async () => {
  const world = await aWorld()
  const { browser } = await signedIn(world, await push(world))
  const session = browser.jar.get(sessionName) ?? ''
  const asked = async (value: string) => {
    browser.jar.set(sessionName, value)
    return /name="password"/.test((await browser.get((await started(world, browser)).interaction)).text)
  }
  const [id = '', secret = ''] = session.split('.')
  assert.equal(await asked(session), false)
  assert.equal(await asked(`${id}.${'A'.repeat(43)}`), true)
  assert.equal(await asked(`${'A'.repeat(22)}.${secret}`), true)
  assert.equal(await asked(`${session}; ${sessionName}=${session}`), true)
  assert.equal(await asked(''), true)
  world.wait(3599)
  assert.equal(await asked(session), false)
  world.wait(1)
  assert.equal(await asked(session), true)
})

test('access_token_revoked code_grant_revoked [SK-51] a lock or a new password ends sessions, pages, codes and tokens', async () => {
  for (const how of ['lock', 'lock and unlock', 'password'] as const) {
    const world = await aWorld()
    const signed = await signedIn(world, await push(world))
    const flow = await aCode(world)
    const done = await tokens(world)
    const alice = username('alice')
    if (how === 'password') await world.store.users.setPassword(alice, 'plain:correct horse', world.now())
    else await world.store.users.setLocked(alice, 'locked', world.now())
    if (how === 'lock and unlock') await world.store.users.setLocked(alice, 'active', world.now())
    const decided = await decide(signed.browser, signed.interaction, signed.page)
    assertRefused(decided, 'csrf_token_invalid', how)
    assert.match((await signed.browser.get(signed.interaction)).text, /name="password"/, how)
    const reply = await redeem(world, flow)
    assertRefused(reply, 'code_grant_revoked', how)
    assert.deepEqual(reply.stored, ['replay.spendOnce'])
    assertRefused(await callUserinfo(world, done.accessToken, done.party), 'access_token_revoked', how)
    if (how !== 'lock') {
      // Seconds are coarse: a sign-in in the very second of the lock does not survive it.
      assert.equal((await signIn(signed.browser, signed.interaction)).status, 303, how)
      assert.match((await signed.browser.get(signed.interaction)).text, /name="password"/, how)
    }
    world.wait(1)
    if (how === 'lock') assertRefused(await signIn(signed.browser, signed.interaction), 'user_locked')
    else assert.equal((await tokens(world)).reply.status, 200, how)
  }
})
