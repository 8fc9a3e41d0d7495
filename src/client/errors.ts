import { isJsonObject } from '../core/names.ts'

/** Why the client stopped, with one plain sentence each. */
export const reasons = {
  metadata_unavailable: 'A metadata document could not be read.',
  metadata_malformed: 'A metadata document does not have the form its specification gives it.',
  metadata_mismatch: 'A metadata document speaks for another issuer, resource or authorization server.',
  par_missing: 'The authorization server does not offer pushed authorization requests.',
  pkce_missing: 'The authorization server does not offer PKCE with S256.',
  iss_unsupported: 'The authorization server does not name itself in its authorization responses.',
  private_key_jwt_missing: 'The authorization server does not offer private_key_jwt with the algorithm of the key.',
  certificate_authentication_missing: 'The authorization server does not offer to know the client by its certificate.',
  certificate_binding_missing: 'The authorization server does not bind access tokens to certificates.',
  dpop_missing: 'The authorization server does not offer DPoP with the algorithm of the key.',
  id_token_algorithm_missing: 'The authorization server signs ID tokens with no algorithm of the profile.',
  endpoint_insecure: 'An endpoint is neither https nor on the loopback of this machine, or is no plain URL.',
  request_refused: 'The server refused the request.',
  nonce_demanded_again: 'The server asked for another nonce although it was given the one it asked for.',
  response_unusable: 'The answer of the server cannot be used.',
  unreachable: 'The server could not be reached.',
  authorization_url_unexpected: 'The authorization URL holds more than client_id and request_uri.',
  iss_missing: 'The authorization response does not say who it comes from.',
  iss_mismatch: 'The authorization response comes from another issuer.',
  state_missing: 'The authorization response carries no state.',
  state_mismatch: 'The authorization response belongs to another browser session.',
  session_foreign: 'The session belongs to another client, issuer or API.',
  scope_widened: 'The server granted more than was asked for.',
  pending_foreign: 'The pending flow belongs to another client or issuer.',
  pending_spent: 'This flow was finished before.',
  response_malformed: 'The authorization response repeats a parameter or lacks its code.',
  access_denied: 'The person did not allow this.',
  authorization_refused: 'The authorization server refused the request of the person.',
  token_type_wrong: 'The access token is not bound to the key of the client.',
  id_token_invalid: 'The ID token is missing or does not hold.',
  acr_unmet: 'The person did not sign in the way that was asked for.',
  userinfo_subject_mismatch: 'The claims are about somebody else than the ID token.',
  subject_unknown: 'The session does not know its person: it has no ID token.',
  userinfo_missing: 'The authorization server has no userinfo endpoint.',
  refresh_token_missing: 'The session cannot be renewed: it has no refresh token.',
  session_ended: 'The authorization server does not renew this session any more.',
  vault_unavailable: 'The vault of the tokens does not answer, or holds what is no session.',
  step_up_failed: 'The API asks again for what the person has done already, or for nothing that can be done.',
  revocation_missing: 'The authorization server has no revocation endpoint.',
  end_session_missing: 'The authorization server has no end session endpoint.',
  redirect_refused: 'The server answered a request that carries credentials with a redirect.',
  resource_foreign: 'The URL is not of the resource the token is for.',
} as const

/** The stable name of why the client stopped. */
export type ClientErrorReason = keyof typeof reasons

/** What an error may add to its reason. None of it is ever a credential. */
export type ClientErrorDetails = {
  /** What did not fit, in our words or those of a parser. */
  readonly detail?: string | undefined
  /** The HTTP status of the answer that was refused with. */
  readonly status?: number | undefined
  /** The `error` the server sent. RFC 6749 §5.2, §4.1.2.1. */
  readonly error?: string | undefined
  readonly errorDescription?: string | undefined
  /** The name of the refusal, from a Strongroom server. */
  readonly rule?: string | undefined
  /** How an honest caller fixes it, from a Strongroom server. */
  readonly hint?: string | undefined
  /** By which the operator of the server finds the refusal. */
  readonly correlationId?: string | undefined
}

/** The one way the client fails. `reason` is stable; the message is for people and holds no credential. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly reason: ClientErrorReason
  readonly detail: string | undefined
  readonly status: number | undefined
  readonly error: string | undefined
  readonly errorDescription: string | undefined
  readonly rule: string | undefined
  readonly hint: string | undefined
  readonly correlationId: string | undefined

  constructor(reason: ClientErrorReason, details: ClientErrorDetails = {}) {
    const more = details.rule ?? details.error ?? details.detail
    super(`${reason}: ${reasons[reason]}${more === undefined ? '' : ` (${more})`}`)
    this.reason = reason
    this.detail = details.detail
    this.status = details.status
    this.error = details.error
    this.errorDescription = details.errorDescription
    this.rule = details.rule
    this.hint = details.hint
    this.correlationId = details.correlationId
  }
}

/** @throws ClientError with `reason`, always. */
export function fail(reason: ClientErrorReason, details: ClientErrorDetails = {}): never {
  throw new ClientError(reason, details)
}

/** The details of a refusal in JSON, bounded and printable: what a server sends may end up on a page or in a log. */
export function refusalDetails(status: number, headers: Headers, body: unknown): ClientErrorDetails {
  const member = (name: string) => (isJsonObject(body) ? printable(body[name]) : undefined)
  return {
    status,
    error: member('error'),
    errorDescription: member('error_description'),
    rule: member('rule'),
    hint: member('hint'),
    correlationId: member('correlation_id') ?? printable(headers.get('x-correlation-id')),
  }
}

/** The text when it is printable ASCII of a sensible length. RFC 6749 §5.2. */
export function printable(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\x20-\x7e]{1,400}$/.test(value) ? value : undefined
}
