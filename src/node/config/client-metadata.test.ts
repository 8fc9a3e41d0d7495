import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { resourceIdentifier } from '../../core/names.ts'
import { generateSigningKey, sha256 } from '../runtime.ts'
import { checkClientMetadata, type ClientContext } from './client-metadata.ts'

const privateKey = await generateSigningKey('ES256')
const jwk = createPublicKey(privateKey).export({ format: 'jwk' })
const bank = resourceIdentifier('https://bank.example')
const context: ClientContext = {
  scopes: ['openid', 'accounts'],
  resources: [bank],
  detailTypes: ['payment_initiation'],
  certificates: 'asked for',
  mode: 'production',
  hash: sha256,
  isUsable: () => true,
}
const valid = {
  client_name: 'Budget',
  redirect_uris: ['https://budget.example/callback'],
  scope: 'openid accounts',
  jwks: { keys: [jwk] },
}

function problems(value: unknown, more: Partial<ClientContext> = {}): readonly string[] {
  const checked = checkClientMetadata(value, { ...context, ...more })
  return 'problems' in checked ? checked.problems : []
}

test('a valid registration becomes a client with every default', () => {
  const checked = checkClientMetadata(valid, context)
  assert.ok('client' in checked)
  const { keys, ...rest } = checked.client
  assert.equal(keys.length, 1)
  assert.deepEqual(rest, {
    name: 'Budget',
    applicationType: 'web',
    redirectUris: ['https://budget.example/callback'],
    grantTypes: ['authorization_code'],
    scope: ['openid', 'accounts'],
    authorizationDetailTypes: [],
    role: { kind: 'client' },
    authMethod: 'private_key_jwt',
    certificateName: undefined,
    binding: 'dpop',
    jwksUri: undefined,
    certificates: [],
    encryptionKeys: [],
    tokenEndpointAuthSigningAlg: undefined,
    idTokenSignedResponseAlg: undefined,
    idTokenEncryption: undefined,
    userinfoSignedResponseAlg: undefined,
    subjectType: 'public',
    sector: undefined,
    defaultMaxAge: undefined,
    postLogoutRedirectUris: [],
    backchannelLogoutUri: undefined,
  })
})

const uri = (redirect: string, more: object = {}) => ({ ...valid, redirect_uris: [redirect], ...more })

test('[AS-REG-05] a redirect URI is absolute https in its one spelling', () => {
  for (const [bad, sentence] of [
    ['callback', 'must be an absolute URL'],
    ['//budget.example/callback', 'must be an absolute URL'],
    ['http://budget.example/callback', 'must be https'],
    ['http://127.0.0.1/callback', 'must be https'],
    ['javascript:alert(1)', 'must be https'],
    ['com.example.app:/callback', 'must be https'],
    ['https://budget.example/#a', 'must not have a fragment'],
    ['https://budget.example/#', 'must not have a fragment'],
    ['https://user@budget.example/', 'must not have user name or password'],
    ['https://budget.example/?iss=x', 'must not carry a parameter of the authorization response'],
    ['https://*.example/', 'must not have a wildcard: redirect URIs are compared byte by byte'],
    ['https://budget.example;sandbox/', 'must have a host name or an address'],
    ['https://budget.example,sandbox/', 'must have a host name or an address'],
    ['https://budget.example/*', 'must not have a wildcard: redirect URIs are compared byte by byte'],
    ['https://budget.example', 'must be written as https://budget.example/'],
    ['https://BUDGET.example/', 'must be written as https://budget.example/'],
    ['https://budget.example:443/', 'must be written as https://budget.example/'],
    ['https://budget.example/a/../b', 'must be written as https://budget.example/b'],
    ['https://budget.example/a b', 'must be written as https://budget.example/a%20b'],
    ['https:\\\\budget.example\\', 'must be written as https://budget.example/'],
    [' https://budget.example/', 'must be written as https://budget.example/'],
    [`https://budget.example/${'a'.repeat(2048)}`, 'must have at most 2048 characters'],
  ] as const) {
    assert.deepEqual(problems(uri(bad)), [`redirect_uris[0]: ${sentence}`], bad)
  }
  assert.deepEqual(problems(uri('https://budget.example/callback?a=1')), [])
  assert.deepEqual(problems({ ...valid, redirect_uris: ['https://a.example/', 'https://a.example/'] }), [
    'redirect_uris[1]: stands in the list already',
  ])
})

test('[AS-REG-05] http is for native clients on a loopback literal, and for development', () => {
  const native = { application_type: 'native' }
  assert.deepEqual(problems(uri('http://127.0.0.1/callback', native)), [])
  assert.deepEqual(problems(uri('http://[::1]:8000/callback', native)), [])
  for (const bad of ['http://localhost/callback', 'http://127.0.0.2/callback', 'http://budget.example/']) {
    const development: ClientContext['mode'] = 'development_loopback'
    assert.equal(problems(uri(bad, native), { mode: development }).length, 1, bad)
  }
  for (const local of ['http://localhost:4600/callback', 'http://127.0.0.1:4600/callback']) {
    assert.equal(problems(uri(local)).length, 1)
    assert.deepEqual(problems(uri(local), { mode: 'development_loopback' }), [])
  }
  assert.equal(problems(uri('http://budget.example/'), { mode: 'development_loopback' }).length, 1)
})

test('[AS-REG-03] [AS-REG-06] the client authenticates with private_key_jwt and a good public key', async () => {
  for (const method of ['none', 'client_secret_basic', 'client_secret_jwt', 'attest_jwt_client_auth']) {
    assert.deepEqual(problems({ ...valid, token_endpoint_auth_method: method }), [
      'token_endpoint_auth_method: must be one of private_key_jwt, tls_client_auth, self_signed_tls_client_auth',
    ])
  }
  assert.deepEqual(problems({ ...valid, token_endpoint_auth_method: 'private_key_jwt' }), [])
  const withPrivate = { keys: [privateKey.export({ format: 'jwk' })] }
  for (const jwks of [
    {},
    { keys: [] },
    { keys: [{ kty: 'oct', k: 'AAAA' }] },
    withPrivate,
    { keys: [{ ...jwk, x: 'AA' }] },
  ]) {
    const lines = problems({ ...valid, jwks })
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', /^jwks: /)
  }
  assert.deepEqual(problems({ ...valid, jwks: 'x' }), ['jwks: must be a JWK set'])
  assert.deepEqual(problems(valid, { isUsable: () => false }), ['jwks: a key is not on its curve'])
  assert.deepEqual(problems({ ...valid, token_endpoint_auth_signing_alg: 'PS256' }), [
    'token_endpoint_auth_signing_alg: no key of the set is for it',
  ])
  assert.deepEqual(problems({ ...valid, token_endpoint_auth_signing_alg: 'ES256' }), [])
  assert.deepEqual(problems({ ...valid, token_endpoint_auth_signing_alg: 'RS256' }), [
    'token_endpoint_auth_signing_alg: must be one of ES256, PS256, EdDSA',
  ])
})

test('scopes are those of the server', () => {
  assert.deepEqual(problems({ ...valid, scope: 'openid acounts offline_access' }), [
    'scope: "acounts" belongs to no API of this server: did you mean "accounts"?',
    'scope: "offline_access" belongs to no API of this server',
  ])
})

test('a machine client has no redirect URIs, a client for people has some', () => {
  const machine = { ...valid, grant_types: ['client_credentials'], redirect_uris: [] }
  assert.deepEqual(problems(machine), [])
  assert.deepEqual(problems({ ...machine, redirect_uris: valid.redirect_uris }), [
    'redirect_uris: have no meaning without authorization_code',
  ])
  assert.deepEqual(problems({ ...valid, redirect_uris: [] }), [
    'redirect_uris: must list at least one for authorization_code',
  ])
  for (const grant of ['implicit', 'password', 'urn:ietf:params:oauth:grant-type:device_code']) {
    assert.deepEqual(problems({ ...valid, grant_types: [grant] }), [
      'grant_types[0]: must be one of authorization_code, client_credentials, refresh_token',
    ])
  }
  assert.deepEqual(problems({ ...machine, grant_types: ['refresh_token'] }), [
    'grant_types: refresh_token has no meaning without authorization_code',
  ])
  assert.deepEqual(problems({ ...valid, grant_types: ['authorization_code', 'refresh_token'] }), [])
})

test('a member that means nothing here is not passed over', () => {
  assert.deepEqual(problems({ ...valid, redirect_uri: 'x' }), [
    'redirect_uri: is not supported: did you mean "redirect_uris"?',
  ])
  assert.deepEqual(problems({ ...valid, request_uris: [] }), ['request_uris: is not supported'])
  assert.deepEqual(problems({}), ['client_name: is missing'])
  for (const value of [null, [], 'x', 1]) assert.deepEqual(problems(value), ['must be a JSON object'])
  assert.deepEqual(problems({ ...valid, client_name: 'a\u202eb' }), ['client_name: must not hold control characters'])
})

test('[AS-TOK-11] a client that may ask for nothing is a mistake, told at once', () => {
  assert.deepEqual(problems({ ...valid, scope: '' }).length, 1)
  assert.match(problems({ ...valid, scope: '' })[0] ?? '', /^scope: is missing: what the client may ask for, of /)
  assert.deepEqual(problems(valid), [])
})

test('[AS-RAR-02] a client registers the types of authorization details it may ask for', () => {
  const types = (names: readonly unknown[], more: object = {}) => ({
    ...valid,
    authorization_details_types: names,
    ...more,
  })
  const checked = checkClientMetadata(types(['payment_initiation', 'payment_initiation'], { scope: '' }), context)
  assert.ok('client' in checked)
  assert.deepEqual([checked.client.authorizationDetailTypes, checked.client.scope], [['payment_initiation'], []])
  assert.deepEqual(problems(types(['payment_initation'])), [
    'authorization_details_types: "payment_initation" belongs to no API of this server: did you mean "payment_initiation"?',
  ])
  assert.deepEqual(problems(types([7])), ['authorization_details_types[0]: must be a text'])
  const alone = { grant_types: ['client_credentials'], redirect_uris: [] }
  assert.deepEqual(problems(types(['payment_initiation'], alone)), [
    'authorization_details_types: have no meaning without authorization_code',
  ])
})
