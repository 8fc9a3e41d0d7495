/** Which requirements, attacks and rules the tests cover, from a run of them. `npm run coverage`; see `--help`. */

import { readFileSync } from 'node:fs'
import { rules } from '../src/core/rules.ts'
import { readCatalogue } from './coverage/catalogue.ts'
import { judge } from './coverage/judge.ts'
import { help, parseOptions, UsageError } from './coverage/options.ts'
import { matchingFiles, runTests } from './coverage/run.ts'
import { renderTable } from './coverage/table.ts'

const root = new URL('..', import.meta.url)
const progress = (line: string) => void process.stderr.write(`${line}\n`)

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args)
    if (options === 'help') {
      process.stdout.write(help)
      return 0
    }
    const files = matchingFiles(options.patterns, root)
    if (files.length === 0) throw new UsageError(`no test file matches ${options.patterns.join(' ')}`)
    const catalogue = readCatalogue(root)
    const limitInSeconds = Number(process.env['TEST_LIMIT_SECONDS'] ?? 1800)
    const run = await runTests({ files, root, limitInSeconds, progress })
    const { report, problems } = judge(catalogue, rules, documentedRules(), run)
    for (const problem of problems) progress(`✖ ${problem}`)
    process.stdout.write(options.output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : renderTable(report))
    if (!run.passed) return 1
    const needed = new Set([...catalogue.groups].flatMap(([group, { core }]) => (core ? [group] : [])))
    const missing = catalogue.requirements.filter(
      ({ id, group }) => needed.has(group) && report.requirements.missing.includes(id),
    )
    return options.gaps === 'refused' && missing.length + problems.length > 0 ? 3 : 0
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause
    process.stderr.write(`${cause.message}\n`)
    return 2
  }
}

/** The headings of the refusal index. */
function documentedRules(): ReadonlySet<string> {
  const text = readFileSync(new URL('docs/refusals.md', root), 'utf8')
  return new Set([...text.matchAll(/^### (\w+)$/gm)].map(([, slug = '']) => slug))
}
