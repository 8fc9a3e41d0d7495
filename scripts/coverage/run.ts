/** Runs test files, and collects how each test ended and what it saw. */

import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { run } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isJsonObject } from '../../src/core/names.ts'
import type { Observation } from '../../test/observations.ts'
import type { RanTest, Run } from './judge.ts'

/** What came of a run, and whether every test passed. */
export type Outcome = Run & { readonly passed: boolean }

/** The files that the patterns match, in order. */
export function matchingFiles(patterns: readonly string[], root: URL): readonly string[] {
  const cwd = fileURLToPath(root)
  const found = patterns.flatMap((pattern) => globSync(pattern, { cwd }).map((file) => resolve(cwd, file)))
  return [...new Set(found)].toSorted()
}

/** What a run needs. */
export type Task = {
  readonly files: readonly string[]
  readonly root: URL
  /** The whole run is given up after so many seconds, as in `scripts/test.ts`. */
  readonly limitInSeconds: number
  readonly progress: (line: string) => void
}

const observer = new URL('../../test/observations.ts', import.meta.url).href

/** Runs the files, two at a time, each in a process of its own. */
export async function runTests({ files, root, limitInSeconds, progress }: Task): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-observations-'))
  // The processes of the tests inherit it.
  process.env['STRONGROOM_OBSERVATIONS'] = directory
  try {
    const tests = await collect({ files, root, limitInSeconds, progress })
    const passed = tests.every(({ outcome }) => outcome !== 'failed')
    return { tests, passed, observations: readObservations(directory) }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function collect({ files, root, limitInSeconds, progress }: Task): Promise<readonly RanTest[]> {
  const cwd = fileURLToPath(root)
  const tests: RanTest[] = []
  const titles: string[] = []
  const started = performance.now()
  const done = new Set<string>()
  const limit = AbortSignal.timeout(limitInSeconds * 1000)
  const stream = run({
    files: [...files],
    // Before the test file, so that the variable reaches nothing that a test starts.
    execArgv: ['--import', observer],
    concurrency: 2,
    isolation: 'process',
    timeout: 120_000,
    signal: limit,
  })
  const short = (file: string | undefined) => relative(cwd, file ?? '')
  const end = (data: Ended, outcome: RanTest['outcome']) => {
    const path = [...titles.slice(0, data.nesting), data.name]
    tests.push({ path, file: short(data.file), outcome })
  }
  stream.on('test:start', ({ name, nesting }) => {
    titles.length = nesting
    titles.push(name)
  })
  stream.on('test:pass', (data) => end(data, isSetAside(data) ? 'skipped' : 'passed'))
  stream.on('test:fail', (data) => {
    end(data, data.todo === undefined ? 'failed' : 'skipped')
    if (data.todo === undefined) progress(`✖ ${short(data.file)}: ${data.name}\n  ${reasonOf(data.details.error)}`)
  })
  stream.on('test:summary', ({ file, counts }) => {
    if (file === undefined || done.has(file)) return
    done.add(file)
    const seconds = Math.round((performance.now() - started) / 1000)
    progress(`${done.size}/${files.length} ${short(file)}: ${counts.passed} of ${counts.tests} passed (${seconds} s)`)
  })
  return new Promise((fulfil, reject) => {
    stream.on('error', reject)
    stream.on('end', () => fulfil(tests))
    stream.resume()
  })
}

type Ended = {
  readonly name: string
  readonly nesting: number
  readonly file?: string | undefined
  readonly skip?: string | boolean | undefined
  readonly todo?: string | boolean | undefined
}

function isSetAside({ skip, todo }: Ended): boolean {
  return skip !== undefined || todo !== undefined
}

function reasonOf({ message, cause }: Error): string {
  const text = cause instanceof Error ? cause.message : message
  return text.split('\n').slice(0, 5).join('\n  ')
}

function readObservations(directory: string): readonly Observation[] {
  const texts = readdirSync(directory).map((file) => readFileSync(join(directory, file), 'utf8'))
  const lines = texts.flatMap((text) => text.split('\n').filter((line) => line !== ''))
  return lines.map((line) => parseObservation(JSON.parse(line)))
}

function parseObservation(line: unknown): Observation {
  if (!isJsonObject(line)) throw new RangeError('an observation is no object')
  const { test, kind, row, what, rule, error, status, step } = line
  if (typeof test !== 'string') throw new RangeError('an observation names no test')
  if (kind === 'row' && typeof row === 'string' && typeof what === 'string') return { test, kind, row, what }
  if (kind === 'vector' && typeof rule === 'string') return { test, kind, rule }
  if (kind !== 'refusal' || typeof error !== 'string' || typeof status !== 'number') {
    throw new RangeError(`an observation of ${test} is malformed`)
  }
  return { test, kind, rule: textOrNothing(rule), error, status, step: textOrNothing(step) }
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
