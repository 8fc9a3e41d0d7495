/** Feeds generated inputs to targets, and says of the first one that did harm how to feed it again. */

import { inspect } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { drawFor } from './draw.ts'
import type { Target } from './target.ts'
import { startWatchdog, type Watchdog } from './watchdog.ts'

/** What to run. */
export type Run = {
  readonly seed: number
  /** How many inputs in all; each target gets its share. */
  readonly count: number
  /** Only the case of this number, of every target. */
  readonly index?: number
  /** How long one input may take before the process ends, in milliseconds. */
  readonly patience?: number
  readonly progress?: (line: string) => void
}

/** What one target made of its inputs. */
export type Tally = {
  readonly target: string
  readonly inputs: number
  readonly taken: number
  readonly refused: number
}

/** An input that did what no input may do. */
export class Finding extends Error {
  override readonly name = 'Finding'
  readonly target: string
  readonly seed: number
  readonly index: number
  readonly input: unknown

  constructor(about: { target: string; seed: number; index: number; input: unknown; cause: unknown }) {
    const { target, seed, index, input, cause } = about
    const again = `npm run fuzz -- --seed ${seed} --only ${JSON.stringify(target)} --index ${index}`
    const what = cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause)
    super(`${target}, seed ${seed}, case ${index}\n  input: ${shown(input)}\n  again: ${again}\n  ${what}`, { cause })
    this.target = target
    this.seed = seed
    this.index = index
    this.input = input
  }
}

/** An input as it can be read. */
export function shown(input: unknown): string {
  const text = inspect(input, { depth: 8, maxStringLength: 4000, maxArrayLength: 400, breakLength: 120 })
  return text.length > 8000 ? `${text.slice(0, 8000)}…` : text
}

/** How much more may be held on to at the end than after a fifth of the run. */
const mostGrowth = 48 * 1024 * 1024

const standardPatience = 20_000

/**
 * Runs the targets one after the other.
 * @throws Finding
 */
export async function fuzz(targets: readonly Target[], run: Run): Promise<readonly Tally[]> {
  const watchdog = startWatchdog(run.patience ?? standardPatience)
  try {
    const tallies: Tally[] = []
    for (const target of targets) {
      const tally = await fuzzOne(target, shareOf(target, targets, run.count), run, watchdog)
      run.progress?.(`${tally.target}: ${tally.inputs} inputs, ${tally.taken} taken`)
      tallies.push(tally)
    }
    return tallies
  } finally {
    await watchdog.stop()
  }
}

function shareOf({ weight }: Target, all: readonly Target[], count: number): number {
  const whole = all.reduce((sum, one) => sum + one.weight, 0)
  return Math.max(1, Math.round((count * weight) / whole))
}

async function fuzzOne(target: Target, inputs: number, run: Run, watchdog: Watchdog): Promise<Tally> {
  const fates = { taken: 0, refused: 0 }
  const first = run.index ?? 0
  const end = run.index === undefined ? inputs : run.index + 1
  const warm = first + Math.floor((end - first) / 5)
  let held: number | undefined
  for (let index = first; index < end; index += 1) {
    // What is built up in the beginning stays; only a long run tells growth from that.
    if (index === warm && end - first >= 1000) held = heldBytes()
    fates[await feedOne(target, run.seed, index, watchdog)] += 1
  }
  if (held !== undefined) checkGrowth(heldBytes() - held, target, run.seed, end)
  return { target: target.name, inputs: end - first, ...fates }
}

async function feedOne(target: Target, seed: number, index: number, watchdog: Watchdog) {
  let input: unknown
  try {
    const prepared = await target.prepare(drawFor(seed, target.name, index))
    input = prepared.input
    watchdog.watch(`${target.name}, seed ${seed}, case ${index}`, input)
    return await prepared.feed()
  } catch (cause) {
    throw new Finding({ target: target.name, seed, index, input, cause })
  }
}

function checkGrowth(grown: number, { name }: Target, seed: number, index: number): void {
  if (grown <= mostGrowth) return
  const cause = new Error(`${grown} more bytes are held on to than before: something is never forgotten`)
  throw new Finding({ target: name, seed, index, input: 'all inputs so far', cause })
}

setFlagsFromString('--expose-gc')
const collectGarbage: unknown = runInNewContext('gc')

/** What is left in the heap when nothing more can be given back. */
function heldBytes(): number {
  if (typeof collectGarbage === 'function') collectGarbage()
  return process.memoryUsage().heapUsed
}
