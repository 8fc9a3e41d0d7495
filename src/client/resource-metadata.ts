/** What the client believes of an API. RFC 9728. */

import { protectedResourceMetadataUrl } from '../core/metadata.ts'
import { type Issuer, issuer, type JsonObject, type ResourceIdentifier, resourceIdentifier } from '../core/names.ts'
import { parseDocument, ResourceMetadata } from '../core/wire/metadata.ts'
import { readJson } from './documents.ts'
import { fail } from './errors.ts'
import type { ClientPorts } from './ports.ts'

/**
 * Reads the metadata of the API: it must be the one that was asked for, and must trust the issuer. RFC 9728 §3.3, §7.6.
 * @throws ClientError metadata_unavailable, metadata_malformed, metadata_mismatch
 */
export async function checkResourceMetadata(
  resource: ResourceIdentifier,
  of: Issuer,
  { fetch }: ClientPorts,
): Promise<void> {
  const metadata = await readMetadata(protectedResourceMetadataUrl(resource), resource, fetch)
  if (!metadata.authorizationServers.includes(of)) fail('metadata_mismatch', { detail: 'authorization_servers' })
}

/** What an application finds out about an API it only knows the URL of. */
export type FoundResource = {
  readonly resource: string
  /** The one of the issuers it trusts that the application does, too. */
  readonly issuer: string
  /** What may be asked for; ask for as little of it as possible. */
  readonly scopes: readonly string[]
}

/**
 * Asks an API, without any token, whom it trusts. Its metadata is believed when it stands on the API's own origin, so
 * that a challenge leads to no address inside a network, and speaks for the very URL that was asked; the issuer is chosen
 * from those the application trusts already. RFC 9728 §3.3, §5.1, §7.6, §7.7.
 * @throws ClientError metadata_unavailable, metadata_malformed, metadata_mismatch, resource_foreign
 * @throws MalformedName when an identifier is none
 */
export async function discoverResource(
  url: string,
  { trustedIssuers }: { readonly trustedIssuers: readonly string[] },
  { fetch }: ClientPorts,
): Promise<FoundResource> {
  const resource = resourceIdentifier(url)
  const { authorizationServers, scopes } = await readMetadata(await metadataUrl(resource, fetch), resource, fetch)
  const trusted = trustedIssuers.map((text) => issuer(text))
  const of = trusted.find((name) => authorizationServers.includes(name))
  return { resource, issuer: of ?? fail('metadata_mismatch', { detail: 'authorization_servers' }), scopes }
}

/** Where the challenge of the API says; where it says nothing, at the well-known place. */
async function metadataUrl(resource: ResourceIdentifier, fetch: ClientPorts['fetch']): Promise<string> {
  const named = /\bresource_metadata\s*=\s*"([^"]*)"/i.exec(await challengeOf(resource, fetch))?.[1]
  if (named === undefined) return protectedResourceMetadataUrl(resource)
  if (!URL.canParse(named) || new URL(named).origin !== new URL(resource).origin) fail('resource_foreign')
  return named
}

async function challengeOf(resource: ResourceIdentifier, fetch: ClientPorts['fetch']): Promise<string> {
  try {
    const response = await fetch(resource, { redirect: 'manual' })
    await response.body?.cancel()
    return response.headers.get('www-authenticate') ?? ''
  } catch {
    return fail('metadata_unavailable', { detail: `no usable answer from ${new URL(resource).origin}` })
  }
}

async function readMetadata(url: string, resource: ResourceIdentifier, fetch: ClientPorts['fetch']) {
  const document = await readJson(url, fetch)
  if (document === undefined) fail('metadata_unavailable', { detail: `no metadata at ${new URL(url).origin}` })
  const metadata = parseOrFail(document)
  return metadata.resource === resource ? metadata : fail('metadata_mismatch', { detail: 'resource' })
}

function parseOrFail(document: JsonObject) {
  try {
    return parseDocument(ResourceMetadata, document)
  } catch {
    return fail('metadata_malformed', { detail: 'protected resource metadata' })
  }
}
