import { createPrivateKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isJsonObject, type JsonObject } from '../../../src/core/names.ts'
import { type SigningAlgorithm, signingAlgorithm } from '../../../src/core/profile.ts'

/** One of the published test keys. */
export type VectorKey = {
  readonly name: string
  readonly alg: SigningAlgorithm
  readonly kid: string | undefined
  readonly thumbprint: string
  readonly publicJwk: JsonObject
  readonly privateKey: KeyObject
}

const file = new URL('../../../vectors/keys.json', import.meta.url)

/**
 * The keys of `vectors/keys.json`, by name.
 * @throws TypeError when the file does not have its shape
 */
export function readVectorKeys(): ReadonlyMap<string, VectorKey> {
  const document: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const keys = isJsonObject(document) ? document['keys'] : undefined
  if (!isJsonObject(keys)) throw new TypeError('vectors/keys.json: keys is not an object')
  return new Map(Object.entries(keys).map(([name, value]) => [name, keyOf(name, value)]))
}

function keyOf(name: string, value: unknown): VectorKey {
  if (!isJsonObject(value)) throw new TypeError(`vectors/keys.json: ${name} is not an object`)
  const { kid, thumbprint, privateJwk } = value
  const alg = signingAlgorithm(value['alg'])
  if (alg === undefined || typeof thumbprint !== 'string' || !isJsonObject(privateJwk)) {
    throw new TypeError(`vectors/keys.json: ${name} lacks a member`)
  }
  const privateKey = createPrivateKey({ key: { ...privateJwk }, format: 'jwk' })
  const kidText = typeof kid === 'string' ? kid : undefined
  return {
    name,
    alg,
    kid: kidText,
    thumbprint,
    publicJwk: publicMembers(privateJwk),
    privateKey,
  }
}

/** The members of the public key, in the order of RFC 7638. */
function publicMembers({ kty, crv, x, y, n, e }: JsonObject): JsonObject {
  if (kty === 'RSA') return { e, kty, n }
  return kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x }
}
