/** Plants files in a copy of the project's tool configuration, so that a gate can be seen to fail. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

const configuration = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'biome.json',
  '.oxlintrc.json',
  '.dependency-cruiser.mjs',
  'knip.json',
  '.gitignore',
]

/** A temporary project with our configuration, our packages and the given files. Removed after the test. */
export function plant(t: TestContext, files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-canary-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  for (const file of configuration) copyFileSync(join(root, file), join(directory, file))
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, file)), { recursive: true })
    writeFileSync(join(directory, file), text)
  }
  return directory
}

/** Runs one of the project's tools and returns its exit code and output. */
export const run = (tool: string, args: string[], cwd: string) =>
  runScript(join(root, 'node_modules/.bin', tool), args, cwd)

/** Runs a script with the Node that runs this and returns its exit code and output. */
export function runScript(script: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = process.env) {
  const child = spawnSync(process.execPath, [script, ...args], {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (child.error) throw child.error
  return { status: child.status, stdout: child.stdout, all: child.stdout + child.stderr }
}

/** The distinct second members of the pairs, sorted, by their first. */
export function byFile(pairs: Iterable<readonly [file: string, rule: string]>): Record<string, string[]> {
  const found: Record<string, Set<string>> = {}
  for (const [file, rule] of pairs) (found[file] ??= new Set()).add(rule)
  return Object.fromEntries(Object.entries(found).map(([file, rules]) => [file, [...rules].sort()]))
}
