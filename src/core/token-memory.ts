import type { VerifiedAccessToken } from './access-token.ts'
import type { TokenMemory } from './protected-resource.ts'

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
