/** What stands in a certificate, read strictly; what anything of it means is judged elsewhere. RFC 5280 §4.1, §4.2. */

import type { DistinguishedName } from '../../core/certificate.ts'
import { directoryString } from '../../core/distinguished-name.ts'
import { canonicalIpAddress } from '../../core/ip-address.ts'
import {
  bitsOf,
  booleanOf,
  elementsOf,
  type Element,
  MalformedDer,
  oidOf,
  Reader,
  readOnly,
  smallIntegerOf,
  tags,
  timeOf,
} from './der.ts'

/** The extensions that are understood, each absent when the certificate has none. */
export type Extensions = {
  readonly basicConstraints?: { readonly ca: 'true' | 'false'; readonly pathLength: number | undefined }
  readonly keyUsage?: ReadonlySet<KeyUsage>
  /** The purposes, as dotted OIDs. */
  readonly extendedKeyUsage?: ReadonlySet<string>
  readonly alternativeNames?: AlternativeNames
}

export type AlternativeNames = Readonly<Record<'dns' | 'uri' | 'ip' | 'email', readonly string[]>>

/** A certificate as it is written. */
export type Certificate = {
  readonly der: Uint8Array
  /** The OID of the signature algorithm with its parameters, as DER. */
  readonly signatureAlgorithm: Element
  /** The DER of the names, which is what links a certificate to its issuer. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  readonly subjectName: DistinguishedName
  /** Seconds since 1970. */
  readonly notBefore: number
  readonly notAfter: number
  readonly extensions: Extensions
  /** The OIDs of extensions that restrict the certificate in a way nobody here understands. */
  readonly notUnderstood: readonly string[]
}

const keyUsages = [
  'digitalSignature',
  'contentCommitment',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const
export type KeyUsage = (typeof keyUsages)[number]

const oids = {
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  extKeyUsage: '2.5.29.37',
} as const

/** @throws MalformedDer */
export function readCertificate(der: Uint8Array): Certificate {
  const outer = new Reader(readOnly(der, tags.sequence).content)
  const tbs = new Reader(outer.read(tags.sequence).content)
  const signatureAlgorithm = outer.read(tags.sequence)
  bitsOf(outer.read(tags.bitString))
  outer.end()

  const version = tbs.readOptional(0xa0)
  if (version === undefined || smallIntegerOf(readOnly(version.content, tags.integer)) !== 2) {
    throw new MalformedDer('not a certificate of version 3')
  }
  if (tbs.read(tags.integer).content.length === 0) throw new MalformedDer('the serial number is empty')
  if (!isSame(tbs.read(tags.sequence).whole, signatureAlgorithm.whole)) {
    throw new MalformedDer('the certificate names two signature algorithms')
  }
  const issuer = tbs.read(tags.sequence)
  const validity = new Reader(tbs.read(tags.sequence).content)
  const [notBefore, notAfter] = [timeOf(validity.readAny()), timeOf(validity.readAny())]
  validity.end()
  const subject = tbs.read(tags.sequence)
  tbs.read(tags.sequence)
  tbs.readOptional(0x81)
  tbs.readOptional(0x82)
  const written = tbs.readOptional(0xa3)
  tbs.end()
  return {
    der,
    signatureAlgorithm,
    issuer: issuer.whole,
    subject: subject.whole,
    subjectName: nameOf(subject),
    notBefore,
    notAfter,
    ...extensionsOf(written === undefined ? [] : elementsOf(readOnly(written.content, tags.sequence))),
  }
}

/** Whether two runs of bytes are equal. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}

function nameOf(name: Element): DistinguishedName {
  return elementsOf(name).map((relative) => {
    if (relative.tag !== tags.set) throw new MalformedDer('a name is not one')
    const attributes = elementsOf(relative).map((attribute) => {
      const [type, value, ...more] = attribute.tag === tags.sequence ? elementsOf(attribute) : []
      const text = value === undefined ? undefined : directoryString(value.tag, value.content)
      if (type?.tag !== tags.oid || text === undefined || more.length > 0) throw new MalformedDer('a name is not one')
      return { type: oidOf(type), value: text }
    })
    if (attributes.length === 0) throw new MalformedDer('a name is not one')
    return attributes
  })
}

function extensionsOf(written: readonly Element[]): Pick<Certificate, 'extensions' | 'notUnderstood'> {
  let extensions: Extensions = {}
  const notUnderstood: string[] = []
  const seen = new Set<string>()
  for (const element of written) {
    if (element.tag !== tags.sequence) throw new MalformedDer('an extension is not one')
    const reader = new Reader(element.content)
    const oid = oidOf(reader.read(tags.oid))
    const flag = reader.readOptional(tags.boolean)
    const isCritical = flag !== undefined && booleanOf(flag) === 'true'
    const value = reader.read(tags.octetString).content
    reader.end()
    // RFC 5280 §4.2: not more than one instance of an extension.
    if (seen.has(oid)) throw new MalformedDer('an extension stands there twice')
    seen.add(oid)
    const understood = extensionOf(oid, value)
    if (understood === undefined) {
      if (isCritical || oid === oids.nameConstraints) notUnderstood.push(oid)
    } else extensions = { ...extensions, ...understood }
  }
  return { extensions, notUnderstood }
}

function extensionOf(oid: string, value: Uint8Array): Extensions | undefined {
  switch (oid) {
    case oids.basicConstraints:
      return { basicConstraints: basicConstraintsOf(value) }
    case oids.keyUsage:
      return { keyUsage: keyUsageOf(value) }
    case oids.extKeyUsage:
      return { extendedKeyUsage: purposesOf(value) }
    case oids.subjectAltName:
      return { alternativeNames: alternativeNamesOf(value) }
    case oids.certificatePolicies:
      // Every policy will do, so that there is nothing to process. RFC 5280 §6.1.1 (c), (e).
      return {}
    default:
      return undefined
  }
}

function basicConstraintsOf(value: Uint8Array): Extensions['basicConstraints'] & {} {
  const reader = new Reader(readOnly(value, tags.sequence).content)
  const flag = reader.readOptional(tags.boolean)
  const length = reader.readOptional(tags.integer)
  reader.end()
  const ca = flag === undefined ? 'false' : booleanOf(flag)
  // RFC 5280 §4.2.1.9: a length has a meaning for a CA only.
  if (length !== undefined && ca === 'false') throw new MalformedDer('basic constraints contradict themselves')
  return { ca, pathLength: length === undefined ? undefined : smallIntegerOf(length) }
}

function keyUsageOf(value: Uint8Array): ReadonlySet<KeyUsage> {
  const { octets } = bitsOf(readOnly(value, tags.bitString))
  return new Set(keyUsages.filter((_, bit) => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0))
}

function purposesOf(value: Uint8Array): ReadonlySet<string> {
  return new Set(
    elementsOf(readOnly(value, tags.sequence)).map((purpose) => {
      if (purpose.tag !== tags.oid) throw new MalformedDer('a purpose is not one')
      return oidOf(purpose)
    }),
  )
}

const kinds: ReadonlyMap<number, keyof AlternativeNames> = new Map([
  [0x81, 'email'],
  [0x82, 'dns'],
  [0x86, 'uri'],
  [0x87, 'ip'],
])

function alternativeNamesOf(value: Uint8Array): AlternativeNames {
  const names = { dns: [], uri: [], ip: [], email: [] } satisfies Record<keyof AlternativeNames, string[]>
  const found: Record<keyof AlternativeNames, string[]> = names
  for (const { tag, content } of elementsOf(readOnly(value, tags.sequence))) {
    const kind = kinds.get(tag)
    if (kind === undefined) continue
    const name = kind === 'ip' ? ipOf(content) : directoryString(0x16, content)
    if (name === undefined || name === '') throw new MalformedDer('an alternative name is not one')
    found[kind].push(name)
  }
  return found
}

function ipOf(octets: Uint8Array): string | undefined {
  if (octets.length === 4) return canonicalIpAddress(octets.join('.'))
  if (octets.length !== 16) return undefined
  return canonicalIpAddress(
    Buffer.from(octets)
      .toString('hex')
      .replaceAll(/.{4}(?!$)/g, '$&:'),
  )
}
