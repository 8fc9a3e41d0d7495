/** The command line of `npm run coverage`. */

import { parseArgs } from 'node:util'

export const help = `npm run coverage -- [--json] [--strict] [--only PATTERN]...

Runs the tests and reports which rows of the requirement catalogue, which attacks and which rules they covered. A row
is covered by a passing test that names it in its title, in square brackets, and in which the refusal that the row
demands was seen to come back. Progress is written to standard error.

  --json           the report as JSON
  --strict         exit with 3 when a title is wrong, or a row is missing in a group that the profile needs
  --only PATTERN   these test files only; may stand several times
  --help           this text

  npm run coverage -- --only 'test/flow/as-*.test.ts'
  npm run --silent coverage -- --json > coverage.json

Exit: 0 every test passed; 1 a test failed; 2 the command is wrong; 3 with --strict, something is missing.
The run is given up after TEST_LIMIT_SECONDS, 1800 unless told.
`

/** What was asked for. */
export type Options = {
  readonly output: 'json' | 'table'
  readonly gaps: 'reported' | 'refused'
  readonly patterns: readonly string[]
}

/** Something is wrong with the command itself. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws UsageError */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { json, strict, only, help: isHelp } = parsed(args)
  if (isHelp === true) return 'help'
  return {
    output: json === true ? 'json' : 'table',
    gaps: strict === true ? 'refused' : 'reported',
    patterns: only ?? ['src/**/*.test.ts', 'test/**/*.test.ts'],
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean' },
        strict: { type: 'boolean' },
        only: { type: 'string', multiple: true },
        help: { type: 'boolean' },
      },
    }).values
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause))
  }
}
