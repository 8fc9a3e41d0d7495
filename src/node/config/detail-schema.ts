/**
 * What elements of a type can hold, read from its JSON Schema: every path of it. A schema that leaves room for something
 * nobody named is refused, for it could be allowed unseen.
 */

import { isJsonObject, type JsonObject } from '../../core/names.ts'

/** One place in an element: `instructedAmount.amount`, `accounts[].iban`. */
export type Place = { readonly path: string; readonly is: 'object' | 'array' | 'value'; readonly schema: JsonObject }

/** Takes note of what is wrong at a path of an element. */
type NotePlace = (path: string, what: string) => void

const deepest = 12
const endless = 'nests too deeply, or without end'
const lost = 'has a $ref that is not of the form #/$defs/name, or leads nowhere'
const unknownNames = 'must not have patternProperties: the names of members must be known'
const simpleTypes: readonly unknown[] = ['string', 'number', 'integer', 'boolean', 'null']

/** Every place there can be in an element, the element itself not counted; notes whatever is left open. */
export function placesIn(root: JsonObject, note: NotePlace): readonly Place[] {
  const reader = { root, note }
  if (root['type'] !== 'object') {
    note('', 'must be of type: object')
    return []
  }
  return placesBelow('', root, reader, 0).slice(1)
}

type Reader = { readonly root: JsonObject; readonly note: NotePlace }

function placesBelow(path: string, schema: unknown, reader: Reader, depth: number): readonly Place[] {
  const { note } = reader
  if (!isJsonObject(schema)) {
    note(path, 'needs a schema with a type: whatever is allowed must be known')
    return []
  }
  if (depth > deepest) {
    note(path, endless)
    return []
  }
  noteElsewhere(path, depth === 0 ? { ...schema, $id: undefined } : schema, reader)
  const target = schema['$ref'] === undefined ? undefined : resolve(schema['$ref'], reader.root)
  if (schema['$ref'] !== undefined) {
    if (target !== undefined) return placesBelow(path, target, reader, depth + 1)
    note(path, lost)
    return []
  }
  switch (kindOf(schema)) {
    case 'object':
      return [{ path, is: 'object', schema }, ...membersOf(path, schema, reader, depth)]
    case 'array':
      return [{ path, is: 'array', schema }, ...entriesOf(path, schema, reader, depth)]
    case 'value':
      return [{ path, is: 'value', schema }]
    case 'unknown':
      note(path, 'needs one type: object, array, or one of a simple value')
      return []
  }
}

function kindOf(schema: JsonObject): Place['is'] | 'unknown' {
  const { type } = schema
  if (type === 'object' || type === 'array') return type
  const types: readonly unknown[] = Array.isArray(type) ? type : [type]
  if (type !== undefined) return types.every((one) => simpleTypes.includes(one)) ? 'value' : 'unknown'
  const listed: readonly unknown[] = Array.isArray(schema['enum']) ? schema['enum'] : [schema['const']]
  const isSimple = listed.length > 0 && listed.every((value) => value !== undefined && typeof value !== 'object')
  return isSimple ? 'value' : 'unknown'
}

function membersOf(path: string, schema: JsonObject, reader: Reader, depth: number): readonly Place[] {
  if (schema['additionalProperties'] !== false && schema['unevaluatedProperties'] !== false) {
    reader.note(path, 'needs additionalProperties: false (or unevaluatedProperties: false)')
    return []
  }
  const isClosed = schema['additionalProperties'] === false
  if (isClosed && schema['patternProperties'] !== undefined) reader.note(path, unknownNames)
  const named = isClosed ? propertiesOf(schema) : evaluatedProperties(path, schema, reader, depth)
  return named.flatMap(([name, member]) => {
    const below = path === '' ? name : `${path}.${name}`
    if (/^[\w$@-]+$/.test(name)) return placesBelow(below, member, reader, depth + 1)
    reader.note(path, 'has a member whose name is not made of letters, digits, _, $, @ and -')
    return []
  })
}

function propertiesOf(schema: JsonObject): readonly (readonly [name: string, schema: unknown])[] {
  const { properties } = schema
  return isJsonObject(properties) ? Object.entries(properties) : []
}

/**
 * The members that unevaluatedProperties lets pass: those of every part of the schema that may apply. A part that takes
 * members by anything but their names takes all of them. JSON Schema 2020-12 §11.3.
 */
function evaluatedProperties(
  path: string,
  schema: JsonObject,
  reader: Reader,
  depth: number,
): readonly (readonly [name: string, schema: unknown])[] {
  if (depth > deepest) {
    reader.note(path, endless)
    return []
  }
  for (const keyword of ['additionalProperties', 'unevaluatedProperties'] as const) {
    const rest = schema[keyword]
    if (rest !== undefined && rest !== false) reader.note(path, `must have ${keyword}: false or none, in every part`)
  }
  if (schema['patternProperties'] !== undefined) reader.note(path, unknownNames)
  const lists = [schema['allOf'], schema['anyOf'], schema['oneOf']].flatMap((list: unknown): readonly unknown[] =>
    Array.isArray(list) ? list : [],
  )
  const { dependentSchemas } = schema
  const dependent = isJsonObject(dependentSchemas) ? Object.values(dependentSchemas) : []
  const target = schema['$ref'] === undefined ? undefined : resolve(schema['$ref'], reader.root)
  if (schema['$ref'] !== undefined && target === undefined) reader.note(path, lost)
  const parts = [...lists, ...dependent, schema['if'], schema['then'], schema['else'], target]
  return [
    ...propertiesOf(schema),
    ...parts.filter(isJsonObject).flatMap((part) => {
      noteElsewhere(path, part, reader)
      return evaluatedProperties(path, part, reader, depth + 1)
    }),
  ]
}

/** What is read here is all there is: nothing changes where a `$ref` leads. JSON Schema 2020-12 §8.2. */
function noteElsewhere(path: string, schema: JsonObject, { note }: Reader): void {
  if (schema['$id'] === undefined && schema['$dynamicRef'] === undefined) return
  note(path, 'must not have $id or $dynamicRef: what they lead to is not read')
}

function entriesOf(path: string, schema: JsonObject, reader: Reader, depth: number): readonly Place[] {
  const { items, prefixItems } = schema
  const first: readonly unknown[] = Array.isArray(prefixItems) ? prefixItems : []
  if (items === undefined || (items === true && first.length > 0)) {
    reader.note(path, 'needs items: whatever may stand in the list must be known')
  }
  const all = items === undefined || items === false ? first : [...first, items]
  return all.flatMap((entry) => placesBelow(`${path}[]`, entry, reader, depth + 1))
}

function resolve(ref: unknown, root: JsonObject): JsonObject | undefined {
  const [, name] = (typeof ref === 'string' && /^#\/\$defs\/([\w$@-]+)$/.exec(ref)) || []
  const defined = root['$defs']
  if (name === undefined || !isJsonObject(defined) || !Object.hasOwn(defined, name)) return undefined
  const target = defined[name]
  return isJsonObject(target) ? target : undefined
}
