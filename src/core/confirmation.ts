/** What a token is bound to: a DPoP key or a client certificate, never both. RFC 7800 §3; RFC 9449 §6; RFC 8705 §3. */

import type { CertificateThumbprint, JwkThumbprint } from './names.ts'

/** The one thing its holder must prove. */
export type Confirmation =
  | { readonly kind: 'dpop'; readonly jkt: JwkThumbprint }
  | { readonly kind: 'certificate'; readonly x5tS256: CertificateThumbprint }

/** The `cnf` member. RFC 9449 §6.1; RFC 8705 §3.1. */
export function confirmationClaim(confirmation: Confirmation): Readonly<Record<string, string>> {
  return confirmation.kind === 'dpop' ? { jkt: confirmation.jkt } : { 'x5t#S256': confirmation.x5tS256 }
}

/** The `token_type` of a token bound so. RFC 9449 §5; RFC 8705 §3. */
export function tokenTypeOf(confirmation: Confirmation): 'DPoP' | 'Bearer' {
  return confirmation.kind === 'dpop' ? 'DPoP' : 'Bearer'
}
