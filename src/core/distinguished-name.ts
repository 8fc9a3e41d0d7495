/** Distinguished names: read from their text form, and compared as directories compare them. RFC 4514, RFC 4518. */

import type { DistinguishedName, NameAttribute } from './certificate.ts'

/** The short names of attribute types, in the spelling they are written with. RFC 4514 §3; RFC 4519; RFC 2985. */
const shortNames: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  serialNumber: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  title: '2.5.4.12',
  description: '2.5.4.13',
  businessCategory: '2.5.4.15',
  postalCode: '2.5.4.17',
  name: '2.5.4.41',
  GN: '2.5.4.42',
  initials: '2.5.4.43',
  generationQualifier: '2.5.4.44',
  dnQualifier: '2.5.4.46',
  pseudonym: '2.5.4.65',
  organizationIdentifier: '2.5.4.97',
  UID: '0.9.2342.19200300.100.1.1',
  DC: '0.9.2342.19200300.100.1.25',
  emailAddress: '1.2.840.113549.1.9.1',
  jurisdictionLocalityName: '1.3.6.1.4.1.311.60.2.1.1',
  jurisdictionStateOrProvinceName: '1.3.6.1.4.1.311.60.2.1.2',
  jurisdictionCountryName: '1.3.6.1.4.1.311.60.2.1.3',
}

/** Other names of the same types. Names are compared without regard to case. RFC 4512 §1.4. */
const otherNames: Readonly<Record<string, string>> = {
  commonName: '2.5.4.3',
  surname: '2.5.4.4',
  countryName: '2.5.4.6',
  localityName: '2.5.4.7',
  stateOrProvinceName: '2.5.4.8',
  streetAddress: '2.5.4.9',
  organizationName: '2.5.4.10',
  organizationalUnitName: '2.5.4.11',
  givenName: '2.5.4.42',
  userId: '0.9.2342.19200300.100.1.1',
  domainComponent: '0.9.2342.19200300.100.1.25',
  jurisdictionL: '1.3.6.1.4.1.311.60.2.1.1',
  jurisdictionST: '1.3.6.1.4.1.311.60.2.1.2',
  jurisdictionC: '1.3.6.1.4.1.311.60.2.1.3',
}

const typeOfName: ReadonlyMap<string, string> = new Map(
  [...Object.entries(shortNames), ...Object.entries(otherNames)].map(([name, type]) => [name.toLowerCase(), type]),
)
const nameOfType: ReadonlyMap<string, string> = new Map(Object.entries(shortNames).map(([name, type]) => [type, name]))

const mostCharacters = 4096

/**
 * Reads a name as RFC 4514 §3 writes it: `CN=app,O=Example\, Inc.`. The text begins with the last relative name of the
 * certificate; what is returned has the order of the certificate. A name of nothing names nobody, and is refused.
 * @throws SyntaxError
 */
export function parseDistinguishedName(text: string): DistinguishedName {
  if (text === '') throw new SyntaxError('a distinguished name must not be empty')
  if (text.length > mostCharacters) throw new SyntaxError('the distinguished name is too long')
  const names: NameAttribute[][] = []
  let attributes: NameAttribute[] = []
  let at = 0
  for (;;) {
    const read = readAttribute(text, at)
    attributes.push(read.attribute)
    const separator = text[read.end]
    if (separator !== '+') {
      names.push(attributes)
      attributes = []
    }
    if (separator === undefined) return names.reverse()
    at = read.end + 1
  }
}

type Read = { readonly attribute: NameAttribute; readonly end: number }

/** One `type=value`; `end` is where the separator behind it stands. */
function readAttribute(text: string, start: number): Read {
  const [whole, written = ''] = /^([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)=/.exec(text.slice(start)) ?? []
  if (whole === undefined) throw new SyntaxError(`character ${start + 1}: an attribute type and "=" must stand here`)
  const type = typeOf(written)
  if (type === undefined) throw new SyntaxError(`character ${start + 1}: the attribute type is not known: use its OID`)
  const begin = start + whole.length
  const { value, end } = text[begin] === '#' ? readHexValue(text, begin) : readTextValue(text, begin)
  const next = text[end]
  if (next !== undefined && next !== ',' && next !== '+') {
    throw new SyntaxError(`character ${end + 1}: must be escaped, or followed by "," or "+"`)
  }
  return { attribute: { type, value }, end }
}

function typeOf(written: string): string | undefined {
  if (!/^\d/.test(written)) return typeOfName.get(written.toLowerCase())
  // No leading zeros: one identifier has one spelling. RFC 4512 §1.4.
  const isOid = /^[012](?:\.(?:0|[1-9]\d{0,38}))+$/.test(written)
  return isOid ? written : undefined
}

type Value = { readonly value: string; readonly end: number }

/** A string with its escapes taken out: `\,`, `\2C`. Spaces at its ends must be escaped. RFC 4514 §2.4. */
function readTextValue(text: string, start: number): Value {
  const bytes: number[] = []
  let at = start
  let lastBareSpace = -1
  for (let next = text[at]; next !== undefined && !',+'.includes(next); next = text[at]) {
    if (next === '\\') {
      const pair = text.slice(at + 1, at + 3)
      const isHex = /^[0-9A-Fa-f]{2}$/.test(pair)
      if (!isHex && !/^[ "#+,;<=>\\]/.test(pair)) throw new SyntaxError(`character ${at + 1}: not an escape`)
      bytes.push(isHex ? Number.parseInt(pair, 16) : pair.charCodeAt(0))
      at += isHex ? 3 : 2
      continue
    }
    if ('";<>\0'.includes(next) || (next === ' ' && at === start)) {
      throw new SyntaxError(`character ${at + 1}: must be escaped`)
    }
    if (next === ' ') lastBareSpace = at
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
    if (!character.isWellFormed()) throw new SyntaxError(`character ${at + 1}: not a character`)
    bytes.push(...new TextEncoder().encode(character))
    at += character.length
  }
  if (lastBareSpace === at - 1 && at > start) throw new SyntaxError(`character ${at}: must be escaped`)
  const value = utf8(Uint8Array.from(bytes))
  if (value === undefined) throw new SyntaxError(`character ${start + 1}: the escapes make no UTF-8`)
  return { value, end: at }
}

/** `#` and the DER of the value. Only what is a string can be compared, so only that is taken. RFC 4514 §2.4. */
function readHexValue(text: string, start: number): Value {
  const [whole = '', digits = ''] = /^#((?:[0-9A-Fa-f]{2})+)/.exec(text.slice(start)) ?? []
  const [tag = 0, length = -1, ...rest] = digits.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? []
  // How many octets tell the length, when one alone does not. X.690 §8.1.3.
  const header = length < 0x80 ? 0 : length - 0x80
  const content = rest.slice(header)
  const announced = header === 0 ? length : rest.slice(0, header).reduce((sum, byte) => sum * 256 + byte, 0)
  const isMinimal = header === 0 || (header <= 2 && announced >= 0x80 && (header === 1 || announced >= 0x100))
  const value = isMinimal && announced === content.length ? directoryString(tag, Uint8Array.from(content)) : undefined
  if (value === undefined) throw new SyntaxError(`character ${start + 1}: not the DER of a string`)
  return { value, end: start + whole.length }
}

/**
 * The text of a DER string, by its tag; undefined when it is no string, or not well-formed. TeletexString counts as long
 * as it is ASCII, since nobody agrees on the rest. RFC 5280 §4.1.2.4.
 */
export function directoryString(tag: number, bytes: Uint8Array): string | undefined {
  switch (tag) {
    case 0x0c:
      return utf8(bytes)
    case 0x12:
      return ascii(bytes, /^[0-9 ]*$/)
    case 0x13:
      return ascii(bytes, /^[\x20-\x7e]*$/)
    case 0x14:
    case 0x16:
      return ascii(bytes, /^\p{ASCII}*$/u)
    case 0x1c:
      return wide(bytes, 4)
    case 0x1e:
      return wide(bytes, 2)
    default:
      return undefined
  }
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function ascii(bytes: Uint8Array, pattern: RegExp): string | undefined {
  const text = String.fromCharCode(...bytes)
  return pattern.test(text) && !text.includes('\0') ? text : undefined
}

/** Code points of two or four bytes each, surrogates not among them. */
function wide(bytes: Uint8Array, width: 2 | 4): string | undefined {
  if (bytes.length % width !== 0) return undefined
  let text = ''
  for (let at = 0; at < bytes.length; at += width) {
    const point = bytes.subarray(at, at + width).reduce((sum, byte) => sum * 256 + byte, 0)
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined
    text += String.fromCodePoint(point)
  }
  return text
}

/** Writes a name as RFC 4514 §2 does, the last relative name first. */
export function formatDistinguishedName(name: DistinguishedName): string {
  return name
    .toReversed()
    .map((attributes) =>
      attributes.map(({ type, value }) => `${nameOfType.get(type) ?? type}=${escaped(value)}`).join('+'),
    )
    .join(',')
}

function escaped(value: string): string {
  return value
    .replaceAll(/[\\"+,;<>]/g, '\\$&')
    .replaceAll(/\p{Cc}/gu, hexPairs)
    .replace(/^[ #]/, '\\$&')
    .replace(/(?<!^\\) $/, '\\ ')
}

function hexPairs(character: string): string {
  return [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')
}

/**
 * Whether two names are the same: as many relative names in the same order, each with the same attributes in any order.
 * Values are compared without regard to case and insignificant spaces. RFC 4517 §4.2.15, §4.2.11.
 */
export function isSameName(one: DistinguishedName, other: DistinguishedName): boolean {
  return one.length === other.length && one.every((attributes, index) => isSameSet(attributes, other[index] ?? []))
}

function isSameSet(one: readonly NameAttribute[], other: readonly NameAttribute[]): boolean {
  if (one.length !== other.length) return false
  const left = one.map(prepared)
  const right = other.map(prepared)
  // As often here as there: an attribute may stand in a set twice.
  const timesIn = (set: typeof left, attribute: string) => set.filter((each) => each === attribute).length
  return left.every((attribute) => attribute !== undefined && timesIn(left, attribute) === timesIn(right, attribute))
}

/** Type and prepared value as one text; undefined for a value that no value equals. */
function prepared({ type, value }: NameAttribute): string | undefined {
  const text = prepare(value)
  return text === undefined ? undefined : `${type}=${text}`
}

/** Characters that count for nothing, besides control characters that are no spaces. RFC 4518 §2.2. */
const ignored =
  /\u{34f}|[\u{fe00}-\u{fe0f}]|[\u{ad}\u{6dd}\u{70f}\u{1806}\u{180b}-\u{180e}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}-\u{2063}\u{206a}-\u{206f}\u{feff}\u{fff9}-\u{fffc}\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/gu

/** Characters that count as a space. RFC 4518 §2.2. */
const spaces = /[\s\u{85}\p{Z}]/gu

/** Characters that make a value equal to none. RFC 4518 §2.4. */
const prohibited = /[\p{Cn}\p{Co}\p{Cs}\u{fffd}]/u

/** The value as it is compared, or undefined when it must not be. RFC 4518 §2. */
function prepare(value: string): string | undefined {
  const mapped = fold(
    value
      .replaceAll(ignored, '')
      .replaceAll(spaces, ' ')
      .replaceAll(/\p{Cc}/gu, ''),
  )
  if (prohibited.test(mapped)) return undefined
  // A space that carries a combining mark is no space. RFC 4518 §2.6.1.
  return mapped
    .replaceAll(/(?: (?!\p{M}))+/gu, ' ')
    .replace(/^ (?!\p{M})/u, '')
    .replace(/ $/, '')
}

/** Without case, in NFKC. Normalizing can bring capitals back, so it is done twice. RFC 3454 §B.2. */
function fold(text: string): string {
  return lower(lower(text).normalize('NFKC')).normalize('NFKC')
}

function lower(text: string): string {
  return text.toLowerCase().replaceAll('ς', 'σ').replaceAll('ß', 'ss')
}
