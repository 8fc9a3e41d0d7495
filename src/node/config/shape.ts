/** What may stand where in a schema: for overrides by name, and to suggest the key that was meant. */

import { isJsonObject } from '../../core/names.ts'

/** Keys and indices. */
export type Path = readonly (string | number)[]

/** What a place in the configuration holds. */
export type Place =
  | { readonly kind: 'group'; readonly members: ReadonlyMap<string, unknown> }
  | { readonly kind: 'list'; readonly item: unknown }
  | { readonly kind: 'value' }

/** Looks through `optional` and pipes. */
export function placeOf(schema: unknown): Place {
  if (!isJsonObject(schema)) return { kind: 'value' }
  if (isJsonObject(schema['wrapped'])) return placeOf(schema['wrapped'])
  if (isJsonObject(schema['entries'])) return { kind: 'group', members: new Map(Object.entries(schema['entries'])) }
  if (isJsonObject(schema['item'])) return { kind: 'list', item: schema['item'] }
  return { kind: 'value' }
}

/** The schema at a path of keys and indices, or undefined. */
export function schemaAt(schema: unknown, path: Path): unknown {
  let at = schema
  for (const part of path) {
    const place = placeOf(at)
    if (place.kind === 'value') return undefined
    at = place.kind === 'list' ? place.item : place.members.get(String(part))
  }
  return at
}

/** The keys of a place, none when it is not a group. */
export function keysAt(schema: unknown, path: Path): readonly string[] {
  const place = placeOf(schemaAt(schema, path))
  return place.kind === 'group' ? [...place.members.keys()] : []
}

/** The paths at which a list stands where a group belongs: Valibot takes a list for an object. */
export function listsForGroups(schema: unknown, value: unknown, path: Path = []): readonly Path[] {
  const place = placeOf(schema)
  if (place.kind === 'group' && Array.isArray(value)) return [path]
  if (place.kind === 'list' && Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => listsForGroups(place.item, item, [...path, index]))
  }
  if (place.kind !== 'group' || !isJsonObject(value)) return []
  return [...place.members].flatMap(([key, member]) => listsForGroups(member, value[key], [...path, key]))
}
