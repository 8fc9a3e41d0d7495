import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { rules } from '../../src/core/rules.ts'

// Every rule of these steps has a test here. Which rows are covered comes of a run: `npm run coverage`.

const here = import.meta.dirname
const files = globSync('*.test.ts', { cwd: here }).filter((name) => name !== 'coverage.test.ts')
const texts = files.map((name) => readFileSync(join(here, name), 'utf8'))
const all = texts.join('\n')

test('every rule of the authorization server is asserted by its precise name', () => {
  const slugs = Object.entries(rules).filter(([, { at }]) => at.some((step: string) => step !== 'guard'))
  assert.ok(slugs.length > 80)
  for (const [slug] of slugs) assert.ok(all.includes(`'${slug}'`), slug)
})

test('every title names a rule, a row or an attack, or says in words what it shows', () => {
  const titles = [...all.matchAll(/\btest\(\s*[`'](.*?)[`'],/g)].map(([, title]) => title ?? '')
  assert.ok(titles.length > 100)
  assert.equal(new Set(titles).size, titles.length, 'no title stands twice')
})
