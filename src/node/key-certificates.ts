/** Certificates that stand beside keys in a JWK set. RFC 7517 §4.7; RFC 8705 §2.2.2. */

import { createPublicKey, hash, type KeyObject, X509Certificate } from 'node:crypto'
import { type CertificateThumbprint, certificateThumbprint, type JsonObject } from '../core/names.ts'

/** How long one certificate may be, in base64: some four times what a large one takes. */
const mostCharacters = 16_384

/**
 * The thumbprint of the first certificate of a JWK's `x5c`, when it is a good one for exactly this key. Chain and dates
 * are not looked at: the certificate stands for its key.
 *
 * Undefined for a key without one, for one that is for encryption or weak, and for anything that cannot be read.
 */
export function certificateOfKey(jwk: JsonObject): CertificateThumbprint | undefined {
  const chain = jwk['x5c']
  const text: unknown = Array.isArray(chain) ? chain[0] : undefined
  if (typeof text !== 'string' || text.length > mostCharacters || jwk['use'] === 'enc') return undefined
  const der = Buffer.from(text, 'base64')
  if (der.toString('base64') !== text) return undefined
  try {
    const certificate = new X509Certificate(der)
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
    // A certificate has one form; PEM inside base64, or bytes after the end, would have another thumbprint.
    const isExact = certificate.raw.equals(der)
    if (!isExact || !isStrong(key) || !certificate.publicKey.equals(key)) return undefined
    return certificateThumbprint(hash('sha256', der, 'base64url'))
  } catch {
    return undefined
  }
}

/** RSA of 2048 to 4096 bits, the NIST curves from P-256 on, Ed25519. FAPI 2.0 SP §5.4.1-2, -3. */
function isStrong({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  const { modulusLength = 0, namedCurve = '' } = asymmetricKeyDetails ?? {}
  if (asymmetricKeyType === 'rsa') return modulusLength >= 2048 && modulusLength <= 4096
  if (asymmetricKeyType === 'ec') return ['prime256v1', 'secp384r1', 'secp521r1'].includes(namedCurve)
  return asymmetricKeyType === 'ed25519'
}
