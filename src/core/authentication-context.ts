/** How people sign in here, as tokens say it. OIDC Core §2; RFC 8176 §2; OpenID EAP ACR Values §2. */

import type { Passkey } from './people.ts'

/** With user name and password. */
export const byPassword = { acr: 'urn:strongroom:acr:password', amr: ['pwd'] } as const

/** What a sign-in at another provider reaches, where nobody said what it is worth. */
export const upstreamAcr = 'urn:strongroom:acr:upstream'

/** What a sign-in with a passkey reaches: phishing-resistant. OpenID EAP ACR Values §2. */
export const passkeyAcr = 'phr'

/** With a passkey that made sure of the person: possession of a key, and PIN or biometrics. RFC 8176 §2. */
export function byPasskey({ backup }: Pick<Passkey, 'backup'>): {
  readonly acr: string
  readonly amr: readonly string[]
} {
  return { acr: passkeyAcr, amr: [backup === 'device_bound' ? 'hwk' : 'swk', 'user', 'mfa'] }
}
