/** The package as its users get it: packed, installed elsewhere, used on the newest and on the oldest Node it promises. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

const root = fileURLToPath(new URL('../..', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'strongroom-package-'))
const stage = join(work, 'stage')
const user = join(work, 'user')
const installed = join(user, 'node_modules/strongroom')

interface Manifest {
  name: string
  version: string
  files: string[]
  exports: Record<string, unknown>
  bin: { strongroom: string }
}

const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.keys(manifest.exports).filter((subpath) => subpath !== './package.json')
const specifiers = entries.map((subpath) => join(manifest.name, subpath))

/** There is no Node 24 package for Macs with an ARM processor; everywhere else it is installed. */
const oldest = join(root, `tools/runtime-24/node_modules/node-${process.platform}-${process.arch}/bin/node`)
const hasOldest = existsSync(oldest) || process.platform === 'linux'
const runtimes = { newest: process.execPath, ...(hasOldest ? { oldest } : {}) }

function run(command: string, args: string[], cwd: string) {
  const child = spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  if (child.error) throw child.error
  return { status: child.status, stdout: child.stdout, stderr: child.stderr }
}

function succeed(command: string, args: string[], cwd: string): string {
  const { status, stdout, stderr } = run(command, args, cwd)
  assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`)
  return stdout
}

/** What is published, built into a directory of its own, so that a `dist` beside `src` is neither used nor touched. */
function pack(): string {
  succeed(process.execPath, [join(root, 'scripts/build.ts'), join(stage, 'dist')], root)
  for (const file of ['package.json', 'README.md', 'LICENSE', ...manifest.files])
    if (file !== 'dist' && existsSync(join(root, file)))
      cpSync(join(root, file), join(stage, file), { recursive: true })
  const packed: { filename: string }[] = JSON.parse(succeed('npm', ['pack', '--json', '--ignore-scripts'], stage))
  return join(stage, packed[0]?.filename ?? '')
}

function install(tarball: string): void {
  mkdirSync(user)
  writeFileSync(join(user, 'package.json'), '{ "private": true, "type": "module" }\n')
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  succeed('npm', ['install', '--prefix', user, ...quiet, tarball], user)
}

// Not in a hook: where this fails, nothing below means anything.
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
install(pack())

test('it holds what is published and nothing else', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
  for (const needed of ['LICENSE', 'README.md', manifest.bin.strongroom]) assert.ok(files.includes(needed), needed)
  assert.deepEqual(
    files.filter(
      (file) =>
        /\.test(-support)?\.|(?<!\.d)\.ts$/.test(file) ||
        /^(src|test|tools|scripts|bench|node_modules)(\/|$)/.test(file),
    ),
    [],
  )
})

const lint = async (pkgDir: string) =>
  (await publint({ pkgDir, pack: false, strict: true })).messages.map((message) => formatMessage(message, manifest))

test('publint has nothing to say', async () => {
  assert.deepEqual(await lint(installed), [])
})

test('publint notices a missing file', async () => {
  const broken = join(work, 'publint/strongroom')
  cpSync(installed, broken, { recursive: true })
  rmSync(join(broken, 'dist/guard/index.js'))
  assert.match((await lint(broken)).join(), /guard.index\.js/)
})

for (const [name, node] of Object.entries(runtimes)) {
  const version = succeed(node, ['--version'], root).trim()

  for (const specifier of specifiers) {
    test(`import '${specifier}' on the ${name} Node, ${version}`, () => {
      const script = `console.log(Object.keys(await import('${specifier}')).length)`
      assert.ok(Number(succeed(node, ['--input-type=module', '--eval', script], user)) > 0)
    })
  }

  test(`strongroom --version on the ${name} Node, ${version}`, () => {
    const bin = join(user, 'node_modules/.bin/strongroom')
    assert.equal(succeed(node, [bin, '--version'], user).trim(), manifest.version)
  })
}

/** What the compiler says of a program of the user's that imports everything. */
function typeErrors(): string[] {
  const imports = specifiers.map((specifier, index) => `export * as entry${index} from '${specifier}'\n`)
  writeFileSync(join(user, 'types.ts'), imports.join(''))
  const options = ['--noEmit', '--strict', '--target', 'es2024', '--module', 'nodenext', '--lib', 'es2024,dom']
  const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types'), '--pretty', 'false']
  const { stdout } = run(
    process.execPath,
    [join(root, 'node_modules/.bin/tsc'), ...options, ...types, 'types.ts'],
    user,
  )
  return stdout.split('\n').filter((line) => /^(types\.ts|node_modules\/strongroom\/)/.test(line))
}

test('its types resolve', () => {
  assert.deepEqual(typeErrors(), [])

  // The gate can fail: a declaration with an import that leads nowhere.
  const guard = join(installed, 'dist/guard/index.d.ts')
  const text = readFileSync(guard, 'utf8')
  writeFileSync(guard, `export * from './nowhere.ts'\n${text}`)
  assert.match(typeErrors().join(), /nowhere/)
  writeFileSync(guard, text)
})

test('a Node that is too old is told so in one line', () => {
  const pretend = (version: string) => {
    const script = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
    const preload = `data:text/javascript,${encodeURIComponent(script)}`
    return run(process.execPath, ['--import', preload, join(installed, manifest.bin.strongroom), '--version'], user)
  }
  for (const version of ['12.22.12', '20.20.2', '24.11.1']) {
    const stderr = `strongroom needs Node.js 24.12 or newer; this is Node.js ${version}.\n`
    assert.deepEqual(pretend(version), { status: 2, stdout: '', stderr })
  }
  for (const version of ['24.12.0', '26.0.0']) assert.equal(pretend(version).status, 0, version)
})
