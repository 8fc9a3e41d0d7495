import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { decodeBase64url, encodeBase64url, parseCompactJws, parseKeySet, parsePublicKey, thumbprintOf } from './jose.ts'
import type { JsonObject } from './names.ts'
import { createHash } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { sha256Digest } from './names.ts'
import type { Hash } from './ports.ts'

const hash: Hash = (text) => sha256Digest(createHash('sha256').update(text).digest('base64url'))
const ec = (): JsonObject => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
})
const ed = (): JsonObject => ({ ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }) })
const rsa = (bits: number): JsonObject => ({
  ...generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' }),
})

test('[KEY-01, KEY-03] the three kinds of key of the profile are taken, each for its one algorithm', () => {
  assert.equal(parsePublicKey(ec(), hash).alg, 'ES256')
  assert.equal(parsePublicKey(ed(), hash).alg, 'EdDSA')
  assert.equal(parsePublicKey(rsa(2048), hash).alg, 'PS256')
  assert.equal(parsePublicKey({ ...ed(), alg: 'Ed25519' }, hash).alg, 'EdDSA')
})

const refused: readonly (readonly [string, () => unknown])[] = [
  ['a private key', () => ({ ...ec(), d: 'AA' })],
  ['an RSA key of 1024 bits', () => rsa(1024)],
  ['an RSA key with a small exponent', () => ({ ...rsa(2048), e: 'Aw' })],
  ['an RSA modulus with a leading zero', () => ({ kty: 'RSA', n: `AA${'A'.repeat(342)}`, e: 'AQAB' })],
  [
    'another curve',
    () => ({ ...generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' }) }),
  ],
  ['secp256k1', () => ({ ...ec(), crv: 'secp256k1' })],
  ['Ed448', () => ({ ...generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' }) })],
  ['a symmetric key', () => ({ kty: 'oct', k: 'AAAA' })],
  ['an encryption key', () => ({ ...ec(), use: 'enc' })],
  ['an alg of another kind', () => ({ ...ec(), alg: 'PS256' })],
  ['a short coordinate', () => ({ ...ec(), x: 'AAAA' })],
  ['padding', () => ({ ...ed(), x: `${String(ed()['x'])}=` })],
  ['the identity point', () => ({ ...ed(), x: encodeBase64url(new Uint8Array(32).with(0, 1)) })],
  [
    'a point of order two',
    () => ({ ...ed(), x: encodeBase64url(new Uint8Array(32).fill(255).with(0, 0xec).with(31, 0x7f)) }),
  ],
  ['a second spelling of zero', () => ({ ...ed(), x: encodeBase64url(new Uint8Array(32).fill(255).with(0, 0xed)) })],
  ['no object', () => 'key'],
  ['null', () => null],
]

for (const [name, make] of refused) {
  test(`dpop_key_invalid [KEY-03] ${name} is no key of the profile`, () => {
    assert.throws(() => parsePublicKey(make(), hash), SyntaxError)
  })
}

test('[KEY-06, KEY-07] a key set passes over other kinds, keeps equal kids, and is refused with a private key in it', () => {
  const set = {
    keys: [
      { ...ec(), kid: 'k' },
      { ...rsa(2048), kid: 'k' },
      { kty: 'oct', k: 'AA', alg: 'HS256' },
    ],
  }
  assert.throws(() => parseKeySet(set, hash), SyntaxError)
  const clean = {
    keys: [
      { ...ec(), kid: 'k' },
      { ...rsa(2048), kid: 'k' },
      { ...ec(), use: 'enc' },
    ],
  }
  assert.deepEqual(
    parseKeySet(clean, hash).map(({ alg, kid }) => [alg, kid]),
    [
      ['ES256', 'k'],
      ['PS256', 'k'],
    ],
  )
  assert.throws(() => parseKeySet({ keys: [] }, hash), SyntaxError)
  assert.throws(() => parseKeySet({ keys: Array.from({ length: 17 }, ec) }, hash), SyntaxError)
})

test('[AS-DPOP-07] the thumbprint is the one jose computes', async () => {
  for (const jwk of [ec(), ed(), rsa(2048)]) {
    const key = parsePublicKey(jwk, hash)
    assert.equal(thumbprintOf(key.jwk, hash), await calculateJwkThumbprint({ ...key.jwk }))
  }
})

test('[KEY-11] base64url has one spelling', () => {
  assert.deepEqual([...decodeBase64url('AQ')], [1])
  for (const text of ['AR', 'AQ=', 'A', 'A+', 'A/', 'AQ\n', 'AAB']) {
    assert.throws(() => decodeBase64url(text), SyntaxError, JSON.stringify(text))
  }
})

const part = (value: string) => encodeBase64url(value)
const jws = (header: string, payload: string) => `${part(header)}.${part(payload)}.AAAA`

test('[KEY-05, KEY-11] a compact JWS is taken apart strictly', () => {
  assert.deepEqual(parseCompactJws(jws('{"alg":"ES256"}', '{"a":1}')).payload, { a: 1 })
  const wrong = {
    crit: jws('{"alg":"ES256","crit":["x"]}', '{}'),
    b64: jws('{"alg":"ES256","b64":false}', '{}'),
    zip: jws('{"alg":"ES256","zip":"DEF"}', '{}'),
    'a JWE header': jws('{"alg":"dir","enc":"A256GCM"}', '{}'),
    'a duplicate member': jws('{"alg":"ES256","alg":"none"}', '{}'),
    'an escaped duplicate': jws('{"alg":"ES256"}', String.raw`{"aud":1,"\u0061ud":2}`),
    'a nested duplicate': jws('{"alg":"ES256"}', '{"cnf":{"jkt":"a","jkt":"b"}}'),
    'a prototype member': jws('{"alg":"ES256"}', '{"__proto__":{"x":1}}'),
    'deep nesting': jws('{"alg":"ES256"}', `{"a":${'['.repeat(200)}${']'.repeat(200)}}`),
    'an array': jws('{"alg":"ES256"}', '[]'),
    'a byte order mark': `${part('{"alg":"ES256"}')}.${encodeBase64url('\uFEFF{}')}.AAAA`,
    'no UTF-8': `${part('{"alg":"ES256"}')}.${encodeBase64url(new Uint8Array([0x7b, 0xff, 0x7d]))}.AAAA`,
    'no signature': `${part('{"alg":"ES256"}')}.${part('{}')}.`,
    'two parts': `${part('{"alg":"ES256"}')}.${part('{}')}`,
    'five parts': `${part('{"alg":"ES256"}')}.${part('{}')}.A.A.A`,
    'a trailing dot': `${jws('{"alg":"ES256"}', '{}')}.`,
    'a megabyte': jws('{"alg":"ES256"}', `{"a":"${'x'.repeat(1_000_000)}"}`),
  }
  for (const [name, text] of Object.entries(wrong)) assert.throws(() => parseCompactJws(text), Error, name)
})
