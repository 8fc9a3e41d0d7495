import { parseDpopProof, type UnverifiedDpopProof } from '../core/dpop.ts'
import type { CorrelationId, NumericDate } from '../core/names.ts'
import type { Connection, Hash } from '../core/ports.ts'
import { refuse } from '../core/oauth-error.ts'
import { type Pairs, parseForm } from '../core/wire/form.ts'
import { profile } from '../core/profile.ts'
import type { Step } from '../core/rules.ts'
import type { About } from './alarm.ts'

/** One request on its way through an endpoint. */
export type Call<Form> = {
  readonly form: Form
  /** The parameters as they stood on the wire: client authentication reads its own from them. */
  readonly pairs: Pairs
  readonly connection: Connection
  readonly method: string
  /** The public URL of this endpoint: from the configured issuer, never from a header. */
  readonly url: string
  /** Values of the path, by name. */
  readonly path: Readonly<Record<string, string>>
  /** Where it is: each endpoint counts a client's requests for itself. */
  readonly step: Step | 'metadata'
  readonly correlationId: CorrelationId
  readonly now: NumericDate
  /** The proof that was presented, parsed once. @throws OAuthError of the DPoP rules */
  readonly presentedProof: () => UnverifiedDpopProof | undefined
  /** Tells audit and trail who is behind the request and what it did, once that is known. */
  readonly note: (about: About) => void
}

/** The values of a header field. */
export function headerValues({ headers }: Connection, name: string): readonly string[] {
  return headers.filter(([field]) => field === name).map(([, value]) => value)
}

/** Parses the proof at most once, however often it is asked for. */
export function rememberProof({ headers }: Connection, hash: Hash): () => UnverifiedDpopProof | undefined {
  let parsed: { readonly proof: UnverifiedDpopProof | undefined } | undefined
  return () => {
    parsed ??= { proof: parseDpopProof(headers, hash) }
    return parsed.proof
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The query of a target, without its question mark; undefined when there is none. */
export function queryOf(target: string): string | undefined {
  const mark = target.indexOf('?')
  return mark === -1 ? undefined : target.slice(mark + 1)
}

/**
 * The parameters of a form body, and of nothing else.
 * @throws OAuthError parameter_in_query, content_type_unsupported, content_encoding_unsupported, body_too_large,
 *   body_unreadable, parameter_*
 */
export async function readFormBody(connection: Connection): Promise<Pairs> {
  if (queryOf(connection.target) !== undefined) refuse('parameter_in_query')
  const [type = '', ...others] = headerValues(connection, 'content-type')
  if (others.length > 0 || !/^application\/x-www-form-urlencoded *(; *charset="?utf-8"? *)?$/i.test(type)) {
    refuse('content_type_unsupported', { expected: { 'content-type': 'application/x-www-form-urlencoded' } })
  }
  if (headerValues(connection, 'content-encoding').length > 0) refuse('content_encoding_unsupported')
  const body = await connection.readBody(profile.formBytes)
  if (body === 'too_large') return refuse('body_too_large', { expected: { bytes: String(profile.formBytes) } })
  if (body === 'aborted') return refuse('body_unreadable')
  return parseForm(decode(body))
}

function decode(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch (cause) {
    return refuse('parameter_malformed', { cause })
  }
}
