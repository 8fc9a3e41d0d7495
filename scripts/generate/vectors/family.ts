/** One file of vectors about one kind of artefact. */

import type { JsonObject } from '../../../src/core/names.ts'
import type { RuleSlug } from '../../../src/core/rules.ts'
import type { Recipe } from './jwt.ts'

/** The time of all vectors: 2027-01-15T08:00:00Z. */
export const time = 1_800_000_000

/** One vector before its JWT was signed. */
export type Vector = {
  readonly name: string
  /** What a vector says besides the settings of its file. */
  readonly input: JsonObject
  /** For vectors about a JWT. */
  readonly recipe?: Recipe
  /** `{ accepted: true }` or more about what was read; or `{ rule }`. */
  readonly expect: JsonObject
}

/** A file of vectors. */
export type Family = {
  readonly file: string
  readonly about: string
  readonly clauses: readonly string[]
  readonly settings: JsonObject
  readonly vectors: readonly Vector[]
}

/** Entries under the names of rules, without those a partial table leaves out. */
function byRule<T>(table: Partial<Record<RuleSlug, T>>): readonly (readonly [string, T])[] {
  return Object.entries(table).flatMap(([rule, entry]) => (entry === undefined ? [] : [[rule, entry] as const]))
}

type Cases<Made> = Readonly<Record<string, Made>>

/** The vectors of a family of JWTs: the accepted ones, then those each rule refuses. */
export function jwtVectors<Made>(
  accepted: Cases<Made>,
  refused: Partial<Record<RuleSlug, Cases<Made>>>,
  make: (made: Made) => { readonly recipe?: Recipe; readonly input: JsonObject },
): readonly Vector[] {
  return [
    ...Object.entries(accepted).map(([name, made]) => ({ name, ...make(made), expect: { accepted: true } })),
    ...byRule(refused).flatMap(([rule, cases]) =>
      Object.entries(cases).map(([name, made]) => ({ name, ...make(made), expect: { rule } })),
    ),
  ]
}

/** The vectors of a family of texts: `input` and what is expected of it. */
export function textVectors(
  table: Readonly<Record<string, { readonly input: JsonObject; readonly expect: JsonObject }>>,
): readonly Vector[] {
  return Object.entries(table).map(([name, vector]) => ({ name, ...vector }))
}
