/** Where the tokens of sessions are kept, so that they outlive a renewal and, if the application wants it, a restart. */

import type { Secret } from '../core/names.ts'

/**
 * The place for the tokens of sessions that can be renewed. What is kept is one text for each session, which holds its
 * tokens: seal it where it is stored, and never log it.
 */
export type TokenVault = {
  /** What is kept under this id, if anything is. */
  readonly load: (id: string) => Promise<Secret | undefined>
  /**
   * In one step, and only while `previous` is what is there (undefined: nothing is): puts `next` in its place, or removes
   * it. It is durable when this resolves. `superseded` when something else was there; nothing changed then.
   */
  readonly replace: (
    id: string,
    previous: Secret | undefined,
    next: Secret | undefined,
  ) => Promise<'replaced' | 'superseded'>
}

/** How many sessions a vault in memory holds. */
const standardSize = 10_000

/** A vault of this process: a restart empties it. When it is full, the session that was renewed longest ago goes. */
export function memoryVault({ most = standardSize }: { readonly most?: number } = {}): TokenVault {
  const kept = new Map<string, Secret>()
  return {
    load: async (id) => kept.get(id),
    replace: async (id, previous, next) => {
      if (kept.get(id)?.reveal() !== previous?.reveal()) return 'superseded'
      kept.delete(id)
      if (next !== undefined) kept.set(id, next)
      const [oldest] = kept.keys()
      if (kept.size > most && oldest !== undefined) kept.delete(oldest)
      return 'replaced'
    },
  }
}
