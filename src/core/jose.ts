/**
 * JOSE, as narrow as the profile: compact JWS, three algorithms, public keys by value; JWE on output. The only file that imports
 * `jose`, which serves as the portable verifier and the reference the faster one of `node/` is tested against.
 */

import { base64url, compactDecrypt, CompactEncrypt, compactVerify, CompactSign, importJWK, type JWK } from 'jose'
import { isJsonObject, type JsonObject, jwkThumbprint, type JwkThumbprint } from './names.ts'
import {
  type ContentEncryptionAlgorithm,
  contentEncryptionAlgorithms,
  type EncryptionKey,
  type KeyManagementAlgorithm,
  keyManagementAlgorithms,
  type PublicJwk,
  type PublicKey,
  type UnverifiedJws,
} from './keys.ts'
import type { Hash, Signer, Verifier } from './ports.ts'
import { profile, type SigningAlgorithm, signingAlgorithm } from './profile.ts'
import { isOfSmallOrder } from './small-order.ts'
import { parseStrictJsonObject } from './strict-json.ts'

export type { PublicJwk, PublicKey, UnverifiedJws } from './keys.ts'

const canonicalBase64url = /^[A-Za-z0-9_-]*$/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The bytes of a base64url text that has exactly one spelling: no padding, no stray bits in the last character.
 * @throws SyntaxError
 */
export function decodeBase64url(text: string): Uint8Array {
  checkBase64url(text)
  return base64url.decode(text)
}

/** How many bytes such a text stands for, without decoding it. */
function base64urlLength(text: string): number {
  checkBase64url(text)
  return Math.floor((text.length * 3) / 4)
}

function checkBase64url(text: string): void {
  const rest = text.length % 4
  if (!canonicalBase64url.test(text) || rest === 1) throw new SyntaxError('not base64url')
  const last = text.charCodeAt(text.length - 1)
  if (rest === 2 && !'AQgw'.includes(String.fromCharCode(last))) throw new SyntaxError('stray bits in base64url')
  if (rest === 3 && !'AEIMQUYcgkosw048'.includes(String.fromCharCode(last))) {
    throw new SyntaxError('stray bits in base64url')
  }
}

/** The base64url form, without padding. */
export function encodeBase64url(data: Uint8Array | string): string {
  return base64url.encode(data)
}

/** A JWT that is refused for what reading it would cost: too long, compressed, or locked by a slow password. */
export class JwtBomb extends SyntaxError {
  override readonly name = 'JwtBomb'
}

/**
 * What the trail says of an algorithm that is refused: no signature, or a secret for one, is a forgery; anything else is
 * a client that was set up for other servers. RFC 8725 §2.1, §3.1.
 */
export function algorithmEvent(alg: unknown): 'jose.forgery' | 'jose.malformed' {
  return typeof alg === 'string' && /^\s*(none|hs)/i.test(alg) ? 'jose.forgery' : 'jose.malformed'
}

/**
 * Takes a compact JWS apart: three canonical parts, UTF-8 JSON objects with unique members, no `crit`, no `b64`, no
 * `enc`, no `zip`. RFC 7515 §4, §7.1; RFC 8725 §3.
 * @throws SyntaxError, JwtBomb among them
 */
export function parseCompactJws(text: string): UnverifiedJws {
  if (text.length > profile.jwsCharacters) throw new JwtBomb('too long')
  const [protectedHeader, payload, signature, ...more] = text.split('.')
  if (protectedHeader === undefined || payload === undefined || signature === undefined || more.length > 0) {
    return refuseNoJws(protectedHeader ?? '')
  }
  const header = parseHeader(protectedHeader)
  if (Object.hasOwn(header, 'zip')) throw new JwtBomb('compressed')
  for (const forbidden of ['crit', 'b64', 'enc']) {
    if (Object.hasOwn(header, forbidden)) throw new SyntaxError('a header parameter is not understood')
  }
  if (signature === '' || base64urlLength(signature) > 1024) throw new SyntaxError('no signature')
  return {
    header,
    payload: parseStrictJsonObject(utf8.decode(decodeBase64url(payload))),
    signingInput: text.slice(0, protectedHeader.length + payload.length + 1),
    signature,
  }
}

function parseHeader(protectedHeader: string): JsonObject {
  return parseStrictJsonObject(utf8.decode(decodeBase64url(protectedHeader)))
}

/** Nothing is opened: the header of a JWE only tells whether opening it would have been dear. RFC 8725 §2.4; RFC 7518 §4.8. */
function refuseNoJws(protectedHeader: string): never {
  const header = parseHeader(protectedHeader)
  const { alg } = header
  if (Object.hasOwn(header, 'zip') || (typeof alg === 'string' && alg.startsWith('PBES2'))) {
    throw new JwtBomb('an encrypted JWT that would be dear to open')
  }
  throw new SyntaxError('not a compact JWS')
}

/** Members that only private or symmetric keys have. RFC 7518 §6. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

function keyMember(value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > 1024) throw new SyntaxError('not a key member')
  return value
}

function exactly(value: unknown, length: number): string {
  const member = keyMember(value)
  if (base64urlLength(member) !== length) throw new SyntaxError('a key member has the wrong size')
  return member
}

/** The modulus of 2048 to 4096 bits without leading zero bytes, and the exponent 65537. */
function rsaMembers(member: unknown, e: unknown): { n: string; e: string } {
  const n = keyMember(member)
  const modulus = decodeBase64url(n)
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
  if (modulus[0] === 0 || bits < 2048 || bits > 4096) throw new SyntaxError('an RSA key is of the wrong size')
  if (e !== 'AQAB') throw new SyntaxError('an RSA exponent is not 65537')
  return { n, e }
}

function publicMembers(jwk: JsonObject): { jwk: PublicJwk; alg: SigningAlgorithm } {
  const { kty, crv, x, y, n, e } = jwk
  if (kty === 'EC' && crv === 'P-256') return { jwk: { kty, crv, x: exactly(x, 32), y: exactly(y, 32) }, alg: 'ES256' }
  if (kty === 'OKP' && crv === 'Ed25519') {
    const point = exactly(x, 32)
    if (isOfSmallOrder(decodeBase64url(point))) throw new SyntaxError('a point of small order')
    return { jwk: { kty, crv, x: point }, alg: 'EdDSA' }
  }
  if (kty === 'RSA') return { jwk: { kty, ...rsaMembers(n, e) }, alg: 'PS256' }
  throw new SyntaxError('not a key of the profile')
}

/**
 * A public JWK of the profile: P-256, Ed25519, or RSA of 2048 to 4096 bits; nothing private in it; `alg`, `use` and
 * `key_ops`, where given, fit signature verification. FAPI 2.0 SP §5.4.1-2, -3; RFC 8725 §3.2.
 *
 * Whether the point lies on its curve is found when the key is imported: a verifier refuses one that does not.
 * @throws SyntaxError
 */
export function parsePublicKey(value: unknown, hash: Hash): PublicKey {
  if (!isJsonObject(value)) throw new SyntaxError('not a JWK')
  if (privateMembers.some((member) => Object.hasOwn(value, member))) throw new SyntaxError('a private key')
  const { jwk, alg } = publicMembers(value)
  if (value['alg'] !== undefined && signingAlgorithm(value['alg']) !== alg)
    throw new SyntaxError('alg does not fit the key')
  if (value['use'] !== undefined && value['use'] !== 'sig') throw new SyntaxError('not a signature key')
  const operations = value['key_ops']
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    throw new SyntaxError('not a key for verifying')
  }
  const kid = value['kid']
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > 256)) throw new SyntaxError('not a kid')
  return { jwk, alg, kid, thumbprint: thumbprintOf(jwk, hash) }
}

/**
 * The keys of a client's JWK set: those of the profile. Keys of other kinds are passed over, so that a set may also hold
 * encryption keys; a set without a usable key, with too many, with a bad one or a private one is refused.
 * @throws SyntaxError
 */
export function parseKeySet(value: unknown, hash: Hash): readonly PublicKey[] {
  const keys = keysIn(value, profile.clientKeys).filter(isOfTheProfile)
  return atLeastOne(keys.map((key) => parsePublicKey(key, hash)))
}

/**
 * The keys of an issuer's JWK set that can be used. Issuers publish all sorts of keys for all sorts of clients: what is
 * not of the profile, or not a good key, is passed over and verifies nothing.
 * @throws SyntaxError when nothing is left, there are too many, or one is private
 */
export function parseIssuerKeySet(value: unknown, hash: Hash): readonly PublicKey[] {
  return atLeastOne(keysIn(value, profile.issuerKeys).flatMap((key) => usableKey(key, hash)))
}

function usableKey(key: JsonObject, hash: Hash): readonly PublicKey[] {
  try {
    return isOfTheProfile(key) ? [parsePublicKey(key, hash)] : []
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}

/**
 * The members of a JWK set, whatever they are for.
 * @throws SyntaxError when it is no set, has more than `most` keys, or one is private
 */
export function keysIn(value: unknown, most: number): readonly JsonObject[] {
  const keys: unknown = isJsonObject(value) ? value['keys'] : undefined
  if (!Array.isArray(keys) || keys.length > most) throw new SyntaxError('not a JWK set')
  return keys.map((key: unknown) => {
    if (!isJsonObject(key)) throw new SyntaxError('not a JWK')
    if (privateMembers.some((member) => Object.hasOwn(key, member))) throw new SyntaxError('a private key in a key set')
    return key
  })
}

function atLeastOne(keys: readonly PublicKey[]): readonly PublicKey[] {
  if (keys.length === 0) throw new SyntaxError('no usable key in the key set')
  return keys
}

/** Whether a key claims to be for signatures of the profile; if so it must also be a good one. */
function isOfTheProfile(key: JsonObject): boolean {
  if (key['use'] === 'enc') return false
  if (key['alg'] !== undefined && signingAlgorithm(key['alg']) === undefined) return false
  return key['kty'] === 'RSA' || key['crv'] === 'P-256' || key['crv'] === 'Ed25519'
}

/**
 * The keys of a client's JWK set that something may be encrypted to: P-256 or RSA, and reserved for that by `use`.
 * @throws SyntaxError when it is no JWK set, there are too many keys, or one is private
 */
export function parseEncryptionKeys(value: unknown): readonly EncryptionKey[] {
  return keysIn(value, profile.clientKeys).flatMap((key) => encryptionKey(key))
}

function encryptionKey(key: JsonObject): readonly EncryptionKey[] {
  const { use, alg, kid } = key
  const named = keyManagementAlgorithms.find((known) => known === alg)
  if (use !== 'enc' || (alg !== undefined && named === undefined)) return []
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > 256)) throw new SyntaxError('not a kid')
  const { jwk } = publicMembers(key)
  if (jwk.kty === 'OKP' || (named !== undefined && (named === 'RSA-OAEP-256') !== (jwk.kty === 'RSA'))) {
    throw new SyntaxError('an encryption key does not fit its alg')
  }
  return [{ jwk, kid, alg: named }]
}

/**
 * The key that something can be encrypted to with this algorithm, or undefined: a key that names another algorithm, or
 * is of another kind, is for something else. RFC 7518 §4.1.
 */
export function encryptionKeyFor(
  keys: readonly EncryptionKey[],
  alg: KeyManagementAlgorithm,
): EncryptionKey | undefined {
  const kty = alg === 'RSA-OAEP-256' ? 'RSA' : 'EC'
  return keys.find((key) => key.jwk.kty === kty && (key.alg === undefined || key.alg === alg))
}

/**
 * What encrypts signed JWTs to one key: nested, signature inside, never compressed. The key is imported here, so that one
 * whose point is not on its curve shows before there is anything to encrypt. RFC 7519 §5.2, §11.2; RFC 8725 §3.4, §3.6.
 */
export async function jwtEncrypter(
  { jwk, kid }: EncryptionKey,
  { alg, enc }: { readonly alg: KeyManagementAlgorithm; readonly enc: ContentEncryptionAlgorithm },
): Promise<(jwt: string) => Promise<string>> {
  const key = await importJWK({ ...jwk }, alg)
  const header = { alg, enc, cty: 'JWT', typ: 'JWT', ...(kid === undefined ? {} : { kid }) }
  return (jwt) => new CompactEncrypt(new TextEncoder().encode(jwt)).setProtectedHeader(header).encrypt(key)
}

/**
 * What decrypts JWTs that were encrypted to one of these private keys, P-256 or RSA: the algorithms of `keys.ts` only,
 * nothing compressed. What was inside is to be verified as any other. RFC 7516 §5.2; RFC 8725 §3.1, §3.6.
 * @throws SyntaxError when it was not encrypted to one of them
 */
export function jwtDecrypter(privateJwks: readonly JWK[]): (jwe: string) => Promise<string> {
  return async (jwe) => {
    const [protectedHeader = ''] = jwe.length > profile.jweCharacters ? [] : jwe.split('.', 1)
    const header = parseStrictJsonObject(utf8.decode(decodeBase64url(protectedHeader)))
    const alg = keyManagementAlgorithms.find((known) => known === header['alg'])
    if (alg === undefined || Object.hasOwn(header, 'zip')) throw new SyntaxError('not encrypted as the profile has it')
    const kty = alg === 'RSA-OAEP-256' ? 'RSA' : 'EC'
    const isNamed = ({ kid }: JWK) => header['kid'] === undefined || kid === undefined || kid === header['kid']
    for (const jwk of privateJwks.filter((key) => key.kty === kty && isNamed(key))) {
      const plaintext = await decrypted(jwe, await importJWK(jwk, alg))
      if (plaintext !== undefined) return utf8.decode(plaintext)
    }
    throw new SyntaxError('encrypted to no key of ours')
  }
}

/** Every failure is the same one: what tells them apart helps only who is guessing. RFC 7516 §11.5. */
async function decrypted(jwe: string, key: Parameters<typeof compactDecrypt>[1]): Promise<Uint8Array | undefined> {
  try {
    const options = {
      keyManagementAlgorithms: [...keyManagementAlgorithms],
      contentEncryptionAlgorithms: [...contentEncryptionAlgorithms],
    }
    return (await compactDecrypt(jwe, key, options)).plaintext
  } catch {
    return undefined
  }
}

/** The JWK SHA-256 thumbprint. RFC 7638 §3, RFC 8037 §2. */
export function thumbprintOf(jwk: PublicJwk, hash: Hash): JwkThumbprint {
  return jwkThumbprint(hash(canonicalJwk(jwk)))
}

function canonicalJwk(jwk: PublicJwk): string {
  switch (jwk.kty) {
    case 'EC':
      return `{"crv":"${jwk.crv}","kty":"EC","x":"${jwk.x}","y":"${jwk.y}"}`
    case 'OKP':
      return `{"crv":"${jwk.crv}","kty":"OKP","x":"${jwk.x}"}`
    case 'RSA':
      return `{"e":"${jwk.e}","kty":"RSA","n":"${jwk.n}"}`
  }
}

/**
 * The keys that may have signed this: those of the named algorithm, and of the named `kid` where one is named. Several
 * keys may share a `kid`. FAPI 2.0 SP §5.4.3.
 */
export function candidateKeys(
  keys: readonly PublicKey[],
  wanted: { readonly alg: SigningAlgorithm; readonly kid: unknown },
): readonly PublicKey[] {
  return keys.filter((key) => key.alg === wanted.alg && (wanted.kid === undefined || key.kid === wanted.kid))
}

/** Whether one of the keys made the signature. */
export async function isSignedByOneOf(
  jws: UnverifiedJws,
  keys: readonly PublicKey[],
  verify: Verifier,
): Promise<PublicKey | undefined> {
  for (const key of keys) {
    if (await verify(jws, key)) return key
  }
  return undefined
}

/** Signs a JWT: the header gets `alg` and, where the signer has one, `kid`. RFC 7519 §7.1. */
export async function signJwt(header: JsonObject, claims: JsonObject, signer: Signer): Promise<string> {
  const kid = signer.kid === undefined ? {} : { kid: signer.kid }
  const protectedHeader = encodeBase64url(JSON.stringify({ ...header, ...kid, alg: signer.alg }))
  const signingInput = `${protectedHeader}.${encodeBase64url(JSON.stringify(claims))}`
  return `${signingInput}.${encodeBase64url(await signer.sign(signingInput))}`
}

/** The portable verifier, on `jose` and WebCrypto: the reference. */
export const joseVerifier: Verifier = async (jws, key) => {
  if (signingAlgorithm(jws.header['alg']) !== key.alg) return false
  try {
    await compactVerify(
      `${jws.signingInput}.${jws.signature}`,
      { ...key.jwk },
      { algorithms: [String(jws.header['alg'])] },
    )
    return true
  } catch {
    return false
  }
}

/** The portable signer, on `jose` and WebCrypto. */
export async function joseSigner(privateJwk: JWK, alg: SigningAlgorithm, kid?: string): Promise<Signer> {
  const key = await importJWK(privateJwk, alg)
  return {
    alg,
    kid,
    sign: async (signingInput) => {
      const [protectedHeader = '', payload = ''] = signingInput.split('.')
      const header: unknown = JSON.parse(utf8.decode(base64url.decode(protectedHeader)))
      if (!isJsonObject(header)) throw new SyntaxError('not a JOSE header')
      const signed = await new CompactSign(base64url.decode(payload)).setProtectedHeader({ ...header, alg }).sign(key)
      const [sameHeader, samePayload, signature = ''] = signed.split('.')
      if (sameHeader !== protectedHeader || samePayload !== payload) throw new Error('jose serialised another header')
      return base64url.decode(signature)
    },
  }
}
