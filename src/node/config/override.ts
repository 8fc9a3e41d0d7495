/** What stands above the file: environment variables `STRONGROOM_…` and flags. */

import { isJsonObject, type JsonObject } from '../../core/names.ts'
import type { Sources } from './interpolate.ts'
import { nearest } from './nearest.ts'
import type { Note } from './problems.ts'
import { keysAt, placeOf, schemaAt } from './shape.ts'

const prefix = 'STRONGROOM_'

/** Variables with this prefix that are not configuration keys. */
const others = ['STRONGROOM_CONFIG']

/** Keys that hold a secret, or hold one that does. */
const secretFlags = ['keys', 'keys.sealing', 'signIn', 'signIn.upstream']

/**
 * The configuration with what the environment says. `__` goes one level down, `ACCESS_TOKEN` means `accessToken`,
 * `…_FILE` takes the value from a file, lists and groups are JSON. A variable that means nothing is noted.
 */
export function overrideByEnvironment(config: JsonObject, schema: unknown, sources: Sources, note: Note): JsonObject {
  let result = config
  const set = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(sources.env)) {
    if (!name.startsWith(prefix) || others.includes(name) || value === undefined) continue
    const found = pathOf(name.slice(prefix.length), schema)
    if (found === undefined) {
      const known = nearest(name, variablesOf(schema))
      note(name, `means nothing${known === undefined ? '' : `: did you mean "${known}"?`}`)
      continue
    }
    const rival = [...set].find(([, path]) => path.every((key, at) => (found.path[at] ?? key) === key))
    if (rival !== undefined) note(name, `says the same or part of the same as ${rival[0]}: set one of them`)
    set.set(name, found.path)
    const read = found.holds === 'file' ? sources.readFile(value) : { text: value }
    if ('problem' in read) note(name, read.problem)
    else result = override(result, schema, found.path, read.text, (what) => note(name, what))
  }
  return result
}

/** The configuration with what flags say: dotted path → text. A path that means nothing is noted. */
export function overrideByFlags(
  config: JsonObject,
  schema: unknown,
  flags: Readonly<Record<string, string | undefined>>,
  note: Note,
): JsonObject {
  let result = config
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined) continue
    const path = name.split('.')
    if (schemaAt(schema, path) === undefined) note(name, 'is not a key of the configuration')
    // Command lines are seen by everybody on the machine.
    else if (secretFlags.includes(name)) note(name, 'is a secret: use the file or the environment, not a flag')
    else result = override(result, schema, path, value, (what) => note(name, what))
  }
  return result
}

function override(
  config: JsonObject,
  schema: unknown,
  path: readonly string[],
  text: string,
  note: (what: string) => void,
): JsonObject {
  if (placeOf(schemaAt(schema, path)).kind === 'value') return setAt(config, path, text)
  try {
    const value: unknown = JSON.parse(text)
    return setAt(config, path, value)
  } catch {
    note('must be JSON')
    return config
  }
}

function setAt(config: JsonObject, [key, ...rest]: readonly string[], value: unknown): JsonObject {
  if (key === undefined) return config
  const below = config[key]
  return { ...config, [key]: rest.length === 0 ? value : setAt(isJsonObject(below) ? below : {}, rest, value) }
}

type Found = { readonly path: readonly string[]; readonly holds: 'text' | 'file' }

function pathOf(variable: string, schema: unknown): Found | undefined {
  return exactPath(variable, schema, 'text') ?? exactPath(variable.replace(/_FILE$/, ''), schema, 'file')
}

function exactPath(variable: string, schema: unknown, holds: Found['holds']): Found | undefined {
  const path: string[] = []
  for (const segment of variable.split('__')) {
    const wanted = segment.toLowerCase().replaceAll('_', '')
    const key = keysAt(schema, path).find((known) => known.toLowerCase() === wanted)
    if (key === undefined) return undefined
    path.push(key)
  }
  return { path, holds }
}

/** The names of all variables that mean something. */
function variablesOf(schema: unknown, path: readonly string[] = []): readonly string[] {
  return keysAt(schema, path).flatMap((key) => {
    const here = [...path, key]
    const name = prefix + here.map((part) => part.replaceAll(/[A-Z]/g, '_$&').toUpperCase()).join('__')
    return [name, ...variablesOf(schema, here)]
  })
}
