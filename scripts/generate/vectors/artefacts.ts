/** The files of artefact vectors, as they are committed. */

import { existsSync, readFileSync } from 'node:fs'
import { isJsonObject, type JsonObject } from '../../../src/core/names.ts'
import { accessTokens } from './access-token.ts'
import { clientAssertions } from './client-assertion.ts'
import { dpopProofs } from './dpop-proof.ts'
import type { Family, Vector } from './family.ts'
import { type Committed, jwtOf, type Recipe } from './jwt.ts'
import { jwkThumbprints, paths } from './keys-and-paths.ts'
import type { VectorKey } from './keys.ts'
import { forms, htuNormalisation, pkce, redirectUris } from './texts.ts'

const families = [
  clientAssertions,
  dpopProofs,
  accessTokens,
  pkce,
  redirectUris,
  forms,
  htuNormalisation,
  jwkThumbprints,
  paths,
]

/** Every file below `vectors/` that this makes, with the document in it. */
export function artefactFiles(
  root: URL,
  keys: ReadonlyMap<string, VectorKey>,
): readonly (readonly [file: string, document: JsonObject])[] {
  return families.map((family) => {
    const committed = committedVectors(new URL(`vectors/${family.file}`, root))
    return [`vectors/${family.file}`, documentOf(family, keys, committed)]
  })
}

function documentOf(
  { about, clauses, settings, vectors }: Family,
  keys: ReadonlyMap<string, VectorKey>,
  committed: ReadonlyMap<string, JsonObject>,
): JsonObject {
  return {
    about,
    clauses,
    ...settings,
    vectors: vectors.map((vector) => vectorOf(vector, keys, committed.get(nameOf(vector)))),
  }
}

/** The same case may stand under several rules. */
function nameOf({ name, expect }: Vector): string {
  return typeof expect['rule'] === 'string' ? `${expect['rule']}: ${name}` : name
}

function vectorOf(vector: Vector, keys: ReadonlyMap<string, VectorKey>, committed: JsonObject | undefined): JsonObject {
  const { input, recipe, expect } = vector
  const name = nameOf(vector)
  if (recipe === undefined) return { name, ...input, expect }
  const made = resolved(recipe, keys)
  const jwt = jwtOf(made, keyOf(recipe.key, keys), committedJwt(committed))
  return { name, ...input, made: { ...made }, jwt, expect }
}

function committedJwt(committed: JsonObject | undefined): Committed {
  return committed === undefined ? undefined : { made: committed['made'], jwt: committed['jwt'] }
}

function committedVectors(file: URL): ReadonlyMap<string, JsonObject> {
  if (!existsSync(file)) return new Map()
  const document: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const vectors = isJsonObject(document) ? document['vectors'] : undefined
  if (!Array.isArray(vectors)) return new Map()
  return new Map(vectors.filter(isJsonObject).map((vector) => [String(vector['name']), vector]))
}

/** A recipe in which `{name of a key}` and `{thumbprint of name}` became what they stand for. */
function resolved(recipe: Recipe, keys: ReadonlyMap<string, VectorKey>): Recipe {
  const { header, claims } = recipe
  return {
    ...recipe,
    header: typeof header === 'string' ? resolvedText(header, keys) : resolvedObject(header, keys),
    claims: typeof claims === 'string' ? resolvedText(claims, keys) : resolvedObject(claims, keys),
  }
}

/** JSON as a text: only thumbprints are filled in, inside their quotation marks. */
function resolvedText(text: string, keys: ReadonlyMap<string, VectorKey>): string {
  return text.replaceAll(/\{thumbprint of ([a-z0-9-]+)\}/g, (_, name: string) => keyOf(name, keys).thumbprint)
}

function resolvedObject(object: JsonObject, keys: ReadonlyMap<string, VectorKey>): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, resolvedValue(value, keys)]))
}

function resolvedValue(value: unknown, keys: ReadonlyMap<string, VectorKey>): unknown {
  if (isJsonObject(value)) return resolvedObject(value, keys)
  if (typeof value !== 'string') return value
  const [, ofThumbprint, name = ''] = /^\{(thumbprint of )?([a-z0-9-]+)\}$/.exec(value) ?? []
  if (name === '') return value
  const key = keyOf(name, keys)
  return ofThumbprint === undefined ? key.publicJwk : key.thumbprint
}

function keyOf(name: string, keys: ReadonlyMap<string, VectorKey>): VectorKey {
  const key = keys.get(name)
  if (key === undefined) throw new RangeError(`vectors/keys.json has no key ${name}`)
  return key
}
