/** Certificates of our own making, for development and for the self-test. RFC 5280 §4.1. */

import { createHash, type KeyObject, sign } from 'node:crypto'
import type { DistinguishedName } from '../../core/certificate.ts'
import type { Random } from '../../core/ports.ts'
import { encode, encodeInteger, encodeOid, encodeTime, tags } from './der.ts'

/** What stands in a certificate that is to be made. */
export type CertificateContent = {
  readonly subject: DistinguishedName
  readonly publicKey: KeyObject
  /** Whoever signs it; the certificate is its own issuer when this has the same name and key. */
  readonly issuer: { readonly name: DistinguishedName; readonly privateKey: KeyObject }
  /** Seconds since 1970. */
  readonly notBefore: number
  readonly notAfter: number
  readonly extensions: readonly Uint8Array[]
}

/** The signature algorithms of the keys that sign here: ECDSA on P-256 with SHA-256, or Ed25519. */
const algorithms = { ec: '1.2.840.10045.4.3.2', ed25519: '1.3.101.112' } as const

/** The DER of a certificate of version 3. @throws TypeError when the issuer's key is neither P-256 nor Ed25519 */
export function makeCertificate(content: CertificateContent, random: Random): Uint8Array {
  const { issuer, subject, publicKey, extensions } = content
  const type = issuer.privateKey.asymmetricKeyType
  if (type !== 'ec' && type !== 'ed25519') throw new TypeError('this key signs no certificates here')
  const algorithm = encode(tags.sequence, encodeOid(algorithms[type]))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const tbs = encode(
    tags.sequence,
    encode(0xa0, encodeInteger(Uint8Array.of(2))),
    serialNumber(random),
    algorithm,
    encodeName(issuer.name),
    encode(tags.sequence, encodeTime(content.notBefore), encodeTime(content.notAfter)),
    encodeName(subject),
    spki,
    ...(extensions.length === 0 ? [] : [encode(0xa3, encode(tags.sequence, ...extensions))]),
  )
  const signature = sign(type === 'ec' ? 'sha256' : null, tbs, issuer.privateKey)
  return encode(tags.sequence, tbs, algorithm, encode(tags.bitString, Uint8Array.of(0), signature))
}

/** 15 random bytes behind a first one that keeps the number positive. RFC 5280 §4.1.2.2. */
function serialNumber(random: Random): Uint8Array {
  return encodeInteger(Uint8Array.from([0x40, ...Buffer.from(random(15), 'base64url')]))
}

/** A name with its values as UTF8String. RFC 5280 §4.1.2.4. */
function encodeName(name: DistinguishedName): Uint8Array {
  const relative = name.map((attributes) => {
    const encoded = attributes.map(({ type, value }) =>
      encode(tags.sequence, encodeOid(type), encode(tags.utf8String, Buffer.from(value))),
    )
    // DER orders the elements of a set. X.690 §11.6.
    return encode(tags.set, ...encoded.toSorted((one, other) => Buffer.compare(one, other)))
  })
  return encode(tags.sequence, ...relative)
}

/** An extension around a value in DER. */
export function extension(oid: string, weight: 'critical' | 'informative', value: Uint8Array): Uint8Array {
  const flag = weight === 'critical' ? [encode(tags.boolean, Uint8Array.of(0xff))] : []
  return encode(tags.sequence, encodeOid(oid), ...flag, encode(tags.octetString, value))
}

/** Marks a CA, with at most so many CAs between it and a certificate of an end entity. RFC 5280 §4.2.1.9. */
export function basicConstraints(pathLength?: number): Uint8Array {
  const length = pathLength === undefined ? [] : [encodeInteger(Uint8Array.of(pathLength))]
  const value = encode(tags.sequence, encode(tags.boolean, Uint8Array.of(0xff)), ...length)
  return extension('2.5.29.19', 'critical', value)
}

/** What the key may do, as one octet of bits: 0x80 signs, 0x06 issues certificates and revocations. RFC 5280 §4.2.1.3. */
export function keyUsage(bits: number): Uint8Array {
  const unused = Math.clz32(bits & -bits) ^ 31
  return extension('2.5.29.15', 'critical', encode(tags.bitString, Uint8Array.of(unused, bits)))
}

/** RFC 5280 §4.2.1.12. */
export const purposes = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const

/** What the certificate is for. */
export function extendedKeyUsage(...oids: readonly string[]): Uint8Array {
  return extension('2.5.29.37', 'informative', encode(tags.sequence, ...oids.map(encodeOid)))
}

/** Other names of the subject: DNS names as text, IP addresses as octets. RFC 5280 §4.2.1.6. */
export function alternativeNames(...names: readonly (string | Uint8Array)[]): Uint8Array {
  const encoded = names.map((name) => (typeof name === 'string' ? encode(0x82, Buffer.from(name)) : encode(0x87, name)))
  return extension('2.5.29.17', 'informative', encode(tags.sequence, ...encoded))
}

/** Which key it is, and which one signed it, by digest. RFC 5280 §4.2.1.1, §4.2.1.2; RFC 7093 §2. */
export function keyIdentifiers(subject: KeyObject, issuer: KeyObject): readonly Uint8Array[] {
  const authority = encode(tags.sequence, encode(0x80, identifierOf(issuer)))
  return [
    extension('2.5.29.14', 'informative', encode(tags.octetString, identifierOf(subject))),
    extension('2.5.29.35', 'informative', authority),
  ]
}

function identifierOf(key: KeyObject): Uint8Array {
  const spki = key.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest().subarray(0, 20)
}

/** The text form of DER. RFC 7468 §5. */
export function pemOf(der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replaceAll(/.{64}(?!$)/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}
