/** What the client believes of an authorization server, and what it insists on. RFC 8414; RFC 8705 §5. */

import type * as oauth from 'oauth4webapi'
import { metadataPaths } from '../core/metadata.ts'
import { isJsonObject, isLoopbackHost, type Issuer, type JsonObject } from '../core/names.ts'
import { type SigningAlgorithm, signingAlgorithm } from '../core/profile.ts'
import { readJson } from './documents.ts'
import { fail } from './errors.ts'
import type { KeyUses } from './keys.ts'
import type { ClientPorts } from './ports.ts'

/** The metadata of an authorization server that offers everything the profile needs. */
export type ServerMetadata = oauth.AuthorizationServer & {
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly pushed_authorization_request_endpoint: string
  readonly id_token_signing_alg_values_supported: string[]
}

/** The algorithms of the client's keys, which the server must take; undefined where there is no such key. */
export type Algorithms = {
  readonly assertion: string | undefined
  readonly dpop: string | undefined
  /** What its ID tokens are signed with, when that was registered. */
  readonly idToken: SigningAlgorithm | undefined
}

/** What the client needs of a server. */
export type Wanted = KeyUses & {
  readonly algorithms: Algorithms
  /** `mtls`: the endpoints for clients with certificates are used whether or not one is needed. RFC 8705 §5. */
  readonly endpoints: 'main' | 'mtls'
}

/** What the server calls the algorithms: RFC 9864 has a new name for one. */
export type Named = { readonly [Use in keyof Algorithms]: string | undefined }

/**
 * Reads the metadata of the issuer and insists on the profile; there is no lesser way to go on. FAPI 2.0 SP §5.3.3.1.
 * @throws ClientError metadata_*, par_missing, pkce_missing, iss_unsupported, private_key_jwt_missing,
 *   certificate_authentication_missing, certificate_binding_missing, dpop_missing, id_token_algorithm_missing,
 *   endpoint_insecure
 */
export async function readServerMetadata(
  issuer: Issuer,
  wanted: Wanted,
  { fetch }: ClientPorts,
): Promise<{ readonly server: ServerMetadata; readonly named: Named }> {
  const document = await readIssuerDocument(issuer, fetch)
  const named = checkOffer(document, wanted)
  const server = {
    issuer,
    ...endpointsOf(document, issuer, wanted),
    id_token_signing_alg_values_supported: idTokenAlgorithms(document),
    userinfo_signing_alg_values_supported: ofProfile(document, 'userinfo_signing_alg_values_supported'),
    authorization_response_iss_parameter_supported: true,
    claims_parameter_supported: document['claims_parameter_supported'] === true,
  }
  return { server, named }
}

/** Whether the client must show a certificate. */
export function usesCertificate({ authentication, binding }: KeyUses): boolean {
  return authentication !== 'private_key_jwt' || binding === 'certificate'
}

/** Whether the endpoints for clients with certificates are used, where the server has them. RFC 8705 §5. */
export function usesAliases(wanted: KeyUses & Pick<Wanted, 'endpoints'>): boolean {
  return usesCertificate(wanted) || wanted.endpoints === 'mtls'
}

/**
 * Where an issuer publishes its keys, and which algorithms of the profile it signs with.
 * @throws ClientError metadata_*, id_token_algorithm_missing, endpoint_insecure
 */
export async function readIssuerKeysMetadata(issuer: Issuer, { fetch }: ClientPorts) {
  const document = await readIssuerDocument(issuer, fetch)
  const algorithms = idTokenAlgorithms(document)
    .map((name) => signingAlgorithm(name))
    .filter((name) => name !== undefined)
  return { jwksUri: endpointOf(document, 'jwks_uri', issuer, 'any'), algorithms }
}

async function readIssuerDocument(issuer: Issuer, fetch: ClientPorts['fetch']): Promise<JsonObject> {
  const { origin } = new URL(issuer)
  const { openid, oauth: plain } = metadataPaths(issuer)
  const document = (await readJson(`${origin}${openid}`, fetch)) ?? (await readJson(`${origin}${plain}`, fetch))
  if (document === undefined) fail('metadata_unavailable', { detail: `no metadata at ${origin}` })
  // Byte for byte: RFC 8414 §3.3.
  if (document['issuer'] !== issuer) fail('metadata_mismatch', { detail: 'issuer' })
  return document
}

function checkOffer(document: JsonObject, { authentication, binding, algorithms }: Wanted): Named {
  const offers = (member: string, value: string) => listOf(document, member).includes(value)
  const nameOf = (member: string, alg: string) =>
    listOf(document, member).find((name) => signingAlgorithm(name) === alg)
  if (document['pushed_authorization_request_endpoint'] === undefined) fail('par_missing')
  if (!offers('code_challenge_methods_supported', 'S256')) fail('pkce_missing')
  if (document['authorization_response_iss_parameter_supported'] !== true) fail('iss_unsupported')
  if (!offers('token_endpoint_auth_methods_supported', authentication)) {
    fail(authentication === 'private_key_jwt' ? 'private_key_jwt_missing' : 'certificate_authentication_missing')
  }
  if (binding === 'certificate' && document['tls_client_certificate_bound_access_tokens'] !== true) {
    fail('certificate_binding_missing')
  }
  const { assertion, dpop, idToken } = algorithms
  const nameOrFail = (alg: string | undefined, member: string, reason: Parameters<typeof fail>[0]) =>
    alg === undefined ? undefined : (nameOf(member, alg) ?? fail(reason, { detail: alg }))
  return {
    assertion: nameOrFail(assertion, 'token_endpoint_auth_signing_alg_values_supported', 'private_key_jwt_missing'),
    dpop: nameOrFail(dpop, 'dpop_signing_alg_values_supported', 'dpop_missing'),
    idToken: nameOrFail(idToken, 'id_token_signing_alg_values_supported', 'id_token_algorithm_missing'),
  }
}

function listOf(document: JsonObject, member: string): readonly string[] {
  const list = document[member]
  return Array.isArray(list) ? list.filter((value) => typeof value === 'string') : []
}

function idTokenAlgorithms(document: JsonObject): string[] {
  const usable = ofProfile(document, 'id_token_signing_alg_values_supported')
  return usable.length > 0 ? usable : fail('id_token_algorithm_missing')
}

/** Only algorithms of the profile count, whatever else the server offers. FAPI 2.0 SP §5.4.1-1. */
function ofProfile(document: JsonObject, member: string): string[] {
  return listOf(document, member).filter((name) => signingAlgorithm(name) !== undefined)
}

/** Endpoints a client calls by itself, so that a server may have them elsewhere for clients with certificates. */
const calledByClients = [
  'token_endpoint',
  'pushed_authorization_request_endpoint',
  'userinfo_endpoint',
  'revocation_endpoint',
] as const

type Transport = 'https' | 'any'

/** Where the server is asked; the aliases only for a client that uses them. */
function endpointsOf(document: JsonObject, issuer: Issuer, wanted: Wanted) {
  const transport = usesCertificate(wanted) ? 'https' : 'any'
  const aliases = usesAliases(wanted) ? aliasesOf(document, issuer) : {}
  const url = (member: string) => endpointOf(document, member, issuer, 'any')
  const called = (member: (typeof calledByClients)[number]) =>
    endpointOf(document, member, issuer, member in aliases ? 'any' : transport)
  const optional = (member: 'userinfo_endpoint' | 'revocation_endpoint') =>
    document[member] === undefined ? {} : { [member]: called(member) }
  return {
    authorization_endpoint: url('authorization_endpoint'),
    token_endpoint: called('token_endpoint'),
    pushed_authorization_request_endpoint: called('pushed_authorization_request_endpoint'),
    jwks_uri: url('jwks_uri'),
    ...optional('userinfo_endpoint'),
    ...optional('revocation_endpoint'),
    ...(document['end_session_endpoint'] === undefined ? {} : { end_session_endpoint: url('end_session_endpoint') }),
    mtls_endpoint_aliases: aliases,
  }
}

/** A certificate is shown over TLS only, also on the loopback of this machine. RFC 8705 §5. */
function aliasesOf(document: JsonObject, issuer: Issuer): Record<string, string> {
  const aliases = document['mtls_endpoint_aliases'] ?? {}
  if (!isJsonObject(aliases)) return fail('metadata_malformed', { detail: 'mtls_endpoint_aliases' })
  const given = calledByClients.filter((member) => aliases[member] !== undefined)
  return Object.fromEntries(given.map((member) => [member, endpointOf(aliases, member, issuer, 'https')]))
}

/** https, or http between loopback hosts; no query, no fragment, no credentials. */
function endpointOf(document: JsonObject, member: string, issuer: Issuer, transport: Transport): string {
  const value = document[member]
  if (typeof value !== 'string' || !URL.canParse(value)) return fail('metadata_malformed', { detail: member })
  const { protocol, hostname, search, hash, username, password } = new URL(value)
  const isDevelopment = transport === 'any' && [hostname, new URL(issuer).hostname].every(isLoopbackHost)
  const isSecure = protocol === 'https:' || (protocol === 'http:' && isDevelopment)
  if (!isSecure || search + hash + username + password !== '') fail('endpoint_insecure', { detail: member })
  return value
}
