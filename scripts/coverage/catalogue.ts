/** The catalogues of requirements and of attacks, as `test/requirements.json` and `test/attacks.json` have them. */

import { readFileSync } from 'node:fs'
import { isJsonObject, type JsonObject } from '../../src/core/names.ts'

/** One answer a row takes for a refusal. */
export type Demand = {
  readonly error: string
  readonly status: readonly number[]
  /** The steps at which it counts; any, when undefined. */
  readonly at: readonly string[] | undefined
}

/** Why a row does not apply. */
export type Exemption = (typeof exemptions)[number]

const exemptions = ['not_offered', 'operator', 'other_profile'] as const

/** What each of them means. */
export const meanings: Readonly<Record<Exemption, string>> = {
  not_offered: 'the feature is not offered, and asking for it was refused',
  operator: 'who runs it has to see to it',
  other_profile: 'it belongs to a profile that is not offered',
}

/** One row of the requirement catalogue. */
export type Requirement = {
  readonly id: string
  readonly group: string
  /** Refusals, any of which will do; and `explicit` where a test may note itself what it saw. */
  readonly demands: readonly (Demand | 'explicit')[]
  readonly notApplicable: Exemption | undefined
}

/** Both catalogues. */
export type Catalogue = {
  /** The groups in order, and whether the profile needs them. */
  readonly groups: ReadonlyMap<string, { readonly core: boolean }>
  readonly requirements: readonly Requirement[]
  readonly attacks: readonly string[]
}

/** @throws RangeError when a file is not what it should be */
export function readCatalogue(root: URL): Catalogue {
  const document = readJson(new URL('test/requirements.json', root))
  const groups = new Map(
    Object.entries(objectOf(document['groups'])).map(([group, value]) => {
      const { core } = objectOf(value)
      if (typeof core !== 'boolean') fail(`group ${group}`)
      return [group, { core }] as const
    }),
  )
  const requirements = listOf(document['requirements']).map((entry) => parseRequirement(objectOf(entry)))
  const attacks = textsOf(readJson(new URL('test/attacks.json', root))['attacks'])
  for (const { id, group } of requirements) if (!groups.has(group)) fail(`the group of ${id}`)
  const ids = [...requirements.map(({ id }) => id), ...attacks]
  if (new Set(ids).size !== ids.length) fail('an id stands twice')
  return { groups, requirements, attacks }
}

const members = ['id', 'group', 'level', 'negative', 'demands', 'notApplicable']

function parseRequirement(entry: JsonObject): Requirement {
  const { id, group, level, negative, demands, notApplicable } = entry
  if (typeof id !== 'string' || typeof group !== 'string') return fail('a row without id or group')
  if (!['must', 'should', 'may'].includes(String(level)) || typeof negative !== 'boolean') fail(id)
  for (const member of Object.keys(entry)) if (!members.includes(member)) fail(`${id}: ${member}`)
  const list = demands === 'explicit' ? ['explicit' as const] : listOf(demands).map(parseDemand)
  if (list.length === 0) fail(`${id} demands nothing`)
  const exemption = exemptions.find((known) => known === notApplicable)
  if (notApplicable !== undefined && exemption === undefined) fail(`${id}: notApplicable`)
  return { id, group, demands: list, notApplicable: exemption }
}

function parseDemand(demand: unknown): Demand | 'explicit' {
  if (demand === 'explicit') return demand
  const { error, status, at } = objectOf(demand)
  const statuses = listOf(status).map((one) => (typeof one === 'number' ? one : fail('a status')))
  if (typeof error !== 'string' || statuses.length === 0) return fail('a demand')
  return { error, status: statuses, at: at === undefined ? undefined : textsOf(at) }
}

function readJson(url: URL): JsonObject {
  const document: unknown = JSON.parse(readFileSync(url, 'utf8'))
  return objectOf(document)
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : fail('an object was expected')
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : fail('a list was expected')
}

function textsOf(value: unknown): readonly string[] {
  return listOf(value).map((entry) => (typeof entry === 'string' ? entry : fail('a text was expected')))
}

function fail(about: string): never {
  throw new RangeError(`the catalogue is malformed: ${about}`)
}
