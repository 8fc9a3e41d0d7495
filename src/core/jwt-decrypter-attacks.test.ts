/** Chosen ciphertexts for who decrypts. RFC 8725 §2.5, §3.4; RFC 7516 §11.5. */

import assert from 'node:assert/strict'
import { createECDH, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { CompactEncrypt, importJWK } from 'jose'
import { encodeBase64url, jwtDecrypter } from './jose.ts'
import type { JsonObject } from './names.ts'

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const decrypt = jwtDecrypter([rsa.privateKey.export({ format: 'jwk' }), ec.privateKey.export({ format: 'jwk' })])

async function sealed(alg: 'ECDH-ES' | 'ECDH-ES+A256KW' | 'RSA-OAEP-256'): Promise<string> {
  const { publicKey } = alg === 'RSA-OAEP-256' ? rsa : ec
  const key = await importJWK(publicKey.export({ format: 'jwk' }), alg)
  return new CompactEncrypt(Buffer.from('a.b.c')).setProtectedHeader({ alg, enc: 'A256GCM' }).encrypt(key)
}

/** How a ciphertext is refused. */
async function refusalOf(jwe: string): Promise<string> {
  return decrypt(jwe).then(
    () => assert.fail(`opened: ${jwe}`),
    (error: unknown) => `${String(error)}`,
  )
}

const headerOf = (jwe: string): JsonObject => JSON.parse(Buffer.from(jwe.split('.')[0] ?? '', 'base64url').toString())
const withHeader = (jwe: string, changes: JsonObject) =>
  [encodeBase64url(JSON.stringify({ ...headerOf(jwe), ...changes })), ...jwe.split('.').slice(1)].join('.')

const zero = encodeBase64url(Buffer.alloc(32))
const one = encodeBase64url(Buffer.concat([Buffer.alloc(31), Buffer.from([1])]))
const most = encodeBase64url(Buffer.alloc(32, 0xff))
const foreign = createECDH('secp384r1').generateKeys().subarray(1)

/** Points that are none of P-256. */
const badPoints: Readonly<Record<string, JsonObject>> = {
  'off the curve': { kty: 'EC', crv: 'P-256', x: one, y: one },
  'at the origin': { kty: 'EC', crv: 'P-256', x: zero, y: zero },
  'beyond the field': { kty: 'EC', crv: 'P-256', x: most, y: most },
  'on another curve': {
    kty: 'EC',
    crv: 'P-384',
    x: encodeBase64url(foreign.subarray(0, 48)),
    y: encodeBase64url(foreign.subarray(48)),
  },
  'of small order on Curve25519': { kty: 'OKP', crv: 'X25519', x: zero },
  missing: {},
}

test('[SK-23] an ephemeral key that is no point of the curve is refused like any other ciphertext', async () => {
  const refusals = new Set<string>()
  for (const alg of ['ECDH-ES', 'ECDH-ES+A256KW'] as const) {
    const good = await sealed(alg)
    for (const epk of Object.values(badPoints)) refusals.add(await refusalOf(withHeader(good, { epk })))
    const [header, key, iv, content = ''] = good.split('.')
    refusals.add(await refusalOf([header, key, iv, content, encodeBase64url(Buffer.alloc(16))].join('.')))
    assert.equal(await decrypt(good), 'a.b.c')
  }
  assert.deepEqual([...refusals], ['SyntaxError: encrypted to no key of ours'])
})

test('[SK-23] a padding tells nothing: OAEP fails in one way, and the older paddings are not tried', async () => {
  const good = await sealed('RSA-OAEP-256')
  const [header, key = '', iv, content, tag] = good.split('.')
  const wrapped = Buffer.from(key, 'base64url')
  const refusals = new Set<string>()
  for (const place of [0, 1, 100, 255]) {
    const altered = Buffer.from(wrapped)
    altered[place] = (altered[place] ?? 0) ^ 1
    refusals.add(await refusalOf([header, encodeBase64url(altered), iv, content, tag].join('.')))
  }
  refusals.add(await refusalOf([header, encodeBase64url(Buffer.alloc(256)), iv, content, tag].join('.')))
  refusals.add(await refusalOf([header, '', iv, content, tag].join('.')))
  assert.deepEqual([...refusals], ['SyntaxError: encrypted to no key of ours'])
  for (const alg of ['RSA1_5', 'RSA-OAEP']) {
    assert.equal(await refusalOf(withHeader(good, { alg })), 'SyntaxError: not encrypted as the profile has it')
  }
  assert.equal(await refusalOf(withHeader(good, { enc: 'A128CBC-HS256' })), 'SyntaxError: encrypted to no key of ours')
  assert.equal(await decrypt(good), 'a.b.c')
})
