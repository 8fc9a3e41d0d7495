/**
 * What the owner of the database knows of the names it recorded: `no` is certain, `perhaps` has to be looked up. Most
 * names are new, and for those the look into the database is saved. The database alone decides what is recorded.
 */

import type { NumericDate, Sha256 } from '../../core/names.ts'
import { bucketOf, bucketSeconds, liveBuckets } from './schema.ts'

/** Names that were recorded, forgetful in one direction only. */
export type SpentNames = {
  /** Whether a live entry of this name can exist. */
  readonly has: (name: Sha256, now: NumericDate) => 'no' | 'perhaps'
  /** Takes note of a name that is about to be recorded; that it was recorded in the end is not needed. */
  readonly note: (name: Sha256, now: NumericDate) => void
}

/** Where others write as well, every name has to be looked up. */
export const anySpentNames: SpentNames = { has: () => 'perhaps', note: () => {} }

/** No entry outlives this, in seconds. */
const span = liveBuckets * bucketSeconds
/** A megabyte: with a million names in it, three in a hundred are looked up in vain. */
const filterBits = 2 ** 23

/**
 * Two Bloom filters, of the current span and of the one before: together they cover every live entry noted here.
 *
 * `lastBucket` is the last one in which the database held an entry at the beginning: until it is over, `perhaps`. So it
 * is as long as the clock stands behind the latest time it had, for which older names were forgotten.
 */
export function createSpentNames(lastBucket: number): SpentNames {
  let current = new Uint8Array(filterBits / 8)
  let before = new Uint8Array(filterBits / 8)
  let latest = 0
  const advance = (now: NumericDate) => {
    const spans = Math.floor(now / span) - Math.floor(latest / span)
    latest = Math.max(latest, now)
    if (spans < 1) return
    const older = before
    before = current
    current = older.fill(0)
    if (spans > 1) before.fill(0)
  }
  return {
    has: (name, now) => {
      advance(now)
      if (now < latest || bucketOf(now) <= lastBucket) return 'perhaps'
      const bits = bitsOf(name)
      return holds(current, bits) || holds(before, bits) ? 'perhaps' : 'no'
    },
    note: (name, now) => {
      advance(now)
      for (const bit of bitsOf(name)) current[bit >>> 3] = (current[bit >>> 3] ?? 0) | (1 << (bit & 7))
    },
  }
}

function holds(filter: Uint8Array, bits: readonly number[]): boolean {
  return bits.every((bit) => ((filter[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0)
}

/** Four bits for a name, from its two halves. A name is a digest already: it only has to be spread. */
function bitsOf(name: Sha256): readonly number[] {
  const start = spread(name, 0, 21)
  const step = spread(name, 21, name.length) | 1
  return [0, 1, 2, 3].map((times) => (start + Math.imul(times, step)) & (filterBits - 1))
}

/** FNV-1a. */
function spread(text: string, from: number, to: number): number {
  let value = 0x811c9dc5
  for (let index = from; index < to; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return value
}
