/** The header fields in which somebody may claim a certificate. What handlers see never has them. RFC 9700 §4.13. */

import type { Connection } from '../../core/ports.ts'
import { adapters } from './proxy-adapters.ts'

/** Fields that carry a certificate, or what a proxy found out about one, in proxies that have no adapter here. */
const others = [
  'x-client-cert',
  'x-client-certificate',
  'x-client-certificate-chain',
  'x-client-dn',
  'x-client-verify',
  'x-certificate',
  'x-arr-clientcert',
  'x-ssl-cert',
  'x-ssl-certificate',
  'x-ssl-verify',
  'x-ssl-subject',
  'x-ssl-issuer',
  'x-mtls-client-cert',
  'x-mtls-clientcert',
  'x-goog-client-cert',
  'x-azure-clientcert',
  'ssl-cert',
  'ssl-certificate',
  'cf-client-cert-der-base64',
  'cf-client-cert-sha256',
  'client-certificate',
] as const

const names: ReadonlySet<string> = new Set([...Object.values(adapters).flatMap(({ headers }) => headers), ...others])

/** Whole families: `ssl-client-s-dn`, `x-ssl-client-verify`, `x-amzn-mtls-clientcert-subject`. */
const families = /^(?:x-)?(?:ssl|tls)-client-|^x-amzn-mtls-|^x-forwarded-(?:tls|ssl)-client-|^x-client-cert-/

/** Whether a field of this name, in lower case, claims something about a certificate. `_` counts as `-`. */
export function isCertificateHeader(name: string): boolean {
  const plain = name.includes('_') ? name.replaceAll('_', '-') : name
  return names.has(plain) || families.test(plain)
}

/** The headers without those that claim something about a certificate, and the names of those that did. */
export function stripCertificateHeaders(headers: Connection['headers']): {
  readonly headers: Connection['headers']
  readonly stripped: readonly string[]
} {
  const stripped = headers.filter(([name]) => isCertificateHeader(name)).map(([name]) => name)
  if (stripped.length === 0) return { headers, stripped }
  return { headers: headers.filter(([name]) => !isCertificateHeader(name)), stripped: [...new Set(stripped)] }
}
