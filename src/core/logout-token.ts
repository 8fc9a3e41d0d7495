/** Logout tokens: a server tells a client that a person signed out. OIDC Back-Channel Logout §2.4, §2.6. */

import { candidateKeys, isSignedByOneOf, parseCompactJws, signJwt, type UnverifiedJws } from './jose.ts'
import type { PublicKey } from './keys.ts'
import { after, type ClientId, isJsonObject, type Issuer, type NumericDate, type RowId, type Subject } from './names.ts'
import type { Signer, Verifier } from './ports.ts'
import { profile, type SigningAlgorithm, signingAlgorithm } from './profile.ts'
import { LogoutTokenClaims, parseClaims } from './wire/jwt-claims.ts'

/** The one event a logout token tells of. */
const event = 'http://schemas.openid.net/event/backchannel-logout'

/** What goes into a logout token. */
export type NewLogoutToken = {
  readonly issuer: Issuer
  readonly audience: ClientId
  /** As this client knows the person. */
  readonly subject: Subject
  readonly sid: RowId
  readonly jti: string
  readonly issuedAt: NumericDate
}

/** Creates a logout token. It has no nonce, and a `typ` of its own: nobody takes it for an ID token. */
export function createLogoutToken(token: NewLogoutToken, signer: Signer): Promise<string> {
  const claims = {
    iss: token.issuer,
    aud: token.audience,
    iat: token.issuedAt,
    exp: after(token.issuedAt, profile.logoutTokenLifetime),
    jti: token.jti,
    events: { [event]: {} },
    sub: token.subject,
    sid: token.sid,
  }
  return signJwt({ typ: 'logout+jwt' }, claims, signer)
}

/** What a logout token says, once it was verified. Its `jti` is to be remembered until it expires. */
export type LogoutToken = {
  readonly subject: string | undefined
  readonly sid: string | undefined
  readonly jti: string
  readonly expiresAt: NumericDate
}

/** Why a logout token ends nothing. */
export type LogoutTokenFault =
  | 'malformed'
  | 'typ_wrong'
  | 'algorithm_not_allowed'
  | 'signature_invalid'
  | 'issuer_wrong'
  | 'audience_wrong'
  | 'expired'
  | 'from_the_future'
  | 'lifetime_too_long'
  | 'events_wrong'
  | 'nonce_present'
  | 'claim_missing'

/** What a logout token has to fit. */
export type LogoutTokenExpectation = {
  readonly issuer: Issuer
  readonly audience: ClientId
  readonly algorithms: readonly SigningAlgorithm[]
  readonly keys: readonly PublicKey[]
  readonly now: NumericDate
  /** Whether a token without a `typ` will do: some issuers set none. Required unless told. OIDC Back-Channel Logout §2.4. */
  readonly typ?: 'required' | 'when_present'
}

type Claims = NonNullable<ReturnType<typeof parseClaims<typeof LogoutTokenClaims>>>

/** Verifies a logout token, as the client that received it. Whether it was seen before is the caller's next question. */
export async function verifyLogoutToken(
  text: string,
  expected: LogoutTokenExpectation,
  verify: Verifier,
): Promise<{ readonly token: LogoutToken } | { readonly fault: LogoutTokenFault }> {
  const jws = parsed(text)
  const claims = jws && parseClaims(LogoutTokenClaims, jws.payload)
  if (jws === undefined || claims === undefined) return { fault: 'malformed' }
  const fault =
    (await faultOfSignature(jws, expected, verify)) ??
    faultOfNames(claims, expected) ??
    faultOfTimes(claims, expected.now)
  if (fault !== undefined) return { fault }
  const { sub, sid, jti, exp } = claims
  if (jti === undefined || exp === undefined || (sub === undefined && sid === undefined)) {
    return { fault: 'claim_missing' }
  }
  return { token: { subject: sub, sid, jti, expiresAt: exp } }
}

function parsed(text: string): UnverifiedJws | undefined {
  try {
    return parseCompactJws(text)
  } catch {
    return undefined
  }
}

async function faultOfSignature(
  jws: UnverifiedJws,
  { algorithms, keys, typ: wanted = 'required' }: LogoutTokenExpectation,
  verify: Verifier,
): Promise<LogoutTokenFault | undefined> {
  const { typ, alg: named, kid } = jws.header
  const isTyped = typeof typ === 'string' && /^(application\/)?logout\+jwt$/i.test(typ)
  if (!isTyped && !(typ === undefined && wanted === 'when_present')) return 'typ_wrong'
  const alg = signingAlgorithm(named)
  if (alg === undefined || !algorithms.includes(alg)) return 'algorithm_not_allowed'
  const signedBy = await isSignedByOneOf(jws, candidateKeys(keys, { alg, kid }), verify)
  return signedBy === undefined ? 'signature_invalid' : undefined
}

function faultOfNames(claims: Claims, expected: LogoutTokenExpectation): LogoutTokenFault | undefined {
  if (claims.iss !== expected.issuer) return 'issuer_wrong'
  if (!(claims.aud ?? []).includes(expected.audience)) return 'audience_wrong'
  if (claims.nonce !== undefined) return 'nonce_present'
  return isJsonObject(claims.events?.[event]) ? undefined : 'events_wrong'
}

function faultOfTimes({ iat, exp }: Claims, now: NumericDate): LogoutTokenFault | undefined {
  if (iat === undefined || exp === undefined) return 'claim_missing'
  if (now >= exp) return 'expired'
  if (iat > after(now, profile.clockSkewAhead)) return 'from_the_future'
  // Whoever receives it has to remember it until then.
  return exp > after(after(now, profile.logoutTokenLifetime), profile.clockSkewAhead) ? 'lifetime_too_long' : undefined
}
