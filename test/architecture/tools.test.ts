/** The compiler, the formatter and the search for unused code refuse what is planted for them. */
import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { byFile, plant, root, run, runScript } from './plant.ts'

/** compiler option → [the error it gives, text] */
const refusedByCompiler: Record<string, [error: string, text: string]> = {
  erasableSyntaxOnly: ['TS1294', 'export enum Kind {\n  One,\n}\n'],
  verbatimModuleSyntax: ['TS1484', "import { Good } from './good.ts'\nexport const it: Good = { a: 1 }\n"],
  strict: ['TS7006', 'export const same = (value) => value\n'],
  noUncheckedIndexedAccess: ['TS2322', 'export const first = (list: string[]): string => list[0]\n'],
  exactOptionalPropertyTypes: ['TS2375', 'export const it: { a?: number } = { a: undefined }\n'],
  noPropertyAccessFromIndexSignature: ['TS4111', 'export const a = (it: Record<string, string>) => it.a\n'],
  noImplicitOverride: ['TS4114', 'class One {\n  go() {}\n}\nexport class Two extends One {\n  go() {}\n}\n'],
  noImplicitReturns: ['TS7030', 'export function go(a: number) {\n  if (a > 1) return 1\n}\n'],
  noFallthroughCasesInSwitch: [
    'TS7029',
    'export function go(a: number) {\n  switch (a) {\n    case 1:\n      a += 1\n    case 2:\n      a += 2\n  }\n  return a\n}\n',
  ],
  noUncheckedSideEffectImports: ['TS2882', "import './nowhere.ts'\n"],
}

test('the compiler', async (t) => {
  const files = Object.entries(refusedByCompiler).map(([option, [, text]]) => [`src/${option}.ts`, text])
  const directory = plant(t, {
    'src/good.ts': 'export interface Good {\n  a: number\n}\n',
    ...Object.fromEntries(files),
  })
  const { status, stdout } = run('tsc', ['--pretty', 'false'], directory)
  const found = byFile(
    [...stdout.matchAll(/^(\S+)\(\d+,\d+\): error (TS\d+)/gm)].map(([, file = '', code = '']) => [file, code]),
  )

  assert.notEqual(status, 0)
  for (const [option, [error]] of Object.entries(refusedByCompiler))
    await t.test(`${option} refuses`, () => assert.deepEqual(found[`src/${option}.ts`], [error]))
  await t.test('the control passes', () => assert.equal(found['src/good.ts'], undefined))
})

test('the formatter', async (t) => {
  const refused = {
    'src/semicolon.ts': 'export const one = 1;\n',
    'src/quotes.ts': 'export const one = "1"\n',
    'src/indent.ts': 'export const one = () => {\n    return 1\n}\n',
    'src/comma.ts': 'export const one = [\n  1,\n  // two\n  2\n]\n',
    'src/width.ts': `export const one = [${'1234567890, '.repeat(10)}1]\n`,
  }
  const directory = plant(t, { 'src/good.ts': "export const one = '1'\n", ...refused })
  const { all } = run('biome', ['format', '.'], directory)

  for (const file of Object.keys(refused)) {
    await t.test(`refuses ${file}`, () => {
      assert.match(all, new RegExp(`${file} format`))
      assert.notEqual(run('biome', ['format', file], directory).status, 0)
    })
  }
  await t.test('the control passes', () => assert.equal(run('biome', ['format', 'src/good.ts'], directory).status, 0))
})

test('the search for unused code', async (t) => {
  const directory = plant(t, {
    'src/cli/main.ts': "import { used } from '../node/half.ts'\nimport 'semver'\nimport 'hono'\nused()\n",
    'src/node/half.ts': 'export const used = () => {}\nexport const unused = () => {}\n',
    'src/node/dead.ts': 'export const one = 1\n',
  })
  const { status, stdout } = run('knip', ['--reporter', 'json'], directory)
  const { issues }: { issues: Record<string, unknown>[] } = JSON.parse(stdout)
  const named = (kind: string) =>
    issues.flatMap((issue) => (Array.isArray(issue[kind]) ? issue[kind] : [])).map((it: { name: string }) => it.name)

  assert.notEqual(status, 0)
  await t.test('finds a file', () => assert.deepEqual(named('files'), ['src/node/dead.ts']))
  await t.test('finds an export', () => assert.deepEqual(named('exports'), ['unused']))
  await t.test('finds an undeclared package', () => assert.deepEqual(named('unlisted'), ['semver']))
  await t.test('finds an unused package', () => {
    assert.ok(named('dependencies').includes('jose'))
    assert.ok(!named('dependencies').includes('hono'))
  })
})

test('npm run check reports every check that fails', (t) => {
  const directory = plant(t, {
    'src/cli/main.ts': "import './enum.ts'\nimport '../core/clock.ts'\n",
    'src/cli/enum.ts': 'export enum Kind {\n  One,\n}\n',
    'src/core/clock.ts': "import 'node:fs'\nexport const now = () => Date.now();\n",
    'test/one.ts': '',
    'scripts/one.ts': '',
  })
  copyFileSync(join(root, 'scripts/check.ts'), join(directory, 'scripts/check.ts'))
  const { status, stdout } = runScript('scripts/check.ts', [], directory)
  assert.equal(status, 1)
  for (const name of ['format', 'lint', 'types', 'structure', 'unused code'])
    assert.match(stdout, new RegExp(`^✖ ${name}`, 'm'))
})

test('npm run test:unit fails where a test fails, loses no result and waits for no open handle', async (t) => {
  const directory = plant(t, {
    'good.test.ts': "import { test } from 'node:test'\ntest('good', () => {})\n",
    'bad.test.ts': "import { test } from 'node:test'\ntest('bad', () => {\n  throw new Error()\n})\n",
    'open.test.ts': "import { test } from 'node:test'\ntest('open', () => {\n  setInterval(() => {}, 1000)\n})\n",
  })
  const results = (limit: number, ...files: string[]) => {
    // Without the second variable, by which a runner knows that another one started it.
    const env = { ...process.env, TEST_LIMIT_SECONDS: String(limit), NODE_TEST_CONTEXT: undefined }
    return runScript(join(root, 'scripts/test.ts'), files, directory, env)
  }

  await t.test('all good', () => {
    const { status, stdout } = results(60, 'good.test.ts')
    assert.equal(status, 0)
    assert.match(stdout, /tests 1\n.*pass 1\n(ℹ .*\n)*$/su)
  })
  await t.test('one bad', () => {
    const { status, stdout } = results(60, 'good.test.ts', 'bad.test.ts')
    assert.equal(status, 1)
    assert.match(stdout, /tests 2\n.*pass 1\n.*fail 1\n/su)
  })
  await t.test('one open', () => {
    const { status, stdout } = results(5, 'good.test.ts', 'open.test.ts')
    assert.equal(status, 1)
    assert.match(stdout, /Interrupted while running:.*open\.test\.ts/su)
  })
})
