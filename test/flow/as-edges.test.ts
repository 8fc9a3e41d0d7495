/** Where two parts of the flow meet: sign-out and consent, locks and consents, refresh and registration. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resourceIdentifier, username } from '../../src/core/names.ts'
import type { PostForm } from '../../src/core/ports.ts'
import type { Api } from '../../src/server/index.ts'
import { createLanes } from '../../src/server/lanes.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { aPkcePair, claimsOf } from './messages.ts'
import { aParty } from './parties.ts'
import {
  aBrowser,
  aCode,
  assertRefused,
  type Browser,
  callUserinfo,
  csrfOf,
  decide,
  location,
  offlineTokens,
  open,
  push,
  redeem,
  refresh,
  responseOf,
  signIn,
  tokens,
} from './steps.ts'
import { addPerson, alter, aWorld, register, theArchive, theBank, theIssuer, type World } from './world.ts'

const pairwise = { subjectType: 'pairwise' } as const

async function withoutAsking(world: World, browser: Browser, scope: string) {
  const pushed = await push(world, { prompt: 'none', scope })
  return open(world, pushed, browser)
}

test('consent_required [AS-OIDC-03] [AS-AUTHZ-11] what was allowed before a lock does not come back with what is allowed after it', async () => {
  const ends: readonly ((world: World) => Promise<unknown>)[] = [
    async ({ store, now }) => {
      await store.users.setLocked(username('alice'), 'locked', now())
      await store.users.setLocked(username('alice'), 'active', now())
    },
    ({ store, now }) => store.users.setPassword(username('alice'), 'plain:correct horse', now()),
    async ({ store, now, client }) => {
      await store.clients.setStatus(client.clientId, 'suspended', now())
      await store.clients.setStatus(client.clientId, 'active', now())
    },
  ]
  for (const end of ends) {
    const world = await aWorld()
    await offlineTokens(world, { scope: 'openid accounts payments offline_access' })
    world.wait(10)
    await end(world)
    world.wait(10)
    const browser = aBrowser(world)
    const little = await tokens(world, { scope: 'openid accounts' }, { browser })
    for (const scope of ['openid payments', 'openid accounts offline_access']) {
      assertRefused(await withoutAsking(world, browser, scope), 'consent_required', scope)
    }
    // What was allowed after it still counts, and so does what was issued on it.
    assert.ok(responseOf(await withoutAsking(world, browser, 'openid accounts'))['code'])
    assert.equal((await callUserinfo(world, little.accessToken, little.party)).status, 200)
    // What is allowed now adds up again.
    const more = await offlineTokens(world, { scope: 'openid offline_access' }, { browser })
    assert.ok(responseOf(await withoutAsking(world, browser, 'openid accounts offline_access'))['code'])
    assert.equal((await refresh(world, more.refreshToken)).status, 200)
  }
})

test('code_grant_revoked [AS-OIDC-09] a sign-out beside a decision ends what the decision grants', async () => {
  for (const scope of ['openid accounts', 'openid accounts offline_access']) {
    let between: () => Promise<void> = async () => {}
    const world = await aWorld({
      store: async (clock) => {
        const store = createMemoryStore({ clock })
        const approve: typeof store.requests.approve = async (...decided) => {
          await between()
          return store.requests.approve(...decided)
        }
        return { ...store, requests: { ...store.requests, approve } }
      },
    })
    const browser = aBrowser(world)
    const { idToken } = await tokens(world, {}, { browser })
    between = async () => {
      between = async () => {}
      const reply = await browser.get(`/logout?id_token_hint=${String(idToken)}`)
      assert.match(reply.text, /You are signed out/)
    }
    const late = await aCode(world, { scope }, { browser })
    const redeemed = await redeem(world, late)
    // What is for when the person is away outlives the sign-in anyway.
    if (scope.includes('offline_access')) assert.equal(redeemed.status, 200, redeemed.text)
    else assertRefused(redeemed, 'code_grant_revoked')
    assert.equal((await tokens(world, { scope }, { browser })).reply.status, 200)
  }
})

test('code_grant_revoked [AS-OIDC-09] a code from before a sign-out is worth nothing after it', async () => {
  const world = await aWorld()
  const browser = aBrowser(world)
  const { idToken } = await tokens(world, {}, { browser })
  const early = await aCode(world, {}, { browser })
  await browser.get(`/logout?id_token_hint=${String(idToken)}`)
  assertRefused(await redeem(world, early), 'code_grant_revoked')
  assert.equal((await tokens(world, {}, { browser })).reply.status, 200)
})

test('[AS-OIDC-10] [AS-OIDC-02] two sectors cannot tell by the sid that it is one person in one sign-in', async () => {
  const posted: string[] = []
  const postForm: PostForm = (_, form) => {
    posted.push(form[0]?.[1] ?? '')
    return Promise.resolve({ status: 200 })
  }
  const world = await aWorld({ ports: { postForm } })
  const browser = aBrowser(world)
  const aClient = (name: string, changes = {}) =>
    register(world.store, aParty(), name, { backchannelLogoutUri: `https://${name}.example/bye`, ...changes })
  const clients = {
    one: await aClient('one', { ...pairwise, sector: 'one.example' }),
    same: await aClient('same', { ...pairwise, sector: 'one.example' }),
    other: await aClient('other', { ...pairwise, sector: 'other.example' }),
    open: await aClient('open'),
  }
  const sids = new Map<string, unknown>()
  const hints = new Map<string, string>()
  for (const [name, client] of Object.entries(clients)) {
    const { idToken } = await offlineTokens(world, {}, { client, browser })
    sids.set(name, claimsOf(idToken)['sid'])
    hints.set(name, String(idToken))
  }
  assert.equal(sids.get('one'), sids.get('same'))
  assert.equal(new Set(sids.values()).size, 3, JSON.stringify([...sids]))
  for (const sid of sids.values()) assert.match(String(sid), /^[\w-]{22}$/)
  // A hint of any of them is of this sign-in: nobody is asked.
  const reply = await browser.get(`/logout?id_token_hint=${hints.get('other') ?? ''}`)
  assert.match(reply.text, /You are signed out/)
  await new Promise((resolve) => setImmediate(resolve))
  const told = posted.map(claimsOf).map(({ aud, sid }) => [String(aud), sid])
  assert.deepEqual(new Map(told.map(([aud, sid]) => [String(aud), sid])), sids)
  // The next sign-in is another one, also for them.
  const again = await tokens(world, {}, { client: clients.one, browser })
  assert.notEqual(claimsOf(again.idToken)['sid'], sids.get('one'))
})

test('[AS-OIDC-02] native applications share the loopback host and no subjects; a client is no sector', async () => {
  const world = await aWorld()
  const loopback = { ...pairwise, applicationType: 'native' } as const
  const aClient = (name: string, sector: string | undefined) =>
    register(world.store, aParty(), name, { ...loopback, sector })
  const clients = [
    await aClient('one', '127.0.0.1'),
    await aClient('two', '127.0.0.1'),
    await aClient('three', '127.0.0.1:8080'),
    await aClient('four', '127.0.0.1:8080'),
    await aClient('five', '[::1]'),
    await aClient('six', '[::1]:8080'),
    await aClient('web.example', undefined),
    await aClient('web', 'web.example'),
  ]
  const subjects: unknown[] = []
  const sids: unknown[] = []
  const browser = aBrowser(world)
  for (const client of clients) {
    const { sub, sid } = claimsOf((await tokens(world, {}, { client, browser })).idToken)
    subjects.push(sub)
    sids.push(sid)
  }
  assert.equal(new Set(subjects).size, clients.length)
  assert.equal(new Set(sids).size, clients.length)
  const same = await tokens(world, {}, { client: await aClient('web-too', 'web.example'), browser })
  assert.equal(claimsOf(same.idToken)['sub'], subjects.at(-1))
})

test('code_grant_revoked [AS-OIDC-09] [AS-OIDC-10] where somebody else signs in, the sign-in before is over', async () => {
  const posted: string[] = []
  const postForm: PostForm = (url) => {
    posted.push(url)
    return Promise.resolve({ status: 200 })
  }
  const world = await aWorld({ ports: { postForm } })
  await addPerson(world.store, 'bob')
  await alter(world, world.client, { backchannelLogoutUri: 'https://app.example/bye' })
  const browser = aBrowser(world)
  const away = await offlineTokens(world, {}, { browser })
  const early = await aCode(world, {}, { browser })
  const asBob = async () => {
    const { challenge, verifier } = aPkcePair(world)
    const interaction = location(await open(world, await push(world, { prompt: 'login' }, { challenge }), browser))
    assert.equal((await signIn(browser, interaction, { username: 'bob' })).status, 303)
    const page = await browser.get(interaction)
    const response = responseOf(page.status === 303 ? page : await decide(browser, interaction, page))
    await new Promise((resolve) => setImmediate(resolve))
    return { code: response['code'] ?? '', verifier }
  }
  const bobs = await asBob()
  assertRefused(await redeem(world, early), 'code_grant_revoked')
  assert.deepEqual(posted, ['https://app.example/bye'])
  assert.equal((await refresh(world, away.refreshToken)).status, 200)
  // Somebody who signs in once more ends nothing.
  const again = await asBob()
  for (const code of [bobs, again]) assert.equal((await redeem(world, code)).status, 200)
  assert.equal(posted.length, 1)
})

test('[AS-OIDC-09] a client that was suspended ends no sign-in: the person is asked', async () => {
  const world = await aWorld()
  const browser = aBrowser(world)
  const { idToken } = await tokens(world, {}, { browser })
  await world.store.clients.setStatus(world.client.clientId, 'suspended', world.now())
  const asks = await browser.get(`/logout?id_token_hint=${String(idToken)}`)
  assert.match(asks.text, /<h1>Sign out\?<\/h1>/)
  assert.deepEqual(asks.stored, [])
  const done = await browser.post('/logout/confirm', { csrf: csrfOf(asks) }, { headers: [['origin', theIssuer]] })
  assert.match(done.text, /You are signed out/)
})

test('scope_not_allowed [AS-RT-05] [AS-RT-06] a client that may not act while the person is away any more renews nothing', async () => {
  const world = await aWorld()
  const { refreshToken } = await offlineTokens(world)
  const client = await world.store.clients.find(world.client.clientId)
  assert.ok(client)
  const { scope } = client
  await alter(world, world.client, { scope: scope.filter((value) => value !== 'offline_access') })
  for (const named of [undefined, 'openid', 'accounts']) {
    assertRefused(await refresh(world, refreshToken, { scope: named }), 'scope_not_allowed', String(named))
  }
  await alter(world, world.client, { scope })
  assert.equal((await refresh(world, refreshToken, { scope: 'accounts' })).status, 200)
})

test('[AS-OIDC-10] a client that is slow to listen keeps no other from being told', async () => {
  const lanes = createLanes({ running: 3, perLane: 1, waiting: 5, waitingPerLane: 2 })
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const add = (lane: string, name: string) =>
    lanes.add(lane, () => {
      begun.push(name)
      return new Promise((resolve) => ends.set(name, () => resolve()))
    })
  for (const name of ['s1', 's2', 's3']) assert.equal(add('slow', name), 'taken')
  assert.equal(add('slow', 's4'), 'full', 'one turn, and two that wait')
  assert.equal(add('quick', 'q1'), 'taken')
  assert.deepEqual(begun, ['s1', 'q1'])
  ends.get('s1')?.()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(begun, ['s1', 'q1', 's2'])
  assert.equal(add('slow', 's4'), 'taken')
})

test('[AS-OIDC-10] [OPS-07] telling clients leaves room to fetch their keys, and no client takes the places of all', () => {
  const lanes = createLanes()
  let begun = 0
  const run = () => {
    begun += 1
    return new Promise<void>(() => {})
  }
  for (let client = 0; client < 20; client += 1) assert.equal(lanes.add(`client ${client}`, run), 'taken')
  // The gate has sixteen places.
  assert.equal(begun, 12)
  const ofOne = Array.from({ length: 300 }, () => lanes.add('slow', run))
  assert.equal(ofOne.filter((taken) => taken === 'taken').length, 200)
  assert.equal(lanes.add('another', run), 'taken')
})

test('[AS-OIDC-07] the trail knows a person by one name, whatever a client knows them by', async () => {
  const world = await aWorld()
  const client = await register(world.store, aParty(), 'pairwise', pairwise)
  const { accessToken, party } = await tokens(world, {}, { client })
  const reply = await callUserinfo(world, accessToken, party)
  assert.notEqual(reply.json['sub'], 'user-alice')
  assert.equal(reply.event?.subject, 'user-alice')
})

test('[RS-TOK-02] [AS-TOK-09] APIs that a token could not tell apart are no configuration', async () => {
  const anApi = (resource: string, ...names: readonly string[]): Api => ({
    resource: resourceIdentifier(resource),
    name: 'An API',
    scopes: names.map((name) => ({ name, description: 'Do something' })),
  })
  const withApis = (...apis: readonly Api[]) => aWorld({ config: { apis } })
  const wrong: readonly (readonly Api[])[] = [
    // Whatever was issued for userinfo would count there.
    [anApi(theIssuer, 'a')],
    [anApi(`${theIssuer}/`, 'a')],
    [anApi('https://AS.example:443/', 'a')],
    [anApi(theBank, 'a'), anApi(theBank, 'b')],
    [anApi(theBank, 'a'), anApi(theArchive, 'a')],
    [anApi(theBank, 'a', 'email')],
  ]
  for (const apis of wrong) await assert.rejects(withApis(...apis), RangeError, JSON.stringify(apis))
  await withApis(anApi(theBank, 'a'), anApi(`${theIssuer}/api`, 'b'))
})

test('sign_in_throttled [OPS-07] [AL-04] a network of one subscriber is one source, whichever of its addresses it uses', async () => {
  const world = await aWorld()
  const browser = aBrowser(world)
  const interaction = location(await open(world, await push(world), browser))
  const attempt = (from: string, changes: Readonly<Record<string, string>> = {}) =>
    signIn(browser, interaction, changes, { from })
  for (let guess = 1; guess <= 150; guess += 1) {
    const reply = await attempt(`2001:db8:0:1::${guess.toString(16)}`, { password: 'wrong' })
    assertRefused(reply, guess <= 5 ? 'password_wrong' : 'sign_in_throttled', `guess ${guess}`)
  }
  // The person comes from elsewhere, and is not locked out.
  const done = await attempt('2001:db8:0:2::1')
  assert.equal(done.status, 303, done.text)
})
