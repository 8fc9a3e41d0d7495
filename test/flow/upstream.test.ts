import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numericDate, subject, username } from '../../src/core/names.ts'
import type { ServerConfig } from '../../src/server/index.ts'
import { aParty } from './parties.ts'
import {
  aBrowser,
  assertRefused,
  type Browser,
  callUserinfo,
  csrfOf,
  decide,
  location,
  open,
  push,
  redeem,
  responseOf,
  signIn,
} from './steps.ts'
import { aPkcePair, type Parameters } from './messages.ts'
import { aScriptedProvider, type Says, type ScriptedProvider } from './upstream-provider.ts'
import { addPerson, aWorld, dawn, type Reply, theIssuer, type World } from './world.ts'

type Place = { readonly world: World; readonly acme: ScriptedProvider; readonly other: ScriptedProvider }

async function aPlace(config: Partial<ServerConfig> = {}): Promise<Place> {
  let now = () => numericDate(dawn)
  const acme = aScriptedProvider('acme', () => now(), {
    acrValues: ['urn:example:gold', 'urn:strongroom:acr:upstream'],
  })
  const other = aScriptedProvider('other', () => now())
  const world = await aWorld({ config, ports: { upstream: [acme.port, other.port] } })
  now = world.now
  return { world, acme, other }
}

async function started(world: World, changes: Parameters = {}, browser: Browser = aBrowser(world)) {
  const { verifier, challenge } = aPkcePair(world)
  const interaction = location(await open(world, await push(world, changes, { challenge }), browser))
  return { browser, interaction, verifier }
}

/** Posts the form of a provider. */
async function leave(browser: Browser, interaction: string, id = 'acme'): Promise<Reply> {
  const page = await browser.get(interaction)
  return browser.post(`${interaction}/sign-in/upstream/${id}`, { csrf: csrfOf(page) })
}

/** The answer to an attempt, as the browser brings it. */
function answerTo(sent: Reply, id = 'acme', code = 'a-code'): string {
  const state = new URL(location(sent)).searchParams.get('state') ?? assert.fail(sent.text)
  return `/upstream/${id}/callback?code=${code}&state=${encodeURIComponent(state)}&iss=https%3A%2F%2F${id}.example`
}

/** There and back. */
async function signInAt(browser: Browser, interaction: string, id = 'acme'): Promise<Reply> {
  return browser.get(answerTo(await leave(browser, interaction, id), id))
}

/** Tokens of somebody who signs in elsewhere. */
async function tokensOf({ world }: Place, id = 'acme', browser: Browser = aBrowser(world)) {
  const { interaction, verifier } = await started(world, { scope: 'openid profile email', prompt: 'login' }, browser)
  const back = await signInAt(browser, interaction, id)
  assert.equal(back.status, 303, back.text)
  const page = await browser.get(location(back))
  const done = page.status === 303 ? page : await decide(browser, interaction, page)
  const party = aParty()
  const reply = await redeem(world, { code: responseOf(done)['code'] ?? '', verifier }, {}, { party })
  assert.equal(reply.status, 200, reply.text)
  const token = String(reply.json['access_token'])
  const [, payload = ''] = String(reply.json['id_token']).split('.')
  const claims: Readonly<Record<string, unknown>> = JSON.parse(Buffer.from(payload, 'base64url').toString())
  return { claims, userinfo: (await callUserinfo(world, token, party)).json, browser }
}

test('a person of another provider gets tokens that say how and when they signed in there', async () => {
  const place = await aPlace()
  const { world, acme } = place
  acme.says = { person: { authTime: world.now() } }
  const { claims, userinfo } = await tokensOf(place)
  assert.deepEqual(
    [claims['acr'], claims['amr'], claims['auth_time']],
    ['urn:strongroom:acr:upstream', ['pwd', 'otp'], world.now()],
  )
  assert.deepEqual([userinfo['name'], userinfo['email']], ['Alice Doe', 'alice@acme.example'])
  const [attempt] = acme.attempts
  assert.deepEqual([attempt?.prompt, attempt?.maxAge], ['login', 3600])
  const [callback] = acme.callbacks
  assert.equal(callback?.origin, theIssuer)
  assert.equal(callback?.pathname, '/upstream/acme/callback')
  assert.equal(callback?.searchParams.get('code'), 'a-code')
})

test('the same person is the same subject in every browser, and claims follow the provider', async () => {
  const place = await aPlace()
  const { world, acme } = place
  acme.says = { person: { authTime: world.now() } }
  const first = await tokensOf(place)
  acme.says = { person: { authTime: world.now(), username: 'renamed', claims: { name: 'Alice Roe' } } }
  const second = await tokensOf(place)
  assert.equal(second.claims['sub'], first.claims['sub'])
  assert.equal(second.userinfo['name'], 'Alice Roe')
  assert.equal(second.userinfo['email'], undefined)
})

test('nobody is found by a name or an address, and the same sub elsewhere is somebody else', async () => {
  const place = await aPlace()
  const { world, acme, other } = place
  for (const provider of [acme, other]) {
    provider.says = { person: { authTime: world.now(), claims: { name: 'Alice Example', email: 'alice@example.org' } } }
  }
  const subjects = [(await tokensOf(place)).claims['sub'], (await tokensOf(place, 'other')).claims['sub'], 'user-alice']
  assert.equal(new Set(subjects).size, 3, String(subjects))
  const local = await world.store.users.byUsername(username('alice'))
  assert.deepEqual([local?.upstream, local?.subject], [undefined, 'user-alice'])
})

test('names are for people to recognise themselves by: taken ones are passed over, and any text will do', async () => {
  const place = await aPlace()
  const { world, acme } = place
  await addPerson(world.store, 'alice@acme')
  const cases = [
    ['alice', 'alice-2@acme'],
    ['alice', 'alice-3@acme'],
    [' ＡＬＩＣＥ ', 'alice-4@acme'],
    [undefined, 'person@acme'],
    ['\u0000', 'person-2@acme'],
    ['x'.repeat(200), 'person-3@acme'],
    ['y'.repeat(60), `${'y'.repeat(32)}@acme`],
    ['alice@corp.example', 'alice@corp.example@acme'],
    ['😀'.repeat(30), `${'😀'.repeat(16)}@acme`],
  ] as const
  for (const [index, [called, expected]] of cases.entries()) {
    acme.says = { person: { subject: `person-${index}`, username: called, authTime: world.now() } }
    const { claims } = await tokensOf(place)
    const user = await world.store.users.bySubject(subject(String(claims['sub'])))
    assert.equal(user?.username, expected)
    assert.deepEqual(user?.upstream, { provider: 'acme', subject: `person-${index}` })
    assert.equal(user?.passwordHash, undefined)
  }
  for (const index of [1, 2, 3, 4, 5, 6, 7]) {
    acme.says = { person: { subject: `bob-${index}`, username: 'bob', authTime: world.now() } }
    await tokensOf(place)
  }
  const names = (await world.store.users.list(100, undefined)).map((user) => user.username)
  assert.equal(names.filter((name) => /^bob-[\w-]{8}@acme$/.test(name)).length, 2, String(names))
  assert.equal(names.filter((name) => name.startsWith('bob')).length, 7)
})

test('who has no password cannot sign in with one', async () => {
  const place = await aPlace()
  const { world, acme } = place
  acme.says = { person: { authTime: world.now() } }
  await tokensOf(place)
  const { browser, interaction } = await started(world)
  for (const password of ['', 'undefined', 'correct horse']) {
    assertRefused(await signIn(browser, interaction, { username: 'alice@acme', password }), 'password_wrong')
  }
  assert.equal((await signIn(browser, interaction)).status, 303)
})

test('the page leads to every provider, and nowhere else', async () => {
  const { world } = await aPlace()
  const { browser, interaction } = await started(world)
  const page = await browser.get(interaction)
  for (const id of ['acme', 'other']) {
    assert.ok(page.text.includes(`action="${interaction}/sign-in/upstream/${id}"`), page.text)
    assert.ok(page.text.includes(`The ${id}`))
  }
  const policy = page.headers.get('content-security-policy') ?? ''
  assert.match(policy, /form-action 'self' https:\/\/app\.example https:\/\/acme\.example https:\/\/other\.example;/)
  const without = await aWorld()
  const plain = await started(without)
  const policyWithout = (await plain.browser.get(plain.interaction)).headers.get('content-security-policy') ?? ''
  assert.match(policyWithout, /form-action 'self' https:\/\/app\.example;/)
})

test('[AS-AUTHZ-14] no host that a provider names changes the policy of the page', async () => {
  const hosts = ['*', '*.example', 'x;sandbox', 'x,sandbox', "x'self'"]
  const origins = () => [...hosts.map((host) => `https://${host}`), 'https://login.example:8443', 'https://[::1]']
  const { port } = aScriptedProvider('acme', () => numericDate(dawn), { origins })
  const world = await aWorld({ ports: { upstream: [port] } })
  const { browser, interaction } = await started(world)
  const policy = (await browser.get(interaction)).headers.get('content-security-policy') ?? ''
  assert.match(policy, /form-action 'self' https:\/\/app\.example https:\/\/login\.example:8443 https:\/\/\[::1\];/)
  assert.ok(!policy.includes('sandbox') && !policy.includes('*') && !policy.includes(','), policy)
  assert.equal((await signInAt(browser, interaction)).status, 303)
})

test('the account is a reason to sign in, too; whoever is signed in there shows that they still are', async () => {
  const place = await aPlace()
  const { world, acme } = place
  acme.says = { person: { authTime: world.now() } }
  const { browser } = await tokensOf(place)
  const session = [...browser.jar].find(([name]) => name.endsWith('session'))
  const again = await browser.get(`${theIssuer}/account/sign-in`)
  assert.equal(again.status, 200, again.text)
  const sent = await browser.post(`${theIssuer}/account/sign-in/upstream/acme`, { csrf: csrfOf(again) })
  assert.equal(acme.attempts.at(-1)?.prompt, 'login')
  const back = await browser.get(answerTo(sent))
  assert.equal(location(back), `${theIssuer}/account`)
  assert.notDeepEqual(
    [...browser.jar].find(([name]) => name.endsWith('session')),
    session,
  )
})

test('upstream_unknown a provider that is not configured is none', async () => {
  const place = await aPlace()
  const { browser, interaction } = await started(place.world)
  for (const id of ['nobody', 'ACME', 'acme2', '__proto__']) {
    const reply = await leave(browser, interaction, id)
    assertRefused(reply, 'upstream_unknown', id)
    assert.equal(reply.status, 404)
    assertRefused(await browser.get(`/upstream/${id}/callback?code=x&state=y`), 'upstream_unknown', id)
  }
  assert.equal((await signInAt(browser, interaction)).status, 303)
})

test('csrf_token_invalid post_from_another_site [AS-AUTHZ-15] nobody else sends a browser to a provider', async () => {
  const { world, acme } = await aPlace()
  const { browser, interaction } = await started(world)
  const form = { csrf: csrfOf(await browser.get(interaction)) }
  const target = `${interaction}/sign-in/upstream/acme`
  assertRefused(await browser.post(target, { csrf: 'A'.repeat(43) }), 'csrf_token_invalid')
  const from = { headers: [['sec-fetch-site', 'cross-site'] as const] }
  assertRefused(await browser.post(target, form, from), 'post_from_another_site')
  assert.equal(acme.attempts.length, 0)
  assert.equal((await browser.post(target, form)).status, 303)
})

test('upstream_state_invalid [AS-AUTHZ-15] an answer counts in the browser and at the provider it was asked for', async () => {
  const { world, acme } = await aPlace()
  const { browser, interaction } = await started(world)
  const sent = await leave(browser, interaction)
  const honest = answerTo(sent)
  const state = acme.attempts[0]?.state ?? ''
  const parts = state.split('.')
  const changed = (index: number, value: string) => parts.with(index, value).join('.')
  const { interaction: another } = await started(world, {}, browser)
  const forged = [
    '',
    'x',
    changed(0, 'A'.repeat(22)),
    changed(1, (world.now() + 1).toString(36)),
    changed(2, '0'),
    changed(3, 'l'),
    changed(4, another.split('/').at(-1) ?? ''),
    changed(4, 'account'),
    changed(5, 'A'.repeat(43)),
    parts.slice(0, 5).join('.'),
    `${state}.x`,
  ]
  for (const one of forged) {
    assertRefused(await browser.get(`/upstream/acme/callback?code=x&state=${one}`), 'upstream_state_invalid', one)
  }
  assertRefused(await browser.get('/upstream/acme/callback?code=x'), 'upstream_state_invalid')
  assertRefused(await browser.get(answerTo(sent, 'other')), 'upstream_state_invalid', 'another provider')
  const victim = await started(world)
  assertRefused(await victim.browser.get(honest), 'upstream_state_invalid', 'another browser')
  assertRefused(await aBrowser(world).get(honest), 'upstream_state_invalid', 'no browser of ours')
  assert.equal(acme.callbacks.length, 0)
  assert.equal((await browser.get(honest)).status, 303)
})

test('upstream_state_invalid interaction_expired an answer that comes too late is to nothing', async () => {
  const { world } = await aPlace()
  const { browser, interaction } = await started(world)
  const sent = await leave(browser, interaction)
  const inTime = await leave(browser, interaction)
  world.wait(479)
  assert.equal((await browser.get(answerTo(inTime))).status, 303)
  world.wait(1)
  assertRefused(await browser.get(answerTo(sent)), 'upstream_state_invalid')
  const other = await started(world)
  world.wait(300)
  const late = await leave(other.browser, other.interaction)
  world.wait(300)
  assertRefused(await other.browser.get(answerTo(late)), 'interaction_expired')
  const another = await started(world)
  assert.equal((await signInAt(another.browser, another.interaction)).status, 303)
})

test('upstream_state_used [AS-AUTHZ-15] an answer counts once', async () => {
  const { world, acme } = await aPlace()
  const { browser, interaction } = await started(world)
  const answer = answerTo(await leave(browser, interaction))
  assert.equal((await browser.get(answer)).status, 303)
  const again = await browser.get(answer)
  assertRefused(again, 'upstream_state_used')
  assert.equal(again.status, 403)
  assert.match(again.text, /sign-in\/upstream\/acme/)
  assert.equal(acme.callbacks.length, 1)
  const results = await Promise.all(
    ['x', 'y']
      .map(async () => started(world))
      .map(async (one) => {
        const { browser: racing, interaction: at } = await one
        const target = answerTo(await leave(racing, at))
        const both = await Promise.all([racing.get(target), racing.get(target)])
        return both.map(({ rule }) => rule ?? 'none').toSorted()
      }),
  )
  for (const rules of results) assert.deepEqual(rules, ['none', 'upstream_state_used'])
})

const refusals: readonly (readonly [rule: string, status: number, says: Says])[] = [
  ['upstream_refused', 403, { refuses: 'upstream_refused' }],
  ['upstream_answer_invalid', 403, { refuses: 'upstream_answer_invalid' }],
]
for (const [rule, status, says] of refusals) {
  test(`${rule} [AS-AUTHZ-15] the person is back on the page they came from, and may try again`, async () => {
    const { world, acme } = await aPlace()
    const { browser, interaction } = await started(world)
    acme.says = says
    const reply = await signInAt(browser, interaction)
    assertRefused(reply, rule)
    assert.equal(reply.status, status)
    assert.ok(reply.text.includes(`action="${interaction}/sign-in/upstream/acme"`), reply.text)
    assert.deepEqual(reply.headers.getSetCookie(), [])
    acme.says = {}
    const sent = await browser.post(`${interaction}/sign-in/upstream/acme`, { csrf: csrfOf(reply) })
    assert.equal((await browser.get(answerTo(sent))).status, 303)
  })
}

test('upstream_unavailable one provider that is down leaves the other ways', async () => {
  const { world, acme } = await aPlace()
  const { browser, interaction } = await started(world)
  acme.says = { refuses: 'upstream_unavailable' }
  const reply = await leave(browser, interaction)
  assertRefused(reply, 'upstream_unavailable')
  assert.equal(reply.status, 503)
  assert.ok(reply.text.includes(`action="${interaction}/sign-in"`), reply.text)
  assert.equal((await signInAt(browser, interaction, 'other')).status, 303)
  const local = await started(world)
  assert.equal((await signIn(local.browser, local.interaction)).status, 303)
  acme.says = {}
  const recovered = await started(world)
  const sent = await leave(recovered.browser, recovered.interaction)
  acme.says = { refuses: 'upstream_unavailable' }
  assertRefused(await recovered.browser.get(answerTo(sent)), 'upstream_unavailable')
})

test('upstream_sign_in_too_old [AS-AUTHZ-15] an old sign-in at the provider is no fresh one', async () => {
  const { world, acme } = await aPlace()
  const cases: readonly (readonly [demand: Parameters, prompt: string | undefined, maxAge: number, oldest: number])[] =
    [
      [{ prompt: 'login' }, 'login', 3600, 30],
      [{ max_age: '0' }, 'login', 0, 30],
      [{ prompt: 'login', max_age: '600' }, 'login', 600, 30],
      [{ max_age: '600' }, undefined, 600, 630],
      [{ max_age: '90000' }, undefined, 3600, 3630],
      [{ prompt: 'select_account' }, 'select_account', 3600, 3630],
      [{}, undefined, 3600, 3630],
    ]
  for (const [demand, prompt, maxAge, oldest] of cases) {
    const about = JSON.stringify(demand)
    const { browser, interaction } = await started(world, demand)
    const sent = await leave(browser, interaction)
    const attempt = acme.attempts.at(-1)
    assert.deepEqual([attempt?.prompt, attempt?.maxAge], [prompt, maxAge], about)
    // People take their time; what counts is when they set out.
    const setOut = world.now()
    world.wait(120)
    acme.says = { person: { authTime: numericDate(setOut - oldest - 1) } }
    assertRefused(await browser.get(answerTo(sent)), 'upstream_sign_in_too_old', about)
    const again = await leave(browser, interaction)
    acme.says = { person: { authTime: numericDate(world.now() - oldest) } }
    assert.equal(location(await browser.get(answerTo(again))), interaction, about)
  }
})

test('upstream_sign_in_too_old what was signed in before a lock does not outlive it', async () => {
  const place = await aPlace()
  const { world, acme } = place
  acme.says = { person: { authTime: world.now() } }
  const { claims } = await tokensOf(place)
  const user = await world.store.users.bySubject(subject(String(claims['sub'])))
  const name = user?.username ?? username('nobody')
  await world.store.users.setLocked(name, 'locked', world.now())
  await world.store.users.setLocked(name, 'active', world.now())
  const { browser, interaction } = await started(world)
  assertRefused(await signInAt(browser, interaction), 'upstream_sign_in_too_old')
  world.wait(1)
  acme.says = { person: { authTime: world.now() } }
  assert.equal((await signInAt(browser, interaction)).status, 303)
})

test('user_locked [AS-AUTHZ-15] who is locked here does not come in from elsewhere', async () => {
  const place = await aPlace()
  const { world, acme } = place
  acme.says = { person: { authTime: world.now() } }
  const { claims } = await tokensOf(place)
  const user = await world.store.users.bySubject(subject(String(claims['sub'])))
  await world.store.users.setLocked(user?.username ?? username('nobody'), 'locked', world.now())
  world.wait(5)
  acme.says = { person: { authTime: world.now() } }
  const { browser, interaction } = await started(world)
  assertRefused(await signInAt(browser, interaction), 'user_locked')
  acme.says = { person: { authTime: world.now(), subject: 'somebody-else' } }
  assert.equal((await signInAt(browser, interaction)).status, 303)
})

test('a sign-in from the future is one of now', async () => {
  const place = await aPlace()
  const { world, acme } = place
  acme.says = { person: { authTime: numericDate(world.now() + 20) } }
  const { claims } = await tokensOf(place)
  assert.equal(claims['auth_time'], world.now())
})

test('signed_in_as_another whoever comes back is nobody but the one the request names', async () => {
  const place = await aPlace()
  const { world, acme } = place
  const hint = JSON.stringify({ id_token: { sub: { value: 'user-alice' } } })
  const { browser, interaction } = await started(world, { claims: hint })
  assertRefused(await signInAt(browser, interaction), 'signed_in_as_another')
  assert.equal([...browser.jar].filter(([name]) => name.endsWith('session')).length, 0)
  acme.says = { person: { authTime: world.now() } }
  await tokensOf(place)
})

test('an authentication context that is insisted on is asked for, where it can be reached', async () => {
  const { world, acme } = await aPlace()
  const claims = JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:example:gold'] } } })
  const { browser, interaction } = await started(world, { claims })
  const page = await browser.get(interaction)
  assert.ok(page.text.includes('/sign-in/upstream/acme'))
  assert.ok(!page.text.includes('/sign-in/upstream/other'), 'it cannot reach that')
  // A weaker one is asked for again.
  const weaker = await signInAt(browser, interaction)
  assert.deepEqual(acme.attempts[0]?.acrValues, ['urn:example:gold'])
  assert.match((await browser.get(location(weaker))).text, /sign-in\/upstream\/acme/)
  acme.says = { person: { authTime: world.now(), acr: 'urn:example:gold' } }
  const back = await signInAt(browser, interaction)
  assert.match((await browser.get(location(back))).text, /name="decision"/)
})

test('password_sign_in_off [AS-AUTHZ-15] where passwords are off none is asked for, and none will do', async () => {
  const { world } = await aPlace({ passwordSignIn: 'none' })
  const { browser, interaction } = await started(world)
  const page = await browser.get(interaction)
  assert.ok(!page.text.includes('name="password"'), page.text)
  const form = { csrf: csrfOf(page), username: 'alice', password: 'correct horse' }
  const reply = await browser.post(`${interaction}/sign-in`, form)
  assertRefused(reply, 'password_sign_in_off')
  assert.equal(reply.status, 403)
  assert.ok(!reply.stored.includes('attempts.raise'))
  const metadata = await world.send('GET', '/.well-known/openid-configuration')
  const contexts: unknown = metadata.json['acr_values_supported']
  assert.ok(Array.isArray(contexts) && contexts.includes('urn:example:gold'), JSON.stringify(contexts))
  assert.ok(!contexts.includes('urn:strongroom:acr:password'))
  assert.equal((await signInAt(browser, interaction)).status, 303)
})
