import * as v from 'valibot'
import type { AccessToken } from '../access-token.ts'
import { confirmationClaim, tokenTypeOf } from '../confirmation.ts'

/**
 * The token somebody asks about, or ends. Any text will do: what is no token is unknown, and `token_type_hint` changes
 * nothing, as the forms of our tokens tell them apart. RFC 7662 §2.1; RFC 7009 §2.1.
 */
export const TokenReference = v.object({ token: v.optional(v.string()) })

/** What a resource server is told of a token that does not count for it, whatever the reason. RFC 7662 §2.2. */
export const inactiveToken: Readonly<Record<string, unknown>> = { active: false }

/** What of a token one resource server may know. */
export type SeenToken = Omit<AccessToken, 'grantRef' | 'speaksFor'>

/** What a resource server is told of a token of its own. RFC 7662 §2.2; RFC 9449 §6.2; RFC 8705 §3.2; RFC 9470 §6.2; RFC 9396 §9.2. */
export function activeToken(token: SeenToken): Readonly<Record<string, unknown>> {
  return {
    active: true,
    iss: token.issuer,
    aud: token.audience.length === 1 ? token.audience[0] : token.audience,
    sub: token.subject,
    client_id: token.clientId,
    ...(token.scope.length === 0 ? {} : { scope: token.scope.join(' ') }),
    ...(token.details.length === 0 ? {} : { authorization_details: token.details }),
    iat: token.issuedAt,
    exp: token.expiresAt,
    jti: token.jti,
    token_type: tokenTypeOf(token.confirmation),
    cnf: confirmationClaim(token.confirmation),
    ...(token.acr === undefined ? {} : { acr: token.acr }),
    ...(token.authTime === undefined ? {} : { auth_time: token.authTime }),
  }
}
