/**
 * What people read of one element of the authorization details, from a template of the operator's:
 *
 * `Pay {instructedAmount|money} to {creditorName}[ by {executionDate|date}]`
 *
 * A path in braces stands for the value there, in one of the formats. A part in square brackets is left out when one of
 * its paths is absent. A backslash takes the meaning from the brace, bracket or backslash after it.
 */

import { isJsonObject, type JsonObject } from './names.ts'

/** The ways to write a value out. */
export const consentFormats = ['text', 'money', 'date', 'list'] as const
export type ConsentFormat = (typeof consentFormats)[number]

/** A place for a value. */
export type ConsentPlace = {
  readonly kind: 'value'
  readonly path: string
  readonly format: ConsentFormat
  /** The paths inside each entry of a list of objects that are written out; none for a list of texts. */
  readonly members: readonly string[]
}

type Words = { readonly kind: 'words'; readonly text: string }
type Piece = Words | ConsentPlace

/** A template, taken apart. */
export type ConsentPart = Piece | { readonly kind: 'optional'; readonly parts: readonly Piece[] }

/** A run of what is read: the operator's words, or a value that somebody else wrote. */
export type ConsentRun = { readonly kind: 'words' | 'value'; readonly text: string }

/** No list is written out beyond this many entries. */
export const mostEntries = 50
const mostCharacters = 2000

/**
 * Takes a template apart.
 * @throws SyntaxError saying what is wrong with it
 */
export function parseConsentText(template: string): readonly ConsentPart[] {
  if (template.length > mostCharacters) throw new SyntaxError(`a text has at most ${mostCharacters} characters`)
  const tokens = template.match(/\\[{}[\]\\]|\\|\{[^{}]*\}|[{}[\]]|[^\\{}[\]]+/g) ?? []
  const parts: ConsentPart[] = []
  let open: Piece[] | undefined
  for (const token of tokens) {
    if (token === '[') {
      if (open !== undefined) throw new SyntaxError('square brackets do not nest')
      open = []
    } else if (token === ']') {
      if (open === undefined) throw new SyntaxError('a "]" without its "[" (write "\\]" for the character itself)')
      if (open.every(({ kind }) => kind === 'words')) {
        throw new SyntaxError('a part in square brackets names at least one path')
      }
      parts.push({ kind: 'optional', parts: open })
      open = undefined
    } else (open ?? parts).push(pieceOf(token))
  }
  if (open !== undefined) throw new SyntaxError('a "[" without its "]" (write "\\[" for the character itself)')
  return parts
}

function pieceOf(token: string): Piece {
  if (token.length > 1 && token.startsWith('{')) return placeOf(token.slice(1, -1))
  if (token === '\\') throw new SyntaxError('a backslash stands before a brace, a bracket or a backslash only')
  if (token === '{' || token === '}') {
    throw new SyntaxError(`a "${token}" that is not one of a pair (write "\\${token}" for the character itself)`)
  }
  return { kind: 'words', text: token.startsWith('\\') ? token.slice(1) : token }
}

function placeOf(text: string): ConsentPlace {
  const [path = '', named = 'text', ...more] = text.split('|')
  const [name = '', listed, ...rest] = named.split(':')
  const format = consentFormats.find((known) => known === name)
  if (more.length > 0 || rest.length > 0) throw new SyntaxError(`"{${text}}" has more than a path and a format`)
  if (format === undefined) {
    throw new SyntaxError(`"${name}" is no format: there are ${consentFormats.join(', ')}`)
  }
  if (listed !== undefined && format !== 'list')
    throw new SyntaxError(`the format "${format}" takes nothing after a colon`)
  const members = listed?.split(',') ?? []
  const odd = [path, ...members].find((each) => !/^[\w$@-]+(?:\.[\w$@-]+)*$/.test(each))
  if (odd !== undefined) throw new SyntaxError(`"${odd}" is no path of member names with dots between them`)
  return { kind: 'value', path, format, members }
}

/** The places of a template; `whenever_there`: without those that are left out because another path is absent. */
function placesOf(template: string, which: 'all' | 'whenever_there'): readonly ConsentPlace[] {
  return parseConsentText(template).flatMap((part): readonly ConsentPlace[] => {
    if (part.kind !== 'optional') return part.kind === 'value' ? [part] : []
    const places = part.parts.filter((piece) => piece.kind === 'value')
    const isAlone = new Set(places.map(({ path }) => path)).size === 1
    return which === 'all' || isAlone ? places : []
  })
}

/**
 * What a template shows, as paths of single values: `instructedAmount.amount`, `accounts[].iban`. A place with the format
 * `text` or `date` shows the value at its path; `money` an amount with its currency; `list` every entry.
 * @throws SyntaxError when it is no template
 */
export function pathsOf(template: string, which: 'all' | 'whenever_there' = 'all'): readonly string[] {
  const paths = placesOf(template, which).flatMap(({ path, format, members }) => {
    if (format === 'money') return [`${path}.currency`, `${path}.amount`]
    if (format !== 'list') return [path]
    return members.length === 0 ? [`${path}[]`] : members.map((member) => `${path}[].${member}`)
  })
  return [...new Set(paths)]
}

/**
 * What a person reads of an element. Every value is a run of its own, so that nobody can write words of ours into one.
 * @throws SyntaxError when it is no template
 */
export function fillConsentText(template: string, element: JsonObject, language: string): readonly ConsentRun[] {
  const locale = localeOf(language)
  const runs = parseConsentText(template).flatMap((part): readonly ConsentRun[] => {
    if (part.kind !== 'optional') return fill(part, element, locale)
    const isWhole = part.parts.every((piece) => piece.kind === 'words' || valueAt(element, piece.path) !== undefined)
    return isWhole ? part.parts.flatMap((piece) => fill(piece, element, locale)) : []
  })
  return runs.reduce<ConsentRun[]>(joinWords, [])
}

function joinWords(runs: ConsentRun[], run: ConsentRun): ConsentRun[] {
  const last = runs.at(-1)
  if (last?.kind !== 'words' || run.kind !== 'words') return [...runs, run]
  return [...runs.slice(0, -1), { kind: 'words', text: last.text + run.text }]
}

function fill(piece: Piece, element: JsonObject, locale: string): readonly ConsentRun[] {
  if (piece.kind === 'words') return [piece]
  const value = valueAt(element, piece.path)
  if (piece.format === 'list' && Array.isArray(value)) return fillList(value, piece.members, locale)
  return [{ kind: 'value', text: written(value, piece.format, locale) }]
}

function fillList(list: readonly unknown[], members: readonly string[], locale: string): readonly ConsentRun[] {
  if (list.length === 0) return [{ kind: 'value', text: absent }]
  const shown = list.slice(0, mostEntries).map((entry) => entryText(entry, members))
  const runs = new Intl.ListFormat(locale, { type: 'unit' })
    .formatToParts(shown)
    .map(({ type, value }): ConsentRun => ({ kind: type === 'element' ? 'value' : 'words', text: value }))
  return list.length === shown.length ? runs : [...runs, { kind: 'words', text: ` … (+${list.length - shown.length})` }]
}

/** The entries of the list at a path one by one, as the first of the templates that lists them writes them. */
export function entriesOf(templates: readonly string[], element: JsonObject, path: string): readonly string[] {
  const places = templates.flatMap((template) => placesOf(template, 'all'))
  const place = places.find((each) => each.format === 'list' && each.path === path)
  const list = valueAt(element, path)
  return Array.isArray(list) ? list.map((entry: unknown) => entryText(entry, place?.members ?? [])) : []
}

function entryText(entry: unknown, members: readonly string[]): string {
  if (!isJsonObject(entry) || members.length === 0) return plain(entry)
  const parts = members.map((member) => valueAt(entry, member))
  const last = parts.findLastIndex((part) => part !== undefined)
  if (last === -1) return plain(entry)
  // What is absent keeps its place, so that nothing is read as what should stand there.
  return members.length === 1 ? plain(parts[0]) : writtenTogether(parts.slice(0, last + 1))
}

function writtenTogether(parts: readonly unknown[]): string {
  return parts.map((part) => besideOthers(part)).join(' · ')
}

/** The value at a path of member names with dots between them; undefined when there is none. */
export function valueAt(element: JsonObject, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, name) => (isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined), element)
}

function written(value: unknown, format: ConsentFormat, locale: string): string {
  if (format === 'money') return money(value, locale) ?? plain(value)
  if (format === 'date') return date(value, locale) ?? plain(value)
  return plain(value)
}

/** An amount with its currency. It is never rounded: what is read is what is allowed. */
function money(value: unknown, locale: string): string | undefined {
  if (!isJsonObject(value)) return undefined
  const { currency, amount } = value
  const figure = typeof amount === 'number' ? String(amount) : amount
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency) || !isFigure(figure)) return undefined
  const format = { style: 'currency', currency, currencyDisplay: 'code' } as const
  const usual = new Intl.NumberFormat(locale, format).resolvedOptions().minimumFractionDigits ?? 0
  const digits = Math.max(usual, (figure.split('.')[1] ?? '').length)
  return new Intl.NumberFormat(locale, { ...format, minimumFractionDigits: digits }).format(figure)
}

function isFigure(value: unknown): value is `${number}` {
  return typeof value === 'string' && /^-?\d{1,30}(?:\.\d{1,20})?$/.test(value)
}

function date(value: unknown, locale: string): string | undefined {
  const instant = typeof value === 'string' ? parseInstant(value) : undefined
  if (instant === undefined) return undefined
  const format = { year: 'numeric', month: 'long', day: 'numeric', timeZone: 'UTC' } as const
  const timed = { ...format, hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'short' } as const
  return new Intl.DateTimeFormat(locale, instant.is === 'date' ? format : timed).format(instant.seconds * 1000)
}

/** A date, or an instant, in UTC; undefined for any other text. RFC 3339 §5.6. */
export function parseInstant(
  text: string,
): { readonly is: 'date' | 'date-time'; readonly seconds: number } | undefined {
  const [whole, year, month, day, time, ...clock] = dateShape.exec(text) ?? []
  const days = whole === undefined ? undefined : daysSince1970(Number(year), Number(month), Number(day))
  const ofDay = time === undefined ? 0 : secondsOfDay(clock)
  if (days === undefined || ofDay === undefined) return undefined
  return { is: time === undefined ? 'date' : 'date-time', seconds: days * 86_400 + ofDay }
}

const dateShape = /^(\d{4})-(\d\d)-(\d\d)(T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|([+-])(\d\d):(\d\d)))?$/

/** Undefined for a day that no calendar has, such as 30 February. */
function daysSince1970(year: number, month: number, day: number): number | undefined {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  const length = lengths[month - 1]
  if (length === undefined || day < 1 || day > length) return undefined
  const leapDays = (years: number) => Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400)
  const before = (year - 1970) * 365 + leapDays(year - 1) - leapDays(1969)
  return before + lengths.slice(0, month - 1).reduce((sum, days) => sum + days, 0) + day - 1
}

/** In UTC, so it may be before or after the day that is written. */
function secondsOfDay(clock: readonly (string | undefined)[]): number | undefined {
  const [hour = 0, minute = 0, second = 0] = clock.slice(0, 3).map(Number)
  const [hours, minutes] = [Number(clock[4] ?? 0), Number(clock[5] ?? 0)]
  if (hour > 23 || minute > 59 || second > 59 || hours > 23 || minutes > 59) return undefined
  const offset = (clock[3] === '-' ? -1 : 1) * (hours * 3600 + minutes * 60)
  return hour * 3600 + minute * 60 + second - offset
}

const absent = '—'

/** Any value, readable; what could hide or reorder what is around it is made visible. */
function plain(value: unknown): string {
  if (value === undefined || value === null) return absent
  if (Array.isArray(value)) {
    const shown = value.slice(0, mostEntries).map((entry) => besideOthers(entry))
    const more = value.length > shown.length ? ` … (+${value.length - shown.length})` : ''
    return shown.length === 0 ? absent : shown.join(', ') + more
  }
  if (isJsonObject(value)) {
    const members = Object.entries(value).map(([name, member]) => `${visible(name)}: ${besideOthers(member)}`)
    return members.length === 0 ? absent : members.join(', ')
  }
  return visible(typeof value === 'string' ? value : JSON.stringify(value))
}

/** A value with others around it: in quotes when it could be read as more than one of them. */
function besideOthers(value: unknown): string {
  const text = plain(value)
  return typeof value === 'string' && /^—$|[,:;"“”،，；：、·•‧∙⋅・]/u.test(text) ? JSON.stringify(text) : text
}

function visible(text: string): string {
  const shown = text.replaceAll(unseen, '\u{FFFD}').replaceAll(strayJoiner, '\u{FFFD}')
  return /^[\s\u2800]*$/u.test(shown) ? `"${shown}"` : shown
}

/** Controls, and whatever is drawn as nothing; variation selectors and joiners are what some scripts are written with. */
const unseen = /[[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Cf}\p{Default_Ignorable_Code_Point}]--[\p{VS}\u200c\u200d]]/gv
/** A joiner after anything it could not join. UAX #31 §2.3. */
const strayJoiner = /(?<![[\p{L}\p{M}\p{ExtPict}\p{EMod}]--[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}]])[\u200c\u200d]/gv

/** The language without what a tag may say beside it, such as other digits; English when it is none. */
function localeOf(language: string): string {
  try {
    return new Intl.Locale(language).baseName
  } catch {
    return 'en'
  }
}
