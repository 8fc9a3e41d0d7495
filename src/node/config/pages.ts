/** How the pages look and what they say, as an operator sets it: the group `pages` of `strongroom.yaml`. */

import { readFileSync, statSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import * as v from 'valibot'
import {
  type ColourName,
  colourNames,
  isLanguageTag,
  type Look,
  type LogoType,
  problemsOf,
  shippedLanguages,
  standardLook,
} from '../../console/look.ts'
import {
  type Messages,
  personalEvents,
  placeholdersIn,
  type RefusalText,
  type TextKey,
  texts as knownTexts,
} from '../../console/messages/messages.ts'
import { isJsonObject, isKeyOf, type JsonObject, keysOf } from '../../core/names.ts'
import { publicRefusal, rules } from '../../core/rules.ts'
import type { Sources } from './interpolate.ts'
import { suggestion } from './nearest.ts'
import { ConfigError, dotted, type Note } from './problems.ts'
import { readYaml } from './read-yaml.ts'

const group = 'must be a group of keys'

const words = (most: number) =>
  v.pipe(
    v.string('must be a text'),
    v.check((text) => text.trim() !== '' && text.length <= most, `must have 1 to ${most} characters`),
    v.check((text) => !/\p{Cc}/u.test(text), 'must not hold control characters'),
  )

/** An optional member of one shape for each name. */
function optional<Name extends string, Schema extends v.GenericSchema>(names: readonly Name[], schema: Schema) {
  return Object.fromEntries(names.map((name) => [name, v.optional(schema)]))
}

const colours = v.pipe(
  v.optional(
    v.strictObject(
      optional(colourNames, v.pipe(v.string(), v.regex(/^#[0-9a-f]{6}$/i, 'must be written as #rrggbb'))),
      group,
    ),
    {},
  ),
  v.description('Colours as #rrggbb; text must stand out from what is behind it. WCAG 2.2 §1.4.3'),
)

const tag = v.pipe(v.string('must be a text'), v.check(isLanguageTag, 'must be a language tag such as de-AT'))

/** Unknown keys are refused below, where the nearest known one can be named. */
const languageTexts = v.looseObject(
  {
    direction: v.optional(v.picklist(['ltr', 'rtl'], 'must be ltr or rtl')),
    ...optional(keysOf(knownTexts), words(1000)),
    events: v.optional(v.looseObject(optional(personalEvents, words(200)), group)),
    refusals: v.optional(
      v.record(v.string(), v.strictObject({ sentence: words(500), hint: words(500) }, group), group),
    ),
  },
  group,
)

const textsByLanguage = v.record(tag, languageTexts, group)

/** The schema of the group. */
export const pagesSchema = v.pipe(
  v.optional(
    v.strictObject(
      {
        name: v.pipe(v.optional(words(60), standardLook.name), v.description('What the pages call the service.')),
        logo: v.pipe(
          v.optional(words(1024)),
          v.description('A .svg, .png or .webp file of at most 64 kB, shown in place of the name.'),
        ),
        colours: v.optional(v.strictObject({ light: colours, dark: colours }, group), {}),
        languages: v.pipe(
          v.optional(
            v.pipe(
              v.array(tag, 'must be a list'),
              v.minLength(1, 'must list at least one language'),
              v.maxLength(32, 'must list at most 32 languages'),
            ),
          ),
          v.description(
            'The languages there are pages in; the first is used where none fits. All there are, unless set.',
          ),
        ),
        texts: v.pipe(
          v.optional(textsByLanguage, {}),
          v.description('By language tag: texts that replace those of a language, or all those of a further one.'),
        ),
        textFiles: v.pipe(
          v.optional(v.pipe(v.array(words(1024), 'must be a list'), v.maxLength(32, 'must list at most 32 files')), []),
          v.description('YAML files that hold such texts by language tag, too; what stands in `texts` wins.'),
        ),
      },
      group,
    ),
    {},
  ),
  v.description('How the pages look and what they say.'),
)

type Pages = v.InferOutput<typeof pagesSchema>

/** Where the files of the group are. */
export type PageFiles = { readonly directory: string; readonly readFile: Sources['readFile'] }

/** The look of the group, every problem noted; undefined where the group has no shape, which is noted elsewhere. */
export function lookOf(value: unknown, files: PageFiles, note: Note): Look | undefined {
  const parsed = v.safeParse(pagesSchema, value)
  if (!parsed.success) return undefined
  const pages = parsed.output
  let isSound = true
  const noteHere: Note = (where, what) => {
    isSound = false
    note(`pages.${where}`, what)
  }
  const own = ownTexts(pages, files, noteHere)
  const languages = languagesOf(pages.languages, own, noteHere)
  const logo = pages.logo === undefined ? undefined : readLogo(pages.logo, files.directory, noteHere)
  if (!isSound) return undefined
  const look = { name: pages.name, logo, colours: coloursOf(pages), languages }
  const problems = problemsOf(look)
  for (const { where, what } of problems) noteHere(where, what)
  return problems.length === 0 ? look : undefined
}

function coloursOf({ colours: { light, dark } }: Pages): Look['colours'] {
  return { light: definedOf(light), dark: definedOf(dark) }
}

function definedOf(scheme: Readonly<Record<string, string | undefined>>): Partial<Record<ColourName, string>> {
  return Object.fromEntries(Object.entries(scheme).filter(([, colour]) => colour !== undefined))
}

/** The texts of one language, with the place each group of them was found at. */
type OwnTexts = {
  readonly tag: string
  readonly parts: readonly { readonly where: string; readonly texts: JsonObject }[]
}

/** What the operator wrote, by language in lower case; files first, so that what stands in the configuration wins. */
function ownTexts(pages: Pages, files: PageFiles, note: Note): ReadonlyMap<string, OwnTexts> {
  const found = new Map<string, OwnTexts>()
  const add = (where: string, byLanguage: JsonObject) => {
    for (const [language, texts] of Object.entries(byLanguage)) {
      if (!isJsonObject(texts)) continue
      const { tag, parts } = found.get(language.toLowerCase()) ?? { tag: language, parts: [] }
      found.set(language.toLowerCase(), { tag, parts: [...parts, { where: `${where}.${language}`, texts }] })
    }
  }
  pages.textFiles.forEach((file, index) => {
    const where = `textFiles[${index}]`
    const read = readTexts(file, files, (at, what) => note(at === '' ? where : `${where}.${at}`, what))
    if (read !== undefined) add(where, read)
  })
  add('texts', pages.texts)
  return found
}

function readTexts(file: string, { readFile }: PageFiles, note: Note): JsonObject | undefined {
  const read = readFile(file)
  if ('problem' in read) {
    note('', read.problem)
    return undefined
  }
  try {
    const parsed = v.safeParse(textsByLanguage, readYaml(read.text))
    for (const issue of parsed.issues ?? []) {
      note(dotted((issue.path ?? []).map(({ key }) => String(key))), issue.message)
    }
    return parsed.success ? parsed.output : undefined
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const line of error.lines) note('', line)
    return undefined
  }
}

/** Every language there are pages in, best first. */
function languagesOf(
  listed: readonly string[] | undefined,
  own: ReadonlyMap<string, OwnTexts>,
  note: Note,
): Look['languages'] {
  const shipped = shippedLanguages.map(({ language }) => language)
  const further = [...own.values()].map(({ tag }) => tag).filter((one) => !shipped.includes(one))
  const tags = listed ?? [...shipped, ...further]
  const wanted = new Set(tags.map((one) => one.toLowerCase()))
  if (wanted.size < tags.length) note('languages', 'lists a language twice')
  for (const [language, { parts }] of own) {
    if (!wanted.has(language)) note(parts[0]?.where ?? 'texts', 'is a language that pages.languages does not list')
  }
  const [first, ...others] = tags.map((one, index) => messagesOf(one, index, own.get(one.toLowerCase()), note))
  return [first ?? standardLook.languages[0], ...others]
}

/** One language: a shipped one with what replaces its texts, or one that is all the operator's. */
function messagesOf(language: string, index: number, own: OwnTexts | undefined, note: Note): Messages {
  const range = language.toLowerCase()
  const shipped =
    shippedLanguages.find((one) => one.language === range) ??
    shippedLanguages.find((one) => one.language === range.split('-', 1)[0])
  const parts = own?.parts ?? []
  for (const { where, texts } of parts) checkTexts(texts, where, note)
  const written = merge(parts.map(({ texts }) => texts))
  if (shipped === undefined) checkWhole(written, own?.parts[0]?.where ?? `languages[${index}]`, note)
  else if (written.direction !== undefined) note(`texts.${language}.direction`, 'is known already')
  const base = shipped ?? standardLook.languages[0]
  return {
    language,
    direction: written.direction ?? base.direction,
    texts: { ...base.texts, ...written.texts },
    events: { ...base.events, ...written.events },
    refusals: { ...shipped?.refusals, ...written.refusals },
  }
}

/** What was written of a language, sorted. */
type Written = Pick<Messages, 'refusals'> & {
  readonly direction: Messages['direction'] | undefined
  readonly texts: Readonly<Record<string, string>>
  readonly events: Readonly<Record<string, string>>
}

function merge(parts: readonly JsonObject[]): Written {
  const nothing: Written = { direction: undefined, texts: {}, events: {}, refusals: {} }
  return parts.reduce<Written>(
    (all, part) => ({
      direction: part['direction'] === 'rtl' || part['direction'] === 'ltr' ? part['direction'] : all.direction,
      texts: { ...all.texts, ...textsIn(part) },
      events: { ...all.events, ...textsIn(part['events']) },
      refusals: { ...all.refusals, ...refusalsIn(part['refusals']) },
    }),
    nothing,
  )
}

function textsIn(value: unknown): Readonly<Record<string, string>> {
  const entries = isJsonObject(value) ? Object.entries(value) : []
  return Object.fromEntries(
    entries.flatMap(([key, text]) => (typeof text === 'string' && key !== 'direction' ? [[key, text]] : [])),
  )
}

function refusalsIn(value: unknown): Readonly<Record<string, RefusalText>> {
  const entries = isJsonObject(value) ? Object.entries(value) : []
  return Object.fromEntries(
    entries.flatMap(([slug, text]) => {
      const { sentence, hint } = isJsonObject(text) ? text : {}
      return typeof sentence === 'string' && typeof hint === 'string' ? [[slug, { sentence, hint }]] : []
    }),
  )
}

const otherKeys: readonly string[] = ['direction', 'events', 'refusals']
const slugs: ReadonlySet<string> = new Set(keysOf(rules).map((slug) => publicRefusal(slug).slug))

/** Every key must be known, and every text say what is filled into it. */
function checkTexts(texts: JsonObject, where: string, note: Note): void {
  for (const [key, text] of Object.entries(texts)) {
    if (otherKeys.includes(key)) continue
    if (isKeyOf(knownTexts, key)) checkPlaceholders(key, String(text), `${where}.${key}`, note)
    else note(`${where}.${nameOf(key)}`, `is not a text${meant(key, [...keysOf(knownTexts), ...otherKeys])}`)
  }
  const events = texts['events']
  for (const key of isJsonObject(events) ? Object.keys(events) : []) {
    if (personalEvents.some((known) => known === key)) continue
    note(`${where}.events`, `${nameOf(key)} is not an event of people${meant(key, personalEvents)}`)
  }
  const refusals = texts['refusals']
  for (const key of isJsonObject(refusals) ? Object.keys(refusals) : []) {
    if (!slugs.has(key)) note(`${where}.refusals.${nameOf(key)}`, `is not a refusal${meant(key, slugs)}`)
  }
}

/** A key as it was written, unless it may be a value that lost its place. */
function nameOf(key: string): string {
  return isName(key) ? key : '(a key that is no name)'
}

function meant(key: string, known: Iterable<string>): string {
  return isName(key) ? suggestion(key, known) : ''
}

function isName(key: string): boolean {
  return /^[A-Za-z][\w.]{0,40}$/.test(key)
}

function checkPlaceholders(key: TextKey, text: string, where: string, note: Note): void {
  const known: readonly string[] = knownTexts[key]
  const found = placeholdersIn(text)
  for (const name of known) if (!found.includes(name)) note(where, `must say {${name}}`)
  for (const name of found) {
    if (!known.includes(name))
      note(where, `says {${nameOf(name)}}, which nothing is filled into${suggestion(name, known)}`)
  }
}

/** A language nobody ships needs every text. */
function checkWhole(written: Written, where: string, note: Note): void {
  const missing = [
    ...(written.direction === undefined ? ['direction'] : []),
    ...keysOf(knownTexts).filter((key) => !Object.hasOwn(written.texts, key)),
    ...personalEvents.filter((key) => !Object.hasOwn(written.events, key)).map((key) => `events ${key}`),
  ]
  if (missing.length === 0) return
  const shown = missing.slice(0, 5).join(', ')
  const more = missing.length > 5 ? ` and ${missing.length - 5} more` : ''
  note(where, `is a language that does not come along, and lacks ${shown}${more}`)
}

const mostLogoBytes = 65_536

/** By the end of the name of the file: what it is, and what its bytes must say. */
const logoTypes: Readonly<Record<string, { readonly mediaType: LogoType; readonly is: (bytes: Buffer) => boolean }>> = {
  '.svg': { mediaType: 'image/svg+xml', is: isSvg },
  '.png': { mediaType: 'image/png', is: (bytes) => bytes.toString('latin1', 0, 8) === '\x89PNG\r\n\x1a\n' },
  '.webp': {
    mediaType: 'image/webp',
    is: (bytes) => bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP',
  },
}

/** Its root is `svg`, whatever stands before it. XML 1.0 §2.8. */
function isSvg(bytes: Buffer): boolean {
  const text = bytes.toString('utf8').replace(/^\ufeff/, '')
  return /^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--(?:(?!-->)[^])*-->\s*)*(?:<!DOCTYPE svg[^>[]*>\s*)?<svg[\s>]/.test(text)
}

function readLogo(file: string, directory: string, note: Note): Look['logo'] {
  const type = logoTypes[extname(file).toLowerCase()]
  if (type === undefined) {
    note('logo', 'must end in .svg, .png or .webp')
    return undefined
  }
  try {
    const path = resolve(directory, file)
    if (statSync(path).size > mostLogoBytes) {
      note('logo', `${file} has more than 64 kB, and every page carries it`)
      return undefined
    }
    const bytes = readFileSync(path)
    if (!type.is(bytes)) note('logo', `${file} does not hold what its name says`)
    return { mediaType: type.mediaType, base64: bytes.toString('base64') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    note('logo', `${file} cannot be read${code}`)
    return undefined
  }
}
