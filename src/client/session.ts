import * as oauth from 'oauth4webapi'
import { after, type NumericDate, Secret, seconds } from '../core/names.ts'
import type { Clock } from '../core/ports.ts'
import { fail } from './errors.ts'

/** What an application holds once a person has allowed it, or as itself. */
export type Session = {
  /** Bound to the DPoP key of the client: worth nothing without it. Prints as `[secret]`. */
  readonly accessToken: Secret
  /** What was granted. */
  readonly scope: readonly string[]
  /** Whole seconds since 1970; undefined when the server did not say. */
  readonly expiresAt: NumericDate | undefined
  /** The person, from the verified ID token. */
  readonly subject: string | undefined
  /** The verified claims of the ID token. */
  readonly idToken: Readonly<Record<string, unknown>> | undefined
}

/**
 * The session a token response makes. A scope that was left out is the one that was asked for. RFC 6749 §5.1.
 * @throws ClientError token_type_wrong, id_token_invalid; the token is dropped
 */
export function sessionOf(tokens: oauth.TokenEndpointResponse, asked: string, clock: Clock): Session {
  // The library has made it lower case. RFC 6749 §5.1.
  if (tokens.token_type !== 'dpop') fail('token_type_wrong')
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  const lifetime = tokens.expires_in
  return {
    accessToken: new Secret(tokens.access_token),
    scope: (tokens.scope ?? asked).split(' ').filter((value) => value !== ''),
    expiresAt: lifetime === undefined ? undefined : after(clock(), seconds(Math.floor(lifetime))),
    subject: claims?.sub,
    idToken: claims,
  }
}
