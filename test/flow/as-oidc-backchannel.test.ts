import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventSource } from '../../src/core/events.ts'
import type { ClientRecord } from '../../src/core/client.ts'
import { createLogoutToken, type LogoutTokenExpectation, verifyLogoutToken } from '../../src/core/logout-token.ts'
import { clientId, type JsonObject, numericDate, rowId, subject } from '../../src/core/names.ts'
import type { PostForm } from '../../src/core/ports.ts'
import { signingAlgorithms } from '../../src/core/profile.ts'
import { createVerifier } from '../../src/node/runtime.ts'
import { createLanes } from '../../src/server/lanes.ts'
import { observed } from '../observations.ts'
import { aJwt, claimsOf, headerOf } from './messages.ts'
import { aParty } from './parties.ts'
import { aBrowser, tokens } from './steps.ts'
import { aWorld, dawn, register, theIssuer, type World } from './world.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'

/** What is posted to clients, and how they answer. */
function aPostOffice(answers: Readonly<Record<string, () => Promise<{ status: number }>>> = {}) {
  const posted: { url: string; token: string }[] = []
  const postForm: PostForm = (url, form) => {
    assert.deepEqual(
      form.map(([name]) => name),
      ['logout_token'],
    )
    posted.push({ url, token: form[0]?.[1] ?? '' })
    return (answers[new URL(url).host.split('.')[0] ?? ''] ?? (() => Promise.resolve({ status: 200 })))()
  }
  return { posted, postForm }
}

/** Everything that was due in the background has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

async function aClient(world: World, name: string, changes: Partial<ClientRecord> = {}) {
  const backchannelLogoutUri = `https://${name}.example/logged-out`
  return register(world.store, aParty(), name, { backchannelLogoutUri, ...changes })
}

function undelivered(world: World): readonly EventSource[] {
  return world.raised.filter(({ type }) => type === 'user.logout.undelivered')
}

test('[AS-OIDC-10] every client of the sign-in is told, each with a token of its own', async () => {
  const { posted, postForm } = aPostOffice()
  const world = await aWorld({ ports: { postForm } })
  const [es] = world.serverKeys
  const browser = aBrowser(world)
  const clients = [
    await aClient(world, 'plain'),
    await aClient(world, 'ed', { idTokenSignedResponseAlg: 'EdDSA' }),
    await aClient(world, 'pairwise', { subjectType: 'pairwise' }),
    await aClient(world, 'offline', { scope: ['openid', 'offline_access'] }),
    await aClient(world, 'silent', { backchannelLogoutUri: undefined }),
  ]
  const known = new Map<string, JsonObject>()
  for (const client of clients) {
    const scope = client.clientId === 'offline' ? 'openid offline_access' : 'openid'
    const { idToken } = await tokens(world, { scope }, { client, browser })
    known.set(client.clientId, claimsOf(idToken))
  }
  await aClient(world, 'unused')
  const elsewhere = await aClient(world, 'elsewhere')
  await tokens(world, {}, { client: elsewhere })
  const last = await tokens(world, {}, { client: clients[0] ?? world.client, browser })
  world.wait(1000)
  await world.store.reap(world.now(), 1000)
  const reply = await browser.get(`/logout?id_token_hint=${String(last.idToken)}`)
  assert.match(reply.text, /You are signed out/)
  await settled()
  assert.deepEqual(posted.map(({ url }) => url).toSorted(), [
    'https://ed.example/logged-out',
    'https://offline.example/logged-out',
    'https://pairwise.example/logged-out',
    'https://plain.example/logged-out',
  ])
  const ids = new Set<unknown>()
  for (const { url, token } of posted) {
    const name = new URL(url).host.split('.')[0] ?? ''
    const alg = name === 'ed' ? 'EdDSA' : 'ES256'
    assert.deepEqual(headerOf(token), { typ: 'logout+jwt', kid: name === 'ed' ? 'ed' : 'es', alg })
    const { jti, ...claims } = claimsOf(token)
    ids.add(jti)
    const { sub, sid } = known.get(name) ?? {}
    assert.deepEqual(claims, {
      iss: theIssuer,
      aud: name,
      iat: world.now(),
      exp: world.now() + 120,
      events: { [event]: {} },
      sub,
      sid,
    })
    const expected = { ...expectation(world), audience: clientId(name) }
    const verified = await verifyLogoutToken(token, expected, createVerifier({ cacheSize: 10 }))
    assert.ok('token' in verified && verified.token.sid === sid && verified.token.subject === sub)
  }
  assert.ok(es && ids.size === 4)
  assert.deepEqual(undelivered(world), [])
})

test('[AS-OIDC-10] 200 and 204 mean that it arrived; anything else is an event, and holds up nobody', async () => {
  const { posted, postForm } = aPostOffice({
    empty: () => Promise.resolve({ status: 204 }),
    redirects: () => Promise.resolve({ status: 302 }),
    refuses: () => Promise.resolve({ status: 400 }),
    away: () => Promise.reject(new Error('unreachable')),
    slow: () => new Promise(() => {}),
  })
  const world = await aWorld({ ports: { postForm } })
  const browser = aBrowser(world)
  const names = ['slow', 'away', 'redirects', 'refuses', 'empty', 'fine']
  let hint = ''
  for (const name of names) {
    hint = String((await tokens(world, {}, { client: await aClient(world, name), browser })).idToken)
  }
  const reply = await browser.get(`/logout?id_token_hint=${hint}`)
  assert.match(reply.text, /You are signed out/)
  await settled()
  assert.deepEqual(
    posted.map(({ url }) => new URL(url).host).toSorted(),
    names.map((name) => `${name}.example`).toSorted(),
  )
  const events = undelivered(world).toSorted((one, other) => String(one.clientId).localeCompare(String(other.clientId)))
  const told = events.map(({ clientId: id, reason, evidence, outcome }) => [id, reason, evidence, outcome])
  assert.deepEqual(told, [
    ['away', 'not_reached', {}, 'blocked'],
    ['redirects', 'not_accepted', { status: 302 }, 'blocked'],
    ['refuses', 'not_accepted', { status: 400 }, 'blocked'],
  ])
  for (const one of undelivered(world)) assert.equal(one.correlationId, reply.headers.get('x-correlation-id'))
  observed('AS-OIDC-10', 'slow and redirecting clients hold up nobody, and each is an event')
  assert.equal(world.raised.filter(({ type }) => type === 'user.logout.done').length, 1)
})

test('[AS-OIDC-10] a slow client has few turns, what waits is bounded, and what was held up goes on', async () => {
  const lanes = createLanes({ running: 3, perLane: 2, waiting: 4, waitingPerLane: 4 })
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const add = (lane: string, name: string) =>
    lanes.add(lane, () => {
      begun.push(name)
      return new Promise((resolve) => ends.set(name, () => resolve()))
    })
  for (const name of ['s1', 's2', 's3', 's4']) assert.equal(add('slow', name), 'taken')
  assert.deepEqual(begun, ['s1', 's2'], 'two turns')
  assert.equal(add('quick', 'q1'), 'taken')
  assert.deepEqual(begun, ['s1', 's2', 'q1'], 'past those that wait')
  assert.equal(add('quick', 'q2'), 'taken')
  assert.equal(add('other', 'o1'), 'taken')
  assert.equal(add('other', 'o2'), 'full')
  ends.get('q1')?.()
  await settled()
  assert.deepEqual(begun, ['s1', 's2', 'q1', 'q2'])
  ends.get('s1')?.()
  await settled()
  assert.deepEqual(begun, ['s1', 's2', 'q1', 'q2', 's3'])
  for (const name of ['s2', 's3', 'q2']) ends.get(name)?.()
  await settled()
  assert.deepEqual(begun.toSorted(), ['o1', 'q1', 'q2', 's1', 's2', 's3', 's4'])
  assert.equal(add('other', 'o2'), 'taken')
})

function expectation(world: World): LogoutTokenExpectation {
  return {
    issuer: theIssuer,
    audience: clientId('client-a'),
    algorithms: signingAlgorithms,
    keys: world.serverKeys.map(({ key }) => key),
    now: world.now(),
  }
}

test('[AS-OIDC-10] [SK-26] what a client refuses as a logout token', async () => {
  const world = await aWorld()
  const verify = createVerifier({ cacheSize: 10 })
  const [es, ps] = world.serverKeys
  assert.ok(es && ps)
  const about = {
    issuer: theIssuer,
    audience: clientId('client-a'),
    subject: subject('user-alice'),
    sid: rowId('A'.repeat(22)),
    jti: 'a jti',
    issuedAt: numericDate(dawn),
  }
  const good = await createLogoutToken(about, es.signer)
  const judged = (text: string, changes: Partial<LogoutTokenExpectation> = {}) =>
    verifyLogoutToken(text, { ...expectation(world), ...changes }, verify)
  const minted = (header: JsonObject, claims: JsonObject, signer = es.signer) =>
    aJwt({ ...headerOf(good), ...header }, { ...claimsOf(good), ...claims }, signer)
  const { idToken, accessToken } = await tokens(world)
  const bad: readonly (readonly [string, string])[] = [
    ['malformed', 'x'],
    ['malformed', `${good}.x`],
    ['malformed', await minted({}, { exp: String(dawn + 60) })],
    ['events_wrong', await minted({}, { events: [] })],
    ['typ_wrong', String(idToken)],
    ['typ_wrong', accessToken],
    ['typ_wrong', await minted({ typ: undefined }, {})],
    ['algorithm_not_allowed', await minted({ alg: 'none' }, {})],
    ['algorithm_not_allowed', await minted({ alg: 'HS256' }, {})],
    ['signature_invalid', await minted({}, {}, aParty().signer)],
    ['signature_invalid', await minted({ kid: 'other' }, {})],
    ['issuer_wrong', await minted({}, { iss: 'https://other.example' })],
    ['audience_wrong', await minted({}, { aud: 'client-b' })],
    ['audience_wrong', await minted({}, { aud: undefined })],
    ['nonce_present', await minted({}, { nonce: 'n' })],
    ['nonce_present', await minted({}, { nonce: null })],
    ['events_wrong', await minted({}, { events: undefined })],
    ['events_wrong', await minted({}, { events: { 'https://other.example': {} } })],
    ['events_wrong', await minted({}, { events: { [event]: true } })],
    ['expired', await minted({}, { exp: dawn })],
    ['from_the_future', await minted({}, { iat: dawn + 31 })],
    ['lifetime_too_long', await minted({}, { exp: dawn + 151 })],
    ['claim_missing', await minted({}, { exp: undefined })],
    ['claim_missing', await minted({}, { iat: undefined })],
    ['claim_missing', await minted({}, { jti: undefined })],
    ['claim_missing', await minted({}, { sub: undefined, sid: undefined })],
  ]
  for (const [fault, text] of bad) assert.deepEqual(await judged(text), { fault }, `${fault} ${text.slice(0, 40)}`)
  assert.deepEqual(await judged(good, { algorithms: ['PS256'] }), { fault: 'algorithm_not_allowed' })
  assert.deepEqual(await judged(good, { now: numericDate(dawn + 120) }), { fault: 'expired' })
  const token = { subject: 'user-alice', sid: 'A'.repeat(22), jti: 'a jti', expiresAt: dawn + 120 }
  assert.deepEqual(await judged(good), { token })
  assert.deepEqual(await judged(await minted({}, { aud: ['client-a', 'client-b'], sub: undefined })), {
    token: { ...token, subject: undefined },
  })
  assert.deepEqual(await judged(await createLogoutToken(about, ps.signer)), { token })
})
