/** ID tokens, from the token endpoint only. OIDC Core §2; FAPI 2.0 SP §5.3.2.2-1. */

import { signJwt } from './jose.ts'
import type { ClientId, Issuer, NumericDate, Subject } from './names.ts'
import type { Signer } from './ports.ts'

/** What goes into an ID token. */
export type NewIdToken = {
  readonly issuer: Issuer
  readonly subject: Subject
  readonly audience: ClientId
  readonly issuedAt: NumericDate
  readonly expiresAt: NumericDate
  readonly authTime: NumericDate
  /** Exactly as the request sent it; absent when it sent none. */
  readonly nonce: string | undefined
  readonly acr: string
  readonly amr: readonly string[]
}

/** Creates an ID token. Its `typ` is `JWT`, so that nothing that wants `at+jwt` takes it. */
export function createIdToken(token: NewIdToken, signer: Signer): Promise<string> {
  const claims = {
    iss: token.issuer,
    sub: token.subject,
    aud: token.audience,
    iat: token.issuedAt,
    exp: token.expiresAt,
    auth_time: token.authTime,
    ...(token.nonce === undefined ? {} : { nonce: token.nonce }),
    acr: token.acr,
    amr: token.amr,
  }
  return signJwt({ typ: 'JWT' }, claims, signer)
}
