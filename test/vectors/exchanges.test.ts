import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import type { JsonObject } from '../../src/core/names.ts'
import { standardLifetimes, standardLimits } from '../../src/core/profile.ts'
import { steps } from '../../src/core/rules.ts'
import { declaredTypes, detailTypeNames } from '../flow/detail-types.ts'
import { dawn, redirectUri, theArchive, theBank, theIssuer } from '../flow/world.ts'
import { observeVector } from '../observations.ts'
import { aGuard, paidTo, policy, writtenPolicy } from './at-the-guard.ts'
import { aServer, type Scene } from './at-the-server.ts'
import { happen } from './happenings.ts'
import { checkMembers, objectOf, readDocument, readVectors, textsOf, type Vector } from './load.ts'
import { type Artefacts, type Rendered, render, type Stage } from './request.ts'

type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: JsonObject
  readonly rule: string | undefined
  /** What was noted for the operator. */
  readonly event: { readonly step: string } | undefined
}

type Party = {
  readonly stage: Stage
  readonly set: (base: string, given: JsonObject) => Promise<Scene>
  readonly send: (request: Rendered) => Promise<Reply>
}

const shape = {
  settings: ['step'],
  members: ['base', 'given', 'meanwhile', 'replay', 'change'],
  expect: ['accepted', 'exactly', 'members', 'public', 'error', 'status', 'shown'],
}

/** Runs one vector. @throws AssertionError when something else comes of it than is expected */
async function run(vector: Vector, party: Party, step: string): Promise<void> {
  const base = String(vector['base'])
  const scene = await party.set(base, objectOf(vector['given'] ?? {}, 'given'))
  const events = vector['meanwhile'] ?? []
  assert.ok(Array.isArray(events), `${vector.name}: meanwhile is not a list`)
  for (const event of events) await happen(objectOf(event, 'meanwhile'), scene.happenings)
  const replayed =
    vector['replay'] === undefined ? {} : await sendBefore(objectOf(vector['replay'], 'replay'), base, scene, party)
  const change = objectOf(vector['change'] ?? {}, 'change')
  const reply = await party.send(await render(scene.draft, change, party.stage, replayed))
  checkReply(reply, vector)
  observeVector(vector.expect['rule'])
  // Where nothing answers, no step was reached.
  const isNowhere = reply.rule === 'not_found'
  if (vector.expect['accepted'] !== true) assert.equal(reply.event?.step, isNowhere ? 'metadata' : step, vector.name)
  if (vector.expect['accepted'] !== true && isUndisturbed(vector)) await checkStillServed(base, party, vector.name)
}

/** Sends the request that is accepted, and returns what is sent again. */
async function sendBefore(replay: JsonObject, base: string, scene: Scene, { set, send, stage }: Party) {
  checkMembers(replay, ['of', 'artefacts'], 'replay')
  const { draft } = replay['of'] === base ? scene : await set(String(replay['of']), {})
  const request = await render(draft, {}, stage)
  const reply = await send(request)
  assert.equal(reply.rule, undefined, `the request before was refused: ${reply.text}`)
  const names = textsOf(replay['artefacts'], 'artefacts')
  const { assertion, proof } = request.artefacts
  const again: Partial<Artefacts> = {
    ...(names.includes('assertion') ? { assertion } : {}),
    ...(names.includes('proof') ? { proof } : {}),
  }
  return again
}

function checkReply({ status, rule, json, headers, text }: Reply, { name, expect }: Vector): void {
  const about = `${name}: ${status} ${String(rule)} ${text.slice(0, 300)}`
  assert.equal(rule, expect['rule'], about)
  assert.equal(status, expect['status'], about)
  if (expect['exactly'] !== undefined) assert.deepEqual(json, expect['exactly'], about)
  for (const [member, value] of Object.entries(objectOf(expect['members'] ?? {}, 'members'))) {
    assert.deepEqual(json[member], value, `${member}: ${about}`)
  }
  if (expect['accepted'] === true) return
  assert.equal(headers.get('cache-control'), 'no-store', about)
  const { shown, error } = expect
  const type = headers.get('content-type') ?? ''
  if (shown === 'redirect') {
    const back = new URL(headers.get('location') ?? '')
    assert.ok(back.href.startsWith(`${redirectUri}?`), about)
    assert.equal(back.searchParams.get('error'), error, about)
    assert.equal(back.searchParams.get('iss'), theIssuer, about)
    return
  }
  assert.equal(headers.get('location'), null, about)
  if (shown === 'page') return assert.match(type, /^text\/html/, about)
  assert.equal(type, 'application/json', about)
  assert.equal(json['error'], error, about)
  assert.equal(json['rule'], expect['public'], about)
  const challenge = headers.get('www-authenticate') ?? ''
  if (shown !== 'challenge') return assert.equal(shown, 'json', about)
  assert.match(challenge, /(DPoP|Bearer) /, about)
  // A request without any credential is told nothing but how to come. RFC 6750 §3.1.
  assert.equal(challenge.includes(`error="${String(error)}"`), rule !== 'access_token_missing', about)
}

/** Whether a correct request of the same kind must still work right after. */
function isUndisturbed(vector: Vector): boolean {
  const given = objectOf(vector['given'] ?? {}, 'given')
  const lasting = [
    'registration',
    'client',
    'keys',
    'refused_requests',
    'user',
    'state',
    'issuer',
    'grant',
    'failed_sign_ins',
    'provider',
  ]
  const events = Array.isArray(vector['meanwhile']) ? vector['meanwhile'] : []
  const lasts = events.some((event) => lasting.some((name) => Object.hasOwn(objectOf(event, 'event'), name)))
  return given['registration'] === undefined && !lasts
}

async function checkStillServed(base: string, { set, send, stage }: Party, about: string): Promise<void> {
  const { draft } = await set(base, {})
  const reply = await send(await render(draft, {}, stage))
  assert.ok(reply.rule === undefined || base === 'cancel', `afterwards, ${about}: ${reply.text}`)
}

function partyFor(step: string, { base }: Vector): Promise<Party> {
  return step === 'guard' ? aGuard() : aServer(String(base))
}

for (const step of steps) {
  const file = `exchanges/${step}.json`
  test(`vectors/${file}`, async (t) => {
    const { document, vectors } = readVectors(file, shape)
    assert.equal(document['step'], step)
    for (const vector of vectors) await t.test(vector.name, async () => run(vector, await partyFor(step, vector), step))
  })

  test(`canary: vectors/${file} with a wrong expectation`, async () => {
    const { vectors } = readVectors(file, shape)
    const refused = vectors.find(({ expect }) => expect['rule'] !== undefined)
    const accepted = vectors.find(({ expect }) => expect['accepted'] === true)
    assert.ok(refused !== undefined && accepted !== undefined)
    const wrong = [
      { ...refused, expect: accepted.expect },
      { ...accepted, expect: refused.expect },
      { ...refused, expect: { ...refused.expect, rule: 'server_is_asleep' } },
      { ...refused, expect: { ...refused.expect, status: 418 } },
      { ...refused, expect: { ...refused.expect, shown: 'elsewhere' } },
      { ...accepted, expect: { ...accepted.expect, exactly: { weather: 'fine' } } },
      { ...accepted, expect: { ...accepted.expect, members: { weather: 'fine' } } },
      { ...refused, change: { ...objectOf(refused['change'] ?? {}, 'change'), more: 1 } },
      { ...refused, meanwhile: [{ earthquake: 1 }] },
      { ...refused, given: { weather: 'fine' } },
    ]
    for (const vector of wrong) {
      await assert.rejects(
        async () => run(vector, await partyFor(step, vector), step),
        assert.AssertionError,
        JSON.stringify(vector),
      )
    }
  })
}

test('every file of exchange vectors is run', () => {
  const files = readdirSync(new URL('../../vectors/exchanges', import.meta.url))
  assert.deepEqual(files.toSorted(), [...steps.map((step) => `${step}.json`), 'setting.json'].toSorted())
})

test('setting.json describes the world of the runners', () => {
  const setting = readDocument('exchanges/setting.json')
  const server = objectOf(setting['server'], 'server')
  assert.equal(setting['time'], dawn)
  assert.equal(setting['epoch'], dawn - 3600)
  assert.equal(server['issuer'], theIssuer)
  const { requestUri, code, accessToken, interaction, session, refreshToken, refreshTokenIdle } = standardLifetimes
  const lifetimes = {
    request_uri: requestUri,
    code,
    access_token: accessToken,
    interaction,
    session,
    refresh_token: refreshToken,
    refresh_token_idle: refreshTokenIdle,
  }
  assert.deepEqual(server['lifetimes'], lifetimes)
  const { perClientPerMinute, perAddressPerMinute } = standardLimits
  assert.deepEqual(server['limits'], {
    per_client_per_minute: perClientPerMinute,
    per_address_per_minute: perAddressPerMinute,
  })
  const apis = [
    { resource: theBank, scopes: ['accounts', 'payments'] },
    { resource: theArchive, scopes: ['archive'] },
  ]
  assert.deepEqual(server['apis'], apis)
  assert.deepEqual(server['authorization_details'], declaredTypes)
  const ofAll = objectOf(objectOf(setting['clients'], 'clients')['all'], 'all')
  assert.deepEqual(ofAll['authorization_details_types'], detailTypeNames)
  const payment = { authorization_details_type: 'payment_initiation', creditorAccount: { iban: paidTo } }
  assert.deepEqual(setting['payment'], payment)
  assert.deepEqual(writtenPolicy(), JSON.parse(JSON.stringify(policy)))
})
