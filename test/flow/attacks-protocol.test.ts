/** Attacks on the way from the pushed request to the token. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIssuerKeys, issuerKeyTimes } from '../../src/guard/issuer-keys.ts'
import { isSignedByOneOf, parseCompactJws } from '../../src/core/jose.ts'
import { isJsonObject } from '../../src/core/names.ts'
import { signingAlgorithm } from '../../src/core/profile.ts'
import { rotateKeys } from '../../src/node/keys/manage.ts'
import { createVerifier, sha256 } from '../../src/node/runtime.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { aCertificate, anchorsFor } from './certificates.ts'
import { aChangingWorld } from './changing-world.ts'
import { aPkcePair, authentication, changed } from './messages.ts'
import { aParty } from './parties.ts'
import {
  aBrowser,
  aCode,
  assertRefused,
  askToken,
  clientCredentials,
  csrfOf,
  decide,
  location,
  offlineTokens,
  open,
  push,
  redeem,
  refresh,
  responseOf,
  signedIn,
  signIn,
  tokens,
} from './steps.ts'
import { aWorld, redirectUri, register, theIssuer, type World } from './world.ts'

/** A list of the metadata. */
async function advertised(world: World, name: string): Promise<readonly unknown[]> {
  const { json } = await world.send('GET', '/.well-known/openid-configuration')
  const list = json[name]
  assert.ok(Array.isArray(list) && list.length > 0, name)
  return list
}

test('[LV-06] what the metadata lists works, and what it does not list is refused', async () => {
  const world = await aWorld()
  for (const name of ['token_endpoint_auth_signing_alg_values_supported', 'dpop_signing_alg_values_supported']) {
    const algorithms = (await advertised(world, name)).map((alg) => signingAlgorithm(alg) ?? assert.fail(String(alg)))
    for (const alg of algorithms) {
      const party = aParty(alg, alg)
      const client = await register(world.store, party, `${name.slice(0, 5)}-${alg}`.toLowerCase())
      assert.equal((await clientCredentials(world, {}, { client, party })).status, 200, `${name} ${alg}`)
    }
    for (const alg of ['none', 'RS256', 'HS256', 'PS512']) {
      assert.ok(!algorithms.some((known) => known === alg))
      const refused = await clientCredentials(world, {}, { assertion: { header: { alg } } })
      assertRefused(refused, 'client_assertion_algorithm_not_allowed')
    }
  }
  const lists = [
    ['response_types_supported', 'response_type', ['code id_token', 'token', 'id_token'], 'response_type_unsupported'],
    ['response_modes_supported', 'response_mode', ['fragment', 'form_post', 'jwt'], 'response_mode_unsupported'],
    ['code_challenge_methods_supported', 'code_challenge_method', ['plain'], 'code_challenge_method_unsupported'],
  ] as const
  for (const [name, parameter, others, rule] of lists) {
    const listed = await advertised(world, name)
    for (const value of listed) assert.equal((await push(world, { [parameter]: String(value) })).status, 201, name)
    for (const value of others) {
      assert.ok(!listed.includes(value))
      assertRefused(await push(world, { [parameter]: value }), rule, value)
    }
  }
  const grants = await advertised(world, 'grant_types_supported')
  for (const grant of ['authorization_code', 'client_credentials', 'refresh_token']) assert.ok(grants.includes(grant))
  assert.equal(grants.length, 3)
  for (const grant of ['password', 'implicit', 'urn:ietf:params:oauth:grant-type:device_code', 'none']) {
    assertRefused(await askToken(world, { grant_type: grant }), 'grant_type_unsupported')
  }
  assert.deepEqual(await advertised(world, 'token_endpoint_auth_methods_supported'), ['private_key_jwt'])
  const secret = { form: changed({ client_id: 'client-a', client_secret: 'x', grant_type: 'client_credentials' }, {}) }
  assertRefused(await world.send('POST', '/token', secret), 'client_authentication_method_unsupported')
  const { json } = await world.send('GET', '/.well-known/openid-configuration')
  assert.equal(json['authorization_response_iss_parameter_supported'], true)
  assert.equal(json['require_pushed_authorization_requests'], true)
  const { response, verifier, code } = await aCode(world)
  assert.equal(response['iss'], theIssuer)
  assert.equal((await redeem(world, { code, verifier })).status, 200)
})

test('[LV-09] through a rotation no token is refused by a verifier that remembers the keys it read', async () => {
  const { world, options, pass } = await aChangingWorld()
  const verify = createVerifier({ cacheSize: 100 })
  // One verifier asks all the time, the other wakes up rarely; both keep what they read as long as they may.
  const verifiers = [1, 8].map((every) => ({
    every,
    keys: createIssuerKeys({
      issuer: theIssuer,
      fetchJson: async (url) => (await world.send('GET', url.slice(theIssuer.length))).json,
      clock: world.now,
      hash: sha256,
    }),
  }))
  const alive: { readonly token: string; readonly end: number }[] = []
  const kids = new Set<unknown>()
  await rotateKeys(options, { algorithms: ['ES256'], activation: 'ahead' })
  for (let step = 0; step < 60; step += 1) {
    const reply = await clientCredentials(world)
    assert.equal(reply.status, 200)
    alive.push({ token: String(reply.json['access_token']), end: world.now() + 300 })
    for (const { keys: known } of verifiers.filter(({ every }) => step % every === 0)) {
      for (const { token } of alive.filter(({ end }) => end > world.now())) {
        const jws = parseCompactJws(token)
        kids.add(jws.header['kid'])
        const found = await known.keys({ alg: 'ES256', kid: jws.header['kid'] })
        assert.ok((await isSignedByOneOf(jws, found, verify)) !== undefined, `step ${step}`)
      }
    }
    await pass(20)
  }
  assert.equal(kids.size, 2)
  assert.ok(issuerKeyTimes.fresh < 360, 'published for longer than a verifier remembers')
})

const own = aCertificate('CN=app,O=Example')
const [expired, selfMade] = [aCertificate('CN=app,O=Example'), aCertificate('CN=app,O=Example')]

test('client_certificate_missing client_certificate_untrusted client_certificate_malformed [LV-30] no certificate, a bad one and a failed one get no token, bound or not', async () => {
  const verdicts = new Map([[own, 'trusted'] as const, [expired, 'expired'] as const])
  const world = await aWorld({
    config: { mutualTlsOrigin: 'https://mtls.as.example' },
    ports: { trustAnchors: anchorsFor(verdicts) },
  })
  const app = await register(world.store, aParty(), 'app', {
    authMethod: 'tls_client_auth',
    certificateName: { kind: 'dn', value: 'CN=app,O=Example' },
    binding: 'certificate',
    keys: [],
  })
  const form = changed({ grant_type: 'client_credentials', scope: 'accounts', client_id: app.clientId }, {})
  const optionalVerify = [
    ['ssl-client-verify', 'FAILED:self signed certificate'],
    ['x-ssl-client-verify', 'NONE'],
    ['x-ssl-client-cert', ''],
  ] as const
  const attempts = [
    [{ entrance: 'mtls' }, 'client_certificate_missing'],
    [{ entrance: 'main' }, 'client_certificate_missing'],
    [{ entrance: 'mtls', headers: optionalVerify }, 'client_certificate_missing'],
    [{ entrance: 'mtls', certificateTrouble: 'malformed' }, 'client_certificate_malformed'],
    [{ entrance: 'mtls', certificate: selfMade }, 'client_certificate_untrusted'],
    [{ entrance: 'mtls', certificate: expired }, 'client_certificate_expired'],
  ] as const
  for (const [sent, rule] of attempts) {
    const refused = await world.send('POST', '/token', { form, ...sent })
    assertRefused(refused, rule)
    assert.deepEqual([refused.status, refused.json['error'], refused.stored], [401, 'invalid_client', []], rule)
    assert.equal(refused.json['access_token'], undefined)
  }
  // Who authenticates with a key and binds by certificate gets nothing unbound either.
  const mixed = await register(world.store, aParty(), 'mixed', { binding: 'certificate' })
  const withKey = changed({ grant_type: 'client_credentials', scope: 'accounts' }, {})
  for (const entrance of ['main', 'mtls'] as const) {
    const unbound = await world.send('POST', '/token', {
      form: [...withKey, ...(await authentication(world, mixed))],
      entrance,
    })
    assertRefused(unbound, 'binding_certificate_missing')
  }
  const honest = await world.send('POST', '/token', { form, entrance: 'mtls', certificate: own })
  assert.equal(honest.status, 200, honest.text)
})

test('[ER-05] beside a request_uri nothing counts, at the first opening, at the next and on every page', async () => {
  const world = await aWorld()
  const { verifier, challenge } = aPkcePair(world)
  const party = aParty()
  const pushed = await push(world, { dpop_jkt: party.key.thumbprint }, { challenge })
  const beside = {
    scope: 'openid payments offline_access',
    redirect_uri: 'https://evil.test/cb',
    state: 'evil',
    response_mode: 'fragment',
    nonce: 'evil',
    prompt: 'none',
    max_age: '0',
    dpop_jkt: aParty().key.thumbprint,
    code_challenge: aPkcePair(world).challenge,
    claims: '{"id_token":{"acr":{"essential":true,"value":"evil"}}}',
  }
  const browser = aBrowser(world)
  const extra = new URLSearchParams(beside).toString()
  for (let round = 0; round < 2; round += 1) {
    const opened = await open(world, pushed, browser, beside)
    assert.equal(opened.status, 303)
    assert.ok(!location(opened).includes('evil'))
  }
  const interaction = location(await open(world, pushed, browser, beside))
  const page = await browser.get(`${interaction}?${extra}`)
  assert.ok(!page.text.includes('evil'))
  await browser.post(`${interaction}/sign-in`, { csrf: csrfOf(page), username: 'alice', password: 'correct horse' })
  const consent = await browser.get(interaction)
  assert.ok(!consent.text.includes('payments') && !consent.text.includes('evil'))
  const form = { csrf: csrfOf(consent), decision: 'allow', ...beside }
  const response = responseOf(await browser.post(`${interaction}/consent`, form))
  assert.equal(response['state'], 'a state')
  const code = { code: response['code'] ?? '', verifier }
  const reply = await redeem(world, code, {}, { party })
  assert.equal(reply.json['scope'], 'openid profile accounts')
})

test('[ER-05] a request object beside a request_uri replaces nothing', async () => {
  const world = await aWorld()
  const browser = aBrowser(world)
  const request = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"scope":"payments","redirect_uri":"https://evil.test"}').toString('base64url')}.`
  const opened = await open(world, await push(world), browser, { request })
  if (opened.status === 303) {
    await signIn(browser, location(opened))
    const page = await browser.get(location(opened))
    assert.ok(!page.text.includes('payments') && !page.text.includes('evil.test'))
  } else assert.equal(opened.event?.outcome, 'refused')
  assert.equal((await tokens(world)).reply.status, 200)
})

test('request_uri_client_mismatch code_client_mismatch code_verifier_mismatch [ER-06] a request of somebody else in the victim’s redirect leads to no token for either', async () => {
  const world = await aWorld()
  const ofThief = aPkcePair(world)
  // The thief is another client: its urn does not open under the name of the client that the person meant.
  const foreign = await push(world, {}, { client: world.otherClient, challenge: ofThief.challenge })
  assertRefused(await open(world, foreign), 'request_uri_client_mismatch')
  // Under its own name the person sees who asks, and for what.
  const { page } = await signedIn(world, foreign, aBrowser(world), world.otherClient)
  assert.ok(page.text.includes('The client-b') && !page.text.includes('The client-a'))
  // The thief is a user of the same client: the code is tied to the request the thief pushed.
  const swapped = await push(world, { state: 'of the thief' }, { challenge: ofThief.challenge })
  const way = await signedIn(world, swapped)
  const response = responseOf(await decide(way.browser, way.interaction, way.page))
  assert.equal(response['state'], 'of the thief', 'which is not what the victim’s session waits for')
  const code = response['code'] ?? ''
  // Without the key of the client the thief has no use for it, even with the verifier.
  const stolen = { code, verifier: ofThief.verifier }
  assertRefused(await redeem(world, stolen, {}, { client: world.otherClient }), 'code_client_mismatch')
  const another = await aCode(world)
  const ofVictim = { code: another.code, verifier: aPkcePair(world).verifier }
  assertRefused(await redeem(world, ofVictim), 'code_verifier_mismatch')
  assert.equal((await redeem(world, await aCode(world))).status, 200)
})

test('[ER-07] nothing that was pushed shows in the browser before the answer, also where something goes wrong', async () => {
  const world = await aWorld()
  const marked = (name: string) => `marked-${name}-${world.random(6)}`
  const pushedMarks = { state: marked('state'), nonce: marked('nonce') }
  const { challenge } = aPkcePair(world)
  const jkt = aParty().key.thumbprint
  const claims = JSON.stringify({ id_token: { auth_time: null, [marked('claim')]: null } })
  const pushed = await push(world, { ...pushedMarks, dpop_jkt: jkt, claims }, { challenge })
  assert.equal(pushed.status, 201, pushed.text)
  const browser = aBrowser(world)
  const opened = await open(world, pushed, browser)
  const interaction = location(opened)
  const replies = [
    opened,
    await browser.get(interaction),
    await signIn(browser, interaction, { password: 'wrong' }),
    await signIn(browser, interaction, { csrf: 'wrong' }),
    await aBrowser(world).get(interaction),
    await open(world, pushed, aBrowser(world), { client_id: 'client-b' }),
    await signIn(browser, interaction),
    await browser.get(interaction),
  ]
  const secrets = [...Object.values(pushedMarks), 'marked-claim', challenge, jkt, redirectUri]
  for (const reply of replies) {
    const seen = JSON.stringify([...reply.headers]) + reply.text
    for (const secret of secrets) assert.ok(!seen.includes(secret), secret)
    assert.equal(reply.headers.get('referrer-policy'), 'no-referrer')
  }
  for (const cookie of browser.jar.values()) assert.ok(!secrets.some((secret) => cookie.includes(secret)))
  const consent = await browser.get(interaction)
  assert.equal(responseOf(await decide(browser, interaction, consent))['state'], pushedMarks.state)
})

test('[ER-23] after a password was posted the browser is told to forget the body, whatever the outcome', async () => {
  const world = await aWorld()
  const browser = aBrowser(world)
  const interaction = location(await open(world, await push(world), browser))
  const wrong = await signIn(browser, interaction, { password: 'wrong' })
  const right = await signIn(browser, interaction)
  const again = await browser.post(`${interaction}/sign-in`, {
    username: 'alice',
    password: 'correct horse',
    csrf: 'x',
  })
  const done = await decide(browser, interaction, await browser.get(interaction))
  for (const reply of [wrong, right, again, done]) {
    assert.ok(reply.status === 303 || (reply.status >= 400 && reply.status < 500), `${reply.status}`)
    assert.ok(!/correct|horse|password=/.test(location(reply)))
  }
  assert.deepEqual([right.status, right.text, done.status, done.text], [303, '', 303, ''])
  assert.equal(responseOf(done)['iss'], theIssuer)
})

/** Every text among the arguments of a call. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(textsIn)
  return isJsonObject(value) ? Object.values(value).flatMap(textsIn) : []
}

/** The same object, whose every call is noted with what it was given. */
function watched<Target extends object>(target: Target, note: (text: string) => void): Target {
  return new Proxy(target, {
    get: (from, name) => {
      const value: unknown = Reflect.get(from, name)
      if (typeof value === 'function') {
        return (...given: readonly unknown[]): unknown => {
          for (const text of textsIn(given)) note(text)
          return Reflect.apply(value, from, given)
        }
      }
      return typeof value === 'object' && value !== null ? watched(value, note) : value
    },
  })
}

test('[AL-07] no store is ever asked for a secret itself: it meets digests, compared in constant time', async () => {
  const asked = new Set<string>()
  const world = await aWorld({
    store: async (clock) => watched(createMemoryStore({ clock }), (text) => asked.add(text)),
  })
  const flow = await offlineTokens(world)
  assert.equal((await refresh(world, flow.refreshToken)).status, 200)
  const almost = { code: `${flow.code.slice(0, -1)}_`, verifier: flow.verifier }
  assertRefused(await redeem(world, almost), 'code_unknown')
  assertRefused(await refresh(world, `${flow.refreshToken.slice(0, -1)}_`), 'refresh_token_unknown')
  const ends = (secret: unknown) => String(secret).split('.').at(-1) ?? ''
  const secrets = [
    ends(flow.code),
    ends(flow.refreshToken),
    ends(flow.pushed.json['request_uri']),
    flow.verifier,
    flow.accessToken,
    ...[...flow.browser.jar.values()].map(ends),
  ].filter((text) => text !== '')
  assert.ok(secrets.length > 6 && asked.size > 20)
  for (const secret of secrets) {
    for (const text of asked) assert.ok(!text.includes(secret), secret.slice(0, 4))
  }
  assert.equal((await tokens(world)).reply.status, 200)
})
