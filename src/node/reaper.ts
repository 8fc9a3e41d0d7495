/** Deletes rows whose time is over, a few at a time, so that no request waits long for it. */

import type { Clock, Store } from '../core/ports.ts'

/** What the reaper works with. Times in milliseconds. */
export type ReaperOptions = {
  readonly store: Pick<Store, 'reap'>
  readonly clock: Clock
  /** Takes note of a store that fails; the next round tries again. */
  readonly onFailure: (cause: unknown) => void
  readonly intervalMs?: number
}

/** Rows in one batch, and batches in one round: what is left waits for the next. */
const limits = { batch: 500, batches: 200 } as const

/** Starts rounds that do not keep the process alive. `stop` waits for the one that runs. */
export function startReaper(options: ReaperOptions): { readonly stop: () => Promise<void> } {
  let state: 'idle' | 'running' | 'stopped' = 'idle'
  let round = Promise.resolve()
  const reap = async () => {
    for (let batch = 0; batch < limits.batches && state === 'running'; batch += 1) {
      if ((await options.store.reap(options.clock(), limits.batch)) < limits.batch) return
    }
  }
  const timer = setInterval(() => {
    if (state !== 'idle') return
    state = 'running'
    round = reap()
      .catch(options.onFailure)
      .finally(() => {
        if (state === 'running') state = 'idle'
      })
  }, options.intervalMs ?? 10_000)
  timer.unref()
  return {
    stop: async () => {
      clearInterval(timer)
      state = 'stopped'
      await round
    },
  }
}
