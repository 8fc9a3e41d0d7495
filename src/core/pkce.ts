/** Proof Key for Code Exchange, S256 only. RFC 7636; FAPI 2.0 SP §5.3.2.2-5. */

import { type CodeChallenge, codeChallenge } from './names.ts'
import { refuse } from './oauth-error.ts'
import type { Hash } from './ports.ts'

/**
 * The challenge a client pushed.
 * @throws OAuthError code_challenge_missing, code_challenge_method_unsupported, code_challenge_malformed
 */
export function parseCodeChallenge(challenge: string | undefined, method: string | undefined): CodeChallenge {
  if (challenge === undefined) return refuse('code_challenge_missing')
  if (method !== 'S256')
    return refuse('code_challenge_method_unsupported', { expected: { code_challenge_method: 'S256' } })
  try {
    return codeChallenge(challenge)
  } catch {
    return refuse('code_challenge_malformed')
  }
}

/**
 * The challenge that belongs to a verifier. RFC 7636 §4.2.
 * @throws OAuthError code_verifier_malformed
 */
export function challengeOfVerifier(verifier: string | undefined, hash: Hash): CodeChallenge {
  if (verifier === undefined || !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return refuse('code_verifier_malformed')
  return codeChallenge(hash(verifier))
}
