/** Before anything is served: the adapter is tried, and so is what stands between it and strangers. RFC 8705 §6.5. */

import { createHash, generateKeyPairSync } from 'node:crypto'
import type { Belief } from '../claims.ts'
import { believe } from '../claims.ts'
import { random } from '../runtime.ts'
import { makeCertificate, pemOf } from './make-certificate.ts'
import { type AdapterName, adapters } from './proxy-adapters.ts'

/** The certificate header cannot be used safely. One line for the operator. */
export class CertificateHeaderUnsafe extends Error {
  override readonly name = 'CertificateHeaderUnsafe'
  constructor(adapter: string, what: string) {
    super(`certificate header ${adapter}: ${what}`)
  }
}

/** Addresses for documentation, which no proxy has. RFC 5737, RFC 3849. */
const strangers = [
  ['192.0.2.1', '198.51.100.1', '203.0.113.1'],
  ['2001:db8::1', '3fff::1'],
] as const

/** A field as the proxy writes it. */
const written: Readonly<Record<AdapterName, (der: Uint8Array) => readonly [name: string, value: string]>> = {
  rfc9440: (der) => ['client-cert', `:${base64(der)}:`],
  nginx: (der) => ['x-ssl-client-cert', encodeURIComponent(pemOf(der))],
  haproxy: (der) => ['x-ssl-client-der', base64(der)],
  'envoy-xfcc': (der) => [
    'x-forwarded-client-cert',
    `Hash=${createHash('sha256').update(der).digest('hex')};Cert="${encodeURIComponent(pemOf(der))}"`,
  ],
  'aws-alb': (der) => [
    'x-amzn-mtls-clientcert',
    encodeURIComponent(pemOf(der)).replaceAll(/%(?:2B|2F|3D)/g, decodeURIComponent),
  ],
  traefik: (der) => ['x-forwarded-tls-client-cert', base64(der)],
}

function base64(der: Uint8Array): string {
  return Buffer.from(der).toString('base64')
}

type Tested = Belief & { readonly certificateHeader: object }

/**
 * Checks, with a certificate made for it, that a listed peer is understood and that a peer that is not listed is not
 * believed: its header is gone, under every name.
 * @throws CertificateHeaderUnsafe
 */
export function selfTestAdapter(belief: Tested, listed: string): void {
  const { adapter, peers } = belief.certificateHeader
  for (const family of strangers) {
    const stranger = family.find((address) => !peers(address))
    if (stranger === undefined)
      throw new CertificateHeaderUnsafe(adapter, 'every peer is listed, so that anybody is believed')
    checkOne(belief, listed, stranger)
  }
}

function checkOne(belief: Tested, listed: string, stranger: string): void {
  const { adapter } = belief.certificateHeader
  const der = testCertificate()
  const field = written[adapter](der)

  const fromProxy = believe(listed, [field], undefined, belief)
  const expected = createHash('sha256').update(der).digest('base64url')
  if (fromProxy.claim().certificate?.thumbprint !== expected) {
    throw new CertificateHeaderUnsafe(adapter, 'a certificate that a listed peer passes on is not understood')
  }

  const everyName = Object.values(adapters).flatMap(({ headers }) => headers)
  const claims = [field, ...everyName.map((name) => [name, field[1]] as const)]
  const fromStranger = believe(stranger, claims, undefined, belief)
  for (const { headers } of [fromProxy, fromStranger]) {
    if (headers.length > 0) throw new CertificateHeaderUnsafe(adapter, 'its header would reach what is behind')
  }
  if (fromStranger.claim().certificate !== undefined) {
    throw new CertificateHeaderUnsafe(adapter, 'a peer that is not listed would be believed')
  }
}

function testCertificate(): Uint8Array {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const name = [[{ type: '2.5.4.3', value: 'self-test' }]]
  const times = { notBefore: 0, notAfter: 1 }
  return makeCertificate({ subject: name, publicKey, issuer: { name, privateKey }, ...times, extensions: [] }, random)
}
