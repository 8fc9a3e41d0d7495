/** The WWW-Authenticate header of a protected resource. RFC 6750 §3; RFC 9449 §7.1; RFC 9728 §5.1. */

import type { OAuthError } from './oauth-error.ts'
import { signingAlgorithms } from './profile.ts'
import { publicRefusal } from './rules.ts'

/** What a challenge says besides the error. */
export type ChallengeContext = {
  /** The scheme the caller used; the error goes into the challenge of that scheme. */
  readonly scheme: 'dpop' | 'bearer' | undefined
  /** The URL of the protected resource metadata, where there is one. */
  readonly resourceMetadata: string | undefined
}

/**
 * The challenge that goes with a refusal. A request without any credential gets a challenge without an error.
 * RFC 6750 §3.1.
 */
export function challengeOf(error: OAuthError, { scheme, resourceMetadata }: ChallengeContext): string {
  const refusal = publicRefusal(error.rule)
  const reason: Record<string, string> =
    error.rule === 'access_token_missing'
      ? {}
      : {
          error: refusal.error,
          error_description: `${refusal.slug}: ${refusal.sentence}`,
          ...(error.expected['scope'] === undefined ? {} : { scope: error.expected['scope'] }),
        }
  const where: Record<string, string> = resourceMetadata === undefined ? {} : { resource_metadata: resourceMetadata }
  const dpop = { algs: signingAlgorithms.join(' '), ...where }
  if (scheme !== 'bearer') return `DPoP ${parameters({ ...reason, ...dpop })}`
  return `Bearer ${parameters(reason)}, DPoP ${parameters(dpop)}`
}

/** Quoted values, limited to the characters of RFC 6750 §3. */
function parameters(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${value.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '')}"`)
    .join(', ')
}
