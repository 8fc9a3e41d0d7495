/** What the client believes of an authorization server and an API, and what it insists on. RFC 8414; RFC 9728. */

import type * as oauth from 'oauth4webapi'
import { metadataPaths, protectedResourceMetadataUrl } from '../core/metadata.ts'
import { isJsonObject, isLoopbackHost, type Issuer, type JsonObject, type ResourceIdentifier } from '../core/names.ts'
import { signingAlgorithm } from '../core/profile.ts'
import { parseDocument, ResourceMetadata } from '../core/wire/metadata.ts'
import { fail } from './errors.ts'
import type { ClientPorts } from './ports.ts'

/** The metadata of an authorization server that offers everything the profile needs. */
export type ServerMetadata = oauth.AuthorizationServer & {
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly pushed_authorization_request_endpoint: string
}

/** The algorithms of the client's keys, which the server must take; and the names it gives them: RFC 9864 has a new one. */
export type Algorithms = { readonly assertion: string; readonly dpop: string }

/**
 * Reads the metadata of the issuer and insists on the profile; there is no lesser way to go on. FAPI 2.0 SP §5.3.3.1.
 * @throws ClientError metadata_*, par_missing, pkce_missing, iss_unsupported, private_key_jwt_missing, dpop_missing,
 *   id_token_algorithm_missing, endpoint_insecure
 */
export async function readServerMetadata(
  issuer: Issuer,
  wanted: Algorithms,
  { fetch }: ClientPorts,
): Promise<{ readonly server: ServerMetadata; readonly named: Algorithms }> {
  const { origin } = new URL(issuer)
  const { openid, oauth: plain } = metadataPaths(issuer)
  const document = (await readJson(`${origin}${openid}`, fetch)) ?? (await readJson(`${origin}${plain}`, fetch))
  if (document === undefined) fail('metadata_unavailable', { detail: `no metadata at ${origin}` })
  // Byte for byte: RFC 8414 §3.3.
  if (document['issuer'] !== issuer) fail('metadata_mismatch', { detail: 'issuer' })
  const named = checkOffer(document, wanted)
  const server = {
    issuer,
    ...endpointsOf(document, issuer),
    id_token_signing_alg_values_supported: idTokenAlgorithms(document),
    authorization_response_iss_parameter_supported: true,
  }
  return { server, named }
}

/**
 * Reads the metadata of the API: it must be the one that was asked for, and must trust the issuer. RFC 9728 §3.3, §7.6.
 * @throws ClientError metadata_unavailable, metadata_malformed, metadata_mismatch
 */
export async function checkResourceMetadata(
  resource: ResourceIdentifier,
  issuer: Issuer,
  { fetch }: ClientPorts,
): Promise<void> {
  const document = await readJson(protectedResourceMetadataUrl(resource), fetch)
  if (document === undefined) fail('metadata_unavailable', { detail: `no metadata at ${new URL(resource).origin}` })
  const metadata = parseOrFail(document)
  if (metadata.resource !== resource) fail('metadata_mismatch', { detail: 'resource' })
  if (!metadata.authorizationServers.includes(issuer)) fail('metadata_mismatch', { detail: 'authorization_servers' })
}

function parseOrFail(document: JsonObject) {
  try {
    return parseDocument(ResourceMetadata, document)
  } catch {
    return fail('metadata_malformed', { detail: 'protected resource metadata' })
  }
}

/** The JSON object at the URL; undefined where there is none (404). */
async function readJson(url: string, fetch: ClientPorts['fetch']): Promise<JsonObject | undefined> {
  const answer = await fetchText(url, fetch)
  if (answer === undefined) return undefined
  const document = parseJson(answer)
  return isJsonObject(document) ? document : fail('metadata_malformed', { detail: 'not a JSON object' })
}

async function fetchText(url: string, fetch: ClientPorts['fetch']): Promise<string | undefined> {
  const { origin } = new URL(url)
  try {
    const init = { headers: { accept: 'application/json' }, redirect: 'manual' } as const
    const response = await fetch(url, init)
    if (response.status === 404) return undefined
    if (response.status === 200) return await response.text()
  } catch {
    // Whatever a transport says of it, the outcome is the same.
  }
  return fail('metadata_unavailable', { detail: `no usable answer from ${origin}` })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function checkOffer(document: JsonObject, wanted: Algorithms): Algorithms {
  const offers = (member: string, value: string) => listOf(document, member).includes(value)
  const nameOf = (member: string, alg: string) =>
    listOf(document, member).find((name) => signingAlgorithm(name) === alg)
  if (document['pushed_authorization_request_endpoint'] === undefined) fail('par_missing')
  if (!offers('code_challenge_methods_supported', 'S256')) fail('pkce_missing')
  if (document['authorization_response_iss_parameter_supported'] !== true) fail('iss_unsupported')
  if (!offers('token_endpoint_auth_methods_supported', 'private_key_jwt')) fail('private_key_jwt_missing')
  const assertion = nameOf('token_endpoint_auth_signing_alg_values_supported', wanted.assertion)
  const dpop = nameOf('dpop_signing_alg_values_supported', wanted.dpop)
  return {
    assertion: assertion ?? fail('private_key_jwt_missing', { detail: wanted.assertion }),
    dpop: dpop ?? fail('dpop_missing', { detail: wanted.dpop }),
  }
}

function listOf(document: JsonObject, member: string): readonly string[] {
  const list = document[member]
  return Array.isArray(list) ? list.filter((value) => typeof value === 'string') : []
}

/** Only algorithms of the profile count, whatever else the server offers. FAPI 2.0 SP §5.4.1-1. */
function idTokenAlgorithms(document: JsonObject): string[] {
  const offered = listOf(document, 'id_token_signing_alg_values_supported')
  const usable = offered.filter((name) => signingAlgorithm(name) !== undefined)
  return usable.length > 0 ? usable : fail('id_token_algorithm_missing')
}

function endpointsOf(document: JsonObject, issuer: Issuer) {
  const url = (member: string) => endpointOf(document[member], member, issuer)
  const userinfo = document['userinfo_endpoint'] === undefined ? {} : { userinfo_endpoint: url('userinfo_endpoint') }
  return {
    authorization_endpoint: url('authorization_endpoint'),
    token_endpoint: url('token_endpoint'),
    pushed_authorization_request_endpoint: url('pushed_authorization_request_endpoint'),
    jwks_uri: url('jwks_uri'),
    ...userinfo,
  }
}

/** https, or http between loopback hosts; no query, no fragment, no credentials. */
function endpointOf(value: unknown, member: string, issuer: Issuer): string {
  if (typeof value !== 'string' || !URL.canParse(value)) return fail('metadata_malformed', { detail: member })
  const { protocol, hostname, search, hash, username, password } = new URL(value)
  const isDevelopment = [hostname, new URL(issuer).hostname].every(isLoopbackHost)
  const isSecure = protocol === 'https:' || (protocol === 'http:' && isDevelopment)
  if (!isSecure || search + hash + username + password !== '') fail('endpoint_insecure', { detail: member })
  return value
}
