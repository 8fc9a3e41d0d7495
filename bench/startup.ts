/** How long our server takes until it answers, and how much memory it holds when nobody asks. */

import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort, isReady, pidOf, residentMb, start, stop } from './processes.ts'
import { configure } from './product.ts'
import { median } from './statistics.ts'

/** What was measured: milliseconds until the first metadata document, MB resident after a while without requests. */
export type Startup = { readonly readyMs: number; readonly idleMb: number }

/** Starts the server `starts` times on a fresh database; the last one is left idle for a while. */
export async function measureStartup(
  directory: string,
  options: { readonly product: URL; readonly starts: number; readonly idleMs: number },
): Promise<Startup> {
  const times: number[] = []
  let idleMb = 0
  for (let count = 1; count <= options.starts; count += 1) {
    const fresh = mkdtempSync(join(directory, 'start-'))
    const port = await freePort()
    const args = configure(fresh, port)
    const started = performance.now()
    const child = start(options.product, args)
    try {
      await isReady(`http://127.0.0.1:${port}`, child)
      times.push(performance.now() - started)
      if (count === options.starts) {
        await wait(options.idleMs)
        idleMb = residentMb(pidOf(child))
      }
    } finally {
      await stop(child)
      rmSync(fresh, { recursive: true, force: true })
    }
  }
  return { readyMs: median(times), idleMb }
}
