import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sha256 } from '../../src/node/runtime.ts'
import { aJwt, anAssertion, aProof, aRawJws, claimsOf, headerOf } from './messages.ts'
import { nasty, prototypes } from './nasty.ts'
import { clientCredentials, push, tokens } from './steps.ts'
import { aWorld, theIssuer, urls, type World } from './world.ts'

// As in fuzz.test.ts, `world.send` holds every answer against the invariants: never a 500.
const seed = 20_260_919

/** JSON of any shape. */
const json = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e308,
    Number.MAX_SAFE_INTEGER,
    '',
    'x',
    theIssuer,
    'client-a',
    [],
    {},
  ),
  fc.constantFrom(
    [theIssuer],
    { $ne: null },
    ['x', 'y'],
    { toString: 1 },
    Array.from({ length: 100 }, () => 'x'),
  ),
  nasty,
  fc.jsonValue({ maxDepth: 3 }),
)
const members = fc.constantFrom(
  'iss',
  'sub',
  'aud',
  'exp',
  'iat',
  'nbf',
  'jti',
  'htm',
  'htu',
  'ath',
  'nonce',
  'cnf',
  'scope',
  'client_id',
  'grant_ref',
  'acr',
  'auth_time',
  ...prototypes,
)
const parameters = fc.constantFrom(
  'alg',
  'typ',
  'kid',
  'jwk',
  'jku',
  'x5u',
  'x5c',
  'x5t',
  'crit',
  'b64',
  'enc',
  'zip',
  'cty',
  ...prototypes,
)
const changesOf = (member: fc.Arbitrary<string>) => fc.array(fc.tuple(member, json), { maxLength: 3 })

/** Where a JWT can be sent, with one that would be accepted there. */
async function consumers(world: World) {
  const { accessToken, party } = await tokens(world)
  const [server] = world.serverKeys
  assert.ok(server)
  const ath = { ath: sha256(accessToken) }
  return {
    assertion: {
      signer: world.client.signer,
      valid: () => anAssertion(world),
      send: (text: string) => push(world, {}, { assertion: { text: () => text } }),
    },
    proof: {
      signer: party.signer,
      valid: () => aProof(world, party, 'POST', urls.token),
      send: (text: string) => clientCredentials(world, {}, { headers: [['dpop', text]] }),
    },
    'proof at userinfo': {
      signer: party.signer,
      valid: () => aProof(world, party, 'GET', urls.userinfo, { claims: ath }),
      send: (text: string) =>
        world.send('GET', '/userinfo', {
          headers: [
            ['authorization', `DPoP ${accessToken}`],
            ['dpop', text],
          ],
        }),
    },
    token: {
      signer: server.signer,
      valid: async () => accessToken,
      send: async (text: string) => {
        const proof = await aProof(world, party, 'GET', urls.userinfo, { claims: { ath: sha256(text) } })
        return world.send('GET', '/userinfo', {
          headers: [
            ['authorization', `DPoP ${text}`],
            ['dpop', proof],
          ],
        })
      },
    },
  }
}

const kinds = fc.constantFrom('assertion', 'proof', 'proof at userinfo', 'token')

test(`[KEY-11] correctly signed JWTs with members of any type (seed ${seed})`, async () => {
  const world = await aWorld()
  const places = await consumers(world)
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(kinds, changesOf(parameters), changesOf(members), async (kind, header, claims) => {
      const { signer, valid, send } = places[kind]
      const jwt = await valid()
      const changedHeader = { ...headerOf(jwt), ...Object.fromEntries(header) }
      const reply = await send(await aJwt(changedHeader, { ...claimsOf(jwt), ...Object.fromEntries(claims) }, signer))
      if (reply.status < 300) accepted += 1
      // A token of ours about nobody: that is found last, when the proof is spent already.
      else assert.deepEqual(reply.stored, reply.rule === 'access_token_revoked' ? reply.stored : [], kind)
    }),
    { seed, numRuns: 1200 },
  )
  assert.ok(accepted > 20, `only ${accepted} passed: the fuzzer breaks too much to reach the far checks`)
  assert.equal((await push(world)).status, 201)
})

test(`[KEY-11] texts that are almost a JWT (seed ${seed})`, async () => {
  const world = await aWorld()
  const places = await consumers(world)
  const text = fc.oneof(
    fc.string({ maxLength: 100 }),
    fc
      .array(fc.string({ unit: fc.constantFrom(...Array.from('ABCabc019-_=.')), maxLength: 40 }), { maxLength: 5 })
      .map((parts) => parts.join('.')),
    fc.constantFrom(
      '..',
      '.',
      'e30.e30.',
      'e30.e30.AA',
      'bnVsbA.bnVsbA.AA',
      'W10.W10.AA',
      `${'e30.'.repeat(4000)}`,
      'A'.repeat(40_000),
    ),
  )
  await fc.assert(
    fc.asyncProperty(kinds, text, async (kind, given) => {
      const reply = await places[kind].send(given)
      assert.ok(reply.status >= 400 || reply.stored.length > 0, `${kind} took ${given}`)
      // A push without proof is fine; whatever else was sent here is no credential.
      assert.ok(reply.status >= 400, `${kind}: ${given}`)
      assert.deepEqual(reply.stored, [])
    }),
    { seed, numRuns: 500 },
  )
  const raw = fc.tuple(fc.oneof(fc.json({ maxDepth: 4 }), nasty), fc.oneof(fc.json({ maxDepth: 4 }), nasty))
  await fc.assert(
    fc.asyncProperty(kinds, raw, async (kind, [header, payload]) => {
      const { signer, send } = places[kind]
      const jws = await aRawJws(header.toWellFormed(), payload.toWellFormed(), signer)
      assert.ok((await send(jws)).status >= 400)
    }),
    { seed, numRuns: 400 },
  )
  assert.ok(!Object.hasOwn(Object.prototype, 'x') && !Object.hasOwn(Object.prototype, 'admin'), '[LV-36]')
  assert.equal((await push(world)).status, 201)
})
