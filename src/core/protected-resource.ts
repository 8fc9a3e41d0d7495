/**
 * What every protected resource does with a request, ours (userinfo) and those behind a guard alike: one credential,
 * header only → token → revocation → binding → policy → spend the proof. FAPI 2.0 SP §5.3.4; RFC 9449 §7.
 */

import { type AccessToken, type TrustedIssuer, verifyAccessToken } from './access-token.ts'
import type { ClientCertificate } from './certificate.ts'
import { type TokenMemory, verifyOnce } from './token-memory.ts'
import { type DpopProof, parseDpopProof, type UnverifiedDpopProof, verifyDpopProof } from './dpop.ts'
import type { CertificateThumbprint, Issuer, JwkThumbprint, NumericDate, ResourceIdentifier, Sha256 } from './names.ts'
import type { DpopNonces } from './nonce.ts'
import { OAuthError, refuse } from './oauth-error.ts'
import type { Connection, Hash, ReplayMemory, Verifier } from './ports.ts'

/** The request as the resource sees it. */
export type ResourceRequest = {
  readonly method: string
  /** The public URL of the request; configured, never guessed from headers. */
  readonly url: string
  readonly headers: Connection['headers']
  /** The target as it was sent, for what must not be in it. */
  readonly target: string
  readonly certificate: ClientCertificate | undefined
}

/** What one operation asks of a token. */
export type Requirement = {
  /** All of these. */
  readonly scope: readonly string[]
  readonly speaksFor: 'person' | 'anyone'
}

/** What judging needs of the world. */
export type ResourcePowers = {
  readonly audience: ResourceIdentifier | Issuer
  readonly issuers: readonly TrustedIssuer[]
  readonly nonces: DpopNonces
  readonly replay: ReplayMemory
  readonly verify: Verifier
  readonly hash: Hash
  readonly now: NumericDate
  /** Tokens that were verified before, by the digest of their text. Bounded. */
  readonly remembered: TokenMemory
  /** Whether the grant behind a token still counts. */
  readonly standing: (token: AccessToken) => Promise<'live' | 'revoked'>
}

/** The one credential of a request. RFC 6750 §2; RFC 9449 §7.1. */
export type Credential = { readonly scheme: 'dpop' | 'bearer'; readonly token: string }

/**
 * The access token of the Authorization header.
 * @throws OAuthError access_token_in_query, authorization_repeated, authorization_malformed, access_token_missing
 */
export function parseCredential(headers: Connection['headers'], target: string): Credential {
  const query = target.split('?').slice(1).join('?')
  // Escapes are undone first, so that %61ccess_token counts too.
  if (/(^|&)access_token=/.test(undoEscapes(query))) refuse('access_token_in_query')
  const values = headers.filter(([name]) => name === 'authorization').map(([, value]) => value)
  const [value, ...more] = values
  if (more.length > 0) refuse('authorization_repeated')
  if (value === undefined) return refuse('access_token_missing')
  const [, scheme, token] = /^(dpop|bearer) +([A-Za-z0-9._~+/-]+=*) *$/i.exec(value) ?? []
  if (scheme === undefined || token === undefined) return refuse('authorization_malformed')
  return { scheme: scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', token }
}

function undoEscapes(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** The scheme a caller used, for the challenge; never throws. */
export function presentedScheme(headers: Connection['headers']): 'dpop' | 'bearer' | undefined {
  const value = headers.find(([name]) => name === 'authorization')?.[1] ?? ''
  if (/^dpop /i.test(value)) return 'dpop'
  return /^bearer /i.test(value) ? 'bearer' : undefined
}

/** The proof a caller sent, for the nonce of the answer; never throws. */
export function presentedProof(headers: Connection['headers'], hash: Hash): UnverifiedDpopProof | undefined {
  try {
    return parseDpopProof(headers, hash)
  } catch (error) {
    if (error instanceof OAuthError) return undefined
    throw error
  }
}

/**
 * Judges one request. The proof is spent when everything else holds.
 * @throws OAuthError of the resource and DPoP rules
 */
export async function checkAccess(
  request: ResourceRequest,
  requirement: Requirement,
  powers: ResourcePowers,
): Promise<{ readonly token: AccessToken; readonly proof: DpopProof | undefined }> {
  const credential = parseCredential(request.headers, request.target)
  const digest = powers.hash(credential.token)
  const { token } = await verifyOnce(digest, powers, () => verifyAccessToken(credential.token, powers, powers.verify))
  if ((await powers.standing(token)) !== 'live') refuse('access_token_revoked')

  if (token.confirmation.kind === 'certificate') {
    checkCertificate(request, credential, token.confirmation.x5tS256)
    checkRequirement(token, requirement)
    return { token, proof: undefined }
  }
  const proof = await provedKey(request, { ...credential, digest }, token.confirmation.jkt, powers)
  checkRequirement(token, requirement)
  const spent = await powers.replay.spendOnce([proof.once])
  if ('seen' in spent) refuse('dpop_replayed')
  return { token, proof }
}

/**
 * The holder of a certificate-bound token shows the certificate in the handshake of this connection. RFC 8705 §3.
 * @throws OAuthError certificate_bound_token_sent_as_dpop, token_certificate_missing, token_certificate_mismatch
 */
function checkCertificate(
  { certificate }: ResourceRequest,
  { scheme }: Credential,
  bound: CertificateThumbprint,
): void {
  if (scheme === 'dpop') refuse('certificate_bound_token_sent_as_dpop')
  if (certificate === undefined) return refuse('token_certificate_missing')
  if (certificate.thumbprint !== bound) refuse('token_certificate_mismatch')
}

/** @throws OAuthError bound_token_sent_as_bearer, dpop_* */
async function provedKey(
  { method, url, headers }: ResourceRequest,
  { scheme, digest }: Credential & { readonly digest: Sha256 },
  bound: JwkThumbprint,
  powers: ResourcePowers,
): Promise<DpopProof> {
  if (scheme === 'bearer') refuse('bound_token_sent_as_bearer')
  const unverified = parseDpopProof(headers, powers.hash) ?? refuse('dpop_proof_missing')
  const { nonces, now } = powers
  const proof = await verifyDpopProof(unverified, { method, url, ath: digest, nonces, now }, powers)
  return proof.thumbprint === bound ? proof : refuse('dpop_key_mismatch')
}

/** @throws OAuthError person_required, scope_insufficient */
function checkRequirement(token: AccessToken, { scope, speaksFor }: Requirement): void {
  const expected = { expected: { scope: scope.join(' ') } }
  if (speaksFor === 'person' && token.speaksFor !== 'person') refuse('person_required', expected)
  if (!scope.every((value) => token.scope.includes(value))) refuse('scope_insufficient', expected)
}
