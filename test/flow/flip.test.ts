import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sha256 } from '../../src/node/runtime.ts'
import { anAssertion, aProof } from './messages.ts'
import { aParty, type Party } from './parties.ts'
import { aCode, clientCredentials, introspect, offlineTokens, push, redeem, refresh, revoke, tokens } from './steps.ts'
import { aWorld, register, type Reply, urls, type World } from './world.ts'

const seed = 20_260_917
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const algorithms = ['ES256', 'PS256', 'EdDSA'] as const

/** Another text that differs in one character, one bit, or one character more or less. */
function damaged(text: string): fc.Arbitrary<string> {
  const position = fc.nat(text.length - 1)
  const replace = (index: number, by: string) => text.slice(0, index) + by + text.slice(index + 1)
  const character = fc.tuple(position, fc.constantFrom(...Array.from(`${alphabet}.=+/~ ,\u00e9`)))
  const bit = fc.tuple(position, fc.nat(6))
  return fc
    .oneof(
      character.map(([index, by]) => replace(index, by)),
      bit.map(([index, place]) => replace(index, String.fromCharCode(text.charCodeAt(index) ^ (1 << place)))),
      position.map((index) => replace(index, '')),
      character.map(([index, by]) => text.slice(0, index) + by + text.slice(index)),
      position.map((index) => text.slice(0, index)),
      fc.tuple(position, position).map(([one, other]) => swapped(text, one, other)),
    )
    .filter((other) => other !== text)
}

function swapped(text: string, one: number, other: number): string {
  const characters = Array.from(text)
  ;[characters[one], characters[other]] = [characters[other] ?? '', characters[one] ?? '']
  return characters.join('')
}

/** Every damaged form is refused, and the whole one is accepted afterwards: exactly one spelling counts. */
async function onlyOneSpelling(artefact: string, use: (text: string) => Promise<Reply>, runs = 250): Promise<void> {
  const refused = async (text: string) => {
    const reply = await use(text)
    assert.ok(reply.status >= 400 && reply.status < 500, `${reply.status} for ${text}`)
    assert.deepEqual(reply.stored, [])
  }
  await fc.assert(fc.asyncProperty(damaged(artefact), refused), { seed, numRuns: runs })
  // Every position once, with its neighbour in the alphabet: another byte, whatever it stands for.
  for (let index = 0; index < artefact.length; index += 1) {
    const by = alphabet[(alphabet.indexOf(artefact[index] ?? '') + 1) % alphabet.length] ?? ''
    await refused(artefact.slice(0, index) + by + artefact.slice(index + 1))
  }
  // The last characters of a part can hide bits that decode to nothing: all of their other spellings, one by one.
  const ends = [...artefact.matchAll(/[\w-](?=\.|$)/g)].map(({ index }) => index)
  assert.equal(ends.length, 3)
  for (const end of ends) {
    for (const by of alphabet) {
      if (by !== artefact[end]) await refused(artefact.slice(0, end) + by + artefact.slice(end + 1))
    }
  }
  for (const text of [`${artefact}=`, `${artefact}==`, artefact.replace('.', '=.'), `${artefact}.`]) await refused(text)
  assert.ok((await use(artefact)).status < 300, 'the one that was signed')
}

test(`[AS-CAUTH-08] [SK-25] a flipped assertion is refused (seed ${seed})`, async () => {
  for (const alg of algorithms) {
    const world = await aWorld()
    const client = await register(world.store, aParty(alg, 'k'), 'flipped')
    const artefact = await anAssertion(world, client)
    await onlyOneSpelling(artefact, (text) => push(world, {}, { client, assertion: { text: () => text } }), 150)
  }
})

test(`[AS-DPOP-02] [SK-25] a flipped proof is refused (seed ${seed})`, async () => {
  for (const alg of algorithms) {
    const world = await aWorld()
    const artefact = await aProof(world, aParty(alg), 'POST', urls.token)
    await onlyOneSpelling(artefact, (text) => clientCredentials(world, {}, { headers: [['dpop', text]] }), 150)
  }
})

/** Userinfo with a fresh proof for exactly this token text: only the token itself can be what is wrong. */
async function present(world: World, party: Party, token: string): Promise<Reply> {
  const proof = await aProof(world, party, 'GET', urls.userinfo, { claims: { ath: sha256(token) } })
  return world.send('GET', '/userinfo', {
    headers: [
      ['authorization', `DPoP ${token}`],
      ['dpop', proof],
    ],
  })
}

test(`[AS-OIDC-07] [SK-25] a flipped access token is refused (seed ${seed})`, async () => {
  for (const alg of algorithms) {
    const world = await aWorld({ serverKeys: [aParty(alg, 'k')] })
    const { accessToken, party } = await tokens(world)
    await onlyOneSpelling(accessToken, (text) => present(world, party, text), 150)
  }
})

test('[SK-25] the other root of an ECDSA signature is no second life of a spent assertion or proof', async () => {
  const world = await aWorld()
  const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
  const malleable = (jwt: string) => {
    const bytes = Buffer.from(jwt.split('.')[2] ?? '', 'base64url')
    const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
    const other = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')])
    return jwt.replace(/[^.]*$/, other.toString('base64url'))
  }
  const assertion = await anAssertion(world)
  const proof = await aProof(world, aParty(), 'POST', urls.token)
  const first = { assertion: { text: () => assertion }, headers: [['dpop', proof]] as const }
  assert.equal((await clientCredentials(world, {}, first)).status, 200)
  const again = await clientCredentials(world, {}, { assertion: { text: () => malleable(assertion) } })
  assert.equal(again.rule, 'client_assertion_replayed')
  assert.equal((await clientCredentials(world, {}, { headers: [['dpop', malleable(proof)]] })).rule, 'dpop_replayed')
})

test(`[AS-PAR-05] [AS-AUTHZ-08] a flipped code is nobody's (seed ${seed})`, async () => {
  const world = await aWorld()
  const flow = await aCode(world)
  await fc.assert(
    fc.asyncProperty(damaged(flow.code), async (code) => {
      const reply = await redeem(world, { code, verifier: flow.verifier })
      assert.ok(['code_unknown', 'parameter_malformed', 'parameter_missing'].includes(reply.rule ?? ''), code)
    }),
    { seed, numRuns: 200 },
  )
  assert.equal((await redeem(world, flow)).status, 200)
})

test(`refresh_token_unknown [AS-RT-06] [SK-25] a flipped refresh token renews and ends nothing (seed ${seed})`, async () => {
  const world = await aWorld()
  const { refreshToken } = await offlineTokens(world)
  await fc.assert(
    fc.asyncProperty(damaged(refreshToken), async (token) => {
      const reply = await refresh(world, token)
      const rules = ['refresh_token_unknown', 'parameter_malformed', 'parameter_missing']
      assert.ok(rules.includes(reply.rule ?? ''), token)
      const revoked = await revoke(world, token)
      assert.ok(revoked.status === 200 || revoked.rule === 'parameter_missing', token)
      assert.ok(!revoked.stored.includes('grants.revoke'), token)
    }),
    { seed, numRuns: 200 },
  )
  assert.equal((await refresh(world, refreshToken)).status, 200)
})

test(`[AS-INTRO-03] [SK-53] a flipped access token is inactive, and none is ended by it (seed ${seed})`, async () => {
  for (const alg of algorithms) {
    const world = await aWorld({ serverKeys: [aParty(alg, 'k')] })
    const { accessToken } = await tokens(world)
    await fc.assert(
      fc.asyncProperty(damaged(accessToken), async (token) => {
        const reply = await introspect(world, token)
        assert.ok(reply.text === '{"active":false}' || reply.rule === 'parameter_missing', token)
        assert.ok(!(await revoke(world, token)).stored.includes('tokens.revoke'), token)
      }),
      { seed, numRuns: 100 },
    )
    assert.equal((await introspect(world, accessToken)).json['active'], true)
  }
})
