import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { sha256 } from '../../src/node/runtime.ts'
import { aJwt, aProof, aRawJws, type Changes, claimsOf } from './messages.ts'
import { aParty, type Party } from './parties.ts'
import { aCode, assertRefused, callUserinfo, clientCredentials, push, redeem, tokens } from './steps.ts'
import { aWorld, type Reply, type Sent, theIssuer, urls, type World } from './world.ts'

const places = ['par', 'token', 'userinfo'] as const
type Place = (typeof places)[number]

type Bench = {
  readonly world: World
  readonly party: Party
  readonly methodOf: (place: Place) => string
  /** Sends a request that is valid but for its proof. */
  readonly send: (place: Place, changes?: Changes) => Promise<Reply>
  /** The same with header fields as they are. */
  readonly raw: (place: Place, headers: Sent['headers']) => Promise<Reply>
}

/** A world with a token, so that a proof can be sent to each of the three places. */
async function aBench(): Promise<Bench> {
  const world = await aWorld()
  const { accessToken, party } = await tokens(world)
  const raw: Bench['raw'] = (place, headers = []) => {
    if (place === 'par') return push(world, {}, { headers })
    if (place === 'token') return clientCredentials(world, {}, { headers })
    return world.send('GET', '/userinfo', { headers: [['authorization', `DPoP ${accessToken}`], ...headers] })
  }
  const methodOf = (place: Place) => (place === 'userinfo' ? 'GET' : 'POST')
  return {
    world,
    party,
    raw,
    methodOf,
    send: async (place, changes = {}) => {
      const claims = place === 'userinfo' ? { ath: sha256(accessToken), ...changes.claims } : { ...changes.claims }
      const proof = await aProof(world, party, methodOf(place), urls[place], { ...changes, claims })
      return raw(place, [['dpop', proof]])
    },
  }
}

async function assertStillServed({ send }: Bench, about: string): Promise<void> {
  assert.equal((await send('par')).status, 201, about)
  assert.equal((await send('token')).status, 200, about)
  assert.equal((await send('userinfo')).status, 200, about)
}

const smallKey = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
const oddKey = generateKeyPairSync('rsa', { modulusLength: 2047 }).publicKey.export({ format: 'jwk' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })
const ed448 = generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' })

/** One thing broken in a proof and the rule that says so, by the rows that ask for it. */
function brokenProofs({
  world,
  party,
}: Bench): Readonly<Record<string, readonly (readonly [rule: string, about: string, changes: Changes])[]>> {
  const now = world.now()
  const { jwk } = party.key
  const privateJwk = party.privateKey.export({ format: 'jwk' })
  const claim = (name: string, value: unknown): Changes => ({ claims: { [name]: value } })
  return {
    '[AS-DPOP-01] [KEY-11]': [
      ['dpop_proof_malformed', 'garbage', { text: () => 'garbage' }],
      ['dpop_proof_malformed', 'nothing', { text: () => '' }],
      ['dpop_proof_malformed', 'JSON serialization', { text: () => '{"payload":""}' }],
      ['dpop_proof_malformed', 'four parts', { text: (jwt) => `${jwt}.x` }],
      ['dpop_proof_malformed', 'padding', { text: (jwt) => `${jwt}=` }],
      ['dpop_proof_malformed', 'no signature [KEY-02]', { text: (jwt) => jwt.replace(/[^.]*$/, '') }],
      ['dpop_proof_malformed', '1 MB', { text: (jwt) => jwt + 'A'.repeat(1_000_000) }],
      ['dpop_proof_repeated', 'joined by a comma', { text: (jwt) => `${jwt}, ${jwt}` }],
    ],
    '[AS-DPOP-02] [AS-META-06]': [
      ...[undefined, 'JWT', 'at+jwt', 'DPOP+JWT', 'application/dpop+jwt', null].map(
        (typ) => ['dpop_typ_wrong', `typ ${String(typ)}`, { header: { typ } }] as const,
      ),
      ...['none', 'None', 'HS256', 'RS256', 'ES384', 'ES256K', undefined, null, 1, ['ES256']].map(
        (alg) => ['dpop_algorithm_not_allowed', `alg ${String(alg)}`, { header: { alg } }] as const,
      ),
      ...[
        undefined,
        null,
        'x',
        [],
        {},
        { ...jwk, kty: 'oct', k: 'AA' },
        privateJwk,
        { ...jwk, d: '' },
        { ...jwk, k: 'x' },
      ].map((key) => ['dpop_key_invalid', `jwk ${JSON.stringify(key)}`, { header: { jwk: key } }] as const),
    ],
    '[KEY-01] [KEY-03]': [
      ['dpop_key_invalid', 'RSA-1024', { header: { alg: 'PS256', jwk: smallKey } }],
      ['dpop_key_invalid', 'RSA-2047', { header: { alg: 'PS256', jwk: oddKey } }],
      ['dpop_key_invalid', 'P-384', { header: { jwk: p384 } }],
      ['dpop_key_invalid', 'Ed448', { header: { alg: 'EdDSA', jwk: ed448 } }],
      ['dpop_key_invalid', 'alg of another key', { header: { alg: 'PS256' } }],
      ['dpop_key_invalid', 'jwk.alg of another key', { header: { jwk: { ...jwk, alg: 'PS256' } } }],
      ['dpop_key_invalid', 'an encryption key', { header: { jwk: { ...jwk, use: 'enc' } } }],
    ],
    '[AS-DPOP-02] [KEY-05]': [
      ['dpop_signature_invalid', 'another key', { signer: aParty().signer }],
      ['dpop_signature_invalid', 'a jwk of another', { header: { jwk: aParty().key.jwk } }],
      ['dpop_signature_invalid', 'a point off the curve', { header: { jwk: { ...jwk, y: 'A'.repeat(43) } } }],
      ['dpop_signature_invalid', '[SK-24] r = s = 0', { text: (jwt) => jwt.replace(/[^.]*$/, 'A'.repeat(86)) }],
      ['dpop_proof_malformed', 'crit', { header: { crit: ['x'], x: 1 } }],
      ['dpop_proof_malformed', 'b64', { header: { b64: false } }],
    ],
    '[AS-DPOP-03]': [
      ...['jti', 'htm', 'htu', 'iat'].map((name) => ['dpop_claim_missing', name, claim(name, undefined)] as const),
      ...['jti', 'htm', 'htu', 'iat', 'nonce', 'ath'].map(
        (name) => ['dpop_proof_malformed', name, claim(name, {})] as const,
      ),
      ['dpop_proof_malformed', 'iat as text', claim('iat', String(now))],
      ['dpop_proof_malformed', 'an empty jti', claim('jti', '')],
      ['dpop_proof_malformed', 'a huge jti [AS-DPOP-05]', claim('jti', 'j'.repeat(257))],
      ['dpop_htm_mismatch', 'PUT', claim('htm', 'PUT')],
      ['dpop_htm_mismatch', 'lower case', claim('htm', 'post')],
      ...[
        'https://other.example/token',
        'http://as.example/token',
        `${theIssuer}/Token`,
        `${theIssuer}/tokens`,
        `${theIssuer}:8443/token`,
        `${theIssuer}//token`,
        'token',
        '/token',
        `https://as.example@evil.example/token`,
        `${theIssuer}\\token`,
        theIssuer,
      ].map((htu) => ['dpop_htu_mismatch', htu, claim('htu', htu)] as const),
    ],
    '[AS-DPOP-04]': [
      ['dpop_from_the_future', '61 s ahead', claim('iat', now + 61)],
      ['dpop_from_the_future', '31 s ahead: our choice', claim('iat', now + 31)],
      ['dpop_from_the_future', 'the end of time', claim('iat', Number.MAX_SAFE_INTEGER)],
      ['dpop_expired', '61 s ago, also with a nonce', claim('iat', now - 61)],
      ['dpop_expired', 'an hour ago', claim('iat', now - 3600)],
      ['dpop_expired', '1970', claim('iat', 0)],
    ],
    '[AS-DPOP-06]': [
      ['dpop_nonce_missing', 'no nonce', claim('nonce', undefined)],
      ['dpop_nonce_invalid', 'an empty nonce', claim('nonce', '')],
      ['dpop_nonce_invalid', 'a foreign nonce', claim('nonce', sha256('another server'))],
    ],
  }
}

for (const rows of Object.keys(brokenProofs(await aBench()))) {
  test(`dpop_* ${rows} one thing broken, at PAR, token and userinfo`, async () => {
    const bench = await aBench()
    const cases = brokenProofs(bench)[rows] ?? []
    assert.ok(cases.length > 2)
    for (const [rule, about, changes] of cases) {
      for (const place of places) {
        const reply = await bench.send(place, changes)
        assertRefused(reply, rule, `${place}: ${about}`)
        const error = rule.startsWith('dpop_nonce') ? 'use_dpop_nonce' : 'invalid_dpop_proof'
        assert.deepEqual(
          [reply.status, reply.json['error'], reply.stored],
          [place === 'userinfo' ? 401 : 400, error, []],
        )
        assert.equal(reply.headers.has('www-authenticate'), place === 'userinfo')
      }
    }
    await assertStillServed(bench, 'control')
  })
}

test('dpop_proof_repeated [AS-DPOP-01] two header fields, also of the same proof', async () => {
  const bench = await aBench()
  for (const place of places) {
    const proof = await aProof(bench.world, bench.party, bench.methodOf(place), urls[place])
    assertRefused(
      await bench.raw(place, [
        ['dpop', proof],
        ['dpop', proof],
      ]),
      'dpop_proof_repeated',
      place,
    )
    assertRefused(
      await bench.raw(place, [
        ['dpop', proof],
        ['dpop', ''],
      ]),
      'dpop_proof_repeated',
      place,
    )
  }
  await assertStillServed(bench, 'control')
})

test('[AS-DPOP-03] [AS-DPOP-04] what has to be accepted', async () => {
  const bench = await aBench()
  const { world } = bench
  for (const place of places) {
    const path = `/${place}`
    const htus = [
      `https://AS.EXAMPLE${path}`,
      `HTTPS://as.example:443${path}`,
      `${theIssuer}${path}?x=1#y`,
      `${theIssuer}/x/..${path}`,
      `${theIssuer}/%${path.charCodeAt(1).toString(16)}${path.slice(2)}`,
    ]
    for (const htu of htus) assert.ok((await bench.send(place, { claims: { htu } })).status < 300, htu)
    for (const offset of [-60, -10, 0, 10, 30]) {
      assert.ok((await bench.send(place, { claims: { iat: world.now() + offset } })).status < 300, String(offset))
    }
    const reply = await bench.send(place, { claims: { htd: 1, more: [{}] }, header: { kid: 'x', 'x-own': true } })
    assert.ok(reply.status < 300, 'unknown members')
    assert.ok((await bench.send(place, { claims: { jti: place[0]?.repeat(256) } })).status < 300, 'a long jti')
  }
})

test('[KEY-01] a proof of any algorithm of the profile is taken, and its token bound to that key [AS-DPOP-07]', async () => {
  const world = await aWorld()
  for (const alg of ['ES256', 'PS256', 'EdDSA'] as const) {
    const party = aParty(alg)
    const reply = await clientCredentials(world, {}, { party })
    assert.deepEqual(claimsOf(reply.json['access_token'])['cnf'], { jkt: party.key.thumbprint })
    assert.equal(reply.json['token_type'], 'DPoP')
  }
  const ed25519 = await clientCredentials(world, {}, { party: aParty('EdDSA'), proof: { header: { alg: 'Ed25519' } } })
  assert.equal(ed25519.status, 200, 'RFC 9864')
})

test('dpop_replayed [AS-DPOP-05] the same proof twice, and [SK-31] every spelling of the same jti', async () => {
  for (const place of places) {
    const bench = await aBench()
    const { world } = bench
    const claims = { jti: 'one' }
    assert.ok((await bench.send(place, { claims })).status < 300)
    const variants: readonly Changes[] = [
      { claims },
      { claims: { ...claims, htu: `${urls[place]}?other` } },
      { claims: { ...claims, htu: `https://AS.example/${place}` } },
      { claims: { ...claims, iat: world.now() - 5 } },
      { claims: { ...claims, more: 1 }, header: { kid: 'x' } },
    ]
    for (const variant of variants) {
      const reply = await bench.send(place, variant)
      assertRefused(reply, 'dpop_replayed', place)
      assert.deepEqual(reply.stored, [])
    }
    world.wait(60)
    const fresh = { ...claims, iat: world.now() - 60 }
    assertRefused(await bench.send(place, { claims: fresh }), 'dpop_replayed', 'as long as it could be accepted')
    const elsewhere = place === 'par' ? 'token' : 'par'
    assertRefused(await bench.send(elsewhere, { claims: fresh }), 'dpop_replayed', 'the same jti at another place')
    await assertStillServed(bench, place)
  }
})

test('[AS-DPOP-05] two keys may pick the same jti', async () => {
  const world = await aWorld()
  for (const party of [aParty(), aParty()]) {
    assert.equal((await clientCredentials(world, {}, { party, proof: { claims: { jti: 'one' } } })).status, 200)
  }
})

test('dpop_replayed [AS-DPOP-05] a refused request does not spend the proof of an honest retry', async () => {
  const world = await aWorld()
  const party = aParty()
  const claims = { jti: 'one' }
  assertRefused(await clientCredentials(world, { scope: 'unknown' }, { party, proof: { claims } }), 'scope_not_allowed')
  assert.equal((await clientCredentials(world, {}, { party, proof: { claims } })).status, 200)
})

test('dpop_nonce_missing dpop_nonce_invalid [AS-DPOP-06] one nonce comes back, the retry succeeds, the code is untouched', async () => {
  const world = await aWorld()
  const party = aParty()
  const flow = await aCode(world)
  for (const [rule, nonce] of [
    ['dpop_nonce_missing', undefined],
    ['dpop_nonce_invalid', 'stale'],
  ] as const) {
    const reply = await redeem(world, flow, {}, { party, proof: { claims: { nonce } } })
    assertRefused(reply, rule)
    assert.deepEqual([reply.json['error'], reply.stored], ['use_dpop_nonce', []])
    assert.match(reply.headers.get('dpop-nonce') ?? '', /^[\w-]{43}$/)
    assert.equal(reply.headers.get('cache-control'), 'no-store')
  }
  const asked = await redeem(world, flow, {}, { party, proof: { claims: { nonce: undefined } } })
  const done = await redeem(world, flow, {}, { party, proof: { claims: { nonce: asked.headers.get('dpop-nonce') } } })
  assert.equal(done.status, 200)
  assert.match(done.headers.get('dpop-nonce') ?? '', /^[\w-]{43}$/, 'success carries one, too')
})

test('dpop_nonce_invalid [AS-DPOP-06] a nonce is for one key, one server and two minutes', async () => {
  const bench = await aBench()
  const { world, party } = bench
  const other = await clientCredentials(world, {}, { party: aParty() })
  const foreign = other.headers.get('dpop-nonce')
  const restarted = (await clientCredentials(await aWorld(), {}, { party })).headers.get('dpop-nonce')
  const own = (await bench.send('token')).headers.get('dpop-nonce')
  for (const place of places) {
    assertRefused(await bench.send(place, { claims: { nonce: foreign } }), 'dpop_nonce_invalid', 'of another key')
    assertRefused(await bench.send(place, { claims: { nonce: restarted } }), 'dpop_nonce_invalid', 'of another server')
    assert.ok((await bench.send(place, { claims: { nonce: own } })).status < 300)
  }
  world.wait(60)
  for (const place of places)
    assert.ok((await bench.send(place, { claims: { nonce: own } })).status < 300, 'the next minute')
  world.wait(60)
  for (const place of places) {
    assertRefused(await bench.send(place, { claims: { nonce: own } }), 'dpop_nonce_invalid', 'the one after')
  }
})

test('[AS-DPOP-06] use_dpop_nonce is said only of a proof that is right in all else', async () => {
  const world = await aWorld()
  const nonce = undefined
  const cases: readonly (readonly [string, Changes])[] = [
    ['dpop_signature_invalid', { signer: aParty().signer, claims: { nonce } }],
    ['dpop_htu_mismatch', { claims: { nonce, htu: urls.par } }],
    ['dpop_expired', { claims: { nonce, iat: world.now() - 100 } }],
  ]
  for (const [rule, proof] of cases) assertRefused(await clientCredentials(world, {}, { proof }), rule)
})

test('dpop_jkt_disagrees [AS-DPOP-09] code_key_mismatch [AS-DPOP-08] both ways of binding a code, and both at once', async () => {
  const world = await aWorld()
  const [one, other] = [aParty(), aParty()]
  const jkt = { dpop_jkt: one.key.thumbprint }
  const refused = await push(world, jkt, { party: other })
  assertRefused(refused, 'dpop_jkt_disagrees')
  assert.deepEqual([refused.status, refused.json['error'], refused.stored], [400, 'invalid_dpop_proof', []])
  for (const dpop_jkt of [
    one.key.thumbprint.slice(1),
    `${one.key.thumbprint}A`,
    `${'A'.repeat(42)}=`,
    `${'A'.repeat(42)}B`,
    '+'.repeat(43),
  ]) {
    const reply = await push(world, { dpop_jkt }, { party: one })
    assertRefused(reply, 'parameter_malformed', dpop_jkt)
    assert.equal(reply.json['error'], 'invalid_request')
  }
  const ways = [
    { changes: jkt, more: {} },
    { changes: {}, more: { party: one } },
    { changes: jkt, more: { party: one } },
  ]
  for (const { changes, more } of ways) {
    const wrong = await aCode(world, changes, more)
    const reply = await redeem(world, wrong, {}, { party: other })
    assertRefused(reply, 'code_key_mismatch')
    assert.deepEqual([reply.status, reply.json['error']], [400, 'invalid_grant'])
    const right = await aCode(world, changes, more)
    assertRefused(await redeem(world, right, {}, { headers: [] }), 'dpop_proof_missing')
    assert.equal((await redeem(world, right, {}, { party: one })).status, 200)
  }
})

test('dpop_proof_malformed [KEY-11] members that stand twice', async () => {
  const bench = await aBench()
  const { jwk } = bench.party.key
  const header = `{"typ":"dpop+jwt","alg":"ES256","jwk":${JSON.stringify(jwk)}}`
  const claims = `{"jti":"a","htm":"POST","htu":"${urls.token}","iat":${bench.world.now()},"jti":"b"}`
  const twice = await aRawJws(header, claims, bench.party.signer)
  assertRefused(await bench.raw('token', [['dpop', twice]]), 'dpop_proof_malformed')
  const nested = await aRawJws(header.replace('"kty"', '"kty":"EC","kty"'), '{}', bench.party.signer)
  assertRefused(await bench.raw('token', [['dpop', nested]]), 'dpop_proof_malformed')
})

test('dpop_ath_missing dpop_ath_mismatch dpop_key_mismatch dpop_proof_missing [AS-DPOP-07] [AS-OIDC-07] the proof and the token belong together', async () => {
  const world = await aWorld()
  const [mine, yours] = [await tokens(world), await tokens(world)]
  const call = (changes: Changes, party = mine.party) => callUserinfo(world, mine.accessToken, party, changes)
  assertRefused(await call({ claims: { ath: undefined } }), 'dpop_ath_missing')
  for (const ath of [sha256(yours.accessToken), `${sha256(mine.accessToken)}=`, mine.accessToken, 'x']) {
    assertRefused(await call({ claims: { ath } }), 'dpop_ath_mismatch')
  }
  const stolen = await call({}, yours.party)
  assertRefused(stolen, 'dpop_key_mismatch')
  assert.deepEqual([stolen.status, stolen.json['error'], stolen.stored], [401, 'invalid_token', []])
  const bare = await world.send('GET', '/userinfo', { headers: [['authorization', `DPoP ${mine.accessToken}`]] })
  assertRefused(bare, 'dpop_proof_missing')
  assert.equal(bare.status, 401)
  assert.equal((await call({})).status, 200)
})

test('[AS-DPOP-01] a proof that names no key gets no nonce, one that does gets its own', async () => {
  const world = await aWorld()
  const party = aParty()
  const unsigned = await aJwt({ typ: 'dpop+jwt', jwk: { ...party.key.jwk } }, {}, aParty().signer)
  const given = await world.send('POST', '/token', { form: [], headers: [['dpop', unsigned]] })
  assert.equal(given.headers.get('dpop-nonce'), world.nonces.get('x') ?? given.headers.get('dpop-nonce'))
  assert.match(given.headers.get('dpop-nonce') ?? '', /^[\w-]{43}$/)
  for (const dpop of ['garbage', '']) {
    const reply = await world.send('POST', '/token', { form: [], headers: [['dpop', dpop]] })
    assert.equal(reply.headers.get('dpop-nonce'), null)
  }
})
