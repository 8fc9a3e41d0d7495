import { isJsonObject, type JsonObject } from './names.ts'
import { profile } from './profile.ts'

/**
 * Parses JSON that a stranger wrote, into an object.
 *
 * Two parsers must never read one text differently, so duplicate members are refused, as are members named
 * `__proto__` and nesting deeper than the profile allows. RFC 7515 §4; RFC 8725 §2.4.
 *
 * @throws SyntaxError
 */
export function parseStrictJsonObject(text: string): JsonObject {
  const value = parseStrictJson(text)
  if (!isJsonObject(value)) throw new SyntaxError('not a JSON object')
  return value
}

/**
 * The same for an array.
 * @throws SyntaxError
 */
export function parseStrictJsonArray(text: string): readonly unknown[] {
  const value = parseStrictJson(text)
  if (!Array.isArray(value)) throw new SyntaxError('not a JSON array')
  return value
}

function parseStrictJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  // A duplicate disappears when JSON is parsed: then the text has more members than the value.
  if (countMembers(value, profile.jsonDepth) !== countColons(text)) throw new SyntaxError('a member stands twice')
  return value
}

function countMembers(value: unknown, depth: number): number {
  if (depth === 0) throw new SyntaxError('nested too deeply')
  if (Array.isArray(value)) {
    return value.reduce((sum: number, entry: unknown) => sum + countMembers(entry, depth - 1), 0)
  }
  if (!isJsonObject(value)) return 0
  let members = 0
  for (const [name, member] of Object.entries(value)) {
    if (name === '__proto__') throw new SyntaxError('a member has a forbidden name')
    members += 1 + countMembers(member, depth - 1)
  }
  return members
}

/** The colons outside strings: one for each member that was written. */
function countColons(text: string): number {
  let colons = 0
  let inString = false
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index)
    if (inString) {
      if (character === BACKSLASH) index += 1
      else if (character === QUOTE) inString = false
    } else if (character === QUOTE) inString = true
    else if (character === COLON) colons += 1
  }
  return colons
}

const BACKSLASH = 0x5c
const QUOTE = 0x22
const COLON = 0x3a
