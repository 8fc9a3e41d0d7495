/** What a client may register: RFC 7591 §2 as far as the profile goes, checked strictly. */

import * as v from 'valibot'
import { type ClientRecord, grantTypes } from '../../core/flow.ts'
import { parseKeySet, type PublicKey } from '../../core/jose.ts'
import { isJsonObject, isLoopbackHost } from '../../core/names.ts'
import type { Hash } from '../../core/ports.ts'
import { profile, signingAlgorithms } from '../../core/profile.ts'
import { suggestion } from './nearest.ts'
import { dotted, type Note } from './problems.ts'

/** A client as far as its own words go; the server adds the identifier and the standing. */
export type CheckedClient = Omit<ClientRecord, 'clientId' | 'status' | 'notBefore' | 'createdAt'>

/** What the metadata is checked against. */
export type ClientContext = {
  /** Every scope this server knows. */
  readonly scopes: readonly string[]
  readonly mode: 'development_loopback' | 'production'
  readonly hash: Hash
  /** Whether a key is more than well formed: its point is on its curve. */
  readonly isUsable: (key: PublicKey) => boolean
}

const words = v.pipe(
  v.string('must be a text'),
  v.check((text) => text.trim() !== '' && text.length <= 100, 'must have 1 to 100 characters'),
  v.check((text) => !/[\p{Cc}\p{Cf}]/u.test(text), 'must not hold control characters'),
)

const algorithm = v.optional(v.picklist(signingAlgorithms, `must be one of ${signingAlgorithms.join(', ')}`))

/** The members that mean something here. RFC 7591 §2; OIDC Registration §2. */
const ClientMetadata = v.strictObject(
  {
    client_name: words,
    application_type: v.optional(v.picklist(['web', 'native'], 'must be web or native'), 'web'),
    redirect_uris: v.optional(
      v.pipe(v.array(v.string('must be a text'), 'must be a list'), v.maxLength(16, 'must be at most 16')),
      [],
    ),
    grant_types: v.optional(
      v.pipe(
        v.array(v.picklist(grantTypes, `must be one of ${grantTypes.join(', ')}`), 'must be a list'),
        v.minLength(1, 'must list at least one'),
      ),
      ['authorization_code'],
    ),
    response_types: v.optional(v.array(v.picklist(['code'], 'must be code'), 'must be a list')),
    scope: v.optional(v.string('must be a text: scopes separated by spaces'), ''),
    jwks: v.custom(isJsonObject, 'must be a JWK set'),
    token_endpoint_auth_method: v.optional(v.picklist(['private_key_jwt'], 'must be private_key_jwt')),
    token_endpoint_auth_signing_alg: algorithm,
    id_token_signed_response_alg: algorithm,
  },
  'must be a JSON object',
)

type ClientMetadata = v.InferOutput<typeof ClientMetadata>

/** The client, or every problem in one line each, with the name of the member. Holds no value but redirect URIs. */
export function checkClientMetadata(
  value: unknown,
  context: ClientContext,
): { readonly client: CheckedClient } | { readonly problems: readonly string[] } {
  if (!isJsonObject(value)) return { problems: ['must be a JSON object'] }
  const problems: string[] = []
  const note: Note = (where, what) => problems.push(where === '' ? what : `${where}: ${what}`)
  const result = v.safeParse(ClientMetadata, value)
  for (const issue of result.issues ?? []) noteIssue(issue, note)
  if (!result.success) return { problems }

  const metadata = result.output
  checkRedirectUris(metadata, context, note)
  const scope = checkScope(metadata, context, note)
  const keys = checkKeys(metadata, context, note)
  if (problems.length > 0) return { problems }
  return {
    client: {
      name: metadata.client_name,
      applicationType: metadata.application_type,
      redirectUris: metadata.redirect_uris,
      grantTypes: [...new Set(metadata.grant_types)],
      scope,
      keys,
      tokenEndpointAuthSigningAlg: metadata.token_endpoint_auth_signing_alg,
      idTokenSignedResponseAlg: metadata.id_token_signed_response_alg,
    },
  }
}

function noteIssue(issue: v.InferIssue<typeof ClientMetadata>, note: Note): void {
  const path = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)))
  if (issue.type !== 'strict_object' || path.length === 0) return note(dotted(path), issue.message)
  if (issue.expected !== 'never') return note(dotted(path), 'is missing')
  note(dotted(path), `is not supported${suggestion(String(path.at(-1)), Object.keys(ClientMetadata.entries))}`)
}

function checkRedirectUris(metadata: ClientMetadata, { mode }: ClientContext, note: Note): void {
  const { redirect_uris: uris, application_type: type } = metadata
  const needsOne = metadata.grant_types.includes('authorization_code')
  if (needsOne && uris.length === 0) note('redirect_uris', 'must list at least one for authorization_code')
  if (!needsOne && uris.length > 0) note('redirect_uris', 'have no meaning without authorization_code')
  for (const [index, uri] of uris.entries()) {
    const problem = redirectUriProblem(uri, type, mode)
    if (problem !== undefined) note(`redirect_uris[${index}]`, problem)
    else if (uris.indexOf(uri) < index) note(`redirect_uris[${index}]`, 'stands in the list already')
  }
}

/** FAPI 2.0 SP §5.3.2.2-8; RFC 6749 §3.1.2; RFC 8252 §7.3, §8.3; RFC 9700 §2.1, §4.1. */
function redirectUriProblem(uri: string, type: 'web' | 'native', mode: ClientContext['mode']): string | undefined {
  const url = URL.canParse(uri) ? new URL(uri) : undefined
  if (url === undefined) return 'must be an absolute URL'
  if (uri.length > 2048) return 'must have at most 2048 characters'
  if (uri.includes('#')) return 'must not have a fragment'
  if (url.username !== '' || url.password !== '') return 'must not have user name or password'
  if (uri.includes('*')) return 'must not have a wildcard: redirect URIs are compared byte by byte'
  if (['code', 'state', 'iss', 'error'].some((name) => url.searchParams.has(name))) {
    return 'must not carry a parameter of the authorization response'
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must be https'
  if (url.protocol === 'http:' && !mayBeHttp(url, type, mode)) {
    return type === 'native' ? 'must be https, or http on 127.0.0.1 or [::1]' : 'must be https'
  }
  // What is compared byte by byte must be what a browser makes of it.
  return url.href === uri ? undefined : `must be written as ${url.href}`
}

function mayBeHttp({ hostname }: URL, type: 'web' | 'native', mode: ClientContext['mode']): boolean {
  if (type === 'native') return hostname === '127.0.0.1' || hostname === '[::1]'
  return mode === 'development_loopback' && isLoopbackHost(hostname)
}

function checkScope({ scope }: ClientMetadata, { scopes }: ClientContext, note: Note): readonly string[] {
  const asked = [...new Set(scope.split(' ').filter((name) => name !== ''))]
  if (asked.length === 0) note('scope', `is missing: what the client may ask for, of ${scopes.join(', ')}`)
  for (const name of asked) {
    if (!scopes.includes(name)) note('scope', `"${name}" belongs to no API of this server${suggestion(name, scopes)}`)
  }
  return asked
}

function checkKeys(metadata: ClientMetadata, { hash, isUsable }: ClientContext, note: Note): readonly PublicKey[] {
  let keys: readonly PublicKey[]
  try {
    keys = parseKeySet(metadata.jwks, hash)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    note(
      'jwks',
      `${error.message} (1 to ${profile.clientKeys} public keys: P-256, Ed25519, or RSA of 2048 to 4096 bits)`,
    )
    return []
  }
  if (!keys.every(isUsable)) note('jwks', 'a key is not on its curve')
  const alg = metadata.token_endpoint_auth_signing_alg
  if (alg !== undefined && keys.every((key) => key.alg !== alg)) {
    note('token_endpoint_auth_signing_alg', 'no key of the set is for it')
  }
  return keys
}
