/** Reads the trail and holds every event against the one before. */

import { type ChainHead, genesis, verifyChain } from '../../core/event-chain.ts'
import type { SecurityEvent } from '../../core/events.ts'
import type { EventStore, Hash } from '../../core/ports.ts'
import { CorruptRecord } from '../../stores/errors.ts'

/** The trail to read: which events there are, by sequence number. */
export type ReadableTrail = Pick<EventStore, 'list' | 'newest'>

/** Up to which event it was read, and the first that is missing, changed or out of order. */
export type TrailVerdict = { readonly newest: number; readonly brokenAt: number | undefined }

const page = 200

/**
 * Walks the whole trail, or its last `tail` events, whose first one has to be believed then.
 * @throws what the store throws when it cannot be read
 */
export async function checkTrail(
  store: ReadableTrail,
  { hash, tail }: { readonly hash: Hash; readonly tail: number | 'all' },
): Promise<TrailVerdict> {
  const newest = await store.newest()
  const skipped = tail === 'all' ? 0 : Math.max(0, newest - tail)
  let head: ChainHead = genesis
  if (skipped > 0) {
    const [believed] = await readable(store, skipped - 1, 1)
    if (believed?.seq !== skipped) return { newest, brokenAt: skipped }
    head = believed
  }
  while (head.seq < newest) {
    const events = await readable(store, head.seq, Math.min(page, newest - head.seq))
    const last = events.at(-1)
    const brokenAt = verifyChain(head, events, hash) ?? (last === undefined ? head.seq + 1 : undefined)
    if (brokenAt !== undefined || last === undefined) return { newest, brokenAt }
    head = last
  }
  return { newest, brokenAt: undefined }
}

/** The events after one, up to the first that cannot even be read. */
async function readable(store: ReadableTrail, after: number, limit: number): Promise<readonly SecurityEvent[]> {
  try {
    return await store.list(after, limit)
  } catch (cause) {
    if (!(cause instanceof CorruptRecord)) throw cause
    return limit === 1 ? [] : readable(store, after, Math.floor(limit / 2))
  }
}
