import { createHash, createPrivateKey, generateKeyPairSync, hash, type JsonWebKey, webcrypto } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { parsePublicKey, type PublicJwk } from '../../core/jose.ts'
import { isJsonObject, sha256Digest } from '../../core/names.ts'
import type { ClientPorts, PrivateJwk } from '../ports.ts'

const members = ['kid', 'crv', 'x', 'y', 'n', 'e', 'p', 'q', 'dp', 'dq', 'qi'] as const

/**
 * A private JWK from a parsed JSON document; members that are not of a key are dropped.
 * @throws TypeError when it is not a private key of the profile
 */
export function parsePrivateJwk(value: unknown): PrivateJwk {
  if (!isJsonObject(value)) throw new TypeError('not a JWK')
  const { kty, d } = value
  if (typeof kty !== 'string' || typeof d !== 'string') throw new TypeError('not a private JWK')
  const rest = members.flatMap((name) => {
    const member = value[name]
    return typeof member === 'string' ? [[name, member] as const] : []
  })
  const jwk = { kty, d, ...Object.fromEntries(rest) }
  publicJwkOf(jwk)
  return jwk
}

/**
 * Reads a private JWK from a file of JSON.
 * @throws TypeError when it is not a private key of the profile
 */
export async function readPrivateJwk(path: string): Promise<PrivateJwk> {
  const text = await readFile(path, 'utf8')
  try {
    const document: unknown = JSON.parse(text)
    return parsePrivateJwk(document)
  } catch {
    // A parser's message repeats what it read, and this is a private key.
    throw new TypeError('the file does not hold a private JWK of P-256, Ed25519, or RSA of 2048 to 4096 bits')
  }
}

/** A new private key, P-256, with its thumbprint as `kid`. */
export function generatePrivateJwk(): PrivateJwk {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = parsePrivateJwk(privateKey.export({ format: 'jwk' }))
  return { ...jwk, kid: publicKeyOf(jwk).thumbprint }
}

/**
 * The public half of a private JWK, to be registered; `kid` and `alg` included.
 * @throws TypeError when it is not a key of the profile
 */
export function publicJwkOf(jwk: PrivateJwk): PublicJwk & { readonly alg: string; readonly kid?: string } {
  const { jwk: publicMembers, alg, kid } = publicKeyOf(jwk)
  return { ...publicMembers, alg, ...(kid === undefined ? {} : { kid }) }
}

function publicKeyOf({ kty, crv, x, y, n, e, kid }: PrivateJwk) {
  try {
    return parsePublicKey({ kty, crv, x, y, n, e, kid }, (text) =>
      sha256Digest(createHash('sha256').update(text).digest('base64url')),
    )
  } catch {
    throw new TypeError('not a key of P-256, Ed25519, or RSA of 2048 to 4096 bits')
  }
}

const algorithms = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  EdDSA: { name: 'Ed25519' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
} as const

const digests = { 'SHA-256': 'sha256', 'SHA-512': 'sha512' } as const

/** The digest of a text's UTF-8 bytes. */
export const digest: ClientPorts['digest'] = (algorithm, text) => hash(digests[algorithm], text, 'buffer')

/** Imports a private JWK for WebCrypto. The private key cannot be exported again. */
export const importKeyPair: ClientPorts['importKeyPair'] = async (jwk) => {
  const { jwk: publicMembers, alg } = publicKeyOf(jwk)
  const algorithm = algorithms[alg]
  const { kid: _, ...key } = jwk
  // Node checks here that the private half belongs to the public one.
  createPrivateKey({ key: { ...key }, format: 'jwk' })
  const privateMembers: JsonWebKey = { ...key }
  return {
    privateKey: await webcrypto.subtle.importKey('jwk', privateMembers, algorithm, false, ['sign']),
    publicKey: await webcrypto.subtle.importKey('jwk', { ...publicMembers }, algorithm, true, ['verify']),
  }
}
