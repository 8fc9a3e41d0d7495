import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { after, before, beforeEach, test } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { issuer, type JsonObject, numericDate, Secret } from '../core/names.ts'
import { OAuthError } from '../core/oauth-error.ts'
import type { UpstreamAttempt, UpstreamProvider } from '../core/sign-in-ports.ts'
import { openOutbound, type Outbound } from './outbound.ts'
import { random, systemClock } from './runtime.ts'
import { openUpstream, type UpstreamConfig } from './upstream.ts'
import { aLyingProvider, type Lies, liarSecret, type LyingProvider } from './upstream/lying-provider.test-support.ts'

let liar: LyingProvider
let outbound: Outbound
const troubles: string[] = []
const redirectUri = 'https://as.example/upstream/acme/callback'

before(async () => {
  liar = await aLyingProvider()
  outbound = openOutbound(() => Promise.resolve())
})
beforeEach(() => {
  liar.lie({})
  troubles.length = 0
})
after(() => liar.close())

function configOf(changes: Partial<UpstreamConfig> = {}): UpstreamConfig {
  return {
    id: 'acme',
    name: 'Acme',
    issuer: issuer(liar.issuer),
    clientId: 'us',
    redirectUri,
    authentication: { method: 'client_secret_basic', secret: new Secret(liarSecret) },
    scope: ['openid', 'profile'],
    claims: { username: 'preferred_username', name: 'name', email: 'email' },
    acr: { gold: 'urn:example:gold', silver: 'urn:example:silver' },
    origins: [],
    ...changes,
  }
}

function aProvider(changes: Partial<UpstreamConfig> = {}, clock = systemClock): UpstreamProvider {
  const options = { clock, onTrouble: ({ message }: Error) => troubles.push(message) }
  const [provider] = openUpstream([configOf(changes)], outbound, options)
  return provider ?? assert.fail('no provider')
}

function anAttempt(changes: Partial<UpstreamAttempt> = {}): UpstreamAttempt {
  return {
    state: random(16),
    nonce: random(32),
    codeVerifier: random(32),
    maxAge: 3600,
    prompt: undefined,
    acrValues: [],
    loginHint: undefined,
    uiLocales: [],
    ...changes,
  }
}

/** Goes where the browser is sent, and returns where it is sent from there. */
async function throughTheBrowser(url: string): Promise<URL> {
  const { headers } = await fetch(url, { redirect: 'manual' })
  return new URL(headers.get('location') ?? assert.fail(url))
}

async function signIn(provider: UpstreamProvider, changes: Partial<UpstreamAttempt> = {}) {
  const attempt = anAttempt(changes)
  return provider.finish(attempt, await throughTheBrowser(await provider.begin(attempt)))
}

async function refused(rule: string, work: () => Promise<unknown>, about: unknown = rule): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof OAuthError, String(error))
    assert.equal(error.rule, rule, `${JSON.stringify(about)} ${error.detail ?? ''}`)
    return true
  })
}

test('a person comes back with what the provider says of them, and how they signed in', async () => {
  liar.lie({ userinfo: { sub: 'alice', name: 'Alice Doe', email: 'a@acme.example', email_verified: true } })
  const now = Math.floor(Date.now() / 1000)
  liar.signedInAt(() => now - 100)
  const provider = aProvider()
  assert.deepEqual(await signIn(provider), {
    subject: 'alice',
    username: undefined,
    authTime: now - 100,
    acr: 'urn:example:gold',
    amr: ['pwd'],
    claims: { name: 'Alice Doe', email: 'a@acme.example' },
  })
  assert.deepEqual(provider.acrValues, ['urn:example:gold', 'urn:example:silver', 'urn:strongroom:acr:upstream'])
  assert.deepEqual(provider.origins(), [liar.issuer])
  assert.deepEqual(troubles, [])
})

test('what an attempt asks for is asked for, with PKCE, state and nonce', async () => {
  const attempt = anAttempt({
    prompt: 'login',
    maxAge: 0,
    acrValues: ['urn:example:silver', 'urn:example:other'],
    loginHint: 'alice',
    uiLocales: ['de', 'en'],
  })
  const url = new URL(await aProvider().begin(attempt))
  const { code_challenge: challenge, ...asked } = Object.fromEntries(url.searchParams)
  assert.match(challenge ?? '', /^[\w-]{43}$/)
  assert.notEqual(challenge, attempt.codeVerifier)
  assert.deepEqual(asked, {
    client_id: 'us',
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid profile',
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge_method: 'S256',
    max_age: '0',
    prompt: 'login',
    login_hint: 'alice',
    ui_locales: 'de en',
    acr_values: 'silver',
  })
})

test('where requests can be pushed they are: the browser carries a reference', async () => {
  liar.lie({ metadata: { pushed_authorization_request_endpoint: `${liar.issuer}/par` } })
  const attempt = anAttempt()
  const url = new URL(await aProvider().begin(attempt))
  assert.deepEqual([...url.searchParams.keys()].toSorted(), ['client_id', 'request_uri'])
  assert.equal(liar.begun(attempt.state)?.['nonce'], attempt.nonce)
})

test('we authenticate as configured', async () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const secret = new Secret(liarSecret)
  const lastPost = () => liar.asked.findLast(({ path }) => path === '/token') ?? assert.fail('nothing was asked')
  await signIn(aProvider({ authentication: { method: 'client_secret_basic', secret } }))
  assert.match(String(lastPost().headers.authorization), /^Basic /)
  await signIn(aProvider({ authentication: { method: 'client_secret_post', secret } }))
  assert.equal(lastPost().form['client_secret'], liarSecret)
  const pem = String(key.export({ type: 'pkcs8', format: 'pem' }))
  const jwk = JSON.stringify({ ...rsa.export({ format: 'jwk' }), kid: 'of-the-jwk' })
  for (const [text, keyId, alg, kid] of [
    [pem, undefined, 'ES256', undefined],
    [pem, 'ours', 'ES256', 'ours'],
    [jwk, undefined, 'PS256', 'of-the-jwk'],
  ] as const) {
    await signIn(aProvider({ authentication: { method: 'private_key_jwt', key: new Secret(text), keyId } }))
    const assertion = lastPost().form['client_assertion'] ?? ''
    assert.deepEqual([decodeProtectedHeader(assertion).alg, decodeProtectedHeader(assertion).kid], [alg, kid])
    assert.deepEqual([decodeJwt(assertion).iss, decodeJwt(assertion).aud], ['us', liar.issuer])
    assert.equal(lastPost().form['client_secret'], undefined)
  }
})

const now = () => Math.floor(Date.now() / 1000)
const invalid: readonly (readonly [what: string, lies: () => Lies])[] = [
  ['no signature', () => ({ signature: 'none' })],
  ['a signature of somebody else', () => ({ signature: 'by_a_stranger' })],
  ['a signature with the secret', () => ({ signature: 'with_the_secret' })],
  ['a signature cut off', () => ({ signature: 'cut_off' })],
  ['another nonce', () => ({ claims: { nonce: 'another' } })],
  ['no nonce', () => ({ claims: { nonce: undefined } })],
  ['another issuer', () => ({ claims: { iss: 'https://evil.example' } })],
  ['another audience', () => ({ claims: { aud: 'somebody' } })],
  ['another authorized party', () => ({ claims: { aud: ['us', 'somebody'], azp: 'somebody' } })],
  ['an expired one', () => ({ claims: { exp: now() - 60 } })],
  ['no sub', () => ({ claims: { sub: undefined } })],
  ['an empty sub', () => ({ claims: { sub: '' } })],
  ['a sub that is no text', () => ({ claims: { sub: 1 } })],
  ['a sub out of bounds', () => ({ claims: { sub: 'x'.repeat(256) }, userinfo: { sub: 'x'.repeat(256) } })],
  ['no auth_time', () => ({ claims: { auth_time: undefined } })],
  ['an auth_time that is no number', () => ({ claims: { auth_time: '1' } })],
  ['an auth_time of tomorrow', () => ({ claims: { auth_time: now() + 86_400 } })],
  ['no ID token', () => ({ tokens: { id_token: undefined } })],
  ['userinfo of somebody else', () => ({ userinfo: { sub: 'mallory' } })],
  ['another iss in the response', () => ({ redirect: { iss: 'https://evil.example' } })],
  ['no iss in the response', () => ({ redirect: { iss: undefined } })],
  ['another state in the response', () => ({ redirect: { state: 'another' } })],
  ['a code of somebody else', () => ({ redirect: { code: 'another' } })],
  ['an ID token in the response', () => ({ redirect: { id_token: 'x.y.z' } })],
]
for (const [what, lies] of invalid) {
  test(`upstream_answer_invalid ${what}`, async () => {
    const provider = aProvider()
    liar.lie(lies())
    await refused('upstream_answer_invalid', () => signIn(provider), what)
    assert.equal(troubles.length, 1)
    assert.ok(!troubles.some((line) => line.includes(liarSecret) || line.includes('ey')), String(troubles))
    liar.lie({})
    assert.equal((await signIn(provider)).subject, 'alice')
  })
}

test('upstream_unavailable upstream_refused what a provider calls its error is repeated only where it is a code', async () => {
  const provider = aProvider()
  const echoed = ['of_32_characters', 'eyJhbGciOiJFUzI1NiJ9', 'SECRET', 'a'.repeat(65)]
  for (const error of echoed) {
    liar.lie({ answers: { '/token': (response) => refuseWith(error, response) } })
    await refused('upstream_unavailable', () => signIn(provider), error)
    liar.lie({ redirect: { code: undefined, error } })
    await refused('upstream_refused', () => signIn(provider), error)
  }
  assert.equal(troubles.length, 2 * echoed.length)
  assert.ok(!echoed.some((error) => troubles.join('\n').includes(error)), troubles.join('\n'))
  liar.lie({ answers: { '/token': (response) => refuseWith('invalid_client', response) } })
  await refused('upstream_unavailable', () => signIn(provider))
  assert.match(troubles.at(-1) ?? '', /invalid_client/)
  liar.lie({})
  assert.equal((await signIn(provider)).subject, 'alice')
})

test('upstream_refused a person who says no is no trouble; a request the provider does not take is', async () => {
  const provider = aProvider()
  for (const [error, told] of [
    ['access_denied', 0],
    ['invalid_scope', 1],
    ['<script>', 1],
  ] as const) {
    troubles.length = 0
    liar.lie({ redirect: { code: undefined, error, error_description: 'in many words' } })
    await refused('upstream_refused', () => signIn(provider))
    assert.equal(troubles.length, told, String(troubles))
    assert.ok(!String(troubles).includes('script') && !String(troubles).includes('words'))
  }
  liar.lie({})
  assert.equal((await signIn(provider)).subject, 'alice')
})

const unavailable: readonly (readonly [what: string, lies: Lies])[] = [
  ['a failing token endpoint', { answers: { '/token': (response) => response.writeHead(500).end() } }],
  ['one that hangs up', { answers: { '/token': (response) => response.destroy() } }],
  ['one that redirects', { answers: { '/token': (response) => response.writeHead(307, { location: '/x' }).end() } }],
  ['one that does not stop', { answers: { '/token': (response) => response.end('x'.repeat(300_000)) } }],
  ['one that does not know us', { answers: { '/token': (response) => refuseWith('invalid_client', response) } }],
  ['keys that cannot be had', { answers: { '/jwks': (response) => response.destroy() } }],
  ['trouble of its own', { redirect: { code: undefined, error: 'server_error' } }],
  ['too much to do', { redirect: { code: undefined, error: 'temporarily_unavailable' } }],
]
function refuseWith(error: string, response: ServerResponse) {
  return response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ error }))
}
for (const [what, lies] of unavailable) {
  test(`upstream_unavailable ${what}`, async () => {
    const provider = aProvider()
    await provider.begin(anAttempt())
    liar.lie(lies)
    await refused('upstream_unavailable', () => signIn(provider), what)
    assert.equal(troubles.length, 1)
    liar.lie({})
    assert.equal((await signIn(provider)).subject, 'alice')
  })
}

const unusable: readonly (readonly [what: string, metadata: JsonObject])[] = [
  ['metadata of another issuer', { issuer: 'https://evil.example' }],
  ['metadata without an authorization endpoint', { authorization_endpoint: undefined }],
  ['people sent to a page without TLS', { authorization_endpoint: 'http://evil.example/authorize' }],
  ['people sent to a script', { authorization_endpoint: 'javascript:alert(1)' }],
  ['people sent anywhere', { authorization_endpoint: 'https://*/authorize' }],
  ['a host that ends a policy', { authorization_endpoint: 'https://x;sandbox/authorize' }],
  ['a host longer than any', { authorization_endpoint: `https://${'a'.repeat(60_000)}/authorize` }],
  ['a host that begins another policy', { authorization_endpoint: 'https://x,sandbox/authorize' }],
]
for (const [what, metadata] of unusable) {
  test(`upstream_unavailable ${what}`, async () => {
    liar.lie({ metadata })
    const provider = aProvider()
    await refused('upstream_unavailable', () => provider.begin(anAttempt()), what)
    liar.lie({})
    assert.equal((await signIn(provider)).subject, 'alice')
  })
}

test('upstream_unavailable what the metadata names is asked on the public internet, and nowhere else', async () => {
  const inner = await aLyingProvider()
  const endpoints = ['token_endpoint', 'jwks_uri', 'userinfo_endpoint'] as const
  for (const endpoint of endpoints) {
    for (const url of [
      `${inner.issuer}/token`,
      'https://127.0.0.1/token',
      'https://[::1]/',
      'https://169.254.169.254/',
    ]) {
      const provider = aProvider()
      liar.lie({ metadata: { [endpoint]: url } })
      await refused('upstream_unavailable', () => signIn(provider), `${endpoint} ${url}`)
      liar.lie({})
    }
  }
  assert.deepEqual(inner.asked, [])
  // The operator may name what is not public.
  liar.lie({ metadata: { userinfo_endpoint: `${inner.issuer}/userinfo` } })
  const provider = aProvider({ origins: [inner.issuer] })
  assert.equal((await signIn(provider)).claims.name, 'Alice Doe')
  assert.deepEqual(provider.origins(), [liar.issuer, inner.issuer])
  await inner.close()
})

test('upstream_unavailable a provider that is down at the start is found when it is back', async () => {
  const late = await aLyingProvider()
  await late.close()
  const down = aProvider({ issuer: issuer(late.issuer) })
  await refused('upstream_unavailable', () => down.begin(anAttempt()))
  assert.match(troubles.join('\n'), /^sign-in at acme: /)
  liar.lie({ answers: { '/.well-known/openid-configuration': (response) => response.writeHead(503).end() } })
  const provider = aProvider()
  await refused('upstream_unavailable', () => provider.begin(anAttempt()))
  liar.lie({})
  assert.equal((await signIn(provider)).subject, 'alice')
})

test('what was discovered is kept for an hour, and for a day where nothing newer can be had', async () => {
  let time = 1_800_000_000
  const looked = () => liar.asked.filter(({ path }) => path.startsWith('/.well-known')).length
  const provider = aProvider({}, () => numericDate(time))
  await provider.begin(anAttempt())
  const first = looked()
  await Promise.all([1, 2, 3].map(() => provider.begin(anAttempt())))
  assert.equal(looked(), first)
  time += 3600
  await Promise.all([1, 2, 3].map(() => provider.begin(anAttempt())))
  assert.equal(looked(), first + 1)
  liar.lie({ answers: { '/.well-known/openid-configuration': (response) => response.destroy() } })
  time += 86_399
  await provider.begin(anAttempt())
  time += 1
  await refused('upstream_unavailable', () => provider.begin(anAttempt()))
  liar.lie({})
  await provider.begin(anAttempt())
})

test('claims count as texts only, and an address only when it was verified', async () => {
  const provider = aProvider({ claims: { username: 'nick', name: 'display', email: 'mail' } })
  const cases: readonly (readonly [claims: JsonObject, userinfo: JsonObject, expected: JsonObject])[] = [
    [
      { nick: 'al', display: 'Al', mail: 'a@b.example', email_verified: true },
      {},
      { name: 'Al', email: 'a@b.example' },
    ],
    [{ display: 'Al', mail: 'a@b.example' }, {}, { name: 'Al' }],
    [{ display: 'Al', mail: 'a@b.example', email_verified: 'true' }, {}, { name: 'Al' }],
    [{ mail: 'a@b.example' }, { email_verified: true, display: 'Bo' }, { name: 'Bo' }],
    [{ display: 'A\u202el' }, {}, {}],
    [{ display: 'x'.repeat(256) }, {}, {}],
    [{ display: { first: 'Al' } }, { display: ['Al'] }, {}],
  ]
  for (const [claims, userinfo, expected] of cases) {
    liar.lie({ claims, userinfo: { sub: 'alice', ...userinfo } })
    assert.deepEqual((await signIn(provider)).claims, expected, JSON.stringify(claims))
  }
  for (const [claims, acr, amr] of [
    [{ acr: 'silver', amr: ['pwd', 'pwd', 'otp'] }, 'urn:example:silver', ['pwd', 'otp']],
    [{ acr: 'bronze', amr: 'pwd' }, 'urn:strongroom:acr:upstream', []],
    [{ acr: 'constructor', amr: [1, 'a b', ''] }, 'urn:strongroom:acr:upstream', []],
    [{ acr: undefined, amr: undefined }, 'urn:strongroom:acr:upstream', []],
  ] as const) {
    liar.lie({ claims })
    const person = await signIn(provider)
    assert.deepEqual([person.acr, person.amr], [acr, amr], JSON.stringify(claims))
  }
})
