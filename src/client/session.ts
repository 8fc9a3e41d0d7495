import type * as oauth from 'oauth4webapi'
import { type AuthorizationDetail, isAuthorizationDetail } from '../core/authorization-details.ts'
import {
  after,
  isJsonObject,
  type JsonObject,
  type NumericDate,
  numericDate,
  orUndefined,
  Secret,
  seconds,
} from '../core/names.ts'
import { fail } from './errors.ts'
import type { Possession } from './exchange.ts'

/** What an application holds once a person has allowed it, or as itself. */
export type Session = {
  /** The issuer, client and API it is for: no other client takes it. */
  readonly of: string
  /** What the vault keeps its tokens under. Random; keep it on the server, like the session itself. */
  readonly id: string
  /** Bound to the key or certificate of the client: worth nothing without it. Prints as `[secret]`. */
  readonly accessToken: Secret
  /** Renews the session; undefined when the server gave none. */
  readonly refreshToken: Secret | undefined
  /** The thumbprint of the key or certificate that the access token is bound to. */
  readonly boundTo: string
  /** What was granted. */
  readonly scope: readonly string[]
  /** What exactly was granted, which may be less than was asked for. RFC 9396 §7. */
  readonly authorizationDetails: readonly AuthorizationDetail[]
  /** Whole seconds since 1970; undefined when the server did not say. */
  readonly expiresAt: NumericDate | undefined
  /** The person, from the verified ID token. */
  readonly subject: string | undefined
  /** The verified claims of the ID token. */
  readonly idToken: Readonly<Record<string, unknown>> | undefined
  /** The ID token as it was signed, to sign out with. */
  readonly idTokenHint: Secret | undefined
}

/** What came from the token endpoint, the ID token verified and out of its encryption. */
export type Received = {
  readonly tokens: oauth.TokenEndpointResponse
  readonly claims: Readonly<Record<string, unknown>> | undefined
  readonly idToken: string | undefined
}

/** What a token response is turned into a session with. */
export type SessionGrounds = {
  readonly of: string
  readonly id: string
  /** The scope that was asked for. */
  readonly asked: string
  /** The details that were asked for. */
  readonly askedDetails: readonly AuthorizationDetail[]
  readonly possession: Pick<Possession, 'tokenType' | 'thumbprint'>
  readonly now: NumericDate
}

/**
 * The session a token response makes. A scope that was left out is the one that was asked for; more than was asked for is
 * refused, and so is silence about details. RFC 6749 §5.1; RFC 9396 §7.
 * @throws ClientError token_type_wrong, scope_widened, response_unusable; the token is dropped
 */
export function sessionOf({ tokens, claims, idToken }: Received, grounds: SessionGrounds): Session {
  const { of, id, asked, possession, now } = grounds
  // The library has made it lower case. RFC 6749 §5.1; RFC 8705 §3.
  if (tokens.token_type !== possession.tokenType) fail('token_type_wrong')
  const wanted = valuesOf(asked)
  const scope = valuesOf(tokens.scope ?? asked)
  if (!scope.every((value) => wanted.includes(value))) fail('scope_widened')
  const authorizationDetails = detailsOf(tokens, grounds.askedDetails)
  const lifetime = tokens.expires_in
  if (lifetime !== undefined && !(lifetime >= 0 && lifetime < 1e9)) fail('response_unusable')
  const subject = claims?.['sub']
  return {
    of,
    id,
    accessToken: new Secret(tokens.access_token),
    refreshToken: secretOf(tokens.refresh_token),
    boundTo: possession.thumbprint,
    scope,
    authorizationDetails,
    expiresAt: lifetime === undefined ? undefined : after(now, seconds(Math.floor(lifetime))),
    subject: typeof subject === 'string' ? subject : undefined,
    idToken: claims,
    idTokenHint: secretOf(idToken),
  }
}

function detailsOf(
  { authorization_details: granted }: oauth.TokenEndpointResponse,
  asked: readonly AuthorizationDetail[],
): readonly AuthorizationDetail[] {
  const details: readonly unknown[] = granted ?? []
  if (granted === undefined && asked.length > 0) fail('response_unusable', { detail: 'authorization_details' })
  if (!details.every(isAuthorizationDetail)) return fail('response_unusable', { detail: 'authorization_details' })
  if (!details.every(({ type }) => asked.some((element) => element.type === type))) fail('scope_widened')
  return details
}

function valuesOf(scope: string): readonly string[] {
  return scope.split(' ').filter((value) => value !== '')
}

function secretOf(text: string | undefined): Secret | undefined {
  return text === undefined ? undefined : new Secret(text)
}

/** A session with its tokens as one text, to be kept. */
export function keptText(session: Session): Secret {
  const { accessToken, refreshToken, idTokenHint, ...open } = session
  const tokens = {
    accessToken: accessToken.reveal(),
    refreshToken: refreshToken?.reveal(),
    idTokenHint: idTokenHint?.reveal(),
  }
  return new Secret(JSON.stringify({ ...open, ...tokens }))
}

/** The session in a kept text, or undefined when it holds none. */
export function keptSession(kept: Secret): Session | undefined {
  const parsed = parsedText(kept.reveal())
  if (!isJsonObject(parsed)) return undefined
  const { of, id, boundTo, scope } = parsed
  const accessToken = secretOf(textOf(parsed, 'accessToken'))
  const isWhole = typeof of === 'string' && typeof id === 'string' && typeof boundTo === 'string'
  if (!isWhole || accessToken === undefined || !Array.isArray(scope)) return undefined
  const { expiresAt, idToken, authorizationDetails } = parsed
  return {
    of,
    id,
    accessToken,
    refreshToken: secretOf(textOf(parsed, 'refreshToken')),
    boundTo,
    scope: scope.filter((value) => typeof value === 'string'),
    authorizationDetails: Array.isArray(authorizationDetails) ? authorizationDetails.filter(isAuthorizationDetail) : [],
    expiresAt: typeof expiresAt === 'number' ? orUndefined(() => numericDate(expiresAt)) : undefined,
    subject: textOf(parsed, 'subject'),
    idToken: isJsonObject(idToken) ? idToken : undefined,
    idTokenHint: secretOf(textOf(parsed, 'idTokenHint')),
  }
}

function parsedText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function textOf(object: JsonObject, member: string): string | undefined {
  const value = object[member]
  return typeof value === 'string' ? value : undefined
}
