/** Claims about a person that are asked for by name rather than by scope. OIDC Core §5.4, §5.5. */

import type { ClientRecord } from '../core/client.ts'
import type { RequestedClaims } from '../core/flow.ts'
import type { UserRecord } from '../core/people.ts'
import { isKeyOf } from '../core/names.ts'

/** The scope that gives the same claim: who may not ask for the one does not get the other. */
const scopeOf = { name: 'profile', email: 'email' } as const

/** What a person may be asked to tell about. */
export type ClaimsOfPerson = UserRecord['claims']

/** Those of the names that a client may have by its registration. */
function allowedNames(names: readonly string[], { scope }: Pick<ClientRecord, 'scope'>) {
  return names.filter((name) => isKeyOf(scopeOf, name)).filter((name) => scope.includes(scopeOf[name]))
}

/** What of a request for claims a client may have; what it may not is left out, as OIDC Core §5.5.1 has it. */
export function allowedClaims(requested: RequestedClaims, client: ClientRecord): RequestedClaims {
  return {
    ...requested,
    idToken: allowedNames(requested.idToken, client),
    userinfo: allowedNames(requested.userinfo, client),
  }
}

/** The scopes a person allows by allowing the claims: they are asked for these like for any other. */
export function scopesOfClaims({ idToken, userinfo }: RequestedClaims): readonly string[] {
  return [...new Set([...idToken, ...userinfo])].filter((name) => isKeyOf(scopeOf, name)).map((name) => scopeOf[name])
}

/** Those claims of a person that were asked for by name and may still be told to the client. */
export function claimsByName(
  names: readonly string[],
  client: Pick<ClientRecord, 'scope'>,
  { name, email }: ClaimsOfPerson,
): ClaimsOfPerson {
  const allowed = allowedNames(names, client)
  return {
    ...(name !== undefined && allowed.includes('name') ? { name } : {}),
    ...(email !== undefined && allowed.includes('email') ? { email } : {}),
  }
}

/** The claims of a person that the scopes give. */
export function claimsByScope(scope: readonly string[], { name, email }: ClaimsOfPerson): ClaimsOfPerson {
  return {
    ...(name !== undefined && scope.includes(scopeOf.name) ? { name } : {}),
    ...(email !== undefined && scope.includes(scopeOf.email) ? { email } : {}),
  }
}
