/** Every rule has a clause, a test, a vector and a page; each check is seen to fail on a broken table. */
import assert from 'node:assert/strict'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { isJsonObject, type JsonObject } from '../../src/core/names.ts'
import { rules } from '../../src/core/rules.ts'
import type { Rule } from '../../src/core/rules/rule.ts'
import { attackNames } from '../../scripts/generate/attack-names.ts'
import { findProofs, namesRule, type Proof, testFiles } from '../../scripts/generate/proofs.ts'
import { staleFiles } from '../../scripts/generate/stale.ts'
import { root } from './plant.ts'
import {
  ambiguousPublicSlugs,
  malformedReferences,
  placesTheTableDoesNotKnow,
  type Table,
  unnamedAttacks,
  unprovedPlaces,
  unspeakableTexts,
  untestedRules,
  withoutSection,
} from './rules.ts'

const tree = pathToFileURL(root)
const documents = globSync('vectors/**/*.json', { cwd: root }).map((file): readonly [string, JsonObject] => {
  const document: unknown = JSON.parse(readFileSync(new URL(file, tree), 'utf8'))
  return [file, isJsonObject(document) ? document : {}]
})
const proofs = findProofs(documents, tree)
const page = readFileSync(new URL('docs/refusals.md', tree), 'utf8')

const sound: Rule = {
  error: 'invalid_request',
  at: ['par'],
  clause: 'RFC 9126 §2.1',
  rows: ['AS-PAR-01'],
  attacks: ['ER-01'],
  event: 'oauth.request.refused',
  sentence: 'It is so.',
  hint: 'Do this.',
}
const proved: Readonly<Record<string, Proof>> = {
  a_rule: { exchanges: { par: 1 }, artefacts: {}, tests: ['a.test.ts'] },
}
const control: Table = { a_rule: sound }

/** check → what it finds in the real table, in the sound one, and in broken ones */
const checks: Readonly<Record<string, { real: () => string[]; sound: () => string[]; broken: (() => string[])[] }>> = {
  'ids, clauses and steps are well-formed': {
    real: () => malformedReferences(rules),
    sound: () => malformedReferences(control),
    broken: [
      { 'Not-A-Slug': sound },
      { a_rule: { ...sound, rows: ['AS-PAR-1'] } },
      { a_rule: { ...sound, rows: [] } },
      { a_rule: { ...sound, rows: ['AS-PAR-01', 'AS-PAR-01'] } },
      { a_rule: { ...sound, attacks: ['XX-01'] } },
      { a_rule: { ...sound, at: [] } },
      { a_rule: { ...sound, clause: 'somewhere' } },
    ].map((table) => () => malformedReferences(table)),
  },
  'sentences and hints fit into an error_description': {
    real: () => unspeakableTexts(rules),
    sound: () => unspeakableTexts(control),
    broken: [
      () => unspeakableTexts({ a_rule: { ...sound, sentence: 'It says "so".' } }),
      () => unspeakableTexts({ a_rule: { ...sound, hint: 'Do \\this.' } }),
      () => unspeakableTexts({ a_rule: { ...sound, hint: 'Tun Sie das für uns.' } }),
      () => unspeakableTexts({ a_rule: { ...sound, sentence: 'no sentence' } }),
      () => unspeakableTexts(control, { shared: { sentence: 'A line\nbreak.', hint: 'Do this.' } }),
    ],
  },
  'shared names are no rules and hide what they should': {
    real: () => ambiguousPublicSlugs(rules),
    sound: () => ambiguousPublicSlugs({ a_rule: { ...sound, publicSlug: 'sign_in_failed' } }, { sign_in_failed: {} }),
    broken: [
      () =>
        ambiguousPublicSlugs({ sign_in_failed: { ...sound, publicSlug: 'sign_in_failed' } }, { sign_in_failed: {} }),
      () => ambiguousPublicSlugs(control, { sign_in_failed: {} }),
      () =>
        ambiguousPublicSlugs(
          {
            a_rule: { ...sound, publicSlug: 'sign_in_failed' },
            another: { ...sound, publicSlug: 'sign_in_failed', status: 404 },
          },
          { sign_in_failed: {} },
        ),
    ],
  },
  'attacks have a name': {
    real: () => unnamedAttacks(rules, attackNames),
    sound: () => unnamedAttacks(control, { 'ER-01': 'An attack' }),
    broken: [() => unnamedAttacks(control, {}), () => unnamedAttacks(control, { 'ER-01': 'One', 'ER-02': 'Another' })],
  },
  'every rule has a test': {
    real: () => untestedRules(rules, proofs),
    sound: () => untestedRules(control, proved),
    broken: [() => untestedRules({ ...control, another: sound }, proved)],
  },
  'every rule has a vector at every step': {
    real: () => unprovedPlaces(rules, proofs),
    sound: () => unprovedPlaces(control, proved, {}),
    broken: [
      () => unprovedPlaces({ a_rule: { ...sound, at: ['par', 'token'] } }, proved, {}),
      () => unprovedPlaces({ ...control, another: sound }, proved, {}),
      () => unprovedPlaces(control, proved, { 'a_rule at par': 'cannot be' }),
    ],
  },
  'no vector proves a rule where the table does not know it': {
    real: () => placesTheTableDoesNotKnow(rules, proofs),
    sound: () => placesTheTableDoesNotKnow(control, proved),
    broken: [
      () => placesTheTableDoesNotKnow({}, proved),
      () => placesTheTableDoesNotKnow({ a_rule: { ...sound, at: ['token'] } }, proved),
    ],
  },
  'every rule has a section': {
    real: () => withoutSection(rules, page),
    sound: () => withoutSection({}, page),
    broken: [() => withoutSection({ ...rules, a_rule: sound }, page), () => withoutSection(rules, '')],
  },
}

for (const [name, { real, sound: ofSound, broken }] of Object.entries(checks)) {
  test(name, () => assert.deepEqual(real(), []))
  test(`canary: ${name}`, () => {
    assert.deepEqual(ofSound(), [])
    assert.notEqual(broken.length, 0)
    for (const find of broken) assert.notDeepEqual(find(), [], find.toString())
  })
}

test('the checks have something to look at', () => {
  assert.ok(Object.keys(rules).length > 100)
  assert.ok(documents.length >= 16)
  assert.ok(testFiles(tree).length > 10)
})

test('canary: a rule is named by a title or a table of titles, and by nothing else', () => {
  for (const text of [
    "test('a_rule [AS-PAR-01] it', …)",
    "['a_rule', 'it']",
    'test(`a_rule ${what}`, …)',
    "'a_rule':",
  ]) {
    assert.ok(namesRule(text, 'a_rule'), text)
  }
  for (const text of ["test('a_rules [AS-PAR-01]', …)", "test('not a_rule', …)", '// a_rule', "'another_a_rule'"]) {
    assert.ok(!namesRule(text, 'a_rule'), text)
  }
})

test('canary: a generated file that is missing or was edited is stale', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-generated-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(join(directory, 'good.md'), 'as it should be')
  writeFileSync(join(directory, 'edited.md'), 'by hand')
  const stale = staleFiles(pathToFileURL(`${directory}/`), [
    ['good.md', 'as it should be'],
    ['edited.md', 'as it should be'],
    ['missing.md', 'as it should be'],
  ])
  assert.deepEqual(
    stale.map(([file]) => file),
    ['edited.md', 'missing.md'],
  )
})
