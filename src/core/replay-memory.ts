/** Memory of used proofs inside one process. RFC 9449 §11.1. */

import type { NumericDate } from './names.ts'
import { StateUnavailable } from './oauth-error.ts'
import type { Clock, Once, ReplayMemory } from './ports.ts'

/** Entries that expire within the same span are forgotten together, at its end. In seconds. */
const span = 10

/** Up to how many proofs at once: about 2,000 requests a second, in some 40 MB. */
const standardSize = 200_000

/** What a replay memory is made with. */
export type ReplayMemoryOptions = {
  readonly clock: Clock
  /** The oldest artefact it vouches for; the time of creation unless given. */
  readonly epoch?: NumericDate
  /** How many entries it holds at most. */
  readonly most?: number
}

/**
 * A replay memory for one node.
 *
 * Nothing is forgotten before it expires: a full memory refuses what is new. What had expired before it came is refused,
 * and a clock that steps back finds the memory closed until the time it had reached, because what expired until then was
 * forgotten.
 *
 * A restart empties it. That is safe where nonces are made under a key of the process (`createMac()`): a proof from
 * before the restart carries a nonce this process never gave. Several nodes behind one address need a shared memory.
 * @throws RangeError when `most` is not a positive whole number
 */
export function createReplayMemory({ clock, epoch = clock(), most = standardSize }: ReplayMemoryOptions): ReplayMemory {
  if (!Number.isSafeInteger(most) || most < 1) throw new RangeError('a replay memory needs room for one entry')
  /** Every name with the last instant at which it counts. */
  const seen = new Map<string, number>()
  const bySpan = new Map<number, string[]>()
  let sweptAt = 0
  let forgottenUntil = 0

  const forget = () => {
    const current = Math.floor(clock() / span)
    if (current === sweptAt) return
    for (const [expiry, names] of bySpan) {
      if (expiry >= current) continue
      for (const name of names) if ((seen.get(name) ?? 0) < current * span) seen.delete(name)
      bySpan.delete(expiry)
      // Up to what was really forgotten, not up to now: a clock that was wrong for a while must not close it for long.
      forgottenUntil = Math.max(forgottenUntil, (expiry + 1) * span)
    }
    sweptAt = current
  }
  const remember = (entry: Once, name: string) => {
    const expiry = Math.floor(entry.expiresAt / span)
    const names = bySpan.get(expiry)
    if (names === undefined) bySpan.set(expiry, [name])
    else names.push(name)
    seen.set(name, entry.expiresAt)
  }

  // One synchronous step: nothing can come between looking and remembering.
  const spend = (entries: readonly Once[]) => {
    forget()
    const now = clock()
    if (entries.some(({ expiresAt }) => expiresAt < now || expiresAt < forgottenUntil)) {
      throw new StateUnavailable('a credential came after the time in which it could be remembered')
    }
    const names = entries.map(nameOf)
    const known = entries.find((_, index) => {
      const name = names[index] ?? ''
      return (seen.get(name) ?? -1) >= now || names.indexOf(name) < index
    })
    if (known !== undefined) return { seen: known }
    if (seen.size + entries.length > most) throw new StateUnavailable('the replay memory is full')
    entries.forEach((entry, index) => remember(entry, names[index] ?? ''))
    return { spent: true } as const
  }
  return { epoch: () => epoch, spendOnce: async (entries) => spend(entries) }
}

function nameOf({ purpose, owner, name }: Once): string {
  return `${purpose} ${name} ${owner}`
}
