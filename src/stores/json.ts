/** Reading members of parsed JSON and of rows: every value is checked, none is assumed. */

import { isJsonObject, type JsonObject } from '../core/names.ts'
import { CorruptRecord } from './errors.ts'

/** @throws SyntaxError when the member is not a text. */
export function textAt(record: JsonObject, member: string): string {
  const value = record[member]
  if (typeof value !== 'string') throw new SyntaxError(`${member} is not a text`)
  return value
}

/** @throws SyntaxError when the member is not a number. */
export function numberAt(record: JsonObject, member: string): number {
  const value = record[member]
  if (typeof value !== 'number') throw new SyntaxError(`${member} is not a number`)
  return value
}

/** @throws SyntaxError when the member is not a list. */
export function listAt<T>(record: JsonObject, member: string, read: (entry: unknown) => T): readonly T[] {
  const value = record[member]
  if (!Array.isArray(value)) throw new SyntaxError(`${member} is not a list`)
  return value.map((entry: unknown) => read(entry))
}

/** @throws SyntaxError when the member is not a list of texts. */
export function textsAt(record: JsonObject, member: string): readonly string[] {
  return listAt(record, member, (entry) => {
    if (typeof entry !== 'string') throw new SyntaxError(`${member} holds something else than texts`)
    return entry
  })
}

/** The member through `read`, or undefined when it is absent or null. */
export function optionalAt<T>(
  record: JsonObject,
  member: string,
  read: (record: JsonObject, member: string) => T,
): T | undefined {
  const value = record[member]
  return value === undefined || value === null ? undefined : read(record, member)
}

/** The value, when it is one of a closed set. @throws SyntaxError */
export function oneOf<T extends string>(known: readonly T[], value: unknown): T {
  const found = known.find((name) => name === value)
  if (found === undefined) throw new SyntaxError(`not one of ${known.join(', ')}`)
  return found
}

/** @throws SyntaxError when the value is not an object. */
export function objectFrom(value: unknown): JsonObject {
  if (!isJsonObject(value)) throw new SyntaxError('not an object')
  return value
}

/** @throws SyntaxError when the member is not the text of a JSON object. */
export function jsonAt(record: JsonObject, member: string): JsonObject {
  const value: unknown = JSON.parse(textAt(record, member))
  return objectFrom(value)
}

/** @throws SyntaxError when the member is not the text of a JSON list of texts. */
export function jsonTextsAt(record: JsonObject, member: string): readonly string[] {
  const list: unknown = JSON.parse(textAt(record, member))
  return textsAt({ [member]: list }, member)
}

/**
 * Runs `read`; whatever it throws becomes one named error.
 * @throws CorruptRecord
 */
export function readRecord<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw cause instanceof CorruptRecord ? cause : new CorruptRecord(what, cause)
  }
}
