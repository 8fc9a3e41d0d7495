import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import * as oauth from 'oauth4webapi'
import { theIssuer } from '../../test/flow/world.ts'
import { observed } from '../../test/observations.ts'
import { joseVerifier, parseCompactJws, parsePublicKey } from '../core/jose.ts'
import { generateSigningKey, sha256 } from '../node/runtime.ts'
import { assertionOf, type Hit, listen, refused, signIn, world } from './fixtures.test-support.ts'
import {
  type ClientPorts,
  createClient,
  generatePrivateJwk,
  nodeClientPorts,
  parsePrivateJwk,
  publicJwkOf,
  readPrivateJwk,
} from './index.ts'
import { allow, aRealServer } from './real-server.test-support.ts'

test('[CL-07] an assertion is for the issuer as a string, typed, short, and new each time', async () => {
  const { connect, hits, issuer } = await world()
  const client = await connect()
  await signIn(client)
  const assertions = hits.filter(({ form }) => form.has('client_assertion')).map(assertionOf)
  assert.equal(assertions.length, 2)
  for (const { header, payload } of assertions) {
    assert.equal(header['typ'], 'client-authentication+jwt')
    assert.equal(payload['aud'], issuer)
    assert.equal(payload['iss'], 'app')
    assert.equal(payload['sub'], 'app')
    assert.ok(Number(payload['exp']) - Number(payload['iat']) <= 60)
  }
  assert.notEqual(assertions[0]?.payload['jti'], assertions[1]?.payload['jti'])
})

test('[CL-07] keys of every kind of the profile sign assertions and proofs that verify', async () => {
  const { config, ports, lie, hits } = await world()
  const algorithms = ['ES256', 'PS256', 'EdDSA']
  lie.metadata = (honest) => ({
    ...honest,
    token_endpoint_auth_signing_alg_values_supported: algorithms,
    dpop_signing_alg_values_supported: algorithms,
  })
  for (const alg of ['ES256', 'PS256', 'EdDSA'] as const) {
    const key = parsePrivateJwk((await generateSigningKey(alg)).export({ format: 'jwk' }))
    const client = await createClient({ ...config, keys: { assertion: key, dpop: key } }, ports)
    await client.begin()
    const proof = parseCompactJws(String(hits.at(-1)?.headers['dpop']))
    const publicKey = parsePublicKey(publicJwkOf(key), sha256)
    for (const jws of [assertionOf(hits.at(-1)), proof]) assert.equal(await joseVerifier(jws, publicKey), true, alg)
    assert.equal(parsePublicKey(proof.header['jwk'], sha256).thumbprint, publicKey.thumbprint)
    assert.deepEqual([assertionOf(hits.at(-1)).header['alg'], proof.header['alg']], [alg, alg])
  }
})

test('[CL-07] a key outside the profile is refused at once', async () => {
  const { config, ports } = await world()
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'jwk' })
  assert.throws(() => parsePrivateJwk(p384), TypeError)
  const own = generatePrivateJwk()
  assert.throws(() => parsePrivateJwk(publicJwkOf(own)), TypeError)
  const { d } = generatePrivateJwk()
  await assert.rejects(createClient({ ...config, keys: { assertion: { ...own, d } } }, ports))
  const { privateKey } = await oauth.generateKeyPair('RS256')
  const foreign = { key: privateKey, kid: undefined }
  await assert.rejects(createClient({ ...config, keys: { assertion: foreign } }, ports), TypeError)
  await createClient({ ...config, keys: { assertion: own } }, ports)
})

test('[CL-07] a private key is read from a file, and a bad file is not repeated in the error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-client-'))
  const file = join(folder, 'key.json')
  const key = generatePrivateJwk()
  await writeFile(file, JSON.stringify(key))
  assert.deepEqual(await readPrivateJwk(file), key)
  await writeFile(file, `{"kty":"EC","d":"${key.d}"`)
  await assert.rejects(readPrivateJwk(file), (error: unknown) => !inspect(error).includes(key.d))
  await rm(folder, { recursive: true })
})

test('[CL-15] every client has a DPoP key of its own unless it is given one', async () => {
  const { connect, config, ports, hits } = await world()
  const keyOf = (hit: Hit | undefined) => JSON.stringify(parseCompactJws(String(hit?.headers['dpop'])).header['jwk'])
  const keys = new Set<string>()
  for (const client of [await connect(), await connect()]) {
    await client.begin()
    keys.add(keyOf(hits.at(-1)))
  }
  assert.equal(keys.size, 2)
  const dpop = generatePrivateJwk()
  await (await createClient({ ...config, keys: { ...config.keys, dpop } }, ports)).begin()
  assert.match(keyOf(hits.at(-1)), new RegExp(`"x":"${dpop.x}"`))
  assert.doesNotMatch(keyOf(hits.at(-1)), /"d":/)
  observed('CL-15', 'a key of its own')
})

test('[CL-07] [SK-02] the audience is the issuer, wherever the metadata says the endpoints are, and each retry has its own jti', async () => {
  const { connect, config, lie, hits, issuer, tokenHits } = await world()
  const attacker: Hit[] = []
  const elsewhere = await listen({ '/token': () => ({ status: 400, body: { error: 'use_dpop_nonce' } }) }, attacker)
  lie.metadata = (honest) => ({ ...honest, token_endpoint: `${elsewhere}/token` })
  const client = await createClient(config, nodeClientPorts({ allowedOrigins: [issuer, elsewhere, config.resource] }))
  await assert.rejects(signIn(client), refused('nonce_demanded_again'))
  assert.equal(tokenHits().length, 0)
  assert.equal(attacker.length, 2)
  const assertions = [...hits, ...attacker].filter(({ form }) => form.has('client_assertion')).map(assertionOf)
  for (const { payload } of assertions) assert.equal(payload['aud'], issuer)
  assert.equal(new Set(assertions.map(({ payload }) => payload['jti'])).size, assertions.length)
  lie.metadata = (honest) => honest
  assert.equal((await signIn(await connect())).subject, 'alice')
  observed('CL-07', 'the issuer as audience, a new jti each time')
})

test('[CL-15] [SK-45] two issuers, two keys: a token of one that the other hands out is worth nothing with the key for it', async (t) => {
  const server = await aRealServer(t)
  const honest = await server.connect()
  const { url, pending } = await honest.begin()
  const session = await honest.finish(await allow(server.world, url), pending)

  const setting = await world()
  const { lie, config } = setting
  lie.metadata = (document) => ({ ...document, userinfo_endpoint: `${theIssuer}/userinfo` })
  lie.tokens = (tokens) => ({ ...tokens, access_token: session.accessToken.reveal() })
  const fetch: ClientPorts['fetch'] = (to, init) =>
    (to.startsWith(theIssuer) ? server.ports : setting.ports).fetch(to, init)
  const misled = await createClient(config, { ...setting.ports, clock: server.ports.clock, fetch })
  const stolen = await signIn(misled)
  assert.equal(stolen.accessToken.reveal(), session.accessToken.reveal())
  assert.notEqual(stolen.boundTo, session.boundTo)
  await assert.rejects(misled.userinfo(stolen), refused('request_refused'))
  assert.equal(server.world.events.at(-1)?.rule, 'dpop_key_mismatch')
  assert.equal((await honest.userinfo(session))['sub'], 'user-alice')
  observed('CL-15', 'other thumbprints, and the token is refused')
})

test('[CL-07] a client that signs its assertions needs a key for it', async () => {
  const { config, ports, connect } = await world()
  await assert.rejects(createClient({ ...config, keys: {} }, ports), TypeError)
  await (await connect()).begin()
})
