/** Ends the process when one input takes too long: a parser that hangs gives nobody else a turn. */

import { Worker } from 'node:worker_threads'
import { inspect } from 'node:util'

/** Watches the input that is being fed. */
export type Watchdog = {
  readonly watch: (what: string, input: unknown) => void
  readonly stop: () => Promise<void>
}

/** How much of an input is told of. */
const mostBytes = 65_536

/** What the thread and this one share: how many inputs were begun, and how the last one reads. */
export type Watched = { readonly counters: Int32Array; readonly text: Uint8Array; readonly patience: number }

/** Starts to watch; an input that takes longer than `patience` milliseconds ends the process with SIGKILL. */
export function startWatchdog(patience: number): Watchdog {
  const counters = new Int32Array(new SharedArrayBuffer(8))
  const text = new Uint8Array(new SharedArrayBuffer(mostBytes))
  const watched: Watched = { counters, text, patience }
  const thread = new Worker(new URL('./watchdog-thread.ts', import.meta.url), { workerData: watched, execArgv: [] })
  const encoder = new TextEncoder()
  return {
    watch: (what, input) => {
      const written = encoder.encode(`${what}\n${readable(input)}`).subarray(0, mostBytes)
      text.set(written)
      Atomics.store(counters, 1, written.length)
      Atomics.add(counters, 0, 1)
    },
    stop: async () => {
      await thread.terminate()
    },
  }
}

function readable(input: unknown): string {
  return typeof input === 'string' ? JSON.stringify(input) : inspect(input, { depth: 4, breakLength: Infinity })
}
