/** What must hold of the table of rules, as functions from a table to what is wrong with it. */

import { publicAnswers, type Rule } from '../../src/core/rules/rule.ts'
import type { Proof } from '../../scripts/generate/proofs.ts'

/** The table, or a broken copy of it. */
export type Table = Readonly<Record<string, Rule>>

/** Places that no vector can reach, with the reason; each has a test instead. */
const withoutVector: Readonly<Record<string, string>> = {}

const rowId = /^(?:(?:AS|RS|CL)-[A-Z]+|KEY|NET|OPS)-\d{2}$/
const attackId = /^(?:LV|SK|ER|AL)-\d{2}$/

/** What error_description may hold. RFC 6749 §5.2. */
const describable = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/

/** Row and attack ids, clauses and steps. */
export function malformedReferences(table: Table): string[] {
  return Object.entries(table).flatMap(([slug, { rows, attacks, clause, at }]) => [
    ...(/^[a-z]+(_[a-z]+)*$/.test(slug) ? [] : [`${slug}: not a slug`]),
    ...(rows.length === 0 ? [`${slug}: no row`] : []),
    ...rows.filter((row) => !rowId.test(row)).map((row) => `${slug}: row ${row}`),
    ...attacks.filter((attack) => !attackId.test(attack)).map((attack) => `${slug}: attack ${attack}`),
    ...[rows, attacks, at]
      .flatMap((list) => list.filter((one, index) => list.indexOf(one) !== index))
      .map((one) => `${slug}: ${one} twice`),
    ...(at.length === 0 ? [`${slug}: enforced nowhere`] : []),
    ...(/^(?:RFC \d+|FAPI 2\.0 SP|OIDC Core|OIDC RP-Initiated Logout|WebAuthn) /.test(clause)
      ? []
      : [`${slug}: clause ${clause}`]),
  ])
}

/** Texts that would not fit into an error_description, or are no sentence. */
export function unspeakableTexts(
  table: Table,
  answers: Readonly<Record<string, { readonly sentence: string; readonly hint: string }>> = publicAnswers,
): string[] {
  return [...Object.entries(table), ...Object.entries(answers)].flatMap(([slug, { sentence, hint }]) =>
    [sentence, hint].filter((text) => !describable.test(text) || !text.endsWith('.')).map((text) => `${slug}: ${text}`),
  )
}

/** Public slugs that could be taken for a rule, that nobody hides behind, or whose rules answer differently. */
export function ambiguousPublicSlugs(
  table: Table,
  answers: Readonly<Record<string, unknown>> = publicAnswers,
): string[] {
  const rules = Object.values(table)
  return Object.keys(answers).flatMap((shared) => {
    const behind = rules.filter(({ publicSlug }) => publicSlug === shared)
    const faces = new Set(behind.map(({ error, status }) => `${error} ${status ?? ''}`))
    return [
      ...(Object.hasOwn(table, shared) ? [`${shared}: also a rule`] : []),
      ...(behind.length === 0 ? [`${shared}: hides nothing`] : []),
      ...(faces.size > 1 ? [`${shared}: ${[...faces].join(', ')} tell apart what it hides`] : []),
    ]
  })
}

/** Attacks without a name, and names of attacks that no rule stops. */
export function unnamedAttacks(table: Table, names: Readonly<Record<string, string>>): string[] {
  const stopped = new Set(Object.values(table).flatMap(({ attacks }) => attacks))
  return [
    ...[...stopped].filter((id) => !Object.hasOwn(names, id)).map((id) => `${id}: no name`),
    ...Object.keys(names)
      .filter((id) => !stopped.has(id))
      .map((id) => `${id}: no rule`),
  ]
}

/** Rules without a test that names them. */
export function untestedRules(table: Table, proofs: Readonly<Record<string, Proof>>): string[] {
  return Object.keys(table).filter((slug) => (proofs[slug]?.tests ?? []).length === 0)
}

/** Places at which no vector proves a rule, unless there is a reason; and reasons nobody needs. */
export function unprovedPlaces(
  table: Table,
  proofs: Readonly<Record<string, Proof>>,
  reasons: Readonly<Record<string, string>> = withoutVector,
): string[] {
  const unproved = Object.entries(table).flatMap(([slug, { at }]) =>
    at.filter((step) => (proofs[slug]?.exchanges[step] ?? 0) === 0).map((step) => `${slug} at ${step}`),
  )
  return [
    ...unproved.filter((place) => !Object.hasOwn(reasons, place)),
    ...Object.keys(reasons)
      .filter((place) => !unproved.includes(place))
      .map((place) => `${place}: has a vector`),
  ]
}

/** Places at which a vector expects a rule that the table does not know there. */
export function placesTheTableDoesNotKnow(table: Table, proofs: Readonly<Record<string, Proof>>): string[] {
  return Object.entries(proofs).flatMap(([slug, { exchanges }]) => {
    const at: readonly string[] = table[slug]?.at ?? []
    return Object.keys(exchanges)
      .filter((step) => !at.includes(step))
      .map((step) => `${slug} at ${step}`)
  })
}

/** Rules, and shared names, without a section of their own on the page of refusals. */
export function withoutSection(table: Table, page: string): string[] {
  const headings = new Set([...page.matchAll(/^### (\S+)$/gm)].map(([, slug]) => slug))
  return [...Object.keys(table), ...Object.keys(publicAnswers)].filter((slug) => !headings.has(slug))
}
