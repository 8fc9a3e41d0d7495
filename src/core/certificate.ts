/** Client certificates, as far as the protocol judges them. Whoever terminates TLS makes them. RFC 8705. */

import type { CertificateThumbprint, NumericDate } from './names.ts'

/** One attribute of a name: its type as a dotted OID, and its value as text. RFC 5280 §4.1.2.4. */
export type NameAttribute = { readonly type: string; readonly value: string }

/** A distinguished name: its relative names in the order of the certificate, each a set of attributes. RFC 4514 §2. */
export type DistinguishedName = readonly (readonly NameAttribute[])[]

/** A certificate a client proved the key of, in the handshake of this connection. */
export type ClientCertificate = {
  /** SHA-256 of the DER, base64url: `x5t#S256`. RFC 8705 §3.1. */
  readonly thumbprint: CertificateThumbprint
  readonly subject: DistinguishedName
  /** The subject alternative names, by kind; IP addresses in their canonical text form. RFC 5280 §4.2.1.6. */
  readonly alternativeNames: {
    readonly dns: readonly string[]
    readonly uri: readonly string[]
    readonly ip: readonly string[]
    readonly email: readonly string[]
  }
  readonly notBefore: NumericDate
  readonly notAfter: NumericDate
  /** DER, the leaf first, then what the peer sent with it. */
  readonly chain: readonly Uint8Array[]
}
