/** Work in the background, in bounded lanes. */

/** Work that waits its turn. It never rejects. */
type Work = { readonly lane: string; readonly run: () => Promise<void> }

/** Works through what it is given, some of it at once; each lane has few turns, so that a slow one holds up no other. */
export type Lanes = {
  /** `full` when too much waits already, over all or for this lane: nothing was taken. */
  readonly add: (lane: string, run: () => Promise<void>) => 'taken' | 'full'
}

/** How much is done at once, over all and for one lane, and how much may wait. */
type Bounds = {
  readonly running: number
  readonly perLane: number
  readonly waiting: number
  readonly waitingPerLane: number
}

/** Fewer run than an egress gate lets out at once, so that none is turned away there as `busy`. */
const bounds: Bounds = { running: 12, perLane: 2, waiting: 1000, waitingPerLane: 200 }

/** Lanes with nothing in them. */
export function createLanes({ running: most, perLane, waiting: mostWaiting, waitingPerLane } = bounds): Lanes {
  const waiting: Work[] = []
  const running = new Map<string, number>()
  let total = 0

  const turnOf = (lane: string) => running.get(lane) ?? 0
  const next = () => {
    if (total >= most) return undefined
    const index = waiting.findIndex(({ lane }) => turnOf(lane) < perLane)
    return index === -1 ? undefined : waiting.splice(index, 1)[0]
  }
  const begin = async ({ lane, run }: Work) => {
    total += 1
    running.set(lane, turnOf(lane) + 1)
    try {
      await run()
    } finally {
      total -= 1
      const left = turnOf(lane) - 1
      if (left === 0) running.delete(lane)
      else running.set(lane, left)
      proceed()
    }
  }
  const proceed = () => {
    for (let work = next(); work !== undefined; work = next()) void begin(work)
  }
  return {
    add: (lane, run) => {
      // A slow lane must not take the places of the others either.
      const ofLane = waiting.filter((work) => work.lane === lane).length
      if (waiting.length >= mostWaiting || ofLane >= waitingPerLane) return 'full'
      waiting.push({ lane, run })
      proceed()
      return 'taken'
    },
  }
}
