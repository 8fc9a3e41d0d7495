import { type AccessToken, checkTimes, type TrustedIssuer, verifyOwnAccessToken } from '../core/access-token.ts'
import type { NumericDate } from '../core/names.ts'
import type { Hash, Verifier } from '../core/ports.ts'
import { createTokenMemory } from '../core/token-memory.ts'

/**
 * Reads access tokens that we issued, whoever they are for. Whether they were revoked is the caller's next question.
 * Throws OAuthError access_token_*.
 */
export type OwnTokens = (text: string, now: NumericDate) => Promise<AccessToken>

/** How many tokens are remembered: about 1 kB each. */
const most = 5_000

/**
 * The same token is asked about again and again: its signature is verified once while the key that made it is published,
 * its times at every use.
 */
export function createOwnTokens(self: TrustedIssuer, { verify, hash }: { verify: Verifier; hash: Hash }): OwnTokens {
  const remembered = createTokenMemory(most)
  return async (text, now) => {
    const digest = hash(text)
    const known = remembered.get(digest)
    if (known !== undefined && (await isPublished(known.key.thumbprint, self))) {
      checkTimes({ exp: known.token.expiresAt, iat: known.token.issuedAt }, now)
      return known.token
    }
    const verified = await verifyOwnAccessToken(text, self, now, verify)
    remembered.set(digest, verified)
    return verified.token
  }
}

async function isPublished(thumbprint: string, { keys }: TrustedIssuer): Promise<boolean> {
  const published = await keys({ alg: 'ES256', kid: undefined })
  return published.some((key) => key.thumbprint === thumbprint)
}
