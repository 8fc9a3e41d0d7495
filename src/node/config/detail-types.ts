/** `apis[].authorizationDetails`: types of rich authorization requests, each with its schema and its words. RFC 9396 §2. */

import * as v from 'valibot'
import type { DetailType } from '../../core/authorization-details.ts'
import { parseConsentText, pathsOf } from '../../core/consent-text.ts'
import type { LocalText } from '../../core/local-text.ts'
import { isJsonObject, type JsonObject, resourceIdentifier } from '../../core/names.ts'
import { compileJsonSchema, type Misfit } from '../json-schema.ts'
import { type Place, placesIn } from './detail-schema.ts'
import { localText } from './local-text.ts'
import type { Note } from './problems.ts'

const group = 'must be a group of keys'
const list = 'must be a list'
const mostPaths = 64
const paths = v.optional(
  v.pipe(
    v.array(v.pipe(v.string('must be a text'), v.maxLength(256, 'must have at most 256 characters')), list),
    v.maxLength(mostPaths, `must list at most ${mostPaths}`),
  ),
  [],
)

/** One type. */
const detailType = v.strictObject(
  {
    type: v.pipe(
      v.string('must be a text'),
      v.regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'must be visible ASCII without spaces, quotes and backslashes'),
      v.description('What elements have as `type`. RFC 9396 §2.1'),
    ),
    schema: v.pipe(
      v.record(v.string(), v.unknown(), 'must be a JSON Schema'),
      v.description(
        'JSON Schema 2020-12 of an element; `type` is implied. No object may leave room for other members.',
      ),
    ),
    consent: v.strictObject(
      {
        title: v.pipe(localText(100), v.description('What it is, in a few words.')),
        text: v.pipe(
          localText(1000),
          v.description('What exactly, with paths in braces: `Pay {amount|money} to {name}[ by {date|date}]`.'),
        ),
        notShown: v.pipe(paths, v.description('Paths that people need not read; every other must be in the text.')),
      },
      group,
    ),
    choosable: v.pipe(paths, v.description('Members holding lists of which people may leave out entries.')),
    atMost: v.pipe(paths, v.description('Paths of amounts of which a token may be asked for less.')),
  },
  group,
)

/** The types of one API. */
export const detailTypes = v.pipe(
  v.optional(v.pipe(v.array(detailType, list), v.maxLength(64, 'must list at most 64 types')), []),
  v.description('Types of authorization details: what exactly may be allowed, beyond scopes. RFC 9396'),
)

type Declared = v.InferOutput<typeof detailType>
type DeclaringApi = { readonly resource: string; readonly authorizationDetails: readonly Declared[] }

/** The types of every API, in the order of the APIs; notes whatever could be allowed unseen, and every contradiction. */
export function readDetailTypes(apis: readonly DeclaringApi[], note: Note): readonly (readonly DetailType[])[] {
  const seen = new Map<string, string>()
  return apis.map(({ resource, authorizationDetails }, index) =>
    authorizationDetails.flatMap((declared, place) => {
      const where = `apis[${index}].authorizationDetails[${place}]`
      const first = seen.get(declared.type)
      if (first !== undefined) note(`${where}.type`, `stands at ${first} already`)
      seen.set(declared.type, first ?? `${where}.type`)
      const misfit = readType(declared, where, note)
      if (misfit === undefined) return []
      const { type, consent, choosable, atMost } = declared
      const { title, text } = consent
      return [{ type, resource: resourceIdentifier(resource), misfit, consent: { title, text }, choosable, atMost }]
    }),
  )
}

/** What holds elements against the schema; undefined when there is something to note. */
function readType(declared: Declared, where: string, note: Note): Misfit | undefined {
  let problems = 0
  const count: Note = (at, what) => {
    problems += 1
    note(`${where}.${at}`, what)
  }
  const schema = ofElements(declared, count)
  const places = placesIn(schema, (path, what) => count('schema', path === '' ? what : `${path}: ${what}`))
  if (problems > 0) return undefined
  checkWords(declared, places, count)
  checkPaths(declared, places, count)
  const misfit = compiled(schema, count)
  return problems > 0 ? undefined : misfit
}

/** The schema without the `type` of elements, which is judged before: it may name that only as what it is. */
function ofElements({ type, schema }: Declared, note: Note): JsonObject {
  const { properties } = schema
  if (!isJsonObject(properties) || !Object.hasOwn(properties, 'type')) return schema
  const { type: named, ...others } = properties
  if (!isJsonObject(named) || named['const'] !== type) note('schema', `type: must be const: ${type}, or left out`)
  const { required } = schema
  const kept: readonly unknown[] = Array.isArray(required) ? required.filter((name) => name !== 'type') : []
  return { ...schema, properties: others, ...(required === undefined ? {} : { required: kept }) }
}

function compiled(schema: JsonObject, note: Note): Misfit | undefined {
  try {
    const misfit = compileJsonSchema(schema)
    return (element) => misfit(Object.fromEntries(Object.entries(element).filter(([name]) => name !== 'type')))
  } catch (error) {
    note('schema', `is no JSON Schema that can be used: ${error instanceof Error ? error.message : 'unknown reason'}`)
    return undefined
  }
}

/** Whatever can be allowed is read by whoever allows it, in every language. */
function checkWords({ consent }: Declared, places: readonly Place[], note: Note): void {
  const { title, text, notShown } = consent
  const [titles, texts] = [variantsOf(title), variantsOf(text)]
  if (titles.map(([tag]) => tag).join() !== texts.map(([tag]) => tag).join()) {
    note('consent', 'title and text must be there in the same languages')
  }
  for (const path of notShown) {
    if (!places.some((place) => place.path === path)) note('consent.notShown', `the schema has no ${path}`)
  }
  const leaves = places.filter(({ is }) => is === 'value').map(({ path }) => path)
  for (const [tag, template] of texts) {
    const where = tag === '' ? 'consent.text' : `consent.text.${tag}`
    const shown = shownBy(template, where, note)
    const unknown = shown?.find((path) => !places.some((place) => place.path === path))
    if (unknown !== undefined) note(where, `names ${unknown}, which the schema does not have`)
    for (const path of shown === undefined ? [] : datesOf(template)) {
      const all = places.filter((place) => place.path === path)
      if (!all.every(isDate)) note(where, `writes ${path} as a date, which is no text with format: date or date-time`)
    }
    const sure = shown === undefined ? leaves : pathsOf(template, 'whenever_there')
    const unseen = leaves.filter((leaf) => ![...sure, ...notShown].some((path) => holds(path, leaf)))
    for (const leaf of unseen) {
      const why = shown?.some((path) => holds(path, leaf)) === true ? ' even when other paths are absent' : ''
      note(where, `must show ${leaf}${why}, or consent.notShown must list it`)
    }
    // Words alone are the same for every element: whoever reads them does not know which one they allow.
    if (leaves.length > 0 && !leaves.some((leaf) => sure.some((path) => holds(path, leaf)))) {
      note(where, 'must show at least one value whenever it is there, whatever consent.notShown lists')
    }
  }
}

function shownBy(template: string, where: string, note: Note): readonly string[] | undefined {
  try {
    return pathsOf(template)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    note(where, error.message)
    return undefined
  }
}

/** The paths that a template writes as dates. */
function datesOf(template: string): readonly string[] {
  const pieces = parseConsentText(template).flatMap((part) => (part.kind === 'optional' ? part.parts : [part]))
  const dates = pieces.flatMap((piece) => (piece.kind === 'value' && piece.format === 'date' ? [piece.path] : []))
  return [...new Set(dates)]
}

function isDate({ schema: { type, format } }: Place): boolean {
  return type === 'string' && (format === 'date' || format === 'date-time')
}

function variantsOf(text: LocalText): readonly (readonly [tag: string, text: string])[] {
  return typeof text === 'string'
    ? [['', text]]
    : Object.entries(text).toSorted(([one], [other]) => (one < other ? -1 : 1))
}

/** Whether what stands at one path is all there is at another. */
function holds(path: string, leaf: string): boolean {
  return leaf === path || leaf.startsWith(`${path}.`) || leaf.startsWith(`${path}[`)
}

function checkPaths({ choosable, atMost }: Declared, places: readonly Place[], note: Note): void {
  for (const member of choosable) {
    const isList = places.some(({ path, is }) => path === member && is === 'array') && /^[\w$@-]+$/.test(member)
    if (!isList) note('choosable', `${member} is no member of the element that holds a list`)
  }
  for (const path of atMost) {
    const all = places.filter((place) => place.path === path)
    if (all.length === 0 || path.includes('[]') || !all.every(isAmount)) {
      note('atMost', `${path} is no number, and no text with a pattern of decimals`)
    }
  }
}

function isAmount({ schema }: Place): boolean {
  const { type, pattern } = schema
  if (type === 'number' || type === 'integer') return true
  if (type !== 'string' || typeof pattern !== 'string') return false
  const shape = patternOf(pattern)
  return shape !== undefined && ['1', '1.0', '1.00'].some((text) => shape.test(text)) && !shape.test('a')
}

function patternOf(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, 'u')
  } catch {
    return undefined
  }
}
