/** Making signing keys, and opening them again. */

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { StoredKey } from '../../core/flow.ts'
import { parsePublicKey, type PublicKey } from '../../core/jose.ts'
import { after, isJsonObject, type JsonObject, type NumericDate, type Secret, seconds } from '../../core/names.ts'
import type { Clock, Hash, KeyStore, Random, Signer } from '../../core/ports.ts'
import { profile, type SigningAlgorithm } from '../../core/profile.ts'
import { createSigner, generateSigningKey } from '../runtime.ts'
import { type Activation, isPublished, type KeySchedule } from './schedule.ts'
import type { Sealing } from './sealing.ts'
import { SigningKeysUnavailable } from './unavailable.ts'

/** What keys are made and opened with. */
export type KeyPorts = {
  readonly store: KeyStore
  readonly clock: Clock
  readonly random: Random
  readonly hash: Hash
}

/** The keys of one issuer, and how they are kept. */
export type KeyOptions = KeyPorts & {
  /** 32 bytes, base64url or hex. */
  readonly sealing: Secret
  /** What is signed with; each has its own keys. */
  readonly algorithms: readonly SigningAlgorithm[]
  readonly schedule: KeySchedule
}

/** A key that is ready to use. */
export type OpenedKey = { readonly stored: StoredKey; readonly signer: Signer; readonly publicKey: PublicKey }

/** What a key is made for. One that signs at once, `instead` of another, comes after it in any case. */
export type NewKey = {
  readonly alg: SigningAlgorithm
  readonly activation: Activation
  readonly instead?: StoredKey | undefined
  /** Whether the other goes right afterwards, so that the new one takes its place in the key set. */
  readonly other?: 'stays' | 'goes'
}

/**
 * Makes a key and puts it into the store, where it is published from now on.
 * @throws SigningKeysUnavailable when the key set is full
 */
export async function addKey(
  { alg, activation, instead, other = 'stays' }: NewKey,
  { store, clock, hash, schedule }: Omit<KeyOptions, 'sealing'>,
  sealing: Sealing,
): Promise<StoredKey> {
  const published = (await store.list()).filter((key) => isPublished(key, clock()))
  const leaving = other === 'goes' && published.some(({ kid }) => kid === instead?.kid) ? 1 : 0
  if (published.length - leaving >= profile.issuerKeys) throw new SigningKeysUnavailable('too_many')
  const privateKey = await generateNamed(alg, hash)
  const kid = publicKeyOf(privateKey, hash).thumbprint
  const jwk = JSON.stringify(privateKey.export({ format: 'jwk' }))
  // Read only now: it must not count as published while it was being made.
  const now = clock()
  const key: StoredKey = {
    kid,
    alg,
    sealedPrivateKey: sealing.seal(jwk, labelOf({ kid, alg })),
    createdAt: now,
    activeFrom: activation === 'ahead' ? after(now, schedule.publishAhead) : laterThan(instead, now),
    publishedUntil: undefined,
  }
  await store.add(key)
  return key
}

/** Seconds are coarse: a key made in the second in which the other became active signs from the next one on. */
function laterThan(instead: StoredKey | undefined, now: NumericDate): NumericDate {
  return instead === undefined || instead.activeFrom < now ? now : after(instead.activeFrom, seconds(1))
}

/** A key whose name does not begin with a dash, which a command line would take for an option. */
async function generateNamed(alg: SigningAlgorithm, hash: Hash): Promise<KeyObject> {
  for (;;) {
    const privateKey = await generateSigningKey(alg)
    if (!publicKeyOf(privateKey, hash).thumbprint.startsWith('-')) return privateKey
  }
}

/** A sealed key opens only under the name and for the algorithm it was sealed for. */
function labelOf({ kid, alg }: Pick<StoredKey, 'kid' | 'alg'>): string {
  return `${alg} ${kid}`
}

function publicKeyOf(privateKey: KeyObject, hash: Hash): PublicKey {
  const key = parsePublicKey(createPublicKey(privateKey).export({ format: 'jwk' }), hash)
  return { ...key, kid: key.thumbprint }
}

/** @throws SigningKeysUnavailable */
export function openKey(stored: StoredKey, sealing: Sealing, hash: Hash): OpenedKey {
  const { kid, alg, sealedPrivateKey } = stored
  const privateKey = privateKeyFrom(sealing.unseal(sealedPrivateKey, labelOf(stored)))
  const publicKey = publicKeyOf(privateKey, hash)
  if (publicKey.thumbprint !== kid || publicKey.alg !== alg) throw new SigningKeysUnavailable('key_altered')
  return { stored, signer: createSigner(privateKey, alg, kid), publicKey: checkPublic(publicKey, hash) }
}

/** What a parser says of a text that is wrong would repeat the text, so it is not told. */
function privateKeyFrom(text: string): KeyObject {
  try {
    return createPrivateKey({ key: { ...jsonObject(text) }, format: 'jwk' })
  } catch {
    throw new SigningKeysUnavailable('key_altered')
  }
}

function jsonObject(text: string): JsonObject {
  const value: unknown = JSON.parse(text)
  if (!isJsonObject(value)) throw new SyntaxError('not an object')
  return value
}

/** What is published goes through the parser that refuses private members. RFC 7517 §4; RFC 8725 §3.2. */
function checkPublic(key: PublicKey, hash: Hash): PublicKey {
  return parsePublicKey({ ...key.jwk, alg: key.alg, kid: key.kid }, hash)
}
