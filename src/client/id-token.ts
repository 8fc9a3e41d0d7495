/**
 * What an ID token must fit beside what the library checks: the clock of the client, the access token it came with, how
 * the person was to sign in, and whom the session was about before. OIDC Core §3.1.3.7, §3.1.3.8, §12.2.
 */

import { encodeBase64url, parseCompactJws } from '../core/jose.ts'
import type { JsonObject, NumericDate } from '../core/names.ts'
import { profile, signingAlgorithm } from '../core/profile.ts'
import { fail } from './errors.ts'
import type { Wire } from './exchange.ts'

/** What came with it. */
export type IdTokenContext = { readonly text: string; readonly accessToken: string }

/**
 * Checks an ID token that the library has read.
 * @throws ClientError id_token_invalid
 */
export function checkIdToken(wire: Wire, claims: JsonObject, { text, accessToken }: IdTokenContext): void {
  const { header } = parsed(text)
  const typ = header['typ'] ?? 'JWT'
  // An explicit type is that of another kind of token. RFC 8725 §3.11.
  if (typeof typ !== 'string' || typ.toUpperCase() !== 'JWT') refuse('typ')
  checkTimes(claims, wire.clock.now())
  if (claims['azp'] !== undefined && claims['azp'] !== wire.client.client_id) refuse('azp')
  const hash = claims['at_hash']
  if (hash !== undefined && hash !== accessTokenHash(header['alg'], accessToken, wire)) refuse('at_hash')
}

function parsed(text: string) {
  try {
    return parseCompactJws(text)
  } catch {
    return refuse('not a JWS')
  }
}

function refuse(detail: string): never {
  return fail('id_token_invalid', { detail })
}

function checkTimes({ exp, iat, nbf }: JsonObject, now: NumericDate): void {
  const skew = profile.clockSkewAhead
  if (nbf !== undefined && (!isTime(nbf) || nbf > now + skew)) refuse('nbf')
  if (!isTime(exp) || exp + skew <= now) refuse('exp')
  if (!isTime(iat) || iat > now + skew) refuse('iat')
}

/** Whether claims that may say when they end have not ended. */
export function isInForce({ exp }: JsonObject, now: NumericDate): boolean {
  return exp === undefined || (isTime(exp) && exp + profile.clockSkewAhead > now)
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

/** The left half of the digest its algorithm works with; for Ed25519 that is SHA-512. OIDC Core §3.1.3.6. */
function accessTokenHash(alg: unknown, accessToken: string, { ports }: Wire): string {
  const digest = ports.digest(signingAlgorithm(alg) === 'EdDSA' ? 'SHA-512' : 'SHA-256', accessToken)
  return encodeBase64url(digest.slice(0, digest.length / 2))
}

/** How a person is asked to sign in. */
export type SignInDemand = {
  /** How long ago at most, in seconds. */
  readonly maxAge?: number | undefined
  /** In one of these ways. */
  readonly acrValues?: readonly string[] | undefined
}

/**
 * Checks that the person signed in the way it was asked for. OIDC Core §3.1.2.1, §5.5.1.1; RFC 9470 §4.
 * @throws ClientError id_token_invalid, acr_unmet
 */
export function checkSignIn(claims: JsonObject | undefined, demand: SignInDemand, now: NumericDate): void {
  if (!isAcrMet(claims, demand)) fail('acr_unmet')
  if (!isRecent(claims, demand, now)) refuse('auth_time')
}

/** Whether claims say that the person has signed in that way. */
export function isMet(claims: JsonObject | undefined, demand: SignInDemand, now: NumericDate): boolean {
  return isAcrMet(claims, demand) && isRecent(claims, demand, now)
}

function isAcrMet(claims: JsonObject | undefined, { acrValues }: SignInDemand): boolean {
  return acrValues === undefined || acrValues.some((value) => value === claims?.['acr'])
}

function isRecent(claims: JsonObject | undefined, { maxAge }: SignInDemand, now: NumericDate): boolean {
  if (maxAge === undefined) return true
  const at = claims?.['auth_time']
  return isTime(at) && at + maxAge + profile.clockSkewAhead >= now && at <= now + profile.clockSkewAhead
}

/**
 * Checks that an ID token that came with a renewal is about the same sign-in. OIDC Core §12.2.
 * @throws ClientError id_token_invalid
 */
export function checkSameSignIn(claims: JsonObject, before: JsonObject | undefined): void {
  if (before === undefined) refuse('there was none before')
  for (const name of ['iss', 'sub'] as const) if (claims[name] !== before[name]) refuse(name)
  if (audienceOf(claims) !== audienceOf(before)) refuse('aud')
  if (claims['azp'] !== before['azp']) refuse('azp')
  const { auth_time: at, nonce } = claims
  if (at !== undefined && before['auth_time'] !== undefined && at !== before['auth_time']) refuse('auth_time')
  // It should have none; if it has one, it is the old one.
  if (nonce !== undefined && nonce !== before['nonce']) refuse('nonce')
}

function audienceOf({ aud }: JsonObject): string {
  return JSON.stringify((Array.isArray(aud) ? aud.map(String) : [String(aud)]).toSorted())
}
