/** Notices when the clock of the machine jumps: everything here that expires rests on it. FAPI 2.0 SP §5.3.2.1-13. */

/** What the watch works with. Times in milliseconds. */
export type ClockWatchOptions = {
  /** The time of day. */
  readonly wall: () => number
  /** Time since some instant, which nobody can set. */
  readonly steady: () => number
  /** The clock moved by so many seconds beside the time that passed; negative when it was set back. */
  readonly onJump: (seconds: number) => void
  readonly intervalMs?: number
}

/** How far the clock may move within one interval: what keeps it right slews it by far less. */
const tolerated = 5000

/** One look at the clocks after the other; each jump is told once. */
export function createClockWatch({ wall, steady, onJump }: ClockWatchOptions): () => void {
  let before = wall() - steady()
  return () => {
    const offset = wall() - steady()
    const moved = offset - before
    before = offset
    if (Math.abs(moved) > tolerated) onJump(Math.round(moved / 1000))
  }
}

/** Looks regularly, without keeping the process alive. */
export function startClockWatch(options: ClockWatchOptions): { readonly stop: () => Promise<void> } {
  const look = createClockWatch(options)
  const timer = setInterval(look, options.intervalMs ?? 1000)
  timer.unref()
  return {
    stop: () => {
      clearInterval(timer)
      return Promise.resolve()
    },
  }
}
