/** A bounded number of things at once, and a bounded queue for the rest. */

/** Returned when neither a slot nor a place in the queue is free, or none came free in time. */
type Taken = { readonly release: () => void } | 'busy'

/** Waits for a slot until `signal` aborts. Who got one gives it back, once. */
export type TakeSlot = (signal: AbortSignal) => Promise<Taken>

/**
 * Slots for `running` at once and places for `waiting` more, served in their order.
 * @throws RangeError when there is no slot, or a bound is not a whole number
 */
export function createSlots({ running, waiting }: { readonly running: number; readonly waiting: number }): TakeSlot {
  if (!Number.isSafeInteger(running) || running < 1 || !Number.isSafeInteger(waiting) || waiting < 0) {
    throw new RangeError('slots need whole bounds and room for one')
  }
  let taken = 0
  const queue = new Set<() => void>()

  const take = (): Taken => {
    taken += 1
    let isReleased = false
    return {
      release: () => {
        if (isReleased) return
        isReleased = true
        taken -= 1
        for (const next of queue) {
          next()
          return
        }
      },
    }
  }

  return async (signal) => {
    if (signal.aborted) return 'busy'
    if (taken < running) return take()
    if (queue.size >= waiting) return 'busy'
    return new Promise((resolve) => {
      const giveUp = () => {
        queue.delete(proceed)
        resolve('busy')
      }
      const proceed = () => {
        queue.delete(proceed)
        signal.removeEventListener('abort', giveUp)
        resolve(take())
      }
      queue.add(proceed)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }
}
