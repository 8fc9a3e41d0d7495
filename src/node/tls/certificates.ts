/** Certificates of clients: what is taken as one at all, whoever issued it. RFC 8705; FAPI 2.0 SP §5.4.1. */

import { createHash, X509Certificate } from 'node:crypto'
import type { ClientCertificate } from '../../core/certificate.ts'
import { certificateThumbprint, numericDate } from '../../core/names.ts'
import { elementsOf, type Element, MalformedDer, oidOf, readOnly, smallIntegerOf, tags } from './der.ts'
import { type AlternativeNames, type Certificate, isSame, readCertificate } from './x509.ts'

/** Bytes that are no certificate of the profile. Says why, and nothing of what they hold. */
export class UnacceptableCertificate extends Error {
  override readonly name = 'UnacceptableCertificate'
  readonly reason: 'no_certificate' | 'too_many' | 'too_large' | 'malformed' | 'signature_algorithm' | 'key'
  constructor(reason: UnacceptableCertificate['reason'], cause?: unknown) {
    super(sentences[reason], cause === undefined ? {} : { cause })
    this.reason = reason
  }
}

const sentences = {
  no_certificate: 'there is no certificate',
  too_many: 'there are more than 6 certificates',
  too_large: 'a certificate is larger than 16384 bytes',
  malformed: 'this is not an X.509 certificate of version 3',
  signature_algorithm: 'the certificate is signed with an algorithm that is not accepted',
  key: 'the key of the certificate is not RSA of 2048 to 8192 bits, P-256, P-384, P-521 or Ed25519',
} as const

/** How much a peer may send. */
export const chainLimits = { certificates: 6, bytes: 16_384 } as const

const noNames: AlternativeNames = { dns: [], uri: [], ip: [], email: [] }

/**
 * The certificate of a client from the DER that came, its own first. What comes after it must be certificates; whether
 * they lead anywhere is for the trust anchors to judge.
 * @throws UnacceptableCertificate
 */
export function parseClientCertificate(chainDer: readonly Uint8Array[]): ClientCertificate {
  const [leafDer, ...others] = chainDer
  if (leafDer === undefined) throw new UnacceptableCertificate('no_certificate')
  if (chainDer.length > chainLimits.certificates) throw new UnacceptableCertificate('too_many')
  const { certificate: leaf } = parseCertificate(leafDer)
  for (const der of others) readBounded(der)
  return {
    thumbprint: certificateThumbprint(createHash('sha256').update(leaf.der).digest('base64url')),
    subject: leaf.subjectName,
    alternativeNames: leaf.extensions.alternativeNames ?? noNames,
    // What began before 1970 began in any case.
    notBefore: numericDate(Math.max(0, leaf.notBefore)),
    notAfter: numericDate(Math.max(0, leaf.notAfter)),
    chain: [leaf.der, ...others],
  }
}

/** A certificate of the profile, as it is written and as the cryptographic library sees it. */
export type ParsedCertificate = { readonly certificate: Certificate; readonly x509: X509Certificate }

/** Reads one certificate and judges its algorithms and its key. @throws UnacceptableCertificate */
export function parseCertificate(der: Uint8Array): ParsedCertificate {
  const certificate = readBounded(der)
  if (!isAcceptedSignature(certificate.signatureAlgorithm)) throw new UnacceptableCertificate('signature_algorithm')
  const x509 = orMalformed(() => new X509Certificate(der))
  // Two readers of the same bytes must see the same certificate.
  if (!isSame(x509.raw, der)) throw new UnacceptableCertificate('malformed')
  if (!isAcceptedKey(x509)) throw new UnacceptableCertificate('key')
  return { certificate, x509 }
}

function readBounded(der: Uint8Array): Certificate {
  if (der.length > chainLimits.bytes) throw new UnacceptableCertificate('too_large')
  return orMalformed(() => readCertificate(der))
}

function orMalformed<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new UnacceptableCertificate('malformed', cause)
  }
}

/** SHA-256, SHA-384, SHA-512. RFC 5754 §2. */
const digests: readonly string[] = ['2.16.840.1.101.3.4.2.1', '2.16.840.1.101.3.4.2.2', '2.16.840.1.101.3.4.2.3']

/** RSA with PKCS #1 v1.5, ECDSA, and Ed25519, each with a digest that holds. RFC 4055, RFC 5758, RFC 8410. */
const signatures: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
  '1.3.101.112',
])
const pss = '1.2.840.113549.1.1.10'
const mgf1 = '1.2.840.113549.1.1.8'

function isAcceptedSignature(algorithm: Element): boolean {
  try {
    const [type, parameters] = elementsOf(algorithm)
    const oid = type?.tag === tags.oid ? oidOf(type) : ''
    return signatures.has(oid) || (oid === pss && parameters !== undefined && isAcceptedPss(parameters))
  } catch (error) {
    if (error instanceof MalformedDer) return false
    throw error
  }
}

/** A digest that holds, the same for the mask, and a salt of 32 bytes or more. What is left out means SHA-1. RFC 4055 §3.1. */
function isAcceptedPss(parameters: Element): boolean {
  const members = new Map(elementsOf(parameters).map((member) => [member.tag, member.content]))
  const [digest, mask, salt] = [members.get(0xa0), members.get(0xa1), members.get(0xa2)]
  if (digest === undefined || mask === undefined || salt === undefined || members.has(0xa3)) return false
  const [generator, maskDigest] = elementsOf(readOnly(mask, tags.sequence))
  if (generator?.tag !== tags.oid || oidOf(generator) !== mgf1 || maskDigest === undefined) return false
  const oid = algorithmOf(readOnly(digest, tags.sequence))
  return digests.includes(oid) && algorithmOf(maskDigest) === oid && smallIntegerOf(readOnly(salt, tags.integer)) >= 32
}

function algorithmOf(identifier: Element): string {
  const [type] = elementsOf(identifier)
  return type?.tag === tags.oid ? oidOf(type) : ''
}

const curves: readonly (string | undefined)[] = ['prime256v1', 'secp384r1', 'secp521r1']

/** FAPI 2.0 SP §5.4.1-2, -3. */
function isAcceptedKey(x509: X509Certificate): boolean {
  const key = orMalformed(() => x509.publicKey)
  const { modulusLength = 0, publicExponent = 0n, namedCurve } = key.asymmetricKeyDetails ?? {}
  const type = key.asymmetricKeyType ?? ''
  if (['rsa', 'rsa-pss'].includes(type)) return modulusLength >= 2048 && modulusLength <= 8192 && publicExponent >= 3n
  return type === 'ec' ? curves.includes(namedCurve) : type === 'ed25519'
}
