/** JWT access tokens, always bound to a key or a certificate. RFC 9068; RFC 9449 §6; RFC 8705 §3; FAPI 2.0 SP §5.3.2.1-4. */

import type { AuthorizationDetail } from './authorization-details.ts'
import { type Confirmation, confirmationClaim } from './confirmation.ts'
import {
  algorithmEvent,
  candidateKeys,
  isSignedByOneOf,
  parseCompactJws,
  type PublicKey,
  signJwt,
  type UnverifiedJws,
} from './jose.ts'
import {
  after,
  certificateThumbprint,
  type ClientId,
  clientId,
  type GrantRef,
  grantRef,
  type Issuer,
  jwkThumbprint,
  type NumericDate,
  type ResourceIdentifier,
  type Subject,
  subject,
} from './names.ts'
import { orRefuse, refuse } from './oauth-error.ts'
import type { Signer, Verifier } from './ports.ts'
import { profile, type SigningAlgorithm, signingAlgorithm } from './profile.ts'
import { AccessTokenClaims, parseClaims } from './wire/jwt-claims.ts'

/** What an access token says, once it was verified. */
export type AccessToken = {
  readonly issuer: Issuer
  readonly audience: readonly string[]
  readonly subject: Subject
  readonly clientId: ClientId
  /** Whether a person stands behind it, or the client alone. RFC 9068 §2.2, §5. */
  readonly speaksFor: 'person' | 'client'
  readonly scope: readonly string[]
  /** What exactly it allows. RFC 9396 §9.1. */
  readonly details: readonly AuthorizationDetail[]
  readonly issuedAt: NumericDate
  readonly expiresAt: NumericDate
  readonly jti: string
  /** What it is bound to. */
  readonly confirmation: Confirmation
  /** The grant it dies with. */
  readonly grantRef: GrantRef | undefined
  readonly acr: string | undefined
  readonly authTime: NumericDate | undefined
}

/** What goes into a new access token. */
export type NewAccessToken = Omit<AccessToken, 'audience' | 'speaksFor' | 'issuer'> & {
  readonly issuer: Issuer
  readonly audience: readonly (ResourceIdentifier | Issuer)[]
}

/** Creates an access token. RFC 9068 §2. */
export function createAccessToken(token: NewAccessToken, signer: Signer): Promise<string> {
  const [only, ...others] = token.audience
  const claims = {
    iss: token.issuer,
    aud: others.length === 0 ? only : token.audience,
    sub: token.subject,
    client_id: token.clientId,
    iat: token.issuedAt,
    exp: token.expiresAt,
    jti: token.jti,
    ...(token.scope.length === 0 ? {} : { scope: token.scope.join(' ') }),
    ...(token.details.length === 0 ? {} : { authorization_details: token.details }),
    cnf: confirmationClaim(token.confirmation),
    ...(token.grantRef === undefined ? {} : { grant_ref: token.grantRef }),
    ...(token.acr === undefined ? {} : { acr: token.acr }),
    ...(token.authTime === undefined ? {} : { auth_time: token.authTime }),
  }
  return signJwt({ typ: 'at+jwt' }, claims, signer)
}

/** An issuer whose tokens count here, with its own keys and nobody else's. */
export type TrustedIssuer = {
  readonly issuer: Issuer
  /** The algorithms its tokens may be signed with. */
  readonly algorithms: readonly SigningAlgorithm[]
  /**
   * Its published keys that may have signed this; looks again, boundedly, when none fits.
   * @throws OAuthError issuer_unavailable
   */
  readonly keys: (wanted: { readonly alg: SigningAlgorithm; readonly kid: unknown }) => Promise<readonly PublicKey[]>
}

/** What a token has to fit. */
export type AccessTokenExpectation = {
  readonly audience: ResourceIdentifier | Issuer
  readonly issuers: readonly TrustedIssuer[]
  readonly now: NumericDate
}

/** A token, and the key of its issuer that made it. */
export type VerifiedAccessToken = { readonly token: AccessToken; readonly key: PublicKey }

type Claims = NonNullable<ReturnType<typeof parseClaims<typeof AccessTokenClaims>>>

/**
 * Verifies issuer, signature, `typ`, audience, times and binding of an access token. Who holds the key, whether it was
 * revoked and what it allows are the caller's next questions.
 * @throws OAuthError access_token_*, issuer_unavailable
 */
export async function verifyAccessToken(
  text: string,
  expected: AccessTokenExpectation,
  verify: Verifier,
): Promise<VerifiedAccessToken> {
  const { claims, issuer, key } = await verifyClaims(text, expected, verify)
  if (!(claims.aud ?? []).includes(expected.audience)) {
    refuse('access_token_audience_mismatch', { expected: { resource: expected.audience } })
  }
  return { token: fromClaims(claims, issuer), key }
}

/**
 * The same for a token whose issuer asks, and who may use it does not matter: whoever it is meant for.
 * @throws OAuthError access_token_*
 */
export async function verifyOwnAccessToken(
  text: string,
  self: TrustedIssuer,
  now: NumericDate,
  verify: Verifier,
): Promise<VerifiedAccessToken> {
  const { claims, issuer, key } = await verifyClaims(text, { issuers: [self], now }, verify)
  return { token: fromClaims(claims, issuer), key }
}

async function verifyClaims(
  text: string,
  expected: Omit<AccessTokenExpectation, 'audience'>,
  verify: Verifier,
): Promise<{ readonly claims: Claims; readonly issuer: Issuer; readonly key: PublicKey }> {
  const jws = orRefuse('access_token_malformed', () => parseCompactJws(text))
  const { typ } = jws.header
  if (typeof typ !== 'string' || !/^(application\/)?at\+jwt$/i.test(typ)) refuse('access_token_typ_wrong')
  const claims = parseClaims(AccessTokenClaims, jws.payload) ?? refuse('access_token_malformed')
  const trusted =
    expected.issuers.find(({ issuer }) => issuer === claims.iss) ?? refuse('access_token_issuer_untrusted')
  const key = await findSigningKey(jws, trusted, verify)
  checkTimes(claims, expected.now)
  return { claims, issuer: trusted.issuer, key }
}

async function findSigningKey(jws: UnverifiedJws, trusted: TrustedIssuer, verify: Verifier): Promise<PublicKey> {
  const alg = signingAlgorithm(jws.header['alg'])
  if (alg === undefined || !trusted.algorithms.includes(alg)) {
    return refuse('access_token_algorithm_not_allowed', { event: algorithmEvent(jws.header['alg']) })
  }
  const wanted = { alg, kid: jws.header['kid'] }
  const keys = candidateKeys(await trusted.keys(wanted), wanted)
  if (keys.length === 0) refuse('access_token_key_unknown')
  return (await isSignedByOneOf(jws, keys, verify)) ?? refuse('access_token_signature_invalid')
}

/**
 * The times of a token that was verified before are checked again at each use.
 * @throws OAuthError access_token_expired, access_token_from_the_future
 */
export function checkTimes(
  { exp, iat, nbf }: { exp?: NumericDate | undefined; iat?: NumericDate | undefined; nbf?: NumericDate | undefined },
  now: NumericDate,
): void {
  if (exp === undefined || iat === undefined) return refuse('access_token_claim_missing')
  if (now >= exp) refuse('access_token_expired')
  const ahead = after(now, profile.clockSkewAhead)
  if (iat > ahead || (nbf ?? iat) > ahead) refuse('access_token_from_the_future')
}

function fromClaims(claims: Claims, issuer: Issuer): AccessToken {
  const { sub, clientId: client, aud, iat, exp, jti } = claims
  if (sub === undefined || client === undefined || jti === undefined) return refuse('access_token_claim_missing')
  if (aud === undefined || iat === undefined || exp === undefined) return refuse('access_token_claim_missing')
  return orRefuse('access_token_malformed', () => ({
    issuer,
    audience: aud,
    subject: subject(sub),
    clientId: clientId(client),
    // RFC 9068 does not bind the sub of a client's own token, so a person has to show: by when they signed in.
    speaksFor: sub === client || claims.authTime === undefined ? 'client' : 'person',
    scope: (claims.scope ?? '').split(' ').filter((value) => value !== ''),
    details: claims.details ?? [],
    issuedAt: iat,
    expiresAt: exp,
    jti,
    confirmation: bindingOf(claims.cnf),
    grantRef: claims.grantRef === undefined ? undefined : grantRef(claims.grantRef),
    acr: claims.acr,
    authTime: claims.authTime,
  }))
}

/** Every member of `cnf` must be one that is enforced here; more than one would weaken the meaning of each. */
function bindingOf(cnf: Readonly<Record<string, unknown>> | undefined): Confirmation {
  const members = Object.entries(cnf ?? {})
  const [member] = members
  if (member === undefined || members.length > 1) return refuse('access_token_unbound')
  const [name, value] = member
  if (name === 'jkt' && typeof value === 'string') return { kind: 'dpop', jkt: jwkThumbprint(value) }
  if (name === 'x5t#S256' && typeof value === 'string') {
    return { kind: 'certificate', x5tS256: certificateThumbprint(value) }
  }
  return refuse('access_token_unbound')
}
