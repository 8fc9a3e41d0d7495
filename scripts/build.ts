/** Compiles src into JavaScript and declarations. `npm run build`, or `node scripts/build.ts DIRECTORY`. */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const target = resolve(process.argv[2] ?? `${root}/dist`)

// A file whose source is gone must not be published.
rmSync(target, { recursive: true, force: true })

const compiler = fileURLToPath(import.meta.resolve('typescript/package.json')).replace(/package\.json$/, 'bin/tsc')
const run = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', target], {
  cwd: root,
  stdio: 'inherit',
})
process.exitCode = run.status ?? 1
