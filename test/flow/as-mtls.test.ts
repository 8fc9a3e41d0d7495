import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClientCertificate } from '../../src/core/certificate.ts'
import type { ClientRecord } from '../../src/core/client.ts'
import { clientId } from '../../src/core/names.ts'
import type { TrustAnchors } from '../../src/core/ports.ts'
import { aCertificate, anchorsFor } from './certificates.ts'
import { aPkcePair, aProof, aPush, authentication, changed, claimsOf, type Parameters } from './messages.ts'
import { aParty, type Party, type TestClient } from './parties.ts'
import { aBrowser, assertRefused, clientCredentials, decide, location, open, responseOf, signIn } from './steps.ts'
import { alter, aWorld, redirectUri, register, type Reply, theIssuer, urls, type World } from './world.ts'

const mtlsOrigin = 'https://mtls.as.example'
const own = aCertificate('CN=app,OU=Payments,O=Example Ltd')
const anothers = aCertificate('CN=other,O=Example Ltd')
const expired = aCertificate('CN=app,OU=Payments,O=Example Ltd', { ...aCertificate('CN=expired') })
const notForClients = aCertificate('CN=app,O=Wrong purpose')

const verdicts = new Map<ClientCertificate, Awaited<ReturnType<TrustAnchors['judge']>>>([
  [own, 'trusted'],
  [anothers, 'trusted'],
  [expired, 'expired'],
  [notForClients, 'not_for_clients'],
])

const key = aParty('ES256', 'mtls')

/** A world with an entrance that asks for certificates, and a client that authenticates by one. */
async function mutualWorld(changes: Partial<ClientRecord> = {}) {
  const world = await aWorld({
    config: { mutualTlsOrigin: mtlsOrigin },
    ports: { trustAnchors: anchorsFor(verdicts) },
  })
  const app = await register(world.store, key, 'app', {
    authMethod: 'tls_client_auth',
    certificateName: { kind: 'dn', value: 'CN=app,OU=Payments,O=Example Ltd' },
    binding: 'certificate',
    keys: [],
    ...changes,
  })
  return { world, app }
}

type By = { readonly certificate?: ClientCertificate; readonly proof?: Party; readonly parameters?: Parameters }

/** A token request over mutual TLS. */
async function ask(world: World, app: TestClient, { certificate, proof, parameters = {} }: By): Promise<Reply> {
  const valid = { grant_type: 'client_credentials', scope: 'accounts', client_id: app.clientId }
  return post(world, '/token', changed(valid, parameters), {
    ...(certificate ? { certificate } : {}),
    ...(proof ? { proof } : {}),
  })
}

async function post(
  world: World,
  path: string,
  form: readonly (readonly [string, string])[],
  { certificate, proof }: By,
): Promise<Reply> {
  const headers = proof === undefined ? [] : [['dpop', await aProof(world, proof, 'POST', mtlsOrigin + path)] as const]
  const entrance = 'mtls' as const
  return world.send('POST', path, { form, headers, entrance, ...(certificate === undefined ? {} : { certificate }) })
}

async function assertStillServed(world: World, app: TestClient): Promise<void> {
  const reply = await ask(world, app, { certificate: own })
  assert.equal(reply.status, 200, reply.text)
}

const answer = { error: 'invalid_client', rule: 'client_authentication_failed' }

function assertFailed(reply: Reply, rule: string, about = ''): void {
  assertRefused(reply, rule, about)
  assert.equal(reply.status, 401, about)
  assert.deepEqual([reply.json['error'], reply.json['rule']], [answer.error, answer.rule], about)
}

test('client_certificate_untrusted client_certificate_expired client_certificate_not_for_clients [AS-MTLS-01] a name counts under a trusted authority only', async () => {
  const { world, app } = await mutualWorld()
  const selfMade = aCertificate('CN=app,OU=Payments,O=Example Ltd')
  assertFailed(await ask(world, app, { certificate: selfMade }), 'client_certificate_untrusted')
  assertFailed(await ask(world, app, { certificate: expired }), 'client_certificate_expired')
  assertFailed(await ask(world, app, { certificate: notForClients }), 'client_certificate_not_for_clients')
  await assertStillServed(world, app)
})

test('client_certificate_name_mismatch [AS-MTLS-01] [AS-MTLS-03] the whole name, of this client and no other', async () => {
  const { world, app } = await mutualWorld()
  assertFailed(await ask(world, app, { certificate: anothers }), 'client_certificate_name_mismatch')
  for (const value of [
    'CN=app',
    'CN=app,O=Example Ltd',
    'OU=Payments,CN=app,O=Example Ltd',
    'CN=app,OU=Payments,O=Evil',
  ]) {
    await alter(world, app, { certificateName: { kind: 'dn', value } })
    assertFailed(await ask(world, app, { certificate: own }), 'client_certificate_name_mismatch', value)
  }
  // Case and repeated spaces are insignificant. RFC 4517 §4.2.11.
  await alter(world, app, { certificateName: { kind: 'dn', value: 'cn=APP,ou=payments,o=EXAMPLE   ltd' } })
  await assertStillServed(world, app)
})

test('client_certificate_name_mismatch [AS-MTLS-01] each kind of alternative name, compared whole', async () => {
  const { world, app } = await mutualWorld()
  const names = { dns: ['app.example'], uri: ['https://app.example/'], ip: ['192.0.2.1'], email: ['app@app.example'] }
  const named = aCertificate('CN=named', { alternativeNames: names })
  verdicts.set(named, 'trusted')
  for (const [kind, right, wrong] of [
    ['dns', 'APP.example', 'evil.app.example'],
    ['uri', 'https://app.example/', 'https://app.example/x'],
    ['ip', '192.0.2.1', '192.0.2.10'],
    ['email', 'app@app.example', 'app@app.example.evil'],
  ] as const) {
    await alter(world, app, { certificateName: { kind, value: wrong } })
    assertFailed(await ask(world, app, { certificate: named }), 'client_certificate_name_mismatch', kind)
    await alter(world, app, { certificateName: { kind, value: right } })
    assert.equal((await ask(world, app, { certificate: named })).status, 200, kind)
  }
  // A name of another kind is another name.
  await alter(world, app, { certificateName: { kind: 'uri', value: 'app.example' } })
  assertFailed(await ask(world, app, { certificate: named }), 'client_certificate_name_mismatch')
})

test('client_certificate_unknown [AS-MTLS-02] a self-signed certificate is the registered one, or none', async () => {
  const { world, app } = await mutualWorld({
    authMethod: 'self_signed_tls_client_auth',
    certificateName: undefined,
    certificates: [own.thumbprint],
  })
  await assertStillServed(world, app)
  const sameNameOtherKey = aCertificate('CN=app,OU=Payments,O=Example Ltd', { thumbprint: anothers.thumbprint })
  assertFailed(await ask(world, app, { certificate: sameNameOtherKey }), 'client_certificate_unknown')
  const old = aCertificate('CN=old', { thumbprint: own.thumbprint, notAfter: world.now() })
  assertFailed(await ask(world, app, { certificate: old }), 'client_certificate_expired')
  await alter(world, app, { certificates: [] })
  assertFailed(await ask(world, app, { certificate: own }), 'client_certificate_unknown', 'removed from the set')
  await alter(world, app, { certificates: [own.thumbprint] })
  await assertStillServed(world, app)
})

test('client_certificate_missing client_authentication_missing [AS-MTLS-03] [AS-META-07] the request names the client, over a connection with its certificate', async () => {
  const { world, app } = await mutualWorld()
  assertFailed(await ask(world, app, {}), 'client_certificate_missing')
  assertFailed(
    await ask(world, app, { certificate: own, parameters: { client_id: undefined } }),
    'client_authentication_missing',
  )
  const unknown = { client_id: 'nobody' }
  assertFailed(await ask(world, app, { certificate: own, parameters: unknown }), 'client_authentication_missing')
  // A client of another method does not become one by showing a certificate.
  const jwtClient = { client_id: world.client.clientId }
  assertFailed(await ask(world, app, { certificate: own, parameters: jwtClient }), 'client_authentication_missing')
  await assertStillServed(world, app)
})

test('client_authentication_method_unregistered [AS-CAUTH-03] an assertion does not stand in for the certificate', async () => {
  const { world, app } = await mutualWorld({ keys: [key.key] })
  const form = [...changed({ grant_type: 'client_credentials' }, {}), ...(await authentication(world, app))]
  assertFailed(await post(world, '/token', form, { certificate: own }), 'client_authentication_method_unregistered')
  await assertStillServed(world, app)
})

test('client_certificate_malformed [AS-MTLS-05] what a proxy could not read is no certificate', async () => {
  const { world, app } = await mutualWorld()
  const form = changed({ grant_type: 'client_credentials', scope: 'accounts', client_id: app.clientId }, {})
  const sent = { form, entrance: 'mtls', certificateTrouble: 'malformed' } as const
  assertFailed(await world.send('POST', '/token', sent), 'client_certificate_malformed')
  await assertStillServed(world, app)
})

test('client_certificate_missing [AS-MTLS-05] a header is no certificate, with or without a real one', async () => {
  const { world, app } = await mutualWorld()
  const form = changed({ grant_type: 'client_credentials', scope: 'accounts', client_id: app.clientId }, {})
  for (const name of ['client-cert', 'x-ssl-client-cert', 'x-forwarded-client-cert']) {
    const headers = [[name, ':AAAA:']] as const
    const sent = { form, headers, entrance: 'mtls', certificateTrouble: 'header_from_unlisted_peer' } as const
    assertFailed(await world.send('POST', '/token', sent), 'client_certificate_missing', name)
    const withReal = await world.send('POST', '/token', { ...sent, certificate: anothers })
    assertFailed(withReal, 'client_certificate_name_mismatch', name)
  }
  await assertStillServed(world, app)
})

test('binding_certificate_missing [AS-MTLS-04] a token carries the thumbprint of the certificate of this connection', async () => {
  const { world } = await mutualWorld()
  const mixed = await register(world.store, key, 'mixed', { binding: 'certificate' })
  const form = async () => [
    ...changed({ grant_type: 'client_credentials', scope: 'accounts' }, {}),
    ...(await authentication(world, mixed)),
  ]
  const without = await post(world, '/token', await form(), {})
  assertRefused(without, 'binding_certificate_missing')
  assert.deepEqual([without.status, without.json['error']], [400, 'invalid_request'])
  // private_key_jwt says who it is; any certificate whose key is proved binds.
  const selfMade = aCertificate('CN=whatever')
  const reply = await post(world, '/token', await form(), { certificate: selfMade })
  assert.deepEqual([reply.status, reply.json['token_type']], [200, 'Bearer'])
  assert.deepEqual(claimsOf(reply.json['access_token'])['cnf'], { 'x5t#S256': selfMade.thumbprint })
})

test('[AS-MTLS-07] [AS-TOK-04] one binding for each token, as the client is registered', async () => {
  const { world, app } = await mutualWorld()
  const holder = aParty()
  const byCertificate = await ask(world, app, { certificate: own, proof: holder })
  assert.equal(byCertificate.json['token_type'], 'Bearer')
  assert.deepEqual(claimsOf(byCertificate.json['access_token'])['cnf'], { 'x5t#S256': own.thumbprint })
  await alter(world, app, { binding: 'dpop' })
  const byKey = await ask(world, app, { certificate: own, proof: holder })
  assert.equal(byKey.json['token_type'], 'DPoP')
  assert.deepEqual(claimsOf(byKey.json['access_token'])['cnf'], { jkt: holder.key.thumbprint })
  assertRefused(await ask(world, app, { certificate: own }), 'dpop_proof_missing')
  assert.equal((await ask(world, app, { certificate: own, proof: holder })).status, 200)
})

test('client_assertion_audience_wrong dpop_htu_mismatch [AS-META-07] an alias is another URL of the same endpoint', async () => {
  const { world } = await mutualWorld()
  const form = async (aud: string) => [
    ...changed({ grant_type: 'client_credentials', scope: 'accounts' }, {}),
    ...(await authentication(world, world.client, { claims: { aud } })),
  ]
  const holder = aParty()
  for (const aud of [mtlsOrigin, `${mtlsOrigin}/token`]) {
    assertFailed(
      await post(world, '/token', await form(aud), { proof: holder }),
      'client_assertion_audience_wrong',
      aud,
    )
  }
  const forMainHost = [['dpop', await aProof(world, holder, 'POST', urls.token)]] as const
  const sent = { form: await form(theIssuer), headers: forMainHost, entrance: 'mtls' } as const
  assertRefused(await world.send('POST', '/token', sent), 'dpop_htu_mismatch')
  assert.equal((await post(world, '/token', await form(theIssuer), { proof: holder })).status, 200)
})

test('[AS-META-06] [AS-META-07] the document offers certificates exactly where they are asked for', async () => {
  const plain = (await (await aWorld()).send('GET', '/.well-known/openid-configuration')).json
  assert.deepEqual(plain['token_endpoint_auth_methods_supported'], ['private_key_jwt'])
  assert.ok(!('tls_client_certificate_bound_access_tokens' in plain))
  assert.ok(!('mtls_endpoint_aliases' in plain))
  const { world } = await mutualWorld()
  const document = (await world.send('GET', '/.well-known/openid-configuration')).json
  const methods = ['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth']
  for (const endpoint of ['token', 'introspection', 'revocation']) {
    assert.deepEqual(document[`${endpoint}_endpoint_auth_methods_supported`], methods)
  }
  assert.equal(document['tls_client_certificate_bound_access_tokens'], true)
  assert.deepEqual(document['mtls_endpoint_aliases'], {
    pushed_authorization_request_endpoint: `${mtlsOrigin}/par`,
    token_endpoint: `${mtlsOrigin}/token`,
    introspection_endpoint: `${mtlsOrigin}/introspect`,
    revocation_endpoint: `${mtlsOrigin}/revoke`,
    userinfo_endpoint: `${mtlsOrigin}/userinfo`,
  })
  const withoutAnchors = await aWorld({ config: { mutualTlsOrigin: mtlsOrigin } })
  const fewer = (await withoutAnchors.send('GET', '/.well-known/openid-configuration')).json
  assert.deepEqual(fewer['token_endpoint_auth_methods_supported'], ['private_key_jwt', 'self_signed_tls_client_auth'])
})

/** A whole flow of a client that authenticates and is bound by certificate. */
async function tokensByCertificate(world: World, app: TestClient) {
  const { verifier, challenge } = aPkcePair(world)
  const pushed = await post(world, '/par', changed(aPush(world, app, challenge), {}), { certificate: own })
  assert.equal(pushed.status, 201, pushed.text)
  const browser = aBrowser(world)
  const interaction = location(await open(world, pushed, browser, { client_id: app.clientId }))
  assert.equal((await signIn(browser, interaction)).status, 303)
  const { code = '' } = responseOf(await decide(browser, interaction, await browser.get(interaction)))
  const parameters = {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: redirectUri,
    scope: undefined,
  }
  const reply = await ask(world, app, { certificate: own, parameters })
  assert.equal(reply.status, 200, reply.text)
  return String(reply.json['access_token'])
}

test('token_certificate_missing token_certificate_mismatch certificate_bound_token_sent_as_dpop [RS-MTLS-01] userinfo wants the certificate the token is bound to', async () => {
  const { world, app } = await mutualWorld()
  const token = await tokensByCertificate(world, app)
  const call = (scheme: string, certificate?: ClientCertificate) =>
    world.send('GET', '/userinfo', {
      headers: [['authorization', `${scheme} ${token}`]],
      entrance: 'mtls',
      ...(certificate === undefined ? {} : { certificate }),
    })
  assertRefused(await call('Bearer'), 'token_certificate_missing')
  const stolen = await call('Bearer', anothers)
  assertRefused(stolen, 'token_certificate_mismatch')
  assert.deepEqual([stolen.status, stolen.json['error']], [401, 'invalid_token'])
  assertRefused(await call('DPoP', own), 'certificate_bound_token_sent_as_dpop')
  const honest = await call('Bearer', own)
  assert.deepEqual([honest.status, honest.json['sub']], [200, 'user-alice'])
})

test('client_keys_unavailable [AS-CAUTH-09] keys that cannot be fetched authenticate nobody', async () => {
  const { OAuthError } = await import('../../src/core/oauth-error.ts')
  let state: 'down' | 'up' = 'down'
  const world = await aWorld({
    ports: {
      clientKeys: (client) =>
        state === 'down' && client.jwksUri !== undefined
          ? Promise.reject(new OAuthError('client_keys_unavailable'))
          : Promise.resolve(client),
    },
  })
  await alter(world, world.client, { jwksUri: 'https://app.example/jwks' })
  const reply = await clientCredentials(world)
  assertFailed(reply, 'client_keys_unavailable')
  assert.equal((await clientCredentials(world, {}, { client: world.otherClient })).status, 200)
  state = 'up'
  assert.equal((await clientCredentials(world)).status, 200)
})

test('client_role_wrong [AS-INTRO-01] credentials of an API obtain nothing', async () => {
  const world = await aWorld()
  const bank = await register(world.store, aParty('ES256', 'bank'), 'bank', {
    role: { kind: 'resource_server', resource: (await import('./world.ts')).theBank },
  })
  const reply = await clientCredentials(world, {}, { client: { ...bank, clientId: clientId('bank') } })
  assertRefused(reply, 'client_role_wrong')
  assert.equal((await clientCredentials(world)).status, 200)
})
