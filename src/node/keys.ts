/**
 * The signing keys of an issuer: kept in the store, their private parts sealed under the operator's key. A key is
 * published before it signs, and after it stopped signing for as long as anybody has use for what it signed.
 * FAPI 2.0 SP §6.8.
 */

import type { StoredKey } from '../core/flow.ts'
import type { Hash, SigningKeys } from '../core/ports.ts'
import type { SigningAlgorithm } from '../core/profile.ts'
import {
  checkKeySchedule,
  inOrder,
  isPublished,
  type KeyPlan,
  type KeySchedule,
  maySign,
  planKeys,
  standardKeySchedule,
} from './keys/schedule.ts'
import { createSealing, type Sealing } from './keys/sealing.ts'
import { addKey, type KeyOptions, openKey, type OpenedKey } from './keys/stored-key.ts'

export { SigningKeysUnavailable } from './keys/unavailable.ts'

/** Something that was done to a key, by its schedule. */
export type KeyChange = {
  readonly what: 'key_made' | 'key_retired' | 'key_removed'
  readonly kid: string
  readonly alg: SigningAlgorithm
}

/** What opening the keys needs. */
export type SigningKeysOptions = Omit<KeyOptions, 'schedule'> & {
  readonly schedule?: KeySchedule
  /** Takes note of every change that was made by the schedule. */
  readonly onChange?: (change: KeyChange) => Promise<void>
  /** Looks at the store again and again, and changes keys when it is time. Without it that is up to `refresh`. */
  readonly watch?: {
    /** Takes note of a round that failed; the next one tries again. */
    readonly onFailure: (cause: unknown) => void
    readonly intervalMs?: number
  }
}

/** Signing keys that change while they are used. */
export type ChangingSigningKeys = SigningKeys & {
  /**
   * Does now what the schedule asks for, and takes up what other processes did to the store.
   * @throws SigningKeysUnavailable, and whatever the store throws; the keys that can be used are used then
   */
  readonly refresh: () => Promise<void>
  /** Waits for the round that runs. */
  readonly stop: () => Promise<void>
}

/** Well under the time in which every process must have noticed a key. */
const standardIntervalMs = 30_000

/**
 * Opens the keys of the store, making those that are missing. The timer does not keep the process alive.
 * @throws SigningKeysUnavailable, and RangeError for a schedule outside its bounds
 */
export async function openSigningKeys(options: SigningKeysOptions): Promise<ChangingSigningKeys> {
  const { algorithms, clock, schedule = standardKeySchedule, watch } = options
  checkKeySchedule(schedule)
  const sealing = createSealing(options.sealing, options.random)
  let keys: readonly OpenedKey[] = []
  const inUse = (alg: SigningAlgorithm) => {
    if (!algorithms.includes(alg)) return undefined
    const now = clock()
    return keys.findLast(({ stored }) => stored.alg === alg && maySign(stored, now, schedule))
  }
  const signed = new Set<SigningAlgorithm>()
  const take = async () => {
    const stored = await options.store.list()
    const opened = openAll(stored, keys, sealing, options.hash)
    keys = opened.keys
    for (const alg of algorithms) if (inUse(alg) !== undefined) signed.add(alg)
    if (opened.failure !== undefined) throw opened.failure.cause
    return stored
  }
  const round = oneAtATime(async () => {
    const plan = planKeys(await take(), signed, { algorithms, schedule, now: clock() })
    const changes = await carryOut(plan, { ...options, schedule }, sealing)
    if (changes.length > 0) await take()
    for (const change of changes) await options.onChange?.(change)
  })
  await round()
  const timer =
    watch && setInterval(() => void round().catch(watch.onFailure), watch.intervalMs ?? standardIntervalMs).unref()
  return {
    signer: (alg) => inUse(alg)?.signer,
    published: () => {
      const now = clock()
      return keys.filter(({ stored }) => isPublished(stored, now)).map(({ publicKey }) => publicKey)
    },
    refresh: round,
    stop: async () => {
      clearInterval(timer)
      await round.idle()
    },
  }
}

/** Every key that opens, in order, and what kept the first of the others closed. What was open stays so. */
function openAll(stored: readonly StoredKey[], before: readonly OpenedKey[], sealing: Sealing, hash: Hash) {
  const keys: OpenedKey[] = []
  let failure: { readonly cause: unknown } | undefined
  for (const key of stored.toSorted(inOrder)) {
    const known = before.find(
      (one) =>
        one.stored.kid === key.kid &&
        one.stored.alg === key.alg &&
        one.stored.sealedPrivateKey === key.sealedPrivateKey,
    )
    try {
      keys.push(known === undefined ? openKey(key, sealing, hash) : { ...known, stored: key })
    } catch (cause) {
      failure ??= { cause }
    }
  }
  return { keys, failure }
}

/** Changes the store; says what was changed. */
async function carryOut(
  { make, retire, remove }: KeyPlan,
  options: KeyOptions,
  sealing: Sealing,
): Promise<readonly KeyChange[]> {
  const changes: KeyChange[] = []
  for (const wanted of make) {
    const { kid, alg } = await addKey(wanted, options, sealing)
    changes.push({ what: 'key_made', kid, alg })
  }
  for (const { key, publishedUntil } of retire) {
    await options.store.retire(key.kid, publishedUntil)
    changes.push({ what: 'key_retired', kid: key.kid, alg: key.alg })
  }
  for (const { kid, alg } of remove) {
    await options.store.remove(kid)
    changes.push({ what: 'key_removed', kid, alg })
  }
  return changes
}

type Serial = (() => Promise<void>) & { readonly idle: () => Promise<void> }

/** Runs never overlap: whoever asks while one runs gets one that begins afterwards, shared with all who wait. */
function oneAtATime(run: () => Promise<void>): Serial {
  let running: Promise<void> = Promise.resolve()
  let waiting: Promise<void> | undefined
  const settled = () => running.catch(() => undefined)
  const next = () => {
    waiting ??= settled().then(() => {
      waiting = undefined
      running = run()
      return running
    })
    return waiting
  }
  return Object.assign(next, {
    idle: async () => {
      await waiting?.catch(() => undefined)
      await settled()
    },
  })
}
