/** A key set as a client publishes it, and what tells two of them apart. */

import { keysIn, parseEncryptionKeys, parsePublicKey, thumbprintOf } from '../core/jose.ts'
import { isJsonObject } from '../core/names.ts'
import type { ClientKeySet, Hash } from '../core/ports.ts'
import { profile } from '../core/profile.ts'
import { certificateOfKey } from './key-certificates.ts'

/** One key or certificate of a set, as a trail names it: its thumbprint, and for keys the `kid`. */
export type NamedKey = {
  readonly kind: 'key' | 'certificate' | 'encryption_key'
  readonly kid: string | undefined
  readonly thumbprint: string
}

/** Whether a document is meant as a JWK set, however bad its keys. RFC 7517 §5. */
export function isKeySet(document: unknown): boolean {
  return isJsonObject(document) && Array.isArray(document['keys'])
}

/**
 * The keys of a fetched set that can be used. What is not of the profile, or not a good key, is passed over and verifies
 * nothing: a client may publish keys for others beside its keys for us. RFC 7517 §5; LV-12.
 * @throws SyntaxError when nothing is left, there are too many, or one is private
 */
export function parseClientKeySet(document: unknown, hash: Hash): ClientKeySet {
  const jwks = keysIn(document, profile.clientKeys)
  const set = {
    keys: jwks.flatMap((jwk) => orNothing(() => [parsePublicKey(jwk, hash)])),
    certificates: [...new Set(jwks.flatMap((jwk) => certificateOfKey(jwk) ?? []))],
    encryptionKeys: jwks.flatMap((jwk) => orNothing(() => parseEncryptionKeys({ keys: [jwk] }))),
  }
  if (namesOf(set, hash).length === 0) throw new SyntaxError('no usable key in the key set')
  return set
}

function orNothing<T>(parse: () => readonly T[]): readonly T[] {
  try {
    return parse()
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}

/** What is in one set and not in the other, each way; undefined when they hold the same. */
export function changeOf(
  from: ClientKeySet | undefined,
  to: ClientKeySet | undefined,
  hash: Hash,
): { readonly added: readonly NamedKey[]; readonly removed: readonly NamedKey[] } | undefined {
  const [old, current] = [namesOf(from, hash), namesOf(to, hash)]
  const added = current.filter((key) => !old.some((other) => isSame(key, other)))
  const removed = old.filter((key) => !current.some((other) => isSame(key, other)))
  return added.length + removed.length === 0 ? undefined : { added, removed }
}

function isSame(one: NamedKey, other: NamedKey): boolean {
  return one.kind === other.kind && one.kid === other.kid && one.thumbprint === other.thumbprint
}

function namesOf(set: ClientKeySet | undefined, hash: Hash): readonly NamedKey[] {
  if (set === undefined) return []
  return [
    ...set.keys.map(({ kid, thumbprint }) => ({ kind: 'key', kid, thumbprint }) as const),
    ...set.certificates.map((thumbprint) => ({ kind: 'certificate', kid: undefined, thumbprint }) as const),
    ...set.encryptionKeys.map(
      ({ kid, jwk }) => ({ kind: 'encryption_key', kid, thumbprint: thumbprintOf(jwk, hash) }) as const,
    ),
  ]
}
