import assert from 'node:assert/strict'
import { test } from 'node:test'
import { observed } from '../observations.ts'
import { isJsonObject, issuer, type JsonObject, numericDate } from '../../src/core/names.ts'
import type { Handler } from '../../src/core/ports.ts'
import { signingAlgorithms, standardLifetimes, standardLimits } from '../../src/core/profile.ts'
import { plainPorts } from '../../src/node/plain-ports.ts'
import { createMac, createVerifier, random, sha256 } from '../../src/node/runtime.ts'
import { createPages } from '../../src/console/index.ts'
import { createServer } from '../../src/server/index.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { detailTypeNames } from './detail-types.ts'
import { aParty } from './parties.ts'
import { aCode, assertRefused, push, tokens } from './steps.ts'
import { aWorld, theArchive, theBank, theIssuer, type World } from './world.ts'

const oauth = '/.well-known/oauth-authorization-server'
const openid = '/.well-known/openid-configuration'

async function documentOf(world: World): Promise<JsonObject> {
  return (await world.send('GET', openid)).json
}

/** A server for another issuer, to be asked for its documents. */
function tenant(name: string): Handler {
  const keys = [aParty('EdDSA', 'ed')]
  const clock = () => numericDate(1_800_000_000)
  return createServer(
    {
      issuer: issuer(name),
      apis: [],
      lifetimes: standardLifetimes,
      limits: standardLimits,
      mutualTlsOrigin: undefined,
      signInApp: undefined,
      passwordSignIn: 'offered',
      demoUser: undefined,
    },
    {
      store: createMemoryStore({ clock }),
      clock,
      random,
      hash: sha256,
      mac: createMac(),
      verify: createVerifier({ cacheSize: 1 }),
      keys: {
        signer: (alg) => keys.find(({ signer }) => signer.alg === alg)?.signer,
        published: () => keys.map(({ key }) => key),
      },
      passwords: { hash: async () => '', verify: async () => false },
      audit: () => {},
      pages: createPages(),
      ...plainPorts(),
    },
  )
}

const ordinary = { entrance: 'main', certificate: undefined, certificateTrouble: undefined } as const

async function get(handler: Handler, target: string, headers: readonly (readonly [string, string])[] = []) {
  const connection = { peerAddress: '192.0.2.7', headers, target, ...ordinary, readBody: async () => new Uint8Array() }
  const response = await handler(new Request(`https://as.example${target}`), connection)
  const json: unknown = await response.json()
  return { status: response.status, json: isJsonObject(json) ? json : {} }
}

test('[AS-META-01] not_found: one document for one issuer, at both of its addresses', async () => {
  const world = await aWorld()
  const [one, other] = [await world.send('GET', openid), await world.send('GET', oauth)]
  for (const reply of [one, other]) {
    assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, 'application/json'])
  }
  assert.equal(one.text, other.text)
  const first = tenant('https://as.example/t1')
  for (const target of [`/t1${openid}`, `${oauth}/t1`]) {
    const { status, json } = await get(first, target)
    assert.deepEqual(
      [status, json['issuer'], json['token_endpoint']],
      [200, 'https://as.example/t1', 'https://as.example/t1/token'],
    )
  }
  for (const target of [`/t2${openid}`, `${oauth}/t2`, openid, oauth, `${openid}/t1`, `/t1${oauth}`, '/token', '/t1']) {
    const { status, json } = await get(first, target)
    assert.deepEqual([status, json['rule']], [404, 'not_found'], target)
  }
  for (const target of ['/', '/unknown', `${openid}/`, `${openid}/x`, '/admin', '/par/', '/PAR']) {
    const reply = await world.send('GET', target)
    assertRefused(reply, 'not_found', target)
    assert.equal(reply.status, 404)
  }
})

test('method_not_allowed [AS-META-01] documents are read, not written', async () => {
  const world = await aWorld()
  for (const target of [openid, oauth, '/jwks']) {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const reply = await world.send(method, target)
      assertRefused(reply, 'method_not_allowed')
      assert.deepEqual([reply.status, reply.headers.get('allow')], [405, 'GET'])
    }
  }
})

test('[AS-META-02] [NET-06] no header moves the issuer', async () => {
  const world = await aWorld()
  const plain = await world.send('GET', openid)
  const evil = 'evil.example'
  const headers = [
    'host',
    'x-forwarded-host',
    'x-original-host',
    'x-host',
    'x-forwarded-server',
    'x-forwarded-prefix',
  ].map((name) => [name, evil] as const)
  const more = [
    ['forwarded', `host=${evil};proto=http`],
    ['x-forwarded-proto', 'http'],
    ['x-forwarded-port', '81'],
  ] as const
  assert.equal((await world.send('GET', openid, { headers: [...headers, ...more] })).text, plain.text)
  const { response, idToken, accessToken } = await tokens(world)
  assert.equal(response['iss'], theIssuer)
  for (const jwt of [String(idToken), accessToken]) {
    assert.equal(JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()).iss, theIssuer)
  }
  observed('AS-META-02', 'the same document, and the same iss everywhere')
})

test('[AS-META-02] what is no issuer identifier is none', () => {
  for (const text of [
    'http://as.example',
    'https://as.example?x',
    'https://as.example?',
    'https://as.example#',
    'https://as.example#x',
    'https://AS.example',
    'https://as.example:443',
    'https://u@as.example',
    'https://as.example/a/..',
    'as.example',
    '',
  ]) {
    assert.throws(() => issuer(text), { name: 'MalformedName' }, text)
  }
  for (const text of ['https://as.example', 'https://as.example/', 'https://as.example/t1', 'http://127.0.0.1:8080'])
    issuer(text)
})

test('[AS-META-03] the document, member for member', async () => {
  const world = await aWorld()
  const algorithms = ['ES256', 'PS256', 'EdDSA']
  assert.deepEqual(algorithms, [...signingAlgorithms])
  assert.deepEqual(await documentOf(world), {
    issuer: theIssuer,
    authorization_endpoint: `${theIssuer}/authorize`,
    pushed_authorization_request_endpoint: `${theIssuer}/par`,
    require_pushed_authorization_requests: true,
    token_endpoint: `${theIssuer}/token`,
    userinfo_endpoint: `${theIssuer}/userinfo`,
    jwks_uri: `${theIssuer}/jwks`,
    introspection_endpoint: `${theIssuer}/introspect`,
    revocation_endpoint: `${theIssuer}/revoke`,
    end_session_endpoint: `${theIssuer}/logout`,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    scopes_supported: ['openid', 'profile', 'email', 'offline_access', 'accounts', 'payments', 'archive'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'client_credentials', 'refresh_token'],
    subject_types_supported: ['public', 'pairwise'],
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: algorithms,
    introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
    introspection_endpoint_auth_signing_alg_values_supported: algorithms,
    revocation_endpoint_auth_methods_supported: ['private_key_jwt'],
    revocation_endpoint_auth_signing_alg_values_supported: algorithms,
    id_token_signing_alg_values_supported: algorithms,
    id_token_encryption_alg_values_supported: ['ECDH-ES', 'ECDH-ES+A256KW', 'RSA-OAEP-256'],
    id_token_encryption_enc_values_supported: ['A256GCM', 'A128GCM'],
    userinfo_signing_alg_values_supported: algorithms,
    dpop_signing_alg_values_supported: algorithms,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    claims_parameter_supported: true,
    claims_supported: ['sub', 'name', 'email', 'auth_time', 'acr', 'amr', 'sid'],
    acr_values_supported: ['phr', 'urn:strongroom:acr:password'],
    ui_locales_supported: ['en', 'de'],
    authorization_details_types_supported: detailTypeNames,
    protected_resources: [theBank, theArchive],
  })
  observed('AS-META-03', 'the whole document')
})

test('[AS-META-05] [AS-META-08] no array is empty, no algorithm is foreign, nothing is announced that is not there', async () => {
  const world = await aWorld({ serverKeys: [aParty('EdDSA', 'ed')] })
  const document = await documentOf(world)
  assert.deepEqual(document['id_token_signing_alg_values_supported'], ['EdDSA'], 'what there is a key for')
  for (const [name, value] of Object.entries(document)) {
    assert.ok(!Array.isArray(value) || value.length > 0, name)
    if (!name.endsWith('signing_alg_values_supported') || !Array.isArray(value)) continue
    for (const alg of value)
      assert.ok(
        signingAlgorithms.some((known) => known === alg),
        `${name}: ${String(alg)}`,
      )
  }
  for (const name of Object.keys(document)) {
    assert.ok(
      !/^(tls_client|mtls|registration|backchannel_(auth|token|user)|device|grant_management|introspection_signing|authorization_signing|request_object)/.test(
        name,
      ),
      name,
    )
  }
  const { status } = await get(tenant('https://as.example'), openid)
  assert.equal(status, 200)
  const bare = (await get(tenant('https://as.example'), openid)).json
  assert.equal('protected_resources' in bare, false)
  assert.equal('authorization_details_types_supported' in bare, false)
})

test('[AS-META-08] what is not announced does not work', async () => {
  const world = await aWorld()
  assertRefused(await push(world, { request: 'e30.e30.e30' }), 'request_object_unsupported')
  assertRefused(await push(world, { request_uri: 'urn:x' }), 'request_uri_in_push')
  assertRefused(await push(world, { response_mode: 'jwt' }), 'response_mode_unsupported')
  for (const path of ['/register', '/device', '/bc-authorize']) {
    assertRefused(await world.send('POST', path, { form: [] }), 'not_found', path)
  }
  assert.ok((await aCode(world)).code)
})

test('[KEY-06] [KEY-08] the key set: public members, kid, use and alg, each kid once', async () => {
  const world = await aWorld()
  const reply = await world.send('GET', '/jwks')
  assert.equal(reply.headers.get('content-type'), 'application/jwk-set+json')
  const { keys } = reply.json
  assert.ok(Array.isArray(keys) && keys.length === 3)
  const members = { EC: ['kty', 'crv', 'x', 'y'], RSA: ['kty', 'n', 'e'], OKP: ['kty', 'crv', 'x'] }
  for (const key of keys) {
    const own = Object.entries(members).find(([kty]) => kty === key.kty)?.[1] ?? []
    assert.deepEqual(Object.keys(key).toSorted(), [...own, 'kid', 'alg', 'use'].toSorted())
    assert.equal(key.use, 'sig')
  }
  assert.equal(new Set(keys.map(({ kid }) => kid)).size, 3)
  observed('KEY-06', 'public members only')
})

test('response_mode_unsupported request_object_unsupported [CL-06] [CL-08] neither signed responses nor signed requests are offered', async () => {
  const world = await aWorld()
  const document = await documentOf(world)
  assert.equal(document['request_parameter_supported'], false)
  assert.ok(!('authorization_signing_alg_values_supported' in document))
  for (const mode of ['jwt', 'query.jwt', 'form_post.jwt']) {
    assertRefused(await push(world, { response_mode: mode }), 'response_mode_unsupported', mode)
  }
  const refused = await push(world, { request: 'e30.e30.e30' })
  assertRefused(refused, 'request_object_unsupported')
  observed('CL-06', 'a signed response is asked for in vain')
  observed('CL-08', `a signed request: ${refused.status} ${String(refused.json['error'])}`)
  assert.equal((await push(world)).status, 201)
})
