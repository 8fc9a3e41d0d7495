/** JWTs of the vectors, well made and badly made: what a vector says of itself, and the text that follows from it. */

import { signerOf } from './signers.ts'
import { isDeepStrictEqual } from 'node:util'
import { encodeBase64url } from '../../../src/core/jose.ts'
import type { JsonObject } from '../../../src/core/names.ts'
import { derFromRaw } from '../../../src/node/ecdsa-signature.ts'
import type { VectorKey } from './keys.ts'

/** What is done to a JWT once it was signed. */
export const manglings = {
  'flip the last bit of the second byte of the signature': ([header, claims, signature]) =>
    `${header}.${claims}.${flipped(signature)}`,
  'replace the signature by zeros': ([header, claims, signature]) =>
    `${header}.${claims}.${encodeBase64url(new Uint8Array(bytesOf(signature).length))}`,
  'leave the signature empty': ([header, claims]) => `${header}.${claims}.`,
  'leave the signature and its dot out': ([header, claims]) => `${header}.${claims}`,
  'append a fourth part': ([header, claims, signature]) => `${header}.${claims}.${signature}.${signature}`,
  'pad the signature with ==': ([header, claims, signature]) => `${header}.${claims}.${signature}==`,
  'set unused bits of the last character': ([header, claims, signature]) =>
    `${header}.${claims}.${withStrayBits(signature)}`,
  'put a line break before the last dot': ([header, claims, signature]) => `${header}.${claims}\n.${signature}`,
  'encode the signature as DER': ([header, claims, signature]) =>
    `${header}.${claims}.${encodeBase64url(derFromRaw(Buffer.from(signature, 'base64url')) ?? new Uint8Array())}`,
  'serialise as flattened JSON': ([header, claims, signature]) =>
    JSON.stringify({ payload: claims, protected: header, signature }),
  'append the byte FF to the claims': ([header, claims, signature]) =>
    `${header}.${encodeBase64url(Buffer.concat([bytesOf(claims), Buffer.from([0xff])]))}.${signature}`,
} as const satisfies Record<string, (parts: readonly [string, string, string]) => string>

/** The name of something done to a JWT. */
export type Mangling = keyof typeof manglings

/** How a JWT was made: what a reader of the vector sees beside the text. Text in place of an object is taken as it is. */
export type Recipe = {
  readonly header: JsonObject | string
  readonly claims: JsonObject | string
  readonly key: string
  readonly then?: Mangling
}

/** A vector as it was committed: its recipe and the text that was made from it. */
export type Committed = { readonly made: unknown; readonly jwt: unknown } | undefined

/**
 * The text of a JWT. ES256 and PS256 signatures are random, so the committed text stays while the recipe does; EdDSA
 * signatures are always made anew and come out the same.
 */
export function jwtOf(recipe: Recipe, key: VectorKey, committed: Committed): string {
  const { made, jwt } = committed ?? {}
  const isRandom = key.alg !== 'EdDSA'
  if (isRandom && typeof jwt === 'string' && isDeepStrictEqual(made, recipe)) return jwt
  const header = encodeBase64url(textOf(recipe.header))
  const claims = encodeBase64url(textOf(recipe.claims))
  const signature = encodeBase64url(signatureOf(`${header}.${claims}`, key))
  const mangle = recipe.then === undefined ? asItIs : manglings[recipe.then]
  return mangle([header, claims, signature])
}

function asItIs(parts: readonly [string, string, string]): string {
  return parts.join('.')
}

function textOf(part: JsonObject | string): string {
  return typeof part === 'string' ? part : JSON.stringify(part)
}

function signatureOf(input: string, key: VectorKey): Uint8Array {
  const signer = signerOf(key)
  const signature = signer.sign(input)
  if (signature instanceof Promise) throw new TypeError('the signers of the vectors answer at once')
  return signature
}

function bytesOf(base64url: string): Buffer {
  return Buffer.from(base64url, 'base64url')
}

function flipped(signature: string): string {
  const bytes = bytesOf(signature)
  bytes[1] = (bytes[1] ?? 0) ^ 1
  return encodeBase64url(bytes)
}

/** The same bytes for a lenient decoder, another text. Signatures of 64 and 256 bytes leave such bits. */
function withStrayBits(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(signature.at(-1) ?? 'A')
  return signature.slice(0, -1) + (alphabet[last + 1] ?? 'B')
}
