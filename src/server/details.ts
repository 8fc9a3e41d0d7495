/** Authorization details on their way from the request into tokens. RFC 9396. */

import {
  type AuthorizationDetail,
  checkAuthorizationDetails,
  coversAll,
  detailsFor,
  type DetailTypes,
  stillCounts,
} from '../core/authorization-details.ts'
import type { ClientRecord } from '../core/client.ts'
import { refuse } from '../core/oauth-error.ts'
import { narrowReach, ownersOf, type Reach } from './catalogue.ts'
import type { Server } from './server.ts'

/** The types of authorization details there are, and those a client may ask for. */
export function detailTypesOpenTo(
  { authorizationDetailTypes }: Pick<ClientRecord, 'authorizationDetailTypes'>,
  { catalogue }: Server,
): DetailTypes {
  return { known: catalogue.detailTypes, allowed: authorizationDetailTypes }
}

/**
 * What a request names, checked; undefined when it names nothing.
 * @throws OAuthError authorization_details_*
 */
export function namedDetails(
  { authorizationDetails }: { readonly authorizationDetails: string | undefined },
  client: ClientRecord,
  server: Server,
): readonly AuthorizationDetail[] | undefined {
  return authorizationDetails === undefined
    ? undefined
    : checkAuthorizationDetails(authorizationDetails, detailTypesOpenTo(client, server))
}

/** Whether an element of what was asked for or granted can be asked for today, of the same API as then. */
export function countsToday(
  element: AuthorizationDetail,
  { resources }: Pick<Reach, 'resources'>,
  client: ClientRecord,
  server: Server,
): boolean {
  const types = detailTypesOpenTo(client, server)
  return stillCounts(element, types) && detailsFor(resources, [element], types.known).length === 1
}

/**
 * What was granted, without elements of a type that is gone, that another API has, that changed or that the client may not use any more, and
 * without the APIs of which nothing is left then.
 * @throws OAuthError authorization_details_outdated
 */
export function withoutOutdated(granted: Reach, client: ClientRecord, server: Server): Reach {
  const { scope } = granted
  const details = granted.details.filter((element) => countsToday(element, granted, client, server))
  if (details.length === granted.details.length) return granted
  const owners = ownersOf({ scope, details }, server.catalogue)
  const resources = granted.resources.filter((resource) => owners.has(resource))
  if (resources.length === 0 && !scope.includes('openid')) refuse('authorization_details_outdated')
  return { scope, resources, details }
}

/**
 * Narrows what a token may hold to the details a token request names. Whatever a token says is read by its whole
 * audience, so details go into tokens for one API only. RFC 9396 §6, §9.
 * @throws OAuthError authorization_details_not_granted, authorization_details_need_one_resource
 */
export function narrowDetails(
  reach: Reach,
  named: readonly AuthorizationDetail[] | undefined,
  { catalogue }: Server,
): Reach {
  if (named !== undefined && !coversAll(reach.details, named, catalogue.detailTypes)) {
    refuse('authorization_details_not_granted')
  }
  const details = named ?? reach.details
  if (details.length > 0 && reach.resources.length > 1) refuse('authorization_details_need_one_resource')
  return { ...reach, details }
}

/**
 * What the tokens of a code may hold, of what was granted.
 * @throws OAuthError resource_not_allowed, authorization_details_*
 */
export function reachOfCode(
  granted: Reach,
  asked: { readonly resources: readonly string[]; readonly details: readonly AuthorizationDetail[] | undefined },
  client: ClientRecord,
  server: Server,
): Reach {
  const reach = narrowReach(withoutOutdated(granted, client, server), asked.resources, server.catalogue)
  return narrowDetails(reach, asked.details, server)
}
