/** A certification authority for tests, and what it signs. RFC 5280 §4.1. */

import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { isIPv4 } from 'node:net'

export type CertificateParts = {
  readonly commonName?: string
  /** Alternative names. */
  readonly dns?: readonly string[]
  /** IPv4 addresses. */
  readonly ip?: readonly string[]
  readonly email?: readonly string[]
  /** Days from now. */
  readonly from?: number
  readonly until?: number
}

export type Issued = { readonly der: Buffer; readonly pem: string; readonly publicKey: KeyObject; readonly key: string }

type Signatory = { readonly signs: KeyObject; readonly name: string }

export type Authority = Issued & Signatory

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const text = (tag: number, value: string) => der(tag, Buffer.from(value))
const bits = (bytes: Uint8Array) => der(0x03, Buffer.from([0]), bytes)
const yes = der(0x01, Buffer.from([0xff]))
const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
const nameOf = (commonName: string) => sequence(der(0x31, sequence(oid('550403'), text(0x0c, commonName))))
const timeOf = (days: number) => {
  const iso = new Date(Date.now() + days * 86_400_000).toISOString()
  return text(0x17, `${iso.slice(2, 19).replaceAll(/\D/g, '')}Z`)
}
const extension = (id: string, value: Uint8Array, ...critical: Uint8Array[]) =>
  sequence(oid(id), ...critical, der(0x04, value))

const isAuthority = [
  extension('551d13', sequence(yes), yes),
  extension('551d0f', der(0x03, Buffer.from([2, 0x04])), yes), // keyCertSign
]
const isServer = extension('551d25', sequence(oid('2b06010505070301')))

function alternativeNames({ dns = [], ip = [], email = [] }: CertificateParts): readonly Buffer[] {
  const names = [
    ...email.map((value) => text(0x81, value)),
    ...dns.map((value) => text(0x82, value)),
    ...ip.filter(isIPv4).map((value) => der(0x87, Buffer.from(value.split('.').map(Number)))),
  ]
  return names.length === 0 ? [] : [extension('551d11', sequence(...names))]
}

export type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject }

const aPair = (): Pair => generateKeyPairSync('ec', { namedCurve: 'P-256' })

function issue(parts: CertificateParts, extensions: readonly Buffer[], pair: Pair, authority: Signatory): Issued {
  const { commonName = 'test', from = -1, until = 1 } = parts
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1]), randomBytes(8)),
    ecdsaWithSha256,
    nameOf(authority.name),
    sequence(timeOf(from), timeOf(until)),
    nameOf(commonName),
    pair.publicKey.export({ format: 'der', type: 'spki' }),
    der(0xa3, sequence(...extensions)),
  )
  const whole = sequence(body, ecdsaWithSha256, bits(sign('sha256', body, authority.signs)))
  return {
    der: whole,
    pem: new X509Certificate(whole).toString(),
    publicKey: pair.publicKey,
    key: String(pair.privateKey.export({ format: 'pem', type: 'pkcs8' })),
  }
}

/** A root that signs with P-256. */
export function anAuthority(): Authority {
  const pair = aPair()
  const self = { name: 'authority', signs: pair.privateKey }
  return { ...self, ...issue({ commonName: self.name }, isAuthority, pair, self) }
}

/** A server's certificate. */
export function aServerCertificate(parts: CertificateParts, authority: Authority): Issued {
  return issue(parts, [isServer, ...alternativeNames(parts)], aPair(), authority)
}

/** A certificate that its own key signed: of a server, or of whoever has the key. */
export function aSelfSignedCertificate(parts: CertificateParts, pair: Pair = aPair()): Issued {
  const self = { name: parts.commonName ?? 'test', signs: pair.privateKey }
  return issue(parts, [isServer, ...alternativeNames(parts)], pair, self)
}
