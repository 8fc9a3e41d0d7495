import assert from 'node:assert/strict'
import { generateKeyPairSync, hash, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import type { JsonObject } from '../core/names.ts'
import { aSelfSignedCertificate, type Issued, type Pair } from './egress/certificates.test-support.ts'
import { certificateOfKey } from './key-certificates.ts'

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const good = aSelfSignedCertificate({ commonName: 'client' }, p256)
const text = good.der.toString('base64')

function jwkWith(pair: Pair, certificate: Issued, more: JsonObject = {}): JsonObject {
  return { ...pair.publicKey.export({ format: 'jwk' }), x5c: [certificate.der.toString('base64')], ...more }
}

const thumbprint = (certificate: Issued) => hash('sha256', certificate.der, 'base64url')

test('[AS-CAUTH-09] the first certificate of x5c, by the digest of its DER', () => {
  assert.equal(certificateOfKey(jwkWith(p256, good)), thumbprint(good))
  const other = aSelfSignedCertificate({}).der.toString('base64')
  assert.equal(certificateOfKey(jwkWith(p256, good, { x5c: [text, other] })), thumbprint(good))
  assert.equal(certificateOfKey(jwkWith(p256, good, { use: 'sig', kid: 'k1', alg: 'ES256' })), thumbprint(good))
})

const strong: Record<string, Pair> = {
  'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'P-521': generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  'RSA 2048': generateKeyPairSync('rsa', { modulusLength: 2048 }),
}
for (const [what, pair] of Object.entries(strong)) {
  test(`[AS-REG-06] a certificate may be for a key the profile does not sign with: ${what}`, () => {
    const certificate = aSelfSignedCertificate({}, pair)
    assert.equal(certificateOfKey(jwkWith(pair, certificate)), thumbprint(certificate))
  })
}

const weak: Record<string, Pair> = {
  'RSA 1024': generateKeyPairSync('rsa', { modulusLength: 1024 }),
  secp256k1: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
}
for (const [what, pair] of Object.entries(weak)) {
  test(`[AS-REG-06] a certificate for a weak key is none: ${what}`, () => {
    assert.equal(certificateOfKey(jwkWith(pair, aSelfSignedCertificate({}, pair))), undefined)
    assert.equal(certificateOfKey(jwkWith(p256, good)), thumbprint(good))
  })
}

const long = aSelfSignedCertificate({ dns: Array.from({ length: 500 }, () => 'a'.repeat(24)) }, p256)

const unusable: Record<string, JsonObject> = {
  'of another key': jwkWith(p256, aSelfSignedCertificate({})),
  'of another key, the right one behind it': {
    ...jwkWith(p256, good),
    x5c: [aSelfSignedCertificate({}).der.toString('base64'), text],
  },
  'without x5c': { ...p256.publicKey.export({ format: 'jwk' }) },
  'with an empty x5c': jwkWith(p256, good, { x5c: [] }),
  'with x5c as text': jwkWith(p256, good, { x5c: text }),
  'with something else in x5c': jwkWith(p256, good, { x5c: [{}] }),
  'in base64url': jwkWith(p256, good, { x5c: [good.der.toString('base64url')] }),
  'with white space': jwkWith(p256, good, { x5c: [text.replace(/^.{64}/, '$&\n')] }),
  'as PEM': jwkWith(p256, good, { x5c: [good.pem] }),
  'as PEM inside base64': jwkWith(p256, good, { x5c: [Buffer.from(good.pem).toString('base64')] }),
  'with bytes after its end': jwkWith(p256, good, {
    x5c: [Buffer.concat([good.der, Buffer.from([0])]).toString('base64')],
  }),
  'cut short': jwkWith(p256, good, { x5c: [good.der.subarray(0, -1).toString('base64')] }),
  'too long': jwkWith(p256, long),
  'for encryption': jwkWith(p256, good, { use: 'enc' }),
  'beside a key that is none': jwkWith(p256, good, { x: 'AA' }),
  'beside no key': { x5c: [text] },
}
assert.equal(new X509Certificate(long.der).raw.length, long.der.length)
// In base64 this one must differ from base64url, or there is nothing to tell apart.
assert.ok(/[+/=]/.test(text))
for (const [what, jwk] of Object.entries(unusable)) {
  test(`[AS-CAUTH-09] a certificate that stands for nothing: ${what}`, () => {
    assert.equal(certificateOfKey(jwk), undefined)
    assert.equal(certificateOfKey(jwkWith(p256, good)), thumbprint(good))
  })
}
