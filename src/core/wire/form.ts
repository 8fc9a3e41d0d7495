import * as v from 'valibot'
import { profile } from '../profile.ts'
import { OAuthError, refuse } from '../oauth-error.ts'

/** The parameters of a form or query, in order, as they stood on the wire. */
export type Pairs = readonly (readonly [name: string, value: string])[]

/** The schema of one message. */
export type MessageSchema = v.GenericSchema

/** What a schema makes of a message. */
export type Message<Schema extends MessageSchema> = v.InferOutput<Schema>

/** Parameters that a specification lets repeat. RFC 8707 §2. */
const repeatable = new Set(['resource'])

/**
 * Reads `application/x-www-form-urlencoded` text strictly: every escape well formed, UTF-8, bounded in number and size,
 * each name once. A parameter without a value counts as absent. RFC 6749 §3.1, Appendix B.
 * @throws OAuthError parameter_malformed, parameter_repeated
 */
export function parseForm(text: string): Pairs {
  if (text === '') return []
  const parts = text.split('&')
  if (parts.length > profile.parameters)
    refuse('parameter_malformed', { expected: { parameters: `at most ${profile.parameters}` } })
  const seen = new Set<string>()
  const pairs: (readonly [string, string])[] = []
  for (const part of parts) {
    const equals = part.indexOf('=')
    const name = decodeFormText(equals === -1 ? part : part.slice(0, equals))
    const value = decodeFormText(equals === -1 ? '' : part.slice(equals + 1))
    if (seen.has(name) && !repeatable.has(name)) {
      refuse('parameter_repeated', isPlainName(name) ? { expected: { parameter: name } } : {})
    }
    seen.add(name)
    if (value !== '') pairs.push([name, value])
  }
  return pairs
}

function decodeFormText(text: string): string {
  // Most values, and all long ones, have nothing to decode.
  if (!text.includes('%') && !text.includes('+')) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch (cause) {
    throw new OAuthError('parameter_malformed', { cause })
  }
}

function isPlainName(name: string): boolean {
  return /^[a-z_]{1,40}$/.test(name)
}

/**
 * Reads one message from the parameters. Unknown parameters are passed over, as RFC 6749 §3.1 demands.
 * @throws OAuthError parameter_malformed, naming the parameter
 */
export function parseMessage<Schema extends MessageSchema>(schema: Schema, pairs: Pairs): Message<Schema> {
  const single = pairs.filter(([name]) => !repeatable.has(name))
  const resource = pairs.filter(([name]) => name === 'resource').map(([, value]) => value)
  const result = v.safeParse(schema, { ...Object.fromEntries(single), resource })
  if (result.success) return result.output
  const [issue] = result.issues
  const parameter = v.getDotPath(issue)?.split('.')[0]
  return refuse('parameter_malformed', parameter === undefined ? {} : { expected: { parameter } })
}

/** An optional parameter of visible ASCII and spaces. RFC 6749 Appendix A (VSCHAR). */
export function visible(most: number = profile.parameterCharacters) {
  return v.optional(v.pipe(v.string(), v.maxLength(most), v.regex(/^[\x20-\x7e]*$/)))
}

/** An optional parameter of any text without control characters. */
export function printable(most: number = profile.parameterCharacters) {
  return v.optional(v.pipe(v.string(), v.maxLength(most), v.regex(/^[^\p{Cc}\p{Cs}]*$/u)))
}

/** An optional space-separated list of distinct values. RFC 6749 §3.3. */
export function spaceSeparated() {
  return v.optional(
    v.pipe(
      v.string(),
      v.maxLength(profile.parameterCharacters),
      v.regex(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/),
      v.transform((text) => [...new Set(text.split(' '))]),
      v.maxLength(profile.listValues),
    ),
    undefined,
  )
}

/** The values of `resource`, distinct and bounded. RFC 8707 §2. */
export function resources() {
  return v.pipe(
    v.array(v.pipe(v.string(), v.maxLength(2048), v.regex(/^[\x21-\x7e]+$/))),
    v.maxLength(8),
    v.transform((values) => [...new Set(values)]),
  )
}

/** A message without parameters of its own. */
export const NoParameters = v.object({})
