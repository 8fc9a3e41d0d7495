import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { CompactEncrypt, type CompactJWEHeaderParameters, importJWK } from 'jose'
import { jwtDecrypter } from './jose.ts'

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = (key: KeyObject, kid?: string) => ({
  ...key.export({ format: 'jwk' }),
  ...(kid === undefined ? {} : { kid }),
})
const decrypt = jwtDecrypter([jwk(rsa.privateKey, 'rsa'), jwk(ec.privateKey, 'ec')])

async function sealed(header: CompactJWEHeaderParameters, to: KeyObject, text = 'a.b.c'): Promise<string> {
  const key = await importJWK(jwk(to), header.alg)
  return new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader(header).encrypt(key)
}

test('what was encrypted to one of the keys is opened, with the algorithms of the profile', async () => {
  for (const enc of ['A256GCM', 'A128GCM']) {
    for (const [alg, key] of [
      ['ECDH-ES', ec.publicKey],
      ['ECDH-ES+A256KW', ec.publicKey],
      ['RSA-OAEP-256', rsa.publicKey],
    ] as const) {
      assert.equal(await decrypt(await sealed({ alg, enc }, key)), 'a.b.c', `${alg} ${enc}`)
      const kid = alg === 'RSA-OAEP-256' ? 'rsa' : 'ec'
      assert.equal(await decrypt(await sealed({ alg, enc, kid }, key)), 'a.b.c', `${alg} ${enc} ${kid}`)
    }
  }
})

test('other algorithms, compression, another key, a part that was altered, and what is no JWE: a SyntaxError', async () => {
  const good = await sealed({ alg: 'ECDH-ES', enc: 'A256GCM' }, ec.publicKey)
  const [header = '', , iv = '', content = '', tag = ''] = good.split('.')
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const bad: Readonly<Record<string, string>> = {
    compressed: await sealed({ alg: 'ECDH-ES', enc: 'A256GCM', zip: 'DEF' }, ec.publicKey),
    'RSA-OAEP with SHA-1': await sealed({ alg: 'RSA-OAEP', enc: 'A256GCM' }, rsa.publicKey),
    'ECDH-ES+A128KW': await sealed({ alg: 'ECDH-ES+A128KW', enc: 'A256GCM' }, ec.publicKey),
    'AES-CBC': await sealed({ alg: 'ECDH-ES', enc: 'A128CBC-HS256' }, ec.publicKey),
    'to a stranger': await sealed({ alg: 'ECDH-ES', enc: 'A256GCM' }, stranger.publicKey),
    'to another name': await sealed({ alg: 'ECDH-ES', enc: 'A256GCM', kid: 'other' }, ec.publicKey),
    'too long': await sealed({ alg: 'ECDH-ES', enc: 'A256GCM' }, ec.publicKey, 'x'.repeat(24_576)),
    'another tag': [header, '', iv, content, `${tag.startsWith('A') ? 'B' : 'A'}${tag.slice(1)}`].join('.'),
    'a part less': [header, iv, content, tag].join('.'),
    'a signed one': 'eyJhbGciOiJFUzI1NiJ9.e30.AA',
    nothing: '',
  }
  for (const [about, jwe] of Object.entries(bad)) await assert.rejects(decrypt(jwe), SyntaxError, about)
  assert.equal(await decrypt(good), 'a.b.c')
})
