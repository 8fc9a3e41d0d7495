/** What the trail says of a flow, of an attack and of a thousand, and what it never says. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { genesis, verifyChain } from '../../src/core/event-chain.ts'
import { eventTypes, type NewSecurityEvent, type SecurityEvent } from '../../src/core/events.ts'
import { numericDate } from '../../src/core/names.ts'
import { ruleOf, rules } from '../../src/core/rules.ts'
import { keysOf } from '../../src/core/names.ts'
import type { EventStore } from '../../src/core/ports.ts'
import { StateUnavailable } from '../../src/core/oauth-error.ts'
import { createAlarm } from '../../src/node/alarm.ts'
import { createJsonLog } from '../../src/node/log.ts'
import { createMac, random, sha256 } from '../../src/node/runtime.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { openSqliteStore } from '../../src/stores/sql/index.ts'
import { observed } from '../observations.ts'
import { anAssertion, aProof, authentication, aPush, changed } from './messages.ts'
import { aParty } from './parties.ts'
import {
  aBrowser,
  aCode,
  assertRefused,
  callUserinfo,
  clientCredentials,
  decide,
  location,
  open,
  push,
  redeem,
  signedIn,
  signIn,
  tokens,
} from './steps.ts'
import { aWorld, alter, dawn, urls, type World } from './world.ts'

const ofType = (world: World, type: string) => world.raised.filter((event) => event.type === type)

test('[OPS-02] a flow leaves what somebody may have to prove, in order, tied together by client, person and grant', async () => {
  const world = await aWorld()
  const { party } = await tokens(world)
  const told = world.raised.filter(({ outcome }) => outcome === 'allowed')
  assert.deepEqual(
    told.map(({ type, endpoint, clientId, subject, status }) => [type, endpoint, clientId, subject, status]),
    [
      ['request.pushed', 'par', 'client-a', undefined, 201],
      ['user.login.succeeded', 'interaction', 'client-a', 'user-alice', 303],
      ['consent.given', 'interaction', 'client-a', 'user-alice', 303],
      ['token.issued', 'token', 'client-a', 'user-alice', 200],
    ],
  )
  const [, , consent, issued] = told
  assert.ok(consent?.grantRef !== undefined)
  assert.equal(issued?.grantRef, consent.grantRef)
  assert.equal(issued?.reason, 'authorization_code')
  const { assertionJti, proofJti, ...evidence } = issued?.evidence ?? {}
  assert.deepEqual(evidence, { alg: 'ES256', kid: 'c1', jkt: party.key.thumbprint })
  assert.match(`${assertionJti} ${proofJti}`, /^[\w-]{43} [\w-]{43}$/)
  observed('OPS-02', 'pushes, logins, consents and issued tokens, with client and grant')
})

test('code_replayed [OPS-02] a replay by the owner is told as what it revokes; a thief’s revokes nothing', async () => {
  const world = await aWorld()
  const flow = await tokens(world)
  const theft = await redeem(world, flow, {}, { client: world.otherClient })
  assertRefused(theft, 'code_replayed')
  assertRefused(await redeem(world, flow), 'code_replayed')
  const [thief, owner] = ofType(world, 'oauth.code.replayed')
  const grantRef = ofType(world, 'consent.given')[0]?.grantRef
  assert.deepEqual([thief?.outcome, thief?.grantRef, thief?.evidence?.['by']], ['blocked', grantRef, 'another_client'])
  assert.deepEqual([owner?.outcome, owner?.grantRef, owner?.evidence?.['by']], ['revoked', grantRef, 'owner'])
  assert.equal((await clientCredentials(world)).status, 200)
})

test('code_verifier_mismatch [OPS-02] a wrong attempt with the right code is told as what it revokes', async () => {
  const world = await aWorld()
  assertRefused(await redeem(world, await aCode(world), { code_verifier: 'x'.repeat(43) }), 'code_verifier_mismatch')
  assert.deepEqual(
    ofType(world, 'oauth.code.pkce_failed').map(({ outcome }) => outcome),
    ['revoked'],
  )
  assert.equal((await redeem(world, await aCode(world))).status, 200)
})

test('[OPS-02] [LV-27] a certificate header that is not the proxy’s raises an alarm of its own, whatever else happens', async () => {
  const world = await aWorld()
  const form = async () => [...changed(aPush(world), {}), ...(await authentication(world))]
  const spoofing = { certificateTrouble: 'header_from_unlisted_peer' } as const
  assert.equal((await world.send('POST', '/par', { form: await form(), ...spoofing })).status, 201)
  assert.deepEqual(
    world.raised.map(({ type, outcome }) => [type, outcome]),
    [
      ['request.pushed', 'allowed'],
      ['mtls.header.spoofed', 'blocked'],
    ],
  )
  const refused = await world.send('POST', '/par', { form: [], ...spoofing })
  assertRefused(refused, 'client_authentication_missing')
  assert.equal(world.raised.length, 4)
  assert.equal((await world.send('POST', '/par', { form: await form() })).status, 201)
  assert.equal(world.raised.length, 5)
})

test('[OPS-02] the interaction id of a caller is evidence when it is one, and nothing else of it ever is', async () => {
  const world = await aWorld()
  const id = '01890e3c-7b5f-7c2a-9d64-9a3d1f0b2c4d'
  for (const value of [id, `${id}\r\n`, 'x'.repeat(10_000)]) {
    await push(world, {}, { headers: [['x-fapi-interaction-id', value]] })
  }
  assert.deepEqual(
    world.raised.map(({ evidence }) => evidence?.['interactionId']),
    [id, undefined, undefined],
  )
})

test('[OPS-02] no answer leaves before what it is about was taken by the alarm', async () => {
  const held: (() => void)[] = []
  const hold = new Promise<void>((release) => held.push(release))
  const world = await aWorld({ ports: { raise: () => hold } })
  let answered = 0
  const asked = world.send('POST', '/par', { form: [] }).then((reply) => {
    answered += 1
    return reply
  })
  while (world.raised.length === 0) await new Promise((turn) => setImmediate(turn))
  await new Promise((turn) => setImmediate(turn))
  assert.equal(answered, 0)
  for (const release of held) release()
  assertRefused(await asked, 'client_authentication_missing')
  assert.equal((await push(world)).status, 201)
})

test('[OPS-02] every rule names its event, and those without one are the ones nobody should be woken for', () => {
  const silent = keysOf(rules).filter((rule) => ruleOf(rule).event === 'none')
  assert.deepEqual(
    silent.filter((rule) => !quiet.includes(rule)),
    [],
  )
  for (const rule of ['code_replayed', 'dpop_replayed', 'client_assertion_replayed', 'dpop_key_mismatch'] as const) {
    const { event } = ruleOf(rule)
    assert.ok(event !== 'none')
    assert.equal(eventTypes[event], 'critical', rule)
  }
})

/**
 * What every scanner finds, every first call of an API meets, and every prompt=none may be told; a person who left nothing
 * of a list; another provider that is down, which the log tells.
 */
const quiet: readonly string[] = [
  'authorization_details_empty_choice',
  'upstream_unavailable',
  'not_found',
  'method_not_allowed',
  'route_not_guarded',
  'access_token_missing',
  'login_required',
  'consent_required',
  'interaction_required',
  'account_selection_required',
]

/** A world whose events go to a trail. */
async function withTrail(store: EventStore, append: EventStore['append'] = store.append) {
  const troubles: Error[] = []
  const clock = () => numericDate(dawn)
  const alarm = await createAlarm({
    store: { ...store, append },
    clock,
    random,
    hash: sha256,
    subjectMac: createMac(),
    onTrouble: (cause) => troubles.push(cause),
  })
  return { alarm, troubles, world: await aWorld({ ports: { raise: alarm.raise } }) }
}

const trailInMemory = () => createMemoryStore({ clock: () => numericDate(dawn) }).events

async function allOf(store: Pick<EventStore, 'list'>): Promise<readonly SecurityEvent[]> {
  const all: SecurityEvent[] = []
  for (let some = await store.list(0, 500); some.length > 0; some = await store.list(all.length, 500)) all.push(...some)
  return all
}

test('client_authentication_missing [OPS-02] [AL-23] a thousand times the same: counted right, and another alarm is not lost among them', async () => {
  const store = trailInMemory()
  const { alarm, world } = await withTrail(store)
  const code = await aCode(world)
  const noise = async () => world.send('POST', '/par', { form: [], from: '198.51.100.9' })
  const before = (await Promise.all(Array.from({ length: 500 }, noise))).at(-1)
  assertRefused(before ?? assert.fail(), 'client_authentication_missing')
  assertRefused(await redeem(world, code, {}, { client: world.otherClient }), 'code_client_mismatch')
  const critical = (await allOf(store)).filter(({ severity }) => severity === 'critical')
  assert.deepEqual(
    critical.map(({ type }) => type),
    ['oauth.code.client_mismatch'],
  )
  await Promise.all(Array.from({ length: 500 }, noise))
  await alarm.close()
  const all = await allOf(store)
  const noisy = all.filter(({ type, peerAddress }) => type === 'client.auth.failed' && peerAddress === '198.51.100.9')
  assert.equal(noisy.filter(({ dedupe }) => dedupe === undefined).length, 50)
  assert.deepEqual(
    noisy.filter(({ dedupe }) => dedupe !== undefined).map(({ dedupe }) => dedupe?.count),
    [950],
  )
  assert.equal(verifyChain(genesis, all, sha256), undefined)
  assert.equal((await push(world)).status, 201)
})

test('[OPS-02] [AL-23] a trail that cannot be written changes no answer: a refusal stays one, a token is still issued', async () => {
  const store = trailInMemory()
  let down = false
  const append = async (events: readonly NewSecurityEvent[]) => {
    if (down) throw new StateUnavailable('the disk is full')
    return store.append(events)
  }
  const { alarm, troubles, world } = await withTrail(store, append)
  const flow = await aCode(world)
  down = true
  assertRefused(await redeem(world, flow, { code: 'x' }), 'code_unknown')
  assert.equal((await redeem(world, flow)).status, 200)
  assertRefused(await redeem(world, flow), 'code_replayed')
  assert.equal(troubles.length, 1)
  down = false
  await alarm.close()
  const told = (await allOf(store)).map(({ type }) => type)
  const since = told.slice(told.indexOf('consent.given') + 1)
  // The first that could not be kept was the question for a nonce.
  assert.deepEqual(
    since.filter((type) => type !== 'client.auth.failed'),
    ['audit.sink_down', 'oauth.code.unknown', 'token.issued', 'oauth.code.replayed'],
  )
  assert.equal(since[0], 'client.auth.failed')
})

test('[OPS-03] [AL-22] no password, code, token, verifier, assertion, proof, cookie or name of a person anywhere', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-marks-'))
  const path = join(folder, 'marks.db')
  const sqlite = await openSqliteStore({ path, clock: () => numericDate(dawn), hash: sha256 })
  const { alarm, world } = await withTrail(sqlite.events)
  await alter(world, world.client, { grantTypes: ['authorization_code', 'client_credentials', 'refresh_token'] })
  const marks = await leaveMarks(world)
  await alarm.close()
  const kept = await allOf(sqlite.events)
  await sqlite.close()
  const lines: string[] = []
  const log = createJsonLog({ level: 'info', sink: { write: (line) => lines.push(line), flush: () => undefined } })
  for (const event of world.events) log.audit(event)
  const said = execFileSync(
    process.execPath,
    [new URL('../../src/cli/main.ts', import.meta.url).pathname, 'events', 'tail', '--json', '--limit', '1000'],
    {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        STRONGROOM_ISSUER: 'https://as.example',
        STRONGROOM_STORE__KIND: 'sqlite',
        STRONGROOM_STORE__PATH: path,
        STRONGROOM_KEYS__SEALING: 'A'.repeat(43),
      },
    },
  )
  rmSync(folder, { recursive: true })
  assert.ok(kept.length > 15)
  assert.equal(said.trim().split('\n').length, kept.length)
  assert.ok(marks.length > 20)
  for (const [name, sink] of Object.entries({ trail: JSON.stringify(kept), log: lines.join(''), said })) {
    assert.ok(sink.includes('client-a'), `${name} says something`)
    for (const [what, mark] of marks) assert.ok(!sink.includes(mark), `${what} in the ${name}`)
  }
  for (const name of ['user-alice', 'alice', 'mallory']) assert.ok(!said.includes(name), name)
  observed('OPS-03', 'no secret in the trail, the log or what the command line says')
})

/** Walks flows, honest and not, in which everything secret can be recognised. */
async function leaveMarks(world: World): Promise<readonly (readonly [what: string, mark: string])[]> {
  const party = aParty()
  const client = await anAssertion(world)
  const proof = await aProof(world, party, 'POST', urls.token)
  const form = [
    ['grant_type', 'authorization_code'],
    ['code', 'marked-code'],
    ['code_verifier', `marked-verifier-${'v'.repeat(30)}`],
    ['redirect_uri', 'https://app.example/callback'],
    ['client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
    ['client_assertion', client],
  ] as const
  for (let twice = 0; twice < 2; twice += 1) await world.send('POST', '/token', { form, headers: [['dpop', proof]] })
  await push(world, { client_secret: 'marked-secret', state: 'marked-state', login_hint: 'marked-hint' })
  await push(world, {
    client_secret: 'marked-secret',
    scope: 'marked-scope',
    redirect_uri: 'https://evil.example/marked',
  })
  await world.send('POST', '/token?marked-query=1', { form: [] })
  await world.send('GET', '/userinfo?access_token=marked-token')

  const browser = aBrowser(world)
  const interaction = location(await open(world, await push(world), browser))
  await signIn(browser, interaction, { username: 'mallory', password: 'marked-password' })
  await signIn(browser, interaction, { csrf: 'marked-csrf' })
  const flow = await signedIn(world, await push(world))
  await decide(flow.browser, flow.interaction, flow.page, 'deny')

  const honest = await tokens(world)
  const { accessToken, verifier, code, idToken } = honest
  await callUserinfo(world, accessToken, honest.party)
  await callUserinfo(world, accessToken, aParty())
  await callUserinfo(world, `${accessToken}x`, honest.party)
  await redeem(world, { code, verifier })
  const name = String(honest.pushed.json['request_uri'])
  const cookies = [...honest.browser.jar, ...browser.jar].map(
    ([cookie, value]) => [cookie, value.split('.').at(-1) ?? value] as const,
  )
  return [
    ...['code', 'verifier', 'secret', 'state', 'hint', 'scope', 'query', 'token', 'password', 'csrf'].map(
      (what) => [what, `marked-${what}`] as const,
    ),
    ['a redirect to elsewhere', 'evil.example'],
    ['the password', 'correct horse'],
    ['an assertion', client.split('.')[2] ?? client],
    ['a proof', proof.split('.')[2] ?? proof],
    ['the access token', accessToken.split('.')[2] ?? accessToken],
    ['the payload of the access token', accessToken.split('.')[1] ?? accessToken],
    ['the ID token', String(idToken).split('.')[2] ?? ''],
    ['the verifier', verifier],
    ['the code', code.split('.')[1] ?? code],
    ['the request_uri', name.split('.')[1] ?? name],
    ['an email address', 'alice@example.org'],
    ...cookies,
  ]
}
