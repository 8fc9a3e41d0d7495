/** DPoP proofs. RFC 9449 §4; FAPI 2.0 SP §5.3.2.1. */

import {
  algorithmEvent,
  isSignedByOneOf,
  parseCompactJws,
  parsePublicKey,
  type PublicJwk,
  type PublicKey,
  signJwt,
  type UnverifiedJws,
} from './jose.ts'
import { after, before, type JwkThumbprint, type NumericDate } from './names.ts'
import type { DpopNonces } from './nonce.ts'
import { orRefuse, refuse } from './oauth-error.ts'
import type { Connection, Hash, Once, Signer, Verifier } from './ports.ts'
import { profile, signingAlgorithm } from './profile.ts'
import { DpopProofClaims, parseClaims } from './wire/jwt-claims.ts'

type Claims = NonNullable<ReturnType<typeof parseClaims<typeof DpopProofClaims>>>

/** A proof whose form is right and of which nothing else is known. */
export type UnverifiedDpopProof = { readonly jws: UnverifiedJws; readonly key: PublicKey; readonly claims: Claims }

/** A proof that holds for this request. */
export type DpopProof = {
  /** The key whose possession was proved. */
  readonly thumbprint: JwkThumbprint
  /** To be spent last. */
  readonly once: Once
}

/** What a proof has to fit. */
export type DpopExpectation = {
  readonly method: string
  /** The public URL of this request, as the client sees it. */
  readonly url: string
  /** The digest of the access token that is presented with it, at a resource. */
  readonly ath: string | undefined
  readonly nonces: DpopNonces
  readonly now: NumericDate
}

/**
 * The one proof among the header fields, or undefined when there is none.
 * @throws OAuthError dpop_proof_repeated, dpop_proof_malformed, dpop_typ_wrong, dpop_algorithm_not_allowed,
 *   dpop_key_invalid
 */
export function parseDpopProof(headers: Connection['headers'], hash: Hash): UnverifiedDpopProof | undefined {
  const values = headers.filter(([name]) => name === 'dpop').map(([, value]) => value)
  const [text, ...more] = values
  if (text === undefined) return undefined
  if (more.length > 0 || text.includes(',')) refuse('dpop_proof_repeated')
  const jws = orRefuse('dpop_proof_malformed', () => parseCompactJws(text))
  if (jws.header['typ'] !== 'dpop+jwt') refuse('dpop_typ_wrong')
  const alg =
    signingAlgorithm(jws.header['alg']) ??
    refuse('dpop_algorithm_not_allowed', { event: algorithmEvent(jws.header['alg']) })
  const key = orRefuse('dpop_key_invalid', () => parsePublicKey(jws.header['jwk'], hash))
  if (key.alg !== alg) refuse('dpop_key_invalid')
  const claims = parseClaims(DpopProofClaims, jws.payload) ?? refuse('dpop_proof_malformed')
  return { jws, key, claims }
}

/**
 * Verifies that the proof was made for this request, by its key, now. Spends nothing.
 * @throws OAuthError dpop_*; `use_dpop_nonce` only when everything else about the proof is right
 */
export async function verifyDpopProof(
  { jws, key, claims }: UnverifiedDpopProof,
  expected: DpopExpectation,
  powers: { readonly verify: Verifier; readonly hash: Hash },
): Promise<DpopProof> {
  const { jti, htm, htu, iat } = claims
  if (jti === undefined || htm === undefined || htu === undefined || iat === undefined) {
    return refuse('dpop_claim_missing')
  }
  if (htm !== expected.method) refuse('dpop_htm_mismatch', { expected: { htm: expected.method } })
  if (!isSameHtu(htu, expected.url)) {
    refuse('dpop_htu_mismatch', {
      expected: { htu: withoutQuery(expected.url) },
      detail: `htu was for ${originOf(htu)}`,
    })
  }
  checkTime(iat, expected.now)
  checkAth(claims.ath, expected.ath)
  if ((await isSignedByOneOf(jws, [key], powers.verify)) === undefined) refuse('dpop_signature_invalid')
  if (claims.nonce === undefined) refuse('dpop_nonce_missing')
  if (!expected.nonces.accepts(claims.nonce, key.thumbprint, expected.now)) refuse('dpop_nonce_invalid')
  return {
    thumbprint: key.thumbprint,
    once: {
      purpose: 'dpop_proof',
      owner: key.thumbprint,
      name: powers.hash(jti),
      expiresAt: after(after(iat, profile.dpopProofAge), profile.replayMargin),
    },
  }
}

function checkTime(iat: NumericDate, now: NumericDate): void {
  // How far off the clock is helps an honest client; it tells a thief nothing.
  const offset = { expected: { clock_offset: `${iat - now} s` } }
  if (iat > after(now, profile.clockSkewAhead)) refuse('dpop_from_the_future', offset)
  if (iat < before(now, profile.dpopProofAge)) refuse('dpop_expired', offset)
}

function checkAth(ath: string | undefined, expected: string | undefined): void {
  if (expected === undefined) return
  if (ath === undefined) refuse('dpop_ath_missing')
  if (ath !== expected) refuse('dpop_ath_mismatch')
}

/**
 * One spelling for all URLs that RFC 9449 §4.3 item 9 wants to be equal: syntax- and scheme-based normalisation of
 * RFC 3986 §6.2.2, §6.2.3, without query and fragment. Anything that is not a plain http(s) URL gives undefined.
 */
export function normaliseHtu(text: string): string | undefined {
  if (!/^https?:\/\/[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/i.test(text) || !URL.canParse(text))
    return undefined
  const url = new URL(text)
  // A broken escape could become a whole one when what stands around it is decoded.
  if (url.username !== '' || url.password !== '' || /%(?![0-9a-f]{2})/i.test(url.pathname)) return undefined
  const path = url.pathname.replaceAll(/%[0-9a-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return /[A-Za-z0-9._~-]/.test(character) ? character : escape.toUpperCase()
  })
  return `${url.protocol}//${url.host}${path}`
}

/** A URL that cannot be normalised equals nothing, not even itself. */
function isSameHtu(htu: string, url: string): boolean {
  const normal = normaliseHtu(htu)
  return normal !== undefined && (htu === url || normal === normaliseHtu(url))
}

function withoutQuery(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? url
}

function originOf(htu: string): string {
  return URL.canParse(htu) ? new URL(htu).origin : 'no URL at all'
}

/** Creates a proof. The `jti` must be new each time. RFC 9449 §4.2. */
export function createDpopProof(
  about: {
    readonly method: string
    readonly url: string
    readonly jti: string
    readonly now: NumericDate
    readonly nonce: string | undefined
    readonly ath: string | undefined
  },
  key: PublicJwk,
  signer: Signer,
): Promise<string> {
  const { method, url, jti, now, nonce, ath } = about
  const claims = {
    jti,
    htm: method,
    htu: withoutQuery(url),
    iat: now,
    ...(nonce === undefined ? {} : { nonce }),
    ...(ath === undefined ? {} : { ath }),
  }
  return signJwt({ typ: 'dpop+jwt', jwk: key }, claims, { ...signer, kid: undefined })
}

/** The nonce to send along with an answer to this proof, also when it was refused. */
export function nonceFor(
  proof: UnverifiedDpopProof | undefined,
  nonces: DpopNonces,
  now: NumericDate,
): string | undefined {
  return proof === undefined ? undefined : nonces.current(proof.key.thumbprint, now)
}
