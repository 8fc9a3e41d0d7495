import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { clientId, codeChallenge, type NumericDate, numericDate, subject, username } from '../../core/names.ts'
import type { Store } from '../../core/ports.ts'
import {
  aClient,
  aDecision,
  aGrant,
  anApproval,
  aKey,
  anEvent,
  anInteraction,
  anOffer,
  anOpening,
  aPasskey,
  aProof,
  aRedemption,
  aRefresh,
  aRequest,
  aSession,
  at,
  aToken,
  aUser,
  hash,
  id,
  ref,
} from '../contract-fixtures.ts'
import { createMemoryStore } from '../memory.ts'
import { openSqliteStore } from './sqlite.ts'

const scratch = mkdtempSync(join(tmpdir(), 'strongroom-model-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

const requests = ['a', 'b', 'c']
const clients = ['shop', 'bank']
const people = ['ada', 'eve']
const browsers = ['x', 'y', 'z']

const oneOf = (names: readonly string[]) => fc.constantFrom(...names)
const mostly = (usual: string, other: string) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constant(other) })
const name = {
  request: oneOf(requests),
  client: mostly('shop', 'bank'),
  person: mostly('ada', 'eve'),
  browser: mostly('x', 'y'),
}
/** The refresh token a redemption offers, if any. */
const offer = fc.option(name.request, { nil: undefined })

/** What can be asked of a store, as plain data so that a counterexample can be read. */
const command = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ verb: fc.constant('push' as const), request: name.request, client: name.client }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      verb: fc.constant('open' as const),
      request: name.request,
      client: name.client,
      browser: name.browser,
      wrong: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ verb: fc.constant('approve' as const), ...name, offline: fc.boolean(), sid: name.browser }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ verb: fc.constant('refuse' as const), request: name.request, browser: name.browser }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ verb: fc.constant('signedIn' as const), request: name.request, browser: name.browser }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      verb: fc.constant('decide' as const),
      request: name.request,
      browser: name.browser,
      handle: name.browser,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      verb: fc.constant('redeem' as const),
      request: name.request,
      client: name.client,
      wrong: fc.constantFrom('nothing' as const, 'nothing' as const, 'code' as const, 'verifier' as const),
      offer,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      verb: fc.constant('present' as const),
      token: name.request,
      client: name.client,
      wrong: fc.boolean(),
      idle: fc.integer({ min: 0, max: 300 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ verb: fc.constant('withdraw' as const), person: name.person, client: name.client }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('withdrawAll' as const), person: name.person }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('endOnline' as const), sid: name.browser }) },
  { weight: 3, arbitrary: fc.record({ verb: fc.constant('endBySid' as const), sid: name.browser }) },
  {
    weight: 1,
    arbitrary: fc.record({ verb: fc.constant('revokeToken' as const), jti: name.browser, span: fc.nat(100) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      verb: fc.constant('setStatus' as const),
      client: name.client,
      status: fc.constantFrom('suspended' as const, 'active' as const, 'active' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('removeClient' as const), client: name.client }) },
  {
    weight: 2,
    arbitrary: fc.record({
      verb: fc.constant('append' as const),
      events: fc.array(name.browser, { maxLength: 3 }),
      person: fc.option(name.person, { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      verb: fc.constantFrom('addKey' as const, 'retireKey' as const, 'removeKey' as const),
      kid: name.browser,
    }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('revoke' as const), request: name.request }) },
  {
    weight: 4,
    arbitrary: fc.record({
      verb: fc.constant('start' as const),
      session: name.browser,
      person: name.person,
      replaces: name.browser,
    }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('end' as const), session: name.browser }) },
  {
    weight: 2,
    arbitrary: fc.record({
      verb: fc.constant('addUser' as const),
      person: oneOf(people),
      subject: oneOf(people),
      upstream: fc.option(name.browser, { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ verb: fc.constant('setClaims' as const), person: name.person, name: name.browser }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      verb: fc.constant('addPasskey' as const),
      passkey: name.request,
      person: name.person,
      signCount: fc.nat(2),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ verb: fc.constant('usePasskey' as const), passkey: name.request, signCount: fc.nat(4) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      verb: fc.constantFrom('renamePasskey' as const, 'removePasskey' as const, 'withdrawPasskey' as const),
      passkey: name.request,
      person: name.person,
    }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('setPassword' as const), person: name.person }) },
  {
    weight: 1,
    arbitrary: fc.record({
      verb: fc.constant('setLocked' as const),
      person: name.person,
      status: fc.constantFrom('locked' as const, 'active' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('addClient' as const), client: name.client }) },
  {
    weight: 2,
    arbitrary: fc.record({
      verb: fc.constant('raise' as const),
      counters: fc.array(name.browser, { maxLength: 3 }),
      span: fc.nat(50),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ verb: fc.constant('forget' as const), counters: fc.array(name.browser, { maxLength: 2 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      verb: fc.constant('spend' as const),
      entries: fc.array(
        fc.record({ jti: name.browser, owner: name.client, span: fc.integer({ min: -20, max: 340 }) }),
        { maxLength: 3 },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('reap' as const) }) },
)

type Command = typeof command extends fc.Arbitrary<infer T> ? T : never

/** Runs one command. Which rows a reaper takes first is its own business: it is judged by what is there afterwards. */
async function run(store: Store, one: Command, now: NumericDate): Promise<unknown> {
  const shortly = (span: number) => numericDate(now + span)
  switch (one.verb) {
    case 'push':
      return store.requests.push({ ...aRequest(one.request, one.client), expiresAt: shortly(90) })
    case 'open': {
      const wrong = one.wrong ? { requestUriHash: hash('guess') } : {}
      const interaction = anInteraction(one.request, one.browser, { startedAt: now, expiresAt: shortly(600) })
      return store.requests.open(anOpening(one.request, one.client, { now, ...wrong }), interaction)
    }
    case 'approve': {
      const allowed = {
        scope: one.offline ? ['openid', 'offline_access'] : ['openid', `scope-${one.browser}`],
        sid: id(`sid ${one.sid}`),
      }
      const approval = anApproval(one.request, one.person, { ...allowed, codeExpiresAt: shortly(60) })
      const times = { createdAt: now, expiresAt: shortly(300) }
      const grant = aGrant(one.request, one.client, one.person, { ...allowed, ...times })
      return store.requests.approve(id(`interaction ${one.request} ${one.browser}`), approval, grant, now, 'asked')
    }
    case 'refuse':
      return store.requests.refuse(id(`interaction ${one.request} ${one.browser}`), now)
    case 'signedIn':
      return store.requests.signedIn(id(`interaction ${one.request} ${one.browser}`), { sessionId: id('s'), at: now })
    case 'decide': {
      const interaction = id(`interaction ${one.request} ${one.browser}`)
      return store.requests.decide(interaction, aDecision(one.handle, { expiresAt: shortly(60) }))
    }
    case 'redeem': {
      const code = one.wrong === 'code' ? { codeHash: hash('guess') } : {}
      const verifier = one.wrong === 'verifier' ? { codeChallenge: codeChallenge(hash('guess')) } : {}
      const refreshToken =
        one.offer === undefined
          ? undefined
          : anOffer(one.offer, { createdAt: now, expiresAt: shortly(250), idleExpiresAt: shortly(100) })
      return store.requests.redeem(aRedemption(one.request, one.client, { now, refreshToken, ...code, ...verifier }))
    }
    case 'present': {
      const secret = one.wrong ? { secretHash: hash('guess') } : {}
      const times = { now, idleExpiresAt: shortly(one.idle) }
      return store.refreshTokens.present(aRefresh(one.token, one.client, { ...times, ...secret }))
    }
    case 'withdraw':
      return store.grants.withdraw(subject(`sub-${one.person}`), clientId(one.client), now)
    case 'withdrawAll':
      return store.grants.withdrawAll(subject(`sub-${one.person}`), now)
    case 'endOnline':
      return store.grants.endOnline(id(`sid ${one.sid}`), now)
    case 'endBySid':
      return store.sessions.endBySid(id(`sid ${one.sid}`))
    case 'revokeToken':
      return store.tokens.revoke(hash(one.jti), shortly(one.span))
    case 'setStatus':
      return store.clients.setStatus(clientId(one.client), one.status, now)
    case 'removeClient':
      return store.clients.remove(clientId(one.client))
    case 'append':
      return store.events.append(
        one.events.map((event) =>
          anEvent(event, { time: now, subjectRef: one.person === undefined ? undefined : hash(one.person) }),
        ),
      )
    case 'addKey':
      return store.keys.add(aKey(one.kid, { createdAt: now }))
    case 'retireKey':
      return store.keys.retire(one.kid, shortly(60))
    case 'removeKey':
      return store.keys.remove(one.kid)
    case 'revoke':
      return store.grants.revoke(ref(`grant ${one.request}`), now)
    case 'start':
      return store.sessions.start(
        aSession(one.session, one.person, { expiresAt: shortly(200) }),
        one.replaces === one.session ? undefined : id(`session ${one.replaces}`),
      )
    case 'end':
      return store.sessions.end(id(`session ${one.session}`))
    case 'addUser':
      return store.users.add(
        aUser(one.person, {
          subject: subject(`sub-${one.subject}`),
          ...(one.upstream === undefined
            ? {}
            : { upstream: { provider: 'bank', subject: one.upstream }, passwordHash: undefined }),
        }),
      )
    case 'setClaims':
      return store.users.setClaims(subject(`sub-${one.person}`), { name: one.name })
    case 'addPasskey': {
      const passkey = aPasskey(one.passkey, one.person, { signCount: one.signCount, createdAt: now })
      return store.passkeys.add(passkey, 2)
    }
    case 'usePasskey': {
      const { credentialId } = aPasskey(one.passkey, 'ada')
      return store.passkeys.use(credentialId, { signCount: one.signCount, backup: 'eligible', now })
    }
    case 'renamePasskey': {
      const { credentialId, subject: person } = aPasskey(one.passkey, one.person)
      return store.passkeys.rename(person, credentialId, `renamed at ${now}`)
    }
    case 'removePasskey': {
      const { credentialId, subject: person } = aPasskey(one.passkey, one.person)
      return store.passkeys.remove(person, credentialId)
    }
    case 'withdrawPasskey': {
      const { credentialId } = aPasskey(one.passkey, one.person)
      return store.passkeys.withdraw(username(one.person), one.person === 'ada' ? 'all' : { credentialId }, now)
    }
    case 'setPassword':
      return store.users.setPassword(username(one.person), `hash at ${now}`, now)
    case 'setLocked':
      return store.users.setLocked(username(one.person), one.status, now)
    case 'addClient':
      return store.clients.add(aClient(one.client))
    case 'raise':
      return store.attempts.raise(one.counters.map(hash), shortly(one.span), now)
    case 'forget':
      return store.attempts.forget(one.counters.map(hash))
    case 'spend':
      return store.replay.spendOnce(
        one.entries.map(({ jti, owner, span }) => aProof(jti, { owner, expiresAt: shortly(span) })),
      )
    case 'reap': {
      await store.reap(now, 1_000_000)
      return undefined
    }
  }
}

/** Everything that can be read from a store. */
async function observe(store: Store, now: NumericDate): Promise<unknown> {
  const every = requests.flatMap((request) => browsers.map((browser) => id(`interaction ${request} ${browser}`)))
  const between = people.flatMap((person) => clients.map((client) => [person, client] as const))
  const jtis = browsers.flatMap((jti) => [
    ...requests.map((request) => aToken(jti, 'shop', request)),
    ...clients.map((client) => ({ ...aToken(jti, client), issuedAt: at(30) })),
  ])
  return {
    grants: await store.grants.list({}, 100, undefined),
    pages: await Promise.all(
      between.map(async ([person, client]) => {
        const whose = { subject: subject(`sub-${person}`), clientId: clientId(client) }
        const [newest] = await store.grants.list(whose, 1, undefined)
        return [newest, newest && (await store.grants.list({ subject: whose.subject }, 2, newest.ref))]
      }),
    ),
    consents: await Promise.all(
      between.map(async ([person, client]) => store.grants.consent(subject(`sub-${person}`), clientId(client))),
    ),
    refreshTokens: await Promise.all(
      requests.map(async (token) =>
        store.refreshTokens.find(id(`refresh token ${token}`), hash(`refresh secret ${token}`)),
      ),
    ),
    tokens: await Promise.all(jtis.map(async (token) => store.tokens.standing(token, now))),
    events: await store.events.list(0, 1000),
    found: await store.events.find('event-x'),
    about: await Promise.all(people.map(async (person) => store.events.about(hash(person), 5))),
    keys: await store.keys.list(),
    interactions: await Promise.all(every.map(store.requests.interaction)),
    standing: await Promise.all(requests.map(async (request) => store.grants.standing(ref(`grant ${request}`), now))),
    sessions: await Promise.all(browsers.map(async (browser) => store.sessions.find(id(`session ${browser}`)))),
    sessionsOf: await Promise.all(people.map(async (person) => store.sessions.list(subject(`sub-${person}`), 2))),
    passkeys: await Promise.all(people.map(async (person) => store.passkeys.list(subject(`sub-${person}`)))),
    users: await store.users.list(10, undefined),
    upstreams: await Promise.all(
      browsers.map(async (browser) => store.users.byUpstream({ provider: 'bank', subject: browser })),
    ),
    subjects: await Promise.all(people.map(async (person) => store.users.bySubject(subject(`sub-${person}`)))),
    clients: await store.clients.list(10, undefined),
    looked: await Promise.all(clients.map(async (client) => store.clients.find(clientId(client)))),
  }
}

/** A request as it should go, as far as it gets. */
const journey = fc
  .record({ request: name.request, client: name.client, person: name.person, browser: name.browser, steps: fc.nat(10) })
  .map(({ request, client, person, browser, steps }) => {
    const all: readonly Command[] = [
      { verb: 'push', request, client },
      { verb: 'open', request, client, browser, wrong: false },
      { verb: 'decide', request, browser, handle: browser },
      { verb: 'decide', request, browser, handle: 'z' },
      {
        verb: 'approve',
        request,
        client,
        person,
        browser,
        offline: true,
        sid: browser,
      },
      { verb: 'redeem', request, client, wrong: 'nothing', offer: request },
      { verb: 'present', token: request, client, wrong: false, idle: 110 },
      { verb: 'present', token: request, client: client === 'shop' ? 'bank' : 'shop', wrong: false, idle: 110 },
      { verb: 'redeem', request, client, wrong: 'nothing', offer: undefined },
      { verb: 'present', token: request, client, wrong: false, idle: 110 },
    ]
    return all.slice(0, steps)
  })

/** A passkey as it should go, as far as it gets. */
const passkeyJourney = fc
  .record({ passkey: name.request, person: name.person, signCount: fc.nat(2), steps: fc.nat(6) })
  .map(({ passkey, person, signCount, steps }) => {
    const all: readonly Command[] = [
      { verb: 'addPasskey', passkey, person, signCount },
      { verb: 'addPasskey', passkey, person, signCount },
      { verb: 'usePasskey', passkey, signCount: signCount + 1 },
      { verb: 'usePasskey', passkey, signCount: signCount + 1 },
      { verb: 'renamePasskey', passkey, person },
      { verb: 'removePasskey', passkey, person },
    ]
    return all.slice(0, steps)
  })

/** Some commands in one turn of the event loop, and the seconds that pass before the next. */
const turn = fc.record({
  commands: fc.oneof(
    { weight: 4, arbitrary: fc.array(command, { minLength: 1, maxLength: 8 }) },
    { weight: 4, arbitrary: journey },
    { weight: 1, arbitrary: passkeyJourney },
  ),
  pause: fc.constantFrom(0, 1, 1, 1, 7, 59, 61, 300),
})

test('memory and SQLite give the same answers to the same commands', async () => {
  let files = 0
  const seen = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { minLength: 3, maxLength: 25, size: 'max' }), async (turns) => {
      let now = at(0)
      const clock = () => now
      const memory = createMemoryStore({ clock })
      const sqlite = await openSqliteStore({ path: join(scratch, `${(files += 1)}.db`), clock, hash })
      try {
        for (const store of [memory, sqlite]) {
          await store.users.add(aUser('ada'))
          await store.clients.add(aClient('shop'))
        }
        for (const { commands, pause } of turns) {
          const [expected, actual] = await Promise.all(
            [memory, sqlite].map(async (store) =>
              (await Promise.allSettled(commands.map(async (one) => run(store, one, now)))).map((outcome) =>
                outcome.status === 'fulfilled' ? outcome.value : 'rejected',
              ),
            ),
          )
          assert.deepEqual(actual, expected, JSON.stringify(commands))
          for (const [index, { verb }] of commands.entries()) {
            const outcome = expected?.[index]
            const kind = `${verb} ${typeof outcome === 'object' && outcome !== null && 'outcome' in outcome ? String(outcome.outcome) : typeof outcome === 'string' ? outcome : ''}`
            seen.set(kind, (seen.get(kind) ?? 0) + 1)
          }
          assert.deepEqual(await observe(sqlite, now), await observe(memory, now))
          now = numericDate(now + pause)
        }
      } finally {
        await sqlite.close()
      }
    }),
    { numRuns: 80 },
  )
  // The property is worth something only when the commands get somewhere.
  const kinds = [
    'open opened',
    'decide decided',
    'decide decided_before',
    'decide unknown',
    'addPasskey added',
    'addPasskey exists',
    'usePasskey used',
    'usePasskey cloned',
    'renamePasskey renamed',
    'removePasskey removed',
    'addUser added',
    'addUser exists',
    'setClaims set',
    'approve approved',
    'redeem redeemed',
    'redeem replayed',
    'redeem mismatched',
    'present live',
    'present client_mismatch',
    'present grant_revoked',
    'withdraw withdrawn',
    'endBySid ended',
    'setStatus set',
    'removeClient removed',
  ]
  for (const kind of kinds) {
    assert.ok((seen.get(kind) ?? 0) > 0, `${kind} never happened: ${JSON.stringify([...seen])}`)
  }
})
