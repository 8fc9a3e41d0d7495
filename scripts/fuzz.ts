/** Feeds generated inputs to every parser and endpoint. `npm run fuzz`; see `--help`. */

import { parseArgs } from 'node:util'
import { Finding, fuzz, shown, type Tally } from '../test/fuzz/harness.ts'
import type { Target } from '../test/fuzz/target.ts'
import { allTargets, stopTargets } from '../test/fuzz/targets.ts'

const help = `npm run fuzz -- [options]

  --count N     how many inputs in all; 1000000 unless given
  --seed N      what they are drawn from; another one each day unless given
  --only NAME   only targets whose name holds this, without regard to case; may be repeated
  --index N     only the input of this number, of each target: shows one finding again
  --json        the outcome as JSON on the standard output
  --list        the names of the targets

Exit status: 0 nothing found, 1 a finding, 2 wrong usage. An input that takes longer than 20 seconds ends the process
with SIGKILL, after it was printed.
`

const progress = (line: string) => void process.stderr.write(`${line}\n`)

process.exitCode = await main(process.argv.slice(2))
await stopTargets()

async function main(args: readonly string[]): Promise<number> {
  const options = optionsFrom(args)
  if (typeof options === 'string') {
    progress(options)
    return 2
  }
  const { seed, count, index, targets, output } = options
  if (output === 'help' || output === 'list') {
    process.stdout.write(output === 'help' ? help : targets.map(({ name }) => `${name}\n`).join(''))
    return 0
  }
  progress(`seed ${seed}, ${targets.length} targets`)
  const run = { seed, count, progress, ...(index === undefined ? {} : { index }) }
  const outcome = await outcomeOf(targets, run)
  if (outcome.finding === undefined && index === undefined) progress(`nothing found in ${count} inputs`)
  if (output === 'json') process.stdout.write(`${JSON.stringify({ seed, count, ...outcome }, undefined, 2)}\n`)
  return outcome.finding === undefined ? 0 : 1
}

type Outcome = {
  readonly tallies: readonly Tally[]
  readonly finding?: {
    readonly target: string
    readonly index: number
    readonly input: string
    readonly problem: string
  }
}

async function outcomeOf(targets: readonly Target[], run: Parameters<typeof fuzz>[1]): Promise<Outcome> {
  try {
    return { tallies: await fuzz(targets, run) }
  } catch (error) {
    if (!(error instanceof Finding)) throw error
    progress(error.message)
    const { target, index, input, cause } = error
    const problem = cause instanceof Error ? cause.message : String(cause)
    return { tallies: [], finding: { target, index, input: shown(input), problem } }
  }
}

/** What to do, or what is wrong with what was asked. */
function optionsFrom(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        count: { type: 'string' },
        seed: { type: 'string' },
        only: { type: 'string', multiple: true },
        index: { type: 'string' },
        json: { type: 'boolean' },
        list: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    const wanted = (values.only ?? []).map((name) => name.toLowerCase())
    const targets = allTargets.filter(
      ({ name }) => wanted.length === 0 || wanted.some((part) => name.toLowerCase().includes(part)),
    )
    if (targets.length === 0) return 'no target has such a name: see --list'
    return {
      seed: wholeNumber('seed', values.seed) ?? Math.floor(Date.now() / 86_400_000),
      count: wholeNumber('count', values.count) ?? 1_000_000,
      index: wholeNumber('index', values.index),
      targets,
      output: values.help ? 'help' : values.list ? 'list' : values.json ? 'json' : 'text',
    } as const
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text)) throw new RangeError(`--${name} must be a whole number`)
  return Number(text)
}
