/** ID tokens, from the token endpoint only. OIDC Core §2; FAPI 2.0 SP §5.3.2.2-1. */

import { candidateKeys, decodeBase64url, encodeBase64url, isSignedByOneOf, parseCompactJws, signJwt } from './jose.ts'
import type { PublicKey } from './keys.ts'
import {
  type ClientId,
  clientId,
  type Issuer,
  type NumericDate,
  rowId,
  type RowId,
  type Subject,
  subject,
} from './names.ts'
import { orRefuse, refuse } from './oauth-error.ts'
import type { Hash, Signer, Verifier } from './ports.ts'
import { signingAlgorithm } from './profile.ts'
import { IdTokenClaims, parseClaims } from './wire/jwt-claims.ts'

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
  /** The sign-in. OIDC Back-Channel Logout §2.1. */
  readonly sid: RowId
  /** The access token it comes with. */
  readonly accessToken: string
  /** What was asked for by the `claims` parameter and may be told. OIDC Core §5.5. */
  readonly person: { readonly name?: string; readonly email?: string }
}

/** Creates an ID token. Its `typ` is `JWT`, so that nothing that wants `at+jwt` takes it. */
export function createIdToken(token: NewIdToken, signer: Signer, hash: Hash): Promise<string> {
  const claims = {
    ...token.person,
    iss: token.issuer,
    sub: token.subject,
    aud: token.audience,
    iat: token.issuedAt,
    exp: token.expiresAt,
    auth_time: token.authTime,
    ...(token.nonce === undefined ? {} : { nonce: token.nonce }),
    acr: token.acr,
    amr: token.amr,
    sid: token.sid,
    ...accessTokenHash(token.accessToken, signer, hash),
  }
  return signJwt({ typ: 'JWT' }, claims, signer)
}

/**
 * The left half of the digest that the algorithm of the ID token works with: SHA-256 for ES256 and PS256. Ed25519 works
 * with SHA-512, which no specification names for `at_hash`; there the claim, which is optional, is left out.
 * OIDC Core §3.1.3.6.
 */
function accessTokenHash(accessToken: string, { alg }: Signer, hash: Hash): { at_hash?: string } {
  return alg === 'EdDSA' ? {} : { at_hash: encodeBase64url(decodeBase64url(hash(accessToken)).slice(0, 16)) }
}

/** What an ID token of ours says when it comes back as a hint. */
export type IdTokenHint = {
  readonly subject: Subject
  readonly audience: ClientId
  readonly sid: RowId | undefined
}

/** What a hint has to fit. */
export type IdTokenHintExpectation = {
  readonly issuer: Issuer
  /** Every key that is still published: what was signed before a change of keys counts. */
  readonly keys: readonly PublicKey[]
}

/**
 * Verifies that a hint is an ID token of ours: issuer, algorithm, signature and kind. When it expired does not matter;
 * whom it was issued to is the caller's next question. OIDC Core §3.1.2.1; OIDC RP-Initiated Logout §2.
 * @throws OAuthError id_token_hint_invalid
 */
export async function verifyIdTokenHint(
  text: string,
  { issuer, keys }: IdTokenHintExpectation,
  verify: Verifier,
): Promise<IdTokenHint> {
  const jws = orRefuse('id_token_hint_invalid', () => parseCompactJws(text))
  const alg = signingAlgorithm(jws.header['alg'])
  // Access tokens and logout tokens have another typ, and what userinfo signs has none.
  if (jws.header['typ'] !== 'JWT' || alg === undefined) return refuse('id_token_hint_invalid')
  const candidates = candidateKeys(keys, { alg, kid: jws.header['kid'] })
  if ((await isSignedByOneOf(jws, candidates, verify)) === undefined) refuse('id_token_hint_invalid')
  const claims = parseClaims(IdTokenClaims, jws.payload)
  if (claims?.iss !== issuer) return refuse('id_token_hint_invalid')
  return orRefuse('id_token_hint_invalid', () => ({
    subject: subject(claims.sub),
    audience: clientId(claims.aud),
    sid: claims.sid === undefined ? undefined : rowId(claims.sid),
  }))
}
