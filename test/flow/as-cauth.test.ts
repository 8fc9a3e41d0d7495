import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { encodeBase64url } from '../../src/core/jose.ts'
import { numericDate } from '../../src/core/names.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import {
  aJwt,
  anAssertion,
  aProof,
  aPush,
  aRawJws,
  authentication,
  type Changes,
  changed,
  jwtBearer,
  type Parameters,
} from './messages.ts'
import { aParty, type TestClient } from './parties.ts'
import { aCode, assertRefused, clientCredentials, push, redeem } from './steps.ts'
import { alter, aWorld, register, type Reply, type Sent, theIssuer, urls, type World } from './world.ts'

const steps = ['par', 'token'] as const
type Step = (typeof steps)[number]

/** A request that is valid in everything but, perhaps, its credentials. */
async function ask(
  world: World,
  step: Step,
  credentials: readonly (readonly [string, string])[],
  { headers = [], parameters = {} }: { headers?: Sent['headers']; parameters?: Parameters } = {},
): Promise<Reply> {
  if (step === 'par') {
    const form = [...changed(aPush(world), parameters), ...credentials]
    return world.send('POST', '/par', { form, headers })
  }
  const proof = await aProof(world, aParty(), 'POST', urls.token)
  const form = [...changed({ grant_type: 'client_credentials', scope: 'accounts' }, parameters), ...credentials]
  return world.send('POST', '/token', { form, headers: [['dpop', proof], ...headers] })
}

function asserted(world: World, step: Step, changes: Changes, client: TestClient = world.client): Promise<Reply> {
  const more = { assertion: changes, client }
  return step === 'par' ? push(world, {}, more) : clientCredentials(world, {}, more)
}

async function assertStillServed(world: World, about: string): Promise<void> {
  assert.equal((await push(world)).status, 201, about)
  assert.equal((await clientCredentials(world)).status, 200, about)
}

/** The answer without what is new each time. */
function uniform(reply: Reply): string {
  const headers = [...reply.headers].filter(([name]) => !/correlation|interaction-id|dpop-nonce/.test(name))
  const { correlation_id: _, ...body } = reply.json
  return JSON.stringify([reply.status, headers, body])
}

type CredentialCase = readonly [
  rule: string,
  about: string,
  credentials: readonly (readonly [string, string])[],
  headers: readonly (readonly [string, string])[],
]

/** What is no client authentication, by the title of its test. */
async function credentialCases(world: World): Promise<Readonly<Record<string, readonly CredentialCase[]>>> {
  const basic = ['authorization', `Basic ${btoa('client-a:secret')}`] as const
  const secret = ['client_secret', 'secret'] as const
  const assertion = ['client_assertion', await anAssertion(world)] as const
  const type = ['client_assertion_type', jwtBearer] as const
  const hmac = `${encodeBase64url('{"alg":"HS256"}')}.${encodeBase64url('{}')}`
  return {
    'client_authentication_missing client_authentication_method_unsupported client_assertion_type_unsupported [AS-CAUTH-01] [AS-META-04]':
      [
        ['client_authentication_missing', 'a bare client_id', [], []],
        ['client_authentication_missing', 'a type without an assertion', [type], []],
        ['client_authentication_missing', 'a proof is no credential [AS-DPOP-10]', [], []],
        ['client_authentication_method_unsupported', 'client_secret_basic', [], [basic]],
        ['client_authentication_method_unsupported', 'client_secret_post', [secret], []],
        [
          'client_assertion_algorithm_not_allowed',
          'client_secret_jwt',
          [type, ['client_assertion', await hs256(world)]],
          [],
        ],
        ['client_assertion_malformed', 'client_secret_jwt without claims', [type, ['client_assertion', hmac]], []],
        ['client_assertion_type_unsupported', 'no type', [assertion], []],
        [
          'client_assertion_type_unsupported',
          'SAML',
          [['client_assertion_type', jwtBearer.replace('jwt', 'saml2')], assertion],
          [],
        ],
      ],
    'client_authentication_ambiguous parameter_repeated [AS-CAUTH-03]': [
      ['client_authentication_ambiguous', 'assertion and secret', [type, assertion, secret], []],
      ['client_authentication_ambiguous', 'assertion and Basic', [type, assertion], [basic]],
      ['parameter_repeated', 'two assertions', [type, assertion, assertion], []],
      ['parameter_repeated', 'two types', [type, type, assertion], []],
    ],
  }
}

for (const title of Object.keys(await credentialCases(await aWorld()))) {
  test(`${title} nothing but one client assertion authenticates`, async () => {
    const world = await aWorld()
    const cases = (await credentialCases(world))[title] ?? []
    assert.ok(cases.length > 3)
    for (const step of steps) {
      for (const [rule, about, credentials, headers] of cases) {
        const reply = await ask(world, step, credentials, { headers, parameters: { client_id: 'client-a' } })
        assertRefused(reply, rule, `${step}: ${about}`)
        assert.equal(reply.status, rule.endsWith('ambiguous') || rule.endsWith('repeated') ? 400 : 401)
        assert.equal(reply.headers.get('www-authenticate') !== null, reply.status === 401 && headers.length > 0, about)
        assert.deepEqual(reply.stored, [], about)
      }
      await assertStillServed(world, step)
    }
  })
}

/** An assertion signed with the public key as if it were a shared secret. */
async function hs256(world: World): Promise<string> {
  const input = (await anAssertion(world, world.client, { header: { alg: 'HS256' } })).split('.').slice(0, 2).join('.')
  const secret = JSON.stringify(world.client.key.jwk)
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

test('client_authentication_missing [AS-CAUTH-02] a code, verifier and client_id without credential exchange nothing', async () => {
  const world = await aWorld()
  const { code, verifier } = await aCode(world)
  const parameters = {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    client_id: 'client-a',
    scope: undefined,
  }
  assertRefused(await ask(world, 'token', [], { parameters }), 'client_authentication_missing')
  assert.equal((await redeem(world, { code, verifier })).status, 200, 'the code was not touched')
})

/** One thing broken in an assertion and the rule that says so, by the rows that ask for it. */
function brokenAssertions(
  world: World,
): Readonly<Record<string, readonly (readonly [rule: string, about: string, changes: Changes])[]>> {
  const now = world.now()
  const stranger = aParty()
  const rsa = aParty('PS256', 'c1')
  const claims = (changed: Changes['claims']): Changes => (changed === undefined ? {} : { claims: changed })
  const algorithms = ['RS256', 'HS256', 'ES384', 'ES256K', 'none', 'None', 'nOnE', '', 'es256', 1, null, undefined]
  const wrongAlgorithms = algorithms.map(
    (alg) => ['client_assertion_algorithm_not_allowed', `alg ${String(alg)}`, { header: { alg } }] as const,
  )
  return {
    '[AS-CAUTH-04]': [
      ['client_assertion_claim_missing', 'no iss', claims({ iss: undefined })],
      ['client_assertion_claim_missing', 'no sub', claims({ sub: undefined })],
      ['client_assertion_claim_missing', 'no jti', claims({ jti: undefined })],
      ['client_assertion_claim_missing', 'no exp', claims({ exp: undefined })],
      ['client_assertion_malformed', 'an empty jti', claims({ jti: '' })],
      ['client_assertion_malformed', 'a jti that fills memory', claims({ jti: 'j'.repeat(257) })],
      ['client_assertion_malformed', 'exp as text', claims({ exp: String(now + 60) })],
      ['client_assertion_issuer_subject_mismatch', 'iss is not sub', claims({ iss: 'client-b' })],
      ['client_assertion_issuer_subject_mismatch', 'sub in other case', claims({ sub: 'Client-a' })],
      ['client_unknown', 'nobody [AS-CAUTH-12]', claims({ iss: 'nobody', sub: 'nobody' })],
      ['client_unknown', 'no client id at all', claims({ iss: 'no body', sub: 'no body' })],
      ['client_unknown', 'a prototype', claims({ iss: '__proto__', sub: '__proto__' })],
    ],
    '[AS-CAUTH-05]': [
      undefined,
      [theIssuer],
      [theIssuer, 'https://other.example'],
      urls.token,
      urls.par,
      `${theIssuer}/`,
      'https://AS.example',
      'https://mtls.as.example',
      `${theIssuer}:443`,
      ` ${theIssuer}`,
      '',
      { iss: theIssuer },
      true,
    ].map((aud) => ['client_assertion_audience_wrong', `aud ${JSON.stringify(aud)}`, claims({ aud })] as const),
    '[AS-CAUTH-06]': [
      ['client_assertion_from_the_future', 'iat 61 s ahead', claims({ iat: now + 61 })],
      ['client_assertion_from_the_future', 'nbf 61 s ahead', claims({ nbf: now + 61 })],
      ['client_assertion_from_the_future', 'iat 31 s ahead: our choice', claims({ iat: now + 31 })],
      ['client_assertion_expired', 'exp 300 s ago', claims({ exp: now - 300 })],
      ['client_assertion_expired', 'exp now', claims({ exp: now })],
    ],
    '[AS-CAUTH-07]': [
      ['client_assertion_lifetime_too_long', 'a day', claims({ exp: now + 86_400 })],
      ['client_assertion_lifetime_too_long', '301 s', claims({ exp: now + 301 })],
      ['client_assertion_lifetime_too_long', 'for ever', claims({ exp: Number.MAX_SAFE_INTEGER })],
    ],
    '[AS-CAUTH-08] [AS-META-05]': [
      ...wrongAlgorithms,
      ['client_assertion_key_unknown', 'ES256 named, RSA meant', { header: { kid: 'c2' } }],
      ['client_assertion_key_unknown', 'PS256 named for an EC key', { header: { alg: 'PS256' }, signer: rsa.signer }],
      [
        'client_assertion_signature_invalid',
        'an RSA signature as ES256',
        { header: { alg: 'ES256' }, signer: rsa.signer },
      ],
    ],
    '[AS-CAUTH-09] [KEY-08]': [
      ['client_assertion_key_unknown', 'an unknown kid', { header: { kid: 'nobody' } }],
      ['client_assertion_signature_invalid', 'another key', { signer: stranger.signer }],
      [
        'client_assertion_signature_invalid',
        'its own jwk',
        { header: { jwk: stranger.key.jwk }, signer: stranger.signer },
      ],
      [
        'client_assertion_signature_invalid',
        'jku',
        { header: { jku: 'http://169.254.169.254/' }, signer: stranger.signer },
      ],
      [
        'client_assertion_signature_invalid',
        'x5u',
        { header: { x5u: 'https://evil.example/' }, signer: stranger.signer },
      ],
      ['client_assertion_signature_invalid', 'x5c', { header: { x5c: ['MIIB'] }, signer: stranger.signer }],
    ],
    '[AS-CAUTH-11]': ['dpop+jwt', 'oauth-authz-req+jwt', 'at+jwt', 'logout+jwt', 'jwt', '', null, 7].map(
      (typ) => ['client_assertion_typ_wrong', `typ ${String(typ)}`, { header: { typ } }] as const,
    ),
    '[KEY-05] [KEY-11]': [
      ['client_assertion_malformed', 'crit', { header: { crit: ['x'], x: 1 } }],
      ['client_assertion_malformed', 'four parts', { text: (jwt) => `${jwt}.` }],
      ['client_assertion_malformed', 'no signature [KEY-02]', { text: (jwt) => jwt.replace(/[^.]*$/, '') }],
      ['client_assertion_malformed', 'no JWS', { text: () => 'x' }],
      ['client_assertion_malformed', 'too long', { text: (jwt) => jwt + 'A'.repeat(17_000) }],
    ],
    '[KEY-01] [KEY-02]': [
      ...wrongAlgorithms,
      ['client_assertion_malformed', 'no signature', { text: (jwt) => jwt.replace(/[^.]*$/, '') }],
    ],
  }
}

const assertionAnswers = new Set<string>()

for (const rows of Object.keys(brokenAssertions(await aWorld()))) {
  test(`client_assertion_* ${rows} one thing broken, at PAR and token`, async () => {
    const world = await aWorld()
    await register(world.store, aParty('PS256', 'c2'), 'client-rsa')
    const cases = brokenAssertions(world)[rows] ?? []
    assert.ok(cases.length > 2)
    for (const [rule, about, changes] of cases) {
      for (const step of steps) {
        const reply = await asserted(world, step, changes)
        assertRefused(reply, rule, `${step}: ${about}`)
        assert.equal(reply.status, 401, about)
        assert.equal(reply.json['rule'], 'client_authentication_failed')
        assert.deepEqual(reply.stored, [], about)
        assertionAnswers.add(uniform(reply))
      }
    }
    await assertStillServed(world, 'control')
    assert.equal(assertionAnswers.size, 1, `one answer for all: ${[...assertionAnswers].join('\n')}`)
  })
}

test('client_assertion_malformed [KEY-11] a member that stands twice, __proto__, a BOM, JSON serialization', async () => {
  const world = await aWorld()
  const { signer, clientId } = world.client
  const now = world.now()
  const good = `"iss":"${clientId}","sub":"${clientId}","aud":"${theIssuer}","exp":${now + 60},"jti":"j"`
  const texts = {
    'aud twice': await aRawJws('{"alg":"ES256"}', `{${good},"aud":"x"}`, signer),
    'alg twice': await aRawJws('{"alg":"none","alg":"ES256"}', `{${good}}`, signer),
    'an escaped name twice': await aRawJws('{"alg":"ES256"}', `{${good},"\\u0061ud":"x"}`, signer),
    __proto__: await aRawJws('{"alg":"ES256"}', `{${good},"__proto__":{"admin":true}}`, signer),
    'a BOM': await aRawJws('\ufeff{"alg":"ES256"}', `{${good}}`, signer),
    'an array': await aRawJws('{"alg":"ES256"}', `[{${good}}]`, signer),
    'nested deeply': await aRawJws('{"alg":"ES256"}', `{${good},"x":${'['.repeat(20)}${']'.repeat(20)}}`, signer),
    'JSON serialization': JSON.stringify({ payload: 'e30', protected: 'e30', signature: 'e30' }),
  }
  for (const [about, text] of Object.entries(texts)) {
    for (const step of steps)
      assertRefused(await asserted(world, step, { text: () => text }), 'client_assertion_malformed', about)
  }
  const fine = await aRawJws('{"alg":"ES256"}', `{${good}}`, signer)
  assert.equal((await asserted(world, 'par', { text: () => fine })).status, 201)
})

test('[AS-CAUTH-06] [AS-CAUTH-11] what has to be accepted', async () => {
  const world = await aWorld()
  const now = world.now()
  const accepted: readonly (readonly [string, Changes])[] = [
    ['iat and nbf 8 s ahead', { claims: { iat: now + 8, nbf: now + 8 } }],
    ['iat and nbf 30 s ahead', { claims: { iat: now + 30, nbf: now + 30 } }],
    ['no iat', { claims: { iat: undefined } }],
    ['300 s', { claims: { exp: now + 300 } }],
    ['no typ', { header: { typ: undefined } }],
    ['typ JWT', { header: { typ: 'JWT' } }],
    ['its own typ', { header: { typ: 'client-authentication+jwt' } }],
    ['no kid', { header: { kid: undefined } }],
    ['more claims', { claims: { azp: 'x', nested: { deep: [1] } } }],
  ]
  for (const [about, changes] of accepted) {
    assert.equal((await asserted(world, 'par', changes)).status, 201, about)
    assert.equal((await asserted(world, 'token', changes)).status, 200, about)
  }
})

test('client_assertion_algorithm_not_allowed [AS-CAUTH-08] the one algorithm that is registered', async () => {
  const world = await aWorld()
  const [ec, rsa] = [aParty('ES256'), aParty('PS256')]
  const changes = { keys: [ec.key, rsa.key], tokenEndpointAuthSigningAlg: 'PS256' } as const
  const client = await register(world.store, rsa, 'client-c', changes)
  for (const step of steps) {
    assertRefused(await asserted(world, step, { signer: ec.signer }, client), 'client_assertion_algorithm_not_allowed')
    assert.ok((await asserted(world, step, {}, client)).status < 300)
  }
})

test('client_assertion_replayed [AS-CAUTH-07] the same assertion twice, at any two endpoints', async () => {
  for (const first of steps) {
    for (const second of steps) {
      const world = await aWorld()
      const text = await anAssertion(world)
      const again = { text: () => text }
      assert.ok((await asserted(world, first, again)).status < 300)
      const reply = await asserted(world, second, again)
      assertRefused(reply, 'client_assertion_replayed', `${first}, ${second}`)
      assert.deepEqual([reply.status, reply.stored], [401, []])
      world.wait(59)
      assertRefused(await asserted(world, second, again), 'client_assertion_replayed', 'until the end of its life')
      world.wait(1)
      assertRefused(await asserted(world, second, again), 'client_assertion_expired')
      await assertStillServed(world, `${first}, ${second}`)
    }
  }
})

test('client_assertion_replayed [AS-CAUTH-07] [SK-25] other bytes around the same jti are the same assertion', async () => {
  const world = await aWorld()
  const claims = { jti: 'one' }
  assert.equal((await asserted(world, 'par', { claims })).status, 201)
  assertRefused(await asserted(world, 'par', { claims: { ...claims, more: 1 } }), 'client_assertion_replayed')
  const other = await asserted(world, 'par', { claims }, world.otherClient)
  assert.equal(other.status, 201, 'another client may pick the same jti')
})

test('client_assertion_before_restart [AS-CAUTH-07] what may have been used and forgotten is refused', async () => {
  const world = await aWorld({ store: async (clock) => createMemoryStore({ clock, epoch: numericDate(clock() - 10) }) })
  const now = world.now()
  for (const step of steps) {
    for (const claims of [{ iat: now - 11 }, { iat: undefined, exp: now + 60 }]) {
      assertRefused(await asserted(world, step, { claims }), 'client_assertion_before_restart')
    }
    assert.ok((await asserted(world, step, { claims: { iat: now - 10 } })).status < 300)
  }
})

test('client_id_mismatch [AS-CAUTH-10] [AS-PAR-09] the parameter names another client', async () => {
  const world = await aWorld()
  for (const step of steps) {
    for (const client_id of ['client-b', 'Client-a', 'nobody']) {
      const reply = await ask(world, step, await authentication(world), { parameters: { client_id } })
      assertRefused(reply, 'client_id_mismatch', step)
      assert.equal(reply.status, 401)
    }
    const control = await ask(world, step, await authentication(world), { parameters: { client_id: 'client-a' } })
    assert.ok(control.status < 300, control.text)
  }
})

test('client_suspended [AS-CAUTH-12] [AS-PAR-12] a suspended client is nobody, to the outside', async () => {
  const world = await aWorld()
  await alter(world, world.otherClient, { status: 'suspended' })
  for (const step of steps) {
    const suspended = await asserted(world, step, {}, world.otherClient)
    assertRefused(suspended, 'client_suspended', step)
    const unknown = await asserted(world, step, { claims: { iss: 'nobody', sub: 'nobody' } })
    const forged = await asserted(world, step, { signer: aParty().signer })
    assert.deepEqual(new Set([suspended, unknown, forged].map(uniform)).size, 1)
  }
  await alter(world, world.otherClient, { status: 'active' })
  assert.equal((await asserted(world, 'par', {}, world.otherClient)).status, 201)
})

test('[AS-CAUTH-12] every failure says the same, whatever came with it, and costs a verification', async () => {
  const world = await aWorld()
  const answers = new Set<string>()
  const now = world.now()
  const replay = await anAssertion(world)
  await asserted(world, 'par', { text: () => replay })
  const failures: readonly Changes[] = [
    { signer: aParty().signer },
    { claims: { iss: 'nobody', sub: 'nobody' } },
    { header: { kid: 'nobody' } },
    { claims: { aud: [theIssuer] } },
    { claims: { exp: now + 3600 } },
    { claims: { exp: now - 1 } },
    { text: () => replay },
    { text: () => 'garbage' },
  ]
  for (const failure of failures) answers.add(uniform(await asserted(world, 'token', failure)))
  answers.add(uniform(await ask(world, 'token', [])))
  answers.add(
    uniform(await ask(world, 'token', await authentication(world), { parameters: { client_id: 'client-b' } })),
  )
  assert.equal(answers.size, 1, [...answers].join('\n'))
})

test('[AS-CAUTH-04] [SK-26] a signed request object is no assertion', async () => {
  const world = await aWorld()
  const { clientId, signer } = world.client
  const claims = {
    iss: clientId,
    client_id: clientId,
    aud: theIssuer,
    exp: world.now() + 60,
    jti: 'j',
    scope: 'openid',
  }
  const objects = [await aJwt({ typ: 'oauth-authz-req+jwt' }, claims, signer), await aJwt({}, claims, signer)]
  const rules = ['client_assertion_typ_wrong', 'client_assertion_claim_missing']
  for (const [index, object] of objects.entries()) {
    assertRefused(await asserted(world, 'par', { text: () => object }), rules[index] ?? '')
  }
})

test('[AS-CAUTH-12] one verification for a client nobody knows, for any algorithm', async () => {
  const world = await aWorld()
  for (const party of [world.client, world.otherClient]) {
    const form = await authentication(world, party, { claims: { iss: 'nobody', sub: 'nobody' } })
    assertRefused(await world.send('POST', '/par', { form }), 'client_unknown')
  }
})
