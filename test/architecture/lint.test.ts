/** Every rule of .oxlintrc.json refuses the text planted for it, and only that one. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { byFile, plant, root, run } from './plant.ts'

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('')

/** rule → [file, text] */
const violations: Record<string, [file: string, text: string][]> = {
  correctness: [['src/node/correctness.ts', 'debugger\n']],
  eqeqeq: [['src/node/eqeqeq.ts', 'export const same = (a: string, b: string) => a == b\n']],
  'no-var': [['src/node/var.ts', 'export var one = 1\n']],
  'prefer-const': [['src/node/const.ts', 'let one = 1\nexport const two = one + 1\n']],
  'no-unused-vars': [['src/node/unused.ts', 'const one = 1\nexport {}\n']],
  'no-console': [['src/node/console.ts', "console.log('here')\n"]],
  'no-eval': [['src/node/eval.ts', "eval('1')\n"]],
  'max-lines': [['src/node/lines.ts', lines(401, (i) => `export const a${i} = ${i}\n`)]],
  'max-lines-per-function': [
    [
      'src/node/function.ts',
      `export function long(log: (n: number) => void) {\n${lines(60, (i) => `  log(${i})\n`)}}\n`,
    ],
  ],
  'no-restricted-globals': [
    ['src/core/date.ts', 'export const now = () => new Date()\n'],
    ['src/core/date-now.ts', 'export const now = () => Date.now()\n'],
    ['src/core/global-this.ts', 'export const now = () => globalThis.Date.now()\n'],
    ['src/core/performance.ts', 'export const now = () => performance.now()\n'],
    ['src/core/crypto.ts', 'export const id = () => crypto.randomUUID()\n'],
    ['src/server/fetch.ts', 'export const get = async (url: string) => fetch(url)\n'],
    ['src/server/process.ts', 'export const id = () => process.pid\n'],
    ['src/console/timeout.ts', 'export const later = (f: () => void) => setTimeout(f, 1)\n'],
    ['src/guard/interval.ts', 'export const often = (f: () => void) => setInterval(f, 1)\n'],
    ['src/client/immediate.ts', 'export const soon = (f: () => void) => setImmediate(f)\n'],
    ['src/client/console.ts', 'export const log = console\n'],
  ],
  'no-restricted-properties': [['src/core/random.ts', 'export const random = () => Math.random()\n']],
  'typescript/await-thenable': [
    ['src/node/thenable.ts', 'export const go = async (value: number) => {\n  await value\n}\n'],
  ],
  'typescript/ban-ts-comment': [['src/node/comment.ts', '// @ts-ignore\nexport const one = 1\n']],
  'typescript/consistent-type-assertions': [
    ['src/core/cast.ts', 'export const text = (value: unknown) => value as string\n'],
    ['src/core/angle.ts', 'export const text = (value: unknown) => <string>value\n'],
    ['src/cli/cast.ts', 'export const text = (value: unknown) => value as string\n'],
    ['scripts/cast.ts', 'export const text = (value: unknown) => value as string\n'],
  ],
  'typescript/no-explicit-any': [
    ['src/node/any.ts', 'export type Loose = any\n'],
    ['test/any.ts', 'export type Loose = any\n'],
  ],
  'typescript/no-floating-promises': [
    ['src/node/floating.ts', 'export const go = (f: () => Promise<void>) => {\n  f()\n}\n'],
    ['test/floating.test.ts', 'export const go = (f: () => Promise<void>) => {\n  f()\n}\n'],
  ],
  'typescript/no-misused-promises': [
    ['src/node/misused.ts', 'export const go = (f: () => Promise<boolean>) => (f() ? 1 : 2)\n'],
  ],
  'typescript/no-non-null-assertion': [
    ['src/node/non-null.ts', 'export const first = (list: string[]) => list[0]!\n'],
    ['test/non-null.test.ts', 'export const first = (list: string[]) => list[0]!\n'],
  ],
  'typescript/no-unnecessary-type-assertion': [
    ['test/unnecessary.test.ts', 'export const same = (text: string) => text as string\n'],
  ],
  'typescript/no-unsafe-argument': [
    ['src/node/argument.ts', 'export const length = (f: (s: string) => number) => f(JSON.parse("1"))\n'],
  ],
  'typescript/no-unsafe-assignment': [
    [
      'src/node/assignment.ts',
      'export const parse = (text: string) => {\n  const it: string = JSON.parse(text)\n  return it\n}\n',
    ],
  ],
  'typescript/no-unsafe-call': [['src/node/call.ts', "JSON.parse('1')()\n"]],
  'typescript/no-unsafe-member-access': [['src/node/member.ts', "export const is = () => typeof JSON.parse('1').a\n"]],
  'typescript/no-unsafe-return': [
    ['src/node/return.ts', 'export const parse = (text: string): string => JSON.parse(text)\n'],
  ],
  'typescript/only-throw-error': [['src/node/throw.ts', "export const fail = () => {\n  throw 'no'\n}\n"]],
  'typescript/prefer-promise-reject-errors': [
    ['src/node/reject.ts', "export const fail = async () => Promise.reject('no')\n"],
  ],
  'typescript/return-await': [
    [
      'src/node/return-await.ts',
      'export const go = async (f: () => Promise<void>) => {\n  try {\n    return f()\n  } finally {\n    await f()\n  }\n}\n',
    ],
  ],
  'typescript/switch-exhaustiveness-check': [
    [
      'src/node/switch.ts',
      "export const go = (kind: 'a' | 'b') => {\n  switch (kind) {\n    case 'a':\n      return 1\n  }\n  return 2\n}\n",
    ],
  ],
  'unicorn/no-thenable': [['src/node/then.ts', 'export const it = { then: 1 }\n']],
  reportUnusedDisableDirectives: [
    ['src/node/directive.ts', '// oxlint-disable-next-line no-var\nexport const one = 1\n'],
  ],
}

/** Texts the rules must leave alone. */
const allowed: [file: string, text: string][] = [
  ['src/core/names.ts', 'export const text = (value: unknown) => value as string\n'],
  ['src/core/as-const.ts', "export const kinds = ['a', 'b'] as const\n"],
  [
    'src/core/platform.ts',
    'export const at = (url: string) => new Request(new URL(url), { headers: new Headers() })\n',
  ],
  ['src/core/platform.test.ts', 'export const now = () => Date.now()\n'],
  ['src/guard/adapters/clock.ts', 'export const now = () => Date.now()\n'],
  ['src/guard/proxy/clock.ts', 'export const now = () => Date.now()\n'],
  ['src/client/node/clock.ts', 'export const now = () => Date.now()\n'],
  ['src/stores/clock.ts', 'export const now = () => Date.now()\n'],
  ['src/cli/print.ts', "console.log('here')\n"],
  ['test/cast.test.ts', 'export const text = (value: unknown) => value as string\n'],
  ['test/floats.test.ts', "import { test } from 'node:test'\ntest('it', async () => {})\n"],
  ['src/node/lines-fit.ts', lines(400, (i) => `export const a${i} = ${i}\n`)],
]

interface Report {
  diagnostics: { code?: string; message: string; filename: string; severity: string }[]
  number_of_files: number
}

interface Configuration {
  rules: Record<string, unknown>
  overrides: { rules: Record<string, unknown> }[]
  categories: Record<string, unknown>
  options: Record<string, unknown>
}

const lint = (directory: string): Report => JSON.parse(run('oxlint', ['--format', 'json'], directory).stdout)

/** `typescript-eslint(no-explicit-any)` → `typescript/no-explicit-any` */
function ruleName({ code, message }: Report['diagnostics'][number]): string {
  if (!code) return message.startsWith('Unused') ? 'reportUnusedDisableDirectives' : message
  const [, plugin = '', rule = ''] = /^(.*)\((.*)\)$/.exec(code) ?? []
  if (rule === 'no-debugger') return 'correctness'
  return plugin === 'eslint' ? rule : `${plugin.replace('-eslint', '')}/${rule}`
}

test('every lint rule refuses its planted text', async (t) => {
  const planted = Object.values(violations).flat()
  const directory = plant(t, Object.fromEntries([...planted, ...allowed]))
  const { diagnostics, number_of_files } = lint(directory)
  const found = byFile(diagnostics.map((it) => [it.filename, ruleName(it)]))
  const configuration: Configuration = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8'))
  const rules = new Set([
    ...Object.keys(configuration.categories),
    ...Object.keys(configuration.rules),
    ...configuration.overrides.flatMap((override) => Object.keys(override.rules)),
    'reportUnusedDisableDirectives',
  ])

  assert.ok(number_of_files >= planted.length + allowed.length)
  for (const rule of rules) {
    await t.test(rule, () => {
      const canaries = violations[rule] ?? []
      assert.notEqual(canaries.length, 0, `plant a violation of ${rule} in the table of this test`)
      for (const [file] of canaries) assert.deepEqual(found[file], [rule], file)
    })
  }

  await t.test('everything found is an error, and the command fails', () => {
    assert.deepEqual(new Set(diagnostics.map(({ severity }) => severity)), new Set(['error']))
    assert.notEqual(run('oxlint', [], directory).status, 0)
  })

  await t.test('allowed texts are left alone', () => {
    for (const [file] of allowed) assert.equal(found[file], undefined, file)
  })
})

test('the linter looks at the real tree', () => {
  const { number_of_files } = lint(root)
  assert.ok(number_of_files > 10)
})
