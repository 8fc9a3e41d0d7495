/** Rich authorization requests, from the push to the API. RFC 9396. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issuer, type JsonObject, numericDate } from '../../src/core/names.ts'
import type { Store } from '../../src/core/ports.ts'
import { createReplayMemory } from '../../src/core/replay-memory.ts'
import { createGuard } from '../../src/guard/guard.ts'
import { createMac, createVerifier, random, sha256 } from '../../src/node/runtime.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { observeAnswer, observed } from '../observations.ts'
import { aPayment, anAccountAccess, anArchiveAccess, bankDetailTypes } from './detail-types.ts'
import { aPkcePair, aProof, claimsOf, type Parameters } from './messages.ts'
import { aParty, type Party } from './parties.ts'
import {
  aBrowser,
  assertRefused,
  boxesOf as checkedBoxes,
  type Browser,
  callUserinfo,
  clientCredentials,
  csrfOf,
  introspect,
  location,
  open,
  push,
  redeem,
  refresh,
  responseOf,
  shown,
  signedIn,
} from './steps.ts'
import { alter, aWorld, dawn, type Reply, theArchive, theBank, theIssuer, type World } from './world.ts'

const asked = (...elements: readonly JsonObject[]) => ({ authorization_details: JSON.stringify(elements) })

/** The names of the boxes of a consent page. */
function boxesOf(page: Reply): readonly string[] {
  return checkedBoxes(page).map(([name]) => name)
}

/** Posts the consent form with boxes; all of them unless told otherwise. */
function allow(browser: Browser, interaction: string, page: Reply, boxes = boxesOf(page), more: Parameters = {}) {
  const form = { csrf: csrfOf(page), decision: 'allow', ...Object.fromEntries(boxes.map((name) => [name, 'on'])) }
  const extra = Object.entries(more).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  return browser.post(`${interaction}/consent`, { ...form, ...Object.fromEntries(extra) })
}

/** Pushes and goes to the consent page. */
async function atConsent(world: World, parameters: Parameters, browser = aBrowser(world)) {
  const { verifier, challenge } = aPkcePair(world)
  const pushed = await push(world, parameters, { challenge })
  assert.equal(pushed.status, 201, pushed.text)
  return { verifier, ...(await signedIn(world, pushed, browser)) }
}

/** Walks to a code; the person leaves the boxes that `keep` says. */
async function aCodeFor(
  world: World,
  parameters: Parameters,
  keep: (boxes: readonly string[]) => readonly string[] = (all) => all,
) {
  const { verifier, browser, interaction, page } = await atConsent(world, parameters)
  const done = await allow(browser, interaction, page, [...keep(boxesOf(page))])
  return { verifier, browser, code: responseOf(done)['code'] ?? '' }
}

const offline = 'offline_access'

/** Walks to tokens. */
async function tokensFor(world: World, parameters: Parameters, keep?: (boxes: readonly string[]) => readonly string[]) {
  const party = aParty()
  const reply = await redeem(world, await aCodeFor(world, parameters, keep), {}, { party })
  assert.equal(reply.status, 200, reply.text)
  return { party, reply, json: reply.json, accessToken: String(reply.json['access_token']) }
}

/** An honest request right after works. */
async function assertServed(world: World): Promise<void> {
  const { json } = await tokensFor(world, { scope: undefined, ...asked(aPayment()) })
  assert.deepEqual(json['authorization_details'], [aPayment()])
}

const malformed: Readonly<Record<string, string>> = {
  'no JSON': 'payment',
  'JSON that breaks off': '[{"type":"payment_initiation"',
  'an object': JSON.stringify(aPayment()),
  'a text': JSON.stringify('payment_initiation'),
  'a text that holds JSON': JSON.stringify(JSON.stringify([aPayment()])),
  'an empty array': '[]',
  'an array of arrays': '[[]]',
  'an array with null': '[null]',
  'an element that is a text': '["payment_initiation"]',
  'an element without a type': JSON.stringify([aPayment({ type: undefined })]),
  'a numeric type': JSON.stringify([aPayment({ type: 7 })]),
  'an empty type': JSON.stringify([aPayment({ type: '' })]),
  'a list as type': JSON.stringify([aPayment({ type: ['payment_initiation'] })]),
  'a second element without a type': JSON.stringify([aPayment(), {}]),
  'a member that stands twice': '[{"type":"payment_initiation","type":"account_information"}]',
  'a member named __proto__': '[{"type":"payment_initiation","__proto__":{"polluted":1}}]',
  'a member named __proto__ further in':
    '[{"type":"payment_initiation","creditorAccount":{"__proto__":{"polluted":1}}}]',
  'a number nobody can read exactly': '[{"type":"payment_initiation","creditorName":12345678901234567890}]',
  'a number that is infinite': '[{"type":"payment_initiation","creditorName":1e999}]',
  'nesting without end': `[{"type":"payment_initiation","creditorName":${'['.repeat(5000)}${']'.repeat(5000)}}]`,
  'eleven elements': JSON.stringify(Array.from({ length: 11 }, () => aPayment())),
  'more than 8 kB': JSON.stringify([aPayment({ creditorName: 'x'.repeat(8192) })]),
  'more than 8 kB in UTF-8': JSON.stringify([aPayment({ creditorName: '€'.repeat(2800) })]),
  '51 entries in lists': JSON.stringify([
    anAccountAccess({ accounts: Array.from({ length: 49 }, (_, index) => ({ iban: `DE${index + 10}` })) }),
  ]),
}

test('authorization_details_malformed [AS-RAR-01] a JSON array of objects, each with a string type', async () => {
  const world = await aWorld()
  for (const [fault, text] of Object.entries(malformed)) {
    const reply = await push(world, { authorization_details: text })
    assertRefused(reply, 'authorization_details_malformed', fault)
    assert.equal(reply.json['error'], 'invalid_authorization_details', fault)
    assert.deepEqual(reply.stored, [], fault)
  }
  assert.equal('polluted' in {}, false)
  await assertServed(world)
})

test('authorization_details_type_unknown [AS-RAR-02] a type nobody declared', async () => {
  const world = await aWorld()
  for (const type of ['payment', 'Payment_Initiation', 'payment_initiation ', '__proto__', 'constructor', 'toString']) {
    const reply = await push(world, asked(aPayment(), { type }))
    assertRefused(reply, 'authorization_details_type_unknown', type)
    assert.deepEqual(reply.json['expected'], { path: '/1/type' })
    assert.deepEqual(reply.stored, [])
  }
  await assertServed(world)
})

test('authorization_details_type_not_allowed [AS-RAR-02] a type the client may not use', async () => {
  const world = await aWorld()
  await alter(world, world.client, { authorizationDetailTypes: ['account_information'] })
  const reply = await push(world, asked(aPayment()))
  assertRefused(reply, 'authorization_details_type_not_allowed')
  assert.deepEqual([reply.status, reply.json['error'], reply.stored], [400, 'invalid_authorization_details', []])
  assert.equal((await push(world, asked(anAccountAccess()))).status, 201)
})

const invalid: Readonly<Record<string, readonly [path: string, element: JsonObject]>> = {
  'an unknown field': ['/0/more', aPayment({ more: 1 })],
  'an unknown field further in': ['/0/creditorAccount/bic', aPayment({ creditorAccount: { iban: 'DE02', bic: 'X' } })],
  'a field of another type': ['/0/accounts', aPayment({ accounts: [] })],
  'a wrong JSON type': ['/0/creditorName', aPayment({ creditorName: 7 })],
  'an amount that is a number': [
    '/0/instructedAmount/amount',
    aPayment({ instructedAmount: { currency: 'EUR', amount: 120 } }),
  ],
  'an illegal value': [
    '/0/instructedAmount/currency',
    aPayment({ instructedAmount: { currency: 'eur', amount: '1' } }),
  ],
  'a negative amount': [
    '/0/instructedAmount/amount',
    aPayment({ instructedAmount: { currency: 'EUR', amount: '-120.00' } }),
  ],
  'a day that is none': ['/0/executionDate', aPayment({ executionDate: '2026-02-30' })],
  'an action that is none': ['/0/actions/1', aPayment({ actions: ['initiate', 'delete'] })],
  'a missing field': ['/0', aPayment({ creditorName: undefined })],
  'a missing field further in': ['/0/creditorAccount', aPayment({ creditorAccount: {} })],
  null: ['/0/creditorAccount', aPayment({ creditorAccount: null })],
  'another location': ['/0/locations', aPayment({ locations: [theArchive] })],
  'more locations': ['/0/locations', aPayment({ locations: [theBank, theArchive] })],
  'no location': ['/0/locations', aPayment({ locations: [] })],
}

test('authorization_details_invalid [AS-RAR-02] each fault of an element refuses the request, and nothing is stored', async () => {
  const world = await aWorld()
  for (const [fault, [path, element]] of Object.entries(invalid)) {
    const reply = await push(world, asked(element))
    assertRefused(reply, 'authorization_details_invalid', fault)
    assert.deepEqual(
      [reply.status, reply.json['error'], reply.stored],
      [400, 'invalid_authorization_details', []],
      fault,
    )
    const { path: told } = Object(reply.json['expected'])
    assert.ok(String(told).startsWith(path), `${fault}: ${String(told)}`)
  }
  const second = await push(world, asked(aPayment(), aPayment({ creditorName: 7 })))
  assertRefused(second, 'authorization_details_invalid')
  assert.deepEqual(second.json['expected'], { path: '/1/creditorName' })
  assert.equal((await push(world, asked(aPayment({ locations: [theBank] })))).status, 201)
  await assertServed(world)
})

test('[AS-RAR-02] scopes and details together, details alone, and the APIs that follow', async () => {
  const world = await aWorld()
  const alone = await tokensFor(world, { scope: undefined, ...asked(aPayment()) })
  const claims = claimsOf(alone.accessToken)
  assert.deepEqual(
    [claims['aud'], claims['scope'], claims['authorization_details']],
    [theBank, undefined, [aPayment()]],
  )
  assert.equal(alone.json['scope'], undefined)

  const both = await tokensFor(world, { scope: 'openid accounts', ...asked(aPayment()) })
  assert.deepEqual(claimsOf(both.accessToken)['aud'], [theBank, theIssuer])
  assert.equal(both.json['scope'], 'openid accounts')

  assertRefused(await push(world, { scope: undefined }), 'parameter_missing')
  assertRefused(
    await push(world, { scope: undefined, resource: theArchive, ...asked(aPayment()) }),
    'resource_not_allowed',
  )
  assert.equal((await push(world, { scope: undefined, resource: theBank, ...asked(aPayment()) })).status, 201)
})

test('[AS-RAR-03] the person reads what exactly is asked for, in their language', async () => {
  const world = await aWorld()
  const { page } = await atConsent(world, {
    scope: undefined,
    ui_locales: 'de',
    ...asked(aPayment(), anAccountAccess()),
  })
  const text = page.text.replaceAll(/<[^>]+>/g, '').replaceAll('\u00a0', ' ')
  assert.match(text, /120,00 EUR an Heating &amp; Sons \(DE02100100109307118603\) zahlen/)
  assert.match(text, /On DE01, DE02 und DE03: list_accounts, read_balances/)
  assert.deepEqual(boxesOf(page), ['choice.1.accounts.0', 'choice.1.accounts.1', 'choice.1.accounts.2'])
})

test('[AS-RAR-03] what the person leaves out is not granted, returned, in the token or told by introspection', async () => {
  const world = await aWorld()
  const left = anAccountAccess({ accounts: [{ iban: 'DE01' }, { iban: 'DE03' }] })
  const parameters = { scope: offline, ...asked(aPayment(), anAccountAccess()) }
  const { json, accessToken } = await tokensFor(world, parameters, (boxes) =>
    boxes.filter((name) => name !== 'choice.1.accounts.1'),
  )
  assert.deepEqual(json['authorization_details'], [aPayment(), left])
  assert.deepEqual(claimsOf(accessToken)['authorization_details'], [aPayment(), left])
  const seen = await introspect(world, accessToken)
  assert.deepEqual(seen.json['authorization_details'], [aPayment(), left])
  const renewed = await refresh(world, String(json['refresh_token']))
  assert.deepEqual(renewed.json['authorization_details'], [aPayment(), left])
  observed(
    'AS-RAR-03',
    'the token response, the token, introspection and refresh without the account that was left out',
  )
})

test('authorization_details_empty_choice [AS-RAR-03] of a list something is left, or nothing is allowed', async () => {
  const world = await aWorld()
  const { browser, interaction, page, verifier } = await atConsent(world, {
    scope: undefined,
    ...asked(anAccountAccess()),
  })
  const reply = await allow(browser, interaction, page, [])
  assertRefused(reply, 'authorization_details_empty_choice')
  assert.deepEqual([reply.status, reply.stored], [400, []])
  // The page is there again, whole, and says why; nothing is spent, and the person leaves one.
  assert.match(reply.text, /role="alert"[^>]*><p><strong>Nothing, or too little, was left of a list/)
  assert.equal(reply.headers.get('content-security-policy'), page.headers.get('content-security-policy'))
  assert.deepEqual(boxesOf(reply), boxesOf(page))
  assert.equal(csrfOf(reply), csrfOf(page))
  const done = await allow(browser, interaction, reply, ['choice.0.accounts.2'])
  const redeemed = await redeem(world, { code: responseOf(done)['code'] ?? '', verifier })
  assert.deepEqual(redeemed.json['authorization_details'], [anAccountAccess({ accounts: [{ iban: 'DE03' }] })])
})

test('consent_tampered [AS-RAR-03] the form allows nothing that was not on the page', async () => {
  const world = await aWorld()
  const { browser, interaction, page } = await atConsent(world, {
    scope: undefined,
    ...asked(anAccountAccess(), aPayment()),
  })
  const all = boxesOf(page)
  for (const name of [
    'choice.0.accounts.3',
    'choice.0.accounts.99',
    'choice.0.accounts.-1',
    'choice.0.accounts.01',
    'choice.0.accounts.1e0',
    'choice.0.actions.0',
    'choice.0.type.0',
    'choice.0.__proto__.0',
    'choice.0.constructor.0',
    'choice.0.length.0',
    'choice.1.accounts.0',
    'choice.1.creditorName.0',
    'choice.2.accounts.0',
    'choice.9.accounts.0',
    'choice.0.accounts',
    'choice.0',
    'choice',
  ]) {
    const reply = await allow(browser, interaction, page, [...all, name])
    assertRefused(reply, 'consent_tampered', name)
    assert.equal(world.raised.at(-1)?.type, 'consent.tampered', name)
    assert.deepEqual(reply.stored, [], name)
  }
  assertRefused(await allow(browser, interaction, page, [], { 'choice.0.accounts.1': 'DE99' }), 'consent_tampered')
  assertRefused(await allow(browser, interaction, page, [...all], { 'choice.0.accounts.1': '1' }), 'consent_tampered')
  // Members of the request itself mean nothing in the form.
  const injected = { authorization_details: JSON.stringify([aPayment({ creditorName: 'Mallory' })]), scope: 'payments' }
  const done = await allow(browser, interaction, page, all, injected)
  assert.ok(responseOf(done)['code'])
  const { details } = (await world.store.grants.list({}, 1, undefined))[0] ?? { details: [] }
  assert.deepEqual(details, [anAccountAccess(), aPayment()])
})

test('[AS-RAR-03] details are asked about every time, and prompt=none cannot be answered', async () => {
  const world = await aWorld()
  const parameters = { scope: 'openid accounts', ...asked(aPayment()) }
  const { browser } = await aCodeFor(world, parameters)
  const again = await atConsent(world, parameters, browser)
  assert.equal(again.page.status, 200)
  assert.match(again.page.text, /Heating &amp; Sons/)
  const silent = await push(world, { ...parameters, prompt: 'none' })
  const response = responseOf(await open(world, silent, browser))
  assert.equal(response['error'], 'consent_required')
  assert.ok(responseOf(await allow(again.browser, again.interaction, again.page))['code'])
})

test('request_no_longer_allowed [AS-RAR-02] a client that lost the type between the push and the decision', async () => {
  const world = await aWorld()
  const { browser, interaction, page } = await atConsent(world, { scope: undefined, ...asked(aPayment()) })
  await alter(world, world.client, { authorizationDetailTypes: ['account_information'] })
  assertRefused(await allow(browser, interaction, page), 'request_no_longer_allowed')
  await alter(world, world.client, { authorizationDetailTypes: ['payment_initiation'] })
  assert.ok(responseOf(await allow(browser, interaction, page))['code'])
})

const wider: Readonly<Record<string, JsonObject>> = {
  'a larger amount': aPayment({ instructedAmount: { currency: 'EUR', amount: '120.01' } }),
  'an amount that is larger by its digits only': aPayment({ instructedAmount: { currency: 'EUR', amount: '0121' } }),
  'another currency': aPayment({ instructedAmount: { currency: 'KWD', amount: '120.00' } }),
  'another creditor': aPayment({ creditorName: 'Mallory' }),
  'another account': aPayment({ creditorAccount: { iban: 'DE99' } }),
  'a date that was not there': aPayment({ executionDate: '2026-01-01' }),
  'actions that were not there': aPayment({ actions: ['cancel'] }),
  'a location that was not there': aPayment({ locations: [theBank] }),
  'an account more': anAccountAccess({ accounts: [{ iban: 'DE01' }, { iban: 'DE09' }] }),
  'the same account twice': anAccountAccess({ accounts: [{ iban: 'DE01' }, { iban: 'DE01' }] }),
  'an action more': anAccountAccess({ actions: ['list_accounts', 'read_balances', 'read_transactions'] }),
  'no action at all, which may mean any': anAccountAccess({ actions: [] }),
  'a type that was not granted': anArchiveAccess(),
}

test('authorization_details_not_granted [AS-RAR-04] [AS-RT-05] token requests narrow, and never widen', async () => {
  const world = await aWorld()
  const parameters = { scope: `accounts ${offline}`, ...asked(aPayment(), anAccountAccess()) }
  const flow = await aCodeFor(world, parameters)
  const party = aParty()
  for (const [fault, element] of Object.entries(wider)) {
    const reply = await redeem(world, flow, asked(element), { party })
    assertRefused(reply, 'authorization_details_not_granted', fault)
    assert.deepEqual([reply.status, reply.json['error']], [400, 'invalid_authorization_details'], fault)
  }
  assertRefused(
    await redeem(world, flow, asked(aPayment(), aPayment()), { party }),
    'authorization_details_not_granted',
  )

  // Nothing was spent by asking for too much.
  const less = aPayment({ instructedAmount: { currency: 'EUR', amount: '7.5' } })
  const redeemed = await redeem(world, flow, asked(less), { party })
  assert.deepEqual(redeemed.json['authorization_details'], [less])
  assert.deepEqual(claimsOf(redeemed.json['access_token'])['authorization_details'], [less])

  const token = String(redeemed.json['refresh_token'])
  for (const [fault, element] of Object.entries(wider)) {
    const reply = await refresh(world, token, asked(element))
    assertRefused(reply, 'authorization_details_not_granted', fault)
    assert.equal(reply.status, 400)
  }
  assertRefused(await refresh(world, token, asked(aPayment(), less)), 'authorization_details_not_granted')
  // What a request narrowed is narrowed for its own token only.
  const whole = await refresh(world, token)
  assert.deepEqual(whole.json['authorization_details'], [aPayment(), anAccountAccess()])
  const part = anAccountAccess({ accounts: [{ iban: 'DE03' }, { iban: 'DE01' }], actions: ['read_balances'] })
  assert.deepEqual((await refresh(world, token, asked(part))).json['authorization_details'], [part])
})

test('authorization_details_malformed authorization_details_type_unknown [AS-RAR-04] token requests are held against the types as well', async () => {
  const world = await aWorld()
  const flow = await aCodeFor(world, { scope: offline, ...asked(aPayment()) })
  for (const [fault, text] of Object.entries(malformed)) {
    assertRefused(await redeem(world, flow, { authorization_details: text }), 'authorization_details_malformed', fault)
  }
  assertRefused(await redeem(world, flow, asked({ type: 'payment' })), 'authorization_details_type_unknown')
  assertRefused(await redeem(world, flow, asked(aPayment({ more: 1 }))), 'authorization_details_invalid')
  const redeemed = await redeem(world, flow)
  const token = String(redeemed.json['refresh_token'])
  assertRefused(await refresh(world, token, { authorization_details: '[]' }), 'authorization_details_malformed')
  assert.deepEqual((await refresh(world, token)).json['authorization_details'], [aPayment()])
})

test('authorization_details_type_not_allowed authorization_details_outdated [AS-RAR-02] [AS-RT-05] what a client may not use any more is not renewed', async () => {
  const world = await aWorld()
  const { json } = await tokensFor(world, { scope: offline, ...asked(aPayment(), anAccountAccess()) })
  const token = String(json['refresh_token'])
  await alter(world, world.client, { authorizationDetailTypes: ['account_information'] })
  assertRefused(await refresh(world, token, asked(aPayment())), 'authorization_details_type_not_allowed')
  assert.deepEqual((await refresh(world, token)).json['authorization_details'], [anAccountAccess()])
  await alter(world, world.client, { authorizationDetailTypes: [] })
  const reply = await refresh(world, token)
  assertRefused(reply, 'authorization_details_outdated')
  assert.equal(reply.status, 400)
  await alter(world, world.client, { authorizationDetailTypes: ['payment_initiation', 'account_information'] })
  assert.deepEqual((await refresh(world, token)).json['authorization_details'], [aPayment(), anAccountAccess()])
})

test('authorization_details_outdated [AS-RAR-02] a code whose details are all gone buys nothing', async () => {
  const world = await aWorld()
  const flow = await aCodeFor(world, { scope: undefined, ...asked(aPayment()) })
  await alter(world, world.client, { authorizationDetailTypes: [] })
  assertRefused(await redeem(world, flow), 'authorization_details_outdated')
  await alter(world, world.client, { authorizationDetailTypes: ['payment_initiation'] })
  assert.deepEqual((await redeem(world, flow)).json['authorization_details'], [aPayment()])
})

/** The same store under a server where the type of payments belongs to the archive. */
async function movedPayments(store: Store): Promise<World> {
  const [payment] = bankDetailTypes
  const moved = { ...(payment ?? assert.fail()), resource: theArchive }
  const apis = [
    { resource: theBank, name: 'Demo Bank', scopes: [{ name: 'accounts', description: 'See your accounts' }] },
    { resource: theArchive, name: 'Archive', scopes: [], detailTypes: [moved] },
  ]
  return aWorld({ store: () => Promise.resolve(store), config: { apis } })
}

test('authorization_details_outdated [AS-RAR-02] [AS-RT-05] a type that another API has now is not taken along to it', async () => {
  const store = createMemoryStore({ clock: () => numericDate(dawn), epoch: numericDate(dawn - 3600) })
  const before = await aWorld({ store: () => Promise.resolve(store) })
  const alone = await tokensFor(before, { scope: offline, ...asked(aPayment()) })
  const both = await tokensFor(before, { scope: `accounts ${offline}`, ...asked(aPayment()) })
  const after = await movedPayments(store)
  assertRefused(await refresh(after, String(alone.json['refresh_token'])), 'authorization_details_outdated')
  // Nothing is told that no token holds.
  const { json } = await refresh(after, String(both.json['refresh_token']))
  assert.deepEqual([json['scope'], json['authorization_details']], [`accounts ${offline}`, undefined])
  assert.equal(claimsOf(json['access_token'])['aud'], theBank)
  assert.deepEqual((await refresh(before, String(alone.json['refresh_token']))).json['authorization_details'], [
    aPayment(),
  ])
})

test('request_no_longer_allowed [AS-RAR-05] what was asked of one API is not decided for another', async () => {
  const store = createMemoryStore({ clock: () => numericDate(dawn), epoch: numericDate(dawn - 3600) })
  const before = await aWorld({ store: () => Promise.resolve(store) })
  const { verifier, challenge } = aPkcePair(before)
  const pushed = await push(before, { scope: 'accounts', ...asked(aPayment()) }, { challenge })
  const after = await movedPayments(store)
  assertRefused(await open(after, pushed, aBrowser(after)), 'request_no_longer_allowed')
  const { browser, interaction, page } = await signedIn(before, pushed, aBrowser(before))
  const code = responseOf(await allow(browser, interaction, page))['code'] ?? ''
  assert.deepEqual((await redeem(before, { code, verifier })).json['authorization_details'], [aPayment()])
})

test('authorization_details_without_person [AS-RAR-03] nobody allows a client details for itself', async () => {
  const world = await aWorld()
  const reply = await clientCredentials(world, asked(aPayment()))
  assertRefused(reply, 'authorization_details_without_person')
  assert.deepEqual([reply.status, reply.json['error']], [400, 'invalid_authorization_details'])
  const token = await clientCredentials(world)
  assert.equal(claimsOf(token.json['access_token'])['authorization_details'], undefined)
})

test('authorization_details_need_one_resource [AS-RAR-05] no API reads what concerns another', async () => {
  const world = await aWorld()
  const parameters = { scope: `accounts ${offline}`, ...asked(aPayment(), anArchiveAccess()) }
  const flow = await aCodeFor(world, parameters)
  const party = aParty()
  const both = await redeem(world, flow, {}, { party })
  assertRefused(both, 'authorization_details_need_one_resource')
  assert.deepEqual([both.status, both.json['error']], [400, 'invalid_target'])

  // The code is still good for a token for one of them.
  const bank = await redeem(world, flow, { resource: theBank }, { party })
  assert.deepEqual(bank.json['authorization_details'], [aPayment()])
  const archive = await refresh(world, String(bank.json['refresh_token']), { resource: theArchive }, { party })
  assert.deepEqual(archive.json['authorization_details'], [anArchiveAccess()])
  for (const [token, resource, own] of [
    [bank, theBank, aPayment()],
    [archive, theArchive, anArchiveAccess()],
  ] as const) {
    const claims = claimsOf(token.json['access_token'])
    assert.deepEqual([claims['aud'], claims['authorization_details']], [resource, [own]])
  }
  const told = await introspect(world, archive.json['access_token'], {}, { client: world.archiveServer })
  assert.deepEqual(told.json['authorization_details'], [anArchiveAccess()])
  const foreign = await introspect(world, archive.json['access_token'])
  assert.deepEqual(foreign.json, { active: false })
  assertRefused(
    await refresh(world, String(bank.json['refresh_token']), { resource: theArchive, ...asked(aPayment()) }, { party }),
    'authorization_details_not_granted',
  )
  observed('AS-RAR-05', 'tokens and introspection of one API without a word of the elements of the other')
})

test('[AS-RAR-05] userinfo and ID tokens know nothing of details', async () => {
  const world = await aWorld()
  const { accessToken, json, party } = await tokensFor(world, { scope: 'openid profile', ...asked(aPayment()) })
  assert.equal(claimsOf(json['id_token'])['authorization_details'], undefined)
  const told = await callUserinfo(world, accessToken, party)
  assert.deepEqual([told.status, told.json['authorization_details']], [200, undefined])
})

/** The bank behind its guard, with the keys of this world. */
function aBank(world: World) {
  const documents: Readonly<Record<string, JsonObject>> = {
    [`${theIssuer}/.well-known/oauth-authorization-server`]: { issuer: theIssuer, jwks_uri: `${theIssuer}/jwks` },
    [`${theIssuer}/jwks`]: { keys: world.serverKeys.map(({ key }) => ({ ...key.jwk, kid: key.kid, alg: key.alg })) },
  }
  const guard = createGuard(
    {
      resource: theBank,
      name: 'Demo Bank',
      publicUrl: theBank,
      issuers: [issuer(theIssuer)],
      certificateBoundTokens: 'refused',
      routes: [{ methods: ['POST'], path: '/payments', scope: [], speaksFor: 'person' }],
      authorizationDetailsTypes: ['payment_initiation'],
    },
    {
      fetchJson: (url) => Promise.resolve(documents[url]),
      clock: world.now,
      hash: sha256,
      verify: createVerifier({ cacheSize: 10 }),
      mac: createMac(),
      replay: createReplayMemory({ clock: world.now }),
      random,
      audit: () => {},
    },
  )
  const call = async (token: string, party: Party, nonce: string | undefined) => {
    const claims = { ath: sha256(token), nonce }
    const proof = await aProof(world, party, 'POST', `${theBank}/payments`, { claims })
    const headers = [['authorization', `DPoP ${token}`] as const, ['dpop', proof] as const]
    const connection = { entrance: 'main', certificate: undefined, certificateTrouble: undefined } as const
    const request = new Request(`${theBank}/payments`, { method: 'POST' })
    return guard(request, { peerAddress: '192.0.2.7', headers, target: '/payments', ...connection })
  }
  /** Pays to an account, as the API behind the guard would. */
  const pay = async (token: string, party: Party, iban: string) => {
    const first = await call(token, party, undefined)
    const nonce = first.kind === 'refusal' ? first.response.headers.get('dpop-nonce') : undefined
    const verdict = await call(token, party, nonce ?? undefined)
    if (verdict.kind === 'refusal') return assert.fail(`refused: ${String(verdict.rule)}`)
    return verdict.detail('payment_initiation', ({ creditorAccount }) => {
      return JSON.stringify(creditorAccount) === JSON.stringify({ iban })
    })
  }
  return { guard, pay }
}

test('authorization_details_insufficient [AS-RAR-05] a payment token pays to the account that was allowed only', async () => {
  const world = await aWorld()
  const bank = aBank(world)
  const { accessToken, party } = await tokensFor(world, { scope: undefined, ...asked(aPayment()) })
  const other = await bank.pay(accessToken, party, 'DE99')
  assert.ok(other.kind === 'refusal')
  assert.equal(other.rule, 'authorization_details_insufficient')
  assert.equal(other.response.status, 403)
  assert.match(other.response.headers.get('www-authenticate') ?? '', /error="insufficient_scope"/)
  const { status, headers } = other.response
  const text = await other.response.text()
  assert.equal(JSON.parse(text).error, 'insufficient_scope')
  observeAnswer({ status, headers, text }, { rule: other.rule, step: 'guard' })

  const right = await bank.pay(accessToken, party, 'DE02100100109307118603')
  assert.deepEqual(right, { kind: 'detail', element: aPayment() })

  // A token with a scope alone holds no element at all.
  const scoped = await tokensFor(world, { scope: 'payments' })
  const none = await bank.pay(scoped.accessToken, scoped.party, 'DE02100100109307118603')
  assert.equal(none.kind === 'refusal' && none.rule, 'authorization_details_insufficient')
  assert.deepEqual(bank.guard.metadata()['authorization_details_types_supported'], ['payment_initiation'])
})

test('[AS-RAR-06] on the way through the browser details mean nothing', async () => {
  const world = await aWorld()
  const { verifier, challenge } = aPkcePair(world)
  const pushed = await push(world, { scope: undefined, ...asked(aPayment()) }, { challenge })
  const mallory = asked(aPayment({ creditorName: 'Mallory', creditorAccount: { iban: 'DE99' } }))
  const browser = aBrowser(world)
  const opened = await open(world, pushed, browser, mallory)
  const interaction = location(opened)
  assert.equal(opened.status, 303)
  const first = await shown(browser, opened)
  await browser.post(`${interaction}/sign-in`, { csrf: csrfOf(first), username: 'alice', password: 'correct horse' })
  const page = await browser.get(`${interaction}?${new URLSearchParams(mallory).toString()}`)
  assert.equal(page.text.includes('Mallory'), false)
  assert.match(page.text, /Heating &amp; Sons/)
  const done = await allow(browser, interaction, page)
  const redeemed = await redeem(world, { code: responseOf(done)['code'] ?? '', verifier })
  assert.deepEqual(redeemed.json['authorization_details'], [aPayment()])

  // Without a push there is nothing to add them to.
  const query = new URLSearchParams({ client_id: world.client.clientId, response_type: 'code', ...mallory })
  assertRefused(await browser.get(`/authorize?${query.toString()}`), 'authorization_not_pushed')
  const metadata = await world.send('GET', '/.well-known/openid-configuration')
  const types = ['payment_initiation', 'account_information', 'archive_access']
  assert.deepEqual(metadata.json['authorization_details_types_supported'], types)
  observed('AS-RAR-06', 'details in the authorization URL ignored, and the supported types published')
})

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '{{7*7}} ${7*7} {instructedAmount|money}',
  '\u202e\u2066 reversed \u2069',
  'zero\u200bwidth\u00ad',
  'line\nbreak\tand\u0000nothing',
  '\ud800 half a character',
  '&lt;b&gt;',
  'x'.repeat(7000),
] as const

test('[AS-RAR-03] hostile words in details are shown as what they are, and granted as they are', async () => {
  const world = await aWorld()
  for (const words of hostile) {
    const element = aPayment({ creditorName: words })
    const { browser, interaction, page, verifier } = await atConsent(world, { scope: undefined, ...asked(element) })
    assert.equal(page.status, 200, words)
    assert.equal(/<script>alert|<img/.test(page.text), false, words)
    assert.equal(page.text.includes('{{7*7}} ${7*7} {instructedAmount|money}'), words.includes('7*7'), words)
    assert.equal(
      /(?!\n)\p{Cc}|[\u202a-\u202e\u2066-\u2069\u200b]/u.test(page.text),
      false,
      'nothing turns the direction of the text',
    )
    assert.equal(page.text.includes('DE02100100109307118603'), true, words)
    const done = await allow(browser, interaction, page)
    const redeemed = await redeem(world, { code: responseOf(done)['code'] ?? '', verifier })
    assert.equal(redeemed.status, 200, redeemed.text)
    assert.deepEqual(redeemed.json['authorization_details'], [JSON.parse(JSON.stringify(element))])
  }
})
