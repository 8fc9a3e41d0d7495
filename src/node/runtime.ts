/** The ports of the core that need nothing but `node:crypto` and the clock of the machine. */

import {
  constants,
  createHmac,
  createPublicKey,
  createSecretKey,
  generateKeyPair,
  hash,
  type KeyObject,
  randomBytes,
  randomFillSync,
  sign,
  verify,
} from 'node:crypto'
import { promisify } from 'node:util'
import type { PublicKey } from '../core/jose.ts'
import { numericDate, sha256Digest } from '../core/names.ts'
import type { Clock, Hash, Mac, Random, Signer, Verifier } from '../core/ports.ts'
import { type SigningAlgorithm, signingAlgorithm } from '../core/profile.ts'
import { BoundedMap } from './bounded-map.ts'
import { derFromRaw, rawFromDer } from './ecdsa-signature.ts'

/** The clock of the machine, in whole seconds. */
export const systemClock: Clock = () => numericDate(Math.floor(Date.now() / 1000))

/** Bytes fetched ahead: a call of the system's source costs the same for two as for two thousand. */
const pool = Buffer.alloc(2048)
let used = pool.length

/** Bytes of the system's cryptographic source, base64url. Each is given out once, and kept nowhere afterwards. */
export const random: Random = (bytes) => {
  if (bytes > pool.length) return randomBytes(bytes).toString('base64url')
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const from = used
  used += bytes
  const text = pool.toString('base64url', from, used)
  pool.fill(0, from, used)
  return text
}

/** SHA-256 of a text's UTF-8 bytes. */
export const sha256: Hash = (text) => sha256Digest(hash('sha256', text, 'base64url'))

/**
 * HMAC-SHA-256 under `key` (32 bytes), or under a fresh random key: what it made means nothing after a restart.
 * @throws RangeError when the key is shorter than the digest. RFC 2104 §3.
 */
export function createMac(key: Buffer = randomBytes(32)): Mac {
  if (key.length < 32) throw new RangeError('a MAC key needs 32 bytes')
  const secret = createSecretKey(key)
  return (text) => sha256Digest(createHmac('sha256', secret).update(text).digest('base64url'))
}

/** PSS as RFC 7518 §3.5 has it: the salt as long as the digest. */
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } as const

/** The one algorithm each kind of key serves. */
const algorithmOf = { EC: 'ES256', OKP: 'EdDSA', RSA: 'PS256' } as const satisfies Record<string, SigningAlgorithm>

/**
 * The fast verifier: synchronous, with imported keys remembered by thumbprint, at most `cacheSize` of them. Says `false`
 * whatever is wrong: another algorithm in the header, a second spelling of the signature, a point that is not on its
 * curve. RFC 7515 §5.2; RFC 8725 §3.1, §3.4.
 */
export function createVerifier({ cacheSize }: { readonly cacheSize: number }): Verifier {
  const imported = new BoundedMap<string, KeyObject>(cacheSize)
  const keyObject = (key: PublicKey): KeyObject => {
    const known = imported.get(key.thumbprint)
    if (known !== undefined) return known
    const fresh = createPublicKey({ key: { ...key.jwk }, format: 'jwk' })
    imported.set(key.thumbprint, fresh)
    return fresh
  }
  return (jws, key) => {
    if (algorithmOf[key.jwk.kty] !== key.alg || signingAlgorithm(jws.header['alg']) !== key.alg) return false
    const signature = Buffer.from(jws.signature, 'base64url')
    // Node's decoder overlooks what is not base64url; one signature must not have many spellings.
    if (signature.toString('base64url') !== jws.signature) return false
    try {
      return isSignature(key.alg, Buffer.from(jws.signingInput), keyObject(key), signature)
    } catch {
      return false
    }
  }
}

function isSignature(alg: SigningAlgorithm, data: Buffer, key: KeyObject, signature: Buffer): boolean {
  switch (alg) {
    case 'ES256': {
      const der = derFromRaw(signature)
      return der !== undefined && verify('sha256', data, key, der)
    }
    case 'PS256':
      return verify('sha256', data, { key, ...pss }, signature)
    case 'EdDSA':
      return verify(null, data, key, signature)
  }
}

/**
 * A signer on a private key that is ready to use.
 * @throws TypeError when the key does not serve the algorithm: P-256, Ed25519, RSA of 2048 to 4096 bits.
 */
export function createSigner(privateKey: KeyObject, alg: SigningAlgorithm, kid: string | undefined): Signer {
  if (privateKey.type !== 'private' || !serves(privateKey, alg)) throw new TypeError(`not a private ${alg} key`)
  return { alg, kid, sign: (signingInput) => signBytes(alg, Buffer.from(signingInput), privateKey) }
}

function serves({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, alg: SigningAlgorithm): boolean {
  switch (alg) {
    case 'ES256':
      return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1'
    case 'PS256': {
      const bits = asymmetricKeyDetails?.modulusLength ?? 0
      return asymmetricKeyType === 'rsa' && bits >= 2048 && bits <= 4096
    }
    case 'EdDSA':
      return asymmetricKeyType === 'ed25519'
  }
}

function signBytes(alg: SigningAlgorithm, data: Buffer, key: KeyObject): Uint8Array {
  switch (alg) {
    case 'ES256':
      return rawFromDer(sign('sha256', data, key))
    case 'PS256':
      return sign('sha256', data, { key, ...pss })
    case 'EdDSA':
      return sign(null, data, key)
  }
}

const generate = promisify(generateKeyPair)

/** A new private key for the algorithm: P-256, Ed25519, or RSA of 2048 bits. FAPI 2.0 SP §5.4.1. */
export async function generateSigningKey(alg: SigningAlgorithm): Promise<KeyObject> {
  switch (alg) {
    case 'ES256':
      return (await generate('ec', { namedCurve: 'P-256' })).privateKey
    case 'PS256':
      return (await generate('rsa', { modulusLength: 2048 })).privateKey
    case 'EdDSA':
      return (await generate('ed25519')).privateKey
  }
}
