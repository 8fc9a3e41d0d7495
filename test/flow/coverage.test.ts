import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { rules } from '../../src/core/rules.ts'

// Every rule of these steps and every row of these groups has a test here; what has none is listed with the reason.

const here = import.meta.dirname
const files = globSync('*.test.ts', { cwd: here }).filter((name) => name !== 'coverage.test.ts')
const texts = files.map((name) => readFileSync(join(here, name), 'utf8'))
const all = texts.join('\n')

/** The rows that are tested, by their groups. */
const rows: Readonly<Record<string, number>> = {
  'AS-META': 8,
  'AS-CAUTH': 12,
  'AS-PAR': 13,
  'AS-AUTHZ': 15,
  'AS-PKCE': 4,
  'AS-TOK': 14,
  'AS-DPOP': 10,
  'AS-OIDC': 4,
  KEY: 8,
  NET: 7,
}

const elsewhere: Readonly<Record<string, string>> = {
  'AS-META-07': 'there are no mTLS aliases yet',
  'AS-TOK-13': 'token exchange is not offered; grant_type_unsupported says so',
  'AS-TOK-14': 'the device grant is not offered; grant_type_unsupported says so',
  'NET-01': 'TLS ends in front of the process',
  'NET-02': 'TLS ends in front of the process',
  'NET-03': 'src/node/egress.test.ts',
  'NET-05': 'operations',
}

test('every requirement row of the groups of the flow has a test', () => {
  assert.ok(files.length >= 15)
  for (const [group, most] of Object.entries(rows)) {
    for (let number = 1; number <= most; number += 1) {
      const row = `${group}-${String(number).padStart(2, '0')}`
      assert.equal(all.includes(`[${row}]`), elsewhere[row] === undefined, row)
    }
  }
})

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
