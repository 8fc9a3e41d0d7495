/** `npm run bench`: see docs in options.ts, and what is measured in each file beside this one. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeActors } from './actors.ts'
import { startServer } from './contestants.ts'
import { help, type Options, parseOptions, UsageError } from './options.ts'
import { buildProduct } from './product.ts'
import { failuresOf, type Report, renderTable } from './report.ts'
import { measureRows } from './rows.ts'
import { measureStartup } from './startup.ts'
import { median, rounded } from './statistics.ts'
import { measureUnit } from './unit.ts'

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args)
    if (options === 'help') {
      process.stdout.write(help)
      return 0
    }
    const report = await measure(options)
    process.stdout.write(options.output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : renderTable(report))
    const failures = failuresOf(report.rows)
    for (const line of failures) process.stderr.write(`${line}\n`)
    return failures.length === 0 ? 0 : 1
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause
    process.stderr.write(`${cause.message}\n`)
    return 2
  }
}

async function measure({ rows: works, seconds, runs }: Options): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-bench-'))
  // Children end by themselves when this process is gone.
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const progress = (line: string) => void process.stderr.write(`${line}\n`)
  const actors = join(directory, 'actors.json')
  writeActors(actors)
  const product = buildProduct(directory)
  // A unit that is measured cold is too long.
  measureUnit()
  const units = [measureUnit()]
  const idleMs = Math.min(3000, seconds * 1500)
  const { readyMs, idleMb } = await measureStartup(directory, { product, starts: Math.min(5, runs), idleMs })
  progress(`ready after ${Math.round(readyMs)} ms, idle at ${idleMb.toFixed(1)} MB`)
  const rows = await measureRows(works, { directory, actors, product, seconds, runs, startServer, progress }, units)
  return {
    readyMs: Math.round(readyMs),
    idleMb: rounded(idleMb, 1),
    verifyUs: rounded(median(units), 1),
    rows,
  }
}
