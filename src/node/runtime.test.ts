import assert from 'node:assert/strict'
import { createPublicKey, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeBase64url, joseSigner, joseVerifier, parseCompactJws, parsePublicKey, signJwt } from '../core/jose.ts'
import type { PublicKey } from '../core/jose.ts'
import { type SigningAlgorithm, signingAlgorithms } from '../core/profile.ts'
import { createMac, createSigner, createVerifier, generateSigningKey, random, sha256, systemClock } from './runtime.ts'

const verify = createVerifier({ cacheSize: 8 })
const privateKeys: Record<SigningAlgorithm, KeyObject> = {
  ES256: await generateSigningKey('ES256'),
  PS256: await generateSigningKey('PS256'),
  EdDSA: await generateSigningKey('EdDSA'),
}

function publicKeyOf(key: KeyObject): PublicKey {
  return parsePublicKey(createPublicKey(key).export({ format: 'jwk' }), sha256)
}

function aJws(alg: SigningAlgorithm, claims = { sub: 'alice' }): Promise<string> {
  return signJwt({ typ: 'JWT' }, claims, createSigner(privateKeys[alg], alg, 'k'))
}

for (const alg of signingAlgorithms) {
  const key = publicKeyOf(privateKeys[alg])

  test(`${alg}: both verifiers accept what either signer signed`, async () => {
    const reference = await joseSigner(privateKeys[alg].export({ format: 'jwk' }), alg, 'k')
    for (const signer of [createSigner(privateKeys[alg], alg, 'k'), reference]) {
      for (let n = 0; n < 40; n += 1) {
        const jws = parseCompactJws(await signJwt({ typ: 'JWT' }, { n }, signer))
        assert.equal(await verify(jws, key), true)
        assert.equal(await joseVerifier(jws, key), true)
      }
    }
  })

  test(`${alg} [KEY-05]: any flipped byte is refused, by both verifiers alike`, async () => {
    const good = parseCompactJws(await aJws(alg))
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (position, flip) => {
        const bytes = Buffer.from(good.signature, 'base64url')
        const at = position % bytes.length
        bytes[at] = (bytes[at] ?? 0) ^ flip
        const bad = { ...good, signature: encodeBase64url(bytes) }
        assert.equal(await verify(bad, key), false)
        assert.equal(await joseVerifier(bad, key), false)
      }),
      { numRuns: 60 },
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom('A', 'Z', 'a', 'z', '0', '9', '-', '_'), async (position, letter) => {
        const at = position % good.signingInput.length
        fc.pre(good.signingInput[at] !== letter && good.signingInput[at] !== '.')
        const signingInput = good.signingInput.slice(0, at) + letter + good.signingInput.slice(at + 1)
        assert.equal(await verify({ ...good, signingInput }, key), false)
      }),
      { numRuns: 60 },
    )
    assert.equal(await verify(good, key), true)
  })

  test(`${alg}: a signature of another length or spelling is refused`, async () => {
    const good = parseCompactJws(await aJws(alg))
    const { signature } = good
    for (const bad of [
      '',
      'AA',
      signature.slice(0, -4),
      `${signature}AAAA`,
      `${signature}=`,
      ` ${signature}`,
      `${signature}!`,
    ]) {
      assert.equal(await verify({ ...good, signature: bad }, key), false)
    }
    assert.equal(await verify(good, key), true)
  })

  test(`${alg}: [KEY-05] the key of somebody else, and an algorithm the key does not have, are refused`, async () => {
    const good = parseCompactJws(await aJws(alg))
    assert.equal(await verify(good, publicKeyOf(await generateSigningKey(alg))), false)
    for (const other of signingAlgorithms.filter((name) => name !== alg)) {
      assert.equal(await verify(good, publicKeyOf(privateKeys[other])), false)
      assert.equal(await verify(good, { ...key, alg: other }), false)
      assert.equal(await verify({ ...good, header: { ...good.header, alg: other } }, key), false)
      assert.throws(() => createSigner(privateKeys[alg], other, undefined), TypeError)
    }
    assert.equal(await verify({ ...good, header: { alg: 'none' } }, key), false)
    assert.equal(await verify(good, key), true)
  })
}

test('a point that is not on its curve is refused, and a good key right after works', async () => {
  const good = parseCompactJws(await aJws('ES256'))
  const key = publicKeyOf(privateKeys.ES256)
  const x = encodeBase64url(new Uint8Array(32).fill(5))
  const off = { ...key, jwk: { kty: 'EC', crv: 'P-256', x, y: x }, thumbprint: sha256('off') } as unknown as PublicKey
  assert.equal(await verify(good, off), false)
  assert.equal(await joseVerifier(good, off), false)
  assert.equal(await verify(good, key), true)
})

test('a DER signature where R‖S belongs is refused', async () => {
  const good = parseCompactJws(await aJws('ES256'))
  const der = Buffer.from('3006020101020101', 'hex')
  assert.equal(await verify({ ...good, signature: encodeBase64url(der) }, publicKeyOf(privateKeys.ES256)), false)
})

test('keys beyond the cache still verify', async () => {
  const small = createVerifier({ cacheSize: 1 })
  const pairs = await Promise.all(
    [1, 2, 3].map(async () => {
      const privateKey = await generateSigningKey('ES256')
      const jws = await signJwt({}, {}, createSigner(privateKey, 'ES256', undefined))
      return { key: publicKeyOf(privateKey), jws: parseCompactJws(jws) }
    }),
  )
  for (const { jws, key } of [...pairs, ...pairs]) assert.equal(await small(jws, key), true)
})

test('the small ports: clock, randomness, digest, MAC', () => {
  assert.ok(Math.abs(systemClock() - Date.now() / 1000) < 2)
  assert.match(random(16), /^[\w-]{22}$/)
  assert.match(random(32), /^[\w-]{43}$/)
  assert.notEqual(random(16), random(16))
  // RFC 7636 Appendix B.
  assert.equal(sha256('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'), 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
  assert.notEqual(createMac()('a'), createMac()('a'))
  const key = Buffer.alloc(32, 7)
  assert.equal(createMac(key)('a'), createMac(key)('a'))
  assert.notEqual(createMac(key)('a'), createMac(key)('b'))
  assert.throws(() => createMac(Buffer.alloc(16)), RangeError)
})
