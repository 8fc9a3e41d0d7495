import * as v from 'valibot'
import type { AuthorizationDetail } from '../authorization-details.ts'
import { type Confirmation, tokenTypeOf } from '../confirmation.ts'
import { printable, resources, spaceSeparated, visible } from './form.ts'

/** A token request of any grant type; what each grant needs is checked by the grant. RFC 6749 §4.1.3, §4.4.2. */
export const TokenRequest = v.pipe(
  v.object({
    grant_type: visible(),
    code: visible(256),
    redirect_uri: printable(2048),
    code_verifier: visible(),
    refresh_token: visible(256),
    scope: spaceSeparated(),
    resource: resources(),
    authorization_details: v.optional(v.string()),
  }),
  v.transform((wire) => ({
    grantType: wire.grant_type,
    code: wire.code,
    redirectUri: wire.redirect_uri,
    codeVerifier: wire.code_verifier,
    refreshToken: wire.refresh_token,
    scope: wire.scope,
    resources: wire.resource,
    authorizationDetails: wire.authorization_details,
  })),
)

/** What was asked of the token endpoint, in our words. */
export type TokenParameters = v.InferOutput<typeof TokenRequest>

/** A successful answer of the token endpoint. RFC 6749 §5.1; RFC 9449 §5; RFC 8705 §3; RFC 9396 §7. */
export function tokenResponse(tokens: {
  readonly accessToken: string
  readonly confirmation: Confirmation
  readonly refreshToken: string | undefined
  readonly expiresIn: number
  readonly scope: readonly string[]
  readonly details: readonly AuthorizationDetail[]
  readonly idToken: string | undefined
}): Record<string, unknown> {
  return {
    access_token: tokens.accessToken,
    token_type: tokenTypeOf(tokens.confirmation),
    expires_in: tokens.expiresIn,
    ...(tokens.scope.length === 0 ? {} : { scope: tokens.scope.join(' ') }),
    ...(tokens.details.length === 0 ? {} : { authorization_details: tokens.details }),
    ...(tokens.refreshToken === undefined ? {} : { refresh_token: tokens.refreshToken }),
    ...(tokens.idToken === undefined ? {} : { id_token: tokens.idToken }),
  }
}
