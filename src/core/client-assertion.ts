/** private_key_jwt client assertions. RFC 7523 §3; OIDC Core §9; FAPI 2.0 SP §5.3.2.1. */

import type { ClientRecord } from './client.ts'
import { algorithmEvent, candidateKeys, isSignedByOneOf, parseCompactJws, signJwt } from './jose.ts'
import type { PublicJwk, PublicKey, UnverifiedJws } from './keys.ts'
import { after, before, type ClientId, type Issuer, jwkThumbprint, type NumericDate, type Seconds } from './names.ts'
import { orRefuse, refuse } from './oauth-error.ts'
import type { ClientKeys, Hash, Once, Signer, Verifier } from './ports.ts'
import { profile, type SigningAlgorithm, signingAlgorithm } from './profile.ts'
import { ClientAssertionClaims, parseClaims } from './wire/jwt-claims.ts'

type Claims = NonNullable<ReturnType<typeof parseClaims<typeof ClientAssertionClaims>>>

/** An assertion that names its client, before anything in it is believed. */
export type UnverifiedClientAssertion = {
  readonly jws: UnverifiedJws
  readonly claims: Claims
  readonly client: string
}

/** What verifying needs of the world. */
export type ClientAssertionContext = {
  readonly issuer: Issuer
  readonly now: NumericDate
  /** Assertions from before this instant may have been used and forgotten. */
  readonly epoch: NumericDate
  readonly clientKeys: ClientKeys
  readonly verify: Verifier
  readonly hash: Hash
}

/** The typ of an assertion: absent, `JWT`, or its own. RFC 8725 §3.11; rfc7523bis. */
const acceptableTyp: readonly unknown[] = [undefined, 'JWT', 'client-authentication+jwt']

/**
 * Reads an assertion far enough to know whom to look up.
 * @throws OAuthError client_assertion_malformed, client_assertion_typ_wrong, client_assertion_issuer_subject_mismatch,
 *   client_assertion_claim_missing
 */
export function parseClientAssertion(text: string): UnverifiedClientAssertion {
  const jws = orRefuse('client_assertion_malformed', () => parseCompactJws(text))
  if (!acceptableTyp.includes(jws.header['typ'])) refuse('client_assertion_typ_wrong')
  const claims = parseClaims(ClientAssertionClaims, jws.payload) ?? refuse('client_assertion_malformed')
  const { iss, sub } = claims
  if (iss === undefined || sub === undefined) return refuse('client_assertion_claim_missing')
  if (iss !== sub) return refuse('client_assertion_issuer_subject_mismatch')
  return { jws, claims, client: iss }
}

/**
 * Verifies that `client` made the assertion, for this issuer, now. What it returns is to be spent, once every other
 * credential of the request has been verified too.
 *
 * One verification is done in any case, by a key nobody holds where there is none to try: an unknown client, and a known
 * one without such a key, cost what a wrong signature costs.
 * @throws OAuthError client_unknown, client_keys_unavailable, client_authentication_method_unregistered,
 *   client_assertion_*
 */
export async function verifyClientAssertion(
  { jws, claims }: UnverifiedClientAssertion,
  client: ClientRecord | undefined,
  { issuer, now, epoch, clientKeys, verify, hash }: ClientAssertionContext,
): Promise<{ readonly client: ClientRecord; readonly once: Once }> {
  const alg =
    signingAlgorithm(jws.header['alg']) ??
    refuse('client_assertion_algorithm_not_allowed', { event: algorithmEvent(jws.header['alg']) })
  const wanted = { alg, kid: jws.header['kid'] }
  const known = client === undefined ? [] : (await clientKeys(client, { use: 'sig', ...wanted })).keys
  const keys = candidateKeys(known, wanted)
  const signedBy = await isSignedByOneOf(jws, keys.length === 0 ? [nobodysKeys[alg]] : keys, verify)
  if (client === undefined) return refuse('client_unknown')
  if (client.authMethod !== 'private_key_jwt') refuse('client_authentication_method_unregistered')
  const registered = client.tokenEndpointAuthSigningAlg
  if (registered !== undefined && registered !== alg) {
    refuse('client_assertion_algorithm_not_allowed', { event: algorithmEvent(alg) })
  }
  if (keys.length === 0) refuse('client_assertion_key_unknown')
  if (signedBy === undefined) refuse('client_assertion_signature_invalid')

  // One string, compared as it is. FAPI 2.0 SP §5.3.2.1-8.
  if (claims.aud !== issuer) refuse('client_assertion_audience_wrong', { expected: { aud: issuer } })
  const { exp, jti } = claims
  if (exp === undefined || jti === undefined) return refuse('client_assertion_claim_missing')
  checkTimes({ exp, iat: claims.iat, nbf: claims.nbf }, now, epoch)
  const expiresAt = after(exp, profile.replayMargin)
  return { client, once: { purpose: 'client_assertion', owner: client.clientId, name: hash(jti), expiresAt } }
}

/** Well-formed keys whose private halves were never kept. */
const nobodysKeys: Readonly<Record<SigningAlgorithm, PublicKey>> = {
  ES256: nobodysKey('ES256', {
    kty: 'EC',
    crv: 'P-256',
    x: 'axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY',
    y: 'T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU',
  }),
  EdDSA: nobodysKey('EdDSA', { kty: 'OKP', crv: 'Ed25519', x: 'FgUykh-rW9qCoHp3sFbZLTO16zbLniFtiKgPjMZNMRk' }),
  PS256: nobodysKey('PS256', {
    kty: 'RSA',
    e: 'AQAB',
    n:
      'zBppqGWHIesWVCUAou94ypbnWlmUdir0PwuvYxUXfYFmcB_tSjeUYdrmLW7vbvSjMyiwFc_gXxbwQee17z3JZeotqvax-fs_Sbx-uHmKm7r1qNufNecr' +
      'fijnhRr7KBTu_F719ujcPwx-JVOJwOLxQQ27LzHMlP-8QrRq59e7mapgzhYEDi4tH0ncMmdVXN1Gxe7G0X8llY6X6aN6RoWkLUeWxTBSiveum7-or2Bz' +
      'BEFYzH2llDfahIXVoYapNtbCynxJ1OhE9ZhPJAvMPvJ0guZVjfNEsnY1bPFA5IVDfOdz-f8vVpGxsHvr3oEsHxfXUGE7KBL3VgqYhwG2LFMZPw',
  }),
}

function nobodysKey(alg: SigningAlgorithm, jwk: PublicJwk): PublicKey {
  // No real thumbprint: it only has to be another one for each key.
  const thumbprint = jwkThumbprint(`nobodys-${alg}`.padEnd(42, '-') + 'A')
  return { jwk, alg, kid: undefined, thumbprint }
}

function checkTimes(
  { exp, iat, nbf }: { exp: NumericDate; iat: NumericDate | undefined; nbf: NumericDate | undefined },
  now: NumericDate,
  epoch: NumericDate,
): void {
  if (now >= exp) refuse('client_assertion_expired')
  if (exp > after(now, profile.clientAssertionLifetime)) {
    refuse('client_assertion_lifetime_too_long', { expected: { lifetime: `${profile.clientAssertionLifetime} s` } })
  }
  const ahead = after(now, profile.clockSkewAhead)
  if ((iat ?? now) > ahead || (nbf ?? now) > ahead) refuse('client_assertion_from_the_future')
  // Without iat, the oldest moment at which it may have been made counts.
  if ((iat ?? before(exp, profile.clientAssertionLifetime)) < epoch) refuse('client_assertion_before_restart')
}

/** Creates an assertion for `issuer`; a fresh `jti` each time. FAPI 2.0 SP §5.3.3.1-5. */
export function createClientAssertion(
  about: { clientId: ClientId; issuer: Issuer; jti: string; now: NumericDate; lifetime: Seconds },
  signer: Signer,
): Promise<string> {
  const { clientId, issuer, jti, now, lifetime } = about
  const claims = { iss: clientId, sub: clientId, aud: issuer, jti, iat: now, exp: after(now, lifetime) }
  return signJwt({ typ: 'client-authentication+jwt' }, claims, signer)
}
