/** What an operator does to the signing keys: look at them, rotate them, take one away. */

import type { StoredKey } from '../../core/flow.ts'
import type { SigningAlgorithm } from '../../core/profile.ts'
import {
  type Activation,
  inOrder,
  type KeyContext,
  type KeyState,
  nextAmong,
  signerAmong,
  stateOf,
} from './schedule.ts'
import { createSealing, type Sealing } from './sealing.ts'
import { addKey, type KeyOptions, openKey } from './stored-key.ts'
import { SigningKeysUnavailable } from './unavailable.ts'

/** A key as an operator sees it: nothing of its private part, not even sealed. */
export type ListedKey = Omit<StoredKey, 'sealedPrivateKey'> & { readonly state: KeyState }

type Management = Omit<KeyOptions, 'sealing'>

/** The keys of the store, in the order in which they sign. */
export async function listKeys(options: Management): Promise<readonly ListedKey[]> {
  const keys = await options.store.list()
  return keys.toSorted(inOrder).map((key) => listed(key, keys, options))
}

function listed(key: StoredKey, keys: readonly StoredKey[], options: Management): ListedKey {
  const { kid, alg, createdAt, activeFrom, publishedUntil } = key
  return { kid, alg, createdAt, activeFrom, publishedUntil, state: stateOf(key, keys, contextOf(options)) }
}

function contextOf({ algorithms, schedule, clock }: Management): KeyContext {
  return { algorithms, schedule, now: clock() }
}

/** What came of a rotation: the keys that were made, and those that were waiting already. */
export type Rotation = { readonly made: readonly ListedKey[]; readonly waiting: readonly ListedKey[] }

/**
 * Makes the next key of each algorithm, unless one is waiting; or, with `now`, one that signs at once, which nobody who
 * keeps the key set can know yet.
 * @throws SigningKeysUnavailable
 */
export async function rotateKeys(
  options: KeyOptions,
  { algorithms, activation }: { readonly algorithms: readonly SigningAlgorithm[]; readonly activation: Activation },
): Promise<Rotation> {
  const sealing = createSealing(options.sealing, options.random)
  const before = await options.store.list()
  // A key sealed under a secret the server does not have would be none.
  for (const key of before) openKey(key, sealing, options.hash)
  const made: StoredKey[] = []
  const waiting: StoredKey[] = []
  // Where nothing signs yet, nobody has to wait.
  const isFirst = options.algorithms.every((alg) => signerAmong(before, alg, contextOf(options)) === undefined)
  for (const alg of algorithms) {
    const next = activation === 'ahead' ? nextAmong(before, alg, contextOf(options)) : undefined
    const instead = signerAmong(before, alg, contextOf(options))
    if (next !== undefined) waiting.push(next)
    else made.push(await addKey({ alg, activation: isFirst ? 'now' : activation, instead }, options, sealing))
  }
  const keys = await options.store.list()
  const shown = (some: readonly StoredKey[]) => some.map((key) => listed(key, keys, options))
  return { made: shown(made), waiting: shown(waiting) }
}

/** What came of taking a key away. */
export type Removal =
  | { readonly outcome: 'unknown' }
  /** It signs now, and that was not meant. */
  | { readonly outcome: 'is_active' }
  | { readonly outcome: 'removed'; readonly key: ListedKey; readonly replacement: ListedKey | undefined }

/**
 * Takes a key away at once: it is no longer published, and what it signed is refused. The one that signs is replaced
 * first, by one that signs at once; unless it cannot even be opened: then nothing signs with it.
 * @throws SigningKeysUnavailable
 */
export async function removeKey(
  options: KeyOptions,
  kid: string,
  { active }: { readonly active: 'refused' | 'replaced' },
): Promise<Removal> {
  const sealing = createSealing(options.sealing, options.random)
  const before = await options.store.list()
  const key = before.find((one) => one.kid === kid)
  if (key === undefined) return { outcome: 'unknown' }
  const isActive = signerAmong(before, key.alg, contextOf(options))?.kid === kid
  if (isActive && active === 'refused') return { outcome: 'is_active' }
  const replacement =
    isActive && opens(key, sealing, options)
      ? await addKey({ alg: key.alg, activation: 'now', instead: key, other: 'goes' }, options, sealing)
      : undefined
  await options.store.remove(kid)
  const keys = await options.store.list()
  return {
    outcome: 'removed',
    key: listed(key, before, options),
    replacement: replacement && listed(replacement, keys, options),
  }
}

function opens(key: StoredKey, sealing: Sealing, { hash }: Management): boolean {
  try {
    openKey(key, sealing, hash)
    return true
  } catch (error) {
    if (error instanceof SigningKeysUnavailable) return false
    throw error
  }
}
