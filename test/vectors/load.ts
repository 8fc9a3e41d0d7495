/** Reads files of vectors, strictly: a member nobody knows is a vector nobody runs. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { isJsonObject, isKeyOf, type JsonObject } from '../../src/core/names.ts'
import { rules, type RuleSlug } from '../../src/core/rules.ts'

/** The members a file may have, besides `about`, `clauses` and `vectors`; those of a vector; those of `expect`. */
export type Shape = {
  readonly settings: readonly string[]
  readonly members: readonly string[]
  readonly expect: readonly string[]
}

/** One vector. */
export type Vector = JsonObject & { readonly name: string; readonly expect: JsonObject }

/** A file of vectors. */
export type VectorFile = { readonly document: JsonObject; readonly vectors: readonly Vector[] }

const root = new URL('../../vectors/', import.meta.url)

/** A document below `vectors/`. */
export function readDocument(file: string): JsonObject {
  return objectOf(JSON.parse(readFileSync(new URL(file, root), 'utf8')), file)
}

/** The vectors of a file, all of them and at least one. */
export function readVectors(file: string, shape: Shape): VectorFile {
  return parseVectors(readDocument(file), shape, file)
}

/** @throws AssertionError when anything in the document is not of the shape */
export function parseVectors(document: JsonObject, shape: Shape, file: string): VectorFile {
  checkMembers(document, ['about', 'clauses', 'vectors', ...shape.settings], file)
  const list = document['vectors']
  assert.ok(Array.isArray(list) && list.length > 0, `${file}: there are no vectors`)
  const vectors = list.map((entry: unknown): Vector => {
    const vector = objectOf(entry, file)
    const { name } = vector
    assert.ok(typeof name === 'string' && name !== '', `${file}: a vector has no name`)
    checkMembers(vector, ['name', 'expect', ...shape.members], `${file}: ${name}`)
    const expect = objectOf(vector['expect'], name)
    checkMembers(expect, ['rule', ...shape.expect], `${file}: ${name}: expect`)
    assert.notEqual(Object.keys(expect).length, 0, `${file}: ${name}: nothing is expected`)
    if (expect['rule'] !== undefined) ruleSlug(expect['rule'])
    return { ...vector, name, expect }
  })
  const twice = vectors.find(({ name }, index) => vectors.findIndex((other) => other.name === name) !== index)
  assert.equal(twice?.name, undefined, `${file}: a name stands twice`)
  return { document, vectors }
}

/** @throws AssertionError when a member is none of those known */
export function checkMembers(object: JsonObject, known: readonly string[], about: string): void {
  const unknown = Object.keys(object).filter((name) => !known.includes(name))
  assert.deepEqual(unknown, [], `${about}: unknown members`)
}

export function objectOf(value: unknown, about: string): JsonObject {
  assert.ok(isJsonObject(value), `${about}: not an object`)
  return value
}

export function textOf(value: unknown, about: string): string {
  assert.ok(typeof value === 'string', `${about}: not a text`)
  return value
}

export function numberOf(value: unknown, about: string): number {
  assert.ok(typeof value === 'number', `${about}: not a number`)
  return value
}

export function textsOf(value: unknown, about: string): readonly string[] {
  assert.ok(Array.isArray(value), `${about}: not a list`)
  return value.map((entry) => textOf(entry, about))
}

function ruleSlug(value: unknown): RuleSlug {
  assert.ok(typeof value === 'string' && isKeyOf(rules, value), `${String(value)} is not a rule`)
  return value
}
