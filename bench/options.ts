/** The command line of the benchmark. */

import { parseArgs } from 'node:util'
import { type Work, works } from './messages.ts'

/** What was asked for. */
export type Options = {
  readonly output: 'json' | 'table'
  readonly rows: readonly Work[]
  readonly seconds: number
  readonly runs: number
}

export const help = `npm run bench -- [options]

Measures what our server costs: time to ready, idle memory, and CPU for each request
beside its peers and beside the least the work can cost, in ES256 verifications.
Ours is built first, into a temporary directory, and run from there as it is published.

  --json           print JSON and nothing else on standard output
  --rows a,b       only these rows (${works.join(', ')})
  --seconds n      how long one window lasts, about (2)
  --runs n         how many windows each contestant gets; the median counts (5)
  --help           this text

  npm run --silent bench -- --json
  npm run bench -- --rows par --seconds 1 --runs 3
`

/** The command line cannot be understood. One line for the operator. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * Reads the arguments.
 * @throws UsageError
 */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args)
  if (values.help === true) return 'help'
  return {
    output: values.json === true ? 'json' : 'table',
    rows: values.rows === undefined ? works : parseRows(values.rows),
    seconds: positive('--seconds', values.seconds ?? '2'),
    runs: Math.ceil(positive('--runs', values.runs ?? '5')),
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean' },
        rows: { type: 'string' },
        seconds: { type: 'string' },
        runs: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function parseRows(text: string): readonly Work[] {
  return text.split(',').map((name) => {
    const work = works.find((known) => known === name)
    if (work === undefined) throw new UsageError(`there is no row "${name}": ${works.join(', ')}`)
    return work
  })
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 1000)) throw new UsageError(`${name} wants a number above 0`)
  return value
}
