/** What a run of the tests covered, from the catalogues, the results of the tests and what they saw. */

import type { Observation } from '../../test/observations.ts'
import type { Catalogue, Demand, Requirement } from './catalogue.ts'
import { mostRows, type Named, namesRule, titleReader } from './titles.ts'

/** A test that ran. */
export type RanTest = {
  /** The titles from the outermost to its own. */
  readonly path: readonly string[]
  readonly file: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
}

/** What came of a run. */
export type Run = { readonly tests: readonly RanTest[]; readonly observations: readonly Observation[] }

/** The rules, by slug: the attacks each stops. */
export type RuleTable = Readonly<Record<string, { readonly attacks: readonly string[] }>>

/** What was covered and what was not. */
export type Report = {
  readonly requirements: {
    readonly total: number
    readonly covered: number
    readonly byGroup: Readonly<Record<string, { total: number; covered: number; notApplicable: number }>>
    readonly missing: readonly string[]
    readonly notApplicable: Readonly<Record<string, string>>
  }
  readonly attacks: { readonly total: number; readonly covered: number; readonly missing: readonly string[] }
  readonly rules: {
    readonly total: number
    readonly withTest: number
    readonly withVector: number
    readonly withDocs: number
  }
}

/** The report, and what is wrong with the tests themselves. */
export type Judgement = { readonly report: Report; readonly problems: readonly string[] }

/** A title that passed, with everything that was seen below it. */
type Shown = { readonly named: Named; readonly seen: readonly Observation[] }

/** Judges a run. `headings` are those of the refusal index. */
export function judge(catalogue: Catalogue, rules: RuleTable, headings: ReadonlySet<string>, run: Run): Judgement {
  const read = titleReader(catalogue)
  const shown = showings(run, read)
  return {
    report: {
      requirements: judgeRequirements(catalogue, shown),
      attacks: judgeAttacks(catalogue, rules, shown),
      rules: judgeRules(rules, headings, shown),
    },
    problems: findProblems(catalogue, run, read),
  }
}

type Reader = ReturnType<typeof titleReader>

const nameOf = (path: readonly string[]) => path.join(' > ')

/** Every title that passed, with what was seen in it and in the tests inside it that passed. */
function showings({ tests, observations }: Run, read: Reader): readonly Shown[] {
  const names = new Map<string, { readonly title: string; readonly seen: Observation[] }>()
  for (const { path } of tests) names.set(nameOf(path), { title: path.at(-1) ?? '', seen: [] })
  // A name may stand twice, as where one suite runs against several stores: all of them must pass.
  for (const { path, outcome } of tests) if (outcome !== 'passed') names.delete(nameOf(path))
  const paths = new Map(tests.map(({ path }) => [nameOf(path), path] as const))
  for (const observation of observations) {
    const path = names.has(observation.test) ? (paths.get(observation.test) ?? []) : []
    for (const [index] of path.entries()) names.get(nameOf(path.slice(0, index + 1)))?.seen.push(observation)
  }
  return [...names.values()].map(({ title, seen }) => ({ named: read(title), seen }))
}

function judgeRequirements({ groups, requirements }: Catalogue, shown: readonly Shown[]): Report['requirements'] {
  const verdicts = requirements.map((row) => ({ row, verdict: verdictOf(row, shown) }))
  const of = (wanted: Verdict) => verdicts.filter(({ verdict }) => verdict === wanted)
  return {
    total: requirements.length,
    covered: of('covered').length,
    byGroup: Object.fromEntries(
      [...groups.keys()].map((group) => {
        const inGroup = (wanted: Verdict) => of(wanted).filter(({ row }) => row.group === group).length
        const total = requirements.filter((row) => row.group === group).length
        return [group, { total, covered: inGroup('covered'), notApplicable: inGroup('not applicable') }]
      }),
    ),
    missing: of('missing').map(({ row }) => row.id),
    notApplicable: Object.fromEntries(of('not applicable').map(({ row }) => [row.id, row.notApplicable ?? ''])),
  }
}

type Verdict = 'covered' | 'missing' | 'not applicable'

function verdictOf(row: Requirement, shown: readonly Shown[]): Verdict {
  const isShown = shown.some(
    ({ named, seen }) =>
      named.rows.includes(row.id) && named.rows.length <= mostRows && seen.some((one) => satisfies(one, row)),
  )
  if (row.notApplicable === undefined) return isShown ? 'covered' : 'missing'
  // That a feature is not offered is a claim like any other: somebody must have asked for it.
  return row.notApplicable === 'not_offered' && !isShown ? 'missing' : 'not applicable'
}

function satisfies(observation: Observation, { id, demands }: Requirement): boolean {
  if (observation.kind === 'row') return observation.row === id && demands.includes('explicit')
  if (observation.kind === 'vector') return false
  return demands.some((demand) => demand !== 'explicit' && meets(observation, demand))
}

type Refusal = Extract<Observation, { kind: 'refusal' }>

function meets({ error, status, step }: Refusal, demand: Demand): boolean {
  const isThere = demand.at === undefined || (step !== undefined && demand.at.includes(step))
  return isThere && demand.error === error && demand.status.includes(status)
}

function judgeAttacks({ attacks }: Catalogue, rules: RuleTable, shown: readonly Shown[]): Report['attacks'] {
  const raised = new Set(shown.flatMap(({ seen }) => seen.flatMap(raisedRule)))
  const stopped = new Set([
    ...shown.flatMap(({ named }) => named.attacks),
    ...[...raised].flatMap((slug) => rules[slug]?.attacks ?? []),
  ])
  const missing = attacks.filter((attack) => !stopped.has(attack))
  return { total: attacks.length, covered: attacks.length - missing.length, missing }
}

function raisedRule(observation: Observation): readonly string[] {
  return observation.kind === 'refusal' && observation.rule !== undefined ? [observation.rule] : []
}

function judgeRules(rules: RuleTable, headings: ReadonlySet<string>, shown: readonly Shown[]): Report['rules'] {
  const slugs = Object.keys(rules)
  const vectors = new Set(shown.flatMap(({ seen }) => seen.flatMap((one) => (one.kind === 'vector' ? [one.rule] : []))))
  const isTested = (slug: string) =>
    shown.some(({ named, seen }) => namesRule(named, slug) && seen.some((one) => raisedRule(one).includes(slug)))
  return {
    total: slugs.length,
    withTest: slugs.filter(isTested).length,
    withVector: slugs.filter((slug) => vectors.has(slug)).length,
    withDocs: slugs.filter((slug) => headings.has(slug)).length,
  }
}

/** Titles that name too much or what nobody knows, and notes that no title asks for. */
function findProblems({ requirements }: Catalogue, { tests, observations }: Run, read: Reader): readonly string[] {
  const known = new Map(requirements.map((row) => [row.id, row] as const))
  const titles = new Map(tests.map(({ path, file }) => [nameOf(path), { file, path, named: read(path.at(-1) ?? '') }]))
  const inTitles = [...titles.values()].flatMap(({ file, path, named: { rows } }) => [
    ...(rows.length > mostRows ? [`${file}: a title names ${rows.length} rows: ${path.at(-1) ?? ''}`] : []),
    ...rows.filter((row) => !known.has(row)).map((row) => `${file}: nobody knows the row ${row}`),
  ])
  const inNotes = observations.flatMap((observation) => {
    if (observation.kind !== 'row') return []
    const { row, test } = observation
    const path = titles.get(test)?.path ?? []
    const isNamed = path.some((title) => read(title).rows.includes(row))
    const isAsked = known.get(row)?.demands.includes('explicit') === true
    return [
      ...(isNamed ? [] : [`a test notes ${row} and does not name it: ${test}`]),
      ...(isAsked ? [] : [`a test notes ${row}, which asks for a refusal: ${test}`]),
    ]
  })
  return [...new Set([...inTitles, ...inNotes])]
}
