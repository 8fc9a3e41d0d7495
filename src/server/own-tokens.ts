import { type AccessToken, type TrustedIssuer, verifyOwnAccessToken } from '../core/access-token.ts'
import type { NumericDate } from '../core/names.ts'
import type { Hash, Verifier } from '../core/ports.ts'
import { createTokenMemory, verifyOnce } from '../core/token-memory.ts'

/**
 * Reads access tokens that we issued, whoever they are for. Whether they were revoked is the caller's next question.
 * Throws OAuthError access_token_*.
 */
export type OwnTokens = (text: string, now: NumericDate) => Promise<AccessToken>

/** How many tokens are remembered: about 1 kB each. */
const most = 5_000

/** The same token is asked about again and again: its signature is verified once. */
export function createOwnTokens(self: TrustedIssuer, { verify, hash }: { verify: Verifier; hash: Hash }): OwnTokens {
  const remembered = createTokenMemory(most)
  return async (text, now) => {
    const known = { remembered, issuers: [self], now }
    const { token } = await verifyOnce(hash(text), known, () => verifyOwnAccessToken(text, self, now, verify))
    return token
  }
}
