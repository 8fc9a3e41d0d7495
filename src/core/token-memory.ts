import { checkTimes, type TrustedIssuer, type VerifiedAccessToken } from './access-token.ts'
import type { NumericDate, Sha256 } from './names.ts'

/** A bounded memory of verified tokens, by the digest of their text. */
export type TokenMemory = {
  readonly get: (digest: Sha256) => VerifiedAccessToken | undefined
  readonly set: (digest: Sha256, verified: VerifiedAccessToken) => void
}

/**
 * Remembers up to `most` verified tokens by their digest; the oldest goes first. Its times, its
 * standing and the key that made it are checked again at every use, so that forgetting costs time and remembering no
 * safety.
 * @throws RangeError when `most` is not a positive whole number
 */
export function createTokenMemory(most: number): TokenMemory {
  if (!Number.isSafeInteger(most) || most < 1) throw new RangeError('a token memory needs room for one token')
  const tokens = new Map<string, VerifiedAccessToken>()
  return {
    get: (digest) => tokens.get(digest),
    set: (digest, token) => {
      tokens.delete(digest)
      tokens.set(digest, token)
      if (tokens.size <= most) return
      const [oldest] = tokens.keys()
      if (oldest !== undefined) tokens.delete(oldest)
    },
  }
}

/**
 * A token that was verified before is not verified again while the key that made it is one of its issuer's: a key that
 * was withdrawn takes what was remembered with it. Its times are judged at every use.
 * @throws OAuthError access_token_expired, access_token_from_the_future, and those of `verify`
 */
export async function verifyOnce(
  digest: Sha256,
  known: {
    readonly remembered: TokenMemory
    readonly issuers: readonly TrustedIssuer[]
    readonly now: NumericDate
  },
  verify: () => Promise<VerifiedAccessToken>,
): Promise<VerifiedAccessToken> {
  const before = known.remembered.get(digest)
  if (before !== undefined && (await isStillPublished(before, known.issuers))) {
    checkTimes({ exp: before.token.expiresAt, iat: before.token.issuedAt }, known.now)
    return before
  }
  const verified = await verify()
  known.remembered.set(digest, verified)
  return verified
}

async function isStillPublished(
  { token, key }: VerifiedAccessToken,
  issuers: readonly TrustedIssuer[],
): Promise<boolean> {
  const issuer = issuers.find((trusted) => trusted.issuer === token.issuer)
  const published = (await issuer?.keys(key)) ?? []
  return published.some(({ thumbprint }) => thumbprint === key.thumbprint)
}
