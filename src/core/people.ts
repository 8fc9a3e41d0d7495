/** People, how they signed in, and what they sign in with. */

import type { NumericDate, RowId, Sha256, Subject, Username } from './names.ts'

/** How somebody signed in, as ID tokens say it. OIDC Core §2. */
export type Authentication = {
  readonly authTime: NumericDate
  readonly acr: string
  readonly amr: readonly string[]
}

/** A person's sign-in in one browser. */
export type Session = {
  readonly id: RowId
  /** What clients know it by; stays when the same person signs in again. OIDC Back-Channel Logout §2.4. */
  readonly sid: RowId
  /** The digest of the secret half of the cookie. */
  readonly secretHash: Sha256
  readonly subject: Subject
  readonly authTime: NumericDate
  readonly acr: string
  readonly amr: readonly string[]
  readonly expiresAt: NumericDate
  /** Which browser it is, in a few words the person may recognise it by; empty when it does not say. */
  readonly device: string
}

/** Who somebody is at another provider: the one identifier that never changes hands. OIDC Core §2, §5.7. */
export type UpstreamIdentity = {
  /** Our name of the provider, or of the operator's own sign-in application. */
  readonly provider: string
  /** Its `sub`. */
  readonly subject: string
}

/** A passkey of a person: what is needed to verify its next assertion. WebAuthn §4 (credential record). */
export type Passkey = {
  /** Base64url, as the authenticator made it. */
  readonly credentialId: string
  readonly subject: Subject
  /** COSE key, base64url. */
  readonly publicKey: string
  /** The highest signature counter seen; 0 while the authenticator does not count. WebAuthn §6.1.1. */
  readonly signCount: number
  readonly transports: readonly string[]
  /** Whether a copy of it may exist elsewhere, and whether it does. WebAuthn §6.1.3. */
  readonly backup: 'device_bound' | 'eligible' | 'backed_up'
  /** What the person calls it. */
  readonly name: string
  readonly createdAt: NumericDate
  readonly lastUsedAt: NumericDate | undefined
}

/**
 * Whether a verified use of a passkey counts. Where one of the two counters counts, the new one must be the greater: a
 * copy of the authenticator is about otherwise. WebAuthn §7.2, §6.1.1.
 */
export function judgePasskeyUse(
  passkey: Pick<Passkey, 'signCount'> | undefined,
  used: Pick<Passkey, 'signCount'>,
): 'used' | 'cloned' | 'unknown' {
  if (passkey === undefined) return 'unknown'
  const isCounting = passkey.signCount !== 0 || used.signCount !== 0
  return isCounting && used.signCount <= passkey.signCount ? 'cloned' : 'used'
}

/** A person. */
export type UserRecord = {
  readonly subject: Subject
  readonly username: Username
  /** argon2id, PHC string form; undefined for whoever signs in elsewhere only. */
  readonly passwordHash: string | undefined
  /** Who it is at another provider, for those who sign in there. Never set afterwards: nobody is linked by a name. */
  readonly upstream: UpstreamIdentity | undefined
  readonly status: 'active' | 'locked'
  /** What was signed in or granted up to this instant no longer counts; 0 when nothing was ever revoked. */
  readonly notBefore: NumericDate
  readonly createdAt: NumericDate
  /** Claims for userinfo and ID tokens. */
  readonly claims: { readonly name?: string; readonly email?: string }
}
