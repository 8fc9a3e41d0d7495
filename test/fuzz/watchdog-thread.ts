/** The thread of the watchdog. */

import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import type { Watched } from './watchdog.ts'

const { counters, text, patience }: Watched = workerData
const idle = new Int32Array(new SharedArrayBuffer(4))
let seen = Atomics.load(counters, 0)

for (;;) {
  // Nobody ever notifies: this is a sleep.
  Atomics.wait(idle, 0, 0, patience)
  const begun = Atomics.load(counters, 0)
  if (begun === seen && begun > 0) {
    const input = Buffer.from(text.slice(0, Atomics.load(counters, 1))).toString('utf8')
    writeSync(2, `An input took longer than ${patience} ms. ${input}\n`)
    process.kill(process.pid, 'SIGKILL')
  }
  seen = begun
}
