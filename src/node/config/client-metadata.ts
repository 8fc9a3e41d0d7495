/** What a client may register: RFC 7591 §2 as far as the profile goes, checked strictly. */

import * as v from 'valibot'
import {
  clientAuthenticationMethods,
  type ClientRecord,
  grantTypes,
  type IdTokenEncryption,
} from '../../core/client.ts'
import { contentEncryptionAlgorithms, keyManagementAlgorithms } from '../../core/keys.ts'
import { isJsonObject, type JsonObject, type ResourceIdentifier } from '../../core/names.ts'
import { signingAlgorithms } from '../../core/profile.ts'
import { checkCredentials, type CredentialContext, type Credentials } from './client-credentials.ts'
import { calledUrlProblem, type Mode, redirectUriProblem } from './client-urls.ts'
import { suggestion } from './nearest.ts'
import { dotted, type Note } from './problems.ts'

/** A client as far as its own words go; the server adds the identifier and the standing. */
export type CheckedClient = Omit<ClientRecord, 'clientId' | 'status' | 'notBefore' | 'createdAt'>

/** What the metadata is checked against. */
export type ClientContext = CredentialContext & {
  /** Every scope this server knows. */
  readonly scopes: readonly string[]
  /** Every API. */
  readonly resources: readonly ResourceIdentifier[]
  /** Every type of authorization details. */
  readonly detailTypes: readonly string[]
  readonly mode: Mode
}

const words = v.pipe(
  v.string('must be a text'),
  v.check((text) => text.trim() !== '' && text.length <= 100, 'must have 1 to 100 characters'),
  v.check((text) => !/[\p{Cc}\p{Cf}]/u.test(text), 'must not hold control characters'),
)
const text = v.optional(v.pipe(v.string('must be a text'), v.maxLength(2048, 'must have at most 2048 characters')))
const yesOrNo = v.optional(v.boolean('must be true or false'))
const oneOf = <const Names extends readonly string[]>(known: Names) =>
  v.optional(v.picklist(known, `must be one of ${known.join(', ')}`))
const uris = v.optional(
  v.pipe(v.array(v.string('must be a text'), 'must be a list'), v.maxLength(16, 'must be at most 16')),
  [],
)
const algorithm = oneOf(signingAlgorithms)

/** The members that mean something here. RFC 7591 §2; OIDC Registration §2; RFC 8705 §2.1.2, §3.4; RFC 9449 §5.2. */
const ClientMetadata = v.strictObject(
  {
    client_name: words,
    application_type: v.optional(v.picklist(['web', 'native'], 'must be web or native'), 'web'),
    redirect_uris: uris,
    grant_types: v.optional(
      v.array(v.picklist(grantTypes, `must be one of ${grantTypes.join(', ')}`), 'must be a list'),
    ),
    response_types: v.optional(v.array(v.picklist(['code'], 'must be code'), 'must be a list')),
    scope: v.optional(v.string('must be a text: scopes separated by spaces'), ''),
    /** RFC 9396 §10. */
    authorization_details_types: v.optional(
      v.pipe(v.array(v.string('must be a text'), 'must be a list'), v.maxLength(32, 'must be at most 32')),
      [],
    ),
    /** Ours: the API these credentials are of. It asks about tokens and obtains none. RFC 7662 §4. */
    resource_server: text,
    /** Ours: the operator's own sign-in application. It decides for people and obtains no tokens. */
    sign_in_app: yesOrNo,
    jwks: v.optional(v.custom<JsonObject>(isJsonObject, 'must be a JWK set')),
    jwks_uri: text,
    token_endpoint_auth_method: v.optional(
      v.picklist(clientAuthenticationMethods, `must be one of ${clientAuthenticationMethods.join(', ')}`),
      'private_key_jwt',
    ),
    token_endpoint_auth_signing_alg: algorithm,
    tls_client_auth_subject_dn: text,
    tls_client_auth_san_dns: text,
    tls_client_auth_san_uri: text,
    tls_client_auth_san_ip: text,
    tls_client_auth_san_email: text,
    dpop_bound_access_tokens: yesOrNo,
    tls_client_certificate_bound_access_tokens: yesOrNo,
    id_token_signed_response_alg: algorithm,
    id_token_encrypted_response_alg: oneOf(keyManagementAlgorithms),
    id_token_encrypted_response_enc: oneOf(contentEncryptionAlgorithms),
    userinfo_signed_response_alg: algorithm,
    subject_type: v.optional(v.picklist(['public', 'pairwise'], 'must be public or pairwise'), 'public'),
    default_max_age: v.optional(
      v.pipe(
        v.number('must be a whole number'),
        v.integer('must be a whole number'),
        v.minValue(0, 'must not be negative'),
        v.maxValue(999_999_999, 'is too large'),
      ),
    ),
    post_logout_redirect_uris: uris,
    backchannel_logout_uri: text,
    backchannel_logout_session_required: yesOrNo,
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
  const role = checkRole(metadata, context, note)
  const types = checkGrantTypes(metadata, role, note)
  checkRedirectUris(metadata, types, context, note)
  const authorizationDetailTypes = checkDetailTypes(metadata, types, context, note)
  const scope = checkScope(metadata, role, context, note)
  const credentials = checkCredentials(shapeOfCredentials(metadata), context, note)
  const idTokenEncryption = checkEncryption(metadata, credentials, note)
  checkLogout(metadata, context, note)
  const sector = checkSector(metadata, note)
  if (problems.length > 0) return { problems }
  return {
    client: {
      name: metadata.client_name,
      applicationType: metadata.application_type,
      redirectUris: metadata.redirect_uris,
      grantTypes: types,
      scope,
      authorizationDetailTypes,
      role,
      ...credentials,
      tokenEndpointAuthSigningAlg: metadata.token_endpoint_auth_signing_alg,
      idTokenSignedResponseAlg: metadata.id_token_signed_response_alg,
      idTokenEncryption,
      userinfoSignedResponseAlg: metadata.userinfo_signed_response_alg,
      subjectType: metadata.subject_type,
      sector,
      defaultMaxAge: metadata.default_max_age,
      postLogoutRedirectUris: metadata.post_logout_redirect_uris,
      backchannelLogoutUri: metadata.backchannel_logout_uri,
    },
  }
}

/** Members that are absent are undefined, which is not the same to the compiler. */
function shapeOfCredentials(metadata: ClientMetadata): Parameters<typeof checkCredentials>[0] {
  return {
    token_endpoint_auth_method: metadata.token_endpoint_auth_method,
    token_endpoint_auth_signing_alg: metadata.token_endpoint_auth_signing_alg,
    tls_client_auth_subject_dn: metadata.tls_client_auth_subject_dn,
    tls_client_auth_san_dns: metadata.tls_client_auth_san_dns,
    tls_client_auth_san_uri: metadata.tls_client_auth_san_uri,
    tls_client_auth_san_ip: metadata.tls_client_auth_san_ip,
    tls_client_auth_san_email: metadata.tls_client_auth_san_email,
    jwks: metadata.jwks,
    jwks_uri: metadata.jwks_uri,
    dpop_bound_access_tokens: metadata.dpop_bound_access_tokens,
    tls_client_certificate_bound_access_tokens: metadata.tls_client_certificate_bound_access_tokens,
  }
}

function noteIssue(issue: v.InferIssue<typeof ClientMetadata>, note: Note): void {
  const path = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)))
  if (issue.type !== 'strict_object' || path.length === 0) return note(dotted(path), issue.message)
  if (issue.expected !== 'never') return note(dotted(path), 'is missing')
  note(dotted(path), `is not supported${suggestion(String(path.at(-1)), Object.keys(ClientMetadata.entries))}`)
}

type Role = ClientRecord['role']

/** Those that obtain no tokens. */
const roleNames = { resource_server: 'a resource server', sign_in_app: 'a sign-in application' } as const

function checkRole(metadata: ClientMetadata, { resources }: ClientContext, note: Note): Role {
  const { resource_server: wanted, sign_in_app: isSignInApp } = metadata
  if (isSignInApp === true && wanted !== undefined) note('sign_in_app', 'excludes resource_server')
  if (isSignInApp === true) return { kind: 'sign_in_app' }
  if (wanted === undefined) return { kind: 'client' }
  const resource = resources.find((known) => known === wanted)
  if (resource !== undefined) return { kind: 'resource_server', resource }
  note('resource_server', `is none of the APIs of this server${suggestion(wanted, resources)}`)
  return { kind: 'client' }
}

function checkGrantTypes({ grant_types: asked }: ClientMetadata, role: Role, note: Note): ClientRecord['grantTypes'] {
  if (role.kind !== 'client') {
    if ((asked ?? []).length > 0)
      note('grant_types', `have no meaning for ${roleNames[role.kind]}: it obtains no tokens`)
    return []
  }
  const types = [...new Set(asked ?? (['authorization_code'] as const))]
  if (types.length === 0) note('grant_types', 'must list at least one')
  if (types.includes('refresh_token') && !types.includes('authorization_code')) {
    note('grant_types', 'refresh_token has no meaning without authorization_code')
  }
  return types
}

function checkRedirectUris(
  { redirect_uris: uris, application_type: type }: ClientMetadata,
  types: ClientRecord['grantTypes'],
  { mode }: ClientContext,
  note: Note,
): void {
  const needsOne = types.includes('authorization_code')
  if (needsOne && uris.length === 0) note('redirect_uris', 'must list at least one for authorization_code')
  if (!needsOne && uris.length > 0) note('redirect_uris', 'have no meaning without authorization_code')
  checkUris('redirect_uris', uris, (uri) => redirectUriProblem(uri, type, mode), note)
}

function checkUris(
  member: string,
  uris: readonly string[],
  problemOf: (uri: string) => string | undefined,
  note: Note,
): void {
  for (const [index, uri] of uris.entries()) {
    const problem = problemOf(uri)
    if (problem !== undefined) note(`${member}[${index}]`, problem)
    else if (uris.indexOf(uri) < index) note(`${member}[${index}]`, 'stands in the list already')
  }
}

function checkScope(metadata: ClientMetadata, role: Role, { scopes }: ClientContext, note: Note): readonly string[] {
  const { scope } = metadata
  const asked = [...new Set(scope.split(' ').filter((name) => name !== ''))]
  if (role.kind !== 'client') {
    if (asked.length > 0) note('scope', `has no meaning for ${roleNames[role.kind]}: it obtains no tokens`)
    return []
  }
  if (asked.length === 0 && metadata.authorization_details_types.length === 0)
    note('scope', `is missing: what the client may ask for, of ${scopes.join(', ')}`)
  for (const name of asked) {
    if (!scopes.includes(name)) note('scope', `"${name}" belongs to no API of this server${suggestion(name, scopes)}`)
  }
  return asked
}

/** What exactly it may ask people for. RFC 9396 §10. */
function checkDetailTypes(
  { authorization_details_types: asked }: ClientMetadata,
  types: ClientRecord['grantTypes'],
  { detailTypes }: ClientContext,
  note: Note,
): readonly string[] {
  if (asked.length > 0 && !types.includes('authorization_code')) {
    note('authorization_details_types', 'have no meaning without authorization_code')
  }
  for (const type of asked) {
    if (detailTypes.includes(type)) continue
    note('authorization_details_types', `"${type}" belongs to no API of this server${suggestion(type, detailTypes)}`)
  }
  return [...new Set(asked)]
}

/** The content encryption that the specification would assume is not of the profile, so it must be named. */
function checkEncryption(
  metadata: ClientMetadata,
  { encryptionKeys, jwksUri }: Credentials,
  note: Note,
): IdTokenEncryption | undefined {
  const { id_token_encrypted_response_alg: alg, id_token_encrypted_response_enc: enc } = metadata
  if (alg === undefined) {
    if (enc !== undefined) note('id_token_encrypted_response_enc', 'needs id_token_encrypted_response_alg')
    return undefined
  }
  if (enc === undefined) {
    note('id_token_encrypted_response_enc', `is missing: one of ${contentEncryptionAlgorithms.join(', ')}`)
    return undefined
  }
  const kty = alg === 'RSA-OAEP-256' ? 'RSA' : 'EC'
  const fits = encryptionKeys.some((key) => key.jwk.kty === kty && (key.alg ?? alg) === alg)
  if (jwksUri === undefined && !fits) {
    note('id_token_encrypted_response_alg', 'no key of the set is for it: it needs use "enc"')
  }
  return { alg, enc }
}

/** OIDC RP-Initiated Logout §3.1; OIDC Back-Channel Logout §2.2. Every logout token names the session. */
function checkLogout(metadata: ClientMetadata, { mode }: ClientContext, note: Note): void {
  const { post_logout_redirect_uris: uris, application_type: type, backchannel_logout_uri: called } = metadata
  checkUris('post_logout_redirect_uris', uris, (uri) => redirectUriProblem(uri, type, mode), note)
  const problem = called === undefined ? undefined : calledUrlProblem(called)
  if (problem !== undefined) note('backchannel_logout_uri', problem)
  if (called === undefined && metadata.backchannel_logout_session_required === true) {
    note('backchannel_logout_session_required', 'has no meaning without backchannel_logout_uri')
  }
}

/** The one host a pairwise client lives on. OIDC Core §8.1. */
function checkSector({ subject_type: type, redirect_uris: uris }: ClientMetadata, note: Note): string | undefined {
  if (type === 'public') return undefined
  const hosts = [...new Set(uris.filter((uri) => URL.canParse(uri)).map((uri) => new URL(uri).host))]
  if (hosts.length > 1) note('subject_type', 'pairwise needs redirect URIs on one host, which is the sector')
  return hosts[0]
}
