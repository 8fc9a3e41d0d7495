/** The certificate a client proved the key of in the handshake of a socket that ends TLS here. RFC 8705 §2, §3. */

import { type DetailedPeerCertificate, TLSSocket } from 'node:tls'
import type { Connection } from '../../core/ports.ts'
import { chainLimits, parseClientCertificate, UnacceptableCertificate } from './certificates.ts'

/** What a connection says about a certificate. */
export type Claim = Pick<Connection, 'certificate' | 'certificateTrouble'>

/** There is no certificate, and nobody said so. */
export const noClaim: Claim = { certificate: undefined, certificateTrouble: undefined }

const claims = new WeakMap<TLSSocket, Claim>()

/**
 * The certificate of the peer of this socket, read once for each socket. TLS does not change it: there is no
 * renegotiation in 1.3, and none is allowed in 1.2.
 */
export function claimOfSocket(socket: unknown): Claim {
  if (!(socket instanceof TLSSocket)) return noClaim
  const known = claims.get(socket)
  if (known !== undefined) return known
  const fresh = claimOf(chainOf(socket))
  claims.set(socket, fresh)
  return fresh
}

/** What certificates in DER say, the leaf first. */
export function claimOf(chain: readonly Uint8Array[]): Claim {
  if (chain.length === 0) return noClaim
  try {
    return { certificate: parseClientCertificate(chain), certificateTrouble: undefined }
  } catch (error) {
    if (error instanceof UnacceptableCertificate) return { certificate: undefined, certificateTrouble: 'malformed' }
    throw error
  }
}

/** The leaf and its issuers as far as the peer sent them; one too many is enough to see that there are too many. */
function chainOf(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = []
  let next: Partial<DetailedPeerCertificate> | null | undefined = socket.getPeerCertificate(true)
  while (next?.raw !== undefined && chain.length <= chainLimits.certificates) {
    chain.push(next.raw)
    // What issued itself ends the chain.
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate
  }
  return chain
}
