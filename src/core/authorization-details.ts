/** Rich authorization requests: what exactly is to be allowed. RFC 9396. */

import { valueAt } from './consent-text.ts'
import type { LocalText } from './local-text.ts'
import { isJsonObject, type JsonObject, type ResourceIdentifier } from './names.ts'
import { orRefuse, refuse } from './oauth-error.ts'
import { profile } from './profile.ts'
import { parseStrictJsonArray } from './strict-json.ts'

/** One element: real JSON with a `type`, held against the schema of that type. RFC 9396 §2. */
export type AuthorizationDetail = JsonObject & { readonly type: string }

/** One type of authorization details, as the operator declared it. */
export type DetailType = {
  readonly type: string
  /** The API it concerns: no token for another one holds elements of it. RFC 9396 §9. */
  readonly resource: ResourceIdentifier
  /** The path of the first thing that does not fit, as a JSON pointer; undefined when everything does. */
  readonly misfit: (element: JsonObject) => string | undefined
  /** What the person reads; names every member that is allowed by it. */
  readonly consent: {
    readonly title: LocalText
    /** A template; see `consent-text.ts`. */
    readonly text: LocalText
  }
  /** Members holding lists of which the person may leave out entries. */
  readonly choosable: readonly string[]
  /** Paths of amounts of which a token may be asked for less. */
  readonly atMost: readonly string[]
}

/** What may be asked for: the types there are, and those of them that the client is registered for. */
export type DetailTypes = { readonly known: readonly DetailType[]; readonly allowed: readonly string[] }

/** Whether a JSON value has the shape of an element. */
export function isAuthorizationDetail(value: unknown): value is AuthorizationDetail {
  return isJsonObject(value) && typeof value['type'] === 'string' && value['type'] !== ''
}

/**
 * The parameter as it stood on the wire, every element held against its type. RFC 9396 §2, §5.
 * @throws OAuthError authorization_details_malformed, authorization_details_type_unknown,
 *   authorization_details_type_not_allowed, authorization_details_invalid
 */
export function checkAuthorizationDetails(text: string, types: DetailTypes): readonly AuthorizationDetail[] {
  const elements = orRefuse('authorization_details_malformed', () => parseAuthorizationDetails(text))
  for (const [index, element] of elements.entries()) checkElement(element, index, types)
  return elements
}

/**
 * The elements, not yet held against anything but the bounds: a non-empty array of objects, each with a `type`.
 * @throws SyntaxError
 */
export function parseAuthorizationDetails(text: string): readonly AuthorizationDetail[] {
  if (bytesOf(text) > profile.detailBytes) throw new SyntaxError('too large')
  const elements = parseStrictJsonArray(text)
  if (elements.length === 0 || elements.length > profile.detailElements) throw new SyntaxError('too few or too many')
  if (!elements.every(isAuthorizationDetail)) throw new SyntaxError('an element is no object with a type')
  // Written out again it may be longer, and that is what tokens hold.
  if (bytesOf(JSON.stringify(elements)) > profile.detailBytes) throw new SyntaxError('too large')
  const entries = elements.reduce((sum, element) => sum + countEntries(element), 0)
  if (entries > profile.detailEntries) throw new SyntaxError('too many entries in lists')
  return elements
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}

/** The entries of all lists. @throws SyntaxError for a number that another parser may read as another one */
function countEntries(value: unknown): number {
  if (typeof value === 'number' && !(Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value))) {
    throw new SyntaxError('a number is out of range')
  }
  if (Array.isArray(value)) {
    return value.reduce((sum: number, entry: unknown) => sum + countEntries(entry), value.length)
  }
  if (!isJsonObject(value)) return 0
  return Object.values(value).reduce((sum: number, member) => sum + countEntries(member), 0)
}

function checkElement(element: AuthorizationDetail, index: number, { known, allowed }: DetailTypes): void {
  const at = (path: string) => ({ expected: { path: `/${index}${path}` } })
  const type = typeOf(element, known) ?? refuse('authorization_details_type_unknown', at('/type'))
  if (!allowed.includes(type.type)) refuse('authorization_details_type_not_allowed', at('/type'))
  const misfit = misfitOf(element, type)
  if (misfit !== undefined) refuse('authorization_details_invalid', at(misfit))
}

/** The path of the first thing of an element that does not fit its type. */
function misfitOf(element: AuthorizationDetail, type: DetailType): string | undefined {
  const { locations } = element
  // Nobody but the API of the type can act on it. RFC 9396 §2.2.
  const isElsewhere = locations !== undefined && !equal(locations, [type.resource])
  return type.misfit(element) ?? (isElsewhere ? '/locations' : undefined)
}

/** The type of an element, if there is one of its name. */
export function typeOf({ type }: AuthorizationDetail, known: readonly DetailType[]): DetailType | undefined {
  return known.find((one) => one.type === type)
}

/** Whether what was asked for or allowed once can be asked for today. */
export function stillCounts(element: AuthorizationDetail, { known, allowed }: DetailTypes): boolean {
  const type = typeOf(element, known)
  return type !== undefined && allowed.includes(type.type) && misfitOf(element, type) === undefined
}

/** The elements that concern one of the APIs. RFC 9396 §9. */
export function detailsFor(
  resources: readonly string[],
  elements: readonly AuthorizationDetail[],
  known: readonly DetailType[],
): readonly AuthorizationDetail[] {
  return elements.filter((element) => {
    const type = typeOf(element, known)
    return type !== undefined && resources.includes(type.resource)
  })
}

/** Lists whose entries may be left out when less is asked for, in every type. RFC 9396 §2.2. */
const commonLists: readonly string[] = ['actions', 'locations', 'datatypes', 'privileges']

/**
 * Whether every element that is wanted is one of those granted, or less; no two of them come out of one. RFC 9396 §6.
 */
export function coversAll(
  granted: readonly AuthorizationDetail[],
  wanted: readonly AuthorizationDetail[],
  known: readonly DetailType[],
): boolean {
  const options = wanted.map((element) => {
    const type = typeOf(element, known)
    return granted.flatMap((one, index) => (type !== undefined && covers(one, element, type) ? [index] : []))
  })
  // Which of those wanted each one granted stands for; moved aside as long as there is another for it.
  const taken = new Map<number, number>()
  const place = (wish: number, tried: Set<number>): boolean =>
    (options[wish] ?? []).some((index) => {
      if (tried.has(index)) return false
      tried.add(index)
      const holder = taken.get(index)
      if (holder !== undefined && !place(holder, tried)) return false
      taken.set(index, wish)
      return true
    })
  return wanted.every((_, wish) => place(wish, new Set()))
}

/**
 * Whether an element is another one or less: equal, but for lists with fewer entries where a type lets people choose or
 * every type does, and smaller amounts where a type says so. A member that is missing is not less: it may mean all.
 */
export function covers(granted: AuthorizationDetail, wanted: AuthorizationDetail, type: DetailType): boolean {
  if (granted.type !== type.type) return false
  const [members, others] = [Object.keys(granted), Object.keys(wanted)]
  return (
    members.length === others.length &&
    members.every((name) => {
      if (!Object.hasOwn(wanted, name)) return false
      const isList = type.choosable.includes(name) || commonLists.includes(name)
      const [more, less] = [granted[name], wanted[name]]
      return (isList && isPartOf(less, more)) || isWithin(more, less, name, type.atMost)
    })
  )
}

function isPartOf(less: unknown, more: unknown): boolean {
  if (!Array.isArray(less) || !Array.isArray(more) || less.length === 0) return false
  const left = more.map((entry: unknown) => canonical(entry))
  return less.every((entry: unknown) => {
    const index = left.indexOf(canonical(entry))
    if (index === -1) return false
    left.splice(index, 1)
    return true
  })
}

/** Whether two values are equal but for amounts that may be smaller. */
function isWithin(more: unknown, less: unknown, path: string, atMost: readonly string[]): boolean {
  if (atMost.includes(path)) return equal(more, less) || isNoMore(less, more)
  if (!isJsonObject(more) || !isJsonObject(less)) return equal(more, less)
  const [members, others] = [Object.keys(more), Object.keys(less)]
  return (
    members.length === others.length &&
    members.every((name) => Object.hasOwn(less, name) && isWithin(more[name], less[name], `${path}.${name}`, atMost))
  )
}

function isNoMore(less: unknown, more: unknown): boolean {
  if (typeof less !== typeof more) return false
  const [small, large] = [decimalOf(less), decimalOf(more)]
  if (small === undefined || large === undefined) return false
  const digits = Math.max(small.fraction.length, large.fraction.length)
  const scaled = ({ whole, fraction }: Decimal) => BigInt(whole + fraction.padEnd(digits, '0'))
  return scaled(small) <= scaled(large)
}

type Decimal = { readonly whole: string; readonly fraction: string }

/** A decimal that is not negative, exactly as it is written; undefined for anything else. */
function decimalOf(value: unknown): Decimal | undefined {
  const text = typeof value === 'number' ? String(value) : value
  const [, whole, fraction = ''] = (typeof text === 'string' && /^(\d{1,40})(?:\.(\d{1,40}))?$/.exec(text)) || []
  return whole === undefined ? undefined : { whole, fraction }
}

/** Whether two JSON values are the same; the order of members means nothing. */
function equal(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other)
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((entry: unknown) => canonical(entry)).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'nothing'
  const members = Object.keys(value).toSorted()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`
}

/** The lists of an element of which entries may be left out: with one entry there is nothing to choose. */
export function choosableLists(element: AuthorizationDetail, type: DetailType): readonly string[] {
  return type.choosable.filter((member) => {
    const list = valueAt(element, member)
    return Array.isArray(list) && list.length > 1
  })
}

/** An entry that the person left: of which element, in which member, and where in its list. */
export type Choice = { readonly element: number; readonly member: string; readonly entry: number }

/**
 * What is left of the elements: of every list to choose from, the entries that were chosen. RFC 9396 §7.
 * @throws OAuthError consent_tampered, authorization_details_empty_choice, request_no_longer_allowed
 */
export function choose(
  elements: readonly AuthorizationDetail[],
  choices: readonly Choice[],
  known: readonly DetailType[],
): readonly AuthorizationDetail[] {
  const typed = elements.map((element) => {
    const type = typeOf(element, known) ?? refuse('request_no_longer_allowed')
    return { element, type, lists: choosableLists(element, type) }
  })
  for (const { element: index, member, entry } of choices) {
    const { element, lists } = typed[index] ?? refuse('consent_tampered')
    const list = lists.includes(member) ? element[member] : undefined
    if (!Array.isArray(list) || !Number.isSafeInteger(entry) || entry < 0 || entry >= list.length) {
      refuse('consent_tampered')
    }
  }
  return typed.map(({ element, type, lists }, index) => {
    const left = lists.map((member) => {
      const entries: unknown = element[member]
      const isChosen = (entry: number) =>
        choices.some((one) => one.element === index && one.member === member && one.entry === entry)
      const kept = Array.isArray(entries) ? entries.filter((_, entry) => isChosen(entry)) : []
      return kept.length === 0 ? refuse('authorization_details_empty_choice') : ([member, kept] as const)
    })
    const chosen = { ...element, ...Object.fromEntries(left) }
    // A type may want more than one entry.
    return misfitOf(chosen, type) === undefined ? chosen : refuse('authorization_details_empty_choice')
  })
}
