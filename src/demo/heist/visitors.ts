/** What the demo remembers of those who try. */

import { BoundedMap } from '../../node/bounded-map.ts'
import type { Artefact } from './bag.ts'
import type { Keepsake } from './keepsake.ts'

/** How many visitors are remembered; the ones that came first go. A keepsake is some 30 kB, and there is one of each theft. */
const mostVisitors = 24

/** All thefts, one after the other. */
export type Tour = {
  readonly done: Keepsake[]
  state: 'under_way' | 'over'
  /** Settles when there is more to see. */
  changed: PromiseWithResolvers<void>
}

/** One visitor. */
export type Visitor = {
  readonly results: Map<string, Keepsake>
  bag: readonly Artefact[]
  tour: Tour | undefined
}

/** Everybody, by the visitor of their session. */
export class Visitors {
  readonly #visitors = new BoundedMap<string, Visitor>(mostVisitors)

  /** What is known of a visitor, without remembering them for it. */
  look(visitor: string): Visitor {
    return this.#visitors.get(visitor) ?? { results: new Map(), bag: [], tour: undefined }
  }

  /** What is known of a visitor, to be added to. */
  remember(visitor: string): Visitor {
    const known = this.look(visitor)
    this.#visitors.set(visitor, known)
    return known
  }
}

/** A tour at its beginning. */
export function newTour(): Tour {
  return { done: [], state: 'under_way', changed: Promise.withResolvers() }
}

/** Tells whoever follows the tour that there is more. */
export function advance(tour: Tour): void {
  const { resolve } = tour.changed
  tour.changed = Promise.withResolvers()
  resolve()
}
