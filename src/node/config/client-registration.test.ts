import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { resourceIdentifier } from '../../core/names.ts'
import { aSelfSignedCertificate } from '../egress/certificates.test-support.ts'
import { sha256 } from '../runtime.ts'
import { checkClientMetadata, type ClientContext } from './client-metadata.ts'

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = pair.publicKey.export({ format: 'jwk' })
const context: ClientContext = {
  scopes: ['openid', 'accounts', 'offline_access'],
  resources: [resourceIdentifier('https://bank.example')],
  detailTypes: [],
  certificates: 'asked for',
  mode: 'production',
  hash: sha256,
  isUsable: () => true,
}
const people = { client_name: 'Budget', redirect_uris: ['https://budget.example/callback'], scope: 'openid accounts' }
const byJwt = { ...people, jwks: { keys: [jwk] } }
const byName = { ...people, token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_dns: 'budget.example' }

function problems(value: unknown, more: Partial<ClientContext> = {}): readonly string[] {
  const checked = checkClientMetadata(value, { ...context, ...more })
  return 'problems' in checked ? checked.problems : []
}

function clientOf(value: unknown) {
  const checked = checkClientMetadata(value, context)
  assert.ok('client' in checked, 'problems' in checked ? checked.problems.join() : '')
  return checked.client
}

test('[AS-REG-08] tls_client_auth registers exactly one name, and it has its form', () => {
  const bare = { ...people, token_endpoint_auth_method: 'tls_client_auth' }
  const needed = [
    'tls_client_auth_subject_dn: exactly one is needed of tls_client_auth_subject_dn, tls_client_auth_san_dns, ' +
      'tls_client_auth_san_uri, tls_client_auth_san_ip, tls_client_auth_san_email',
  ]
  assert.deepEqual(problems(bare), needed)
  assert.deepEqual(problems({ ...byName, tls_client_auth_subject_dn: 'CN=budget' }), needed)
  for (const [member, value, sentence] of [
    ['tls_client_auth_subject_dn', 'budget', 'must be a distinguished name as RFC 4514 writes it'],
    ['tls_client_auth_subject_dn', '', 'must be a distinguished name as RFC 4514 writes it'],
    ['tls_client_auth_san_dns', '*.example', 'must be a host name, without wildcard'],
    ['tls_client_auth_san_uri', 'budget', 'must be an absolute URI'],
    ['tls_client_auth_san_ip', '10.0.0.256', 'must be an IP address'],
    ['tls_client_auth_san_ip', '2001:DB8::0:1', 'must be written as 2001:db8::1'],
    ['tls_client_auth_san_email', 'budget', 'must be an e-mail address'],
  ] as const) {
    assert.deepEqual(problems({ ...bare, [member]: value }), [`${member}: ${sentence}`], value)
  }
  assert.deepEqual(problems({ ...byJwt, tls_client_auth_san_dns: 'x.example' }), [
    'tls_client_auth_san_dns: has no meaning without tls_client_auth',
  ])
  assert.deepEqual(clientOf(byName).certificateName, { kind: 'dns', value: 'budget.example' })
})

test('[AS-REG-08] self_signed_tls_client_auth registers certificates of the keys in its set', () => {
  const method = { ...people, token_endpoint_auth_method: 'self_signed_tls_client_auth' }
  const { der } = aSelfSignedCertificate({}, pair)
  const another = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const none =
    'jwks: holds no certificate: self_signed_tls_client_auth needs x5c with the certificate of a key of the set'
  assert.deepEqual(problems({ ...method, jwks: { keys: [jwk] } }), [none])
  const foreign = { ...another.publicKey.export({ format: 'jwk' }), x5c: [der.toString('base64')] }
  assert.deepEqual(problems({ ...method, jwks: { keys: [foreign] } }), [none])
  const client = clientOf({ ...method, jwks: { keys: [{ ...jwk, x5c: [der.toString('base64')] }] } })
  assert.equal(client.certificates.length, 1)
  assert.equal(client.binding, 'certificate')
})

test('[AS-REG-06] keys stand by value or behind one https URL, and none of them is private', () => {
  const { jwks: _, ...rest } = byJwt
  assert.deepEqual(problems(rest), ['jwks: is missing: its public keys, or jwks_uri, where they stand'])
  assert.deepEqual(problems({ ...byJwt, jwks_uri: 'https://budget.example/jwks' }), [
    'jwks_uri: excludes jwks: the keys stand in one place',
  ])
  for (const [uri, sentence] of [
    ['http://budget.example/jwks', 'must be https'],
    ['http://127.0.0.1/jwks', 'must be https'],
    ['https://u:p@budget.example/jwks', 'must not have user name or password'],
    ['https://budget.example/jwks#x', 'must not have a fragment'],
    ['https://BUDGET.example/jwks', 'must be written as https://budget.example/jwks'],
    ['jwks', 'must be an absolute URL'],
    ['https://169.254.169.254/jwks', 'must be a public host, at port 443 or one that needs no privilege'],
    ['https://localhost/jwks', 'must be a public host, at port 443 or one that needs no privilege'],
    ['https://budget.example:25/jwks', 'must be a public host, at port 443 or one that needs no privilege'],
  ] as const) {
    assert.deepEqual(problems({ ...rest, jwks_uri: uri }), [`jwks_uri: ${sentence}`], uri)
    assert.deepEqual(problems({ ...rest, jwks_uri: uri }, { mode: 'development_loopback' }).length, 1)
  }
  const client = clientOf({ ...rest, jwks_uri: 'https://budget.example/jwks' })
  assert.deepEqual([client.jwksUri, client.keys], ['https://budget.example/jwks', []])
  const secret = { ...pair.privateKey.export({ format: 'jwk' }), use: 'enc' }
  assert.match(problems({ ...byName, jwks: { keys: [secret] } })[0] ?? '', /^jwks: a private key in a key set/)
})

test('[AS-MTLS-07] a token is bound one way: as registered, or as the client authenticates', () => {
  const both = { ...byJwt, dpop_bound_access_tokens: true, tls_client_certificate_bound_access_tokens: true }
  assert.deepEqual(problems(both), [
    'dpop_bound_access_tokens: excludes tls_client_certificate_bound_access_tokens: a token is bound one way',
  ])
  assert.equal(clientOf(byJwt).binding, 'dpop')
  assert.equal(clientOf({ ...byJwt, tls_client_certificate_bound_access_tokens: true }).binding, 'certificate')
  assert.equal(clientOf(byName).binding, 'certificate')
  assert.equal(clientOf({ ...byName, dpop_bound_access_tokens: true }).binding, 'dpop')
})

test('nothing that needs a certificate is registered where none is ever asked for', () => {
  const without = { certificates: 'not asked for' } as const
  const sentence = 'needs an entrance of this server that asks for client certificates'
  assert.deepEqual(problems(byName, without), [`token_endpoint_auth_method: ${sentence}`])
  assert.deepEqual(problems({ ...byJwt, tls_client_certificate_bound_access_tokens: true }, without), [
    `tls_client_certificate_bound_access_tokens: ${sentence}`,
  ])
  assert.deepEqual(problems(byJwt, without), [])
})

test('a resource server asks about tokens of one API, and obtains none', () => {
  const { scope: _, redirect_uris: __, ...credentials } = byJwt
  const bank = { ...credentials, resource_server: 'https://bank.example' }
  assert.deepEqual(clientOf(bank).role, { kind: 'resource_server', resource: 'https://bank.example' })
  assert.deepEqual(problems({ ...bank, resource_server: 'https://bank.exampl' }).slice(0, 1), [
    'resource_server: is none of the APIs of this server: did you mean "https://bank.example"?',
  ])
  assert.deepEqual(problems({ ...bank, scope: 'accounts', grant_types: ['client_credentials'] }), [
    'grant_types: have no meaning for a resource server: it obtains no tokens',
    'scope: has no meaning for a resource server: it obtains no tokens',
  ])
})

test('a sign-in application decides for people, and obtains no tokens', () => {
  const { scope: _, redirect_uris: __, ...credentials } = byJwt
  const app = { ...credentials, sign_in_app: true }
  const { role, grantTypes, scope } = clientOf(app)
  assert.deepEqual([role, grantTypes, scope], [{ kind: 'sign_in_app' }, [], []])
  assert.deepEqual(clientOf({ ...byJwt, sign_in_app: false }).role, { kind: 'client' })
  assert.deepEqual(problems({ ...app, scope: 'accounts', grant_types: ['client_credentials'] }), [
    'grant_types: have no meaning for a sign-in application: it obtains no tokens',
    'scope: has no meaning for a sign-in application: it obtains no tokens',
  ])
  assert.deepEqual(problems({ ...app, redirect_uris: people.redirect_uris }), [
    'redirect_uris: have no meaning without authorization_code',
  ])
  assert.deepEqual(problems({ ...app, resource_server: 'https://bank.example' }), [
    'sign_in_app: excludes resource_server',
  ])
})

test('[KEY-10] an encrypted ID token needs a key for it and a content encryption that is named', () => {
  const alg = { id_token_encrypted_response_alg: 'ECDH-ES' }
  const both = { ...alg, id_token_encrypted_response_enc: 'A256GCM' }
  const noKey = 'id_token_encrypted_response_alg: no key of the set is for it: it needs use "enc"'
  assert.deepEqual(problems({ ...byJwt, ...both }), [noKey])
  assert.deepEqual(problems({ ...byJwt, ...alg }), [
    'id_token_encrypted_response_enc: is missing: one of A256GCM, A128GCM',
  ])
  assert.deepEqual(problems({ ...byJwt, id_token_encrypted_response_enc: 'A256GCM' }), [
    'id_token_encrypted_response_enc: needs id_token_encrypted_response_alg',
  ])
  assert.deepEqual(problems({ ...byJwt, ...both, id_token_encrypted_response_alg: 'RSA1_5' }).length, 1)
  const jwks = { keys: [jwk, { ...jwk, use: 'enc', alg: 'ECDH-ES' }] }
  const client = clientOf({ ...byJwt, jwks, ...both })
  assert.deepEqual(client.idTokenEncryption, { alg: 'ECDH-ES', enc: 'A256GCM' })
  assert.equal(client.encryptionKeys.length, 1)
  assert.equal(client.keys.length, 1)
})

test('logout addresses are as strict as redirect URIs, and pairwise clients live on one host', () => {
  assert.deepEqual(problems({ ...byJwt, post_logout_redirect_uris: ['http://budget.example/bye'] }), [
    'post_logout_redirect_uris[0]: must be https',
  ])
  assert.deepEqual(problems({ ...byJwt, backchannel_logout_uri: 'http://budget.example/bye' }), [
    'backchannel_logout_uri: must be https',
  ])
  assert.deepEqual(problems({ ...byJwt, backchannel_logout_session_required: true }), [
    'backchannel_logout_session_required: has no meaning without backchannel_logout_uri',
  ])
  const two = [...people.redirect_uris, 'https://other.example/callback']
  assert.deepEqual(problems({ ...byJwt, subject_type: 'pairwise', redirect_uris: two }), [
    'subject_type: pairwise needs redirect URIs on one host, which is the sector',
  ])
  const client = clientOf({ ...byJwt, subject_type: 'pairwise', default_max_age: 60 })
  assert.deepEqual([client.subjectType, client.sector, client.defaultMaxAge], ['pairwise', 'budget.example', 60])
})
