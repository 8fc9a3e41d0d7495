import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { isSameName, parseDistinguishedName } from '../../core/distinguished-name.ts'
import { parseClientCertificate, UnacceptableCertificate } from './certificates.ts'
import { encode, encodeInteger, encodeOid, tags } from './der.ts'
import { alternativeNames, basicConstraints, extension } from './make-certificate.ts'
import { aClient, altered, aRoot, ecKeys, now } from './pki.test-support.ts'

const root = aRoot()
const good = aClient(root, { name: 'CN=app+OU=a,O=Example\\, Inc.,C=BR' })

function refused(chain: readonly Uint8Array[], reason: UnacceptableCertificate['reason']) {
  assert.throws(
    () => parseClientCertificate(chain),
    (error) => error instanceof UnacceptableCertificate && error.reason === reason,
  )
  assert.equal(parseClientCertificate([good.der]).notAfter, now + 86_400)
}

test('[AS-MTLS-04] a certificate is read as OpenSSL reads it, with its thumbprint', () => {
  const parsed = parseClientCertificate([good.der, root.der])
  const x509 = new X509Certificate(good.der)
  assert.equal(parsed.thumbprint, createHash('sha256').update(good.der).digest('base64url'))
  assert.equal(parsed.thumbprint, Buffer.from(x509.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'))
  assert.ok(isSameName(parsed.subject, parseDistinguishedName('CN=app+OU=a,O=Example\\, Inc.,C=BR')))
  assert.equal(x509.subject.replaceAll('\n', ';'), 'C=BR;O=Example\\, Inc.;OU=a + CN=app')
  assert.deepEqual([parsed.notBefore, parsed.notAfter], [now - 86_400, now + 86_400])
  assert.equal(x509.validToDate.getTime() / 1000, parsed.notAfter)
  assert.deepEqual(parsed.alternativeNames, { dns: [], uri: [], ip: [], email: [] })
  assert.deepEqual(parsed.chain, [good.der, root.der])
})

test('alternative names are told apart by kind, addresses in one spelling', () => {
  const names = encode(
    tags.sequence,
    encode(0x82, Buffer.from('app.example')),
    encode(0x86, Buffer.from('spiffe://example/app')),
    encode(0x87, Uint8Array.of(192, 0, 2, 1)),
    encode(0x87, Buffer.from('20010db8000000000000000000000001', 'hex')),
    encode(0x81, Buffer.from('app@example.com')),
    encode(0xa4, encode(tags.sequence)),
    encode(0x88, Uint8Array.of(0x2a, 3)),
  )
  const { der } = aClient(root, { extensions: [extension('2.5.29.17', 'critical', names)] })
  assert.deepEqual(parseClientCertificate([der]).alternativeNames, {
    dns: ['app.example'],
    uri: ['spiffe://example/app'],
    ip: ['192.0.2.1', '2001:db8::1'],
    email: ['app@example.com'],
  })
  const bad = (tag: number, bytes: Uint8Array) =>
    aClient(root, { extensions: [extension('2.5.29.17', 'informative', encode(tags.sequence, encode(tag, bytes)))] })
      .der
  refused([bad(0x82, Buffer.from('app.example\0.evil'))], 'malformed')
  refused([bad(0x82, Buffer.from('äpp.example'))], 'malformed')
  refused([bad(0x82, Buffer.from(''))], 'malformed')
  refused([bad(0x87, Uint8Array.of(1, 2, 3))], 'malformed')
})

test('[KEY-03] weak keys and unusual ones are refused, sound ones are taken', () => {
  const rsa = (modulusLength: number) => aClient(root, { keys: generateKeyPairSync('rsa', { modulusLength }) }).der
  refused([rsa(1024)], 'key')
  refused([rsa(2047)], 'key')
  refused([aClient(root, { keys: ecKeys('secp256k1') }).der], 'key')
  refused([aClient(root, { keys: ecKeys('P-224') }).der], 'key')
  refused([aClient(root, { keys: generateKeyPairSync('ed448') }).der], 'key')
  refused([aClient(root, { keys: generateKeyPairSync('x25519') }).der], 'key')
  const sound = [
    rsa(2048),
    aClient(root, { keys: ecKeys('P-384') }).der,
    aClient(root, { keys: ecKeys('P-521') }).der,
    aClient(root, { keys: generateKeyPairSync('ed25519') }).der,
  ]
  for (const der of sound) assert.equal(parseClientCertificate([der]).notBefore, now - 86_400)
})

test('signatures with SHA-1, MD5 or an unknown algorithm are refused', () => {
  const nothing = encode(tags.null)
  const hash = (oid: string) => encode(tags.sequence, encodeOid(oid), nothing)
  const mgf1 = (oid: string) => encode(tags.sequence, encodeOid('1.2.840.113549.1.1.8'), hash(oid))
  const pss = (...members: Uint8Array[]) =>
    encode(tags.sequence, encodeOid('1.2.840.113549.1.1.10'), encode(tags.sequence, ...members))
  const salt = (length: number) => encode(0xa2, encodeInteger(Uint8Array.of(length)))
  const [sha1, sha256, sha512] = ['1.3.14.3.2.26', '2.16.840.1.101.3.4.2.1', '2.16.840.1.101.3.4.2.3']
  const simple = (oid: string) => encode(tags.sequence, encodeOid(oid), nothing)
  const signedWith = (algorithm: Uint8Array) => [altered(good.der, root.privateKey, { algorithm })]
  for (const oid of [
    '1.2.840.113549.1.1.4',
    '1.2.840.113549.1.1.5',
    '1.2.840.10045.4.1',
    '1.2.840.10045.4.3.1',
    '1.2.840.10040.4.3',
    '1.3.101.113',
    '1.2.3',
  ]) {
    refused(signedWith(simple(oid)), 'signature_algorithm')
  }
  refused(signedWith(pss()), 'signature_algorithm')
  refused(signedWith(pss(encode(0xa0, hash(sha1)), encode(0xa1, mgf1(sha1)), salt(32))), 'signature_algorithm')
  refused(signedWith(pss(encode(0xa0, hash(sha256)), encode(0xa1, mgf1(sha512)), salt(32))), 'signature_algorithm')
  refused(signedWith(pss(encode(0xa0, hash(sha256)), encode(0xa1, mgf1(sha256)), salt(20))), 'signature_algorithm')
  refused(signedWith(pss(encode(0xa0, hash(sha256)), salt(32))), 'signature_algorithm')
  const sound = pss(encode(0xa0, hash(sha256)), encode(0xa1, mgf1(sha256)), salt(32))
  for (const algorithm of [simple('1.2.840.113549.1.1.11'), simple('1.2.840.10045.4.3.4'), sound]) {
    assert.equal(parseClientCertificate(signedWith(algorithm)).notBefore, now - 86_400)
  }
})

test('what is not a certificate of version 3 in DER is refused', () => {
  const change = (tbs: (parts: Uint8Array[]) => readonly Uint8Array[]) => altered(good.der, root.privateKey, { tbs })
  refused([], 'no_certificate')
  refused([new Uint8Array()], 'malformed')
  refused([Buffer.from(good.pem)], 'malformed')
  refused([Buffer.concat([good.der, Uint8Array.of(0)])], 'malformed')
  refused([good.der.subarray(0, -1)], 'malformed')
  refused([change((parts) => parts.slice(1))], 'malformed')
  refused([change(([, ...rest]) => [encode(0xa0, encodeInteger(Uint8Array.of(1))), ...rest])], 'malformed')
  refused([change((parts) => [...parts, encode(tags.null)])], 'malformed')
  const other = encode(tags.sequence, encodeOid('1.3.101.112'))
  refused([change((parts) => parts.map((part, at) => (at === 2 ? other : part)))], 'malformed')
  const time = (text: string) =>
    change((parts) =>
      parts.map((part, at) =>
        at === 4
          ? encode(
              tags.sequence,
              encode(tags.utcTime, Buffer.from('700101000000Z')),
              encode(tags.utcTime, Buffer.from(text)),
            )
          : part,
      ),
    )
  assert.equal(parseClientCertificate([time('491231235959Z')]).notAfter, Date.UTC(2049, 11, 31, 23, 59, 59) / 1000)
  for (const text of ['491231235959+0100', '4912312359Z', '490230000000Z', '491231240000Z', '']) {
    refused([time(text)], 'malformed')
  }
  const twice = [basicConstraints(0), basicConstraints(0)]
  refused([aClient(root, { extensions: twice }).der], 'malformed')
  refused([aClient(root, { extensions: [extension('2.5.29.19', 'critical', Uint8Array.of(1))] }).der], 'malformed')
  const longForm = Buffer.concat([
    Uint8Array.of(0x30, 0x83, 0, good.der[2] ?? 0, good.der[3] ?? 0),
    good.der.subarray(4),
  ])
  refused([longForm], 'malformed')
})

test('sizes are bounded', () => {
  const large = aClient(root, { extensions: [extension('1.2.3.4', 'informative', new Uint8Array(16_384))] }).der
  refused([large], 'too_large')
  refused([good.der, large], 'too_large')
  refused([good.der, ...Array(6).fill(root.der)], 'too_many')
  refused([good.der, Uint8Array.of(0x30, 0)], 'malformed')
  assert.equal(parseClientCertificate([good.der, ...Array(5).fill(root.der)]).chain.length, 6)
})

test('property: whatever the bytes, it is a certificate or an UnacceptableCertificate', () => {
  const flipped = fc.tuple(fc.nat(good.der.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
    const bytes = Uint8Array.from(good.der)
    bytes[at] = (bytes[at] ?? 0) ^ by
    return bytes
  })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), flipped), (bytes) => {
      try {
        const { thumbprint } = parseClientCertificate([bytes])
        assert.notEqual(thumbprint, parseClientCertificate([good.der]).thumbprint)
      } catch (error) {
        assert.ok(error instanceof UnacceptableCertificate, String(error))
      }
    }),
    { numRuns: 1000 },
  )
})

test('alternative names of the generator are what they say', () => {
  const { der } = aClient(root, { extensions: [alternativeNames('localhost', Uint8Array.of(127, 0, 0, 1))] })
  assert.equal(new X509Certificate(der).subjectAltName, 'DNS:localhost, IP Address:127.0.0.1')
})
