import assert from 'node:assert/strict'
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { compactDecrypt, decodeProtectedHeader } from 'jose'
import { createIdToken } from '../../src/core/id-token.ts'
import { parseEncryptionKeys } from '../../src/core/jose.ts'
import type { EncryptionKey } from '../../src/core/keys.ts'
import { clientId, isJsonObject, numericDate, rowId, subject } from '../../src/core/names.ts'
import { sha256 } from '../../src/node/runtime.ts'
import { claimsOf, headerOf, type Parameters } from './messages.ts'
import { aParty } from './parties.ts'
import { aCode, askToken, assertRefused, callUserinfo, redeem, tokens } from './steps.ts'
import { addPerson, alter, aWorld, register, theIssuer } from './world.ts'

const claims = (idToken: object, userinfo: object = {}) => JSON.stringify({ id_token: idToken, userinfo })

test('[AS-OIDC-02] at_hash is the left half of SHA-256 of the access token, and absent where no hash is named', async () => {
  const world = await aWorld()
  for (const alg of ['ES256', 'PS256', 'EdDSA'] as const) {
    const client = await register(world.store, aParty(), `app-${alg}`, { idTokenSignedResponseAlg: alg })
    const { idToken, accessToken } = await tokens(world, {}, { client })
    const half = createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url')
    assert.equal(claimsOf(idToken)['at_hash'], alg === 'EdDSA' ? undefined : half, alg)
  }
})

test('[AS-OIDC-02] a name asked for by claims is in the ID token, in userinfo, or in neither', async () => {
  const world = await aWorld()
  const cases: readonly (readonly [Parameters, object, object])[] = [
    [{ claims: claims({ name: null }) }, { name: 'Alice Example' }, {}],
    [
      { claims: claims({ name: null, email: { essential: true } }) },
      { name: 'Alice Example', email: 'alice@example.org' },
      {},
    ],
    [{ claims: claims({}, { email: null }) }, {}, { email: 'alice@example.org' }],
    [
      { claims: claims({ email: null }), scope: 'openid profile' },
      { email: 'alice@example.org' },
      { name: 'Alice Example' },
    ],
    [{ claims: claims({ phone_number: { essential: true }, address: null }) }, {}, {}],
    [{}, {}, {}],
  ]
  for (const [changes, inToken, atUserinfo] of cases) {
    const { idToken, accessToken, party } = await tokens(world, { scope: 'openid', ...changes })
    const { name, email } = claimsOf(idToken)
    const about = JSON.stringify(changes)
    assert.deepEqual({ ...(name ? { name } : {}), ...(email ? { email } : {}) }, inToken, about)
    const info = await callUserinfo(world, accessToken, party)
    assert.deepEqual(info.json, { sub: 'user-alice', ...atUserinfo }, about)
  }
})

test('[AS-OIDC-02] claims reach no further than the scopes a client is registered for, and replace nothing of ours', async () => {
  const world = await aWorld()
  const client = await register(world.store, aParty(), 'narrow', { scope: ['openid', 'profile'] })
  const asked = { scope: 'openid', claims: claims({ name: null, email: null }, { name: null, email: null }) }
  const done = await tokens(world, asked, { client })
  assert.deepEqual([claimsOf(done.idToken)['name'], claimsOf(done.idToken)['email']], ['Alice Example', undefined])
  assert.deepEqual((await callUserinfo(world, done.accessToken, done.party)).json, {
    sub: 'user-alice',
    name: 'Alice Example',
  })
  await alter(world, client, { scope: ['openid'] })
  assert.deepEqual(
    (await callUserinfo(world, done.accessToken, done.party)).json,
    { sub: 'user-alice' },
    'narrowed since',
  )

  const [es] = world.serverKeys
  assert.ok(es)
  const person = { name: 'x', iss: 'https://evil.example', sub: 'user-bob' }
  const about = {
    issuer: theIssuer,
    subject: subject('user-alice'),
    audience: clientId('client-a'),
    issuedAt: numericDate(1),
    expiresAt: numericDate(2),
    authTime: numericDate(1),
    nonce: undefined,
    acr: 'a',
    amr: [],
    sid: rowId('A'.repeat(22)),
    accessToken: 'x',
    person,
  }
  const { iss, sub } = claimsOf(await createIdToken(about, es.signer, sha256))
  assert.deepEqual([iss, sub], [theIssuer, 'user-alice'])
})

test('[AS-OIDC-02] pairwise subjects: the same for one sector, another for each, in ID token, userinfo and refresh', async () => {
  const world = await aWorld()
  await addPerson(world.store, 'bob')
  const registered = { subjectType: 'pairwise', scope: ['openid', 'offline_access'] } as const
  const one = await register(world.store, aParty(), 'one', { ...registered, sector: 'app.example' })
  const two = await register(world.store, aParty(), 'two', { ...registered, sector: 'app.example' })
  const other = await register(world.store, aParty(), 'other', { ...registered, sector: 'else.example' })
  const subjects = []
  for (const client of [one, two, other]) {
    const done = await tokens(world, { scope: 'openid offline_access' }, { client })
    const { sub } = claimsOf(done.idToken)
    assert.match(String(sub), /^[\w-]{43}$/)
    assert.equal((await callUserinfo(world, done.accessToken, done.party)).json['sub'], sub)
    const form = { grant_type: 'refresh_token', refresh_token: String(done.reply.json['refresh_token']) }
    const again = await askToken(world, form, { client, party: done.party })
    assert.equal(claimsOf(again.json['id_token'])['sub'], sub)
    subjects.push(sub)
  }
  assert.equal(subjects[0], subjects[1])
  assert.notEqual(subjects[0], subjects[2])
  assert.equal(claimsOf((await tokens(world)).idToken)['sub'], 'user-alice', 'public where nothing is registered')
})

test('[AS-OIDC-08] an ID token of a refresh tells of the same sign-in, without the nonce', async () => {
  const world = await aWorld()
  await alter(world, world.client, { scope: ['openid', 'profile', 'accounts', 'offline_access'] })
  const scope = 'openid accounts offline_access'
  const done = await tokens(world, { scope, claims: claims({ name: null }) })
  world.wait(600)
  const form = { grant_type: 'refresh_token', refresh_token: String(done.reply.json['refresh_token']) }
  const reply = await askToken(world, form, { party: done.party })
  const { nonce, iat, exp, at_hash: before, ...same } = claimsOf(done.idToken)
  const { iat: laterIat, exp: laterExp, at_hash: after, ...again } = claimsOf(reply.json['id_token'])
  assert.deepEqual(again, same)
  assert.equal(nonce, 'a nonce')
  assert.deepEqual([Number(laterIat) - Number(iat), Number(laterExp) - Number(exp)], [600, 600])
  assert.notEqual(after, before)
})

test('[AS-OIDC-07] userinfo as a JWT: signed as registered, from us, for the client, and no ID token', async () => {
  const world = await aWorld()
  for (const alg of ['ES256', 'PS256', 'EdDSA'] as const) {
    const client = await register(world.store, aParty(), `app-${alg}`, { userinfoSignedResponseAlg: alg })
    const { accessToken, party, idToken } = await tokens(world, {}, { client })
    for (const method of ['GET', 'POST'] as const) {
      const reply = await callUserinfo(world, accessToken, party, {}, { method })
      assert.equal(reply.headers.get('content-type'), 'application/jwt')
      assert.equal(reply.headers.get('cache-control'), 'no-store')
      assert.deepEqual(headerOf(reply.text), { kid: alg.slice(0, 2).toLowerCase(), alg })
      const expected = { name: 'Alice Example', sub: claimsOf(idToken)['sub'], iss: theIssuer, aud: client.clientId }
      assert.deepEqual(claimsOf(reply.text), expected)
    }
  }
})

const recipients = {
  'RSA-OAEP-256': () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  'ECDH-ES': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'ECDH-ES+A256KW': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
} as const

function published(privateKey: KeyObject, more: object): readonly EncryptionKey[] {
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' })
  return parseEncryptionKeys({ keys: [{ ...jwk, use: 'enc', ...more }] })
}

test('[KEY-10] an encrypted ID token holds a signed one, uncompressed, for the one key of the client', async () => {
  const world = await aWorld()
  for (const alg of ['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A256KW'] as const) {
    for (const enc of ['A256GCM', 'A128GCM'] as const) {
      const privateKey = recipients[alg]()
      const encryptionKeys = published(privateKey, { kid: 'for-me', alg })
      const changes = { idTokenEncryption: { alg, enc }, encryptionKeys }
      const client = await register(world.store, aParty(), `app-${alg}-${enc}`, changes)
      const { idToken } = await tokens(world, {}, { client })
      const { epk, ...header } = decodeProtectedHeader(String(idToken))
      assert.deepEqual(header, { alg, enc, cty: 'JWT', typ: 'JWT', kid: 'for-me' })
      assert.equal(isJsonObject(epk), alg !== 'RSA-OAEP-256')
      const { plaintext } = await compactDecrypt(String(idToken), privateKey)
      const inner = new TextDecoder().decode(plaintext)
      assert.deepEqual(headerOf(inner), { typ: 'JWT', kid: 'es', alg: 'ES256' })
      assert.deepEqual([claimsOf(inner)['sub'], claimsOf(inner)['aud']], ['user-alice', client.clientId])
      await assert.rejects(compactDecrypt(String(idToken), recipients[alg]()))
    }
  }
})

test('id_token_key_missing [KEY-10] without a key that fits nothing is issued in the clear, and nothing is spent', async () => {
  const world = await aWorld()
  const rsa = recipients['RSA-OAEP-256']()
  const ec = recipients['ECDH-ES']()
  const [good] = published(ec, {})
  assert.ok(good?.jwk.kty === 'EC')
  const offCurve: EncryptionKey = { ...good, jwk: { ...good.jwk, x: good.jwk.y, y: good.jwk.x } }
  const unfit = {
    'no key': [],
    'a key of another kind': published(rsa, {}),
    'a key for another algorithm': published(ec, { alg: 'ECDH-ES+A256KW' }),
    'a point that is not on the curve': [offCurve],
  }
  for (const [about, encryptionKeys] of Object.entries(unfit)) {
    const changes = { idTokenEncryption: { alg: 'ECDH-ES', enc: 'A256GCM' }, encryptionKeys } as const
    const client = await register(world.store, aParty(), about.replaceAll(' ', '-'), changes)
    const flow = await aCode(world, {}, { client })
    const reply = await redeem(world, flow, {}, { client })
    assertRefused(reply, 'id_token_key_missing', about)
    assert.deepEqual([reply.status, reply.json['error'], reply.stored], [400, 'unauthorized_client', []], about)
    await alter(world, client, { encryptionKeys: published(ec, {}) })
    const after = await redeem(world, flow, {}, { client })
    assert.equal(after.status, 200, 'the code is still good')
    assert.equal(String(after.json['id_token']).split('.').length, 5)
  }
})
