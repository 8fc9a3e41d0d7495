/** Runs every check that is not a test, all of them even if one fails. `npm run check`. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const checks = [
  { name: 'format', script: 'format:check' },
  { name: 'lint', script: 'lint' },
  { name: 'types', script: 'typecheck' },
  { name: 'structure', script: 'structure' },
  { name: 'unused code', script: 'unused' },
  ...(existsSync('scripts/generate.ts') ? [{ name: 'generated files', script: 'generate:check' }] : []),
]

const failed: string[] = []

for (const { name, script } of checks) {
  const started = performance.now()
  const run = spawnSync('npm', ['run', '--silent', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (run.status === 0) {
    console.log(`✔ ${name} (${seconds} s)`)
    continue
  }
  failed.push(name)
  console.log(`✖ ${name}: npm run ${script}\n\n${run.stdout}${run.stderr}`)
}

if (failed.length > 0) {
  console.log(`✖ ${failed.length} of ${checks.length} checks failed: ${failed.join(', ')}. The tests did not run.`)
  process.exitCode = 1
}
