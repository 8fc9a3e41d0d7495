/** When signing keys are made, used, published and forgotten. What is stored and the time decide alone. */

import type { StoredKey } from '../../core/flow.ts'
import { after, keysOf, type NumericDate, type Seconds, seconds } from '../../core/names.ts'
import { lifetimeBounds, profile, type SigningAlgorithm } from '../../core/profile.ts'

/** What an operator may set, in seconds, and how far. */
export const keyScheduleBounds = {
  /** How long a key signs before the next one takes its place. */
  rotateEvery: { standard: 2_592_000, least: 3600, most: 31_536_000, clause: 'FAPI 2.0 SP §6.8-1' },
  /**
   * How long a key is published before it signs: at least the 300 s for which anybody may keep the key set, and the
   * time in which every process reads the store again.
   */
  publishAhead: { standard: 3600, least: 360, most: 604_800, clause: 'FAPI 2.0 SP §6.8-1' },
} as const

/** How often keys change, and how long what they signed is of use. */
export type KeySchedule = {
  readonly rotateEvery: Seconds
  readonly publishAhead: Seconds
  /** For how long something may be verified that was signed a moment ago. */
  readonly longestUse: Seconds
}

/**
 * The longest use of anything that is signed. By the ceilings of the profile, not by what is configured now: a key may
 * have signed under a longer lifetime before a restart. An ID token is a hint at sign-out as long as the session lasts.
 * OIDC RP-Initiated Logout §2.
 */
const longestUse = seconds(
  Math.max(lifetimeBounds.accessToken.most, lifetimeBounds.idToken.most, lifetimeBounds.session.most) +
    profile.clockSkewAhead,
)

/** The schedule when nothing is configured. */
export const standardKeySchedule: KeySchedule = keySchedule({
  rotateEvery: keyScheduleBounds.rotateEvery.standard,
  publishAhead: keyScheduleBounds.publishAhead.standard,
})

/** A schedule for everything this server signs. */
export function keySchedule(spans: { readonly rotateEvery: number; readonly publishAhead: number }): KeySchedule {
  return { rotateEvery: seconds(spans.rotateEvery), publishAhead: seconds(spans.publishAhead), longestUse }
}

/**
 * Refuses a schedule outside its bounds, whoever configured it and however.
 * @throws RangeError
 */
export function checkKeySchedule(schedule: KeySchedule): void {
  for (const name of keysOf(keyScheduleBounds)) {
    const { least, most } = keyScheduleBounds[name]
    if (schedule[name] >= least && schedule[name] <= most) continue
    throw new RangeError(`${name} of signing keys must be ${least} to ${most} seconds, not ${schedule[name]}`)
  }
  if (schedule.publishAhead > schedule.rotateEvery) throw new RangeError('publishAhead must not exceed rotateEvery')
}

/** How long a process may go on signing with a key after another process made a newer one active. */
const noticedWithin = seconds(60)

/** How long a key stays in the store after it was last published: a clock that jumps ahead for a while destroys none. */
const keptFor = seconds(86_400)

/** The order in which keys take each other's place, the same in every process. */
export function inOrder(one: StoredKey, other: StoredKey): number {
  return one.activeFrom - other.activeFrom || one.createdAt - other.createdAt || (one.kid < other.kid ? -1 : 1)
}

export function isPublished({ publishedUntil }: StoredKey, now: NumericDate): boolean {
  return publishedUntil === undefined || now < publishedUntil
}

/** Whether a key may sign: its time has come, and it stays published as long as anybody has use for the signature. */
export function maySign(key: StoredKey, now: NumericDate, schedule: KeySchedule): boolean {
  if (key.activeFrom > now) return false
  return key.publishedUntil === undefined || after(now, schedule.longestUse) <= key.publishedUntil
}

/** What keys are judged by. */
export type KeyContext = {
  readonly algorithms: readonly SigningAlgorithm[]
  readonly schedule: KeySchedule
  readonly now: NumericDate
}

/** What signs now, of the keys given. */
export function signerAmong(
  keys: readonly StoredKey[],
  alg: SigningAlgorithm,
  { algorithms, schedule, now }: KeyContext,
): StoredKey | undefined {
  if (!algorithms.includes(alg)) return undefined
  return keys
    .filter((key) => key.alg === alg && maySign(key, now, schedule))
    .toSorted(inOrder)
    .at(-1)
}

/** The key that is published and not used yet. */
export function nextAmong(
  keys: readonly StoredKey[],
  alg: SigningAlgorithm,
  { algorithms, now }: KeyContext,
): StoredKey | undefined {
  if (!algorithms.includes(alg)) return undefined
  return keys.find((key) => key.alg === alg && key.activeFrom > now && key.publishedUntil === undefined)
}

/** Where a key stands in its life. */
export type KeyState = 'next' | 'active' | 'retiring' | 'retired'

/** The state of one of the keys. */
export function stateOf(key: StoredKey, keys: readonly StoredKey[], context: KeyContext): KeyState {
  if (!isPublished(key, context.now)) return 'retired'
  if (signerAmong(keys, key.alg, context)?.kid === key.kid) return 'active'
  const isWanted = key.publishedUntil === undefined && context.algorithms.includes(key.alg)
  return isWanted && key.activeFrom > context.now ? 'next' : 'retiring'
}

/** When a key that is made begins to sign. */
export type Activation = 'now' | 'ahead'

/** What has to happen to the keys. */
export type KeyPlan = {
  readonly make: readonly { readonly alg: SigningAlgorithm; readonly activation: Activation }[]
  readonly retire: readonly { readonly key: StoredKey; readonly publishedUntil: NumericDate }[]
  readonly remove: readonly StoredKey[]
}

/**
 * What has to happen now; nothing, when it happened already. `signed` are the algorithms this process has signed
 * with: one of them that lost its key gets another at once.
 */
export function planKeys(
  keys: readonly StoredKey[],
  signed: ReadonlySet<SigningAlgorithm>,
  context: KeyContext,
): KeyPlan {
  return {
    make: context.algorithms.flatMap((alg) => {
      const activation = missing(keys, alg, signed, context)
      return activation === undefined ? [] : [{ alg, activation }]
    }),
    retire: keys.flatMap((key) => {
      const publishedUntil = retirement(key, keys, context)
      return publishedUntil === undefined ? [] : [{ key, publishedUntil }]
    }),
    remove: keys.filter((key) => key.publishedUntil !== undefined && context.now >= after(key.publishedUntil, keptFor)),
  }
}

function missing(
  keys: readonly StoredKey[],
  alg: SigningAlgorithm,
  signed: ReadonlySet<SigningAlgorithm>,
  context: KeyContext,
): Activation | undefined {
  const { algorithms, schedule, now } = context
  const signer = signerAmong(keys, alg, context)
  const next = nextAmong(keys, alg, context)
  if (signer !== undefined) {
    const isDue = now >= signer.activeFrom + schedule.rotateEvery - schedule.publishAhead
    return isDue && next === undefined ? 'ahead' : undefined
  }
  // An algorithm that joins others waits like any new key: nobody could know its first one.
  const joins = !signed.has(alg) && algorithms.some((other) => signerAmong(keys, other, context) !== undefined)
  if (!joins) return 'now'
  return next === undefined ? 'ahead' : undefined
}

/** Until when a key is published from now on, when it has just become one that nothing new is signed with. */
function retirement(key: StoredKey, keys: readonly StoredKey[], context: KeyContext): NumericDate | undefined {
  const { algorithms, schedule, now } = context
  const use = seconds(schedule.longestUse + noticedWithin)
  if (key.publishedUntil !== undefined) return undefined
  if (!algorithms.includes(key.alg)) return after(now, use)
  const successor = keys
    .filter((other) => other.alg === key.alg && other.activeFrom <= now && inOrder(key, other) < 0)
    .toSorted(inOrder)[0]
  return successor === undefined ? undefined : after(successor.activeFrom, use)
}
