/** What proves a rule: vectors and tests, found in their files. */

import { globSync, readFileSync } from 'node:fs'
import { isJsonObject, type JsonObject } from '../../src/core/names.ts'
import { type RuleSlug, rules, type Step, steps } from '../../src/core/rules.ts'
import { keysOf } from '../../src/core/names.ts'

/** What was found for one rule. */
export type Proof = {
  /** How many exchange vectors expect it, by step. */
  readonly exchanges: Readonly<Partial<Record<Step, number>>>
  /** How many artefact vectors expect it, by file. */
  readonly artefacts: Readonly<Record<string, number>>
  /** The test files that name it. */
  readonly tests: readonly string[]
}

/** The proofs of every rule. */
export type Proofs = Readonly<Record<RuleSlug, Proof>>

type Document = readonly [file: string, document: JsonObject]

/** Counts what the documents of the vectors expect, and looks for the rules in the tests below `root`. */
export function findProofs(documents: readonly Document[], root: URL): Proofs {
  const tests = testFiles(root)
  const proofs = keysOf(rules).map((slug) => [slug, proofOf(slug, documents, tests)] as const)
  return fromSlugs(proofs)
}

function fromSlugs<T>(entries: readonly (readonly [RuleSlug, T])[]): Readonly<Record<RuleSlug, T>> {
  const found = Object.fromEntries(entries)
  if (!isComplete(found)) throw new RangeError('a rule is missing')
  return found
}

function isComplete<T>(found: Readonly<Record<string, T>>): found is Readonly<Record<RuleSlug, T>> {
  return keysOf(rules).every((slug) => Object.hasOwn(found, slug))
}

function proofOf(slug: RuleSlug, documents: readonly Document[], tests: readonly TestFile[]): Proof {
  const counted = documents.map(([file, document]) => [file, document['step'], countOf(slug, document)] as const)
  const found = counted.filter(([, , count]) => count > 0)
  return {
    exchanges: Object.fromEntries(
      steps.flatMap((step) => found.filter(([, at]) => at === step).map(([, , count]) => [step, count])),
    ),
    artefacts: Object.fromEntries(found.filter(([, at]) => at === undefined).map(([file, , count]) => [file, count])),
    tests: tests.filter(({ text }) => namesRule(text, slug)).map(({ file }) => file),
  }
}

function countOf(slug: RuleSlug, { vectors }: JsonObject): number {
  if (!Array.isArray(vectors)) return 0
  return vectors.filter((vector) => isJsonObject(vector) && expectedRule(vector) === slug).length
}

function expectedRule({ expect }: JsonObject): unknown {
  return isJsonObject(expect) ? expect['rule'] : undefined
}

/** A file of tests. */
export type TestFile = { readonly file: string; readonly text: string }

/** The tests in the tree; the runners of the vectors and the checks of this table name rules without proving them. */
export function testFiles(root: URL): readonly TestFile[] {
  return globSync('{src,test}/**/*.test.ts', { cwd: root })
    .filter((file) => !file.startsWith('test/vectors/') && !file.startsWith('test/architecture/'))
    .toSorted()
    .map((file) => ({ file, text: readFileSync(new URL(file, root), 'utf8') }))
}

/** Whether a test is named after a rule, in its title or in the table its titles come from. */
export function namesRule(text: string, slug: string): boolean {
  return new RegExp(`['"\`]${slug}(?:['"\`]| )`).test(text)
}
