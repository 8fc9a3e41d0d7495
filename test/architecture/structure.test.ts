/** Every structure rule of .dependency-cruiser.mjs refuses the import planted for it, and only that one. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { byFile, plant, root, run } from './plant.ts'

/** rule → [importing file, what it imports] */
const violations: Record<string, [file: string, specifier: string][]> = {
  'index-direction': [['src/bad-index.ts', './guard/index.ts']],
  'core-direction': [
    ['src/core/bad-server.ts', '../server/index.ts'],
    ['src/core/bad-stores.ts', '../stores/memory.ts'],
    ['src/core/bad-node.ts', '../node/runtime.ts'],
    ['src/core/bad-guard.ts', '../guard/index.ts'],
    ['src/core/bad-client.ts', '../client/index.ts'],
    ['src/core/bad-console.ts', '../console/pages.ts'],
  ],
  'server-direction': [
    ['src/server/bad-console.ts', '../console/pages.ts'],
    ['src/server/bad-stores.ts', '../stores/memory.ts'],
    ['src/server/bad-node.ts', '../node/runtime.ts'],
  ],
  'console-direction': [
    ['src/console/bad-stores.ts', '../stores/memory.ts'],
    ['src/console/bad-guard.ts', '../guard/index.ts'],
  ],
  'guard-direction': [
    ['src/guard/bad-runtime.ts', '../node/runtime.ts'],
    ['src/guard/bad-stores.ts', '../stores/memory.ts'],
  ],
  'guard-adapters-direction': [['src/guard/adapters/bad-node.ts', '../../node/listen.ts']],
  'client-direction': [['src/client/bad-runtime.ts', '../node/runtime.ts']],
  'client-node-direction': [['src/client/node/bad-node.ts', '../../node/listen.ts']],
  'stores-direction': [
    ['src/stores/bad-node.ts', '../node/listen.ts'],
    ['src/stores/bad-server.ts', '../server/index.ts'],
  ],
  'sql-is-compiled-ahead': [['src/stores/sql/bad-source.ts', './source/statements.ts']],
  'node-direction': [['src/node/bad-client.ts', '../client/index.ts']],
  'shared-node-files': [['src/node/egress.ts', './listen.ts']], // which imports a package
  'siblings-apart': [
    ['src/server/bad-guard.ts', '../guard/index.ts'],
    ['src/server/bad-client.ts', '../client/index.ts'],
    ['src/guard/bad-server.ts', '../server/index.ts'],
    ['src/guard/adapters/bad-client.ts', '../../client/index.ts'],
    ['src/client/bad-server.ts', '../server/index.ts'],
    ['src/client/node/bad-guard.ts', '../../guard/index.ts'],
  ],
  'nothing-imports-cli': [
    ['src/demo/bad-cli.ts', '../cli/main.ts'],
    ['src/node/bad-cli.ts', '../cli/main.ts'],
    ['src/core/bad-cli.ts', '../cli/main.ts'],
  ],
  'only-cli-imports-demo': [
    ['src/node/bad-demo.ts', '../demo/bank.ts'],
    ['src/server/bad-demo.ts', '../demo/bank.ts'],
  ],
  'core-tests-stand-alone': [['src/core/bad-stores.test.ts', '../stores/memory.ts']],
  'src-imports-src': [['src/node/bad-scripts.ts', '../../scripts/tool.ts']],
  'no-tests-in-code': [
    ['src/node/bad-test.ts', '../core/good.test.ts'],
    ['src/node/bad-support.ts', '../guard/good.test-support.ts'],
    ['src/node/bad-fixture.ts', '../../test/fixture.ts'],
  ],
  'no-circular': [['src/core/circle-one.ts', './circle-two.ts']],
  'index-packages': [['src/bad-hono.ts', 'hono']],
  'core-packages': [['src/core/bad-hono.ts', 'hono']],
  'server-packages': [['src/server/bad-pino.ts', 'pino']],
  'console-packages': [['src/console/bad-yaml.ts', 'yaml']],
  'guard-packages': [['src/guard/bad-hono.ts', 'hono']],
  'guard-adapters-packages': [['src/guard/adapters/bad-pino.ts', 'pino']],
  'client-packages': [['src/client/bad-hono.ts', 'hono']],
  'stores-packages': [['src/stores/bad-yaml.ts', 'yaml']],
  'home-of-jose': [
    ['src/core/bad-jose.ts', 'jose'],
    ['src/node/bad-jose.ts', 'jose'],
  ],
  'home-of-valibot': [
    ['src/core/bad-valibot.ts', 'valibot'],
    ['src/server/bad-valibot.ts', 'valibot'],
    ['src/node/bad-valibot.ts', 'valibot'],
  ],
  'home-of-valibot-to-json-schema': [['src/server/bad-schema.ts', '@valibot/to-json-schema']],
  'home-of-ajv': [
    ['src/core/bad-ajv.ts', 'ajv'],
    ['src/node/bad-ajv.ts', 'ajv'],
  ],
  'home-of-kysely': [['src/stores/bad-kysely.ts', 'kysely']],
  'home-of-oauth4webapi': [['src/server/bad-oauth4webapi.ts', 'oauth4webapi']],
  'home-of-openid-client': [['src/server/bad-openid-client.ts', 'openid-client']],
  'home-of-simplewebauthn-server': [['src/server/bad-web-authn.ts', '@simplewebauthn/server']],
  'node-builtins': [
    ['src/core/bad-builtin.ts', 'node:crypto'],
    ['src/server/bad-builtin.ts', 'node:fs'],
    ['src/console/bad-builtin.ts', 'node:path'],
    ['src/guard/bad-builtin.ts', 'node:http'],
    ['src/client/bad-builtin.ts', 'node:sqlite'],
    ['src/client/bad-bare-builtin.ts', 'fs'],
  ],
  'no-dev-dependency': [['src/node/bad-dev.ts', 'fast-check']],
  'declared-packages': [['src/node/bad-undeclared.ts', 'semver']],
  resolvable: [['src/node/bad-missing.ts', './nowhere.ts']],
}

/** Imports the rules must leave alone. */
const allowed: [file: string, specifier: string][] = [
  ['src/core/jose.ts', 'jose'],
  ['src/core/wire/good.ts', 'valibot'],
  ['src/core/good.test.ts', 'fast-check'],
  ['src/core/good-oracle.test.ts', 'jose'],
  ['src/index.ts', './server/index.ts'],
  ['src/server/index.ts', '../core/jose.ts'],
  ['src/server/good-hono.ts', 'hono/cookie'],
  ['src/console/pages.ts', '../server/index.ts'],
  ['src/guard/index.ts', '../core/jose.ts'],
  ['src/guard/good-end-to-end.test.ts', '../server/index.ts'],
  ['src/guard/good.test-support.ts', '../node/listen.ts'],
  ['src/guard/adapters/good-runtime.ts', '../../node/runtime.ts'],
  ['src/guard/adapters/good-builtin.ts', 'node:http'],
  ['src/guard/adapters/good-hono.ts', 'hono'],
  ['src/guard/proxy/good-builtin.ts', 'node:http'],
  ['src/client/index.ts', 'oauth4webapi'],
  ['src/client/node/good-egress.ts', '../../node/egress.ts'],
  ['src/client/node/good-builtin.ts', 'node:fs'],
  ['src/stores/memory.ts', '../core/jose.ts'],
  ['src/stores/sql/good.ts', 'kysely'],
  ['src/stores/sql/source/statements.ts', 'kysely'],
  ['src/stores/good-builtin.ts', 'node:sqlite'],
  ['src/node/runtime.ts', './helper.ts'],
  ['src/node/helper.ts', 'node:crypto'],
  ['src/node/listen.ts', '@hono/node-server'],
  ['src/node/config/good.ts', 'valibot'],
  ['src/demo/bank.ts', '../client/index.ts'],
  ['src/cli/main.ts', '../demo/bank.ts'],
  ['src/core/circle-two.ts', './circle-one.ts'],
  ['scripts/tool.ts', 'node:fs'],
  ['test/fixture.ts', '../src/cli/main.ts'],
]

interface Cruise {
  modules: { source: string; dependencies: { resolved: string; dependencyTypes: string[] }[] }[]
  summary: {
    totalCruised: number
    violations: { from: string; rule: { name: string } }[]
    ruleSetUsed: { forbidden: { name: string }[] }
  }
}

function cruise(directory: string, folders: string[]): Cruise {
  return JSON.parse(run('depcruise', [...folders, '--output-type', 'json'], directory).stdout)
}

/** Half of the imports are type-only, which must count like the others. */
const importing = ([file, specifier]: [string, string], index: number) =>
  [file, `${index % 2 ? 'import type' : 'import'} * as it from '${specifier}'\nexport type It = typeof it\n`] as const

test('every structure rule refuses its planted import', async (t) => {
  const planted = Object.values(violations).flat()
  const directory = plant(t, Object.fromEntries([...allowed, ...planted].map(importing)))
  const { summary } = cruise(directory, ['src', 'scripts', 'test'])
  const found = byFile(summary.violations.map(({ from, rule }) => [from, rule.name]))

  assert.ok(summary.ruleSetUsed.forbidden.length > 0)
  for (const { name } of summary.ruleSetUsed.forbidden) {
    await t.test(name, () => {
      const canaries = violations[name] ?? []
      assert.notEqual(canaries.length, 0, `plant a violation of ${name} in the table of this test`)
      for (const [file] of canaries) assert.deepEqual(found[file], [name], file)
    })
  }

  await t.test('allowed imports are left alone', () => {
    const circle = 'src/core/circle-two.ts'
    for (const [file, specifier] of allowed)
      if (file !== circle) assert.equal(found[file], undefined, `${file} → ${specifier}`)
  })

  await t.test('the command fails', () => {
    assert.notEqual(run('depcruise', ['src'], directory).status, 0)
  })
})

test('the rules look at the real tree', async (t) => {
  const { modules, summary } = cruise(root, ['src', 'test', 'scripts'])
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'))
  const sources = modules.map((module) => module.source)

  await t.test('every file of src is cruised', () => {
    assert.ok(files.length > 0)
    assert.ok(summary.totalCruised >= files.length)
    assert.deepEqual(
      files.filter((file) => !sources.includes(`src/${file}`)),
      [],
    )
  })

  await t.test('imports are seen, also those of types', () => {
    const jose = modules.find(({ source }) => source === 'src/core/jose.ts')?.dependencies.map((d) => d.resolved) ?? []
    assert.ok(jose.some((path) => path.includes('node_modules/jose/')))
    const ports = modules.find(({ source }) => source === 'src/core/ports.ts')?.dependencies.map((d) => d.resolved)
    assert.ok(ports?.includes('src/core/names.ts'))
  })

  await t.test('every folder of src has a direction', () => {
    const known = ['index.ts', 'core', 'server', 'console', 'guard', 'client', 'stores', 'node', 'demo', 'cli']
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true })
    assert.deepEqual(
      folders.map((entry) => entry.name).filter((name) => !known.includes(name)),
      [],
      'a new folder needs rules in .dependency-cruiser.mjs',
    )
  })

  await t.test('strongroom/guard pulls in no package but jose and valibot', () => {
    const packages = new Set<string>()
    const reached = new Set(['src/guard/index.ts'])
    for (const file of reached) {
      const module = modules.find(({ source }) => source === file)
      assert.ok(module, file)
      for (const { resolved, dependencyTypes } of module.dependencies) {
        if (dependencyTypes.includes('type-only')) continue
        const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(resolved) ?? []
        if (name) packages.add(name)
        else reached.add(resolved)
      }
    }
    assert.ok(reached.size > 1)
    assert.deepEqual([...packages].sort(), ['jose', 'valibot'])
  })
})
