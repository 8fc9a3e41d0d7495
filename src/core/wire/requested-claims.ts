/** The `claims` parameter. OIDC Core §5.5. */

import * as v from 'valibot'
import type { RequestedClaims } from '../flow.ts'
import { isJsonObject } from '../names.ts'
import { profile } from '../profile.ts'
import { parseStrictJsonObject } from '../strict-json.ts'

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(255))
const essential = v.optional(v.boolean(), false)
const texts = v.pipe(v.array(text), v.minLength(1), v.maxLength(profile.listValues))

/** An object, and no array, which has members as well. */
function object<Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(v.custom<Readonly<Record<string, unknown>>>(isJsonObject), v.object(entries))
}

/** A claim that is asked for or not, whatever its value. */
const plain = v.optional(v.nullable(object({ essential })))
const withValue = v.optional(v.nullable(object({ essential, value: v.optional(text), values: v.optional(texts) })))

/** What is understood of one place the claims may go to; other claims, and other members, are passed over. */
const place = v.optional(object({ sub: withValue, acr: withValue, auth_time: plain, name: plain, email: plain }), {})

const ClaimsParameter = v.object({ id_token: place, userinfo: place })

type Place = v.InferOutput<typeof place>

/** What the parameter asks for, and whom it says it is about. */
export type ParsedClaims = {
  readonly claims: RequestedClaims
  /** The values of `sub` it names, each once: more than one can never be met. */
  readonly subjects: readonly string[]
}

/**
 * Reads the `claims` parameter strictly: one JSON object, each member once, bounded.
 * @throws SyntaxError
 */
export function parseRequestedClaims(parameter: string): ParsedClaims {
  if (parameter.length > profile.parameterCharacters) throw new SyntaxError('too long')
  const result = v.safeParse(ClaimsParameter, parseStrictJsonObject(parameter))
  if (!result.success) throw new SyntaxError('not a claims request')
  const { id_token: idToken, userinfo } = result.output
  return {
    claims: { idToken: namesIn(idToken), userinfo: namesIn(userinfo), essentialAcr: essentialAcrOf(idToken) },
    subjects: [...new Set([...valuesOf(idToken.sub), ...valuesOf(userinfo.sub)])],
  }
}

/** The claims about the person that are asked for by name; how they signed in, an ID token tells in any case. */
function namesIn(asked: Place): readonly string[] {
  return (['name', 'email'] as const).filter((name) => asked[name] !== undefined)
}

function essentialAcrOf({ acr }: Place): readonly string[] | undefined {
  const values = valuesOf(acr)
  return acr?.essential === true && values.length > 0 ? values : undefined
}

function valuesOf(asked: Place['sub']): readonly string[] {
  return [...(asked?.value === undefined ? [] : [asked.value]), ...(asked?.values ?? [])]
}
