/** The signing keys of an issuer: made once, kept in the store, their private parts sealed under the operator's key. */

import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import type { StoredKey } from '../core/flow.ts'
import { parsePublicKey, type PublicKey } from '../core/jose.ts'
import { isJsonObject, type Secret } from '../core/names.ts'
import type { Clock, Hash, KeyStore, Random, Signer, SigningKeys } from '../core/ports.ts'
import type { SigningAlgorithm } from '../core/profile.ts'
import { createSigner, generateSigningKey } from './runtime.ts'

/** The signing keys cannot be opened. One line for the operator; holds no key. */
export class SigningKeysUnavailable extends Error {
  override readonly name = 'SigningKeysUnavailable'
  readonly reason: 'sealing_key_malformed' | 'sealing_key_wrong' | 'key_altered'
  constructor(reason: SigningKeysUnavailable['reason'], cause?: unknown) {
    super(sentences[reason], cause === undefined ? {} : { cause })
    this.reason = reason
  }
}

const sentences = {
  sealing_key_malformed: 'the sealing key is not 32 bytes in base64url or hex',
  sealing_key_wrong:
    'the sealing key does not open the signing keys in the store: it is another one, or they were changed',
  key_altered: 'a signing key in the store is not the one its name says',
} as const

/** What opening the keys needs. */
export type SigningKeysOptions = {
  readonly store: KeyStore
  /** 32 bytes, base64url or hex. */
  readonly sealing: Secret
  /** One key is made for each of them that has none. */
  readonly algorithms: readonly SigningAlgorithm[]
  readonly clock: Clock
  readonly random: Random
  readonly hash: Hash
}

/**
 * Opens the keys of the store, making those that are missing. The newest key of an algorithm signs; all are published.
 * @throws SigningKeysUnavailable
 */
export async function openSigningKeys(options: SigningKeysOptions): Promise<SigningKeys> {
  const { store, algorithms } = options
  const sealingKey = parseSealingKey(options.sealing)
  const stored = [...(await store.list())]
  const missing = algorithms.filter((alg) => stored.every((key) => key.alg !== alg))
  const made = await Promise.all(missing.map((alg) => makeKey(alg, sealingKey, options)))
  for (const key of made) {
    await store.add(key)
    stored.push(key)
  }
  // Oldest first: what is set last in the map is what signs.
  const opened = stored
    .toSorted((one, other) => one.createdAt - other.createdAt)
    .map((key) => openKey(key, sealingKey, options))
  const signers = new Map(
    opened.filter(({ signer }) => algorithms.includes(signer.alg)).map(({ signer }) => [signer.alg, signer]),
  )
  const published = opened.map(({ publicKey }) => checkPublic(publicKey, options.hash))
  return { signer: (alg) => signers.get(alg), published: () => published }
}

function parseSealingKey(sealing: Secret): Buffer {
  const text = sealing.reveal().trim()
  const encoding = /^[0-9a-fA-F]{64}$/.test(text) ? 'hex' : 'base64url'
  const bytes = Buffer.from(text, encoding)
  if (encoding === 'base64url' && bytes.toString('base64url') !== text) {
    throw new SigningKeysUnavailable('sealing_key_malformed')
  }
  if (bytes.length !== 32) throw new SigningKeysUnavailable('sealing_key_malformed')
  // A key of its own, so that the operator's key may serve other purposes later.
  return Buffer.from(hkdfSync('sha256', bytes, '', 'strongroom: sealing of signing keys, v1', 32))
}

async function makeKey(
  alg: SigningAlgorithm,
  sealingKey: Buffer,
  { clock, random, hash }: SigningKeysOptions,
): Promise<StoredKey> {
  const privateKey = await generateSigningKey(alg)
  const kid = publicKeyOf(privateKey, hash).thumbprint
  const jwk = JSON.stringify(privateKey.export({ format: 'jwk' }))
  return { kid, alg, sealedPrivateKey: seal(jwk, sealingKey, additionalData(kid, alg), random), createdAt: clock() }
}

function publicKeyOf(privateKey: KeyObject, hash: Hash): PublicKey {
  const key = parsePublicKey(createPublicKey(privateKey).export({ format: 'jwk' }), hash)
  return { ...key, kid: key.thumbprint }
}

function openKey(
  { kid, alg, sealedPrivateKey }: StoredKey,
  sealingKey: Buffer,
  { hash }: SigningKeysOptions,
): { readonly signer: Signer; readonly publicKey: PublicKey } {
  const privateKey = privateKeyFrom(unseal(sealedPrivateKey, sealingKey, additionalData(kid, alg)))
  const publicKey = publicKeyOf(privateKey, hash)
  if (publicKey.thumbprint !== kid || publicKey.alg !== alg) throw new SigningKeysUnavailable('key_altered')
  return { signer: createSigner(privateKey, alg, kid), publicKey }
}

function privateKeyFrom(text: string): KeyObject {
  const jwk: unknown = JSON.parse(text)
  if (!isJsonObject(jwk)) throw new SigningKeysUnavailable('key_altered')
  return createPrivateKey({ key: { ...jwk }, format: 'jwk' })
}

/** What is published goes through the parser that refuses private members. RFC 7517 §4; RFC 8725 §3.2. */
function checkPublic(key: PublicKey, hash: Hash): PublicKey {
  return parsePublicKey({ ...key.jwk, alg: key.alg, kid: key.kid }, hash)
}

const version = 'v1'
const ivBytes = 12
const tagBytes = 16

/** A sealed key opens only under the name and for the algorithm it was sealed for. */
function additionalData(kid: string, alg: SigningAlgorithm): Buffer {
  return Buffer.from(`${version} ${alg} ${kid}`)
}

/** AES-256-GCM: `v1.` nonce `.` ciphertext and tag, base64url. */
function seal(text: string, key: Buffer, aad: Buffer, random: Random): string {
  const iv = Buffer.from(random(ivBytes), 'base64url')
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
  cipher.setAAD(aad)
  const sealed = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
  return `${version}.${iv.toString('base64url')}.${sealed.toString('base64url')}`
}

function unseal(sealed: string, key: Buffer, aad: Buffer): string {
  const [name, iv = '', data = '', ...more] = sealed.split('.')
  const bytes = Buffer.from(data, 'base64url')
  if (name !== version || more.length > 0 || bytes.length <= tagBytes) throw new SigningKeysUnavailable('key_altered')
  try {
    const nonce = Buffer.from(iv, 'base64url')
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    decipher.setAAD(aad)
    decipher.setAuthTag(bytes.subarray(-tagBytes))
    return Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]).toString()
  } catch (cause) {
    throw new SigningKeysUnavailable('sealing_key_wrong', cause)
  }
}
