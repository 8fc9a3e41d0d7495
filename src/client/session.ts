import type * as oauth from 'oauth4webapi'
import { after, type NumericDate, Secret, seconds } from '../core/names.ts'
import type { Clock } from '../core/ports.ts'
import { fail } from './errors.ts'

/** What an application holds once a person has allowed it, or as itself. */
export type Session = {
  /** The issuer, client and API it is for: no other client takes it. */
  readonly of: string
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

/** What a token response is turned into a session with. */
export type SessionGrounds = {
  readonly of: string
  /** The scope that was asked for. */
  readonly asked: string
  /** The claims of the ID token, once its signature was verified. */
  readonly claims: Readonly<Record<string, unknown>> | undefined
  readonly clock: Clock
}

/**
 * The session a token response makes. A scope that was left out is the one that was asked for; more than was asked for is
 * refused. RFC 6749 §5.1.
 * @throws ClientError token_type_wrong, scope_widened, response_unusable; the token is dropped
 */
export function sessionOf(tokens: oauth.TokenEndpointResponse, { of, asked, claims, clock }: SessionGrounds): Session {
  // The library has made it lower case. RFC 6749 §5.1.
  if (tokens.token_type !== 'dpop') fail('token_type_wrong')
  const wanted = valuesOf(asked)
  const scope = valuesOf(tokens.scope ?? asked)
  if (!scope.every((value) => wanted.includes(value))) fail('scope_widened')
  const lifetime = tokens.expires_in
  if (lifetime !== undefined && !(lifetime >= 0 && lifetime < 1e9)) fail('response_unusable')
  const subject = claims?.['sub']
  return {
    of,
    accessToken: new Secret(tokens.access_token),
    scope,
    expiresAt: lifetime === undefined ? undefined : after(clock(), seconds(Math.floor(lifetime))),
    subject: typeof subject === 'string' ? subject : undefined,
    idToken: claims,
  }
}

function valuesOf(scope: string): readonly string[] {
  return scope.split(' ').filter((value) => value !== '')
}
