import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256 } from '../../src/node/runtime.ts'
import { aNonce, anAssertion, aProof, aRawJws, type Changes, claimsOf, headerOf } from './messages.ts'
import { aParty, type TestClient } from './parties.ts'
import { assertRefused, clientCredentials, push, tokens } from './steps.ts'
import { aWorld, register, type Reply, theIssuer, urls, type World } from './world.ts'

function asserted(world: World, step: 'par', changes: Changes, client: TestClient): Promise<Reply> {
  assert.equal(step, 'par')
  return push(world, {}, { assertion: changes, client })
}

test('[KEY-01] ES256, PS256, EdDSA, and Ed25519 as RFC 9864 spells it, are accepted; [KEY-07] keys that share a kid', async () => {
  const world = await aWorld()
  const parties = [aParty('ES256', 'k'), aParty('PS256', 'k'), aParty('EdDSA', 'k')] as const
  const client = await register(world.store, parties[0], 'client-c', { keys: parties.map(({ key }) => key) })
  for (const { signer } of parties) assert.equal((await asserted(world, 'par', { signer }, client)).status, 201)
  const { signer } = parties[2]
  assert.equal((await asserted(world, 'par', { signer, header: { alg: 'Ed25519' } }, client)).status, 201)
  const forged = { signer: aParty('ES256', 'k').signer }
  assertRefused(await asserted(world, 'par', forged, client), 'client_assertion_signature_invalid')
})

/** Everything that is signed here, and every place that takes something signed. KEY-05. */
async function matrix(world: World) {
  const { accessToken, party, idToken } = await tokens(world)
  const robotParty = aParty()
  const robot = await clientCredentials(world, {}, { party: robotParty })
  const artefacts = {
    assertion: () => anAssertion(world),
    'par proof': () => aProof(world, party, 'POST', urls.par),
    'token proof': () => aProof(world, party, 'POST', urls.token),
    'userinfo proof': () => aProof(world, party, 'GET', urls.userinfo, { claims: { ath: sha256(accessToken) } }),
    'access token': async () => accessToken,
    'client access token': async () => String(robot.json['access_token']),
    'ID token': async () => String(idToken),
  }
  const proof = (url: string, method = 'POST') =>
    aProof(world, party, method, url, { claims: { ath: sha256(accessToken) } })
  const consumers = {
    'assertion at par': async (jwt: string) => push(world, {}, { assertion: { text: () => jwt } }),
    'assertion at token': async (jwt: string) => clientCredentials(world, {}, { assertion: { text: () => jwt } }),
    'proof at par': async (jwt: string) => push(world, {}, { headers: [['dpop', jwt]] }),
    'proof at token': async (jwt: string) => clientCredentials(world, {}, { headers: [['dpop', jwt]] }),
    'proof at userinfo': (jwt: string) =>
      world.send('GET', '/userinfo', {
        headers: [
          ['authorization', `DPoP ${accessToken}`],
          ['dpop', jwt],
        ],
      }),
    'token at userinfo': async (jwt: string) =>
      world.send('GET', '/userinfo', {
        headers: [
          ['authorization', `DPoP ${jwt}`],
          ['dpop', await proof(urls.userinfo, 'GET')],
        ],
      }),
    'code at token': async (jwt: string) => clientCredentials(world, { grant_type: 'authorization_code', code: jwt }),
    'request object at par': async (jwt: string) => push(world, { request: jwt }),
    'request_uri at authorize': async (jwt: string) =>
      world.send('GET', `/authorize?client_id=client-a&request_uri=${jwt}`),
  }
  return { artefacts, consumers }
}

const diagonal: Readonly<Record<string, readonly string[]>> = {
  assertion: ['assertion at par', 'assertion at token'],
  'par proof': ['proof at par'],
  'token proof': ['proof at token'],
  'userinfo proof': ['proof at userinfo'],
  'access token': ['token at userinfo'],
}

test('[KEY-05] [AS-TOK-10] every kind of JWT at every consumer: only the diagonal passes', async () => {
  const world = await aWorld()
  const { artefacts, consumers } = await matrix(world)
  for (const [kind, make] of Object.entries(artefacts)) {
    for (const [place, take] of Object.entries(consumers)) {
      const reply = await take(await make())
      const fits = diagonal[kind]?.includes(place) === true
      assert.equal(reply.status < 300, fits, `${kind} as ${place}: ${reply.status} ${String(reply.rule)}`)
      if (!fits) assert.deepEqual(reply.stored, [], `${kind} as ${place}`)
    }
  }
})

test('[KEY-05] the same claims under the typ of another kind change nothing', async () => {
  const world = await aWorld()
  const { artefacts, consumers } = await matrix(world)
  const typs = [undefined, 'JWT', 'client-authentication+jwt', 'dpop+jwt', 'at+jwt', 'logout+jwt']
  const [es] = world.serverKeys
  assert.ok(es)
  for (const [kind, make] of Object.entries(artefacts)) {
    for (const typ of typs) {
      const jwt = await make()
      const { signer } = kind === 'assertion' ? world.client : es
      const retyped = await aRawJws(JSON.stringify({ ...headerOf(jwt), typ }), JSON.stringify(claimsOf(jwt)), signer)
      for (const [place, take] of Object.entries(consumers)) {
        const fits = diagonal[kind]?.includes(place) === true
        if (!fits) assert.ok((await take(retyped)).status >= 400, `${kind}, typ ${String(typ)}, as ${place}`)
      }
    }
  }
})

test('[KEY-01] [KEY-02] neither artefact of ours is ever signed with anything but the profile', async () => {
  const world = await aWorld()
  for (let round = 0; round < 5; round += 1) {
    const { accessToken, idToken } = await tokens(world)
    for (const jwt of [accessToken, String(idToken)]) {
      assert.ok(['ES256', 'PS256', 'EdDSA'].includes(String(headerOf(jwt)['alg'])))
      for (const name of ['jku', 'x5u', 'jwk', 'x5c']) assert.ok(!(name in headerOf(jwt)), '[KEY-08]')
      assert.match(jwt, /^[\w-]+\.[\w-]+\.[\w-]{86}$/)
    }
  }
})

test('[KEY-04] two servers on the same clock share no value', async () => {
  const values = new Set<unknown>()
  for (let round = 0; round < 2; round += 1) {
    const world = await aWorld()
    const { pushed, code, accessToken, party } = await tokens(world)
    const nonce = await aNonce(world, party)
    for (const value of [pushed.json['request_uri'], code, claimsOf(accessToken)['jti'], nonce]) values.add(value)
  }
  assert.equal(values.size, 8)
  assert.equal(theIssuer, 'https://as.example')
})
