import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ClientId, clientId, numericDate, username } from '../../src/core/names.ts'
import type { Clock, Store } from '../../src/core/ports.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { aPkcePair, claimsOf, headerOf } from './messages.ts'
import { aKnownParty, type TestClient } from './parties.ts'
import {
  aBrowser,
  askToken,
  type Browser,
  callUserinfo,
  csrfOf,
  introspect,
  location,
  push,
  redeem,
  refresh,
  revoke,
} from './steps.ts'
import {
  addPerson,
  aWorld,
  redirectUri,
  register,
  type Reply,
  theArchive,
  theBank,
  theIssuer,
  type World,
} from './world.ts'

// Clients, people, an operator and a thief do anything in any order. `world.send` holds every answer against what must
// hold of all of them, one event for every refusal among it; here follows what must hold of the order.

const seeds = [20_261_122, 1, 2] as const

const clients = ['client-a', 'client-b'] as const
const people = ['alice', 'bob'] as const
const browsers = ['x', 'y'] as const
const scopes = [
  'openid accounts',
  'openid accounts payments',
  'openid accounts archive offline_access',
  'openid accounts offline_access',
] as const

const which = fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat({ max: 7 }) })
const verb = <const Name extends string>(name: Name) => ({ verb: fc.constant(name) })
const times = (weight: number, arbitrary: fc.Arbitrary<Command>) => ({ weight, arbitrary })

const client = fc.constantFrom(...clients)
const person = fc.constantFrom(...people)
const browser = fc.constantFrom(...browsers)
const scope = fc.constantFrom(...scopes)

/** What happens, as plain data, so that a counterexample can be read. `which` counts from the newest. */
type Command =
  | { verb: 'push'; client: (typeof clients)[number]; scope: string }
  | { verb: 'open'; which: number; browser: (typeof browsers)[number] }
  | { verb: 'sign in'; which: number; person: (typeof people)[number] }
  | { verb: 'decide'; which: number; decision: 'allow' | 'deny' }
  | {
      verb: 'authorize'
      client: (typeof clients)[number]
      scope: string
      person: (typeof people)[number]
      browser: (typeof browsers)[number]
    }
  | {
      verb: 'redeem' | 'refresh' | 'use' | 'revoke access token' | 'revoke refresh token' | 'revoke grant'
      which: number
    }
  | { verb: 'withdraw'; client: (typeof clients)[number]; person: (typeof people)[number] }
  | { verb: 'lock' | 'unlock'; person: (typeof people)[number] }
  | { verb: 'suspend' | 'activate' | 'remove'; client: (typeof clients)[number] }
  | { verb: 'sign out'; browser: (typeof browsers)[number] }
  | { verb: 'wait'; span: number }
  | { verb: 'steal'; what: Stolen; which: number; how: number }

const stolen = ['code', 'access token', 'refresh token', 'ID token', 'request_uri', 'proof', 'assertion'] as const
type Stolen = (typeof stolen)[number]

const theft = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...stolen.slice(0, 3)) }, fc.constantFrom(...stolen))

const command: fc.Arbitrary<Command> = fc.oneof(
  times(2, fc.record({ ...verb('push'), client, scope })),
  times(2, fc.record({ ...verb('open'), which, browser })),
  times(2, fc.record({ ...verb('sign in'), which, person })),
  times(2, fc.record({ ...verb('decide'), which, decision: fc.constantFrom('allow', 'allow', 'deny') })),
  times(6, fc.record({ ...verb('authorize'), client, scope, person, browser })),
  times(7, fc.record({ ...verb('redeem'), which })),
  times(4, fc.record({ ...verb('refresh'), which })),
  times(4, fc.record({ ...verb('use'), which })),
  times(1, fc.record({ ...verb('revoke access token'), which })),
  times(1, fc.record({ ...verb('revoke refresh token'), which })),
  times(1, fc.record({ ...verb('revoke grant'), which })),
  times(1, fc.record({ ...verb('withdraw'), client, person })),
  times(1, fc.record({ ...verb('lock'), person })),
  times(1, fc.record({ ...verb('unlock'), person })),
  times(1, fc.record({ ...verb('suspend'), client })),
  times(1, fc.record({ ...verb('activate'), client })),
  times(1, fc.record({ ...verb('remove'), client })),
  times(1, fc.record({ ...verb('sign out'), browser })),
  times(2, fc.record({ ...verb('wait'), span: fc.constantFrom(1, 1, 30, 61, 301) })),
  times(6, fc.record({ ...verb('steal'), what: theft, which, how: fc.nat({ max: 3 }) })),
)

/** What one person allowed one client, and what was made of it. */
type Grant = {
  readonly client: string
  readonly person: string
  readonly scope: readonly string[]
  readonly code: string
  readonly verifier: string
  readonly allowedAt: number
  /** The sign-in, by a name of ours. */
  readonly signIn: string
  winners: number
  /** Why nothing of it may work any more. */
  dead: string | undefined
}
type Token = { readonly text: string; readonly grant: Grant; readonly issuedAt: number; dead: string | undefined }
type Pushed = {
  readonly client: string
  readonly scope: readonly string[]
  readonly uri: string
  readonly verifier: string
  interaction: { readonly url: string; readonly browser: (typeof browsers)[number] } | undefined
}
type SignIn = { readonly person: string; readonly name: string; readonly since: number }

/** Everything that happened so far. */
type Story = {
  readonly world: World
  readonly owners: ReadonlyMap<string, TestClient>
  readonly thief: TestClient
  readonly jars: ReadonlyMap<string, Browser>
  readonly pushed: Pushed[]
  readonly grants: Grant[]
  readonly accessTokens: Token[]
  readonly refreshTokens: Token[]
  readonly idTokens: string[]
  /** What was sent with requests that went well. */
  readonly proofs: { readonly text: string; readonly target: string; readonly token: string }[]
  readonly assertions: { readonly text: string; readonly target: string }[]
  readonly signIns: Map<string, SignIn>
  /** `person client` → what was allowed in so many words, and not withdrawn since. */
  readonly consents: Map<string, { scope: readonly string[]; at: number }>
  readonly gone: Set<string>
  readonly locked: Map<string, number>
  readonly counts: { alive: number; dead: number; thefts: number; issued: number }
}

/** The key that tokens are bound to, and the one the thief has. */
const holder = aKnownParty(3)
const thiefsKey = aKnownParty(4)
const ownerKeys = { 'client-a': aKnownParty(5, 'a'), 'client-b': aKnownParty(6, 'b') } as const
const thiefsClientKey = aKnownParty(7, 't')

type Plant = (store: Store) => Store

async function begin(plant: Plant = (store) => store): Promise<Story> {
  const store = async (clock: Clock) => plant(createMemoryStore({ clock, epoch: numericDate(0) }))
  const world = await aWorld({ store, serverKeys: [aKnownParty(1, 'server')], clientKey: ownerKeys['client-a'] })
  await world.store.clients.remove(world.otherClient.clientId)
  const other = await register(world.store, ownerKeys['client-b'], 'client-b')
  const thief = await register(world.store, thiefsClientKey, 'client-t')
  await addPerson(world.store, 'bob')
  const proofs: Story['proofs'] = []
  const assertions: Story['assertions'] = []
  const { send } = world
  const overheard: World = {
    ...world,
    send: async (...asked: Parameters<World['send']>) => {
      const [, target, sent] = asked
      const reply = await send(...asked)
      if (reply.status < 400) {
        const token = sent?.headers?.find(([name]) => name === 'authorization')?.[1] ?? ''
        const proof = sent?.headers?.find(([name]) => name === 'dpop')?.[1]
        if (proof !== undefined) proofs.push({ text: proof, target, token })
        const assertion = sent?.form?.find(([name]) => name === 'client_assertion')?.[1]
        if (assertion !== undefined) assertions.push({ text: assertion, target })
      }
      return reply
    },
  }
  return {
    world: overheard,
    owners: new Map([
      ['client-a', world.client],
      ['client-b', other],
    ]),
    thief,
    jars: new Map(browsers.map((name) => [name, aBrowser(overheard)])),
    pushed: [],
    grants: [],
    accessTokens: [],
    refreshTokens: [],
    idTokens: [],
    proofs,
    assertions,
    signIns: new Map(),
    consents: new Map(),
    gone: new Set(),
    locked: new Map(),
    counts: { alive: 0, dead: 0, thefts: 0, issued: 0 },
  }
}

/** The one that is so many places before the newest. */
function recent<T>(list: readonly T[], which: number): T | undefined {
  return list.at(-1 - which)
}

function ownerOf({ owners }: Story, name: string): TestClient {
  const owner = owners.get(name)
  assert.ok(owner)
  return owner
}

function jarOf({ jars }: Story, name: string): Browser {
  const jar = jars.get(name)
  assert.ok(jar)
  return jar
}

/** Ends grants, and with each of them whatever was issued under it. */
function end(story: Story, why: string, fits: (grant: Grant) => boolean): void {
  for (const grant of story.grants) if (fits(grant)) grant.dead ??= why
}

/** Who is signed in with a browser, as far as this is certain. */
function signedIn(story: Story, browser: string): SignIn | undefined {
  const known = story.signIns.get(browser)
  const now = story.world.now()
  const isOver =
    known === undefined || now >= known.since + 3600 || (story.locked.get(known.person) ?? -1) >= known.since
  return isOver ? undefined : known
}

async function pushOne(story: Story, name: string, scope: string): Promise<Pushed | undefined> {
  const { verifier, challenge } = aPkcePair(story.world)
  const reply = await push(story.world, { scope }, { client: ownerOf(story, name), challenge })
  assert.equal(reply.status === 201, !story.gone.has(name), `push of ${name}: ${reply.text}`)
  if (reply.status !== 201) return undefined
  const uri = String(reply.json['request_uri'])
  const one: Pushed = { client: name, scope: scope.split(' '), uri, verifier, interaction: undefined }
  story.pushed.push(one)
  return one
}

async function openOne(story: Story, one: Pushed, browser: (typeof browsers)[number]): Promise<void> {
  const query = new URLSearchParams({ client_id: one.client, request_uri: one.uri })
  const reply = await jarOf(story, browser).get(`/authorize?${query.toString()}`)
  if (reply.status !== 303) return
  one.interaction = { url: location(reply), browser }
  takeCode(story, one, reply)
  // Who was not asked anything is not asked later.
  if (location(reply).startsWith(`${redirectUri}?`)) one.interaction = undefined
}

async function signInTo(story: Story, one: Pushed, person: string): Promise<void> {
  if (one.interaction === undefined) return
  const { url, browser } = one.interaction
  const jar = jarOf(story, browser)
  const page = await jar.get(url)
  takeCode(story, one, page)
  if (page.status !== 200) return
  const before = signedIn(story, browser)
  const form = { csrf: csrfOf(page), username: person, password: 'correct horse' }
  const reply = await jar.post(`${url}/sign-in`, form)
  if (reply.stored.includes('sessions.start')) {
    assert.ok(!isLocked(story, person), `${person} is locked and signed in`)
    const since = story.world.now()
    const name = before?.person === person ? before.name : `${browser} ${person} ${story.world.events.length}`
    story.signIns.set(browser, { person, name, since })
  }
  takeCode(story, one, reply)
}

function isLocked(story: Story, person: string): boolean {
  return story.gone.has(person)
}

async function decideOn(story: Story, one: Pushed, decision: 'allow' | 'deny'): Promise<void> {
  if (one.interaction === undefined) return
  const { url, browser } = one.interaction
  const jar = jarOf(story, browser)
  const page = await jar.get(url)
  takeCode(story, one, page)
  if (!/name="decision"/.test(page.text)) return
  const current = signedIn(story, browser)
  const reply = await jar.post(`${url}/consent`, { csrf: csrfOf(page), decision })
  if (decision === 'allow' && reply.stored.includes('requests.approve') && current !== undefined) {
    const key = `${current.person} ${one.client}`
    const before = story.consents.get(key)?.scope ?? []
    story.consents.set(key, { scope: [...before, ...one.scope], at: story.world.now() })
  }
  takeCode(story, one, reply)
}

/** Notes a code that came back, which needs a consent of the person to the client that covers what was asked for. */
function takeCode(story: Story, one: Pushed, reply: Reply): void {
  if (!location(reply).startsWith(`${redirectUri}?`)) return
  const code = new URL(location(reply)).searchParams.get('code')
  if (code === null) return
  const { browser } = one.interaction ?? {}
  const current = signedIn(story, browser ?? '')
  assert.ok(current, 'a code without anybody signed in')
  const consent = story.consents.get(`${current.person} ${one.client}`)
  assert.ok(
    one.scope.every((value) => consent?.scope.includes(value)),
    `a code for ${one.client} that ${current.person} did not allow`,
  )
  const { client, scope, verifier } = one
  const about = { client, person: current.person, scope, code, verifier, allowedAt: story.world.now() }
  story.grants.push({ ...about, signIn: current.name, winners: 0, dead: undefined })
}

async function redeemOne(story: Story, grant: Grant): Promise<void> {
  const { world } = story
  const reply = await redeem(world, grant, {}, { client: ownerOf(story, grant.client), party: holder })
  const isOver = world.now() >= grant.allowedAt + 60
  if (reply.status === 200) {
    grant.winners += 1
    assert.equal(grant.winners, 1, 'a code has one winner')
    assert.equal(grant.dead, undefined, `a code was redeemed after: ${String(grant.dead)}`)
    assert.ok(!isOver, 'a code was redeemed after its time')
    takeTokens(story, grant, reply)
    // Again by its owner: something is wrong with whoever holds it.
  } else if (grant.winners > 0 && reply.rule === 'code_replayed') grant.dead ??= 'the code was replayed'
}

/** Notes tokens, which are no wider than what was allowed. */
function takeTokens(story: Story, grant: Grant, reply: Reply): void {
  const { world, accessTokens, refreshTokens, idTokens, counts } = story
  counts.issued += 1
  const text = String(reply.json['access_token'])
  const claims = claimsOf(text)
  const audience = [claims['aud']].flat()
  const owners = [grant.scope.includes('archive') ? theArchive : theBank, theBank, theIssuer]
  assert.ok(
    audience.every((one) => owners.some((allowed) => allowed === one)),
    `aud ${JSON.stringify(audience)}`,
  )
  assert.ok(
    String(claims['scope'])
      .split(' ')
      .every((value) => grant.scope.includes(value)),
    String(claims['scope']),
  )
  assert.equal(claims['client_id'], grant.client)
  assert.equal(claims['sub'], `user-${grant.person}`)
  assert.deepEqual(claims['cnf'], { jkt: holder.key.thumbprint })
  accessTokens.push({ text, grant, issuedAt: world.now(), dead: undefined })
  const refreshToken = reply.json['refresh_token']
  if (typeof refreshToken === 'string') {
    assert.ok(grant.scope.includes('offline_access'), 'a refresh token nobody allowed')
    refreshTokens.push({ text: refreshToken, grant, issuedAt: world.now(), dead: undefined })
  }
  if (typeof reply.json['id_token'] === 'string') idTokens.push(reply.json['id_token'])
}

async function refreshOne(story: Story, token: Token): Promise<void> {
  const { grant } = token
  const reply = await refresh(story.world, token.text, {}, { client: ownerOf(story, grant.client), party: holder })
  const why = token.dead ?? grant.dead
  if (reply.status === 200) {
    assert.equal(why, undefined, `refreshed after: ${String(why)}`)
    takeTokens(story, grant, reply)
  }
}

/** Shows a token at userinfo and asks about it: both agree, and neither takes what is over. */
async function useOne(story: Story, token: Token): Promise<void> {
  const { world, counts } = story
  const why = token.dead ?? token.grant.dead ?? (world.now() >= token.issuedAt + 300 ? 'it expired' : undefined)
  const userinfo = await callUserinfo(world, token.text, holder)
  const introspected = await introspect(world, token.text)
  const isActive = introspected.json['active'] === true
  assert.equal(userinfo.status === 200, isActive, `userinfo and introspection disagree: ${userinfo.text}`)
  if (why !== undefined) assert.ok(!isActive, `a token works after: ${why}`)
  counts[isActive ? 'alive' : 'dead'] += 1
  if (!isActive) return
  assert.equal(userinfo.json['sub'], `user-${token.grant.person}`)
  assert.deepEqual([introspected.json['aud'], introspected.json['client_id']], [theBank, token.grant.client])
}

async function signOut(story: Story, browser: string): Promise<void> {
  const jar = jarOf(story, browser)
  const page = await jar.get('/logout')
  const current = signedIn(story, browser)
  const csrf = csrfOf(page)
  if (csrf === '') return
  const reply = await jar.post('/logout/confirm', { csrf })
  assert.equal(reply.rule, undefined, reply.text)
  story.signIns.delete(browser)
  if (current === undefined) return
  end(story, 'signing out', ({ signIn, scope }) => signIn === current.name && !scope.includes('offline_access'))
}

async function operate(story: Story, given: Extract<Command, { verb: Operation }>): Promise<void> {
  const { world, gone } = story
  const { clients: records, grants, users } = world.store
  const now = world.now()
  switch (given.verb) {
    case 'withdraw': {
      const { person, client: name } = given
      const found = await users.byUsername(username(person))
      assert.ok(found)
      await grants.withdraw(found.subject, clientId(name), now)
      story.consents.delete(`${person} ${name}`)
      return end(story, 'withdrawing', (one) => one.person === person && one.client === name)
    }
    case 'lock':
    case 'unlock': {
      const { person } = given
      await users.setLocked(username(person), given.verb === 'lock' ? 'locked' : 'active', now)
      if (given.verb === 'unlock') return void gone.delete(person)
      gone.add(person)
      story.locked.set(person, now)
      return end(story, 'locking', (one) => one.person === person)
    }
    case 'suspend':
    case 'activate': {
      const { client: name } = given
      if (gone.has(`removed ${name}`)) return
      await records.setStatus(clientId(name), given.verb === 'suspend' ? 'suspended' : 'active', now)
      if (given.verb === 'activate') return void gone.delete(name)
      gone.add(name)
      return end(story, 'suspending', (one) => one.client === name)
    }
    case 'remove': {
      const { client: name } = given
      await records.remove(clientId(name))
      gone.add(name).add(`removed ${name}`)
      return end(story, 'removing', (one) => one.client === name)
    }
  }
}

type Operation = 'withdraw' | 'lock' | 'unlock' | 'suspend' | 'activate' | 'remove'

/** What the owner or the operator ends, one at a time. */
async function endOne(story: Story, given: { verb: string; which: number }): Promise<void> {
  const { world } = story
  if (given.verb === 'revoke grant') {
    const token = recent(story.accessTokens, given.which)
    if (token === undefined) return
    const found = (await world.store.grants.list({}, 1000, undefined)).find(
      ({ ref }) => ref === claimsOf(token.text)['grant_ref'],
    )
    if (found !== undefined) await world.store.grants.revoke(found.ref, world.now())
    token.grant.dead ??= 'revoking the grant'
    return
  }
  const list = given.verb === 'revoke access token' ? story.accessTokens : story.refreshTokens
  const token = recent(list, given.which)
  if (token === undefined) return
  const reply = await revoke(world, token.text, {}, { client: ownerOf(story, token.grant.client) })
  if (reply.status !== 200) return
  token.dead ??= 'revoking the token'
  if (given.verb === 'revoke refresh token') token.grant.dead ??= 'revoking the refresh token'
}

/** The thief, with credentials and a key of its own, tries what it got hold of. Nothing may ever come of it. */
async function steal(story: Story, { what, which, how }: Extract<Command, { verb: 'steal' }>): Promise<void> {
  const reply = await attempt(story, what, which, how)
  if (reply === undefined) return
  story.counts.thefts += 1
  const about = `${what} ${how}: ${reply.status} ${reply.text}`
  assert.equal(reply.json['access_token'], undefined, about)
  assert.equal(reply.json['sub'], undefined, about)
  assert.notEqual(reply.json['active'], true, about)
  assert.ok(!reply.stored.some((write) => /^(tokens|grants|sessions)\./.test(write)), `${about} ${reply.stored.join()}`)
  assert.ok(!location(reply).startsWith(redirectUri), about)
}

async function attempt(story: Story, what: Stolen, which: number, how: number): Promise<Reply | undefined> {
  const { world, thief } = story
  const more = { client: thief, party: thiefsKey }
  switch (what) {
    case 'code': {
      const grant = recent(story.grants, which)
      if (grant === undefined) return undefined
      const verifier = how % 2 === 0 ? grant.verifier : aPkcePair(world).verifier
      const reply = await redeem(world, { code: grant.code, verifier }, {}, more)
      // The code was out: it is good for nobody any more.
      if (reply.rule === 'code_client_mismatch') grant.dead ??= 'the code was stolen'
      return reply
    }
    case 'access token':
      return stealToken(story, recent(story.accessTokens, which)?.text, how)
    case 'refresh token': {
      const token = recent(story.refreshTokens, which)
      if (token === undefined) return undefined
      if (how === 0) return revoke(world, token.text, {}, { client: thief })
      if (how === 1) return introspect(world, token.text, {}, { client: thief })
      return refresh(world, token.text, {}, more)
    }
    case 'ID token': {
      const token = recent(story.idTokens, which)
      if (token === undefined) return undefined
      assert.equal(headerOf(token)['typ'], 'JWT')
      if (how === 0) return push(world, { id_token_hint: token }, { client: thief })
      if (how === 1) return aBrowser(world).get(`/logout?id_token_hint=${token}`)
      return askToken(world, { grant_type: 'refresh_token', refresh_token: token }, more)
    }
    case 'request_uri': {
      const one = recent(story.pushed, which)
      if (one === undefined) return undefined
      const query = new URLSearchParams({ client_id: thief.clientId, request_uri: one.uri })
      return aBrowser(world).get(`/authorize?${query.toString()}`)
    }
    case 'proof': {
      const proof = recent(story.proofs, which)
      if (proof === undefined) return undefined
      // As it was overheard, with the token it went with; or with the thief's own request.
      const headers = [['dpop', proof.text] as const]
      const shown = proof.token === '' ? headers : [...headers, ['authorization', proof.token] as const]
      if (proof.target.startsWith('/userinfo')) return world.send('GET', '/userinfo', { headers: shown })
      return askToken(world, { grant_type: 'client_credentials', scope: 'accounts' }, { client: thief, headers })
    }
    case 'assertion': {
      const assertion = recent(story.assertions, which)
      if (assertion === undefined) return undefined
      const asked = { grant_type: 'client_credentials', scope: 'accounts' }
      return askToken(world, asked, { party: thiefsKey, assertion: { text: () => assertion.text } })
    }
  }
}

async function stealToken({ world, thief }: Story, text: string | undefined, how: number): Promise<Reply | undefined> {
  if (text === undefined) return undefined
  if (how === 0) return callUserinfo(world, text, thiefsKey)
  if (how === 1) return world.send('GET', '/userinfo', { headers: [['authorization', `Bearer ${text}`]] })
  if (how === 2) return introspect(world, text, {}, { client: thief })
  return revoke(world, text, {}, { client: thief })
}

async function act(story: Story, given: Command): Promise<void> {
  switch (given.verb) {
    case 'push':
      return void (await pushOne(story, given.client, given.scope))
    case 'open': {
      const one = recent(story.pushed, given.which)
      return one && openOne(story, one, given.browser)
    }
    case 'sign in': {
      const one = recent(story.pushed, given.which)
      return one && signInTo(story, one, given.person)
    }
    case 'decide': {
      const one = recent(story.pushed, given.which)
      return one && decideOn(story, one, given.decision)
    }
    case 'authorize': {
      const one = await pushOne(story, given.client, given.scope)
      if (one === undefined) return undefined
      await openOne(story, one, given.browser)
      await signInTo(story, one, given.person)
      return decideOn(story, one, 'allow')
    }
    case 'redeem': {
      const grant = recent(story.grants, given.which)
      return grant && redeemOne(story, grant)
    }
    case 'refresh': {
      const token = recent(story.refreshTokens, given.which)
      return token && refreshOne(story, token)
    }
    case 'use': {
      const token = recent(story.accessTokens, given.which)
      return token && useOne(story, token)
    }
    case 'revoke access token':
    case 'revoke refresh token':
    case 'revoke grant':
      return endOne(story, given)
    case 'sign out':
      return signOut(story, given.browser)
    case 'wait':
      return story.world.wait(given.span)
    case 'steal':
      return steal(story, given)
    case 'withdraw':
    case 'lock':
    case 'unlock':
    case 'suspend':
    case 'activate':
    case 'remove':
      return operate(story, given)
  }
}

/** Plays it, and then shows everything that was ever issued once more. */
async function play(commands: readonly Command[], plant?: Plant): Promise<Story['counts']> {
  const story = await begin(plant)
  for (const given of commands) await act(story, given)
  for (const token of story.accessTokens) await useOne(story, token)
  for (const token of story.refreshTokens) await refreshOne(story, token)
  return story.counts
}

const manyCommands = fc.array(command, { minLength: 1, maxLength: 30, size: 'max' })

for (const seed of seeds) {
  test(`[AS-TOK-10] in any order of what anybody does, nothing works that must not (seed ${seed})`, async () => {
    const totals = { alive: 0, dead: 0, thefts: 0, issued: 0 }
    await fc.assert(
      fc.asyncProperty(manyCommands, async (commands) => {
        const counts = await play(commands)
        for (const name of ['alive', 'dead', 'thefts', 'issued'] as const) totals[name] += counts[name]
      }),
      { seed, numRuns: 120 },
    )
    // Nothing is shown by a run in which nothing happens.
    for (const [name, total] of Object.entries(totals)) assert.ok(total > 20, `${name}: ${total}`)
  })
}

/** What a search through orders finds in a server with this store: the shortest order that shows it. */
async function found(plant: Plant): Promise<readonly Command[]> {
  const property = fc.asyncProperty(manyCommands, async (commands) => void (await play(commands, plant)))
  const { failed, counterexample } = await fc.check(property, { seed: seeds[0], numRuns: 500 })
  assert.ok(failed, 'the bug was not found')
  return counterexample?.[0] ?? []
}

const verbsOf = (commands: readonly Command[]) => commands.map((one) => one.verb)

test('a store that redeems a code as often as it comes is caught', async () => {
  const again: Plant = (store) => {
    const done = new Map<string, Awaited<ReturnType<Store['requests']['redeem']>>>()
    const redeemAgain: Store['requests']['redeem'] = async (attempt) => {
      const known = done.get(attempt.codeHash)
      if (known !== undefined) return known
      const redemption = await store.requests.redeem({ ...attempt, refreshToken: undefined })
      if (redemption.outcome === 'redeemed') done.set(attempt.codeHash, redemption)
      return redemption
    }
    return { ...store, requests: { ...store.requests, redeem: redeemAgain } }
  }
  const steps = await found(again)
  assert.ok(steps.length <= 6 && verbsOf(steps).filter((one) => one === 'redeem').length >= 1, JSON.stringify(steps))
})

test('a store that does not see that somebody was locked is caught', async () => {
  const blind: Plant = (store) => ({
    ...store,
    tokens: { ...store.tokens, standing: () => Promise.resolve('live') },
  })
  const steps = await found(blind)
  assert.ok(steps.length <= 6, JSON.stringify(steps))
  assert.ok(['authorize', 'redeem'].every((one) => verbsOf(steps).some((taken) => taken === one)))
})

test('a store that gives a refresh token to whoever holds it is caught', async () => {
  const generous: Plant = (store) => ({
    ...store,
    refreshTokens: {
      ...store.refreshTokens,
      present: async (attempt) => {
        const token = await store.refreshTokens.find(attempt.id, attempt.secretHash)
        const owner: ClientId = token?.clientId ?? attempt.clientId
        return store.refreshTokens.present({ ...attempt, clientId: owner })
      },
    },
  })
  const steps = await found(generous)
  assert.ok(steps.length <= 6, JSON.stringify(steps))
  assert.ok(['authorize', 'redeem', 'steal'].every((one) => verbsOf(steps).some((taken) => taken === one)))
})
