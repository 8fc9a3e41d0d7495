/** The guard as a whole: proofs of possession. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBase64url } from '../core/jose.ts'
import type { JsonObject } from '../core/names.ts'
import { createDpopNonces } from '../core/nonce.ts'
import type { RuleSlug } from '../core/rules.ts'
import { createMac, sha256 } from '../node/runtime.ts'
import { assertAllowed, assertRefused, bodyOf } from './assertions.test-support.ts'
import { aKey, aWorld, bankPolicy, clientKey, type ProofSigner, startOfTime } from './fixtures.test-support.ts'

const challengeOf = (error: string) =>
  new RegExp(
    `^DPoP error="${error}", error_description="[^"\\\\\\\\]+", algs="ES256 PS256 EdDSA", resource_metadata="[^"]+"$`,
  )
const ofProof = (rule: RuleSlug) => ({ rule, status: 401, challenge: challengeOf('invalid_dpop_proof') }) as const
const ofNonce = (rule: RuleSlug) => ({ rule, status: 401, challenge: challengeOf('use_dpop_nonce') }) as const

// RS-DPOP-01, RS-DPOP-02: scheme and header

test('dpop_proof_missing [RS-DPOP-01] a bound token without a proof', async () => {
  const refusal = await assertRefused(aWorld(), { proof: undefined }, ofProof('dpop_proof_missing'))
  assert.equal(refusal.response.headers.get('dpop-nonce'), null)
})

test('dpop_proof_repeated [RS-DPOP-01] two proofs, in two headers or in one', async () => {
  const world = aWorld()
  const token = await world.token()
  const [one, other] = [await world.proof(token), await world.proof(token)]
  await assertRefused(world, { token, proof: one, headers: [['dpop', other]] }, ofProof('dpop_proof_repeated'))
  await assertRefused(world, { token, proof: one, headers: [['dpop', one]] }, ofProof('dpop_proof_repeated'))
  await assertRefused(world, { token, proof: `${one}, ${other}` }, ofProof('dpop_proof_repeated'))
})

test('[RS-DPOP-01] the scheme is read in any case', async () => {
  for (const scheme of ['DPoP', 'dpop', 'DPOP']) await assertAllowed(aWorld(), { scheme })
})

test('bound_token_sent_as_bearer [RS-DPOP-02] a bound token as Bearer, with a proof or without', async () => {
  const world = aWorld()
  const expected = {
    rule: 'bound_token_sent_as_bearer',
    status: 401,
    challenge: /^Bearer error="invalid_token"/,
  } as const
  for (const scheme of ['Bearer', 'bearer']) {
    await assertRefused(world, { scheme }, expected)
    await assertRefused(world, { scheme, proof: undefined }, expected)
  }
})

// RS-DPOP-03: the proof itself

const otherKey = aKey()
const { privateKey } = aKey()
const proofs: Record<string, { rule: RuleSlug; claims?: JsonObject; as?: ProofSigner }> = {
  'without typ': { rule: 'dpop_typ_wrong', as: { header: { typ: undefined } } },
  'of typ JWT': { rule: 'dpop_typ_wrong', as: { header: { typ: 'JWT' } } },
  'of typ at+jwt': { rule: 'dpop_typ_wrong', as: { header: { typ: 'at+jwt' } } },
  'without jwk': { rule: 'dpop_key_invalid', as: { header: { jwk: undefined } } },
  'with a private jwk': { rule: 'dpop_key_invalid', as: { header: { jwk: privateKey.export({ format: 'jwk' }) } } },
  'with a symmetric jwk': { rule: 'dpop_key_invalid', as: { header: { jwk: { kty: 'oct', k: 'AAAA' } } } },
  'with a jwk of another algorithm': {
    rule: 'dpop_key_invalid',
    as: { header: { jwk: aKey(undefined, 'EdDSA').publicKey.jwk } },
  },
  'signed by another key than its jwk': {
    rule: 'dpop_signature_invalid',
    as: { header: { jwk: otherKey.publicKey.jwk } },
  },
  'without jti': { rule: 'dpop_claim_missing', claims: { jti: undefined } },
  'without htm': { rule: 'dpop_claim_missing', claims: { htm: undefined } },
  'without htu': { rule: 'dpop_claim_missing', claims: { htu: undefined } },
  'without iat': { rule: 'dpop_claim_missing', claims: { iat: undefined } },
  'with a jti that is no text': { rule: 'dpop_proof_malformed', claims: { jti: 7 } },
  'with an endless jti': { rule: 'dpop_proof_malformed', claims: { jti: 'x'.repeat(257) } },
  'with an iat that is no number': { rule: 'dpop_proof_malformed', claims: { iat: String(startOfTime) } },
  'with crit': { rule: 'dpop_proof_malformed', as: { header: { crit: ['x'], x: 1 } } },
  // RS-DPOP-04
  'for another method': { rule: 'dpop_htm_mismatch', claims: { htm: 'PUT' } },
  'for the method in small letters': { rule: 'dpop_htm_mismatch', claims: { htm: 'get' } },
  'for another path': { rule: 'dpop_htu_mismatch', claims: { htu: 'https://api.example.com/bank/payments' } },
  'for the path with a slash': { rule: 'dpop_htu_mismatch', claims: { htu: 'https://api.example.com/bank/accounts/' } },
  'for the path in capitals': { rule: 'dpop_htu_mismatch', claims: { htu: 'https://api.example.com/bank/Accounts' } },
  'for the path without its base': { rule: 'dpop_htu_mismatch', claims: { htu: 'https://api.example.com/accounts' } },
  'for another host': { rule: 'dpop_htu_mismatch', claims: { htu: 'https://evil.example.com/bank/accounts' } },
  'for the host behind the proxy': { rule: 'dpop_htu_mismatch', claims: { htu: 'http://localhost/accounts' } },
  'for http': { rule: 'dpop_htu_mismatch', claims: { htu: 'http://api.example.com/bank/accounts' } },
  'for another port': { rule: 'dpop_htu_mismatch', claims: { htu: 'https://api.example.com:8443/bank/accounts' } },
  'with a user in htu': { rule: 'dpop_htu_mismatch', claims: { htu: 'https://u@api.example.com/bank/accounts' } },
  'with an encoded slash': { rule: 'dpop_htu_mismatch', claims: { htu: 'https://api.example.com/bank%2Faccounts' } },
  'with no URL as htu': { rule: 'dpop_htu_mismatch', claims: { htu: '/bank/accounts' } },
  // RS-DPOP-05
  'without ath': { rule: 'dpop_ath_missing', claims: { ath: undefined } },
  'with ath of another token': { rule: 'dpop_ath_mismatch', claims: { ath: sha256('another') } },
  // RS-DPOP-07
  'of an hour ago': { rule: 'dpop_expired', claims: { iat: startOfTime - 3600 } },
  'just too old': { rule: 'dpop_expired', claims: { iat: startOfTime - 61 } },
  'of an hour ahead': { rule: 'dpop_from_the_future', claims: { iat: startOfTime + 3600 } },
  'just too far ahead': { rule: 'dpop_from_the_future', claims: { iat: startOfTime + 31 } },
}

const rowOf = (rule: RuleSlug) => {
  if (rule === 'dpop_htm_mismatch' || rule === 'dpop_htu_mismatch') return 'RS-DPOP-04'
  if (rule === 'dpop_ath_missing' || rule === 'dpop_ath_mismatch') return 'RS-DPOP-05'
  return rule === 'dpop_expired' || rule === 'dpop_from_the_future' ? 'RS-DPOP-07' : 'RS-DPOP-03'
}

for (const [what, { rule, claims = {}, as = {} }] of Object.entries(proofs)) {
  test(`${rule} [${rowOf(rule)}] a proof ${what}`, async () => {
    const world = aWorld()
    const token = await world.token()
    await assertRefused(world, { token, proof: await world.proof(token, claims, as) }, ofProof(rule))
  })
}

for (const alg of ['none', 'RS256', 'HS256', 'ES384', undefined]) {
  test(`dpop_algorithm_not_allowed [RS-DPOP-03] a proof with alg ${alg}`, async () => {
    const world = aWorld()
    const token = await world.token()
    const [, payload = '', signature = ''] = (await world.proof(token)).split('.')
    const header = encodeBase64url(JSON.stringify({ typ: 'dpop+jwt', alg, jwk: clientKey.publicKey.jwk }))
    await assertRefused(
      world,
      { token, proof: `${header}.${payload}.${signature}` },
      ofProof('dpop_algorithm_not_allowed'),
    )
  })
}

test('dpop_proof_malformed [RS-DPOP-03] no JWS at all', async () => {
  for (const proof of ['', 'x', 'a.b', 'a.b.c.d']) {
    await assertRefused(aWorld(), { proof }, ofProof('dpop_proof_malformed'))
  }
})

test('[RS-DPOP-03] unknown extras are ignored', async () => {
  const world = aWorld()
  const token = await world.token()
  const proof = await world.proof(token, { extra: 1 }, { header: { kid: 'x', extra: true } })
  await assertAllowed(world, { token, proof })
})

test('dpop_ath_mismatch [RS-DPOP-05] hex, SHA-512, padded base64', async () => {
  const world = aWorld()
  const token = await world.token()
  const bytes = new TextEncoder().encode(token)
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', bytes))
  const wide = Buffer.from(await crypto.subtle.digest('SHA-512', bytes))
  for (const ath of [digest.toString('hex'), wide.toString('base64url'), `${digest.toString('base64url')}=`]) {
    await assertRefused(world, { token, proof: await world.proof(token, { ath }) }, ofProof('dpop_ath_mismatch'))
  }
})

// RS-DPOP-04: the URL as the client saw it

test('[RS-DPOP-04] other spellings of the same URL, with query and fragment or without', async () => {
  const world = aWorld()
  for (const htu of [
    'https://API.example.COM/bank/accounts',
    'HTTPS://api.example.com/bank/accounts',
    'https://api.example.com:443/bank/accounts',
    'https://api.example.com/bank/accounts?x=1',
    'https://api.example.com/bank/accounts#x',
    'https://api.example.com/bank/%61ccounts',
  ]) {
    const token = await world.token()
    await assertAllowed(world, { token, target: '/accounts?y=2', proof: await world.proof(token, { htu }) })
  }
})

test('dpop_htu_mismatch [RS-DPOP-04] forwarded headers and Host change nothing', async () => {
  const world = aWorld()
  const headers = [
    ['x-forwarded-host', 'evil.example.com'],
    ['x-forwarded-proto', 'http'],
    ['x-forwarded-uri', '/bank/payments'],
    ['x-original-url', '/payments'],
    ['x-http-method-override', 'POST'],
    ['forwarded', 'host=evil.example.com;proto=http'],
    ['host', 'evil.example.com'],
  ] as const
  const access = await assertAllowed(world, { headers })
  assert.equal(access.path, '/accounts')
  const token = await world.token()
  const proof = await world.proof(token, { htu: 'http://evil.example.com/bank/payments' })
  const refusal = await assertRefused(world, { token, proof, headers }, ofProof('dpop_htu_mismatch'))
  assert.deepEqual((await bodyOf(refusal))['expected'], { htu: 'https://api.example.com/bank/accounts' })
})

// RS-DPOP-06: whose key

test("dpop_key_mismatch [RS-DPOP-06] a stolen token with the thief's own good proof", async () => {
  const world = aWorld()
  const thief = aKey()
  const token = await world.token()
  await assertAllowed(world, { token })
  const proof = await world.proof(token, {}, { key: thief })
  const expected = { rule: 'dpop_key_mismatch', status: 401, challenge: challengeOf('invalid_token') } as const
  await assertRefused(world, { token, proof }, expected)
})

// RS-DPOP-07: once, and now

test('dpop_replayed [RS-DPOP-07] the same proof twice', async () => {
  const world = aWorld()
  const token = await world.token()
  const proof = await world.proof(token)
  await assertAllowed(world, { token, proof })
  await assertRefused(world, { token, proof }, ofProof('dpop_replayed'))
})

test('dpop_replayed [RS-DPOP-07] the same jti in another proof, for another URL or a later time', async () => {
  const world = aWorld()
  const token = await world.token()
  await assertAllowed(world, { token, proof: await world.proof(token, { jti: 'one' }) })
  const htu = 'https://api.example.com/bank/accounts/7'
  const proof = await world.proof(token, { jti: 'one', htu })
  await assertRefused(world, { token, target: '/accounts/7', proof }, ofProof('dpop_replayed'))
  world.wait(20)
  await assertRefused(world, { token, proof: await world.proof(token, { jti: 'one' }) }, ofProof('dpop_replayed'))
})

test('dpop_replayed [RS-DPOP-07] fifty at once have one winner', async () => {
  const world = aWorld()
  const token = await world.token()
  const proof = await world.proof(token)
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => world.call({ token, proof })))
  assert.equal(verdicts.filter(({ kind }) => kind === 'access').length, 1)
  assert.equal(world.events.filter(({ rule }) => rule === 'dpop_replayed').length, 49)
})

test('dpop_replayed [RS-DPOP-07] at no second of its life does a proof work twice', async () => {
  const world = aWorld()
  const token = await world.token({ exp: startOfTime + 600 })
  const proof = await world.proof(token, { iat: startOfTime + 30 })
  await assertAllowed(world, { token, proof })
  for (let second = 0; second < 110; second += 1) {
    assert.equal((await world.call({ token, proof })).kind, 'refusal', `after ${second} s`)
    world.wait(1)
  }
})

test("[RS-DPOP-07] nobody can use up somebody else's jti, and a refused proof is not spent", async () => {
  const world = aWorld()
  const thief = aKey()
  const token = await world.token()
  const stolen = { token, proof: await world.proof(token, { jti: 'victim' }, { key: thief }) }
  await assertRefused(world, stolen, { rule: 'dpop_key_mismatch', status: 401 })
  const theirs = await world.token({ cnf: { jkt: thief.publicKey.thumbprint } })
  await assertAllowed(world, { token: theirs, proof: await world.proof(theirs, { jti: 'victim' }, { key: thief }) })
  await assertAllowed(world, { token, proof: await world.proof(token, { jti: 'victim' }) })

  const narrow = await world.token({ scope: 'payments' })
  const wide = await world.token({ scope: 'accounts' })
  const refused = { token: narrow, proof: await world.proof(narrow, { jti: 'again' }) }
  await assertRefused(world, refused, { rule: 'scope_insufficient', status: 403 })
  await assertAllowed(world, { token: wide, proof: await world.proof(wide, { jti: 'again' }) })
})

test('[RS-DPOP-07] ten seconds either way are fine', async () => {
  const world = aWorld()
  for (const offset of [-10, 10]) {
    const token = await world.token()
    await assertAllowed(world, { token, proof: await world.proof(token, { iat: startOfTime + offset }) })
  }
})

// RS-DPOP-08: nonces

test('dpop_nonce_missing [RS-DPOP-08] a challenge with one nonce, with which the retry works', async () => {
  const world = aWorld()
  const token = await world.token()
  const proof = await world.proof(token, { nonce: undefined })
  const { response } = await assertRefused(world, { token, proof }, ofNonce('dpop_nonce_missing'))
  const nonce = response.headers.get('dpop-nonce') ?? ''
  assert.match(nonce, /^[\x21\x23-\x5b\x5d-\x7e]+$/)
  assert.ok(!nonce.includes(','))
  assert.equal(response.headers.get('cache-control'), 'no-store')
  const { headers } = await assertAllowed(world, { token, proof: await world.proof(token, { nonce }) })
  assert.equal(headers['dpop-nonce'], nonce)
  assert.equal(headers['cache-control'], 'no-store')
})

test('dpop_nonce_invalid [RS-DPOP-08] a nonce of the server, of another process, of another key, of long ago, made up', async () => {
  const world = aWorld()
  const mac = createMac()
  const shared = aWorld({ ports: { mac } })
  const ofServer = createDpopNonces('https://as.example.com', mac).current(clientKey.publicKey.thumbprint, startOfTime)
  const token = await shared.token()
  const proof = await shared.proof(token, { nonce: ofServer })
  const right = createDpopNonces(bankPolicy.resource, mac).current(clientKey.publicKey.thumbprint, startOfTime)
  const parts = { token, proof }
  const verdict = await shared.call(parts)
  assert.ok(verdict.kind === 'refusal' && verdict.rule === 'dpop_nonce_invalid')
  assert.equal(verdict.response.headers.get('dpop-nonce'), right)
  await assertAllowed(shared, { token, proof: await shared.proof(token, { nonce: right }) })

  const old = world.nonceFor(clientKey)
  world.wait(120)
  for (const nonce of [old, aWorld().nonceFor(clientKey), world.nonceFor(aKey()), 'x', '', 'x'.repeat(1024)]) {
    const it = await world.token()
    await assertRefused(world, { token: it, proof: await world.proof(it, { nonce }) }, ofNonce('dpop_nonce_invalid'))
  }
})

test('[RS-DPOP-08] the nonce of the span before still works, and the answer carries the new one', async () => {
  const world = aWorld()
  const nonce = world.nonceFor(clientKey)
  world.wait(60)
  const token = await world.token()
  const { headers } = await assertAllowed(world, { token, proof: await world.proof(token, { nonce }) })
  assert.equal(headers['dpop-nonce'], world.nonceFor(clientKey))
  assert.notEqual(headers['dpop-nonce'], nonce)
})

test('dpop_nonce_invalid [RS-DPOP-08] a refusal for another reason carries a nonce when the proof is readable', async () => {
  const world = aWorld()
  const token = await world.token({ aud: 'https://api.example.com/shop' })
  const readable = { token, proof: await world.proof(token) }
  const refusal = await assertRefused(world, readable, { rule: 'access_token_audience_mismatch', status: 401 })
  assert.equal(refusal.response.headers.get('dpop-nonce'), world.nonceFor(clientKey))
  const unreadable = await assertRefused(
    world,
    { token, proof: 'x' },
    { rule: 'access_token_audience_mismatch', status: 401 },
  )
  assert.equal(unreadable.response.headers.get('dpop-nonce'), null)
})
