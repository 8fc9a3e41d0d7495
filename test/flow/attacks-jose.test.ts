/** Attacks on and by JWTs, and what the trail says of them. */

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { encodeBase64url } from '../../src/core/jose.ts'
import { anAssertion, aProof, authentication, type Changes, changed } from './messages.ts'
import { aParty } from './parties.ts'
import { assertRefused, callUserinfo, clientCredentials, push, tokens } from './steps.ts'
import { aWorld, register, type Sent, urls, type World } from './world.ts'

const typesOf = (world: World) => world.raised.map(({ type }) => type)

/** What the trail says of one push whose assertion, or whose proof, is like that. */
async function told(changes: { readonly assertion?: Changes; readonly proof?: Changes }, rule: string) {
  const world = await aWorld()
  // Its nonce is asked for first.
  const party = aParty()
  await aProof(world, party, 'POST', urls.par)
  const before = world.raised.length
  assertRefused(await push(world, {}, { ...changes, party }), rule)
  const types = typesOf(world).slice(before)
  assert.equal((await push(world, {}, { party })).status, 201)
  return types
}

const withAlg = (alg: unknown): Changes => ({ header: { alg } })
const honestElsewhere = ['RS256', 'RS512', 'PS384', 'ES384', 'ES256K', 'Ed448']
const forgeries = ['none', 'None', 'HS256', 'hs512']

test('client_assertion_algorithm_not_allowed [OPS-02] [SK-11] what forges wakes somebody, an algorithm for other servers nobody', async () => {
  const rule = 'client_assertion_algorithm_not_allowed'
  for (const alg of honestElsewhere) assert.deepEqual(await told({ assertion: withAlg(alg) }, rule), ['jose.malformed'])
  for (const alg of forgeries) assert.deepEqual(await told({ assertion: withAlg(alg) }, rule), ['jose.forgery'])
  const world = await aWorld()
  const strict = await register(world.store, aParty('PS256', 'ps'), 'strict', { tokenEndpointAuthSigningAlg: 'ES256' })
  assertRefused(await push(world, {}, { client: strict }), rule)
  assert.deepEqual(typesOf(world), ['jose.malformed'])
  assert.equal((await push(world)).status, 201)
})

test('dpop_algorithm_not_allowed [OPS-02] [SK-12] a proof with a secret wakes somebody, one of another profile nobody', async () => {
  const rule = 'dpop_algorithm_not_allowed'
  for (const alg of honestElsewhere) assert.deepEqual(await told({ proof: withAlg(alg) }, rule), ['jose.malformed'])
  for (const alg of forgeries) assert.deepEqual(await told({ proof: withAlg(alg) }, rule), ['jose.forgery'])
})

test('access_token_algorithm_not_allowed [OPS-02] [SK-13] a token under the public key as a secret wakes somebody', async () => {
  const world = await aWorld()
  const { accessToken, party } = await tokens(world)
  const [, payload = ''] = accessToken.split('.')
  const relabelled = (alg: string) => {
    const input = `${encodeBase64url(JSON.stringify({ alg, typ: 'at+jwt', kid: 'es' }))}.${payload}`
    const secret = JSON.stringify(world.serverKeys[0]?.key.jwk)
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  for (const [alg, event] of [
    ['HS256', 'jose.forgery'],
    ['none', 'jose.forgery'],
    ['RS256', 'jose.malformed'],
  ] as const) {
    assertRefused(await callUserinfo(world, relabelled(alg), party), 'access_token_algorithm_not_allowed')
    assert.equal(typesOf(world).at(-1), event)
  }
  assert.equal((await callUserinfo(world, accessToken, party)).status, 200)
})

const jwe = (header: object) => () => `${encodeBase64url(JSON.stringify(header))}.AA.AA.AA.AA`

test('client_assertion_malformed [OPS-02] [SK-22] what would be dear to read is refused unread, and told apart', async () => {
  const rule = 'client_assertion_malformed'
  const bombs: Record<string, Changes> = {
    'a long one': { claims: { padding: 'x'.repeat(20_000) } },
    'a compressed one': { header: { zip: 'DEF' } },
    'one locked by a slow password': { text: jwe({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31 }) },
    'a compressed and encrypted one': { text: jwe({ alg: 'RSA-OAEP-256', enc: 'A256GCM', zip: 'DEF' }) },
  }
  for (const [what, assertion] of Object.entries(bombs)) {
    assert.deepEqual(await told({ assertion }, rule), ['jose.bomb_refused'], what)
  }
  const others: Record<string, Changes> = {
    'an encrypted one': { text: jwe({ alg: 'RSA-OAEP-256', enc: 'A256GCM' }) },
    'two parts': { text: (jwt) => jwt.split('.').slice(0, 2).join('.') },
    'no JWT at all': { text: () => 'hello' },
    'five parts of nothing': { text: () => '....' },
    'an unknown extension': { header: { crit: ['x'] } },
  }
  for (const [what, assertion] of Object.entries(others)) {
    assert.deepEqual(await told({ assertion }, rule), ['jose.malformed'], what)
  }
})

test('dpop_proof_malformed [OPS-02] [SK-21] a compressed proof is told apart from a broken one', async () => {
  const rule = 'dpop_proof_malformed'
  assert.deepEqual(await told({ proof: { header: { zip: 'DEF' } } }, rule), ['jose.bomb_refused'])
  assert.deepEqual(await told({ proof: { header: { b64: false } } }, rule), ['jose.malformed'])
})

test('client_assertion_signature_invalid client_assertion_key_unknown [LV-11] among keys of one kid, the one of the algorithm counts', async () => {
  const world = await aWorld()
  const [curve, rsa, edwards] = [aParty('ES256', 'same'), aParty('PS256', 'same'), aParty('EdDSA', 'other')]
  const client = await register(world.store, curve, 'twins', { keys: [curve.key, rsa.key, edwards.key] })
  for (const { signer } of [curve, rsa]) {
    assert.equal((await push(world, {}, { client, assertion: { signer, header: { kid: 'same' } } })).status, 201)
  }
  const ask = (signer: (typeof curve)['signer'], kid: string) =>
    push(world, {}, { client, assertion: { signer, header: { kid } } })
  assertRefused(await ask(edwards.signer, 'same'), 'client_assertion_key_unknown')
  assertRefused(await ask(aParty('ES256').signer, 'same'), 'client_assertion_signature_invalid')
  assertRefused(await ask({ ...curve.signer, alg: 'PS256' }, 'same'), 'client_assertion_signature_invalid')
  assertRefused(await ask(rsa.signer, 'other'), 'client_assertion_key_unknown')
  assert.equal((await ask(edwards.signer, 'other')).status, 201)
})

test('client_assertion_replayed dpop_replayed [SK-32] nobody burns a jti of somebody else, with a good message or a bad one', async () => {
  const world = await aWorld()
  const [victim, thief] = [aParty(), aParty()]
  const jti = 'a predicted jti'
  const own = { assertion: { claims: { jti } }, proof: { claims: { jti } } }
  // The thief is a client too, and its messages are good.
  const ofThief = { ...own, client: world.otherClient, party: thief }
  assert.equal((await push(world, {}, ofThief)).status, 201)
  // Without the keys of the victim, and without the rest being right.
  const forged = { ...own, party: victim, proof: { ...own.proof, signer: thief.signer } }
  assertRefused(await push(world, {}, forged), 'dpop_signature_invalid')
  const misdirected = { ...own, assertion: { claims: { jti }, signer: thief.signer } }
  assertRefused(await push(world, {}, { ...misdirected, party: victim }), 'client_assertion_signature_invalid')
  const late = { claims: { jti, iat: world.now() - 600 } }
  assertRefused(await push(world, {}, { ...own, party: victim, proof: late }), 'dpop_expired')

  assert.equal((await push(world, {}, { ...own, party: victim })).status, 201)
  assertRefused(await push(world, {}, { ...own, party: victim }), 'client_assertion_replayed')
  const again = { party: victim, proof: own.proof }
  assertRefused(await push(world, {}, again), 'dpop_replayed')
  assert.equal((await push(world, {}, { party: victim })).status, 201)
})

/** Headers and parameters of draft-ietf-oauth-attestation-based-client-auth. */
async function attested(world: World, changes: Sent['headers'] = []): Promise<Sent> {
  const attestation = await anAssertion(world, world.client, { header: { typ: 'oauth-client-attestation+jwt' } })
  const pop = await anAssertion(world, world.client, { header: { typ: 'oauth-client-attestation-pop+jwt' } })
  const headers = [['oauth-client-attestation', attestation] as const, ['oauth-client-attestation-pop', pop] as const]
  const form = changed({ grant_type: 'client_credentials', scope: 'accounts', client_id: world.client.clientId }, {})
  return { form, headers: [...headers, ...changes] }
}

test('client_authentication_missing client_assertion_type_unsupported [SK-10] an attestation of a client instance authenticates nobody', async () => {
  const world = await aWorld()
  const party = aParty()
  const proof = ['dpop', await aProof(world, party, 'POST', urls.token)] as const
  const sent = await attested(world, [proof])
  const refused = await world.send('POST', '/token', sent)
  assertRefused(refused, 'client_authentication_missing')
  assert.deepEqual([refused.status, refused.json['error'], refused.stored], [401, 'invalid_client', []])
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-client-attestation'
  const [, [name, assertion]] = await authentication(world)
  const parameters = [...(sent.form ?? []), ['client_assertion_type', type] as const, [name, assertion] as const]
  const asType = await world.send('POST', '/token', { form: parameters, headers: [proof] })
  assertRefused(asType, 'client_assertion_type_unsupported')
  const { text } = await world.send('GET', '/.well-known/oauth-authorization-server')
  assert.ok(!text.includes('attest'))
  assert.equal((await clientCredentials(world, {}, { party })).status, 200)
})
