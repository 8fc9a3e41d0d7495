/** The rules of source.ts, on planted texts and on the real tree. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './plant.ts'
import { sourceRules } from './source.ts'

/** rule → texts it refuses, texts it leaves alone */
const canaries: Record<string, { refused: string[]; allowed: string[] }> = {
  'snake_case only in core/wire': {
    refused: [
      'export const uri = (it: { redirect_uri: string }) => it.redirect_uri',
      'export const uri = (it: { redirect_uri: string }) => it?.redirect_uri',
      'const redirect_uri = 1',
      'const { redirect_uri } = it',
      'const { redirect_uri: uri } = it',
      'function take(redirect_uri: string) {}',
      'function redirect_uri() {}',
    ],
    allowed: [
      'const answer = { request_uri: requestUri, expires_in: 60 }',
      "const code = 'invalid_grant'",
      'const MAX_AGE = 1',
    ],
  },
  'no boolean parameters': {
    refused: [
      'function go(fast: boolean) {}',
      'const go = (name: string, fast: boolean) => fast',
      'class Go {\n  go(fast: boolean) {}\n}',
      'class Go {\n  constructor(fast: boolean) {}\n}',
      'const it = { go(fast: boolean) {} }',
      'const go = (fast = false) => fast',
      'const go = (fast: boolean = false) => fast',
      'class Go {\n  constructor(readonly fast: boolean) {}\n}',
    ],
    allowed: [
      'function is(): boolean {\n  return true\n}',
      'interface It {\n  fast: boolean\n}',
      'function go(speed: string) {}',
      'type Go = (fast: boolean) => void',
    ],
  },
  'no check is switched off': {
    refused: [
      '// oxlint-disable-next-line no-var',
      '/* eslint-disable */',
      '// biome-ignore format: no',
      '// @ts-expect-error',
      '// @ts-nocheck',
    ],
    allowed: ['// the check is disabled'],
  },
}

for (const [name, rule] of Object.entries(sourceRules)) {
  test(name, async (t) => {
    const { refused, allowed } = canaries[name] ?? { refused: [], allowed: [] }
    assert.notEqual(refused.length, 0, 'plant a violation in the table of this test')
    for (const text of refused) await t.test(`refuses ${text}`, () => assert.notDeepEqual(rule.find(text), []))
    for (const text of allowed) await t.test(`allows ${text}`, () => assert.deepEqual(rule.find(text), []))

    await t.test('holds in the real tree', () => {
      const files = globSync('{src,scripts}/**/*.ts', { cwd: root }).filter(
        (file) => rule.files.test(file) && !rule.not?.test(file) && !/\.test(-support)?\.ts$/.test(file),
      )
      assert.notEqual(files.length, 0)
      const found = files.flatMap((file) =>
        rule.find(readFileSync(join(root, file), 'utf8')).map((it) => `${file}: ${it}`),
      )
      assert.deepEqual(found, [])
    })
  })
}
