import assert from 'node:assert/strict'
import { test } from 'node:test'
import { observed } from '../observations.ts'
import { seconds } from '../../src/core/names.ts'
import { lifetimeBounds, standardLifetimes } from '../../src/core/profile.ts'
import { aPkcePair, aPush, authentication, changed, type Parameters } from './messages.ts'
import { aKnownParty, aParty } from './parties.ts'
import { aBrowser, aCode, assertRefused, decide, open, push, signedIn } from './steps.ts'
import { alter, aWorld, formText, redirectUri, register, theArchive, theBank, type World } from './world.ts'

async function assertStillServed(world: World, about: string): Promise<void> {
  assert.equal((await push(world)).status, 201, about)
}

const form = 'application/x-www-form-urlencoded'

async function pushBody(world: World, headers: readonly (readonly [string, string])[], body?: string) {
  const text = body ?? formText([...changed(aPush(world), {}), ...(await authentication(world))])
  return world.send('POST', '/par', { headers, body: text })
}

test('method_not_allowed [AS-PAR-01] only POST', async () => {
  const world = await aWorld()
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
    const reply = await world.send(method, '/par')
    assertRefused(reply, 'method_not_allowed', method)
    assert.deepEqual([reply.status, reply.headers.get('allow')], [405, 'POST'], method)
  }
  await assertStillServed(world, 'control')
})

test('content_type_unsupported [AS-PAR-01] only a UTF-8 form', async () => {
  const world = await aWorld()
  const types = [
    'application/json',
    'multipart/form-data; boundary=x',
    'text/plain',
    `${form}; charset=utf-16`,
    `${form}x`,
    '',
  ]
  for (const type of types) {
    const reply = await pushBody(world, [['content-type', type]])
    assertRefused(reply, 'content_type_unsupported', type)
    assert.equal(reply.status, 415)
  }
  assertRefused(await pushBody(world, []), 'content_type_unsupported', 'none')
  assertRefused(
    await pushBody(world, [
      ['content-type', form],
      ['content-type', form],
    ]),
    'content_type_unsupported',
    'two',
  )
  for (const type of [form, form.toUpperCase(), `${form};charset=UTF-8`, `${form}; charset="utf-8"`]) {
    assert.equal((await pushBody(world, [['content-type', type]])).status, 201, type)
  }
})

test('content_encoding_unsupported [AS-PAR-01] body_unreadable [AS-PAR-13] body_too_large parameter_in_query', async () => {
  const world = await aWorld()
  const type = ['content-type', form] as const
  assertRefused(await pushBody(world, [type, ['content-encoding', 'gzip']]), 'content_encoding_unsupported')
  assertRefused(await world.send('POST', '/par', { headers: [type], body: { aborted: true } }), 'body_unreadable')
  const large = await pushBody(world, [type], `x=${'y'.repeat(1_000_000)}`)
  assertRefused(large, 'body_too_large')
  assert.equal(large.status, 413)
  for (const query of ['?', '?x=1', `?${formText(changed(aPush(world), {}))}`]) {
    assertRefused(await world.send('POST', `/par${query}`, { form: await authentication(world) }), 'parameter_in_query')
  }
  await assertStillServed(world, 'control')
})

test('[AS-PAR-03] [AS-PAR-04] success is 201 with a request_uri and a whole number of seconds', async () => {
  const world = await aWorld()
  const reply = await push(world)
  assert.equal(reply.status, 201)
  assert.equal(reply.headers.get('content-type'), 'application/json')
  assert.equal(reply.headers.get('cache-control'), 'no-store')
  assert.deepEqual(Object.keys(reply.json), ['request_uri', 'expires_in'])
  assert.equal(reply.json['expires_in'], 90)
  assert.match(String(reply.json['request_uri']), /^urn:ietf:params:oauth:request_uri:[\w-]{22}\.[\w-]{43}$/)
  assert.deepEqual(reply.stored, ['replay.spendOnce', 'requests.push'])
  observed('AS-PAR-03', '201 with request_uri and a number of seconds, not stored')
})

test('[AS-PAR-04] [AS-AUTHZ-08] a lifetime outside its bounds: the server does not start', async () => {
  for (const [name, { least, most }] of Object.entries(lifetimeBounds)) {
    for (const value of [least - 1, most + 1, 0]) {
      await assert.rejects(aWorld({ lifetimes: { [name]: seconds(value) } }), RangeError, `${name} ${value}`)
    }
    await aWorld({ lifetimes: { [name]: seconds(least) } })
    await aWorld({ lifetimes: { [name]: seconds(most) } })
  }
  assert.equal(lifetimeBounds.requestUri.most, 599)
  assert.equal(lifetimeBounds.code.most, 60)
})

test('[AS-PAR-05] [KEY-04] a thousand request_uris: no two alike, no structure', async () => {
  const world = await aWorld()
  const seen = new Set<string>()
  const ones = Array.from({ length: 43 * 6 }, () => 0)
  for (let round = 0; round < 1000; round += 1) {
    const secret = String((await push(world)).json['request_uri']).split('.')[1] ?? ''
    seen.add(secret)
    const bytes = Buffer.from(secret, 'base64url')
    for (let bit = 0; bit < 256; bit += 1) ones[bit] = (ones[bit] ?? 0) + (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1)
  }
  assert.equal(seen.size, 1000)
  // Each bit is a fair coin: 1,000 throws stay within six standard deviations.
  for (const count of ones.slice(0, 256)) assert.ok(Math.abs(count - 500) < 95, String(count))
  observed('KEY-04', 'a thousand values, all different, each bit a fair coin')
})

test('[AS-PAR-05] identical requests get different names', async () => {
  const world = await aWorld()
  const { challenge } = aPkcePair(world)
  const [one, other] = [await push(world, {}, { challenge }), await push(world, {}, { challenge })]
  assert.notEqual(one.json['request_uri'], other.json['request_uri'])
})

test('[AS-PAR-02] client_authentication_missing: no credential, no request_uri', async () => {
  const world = await aWorld()
  const reply = await world.send('POST', '/par', { form: changed(aPush(world), {}) })
  assertRefused(reply, 'client_authentication_missing')
  assert.deepEqual([reply.status, reply.stored, reply.json['request_uri']], [401, [], undefined])
  await assertStillServed(world, 'control')
})

/** One parameter that is wrong and the rule that says so, by the title of its test. */
const wrong: Readonly<Record<string, readonly (readonly [rule: string, error: string, changes: Parameters])[]>> = {
  'request_uri_in_push request_object_unsupported [AS-PAR-07]': [
    ['request_uri_in_push', 'invalid_request', { request_uri: 'urn:ietf:params:oauth:request_uri:x' }],
    ['request_uri_in_push', 'invalid_request', { request_uri: 'https://evil.example/r.jwt' }],
    ['request_object_unsupported', 'request_not_supported', { request: 'eyJhbGciOiJub25lIn0.e30.' }],
  ],
  'response_type_unsupported response_mode_unsupported [AS-PAR-08] [AS-OIDC-01]': [
    ...['token', 'id_token', 'code id_token', 'code token', 'none', 'Code', 'code ', ' code'].map(
      (type) => ['response_type_unsupported', 'unsupported_response_type', { response_type: type }] as const,
    ),
    ...['fragment', 'form_post', 'jwt', 'query.jwt', 'QUERY', 'web_message'].map(
      (mode) => ['response_mode_unsupported', 'invalid_request', { response_mode: mode }] as const,
    ),
  ],
  'scope_not_allowed parameter_malformed [AS-PAR-08]': [
    ...['unknown', 'openid unknown', 'openid Accounts', 'offline_access', '__proto__', 'profile', 'email profile'].map(
      (scope) => ['scope_not_allowed', 'invalid_scope', { scope }] as const,
    ),
    ...[' openid', 'openid ', 'openid  accounts', 'openid\taccounts', 'openid"', 'open\\id', 'öpenid'].map(
      (scope) => ['parameter_malformed', 'invalid_request', { scope }] as const,
    ),
    ['parameter_malformed', 'invalid_request', { scope: Array.from({ length: 33 }, (_, i) => `s${i}`).join(' ') }],
  ],
  'parameter_missing [AS-PAR-09]': [
    ...['response_type', 'redirect_uri', 'scope', 'client_id'].map(
      (name) => ['parameter_missing', 'invalid_request', { [name]: undefined }] as const,
    ),
    ...['response_type', 'redirect_uri', 'scope', 'client_id'].map(
      (name) => ['parameter_missing', 'invalid_request', { [name]: '' }] as const,
    ),
  ],
  'parameter_malformed [AS-PAR-08] [AS-OIDC-03]': [
    ['parameter_malformed', 'invalid_request', { prompt: 'none login' }],
    ['parameter_malformed', 'invalid_request', { prompt: 'create' }],
    ...['-1', '1.5', '1e3', 'x', '9999999999', ' 1'].map(
      (age) => ['parameter_malformed', 'invalid_request', { max_age: age }] as const,
    ),
    ['parameter_malformed', 'invalid_request', { state: 's'.repeat(2049) }],
    ['parameter_malformed', 'invalid_request', { state: 'line\nbreak' }],
    ['parameter_malformed', 'invalid_request', { nonce: 'n'.repeat(257) }],
    ['parameter_malformed', 'invalid_request', { nonce: 'ñ' }],
    ['parameter_malformed', 'invalid_request', { login_hint: 'a\u0000b' }],
    ['parameter_malformed', 'invalid_request', { login_hint: 'a'.repeat(257) }],
  ],
  'resource_not_allowed parameter_malformed [AS-TOK-09]': [
    ...['https://unknown.example', theArchive, `${theBank}/`, 'urn:x'].map(
      (resource) => ['resource_not_allowed', 'invalid_target', { resource }] as const,
    ),
    ['resource_not_allowed', 'invalid_target', { resource: 'foo' }],
    ['resource_not_allowed', 'invalid_target', { resource: `${theBank}#a` }],
    ['resource_not_allowed', 'invalid_target', { scope: 'openid', resource: theBank }],
    ['resource_not_allowed', 'invalid_target', { scope: 'openid accounts archive', resource: theBank }],
    ['parameter_malformed', 'invalid_request', { resource: 'https://bank.example/ü' }],
  ],
}

for (const [title, cases] of Object.entries(wrong)) {
  test(`${title} the whole request is judged at the push`, async () => {
    const world = await aWorld()
    for (const [rule, error, changes] of cases) {
      const about = JSON.stringify(changes).slice(0, 200)
      const reply = await push(world, changes)
      assertRefused(reply, rule, about)
      assert.deepEqual([reply.status, reply.json['error'], reply.stored], [400, error, []], about)
    }
    await assertStillServed(world, 'control')
  })
}

test('what a push may also say', async () => {
  const world = await aWorld()
  const allowed: readonly Parameters[] = [
    { response_mode: 'query' },
    { state: undefined, nonce: undefined },
    { scope: 'openid openid' },
    { resource: theBank },
    { prompt: 'login consent select_account' },
    { max_age: '0' },
    { login_hint: 'Zoë <zoe@example.org>' },
    { unknown_parameter: '\u0000 "anything" \ud83d\ude00', ['__proto__']: 'x', constructor: 'y' },
  ]
  for (const changes of allowed) assert.equal((await push(world, changes)).status, 201, JSON.stringify(changes))
})

test('parameter_repeated [AS-PAR-08] every parameter but resource stands once, also when it is empty or unknown', async () => {
  const world = await aWorld()
  const names = [
    'scope',
    'redirect_uri',
    'client_id',
    'state',
    'code_challenge',
    'client_assertion',
    'unknown',
    '__proto__',
  ]
  for (const name of names) {
    const valid = [...changed(aPush(world), {}), ...(await authentication(world))]
    const given = valid.some(([known]) => known === name) ? valid : [...valid, [name, 'x'] as const]
    const reply = await world.send('POST', '/par', { form: [...given, [name, '']] })
    assertRefused(reply, 'parameter_repeated', name)
    assert.equal(reply.status, 400)
  }
  const twice = [
    ['resource', theBank],
    ['resource', theArchive],
  ] as const
  const valid = changed(aPush(world), { scope: 'accounts archive' })
  const both = await world.send('POST', '/par', { form: [...valid, ...twice, ...(await authentication(world))] })
  assert.equal(both.status, 201, both.text)
})

test('parameter_malformed [AS-PAR-08] [NET-07] escapes, UTF-8 and numbers of parameters', async () => {
  const world = await aWorld()
  const good = formText([...changed(aPush(world), {}), ...(await authentication(world))])
  const type = ['content-type', form] as const
  for (const more of [
    'x=%',
    'x=%zz',
    'x=%ff',
    'x=%c0%80',
    '%=x',
    'x=%ed%a0%80',
    Array.from({ length: 65 }, (_, i) => `p${i}=`).join('&'),
  ]) {
    assertRefused(await pushBody(world, [type], `${good}&${more}`), 'parameter_malformed', more)
  }
  const bytes = Buffer.concat([Buffer.from(`${good}&x=`), Buffer.from([0xff, 0xfe])])
  assertRefused(await world.send('POST', '/par', { headers: [type], body: bytes }), 'parameter_malformed')
  assert.equal((await pushBody(world, [type], good)).status, 201)
})

/** What a client registered, what it pushes, and whether that will do. AS-AUTHZ-05. */
const addresses: readonly (readonly ['web' | 'native', string, string, boolean])[] = [
  ['web', redirectUri, redirectUri, true],
  ['web', redirectUri, `${redirectUri}?x=1`, false],
  ['web', redirectUri, `${redirectUri}/`, false],
  ['web', redirectUri, `${redirectUri}#x`, false],
  ['web', redirectUri, 'https://app.example/Callback', false],
  ['web', redirectUri, 'https://APP.example/callback', false],
  ['web', redirectUri, 'https://app.example:443/callback', false],
  ['web', redirectUri, 'https://app.example/x/../callback', false],
  ['web', redirectUri, 'https://app.example/%63allback', false],
  ['web', redirectUri, 'https://app.example@evil.example/callback', false],
  ['web', redirectUri, 'http://app.example/callback', false],
  ['web', redirectUri, 'http://attacker.example/cb', false],
  ['web', redirectUri, 'javascript:alert(1)', false],
  ['web', 'http://127.0.0.1/cb', 'http://127.0.0.1:49152/cb', false],
  ['native', 'http://127.0.0.1/cb', 'http://127.0.0.1:49152/cb', true],
  ['native', 'http://[::1]:80/cb', 'http://[::1]:49152/cb', true],
  ['native', 'http://127.0.0.1/cb', 'http://127.0.0.1:99999/cb', false],
  ['native', 'http://127.0.0.1/cb', 'http://127.0.0.1:1@evil.example/cb', false],
  ['native', 'http://127.0.0.1/cb', 'http://127.0.0.2/cb', false],
  ['native', 'http://127.0.0.1/cb', 'http://localhost/cb', false],
  ['native', 'http://127.0.0.1/cb', 'http://localhost.evil/cb', false],
  ['native', 'http://127.0.0.1/cb', 'http://127.0.0.1:49152/other', false],
  ['native', 'http://127.0.0.1/cb', 'http://127.0.0.1:49152/cb?x', false],
  ['native', 'http://127.0.0.1/cb', 'https://127.0.0.1:49152/cb', false],
  ['native', redirectUri, 'https://app.example:8443/callback', false],
]

test('redirect_uri_unregistered [AS-PAR-10] [AS-AUTHZ-05] byte for byte, but for the port of a native loopback', async () => {
  const world = await aWorld()
  for (const [index, [applicationType, registered, pushed, fine]] of addresses.entries()) {
    const changes = { applicationType, redirectUris: [registered] }
    const client = await register(world.store, aKnownParty(7), `client-${index}`, changes)
    const reply = await push(world, { redirect_uri: pushed }, { client })
    if (fine) assert.equal(reply.status, 201, pushed)
    else assertRefused(reply, 'redirect_uri_unregistered', pushed)
  }
})

test('grant_type_not_registered [AS-PAR-08] a client without the code grant pushes nothing', async () => {
  const world = await aWorld()
  const client = await register(world.store, aParty(), 'robot', { grantTypes: ['client_credentials'] })
  const reply = await push(world, {}, { client })
  assertRefused(reply, 'grant_type_not_registered')
  assert.deepEqual([reply.status, reply.json['error']], [400, 'unauthorized_client'])
  const narrow = await register(world.store, aParty(), 'narrow', { scope: ['openid'] })
  assertRefused(await push(world, { scope: 'openid accounts' }, { client: narrow }), 'scope_not_allowed')
  assert.equal((await push(world, { scope: 'openid' }, { client: narrow })).status, 201)
})

test('request_uri_client_mismatch [AS-PAR-06] request_uri_unknown [AS-PAR-05] only its client opens it, only by its whole name', async () => {
  const world = await aWorld()
  const pushed = await push(world)
  const uri = String(pushed.json['request_uri'])
  for (const client_id of ['client-b', 'nobody', 'Client-a', ' ', '\u007f~'.slice(1)]) {
    assertRefused(await open(world, pushed, undefined, { client_id }), 'request_uri_client_mismatch', client_id)
  }
  for (let index = uri.lastIndexOf(':') + 1; index < uri.length; index += 1) {
    const flipped = `${uri.slice(0, index)}${uri[index] === 'A' ? 'B' : 'A'}${uri.slice(index + 1)}`
    const reply = await open(world, pushed, undefined, { request_uri: flipped })
    assertRefused(reply, 'request_uri_unknown', String(index))
    assert.deepEqual([reply.status, reply.stored], [400, []])
  }
  for (const request_uri of [`${uri}A`, uri.slice(0, -1), uri.split('.')[0] ?? '', `${uri}.`]) {
    assertRefused(await open(world, pushed, undefined, { request_uri }), 'request_uri_unknown', request_uri)
  }
  assert.equal((await open(world, pushed)).status, 303)
})

test('request_uri_expired [AS-PAR-04] the first second after its life, never a sign-in page', async () => {
  const world = await aWorld()
  const pushed = await push(world)
  world.wait(89)
  assert.equal((await open(world, pushed)).status, 303)
  world.wait(1)
  const late = await open(world, pushed)
  assertRefused(late, 'request_uri_expired')
  assert.deepEqual([late.status, late.headers.get('location'), late.stored], [400, null, []])
  assert.equal((await open(world, await push(world))).status, 303)
})

test('request_uri_spent [AS-PAR-11] page loads do not spend it, completion does', async () => {
  const world = await aWorld()
  const pushed = await push(world)
  for (let load = 0; load < 4; load += 1) assert.equal((await open(world, pushed)).status, 303, 'a preview')
  const first = await signedIn(world, pushed)
  const second = await signedIn(world, pushed)
  assert.equal((await decide(second.browser, second.interaction, second.page)).status, 303)
  const reply = await decide(first.browser, first.interaction, first.page)
  assertRefused(reply, 'request_uri_spent')
  assert.deepEqual([reply.status, reply.headers.get('location'), reply.stored], [400, null, []])
  assertRefused(await decide(second.browser, second.interaction, second.page), 'request_uri_spent', 'twice in one')
  assertRefused(await decide(first.browser, first.interaction, first.page, 'deny'), 'request_uri_spent', 'denied late')
  assertRefused(await open(world, pushed), 'request_uri_spent')
  assert.ok((await aCode(world)).code)
})

test('request_no_longer_allowed [AS-PAR-12] what changed since the push counts, at every step', async () => {
  const changes = [
    { status: 'suspended' },
    { redirectUris: ['https://app.example/other'] },
    { grantTypes: ['client_credentials'] },
    { scope: ['openid'] },
  ] as const
  for (const change of changes) {
    const world = await aWorld()
    const pushed = await push(world)
    const { browser, interaction, page } = await signedIn(world, pushed)
    const before = { ...(await world.store.clients.find(world.client.clientId)) }
    await alter(world, world.client, change)
    for (const reply of [
      await open(world, pushed, aBrowser(world)),
      await browser.get(interaction),
      await decide(browser, interaction, page),
      await decide(browser, interaction, page, 'deny'),
    ]) {
      assertRefused(reply, 'request_no_longer_allowed', JSON.stringify(change))
      assert.deepEqual([reply.status, reply.headers.get('location')], [400, null])
    }
    await alter(world, world.client, before)
    assert.equal((await decide(browser, interaction, page)).status, 303, 'nothing was spent')
  }
})

test('[AS-PAR-04] the standard lifetimes lie inside their bounds', () => {
  for (const [name, bounds] of Object.entries(lifetimeBounds)) {
    assert.ok(bounds.least <= bounds.standard && bounds.standard <= bounds.most, name)
  }
  assert.ok(standardLifetimes.requestUri > 30 && standardLifetimes.requestUri < 600)
})

test('request_no_longer_allowed [AS-PAR-12] the client lost a scope between the push and the page', async () => {
  const world = await aWorld()
  const pushed = await push(world)
  await alter(world, world.client, { scope: ['openid'] })
  assertRefused(await open(world, pushed), 'request_no_longer_allowed')
})
