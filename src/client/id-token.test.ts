import assert from 'node:assert/strict'
import { test } from 'node:test'
import { observed } from '../../test/observations.ts'
import { joseSigner, jwtEncrypter, parseEncryptionKeys, signJwt } from '../core/jose.ts'
import type { KeyManagementAlgorithm } from '../core/keys.ts'
import { numericDate } from '../core/names.ts'
import { generateSigningKey, systemClock } from '../node/runtime.ts'
import { callback, refused, signIn, world } from './fixtures.test-support.ts'
import { createClient, generatePrivateJwk, parsePrivateJwk, type PrivateJwk, publicJwkOf } from './index.ts'
import { digest as digestOf } from './node/keys.ts'

const digest = (...of: Parameters<typeof digestOf>) => Buffer.from(digestOf(...of))

test('[CL-14] [ER-33] an ID token that does not hold makes no session', async () => {
  const { connect, lie } = await world()
  const client = await connect()
  const now = Math.floor(Date.now() / 1000)
  const wrongClaims: Record<string, unknown>[] = [
    { iss: 'https://other.example' },
    { aud: 'another-app' },
    { aud: ['app', 'another-app'] },
    { aud: ['app', 'another-app'], azp: 'another-app' },
    { exp: now - 120 },
    { nonce: 'another-nonce' },
    { nonce: undefined },
    { sub: undefined },
    { iat: undefined },
  ]
  for (const change of wrongClaims) {
    lie.claims = (honest) => ({ ...honest, ...change })
    await assert.rejects(signIn(client), refused('id_token_invalid'), JSON.stringify(change))
  }
  lie.claims = (honest) => honest

  const honestKey = lie.idTokenKey
  lie.idTokenKey = generatePrivateJwk()
  await assert.rejects(signIn(client), refused('id_token_invalid'))
  lie.idTokenKey = honestKey

  lie.tokens = (honest) => ({ ...honest, id_token: undefined })
  await assert.rejects(signIn(client), refused('id_token_invalid'))
  lie.tokens = (honest) => {
    const [, payload = ''] = String(honest['id_token']).split('.')
    return { ...honest, id_token: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.` }
  }
  await assert.rejects(signIn(client), refused('id_token_invalid'))
  lie.tokens = (honest) => honest

  lie.claims = (honest) => ({ ...honest, aud: ['app'] })
  assert.equal((await signIn(client)).subject, 'alice')
  observed('CL-14', 'no session for any of them')
})

test('[CL-14] max_age is pushed and checked', async () => {
  const { connect, lie, hits } = await world()
  const client = await connect()
  const { pending } = await client.begin({ maxAge: 60, prompt: 'login', loginHint: 'alice' })
  const { form } = hits.at(-1) ?? assert.fail()
  assert.deepEqual([form.get('max_age'), form.get('prompt'), form.get('login_hint')], ['60', 'login', 'alice'])
  lie.claims = (honest) => ({ ...honest, auth_time: Math.floor(Date.now() / 1000) - 600 })
  await assert.rejects(client.finish(callback(pending), pending), refused('id_token_invalid'))
  lie.claims = (honest) => ({ ...honest, auth_time: Math.floor(Date.now() / 1000) - 5 })
  const again = await client.begin({ maxAge: 60 })
  await client.finish(callback(again.pending), again.pending)
})

const anHour = 3600

test('[CL-14] times by the clock of the client, the audience that is meant, the access token it came with', async () => {
  const { connect, lie } = await world()
  const client = await connect()
  const now = Math.floor(Date.now() / 1000)
  const wrong: Record<string, unknown>[] = [
    { azp: 'another-app' },
    { aud: ['app'], azp: 'another-app' },
    { iat: now + anHour },
    { nbf: now + 90 },
    { nbf: 'now' },
    { exp: now - 90 },
    { exp: String(now + 300) },
    { at_hash: 'x' },
    { at_hash: digest('SHA-256', 'another token').toString('base64url') },
  ]
  for (const change of wrong) {
    lie.claims = (honest) => ({ ...honest, ...change })
    await assert.rejects(signIn(client), refused('id_token_invalid'), JSON.stringify(change))
  }
  const half = digest('SHA-256', 'secret-access-token').subarray(0, 16).toString('base64url')
  lie.claims = (honest) => ({ ...honest, at_hash: half, azp: 'app', aud: ['app', 'another-app'] })
  assert.equal((await signIn(client)).subject, 'alice')
  observed('CL-14', 'no session for any of them')
})

test('[CL-14] the algorithm that was registered and no other, a type of its own and no other', async () => {
  const { config, ports, lie } = await world()
  lie.metadata = (honest) => ({ ...honest, id_token_signing_alg_values_supported: ['ES256', 'PS256', 'Ed25519'] })
  for (const idTokenAlgorithm of ['PS256', 'EdDSA'] as const) {
    const client = await createClient({ ...config, idTokenAlgorithm }, ports)
    await assert.rejects(signIn(client), refused('id_token_invalid'), idTokenAlgorithm)
  }
  const client = await createClient({ ...config, idTokenAlgorithm: 'ES256' }, ports)
  for (const typ of ['at+jwt', 'logout+jwt', 'secevent+jwt', 5]) {
    lie.header = { typ }
    await assert.rejects(signIn(client), refused('id_token_invalid'), String(typ))
  }
  lie.header = {}
  assert.equal((await signIn(client)).subject, 'alice')
  lie.metadata = (honest) => honest
  const unoffered = createClient({ ...config, idTokenAlgorithm: 'PS256' }, ports)
  await assert.rejects(unoffered, refused('id_token_algorithm_missing'))
  observed('CL-14', 'no session under another algorithm')
})

test('[CL-14] at_hash of an Ed25519 token is half of SHA-512, and a key of that kind verifies', async () => {
  const setting = await world()
  const { connect, lie, config, ports } = setting
  const key = parsePrivateJwk({ ...(await generateSigningKey('EdDSA')).export({ format: 'jwk' }), kid: 'ed' })
  lie.metadata = (honest) => ({ ...honest, id_token_signing_alg_values_supported: ['ES256', 'Ed25519'] })
  lie.jwks = (honest) => ({ keys: [...honest, { ...publicJwkOf(key), alg: 'EdDSA' }] })
  lie.sign = async (_, claims) => signJwt({ typ: 'JWT' }, claims, await joseSigner({ ...key }, 'EdDSA', 'ed'))
  const client = await connect()
  const hashed = (algorithm: 'SHA-256' | 'SHA-512', bytes: number) =>
    digest(algorithm, 'secret-access-token').subarray(0, bytes).toString('base64url')
  lie.claims = (honest) => ({ ...honest, at_hash: hashed('SHA-256', 16) })
  await assert.rejects(signIn(client), refused('id_token_invalid'))
  lie.claims = (honest) => ({ ...honest, at_hash: hashed('SHA-512', 32) })
  // The metadata has the newer name, the header the older one: they are the same algorithm.
  await assert.rejects(signIn(client), refused('id_token_invalid'))
  lie.metadata = (honest) => ({ ...honest, id_token_signing_alg_values_supported: ['ES256', 'EdDSA'] })
  assert.equal((await signIn(await createClient(config, ports))).subject, 'alice')
})

test('[CL-14] what was asked for is what came: the way of signing in, and how long ago', async () => {
  const { connect, lie, hits } = await world()
  const client = await connect()
  const now = Math.floor(Date.now() / 1000)
  const asked = { acrValues: ['gold', 'platinum'], maxAge: 60 }
  for (const [reason, change] of [
    ['acr_unmet', { acr: 'bronze', auth_time: now }],
    ['acr_unmet', { auth_time: now }],
    ['acr_unmet', { acr: ['gold'], auth_time: now }],
    ['id_token_invalid', { acr: 'gold' }],
    ['id_token_invalid', { acr: 'gold', auth_time: now - 600 }],
    ['id_token_invalid', { acr: 'gold', auth_time: now + 600 }],
  ] as const) {
    const { pending } = await client.begin(asked)
    lie.claims = (honest) => ({ ...honest, ...change })
    await assert.rejects(client.finish(callback(pending), pending), refused(reason), JSON.stringify(change))
  }
  lie.claims = (honest) => ({ ...honest, acr: 'platinum', auth_time: now })
  const { pending } = await client.begin(asked)
  assert.equal(hits.at(-1)?.form.get('acr_values'), 'gold platinum')
  assert.equal(hits.at(-1)?.form.get('claims'), null, 'not to a server that does not know it')
  assert.equal((await client.finish(callback(pending), pending)).idToken?.['acr'], 'platinum')
  observed('CL-14', 'no session')
})

test('[CL-14] an ID token that comes with a renewal is about the same sign-in, or nothing is renewed', async () => {
  const { connect, lie } = await world()
  const client = await connect()
  const at = Math.floor(Date.now() / 1000)
  lie.tokens = (honest) => ({ ...honest, refresh_token: 'a-refresh-token' })
  lie.claims = (honest) => ({ ...honest, auth_time: at })
  const session = await signIn(client)
  const wrong: Record<string, unknown>[] = [
    { sub: 'mallory' },
    { aud: ['app', 'another-app'], azp: 'app' },
    { iss: 'https://other.example' },
    { auth_time: at + 5 },
    { nonce: 'another-nonce' },
    { azp: 'app' },
    { exp: at - anHour },
  ]
  for (const change of wrong) {
    lie.claims = (honest) => ({ ...honest, auth_time: at, ...change })
    await assert.rejects(client.refresh(session), refused('id_token_invalid'), JSON.stringify(change))
  }
  const key = lie.idTokenKey
  lie.idTokenKey = generatePrivateJwk()
  lie.claims = (honest) => honest
  await assert.rejects(client.refresh(session), refused('id_token_invalid'))
  lie.idTokenKey = key
  assert.equal((await client.refresh(session)).subject, 'alice')
  observed('CL-14', 'nothing was renewed')
})

test('[CL-14] an encrypted ID token is opened, its content verified; with a key for it nothing else is taken', async () => {
  const { config, ports, lie } = await world()
  const rsa = parsePrivateJwk({ ...(await generateSigningKey('PS256')).export({ format: 'jwk' }), kid: 'rsa' })
  const ec = { ...generatePrivateJwk(), kid: 'ec' }
  const keys = { ...config.keys, decryption: [rsa, ec] }
  const client = await createClient({ ...config, keys }, ports)
  const plain = await createClient(config, ports)
  const wrapped = async (alg: KeyManagementAlgorithm, key: PrivateJwk, kid?: string) => {
    const [encryptionKey] = parseEncryptionKeys({ keys: [{ ...publicJwkOf(key), alg, use: 'enc' }] })
    const { jwk } = encryptionKey ?? assert.fail()
    const encrypt = await jwtEncrypter({ jwk, kid, alg }, { alg, enc: 'A256GCM' })
    lie.seal = encrypt
  }
  for (const [alg, key] of [
    ['RSA-OAEP-256', rsa],
    ['ECDH-ES', ec],
    ['ECDH-ES+A256KW', ec],
  ] as const) {
    await wrapped(alg, key, key.kid)
    assert.equal((await signIn(client)).subject, 'alice', alg)
    await assert.rejects(signIn(plain), refused('id_token_invalid'), alg)
    await wrapped(alg, key)
    assert.equal((await signIn(client)).subject, 'alice', 'without a kid')
    await wrapped(alg, key, 'another')
    await assert.rejects(signIn(client), refused('id_token_invalid'), 'to another key')
  }
  await wrapped('ECDH-ES', generatePrivateJwk())
  await assert.rejects(signIn(client), refused('id_token_invalid'))
  await wrapped('ECDH-ES', ec)
  const seal = lie.seal ?? assert.fail()
  lie.seal = async (jwt) => (await seal(jwt)).replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'))
  await assert.rejects(signIn(client), refused('id_token_invalid'), 'altered')
  lie.seal = seal
  const honest = lie.idTokenKey
  lie.idTokenKey = generatePrivateJwk()
  await assert.rejects(signIn(client), refused('id_token_invalid'), 'signed by nobody inside')
  lie.idTokenKey = honest
  lie.seal = undefined
  await assert.rejects(signIn(client), refused('id_token_invalid'), 'not encrypted')
  const ed = parsePrivateJwk((await generateSigningKey('EdDSA')).export({ format: 'jwk' }))
  await assert.rejects(createClient({ ...config, keys: { ...keys, decryption: [ed] } }, ports), TypeError)
  lie.seal = seal
  assert.equal((await signIn(client)).subject, 'alice')
  observed('CL-14', 'no session')
})

test('[CL-14] claims that come signed are verified, and are about the person of the session', async () => {
  const { config, ports, lie, connect } = await world()
  const session = await signIn(await connect())
  lie.metadata = (honest) => ({ ...honest, userinfo_signing_alg_values_supported: ['ES256', 'RS256'] })
  const { idTokenKey } = lie
  const signed = async (key: PrivateJwk, claims: Record<string, unknown>) => {
    const body = await signJwt({}, claims, await joseSigner({ ...key }, 'ES256', idTokenKey.kid))
    lie.userinfo = () => ({ status: 200, headers: { 'content-type': 'application/jwt' }, text: body })
  }
  const client = await createClient(config, ports)
  const honest = { iss: config.issuer, aud: 'app', sub: 'alice', name: 'Alice' }
  const own = await signIn(client)
  for (const [key, claims, reason] of [
    [generatePrivateJwk(), honest, 'response_unusable'],
    [idTokenKey, { ...honest, aud: 'another-app' }, 'response_unusable'],
    [idTokenKey, { ...honest, iss: 'https://other.example' }, 'response_unusable'],
    [idTokenKey, { ...honest, exp: 1000 }, 'response_unusable'],
    [idTokenKey, { ...honest, sub: 'mallory' }, 'userinfo_subject_mismatch'],
  ] as const) {
    await signed(key, claims)
    await assert.rejects(client.userinfo(own), refused(reason))
  }
  await signed(idTokenKey, honest)
  assert.equal((await client.userinfo(own))['name'], 'Alice')
  // The clock that counts is that of the client.
  const ahead = await createClient(config, { ...ports, clock: () => numericDate(systemClock() + 200) })
  const later = await signIn(ahead)
  await signed(idTokenKey, { ...honest, exp: systemClock() + 100 })
  await assert.rejects(ahead.userinfo(later), refused('response_unusable'))
  await signed(idTokenKey, { ...honest, exp: systemClock() + 300 })
  assert.equal((await ahead.userinfo(later))['name'], 'Alice')
  assert.equal(session.subject, 'alice')
})
