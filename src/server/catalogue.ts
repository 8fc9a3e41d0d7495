import { type AuthorizationDetail, detailsFor, type DetailType } from '../core/authorization-details.ts'
import type { ClientRecord } from '../core/client.ts'
import { isOffline } from '../core/flow.ts'
import { openidScopes } from '../core/metadata.ts'
import type { Issuer, ResourceIdentifier } from '../core/names.ts'
import { refuse } from '../core/oauth-error.ts'
import type { Api } from './config.ts'
import type { AskView } from './pages.ts'

/** Which scope belongs to which API, and what each means in words. */
export type Catalogue = {
  /** Every scope that can be asked for. */
  readonly scopes: readonly string[]
  readonly resources: readonly ResourceIdentifier[]
  readonly ownerOf: (scope: string) => ResourceIdentifier | undefined
  /** Every type of authorization details that can be asked for. */
  readonly detailTypes: readonly DetailType[]
  /** The name of an API. */
  readonly nameOf: (resource: ResourceIdentifier) => string
  /** What is asked for, by who holds it, in words. */
  readonly describe: (scope: readonly string[]) => readonly AskView[]
}

/** Whether a scope concerns a person rather than an API. */
export function isOpenidScope(scope: string): boolean {
  return openidScopes.some((known) => known === scope)
}

/**
 * Refuses APIs that a token could not tell apart, from one another or from this server: every token for a person is meant
 * for userinfo as well, under the name of the issuer. RFC 8707 §2; RFC 9068 §4.
 * @throws RangeError
 */
export function checkApis(apis: readonly Api[], issuer: Issuer): void {
  const resources = [issuer, ...apis.map(({ resource }) => resource)].map((name) => new URL(name).href)
  if (new Set(resources).size < resources.length) {
    throw new RangeError('every API needs a resource of its own, which is not the issuer (RFC 8707 §2)')
  }
  const scopes = [...openidScopes, ...apis.flatMap((api) => api.scopes.map(({ name }) => name))]
  if (new Set(scopes).size < scopes.length) {
    throw new RangeError('every scope needs one API, and the scopes of OpenID Connect have none (RFC 8707 §2.2)')
  }
  const types = apis.flatMap(({ resource, detailTypes = [] }) => detailTypes.map((type) => ({ ...type, of: resource })))
  if (new Set(types.map(({ type }) => type)).size < types.length || types.some((type) => type.resource !== type.of)) {
    throw new RangeError('every type of authorization details needs one API (RFC 9396 §9)')
  }
}

/** The catalogue of the configured APIs. */
export function createCatalogue(apis: readonly Api[]): Catalogue {
  const owners = new Map(apis.flatMap(({ resource, scopes }) => scopes.map(({ name }) => [name, resource] as const)))
  return {
    scopes: [...openidScopes, ...owners.keys()],
    resources: apis.map(({ resource }) => resource),
    ownerOf: (scope) => owners.get(scope),
    detailTypes: apis.flatMap(({ detailTypes = [] }) => detailTypes),
    nameOf: (resource) => apis.find((api) => api.resource === resource)?.name ?? resource,
    describe: (scope) => {
      const personal = scope.filter(isOpenidScope).map((name) => ({ name, description: undefined }))
      const held = apis.map(({ name, scopes }) => ({
        holder: name,
        scopes: scopes.filter((one) => scope.includes(one.name)),
      }))
      return [{ holder: undefined, scopes: personal }, ...held].filter(({ scopes }) => scopes.length > 0)
    },
  }
}

/** What is asked for, after scopes, details and resources were held against each other. */
export type Reach = {
  readonly scope: readonly string[]
  readonly resources: readonly ResourceIdentifier[]
  readonly details: readonly AuthorizationDetail[]
}

/**
 * Holds the scopes asked for against what exists and what the client is registered for, and the resources against
 * scopes and details: what belongs to an API that was not named is refused, and a named API of which nothing is asked
 * for, too. RFC 8707 §2; RFC 6749 §3.3.
 * @throws OAuthError scope_not_allowed, resource_not_allowed
 */
export function agreeOnReach(
  asked: Omit<Reach, 'resources'> & { readonly resources: readonly string[] },
  allowed: readonly string[],
  catalogue: Catalogue,
): Reach {
  const { scope, details } = asked
  if (!scope.every((value) => catalogue.scopes.includes(value) && allowed.includes(value))) refuse('scope_not_allowed')
  const owners = ownersOf(asked, catalogue)
  if (asked.resources.length === 0) {
    // Somebody has to accept the token.
    if (owners.size === 0 && !scope.includes('openid')) refuse('scope_not_allowed')
    return { scope, resources: [...owners], details }
  }
  const resources = catalogue.resources.filter((known) => asked.resources.includes(known))
  const named = resources.length === asked.resources.length && resources.length === owners.size
  if (!named || !resources.every((resource) => owners.has(resource))) refuse('resource_not_allowed')
  return { scope, resources, details }
}

/** The APIs that something is asked of. */
export function ownersOf({ scope, details }: Omit<Reach, 'resources'>, catalogue: Catalogue): Set<ResourceIdentifier> {
  const ofDetails = catalogue.detailTypes.filter(({ type }) => details.some((element) => element.type === type))
  const owners = [...scope.map((value) => catalogue.ownerOf(value)), ...ofDetails.map(({ resource }) => resource)]
  return new Set(owners.filter((owner) => owner !== undefined))
}

/**
 * Narrows what was granted to the resources a token request names: what belongs to other APIs falls away.
 * RFC 8707 §2.2; RFC 9396 §9.
 * @throws OAuthError resource_not_allowed
 */
export function narrowReach(granted: Reach, resources: readonly string[], catalogue: Catalogue): Reach {
  if (resources.length === 0) return granted
  const narrowed = granted.resources.filter((resource) => resources.includes(resource))
  if (narrowed.length !== resources.length) refuse('resource_not_allowed')
  const scope = granted.scope.filter((value) => {
    const owner = catalogue.ownerOf(value)
    return owner === undefined || narrowed.includes(owner)
  })
  return { scope, resources: narrowed, details: detailsFor(narrowed, granted.details, catalogue.detailTypes) }
}

/**
 * What a grant may renew today: what was granted, as far as the client is still registered for it and its APIs still
 * are there; of that, what the request names, all of which must have been granted. RFC 6749 §6; RFC 8707 §2.2.
 * @throws OAuthError refresh_scope_not_granted, scope_not_allowed, resource_not_allowed
 */
export function renewReach(
  granted: Reach,
  asked: { readonly scope: readonly string[] | undefined; readonly resources: readonly string[] },
  allowed: readonly string[],
  catalogue: Catalogue,
): Reach {
  const named = asked.scope ?? []
  if (!named.every((value) => granted.scope.includes(value))) refuse('refresh_scope_not_granted')
  const stillCounts = (value: string) => {
    const owner = catalogue.ownerOf(value)
    const isGranted = owner === undefined || granted.resources.includes(owner)
    return isGranted && catalogue.scopes.includes(value) && allowed.includes(value)
  }
  // Whoever may not act while the person is away any more renews nothing.
  if (isOffline(granted) && !stillCounts('offline_access')) refuse('scope_not_allowed')
  // What is named is never left out silently; what was granted once and is over falls away.
  if (!named.every(stillCounts)) refuse('scope_not_allowed')
  const scope = (asked.scope ?? granted.scope).filter(stillCounts)
  const { details } = granted
  const owners = ownersOf({ scope, details }, catalogue)
  const resources = granted.resources.filter((resource) => owners.has(resource))
  const reach = narrowReach({ scope, resources, details }, asked.resources, catalogue)
  if (reach.resources.length === 0 && !reach.scope.includes('openid')) refuse('scope_not_allowed')
  return reach
}

/** The scopes a client may ask for: without the refresh token grant there is no access while nobody is there. */
export function scopesOpenTo({ scope, grantTypes }: Pick<ClientRecord, 'scope' | 'grantTypes'>): readonly string[] {
  return grantTypes.includes('refresh_token') ? scope : scope.filter((value) => value !== 'offline_access')
}
