import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientId, isJsonObject } from '../../src/core/names.ts'
import type { ServerConfig } from '../../src/server/index.ts'
import {
  allow,
  applicationId,
  applicationUrl,
  arriving,
  ask,
  continuation,
  deny,
  openedAgain,
  registerApplication,
  withApplication,
} from './application.ts'
import { aPkcePair, claimsOf, type Parameters } from './messages.ts'
import { aParty, type TestClient } from './parties.ts'
import { observed } from '../observations.ts'
import {
  aBrowser,
  assertRefused,
  askToken,
  introspect,
  location,
  open,
  push,
  redeem,
  responseOf,
  revoke,
} from './steps.ts'
import { alter, aWorld, dawn, theBank, theIssuer, type World, type WorldOptions } from './world.ts'

const applicationKey = aParty('ES256', 'app')

/** A world whose people sign in at the operator's own application. */
async function aWorldWithApplication(options: WorldOptions = {}) {
  const world = await aWorld({ ...options, config: { ...withApplication, ...options.config } })
  return { world, app: await registerApplication(world.store, applicationKey) }
}

/** Every refusal is followed by an honest request that is served. */
async function assertStillWorks(world: World, app: TestClient) {
  const { browser, interaction } = await arriving(world)
  assert.ok('code' in responseOf(await browser.get(continuation(await allow(world, app, interaction)))))
}

/** Adds Zoe, as if she had been here before. */
async function known(world: World, app: TestClient, name = {}) {
  const { browser, interaction } = await arriving(world)
  responseOf(await browser.get(continuation(await allow(world, app, interaction, name))))
  const user = await world.store.users.byUpstream({ provider: 'app', subject: 'employee-4711' })
  assert.ok(user !== undefined)
  return { user, browser }
}

test('the browser goes to the application and comes back with a code of the person it names', async () => {
  const { world, app } = await aWorldWithApplication()
  const { verifier, challenge } = aPkcePair(world)
  const pushed = await push(world, { max_age: '600' }, { challenge })
  const { browser, interaction } = await openedAgain(world, pushed)
  const asked = await ask(world, app, interaction)
  assert.deepEqual(asked.json, {
    interaction,
    expires_at: dawn + 600,
    client: {
      client_id: 'client-a',
      client_name: 'The client-a',
      redirect_host: 'app.example',
      registered_at: 1_799_000_000,
    },
    scopes: [
      { scope: 'openid' },
      { scope: 'profile' },
      { scope: 'accounts', api: 'Demo Bank', description: 'See your accounts' },
    ],
    authorization_details: [],
    lasts: { until: 'sign_out' },
    prompt: [],
    max_age: 600,
    auth_time_from: dawn - 600,
    acr_values: [],
    ui_locales: [],
  })
  world.wait(30)
  const decided = await allow(world, app, interaction, { auth_time: String(world.now() - 20) })
  assert.equal(decided.json['expires_in'], 120)
  const finish = continuation(decided)
  assert.match(finish, new RegExp(`^${theIssuer}/interaction/${interaction}/finish\\?handle=[\\w-]{43}$`))
  const done = await browser.get(finish)
  const code = responseOf(done)['code'] ?? ''
  const party = aParty()
  const tokens = await redeem(world, { code, verifier }, {}, { party })
  const { sub, acr, amr, auth_time: authTime } = claimsOf(tokens.json['id_token'])
  assert.deepEqual([acr, amr, authTime], ['urn:example:badge', ['hwk', 'user'], dawn + 10])
  const user = await world.store.users.byUpstream({ provider: 'app', subject: 'employee-4711' })
  assert.equal(user?.subject, sub)
  assert.deepEqual(user?.claims, { name: 'Zoe Example', email: 'zoe@example.org' })
  assert.deepEqual(
    world.raised.filter((event) => event.subject === sub).map(({ type, reason }) => `${type} ${reason}`),
    ['user.login.succeeded sign_in_app', 'consent.given asked', 'token.issued authorization_code'],
  )
})

test('who is signed in and allowed as much before passes without the application, also under prompt=none', async () => {
  const { world, app } = await aWorldWithApplication()
  const { user, browser } = await known(world, app)
  for (const changes of [{}, { prompt: 'none' }]) {
    const again = await open(world, await push(world, changes), browser)
    assert.ok('code' in responseOf(again))
    assert.equal(again.event?.subject, user.subject)
  }
  const stranger = await open(world, await push(world, { prompt: 'none' }), aBrowser(world))
  assert.equal(responseOf(stranger)['error'], 'login_required')
  // More than before is asked for at the application, which learns what was allowed before once it names the person.
  const { interaction } = await arriving(world, { scope: 'openid profile accounts payments' }, browser)
  assert.equal((await ask(world, app, interaction)).json['before'], undefined)
  assert.deepEqual((await ask(world, app, interaction, { subject: 'employee-4711' })).json['before'], {
    given_at: dawn,
    scope: ['openid', 'profile', 'accounts'],
  })
})

test('nobody is linked to a person of ours by name, and what the application says of its people is kept up to date', async () => {
  const { world, app } = await aWorldWithApplication()
  const { user } = await known(world, app, { username: 'alice', email: undefined })
  assert.notEqual(user.subject, 'user-alice')
  assert.notEqual(user.username, 'alice')
  assert.deepEqual(user.claims, { name: 'Zoe Example' })
  const renamed = await known(world, app, { username: 'alice', name: 'Zoe New', email: 'new@example.org' })
  assert.equal(renamed.user.subject, user.subject)
  assert.deepEqual(renamed.user.claims, { name: 'Zoe New', email: 'new@example.org' })
})

test('access_denied_by_user [AS-AUTHZ-12] what the person denies at the application ends the request, with no session', async () => {
  const { world, app } = await aWorldWithApplication()
  const { browser, interaction, pushed } = await arriving(world)
  const denied = await browser.get(continuation(await deny(world, app, interaction)))
  assertRefused(denied, 'access_denied_by_user')
  const { error, iss, state, code } = responseOf(denied)
  assert.deepEqual([error, iss, state, code], ['access_denied', theIssuer, 'a state', undefined])
  assert.equal(browser.jar.has('__Host-strongroom-session'), false)
  assertRefused(await open(world, pushed, browser), 'request_uri_spent')
  await assertStillWorks(world, app)
})

test('interaction_api_not_allowed [AS-AUTHZ-11, AS-AUTHZ-15] only the configured application decides, and only where there is one', async () => {
  const { world, app } = await aWorldWithApplication()
  const second = await registerApplication(world.store, aParty(), 'another-app')
  const { browser, interaction } = await arriving(world)
  for (const other of [world.client, world.otherClient, world.bankServer, second]) {
    assertRefused(await ask(world, other, interaction), 'interaction_api_not_allowed', other.clientId)
    assertRefused(await allow(world, other, interaction), 'interaction_api_not_allowed', other.clientId)
    assertRefused(await deny(world, other, interaction), 'interaction_api_not_allowed', other.clientId)
  }
  // Not for lack of an interaction: nobody else learns which there are.
  assertRefused(await ask(world, world.client, 'x'), 'interaction_api_not_allowed')
  assert.ok('code' in responseOf(await browser.get(continuation(await allow(world, app, interaction)))))

  const bare = await aWorld()
  const nobody = await registerApplication(bare.store, applicationKey)
  const opened = await open(bare, await push(bare))
  const id = location(opened).split('/').at(-1) ?? ''
  assertRefused(await allow(bare, nobody, id), 'interaction_api_not_allowed')
})

test('client_role_wrong [AS-INTRO-01] the application obtains no tokens, pushes, ends and learns of none', async () => {
  const { world, app } = await aWorldWithApplication()
  assertRefused(await push(world, { client_id: applicationId }, { client: app }), 'client_role_wrong')
  const token = await askToken(world, { grant_type: 'client_credentials', scope: 'accounts' }, { client: app })
  assertRefused(token, 'client_role_wrong')
  assertRefused(await revoke(world, 'x', {}, { client: app }), 'client_role_wrong')
  const own = await askToken(world, { grant_type: 'client_credentials', scope: 'accounts' })
  const text = own.json['access_token']
  assert.deepEqual((await introspect(world, text, {}, { client: app })).json, { active: false })
  assert.equal((await introspect(world, text)).json['active'], true)
  await assertStillWorks(world, app)
})

test('interaction_unknown interaction_expired [AS-AUTHZ-15, AS-PAR-11] a decision is about an interaction that waits', async () => {
  const { world, app } = await aWorldWithApplication()
  for (const name of ['x', 'A'.repeat(22)]) {
    assertRefused(await ask(world, app, name), 'interaction_unknown')
    assertRefused(await allow(world, app, name), 'interaction_unknown')
  }
  const { interaction, browser } = await arriving(world)
  world.wait(599)
  const decided = await allow(world, app, interaction)
  assert.equal(decided.json['expires_in'], 1)
  world.wait(1)
  assertRefused(await browser.get(continuation(decided)), 'interaction_expired')
  const late = await arriving(world)
  world.wait(600)
  assertRefused(await ask(world, app, late.interaction), 'interaction_expired')
  assertRefused(await allow(world, app, late.interaction), 'interaction_expired')
  await assertStillWorks(world, app)
})

test('decision_malformed [AS-AUTHZ-11, AS-OIDC-02] a decision says everything, and nothing that cannot be', async () => {
  const { world, app } = await aWorldWithApplication()
  const { browser, interaction } = await arriving(world)
  const cases: readonly (readonly [parameter: string, changes: Parameters])[] = [
    ...['decision', 'subject', 'username', 'auth_time', 'acr', 'amr'].map(
      (name) => [name, { [name]: undefined }] as const,
    ),
    ['decision', { decision: 'maybe' }],
    ['subject', { subject: 's'.repeat(256) }],
    ['subject', { subject: 'zoë' }],
    ['username', { username: 'zoe\n' }],
    ['email', { email: 'e'.repeat(257) }],
    ['auth_time', { auth_time: '-1' }],
    ['auth_time', { auth_time: 'now' }],
    // Forged: a sign-in that is still to come.
    ['auth_time', { auth_time: String(dawn + 31) }],
    ['acr', { acr: 'two words' }],
    ['amr', { amr: 'a  b' }],
    ['authorization_details', { authorization_details: '{}' }],
    ['authorization_details', { authorization_details: '[' }],
  ]
  for (const [parameter, changes] of cases) {
    const refused = await allow(world, app, interaction, changes)
    assertRefused(refused, 'decision_malformed', parameter)
    assert.deepEqual(refused.json['expected'], { parameter })
  }
  assert.equal(await world.store.users.byUpstream({ provider: 'app', subject: 'employee-4711' }), undefined)
  assertRefused(await allow(world, app, '', {}), 'parameter_missing')
  // A clock that is a little ahead signs nobody in from the future.
  const decided = await allow(world, app, interaction, { auth_time: String(dawn + 30) })
  assert.ok('code' in responseOf(await browser.get(continuation(decided))))
  const [session] = await world.store.sessions.list(
    (await world.store.users.byUpstream({ provider: 'app', subject: 'employee-4711' }))?.subject ?? assert.fail(),
    1,
  )
  assert.equal(session?.authTime, dawn)
})

test('decision_made_before [AS-PAR-11, AS-AUTHZ-11] the first decision stands, whatever the second says', async () => {
  const { world, app } = await aWorldWithApplication()
  const { browser, interaction } = await arriving(world)
  const first = await deny(world, app, interaction)
  assertRefused(await allow(world, app, interaction), 'decision_made_before')
  assertRefused(await deny(world, app, interaction), 'decision_made_before')
  assertRefused(await ask(world, app, interaction), 'decision_made_before')
  assertRefused(await browser.get(continuation(first)), 'access_denied_by_user')
  // Two at once: one of them is the first.
  const race = await arriving(world)
  const both = await Promise.all([allow(world, app, race.interaction), deny(world, app, race.interaction)])
  assert.deepEqual(both.map(({ rule }) => String(rule)).toSorted(), ['decision_made_before', 'undefined'])
  await assertStillWorks(world, app)
})

test('request_uri_spent [AS-PAR-11] nothing is decided of a request that was completed elsewhere', async () => {
  const { world, app } = await aWorldWithApplication()
  const one = await arriving(world)
  const other = await openedAgain(world, one.pushed)
  const third = await openedAgain(world, one.pushed)
  const waiting = continuation(await allow(world, app, third.interaction))
  responseOf(await one.browser.get(continuation(await allow(world, app, one.interaction))))
  assertRefused(await allow(world, app, other.interaction), 'request_uri_spent')
  // Decided before, and brought back too late: nobody is signed in by it.
  assertRefused(await third.browser.get(waiting), 'request_uri_spent')
  assert.equal(third.browser.jar.has('__Host-strongroom-session'), false)
  const user = await world.store.users.byUpstream({ provider: 'app', subject: 'employee-4711' })
  assert.equal((await world.store.sessions.list(user?.subject ?? assert.fail(), 10)).length, 1)
  await assertStillWorks(world, app)
})

test('request_uri_spent [AS-PAR-11] who comes back too late ends the sign-in of nobody else in this browser', async () => {
  const { world, app } = await aWorldWithApplication()
  const { browser } = await known(world, app)
  const before = browser.jar.get('__Host-strongroom-session')
  const late = await arriving(world, { prompt: 'login' }, browser)
  const other = await openedAgain(world, late.pushed)
  const another = { subject: 'employee-2', username: 'max' }
  const waiting = continuation(await allow(world, app, late.interaction, another))
  responseOf(await other.browser.get(continuation(await allow(world, app, other.interaction))))
  assertRefused(await browser.get(waiting), 'request_uri_spent')
  assert.equal(browser.jar.get('__Host-strongroom-session'), before)
  assert.ok('code' in responseOf(await open(world, await push(world, { prompt: 'none' }), browser)))
  const max = await world.store.users.byUpstream({ provider: 'app', subject: 'employee-2' })
  assert.deepEqual(await world.store.sessions.list(max?.subject ?? assert.fail(), 10), [])
  await assertStillWorks(world, app)
})

test('request_no_longer_allowed [AS-PAR-12] nothing is decided for a client that was suspended meanwhile', async () => {
  const { world, app } = await aWorldWithApplication()
  const { browser, interaction } = await arriving(world)
  const second = await arriving(world)
  const decided = await allow(world, app, second.interaction)
  await world.store.clients.setStatus(clientId('client-a'), 'suspended', world.now())
  assertRefused(await ask(world, app, interaction), 'request_no_longer_allowed')
  assertRefused(await allow(world, app, interaction), 'request_no_longer_allowed')
  assertRefused(await second.browser.get(continuation(decided)), 'request_no_longer_allowed')
  await world.store.clients.setStatus(clientId('client-a'), 'active', world.now())
  world.wait(1)
  assert.ok('code' in responseOf(await browser.get(continuation(await allow(world, app, interaction)))))
})

test('decision_over [AS-PAR-11, OPS-05] what an application decided ends with it', async () => {
  const { world, app } = await aWorldWithApplication()
  const { browser, interaction } = await arriving(world)
  const decided = await allow(world, app, interaction)
  const other = await arriving(world)
  const denied = await deny(world, app, other.interaction)
  await world.store.clients.setStatus(clientId(applicationId), 'suspended', world.now())
  assertRefused(await browser.get(continuation(decided)), 'decision_over')
  assertRefused(await other.browser.get(continuation(denied)), 'decision_over')
  assert.equal(browser.jar.has('__Host-strongroom-session'), false)
  // Who is active again does not stand for what was decided before.
  await world.store.clients.setStatus(clientId(applicationId), 'active', world.now())
  assertRefused(await browser.get(continuation(decided)), 'decision_over')
  world.wait(1)
  await assertStillWorks(world, app)
})

test('decision_too_old [AS-OIDC-04] a sign-in is as fresh as the request, and the account, demand', async () => {
  const { world, app } = await aWorldWithApplication()
  const past = (span: number) => ({ auth_time: String(world.now() - span) })
  for (const changes of [{ prompt: 'login' }, { prompt: 'select_account' }, { max_age: '0' }]) {
    const { browser, interaction } = await arriving(world, changes)
    assertRefused(await allow(world, app, interaction, past(1)), 'decision_too_old', JSON.stringify(changes))
    world.wait(20)
    assert.ok('code' in responseOf(await browser.get(continuation(await allow(world, app, interaction, past(20))))))
  }
  const { browser, interaction } = await arriving(world, { max_age: '60' })
  assertRefused(await allow(world, app, interaction, past(61)), 'decision_too_old')
  assert.ok('code' in responseOf(await browser.get(continuation(await allow(world, app, interaction, past(60))))))

  // What was signed in before a lock does not count after it.
  const { user } = await known(world, app)
  world.wait(5)
  await world.store.users.setLocked(user.username, 'locked', world.now())
  await world.store.users.setLocked(user.username, 'active', world.now())
  const after = await arriving(world)
  assertRefused(await allow(world, app, after.interaction, past(0)), 'decision_too_old')
  world.wait(1)
  assertRefused(await allow(world, app, after.interaction, past(1)), 'decision_too_old')
  assert.ok('code' in responseOf(await after.browser.get(continuation(await allow(world, app, after.interaction)))))
})

test('acr_unmet [AS-OIDC-05] an authentication context the request insists on is one the application must have reached', async () => {
  const { world, app } = await aWorldWithApplication()
  const claims = JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:example:badge', 'phr'] } } })
  const { browser, interaction } = await arriving(world, { claims })
  assert.deepEqual((await ask(world, app, interaction)).json['essential_acr'], ['urn:example:badge', 'phr'])
  const weaker = await allow(world, app, interaction, { acr: 'urn:example:pin' })
  assertRefused(weaker, 'acr_unmet')
  assert.deepEqual(weaker.json['expected'], { acr: 'urn:example:badge phr' })
  assert.ok('code' in responseOf(await browser.get(continuation(await allow(world, app, interaction)))))
})

test('signed_in_as_another [AS-OIDC-06] nobody but the person the request names is signed in', async () => {
  const { world, app } = await aWorldWithApplication()
  const { user } = await known(world, app)
  const claims = JSON.stringify({ id_token: { sub: { value: user.subject } } })
  const { browser, interaction } = await arriving(world, { claims })
  assert.equal((await ask(world, app, interaction)).json['subject_hint'], 'employee-4711')
  assertRefused(await allow(world, app, interaction, { subject: 'employee-1' }), 'signed_in_as_another')
  assert.equal(await world.store.users.byUpstream({ provider: 'app', subject: 'employee-1' }), undefined)
  assert.ok('code' in responseOf(await browser.get(continuation(await allow(world, app, interaction)))))
})

test('user_locked [OPS-05] who is locked here is signed in by no application, before its decision or after it', async () => {
  const { world, app } = await aWorldWithApplication()
  const { user } = await known(world, app)
  const waiting = await arriving(world)
  const decided = await allow(world, app, waiting.interaction)
  world.wait(1)
  await world.store.users.setLocked(user.username, 'locked', world.now())
  const { browser, interaction } = await arriving(world)
  assertRefused(await allow(world, app, interaction), 'user_locked')
  assertRefused(await waiting.browser.get(continuation(decided)), 'user_locked')
  await world.store.users.setLocked(user.username, 'active', world.now())
  world.wait(1)
  assert.ok('code' in responseOf(await browser.get(continuation(await allow(world, app, interaction)))))
})

test('interaction_foreign [AS-AUTHZ-15] who passes the application for the request of another browser finishes nothing, and neither does that browser', async () => {
  const { world, app } = await aWorldWithApplication()
  // The thief opens a request of his own, and lures somebody to the application with the name of his interaction.
  const thief = await arriving(world)
  const victim = aBrowser(world)
  await arriving(world, {}, victim)
  const finish = continuation(await allow(world, app, thief.interaction))
  const without = finish.split('?')[0] ?? ''
  assertRefused(await thief.browser.get(without), 'decision_handle_invalid')
  assertRefused(await victim.get(finish), 'interaction_foreign')
  assertRefused(await aBrowser(world).get(finish), 'interaction_foreign')
  // By then the request is gone, whoever has the handle.
  assertRefused(await thief.browser.get(finish), 'request_uri_spent')
  assert.equal(thief.browser.jar.has('__Host-strongroom-session'), false)
  assert.equal(victim.jar.has('__Host-strongroom-session'), false)
  assert.ok(world.raised.some(({ type }) => type === 'session.interaction.foreign'))
  await assertStillWorks(world, app)
})

test('a stranger without the handle cannot end the request of somebody else', async () => {
  const { world, app } = await aWorldWithApplication()
  const { browser, interaction } = await arriving(world)
  const finish = continuation(await allow(world, app, interaction))
  const guess = `${finish.split('?')[0]}?handle=${'A'.repeat(43)}`
  assertRefused(await aBrowser(world).get(guess), 'interaction_foreign')
  assert.ok('code' in responseOf(await browser.get(finish)))
})

test('decision_missing decision_handle_invalid [AS-AUTHZ-15] the browser finishes with the handle it was given, and nothing else', async () => {
  const { world, app } = await aWorldWithApplication()
  const { browser, interaction } = await arriving(world)
  const path = `${theIssuer}/interaction/${interaction}/finish`
  assertRefused(await browser.get(path), 'decision_missing')
  assertRefused(await browser.get(`${path}?handle=${'A'.repeat(43)}`), 'decision_missing')
  const other = await arriving(world)
  const ofAnother = new URL(continuation(await allow(world, app, other.interaction))).search
  const finish = continuation(await allow(world, app, interaction))
  for (const query of ['', '?handle=', `?handle=${'A'.repeat(43)}`, ofAnother]) {
    assertRefused(await browser.get(path + query), 'decision_handle_invalid', query)
  }
  assert.ok('code' in responseOf(await browser.get(finish)))
})

test('decision_over [AS-PAR-11] a handle works once and not for long, and what was signed out stays so', async () => {
  const { world, app } = await aWorldWithApplication()
  const { browser, interaction } = await arriving(world)
  const finish = continuation(await allow(world, app, interaction))
  responseOf(await browser.get(finish))
  const session = browser.jar.get('__Host-strongroom-session')
  assert.ok(session !== undefined)
  browser.jar.delete('__Host-strongroom-session')
  assertRefused(await browser.get(finish), 'decision_over')
  assert.equal(browser.jar.has('__Host-strongroom-session'), false)
  // At the same time: one of them.
  const race = await arriving(world)
  const twice = continuation(await allow(world, app, race.interaction))
  const both = await Promise.all([race.browser.get(twice), race.browser.get(twice)])
  assert.deepEqual(both.map(({ rule }) => String(rule)).toSorted(), ['decision_over', 'undefined'])
  // Late.
  const late = await arriving(world)
  const waiting = continuation(await allow(world, app, late.interaction))
  world.wait(120)
  assertRefused(await late.browser.get(waiting), 'decision_over')
  await assertStillWorks(world, app)
})

test('interaction_unknown [AS-AUTHZ-15, OPS-07] what strangers bring to the application is not held against its address, and guessing who it is is', async () => {
  const limits = { perClientPerMinute: 10_000_000, perAddressPerMinute: 600 }
  const { world, app } = await aWorldWithApplication({ config: { limits } })
  for (let page = 0; page < 15; page += 1) {
    assertRefused(await ask(world, app, 'x'.repeat(page + 1)), 'interaction_unknown')
    assertRefused(await ask(world, app, 'A'.repeat(22)), 'interaction_unknown')
    assertRefused(await ask(world, app, 'x'.repeat(65)), 'parameter_malformed')
  }
  await assertStillWorks(world, app)
  const rules: unknown[] = []
  for (let guess = 0; guess < 10; guess += 1) {
    rules.push((await ask(world, { ...world.client, clientId: clientId(applicationId) }, 'A'.repeat(22))).rule)
  }
  assert.deepEqual([...new Set(rules)], ['client_assertion_key_unknown', 'rate_limited'])
  world.wait(60)
  await assertStillWorks(world, app)
})

test('own_pages_off [AS-AUTHZ-11, AS-AUTHZ-15] beside an application no page of ours signs anybody in or asks for consent', async () => {
  const { world, app } = await aWorldWithApplication()
  const { browser, interaction } = await arriving(world)
  const path = `/interaction/${interaction}`
  assertRefused(await browser.get(path), 'own_pages_off')
  const form = { csrf: 'A'.repeat(43), username: 'alice', password: 'correct horse', decision: 'allow' }
  for (const verb of ['/sign-in', '/consent', '/cancel']) {
    assertRefused(await browser.post(path + verb, form), 'own_pages_off', verb)
  }
  assertRefused(await browser.post('/account/sign-in', form), 'own_pages_off')
  assertRefused(await browser.get('/account/sign-in'), 'own_pages_off')
  assert.ok('code' in responseOf(await browser.get(continuation(await allow(world, app, interaction)))))
  // Who came through the application sees their account.
  assert.equal((await browser.get('/account')).status, 200)
  const metadata = await world.send('GET', '/.well-known/openid-configuration')
  assert.ok(!metadata.text.includes('interactions') && !metadata.text.includes(applicationUrl))
  assert.equal(metadata.json['acr_values_supported'], undefined)
})

test('a person who was asked at the application is told apart from whoever was signed in in this browser before', async () => {
  const { world, app } = await aWorldWithApplication()
  const { browser } = await known(world, app)
  const before = browser.jar.get('__Host-strongroom-session')
  const { interaction } = await arriving(world, { prompt: 'consent' }, browser)
  const done = await browser.get(continuation(await allow(world, app, interaction, { subject: 'employee-2' })))
  assert.ok('code' in responseOf(done))
  const after = browser.jar.get('__Host-strongroom-session')
  assert.notEqual(after, before)
  const zoeAgain = await world.store.users.byUpstream({ provider: 'app', subject: 'employee-4711' })
  assert.equal((await world.store.sessions.list(zoeAgain?.subject ?? assert.fail(), 10)).length, 0)
})

const transfer = {
  type: 'transfer',
  accounts: ['one', 'two', 'three'],
  amount: { currency: 'EUR', value: '12.00' },
} as const

/** An API with one type of details: the person may leave out accounts. */
const withTransfers = {
  apis: [
    {
      resource: theBank,
      name: 'Demo Bank',
      scopes: [{ name: 'accounts', description: { en: 'See your accounts', de: 'Deine Konten sehen' } }],
      detailTypes: [
        {
          type: 'transfer',
          resource: theBank,
          misfit: ({ accounts }: { readonly accounts?: unknown }) =>
            Array.isArray(accounts) && accounts.length > 0 ? undefined : '/accounts',
          consent: {
            title: { en: 'Transfer', de: 'Überweisung' },
            text: { en: 'From {accounts|list}', de: 'Von {accounts|list}' },
          },
          choosable: ['accounts'],
          atMost: [],
        },
      ],
    },
  ],
} satisfies Partial<ServerConfig>

test('authorization_details_not_granted [AS-RAR-03] what the person decides about details is what was asked for or less, and that is granted', async () => {
  const { world, app } = await aWorldWithApplication({ config: withTransfers })
  await alter(world, world.client, { authorizationDetailTypes: ['transfer'] })
  const push = { scope: 'openid accounts', authorization_details: JSON.stringify([transfer]) }
  const { browser, interaction } = await arriving(world, push)
  const asked = await ask(world, app, interaction, { ui_locales: 'fr de-AT' })
  const [shown] = Array.isArray(asked.json['authorization_details']) ? asked.json['authorization_details'] : []
  assert.ok(isJsonObject(shown))
  const { element, api, title, text, choosable } = shown
  assert.deepEqual([element, api, title, choosable], [transfer, 'Demo Bank', 'Überweisung', ['accounts']])
  assert.ok(Array.isArray(text) && text.some((run) => run.kind === 'value' && run.text === 'two'), asked.text)
  assert.match(asked.text, /Deine Konten sehen/)

  const decide = (...details: readonly object[]) =>
    allow(world, app, interaction, { authorization_details: JSON.stringify(details) })
  const refused: readonly (readonly object[])[] = [
    [{ ...transfer, accounts: ['four'] }],
    [{ ...transfer, accounts: [] }],
    [{ ...transfer, amount: { currency: 'EUR', value: '120.00' } }],
    [{ ...transfer, amount: undefined }],
    [{ ...transfer, more: true }],
    [{ ...transfer, type: 'payment' }],
    [transfer, transfer],
  ]
  for (const details of refused) {
    assertRefused(await decide(...details), 'authorization_details_not_granted', JSON.stringify(details))
  }
  assertRefused(await decide(), 'decision_malformed')
  const less = { ...transfer, accounts: ['three', 'one'] }
  const done = responseOf(await browser.get(continuation(await decide(less))))
  assert.ok('code' in done)
  const user = await world.store.users.byUpstream({ provider: 'app', subject: 'employee-4711' })
  const [grant] = await world.store.grants.list({ subject: user?.subject ?? assert.fail() }, 1, undefined)
  assert.deepEqual(grant?.details, [less])
  observed('AS-RAR-03', 'an application allows fewer entries, and that is granted')
})
