/** What one refusal says of itself. */

import type { EventType } from '../events.ts'

/** The places where a refusal can happen; the columns of STEPS.md. */
export const steps = [
  'par',
  'authorization',
  'interaction',
  'account',
  'decision',
  'token',
  'introspection',
  'revocation',
  'userinfo',
  'logout',
  'guard',
] as const

/** Where a rule is enforced. */
export type Step = (typeof steps)[number]

/** Every place of the server itself. */
export const serverSteps: readonly Step[] = steps.filter((step) => step !== 'guard')

/** The error codes of the specifications that we use on the wire, with the HTTP status of each. */
export const errorStatus = {
  // RFC 6749 §5.2, §4.1.2.1
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  invalid_scope: 400,
  access_denied: 403,
  // RFC 7009 §2.2.1
  unsupported_token_type: 400,
  // RFC 6585 §4; no OAuth specification names an error for it.
  too_many_requests: 429,
  server_error: 500,
  temporarily_unavailable: 503,
  // RFC 8707 §2
  invalid_target: 400,
  // RFC 9396 §5
  invalid_authorization_details: 400,
  // RFC 9449 §12.2
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  // OIDC Core §3.1.2.6
  login_required: 400,
  consent_required: 400,
  interaction_required: 400,
  account_selection_required: 400,
  // OIDC Unmet Authentication Requirements §2
  unmet_authentication_requirements: 400,
  request_not_supported: 400,
  // RFC 9101 §7
  invalid_request_uri: 400,
  // RFC 6750 §3.1
  invalid_token: 401,
  insufficient_scope: 403,
} as const

/** An `error` of the specifications. */
export type ErrorCode = keyof typeof errorStatus

/** One rule: what it enforces and what it says when it refuses. */
export type Rule = {
  /** The `error` on the wire. */
  readonly error: ErrorCode
  /** The HTTP status, where it is not the usual one of the error. */
  readonly status?: number
  /** The clause it enforces. */
  readonly clause: string
  /** The requirement rows it covers. */
  readonly rows: readonly string[]
  /** The attacks it stops, by their row in the attack catalogue. */
  readonly attacks: readonly string[]
  /** Where it is enforced. */
  readonly at: readonly Step[]
  /** What callers are told, when telling the precise slug would build an oracle. */
  readonly publicSlug?: PublicSlug
  /** What the trail says of it; `none` for what anybody's browser or scanner does all day. */
  readonly event: EventType | 'none'
  /** What happened, in one plain sentence without anything the caller sent. */
  readonly sentence: string
  /** How an honest caller fixes it. */
  readonly hint: string
}

/** The shared answers behind which precise rules hide. */
export const publicAnswers = {
  client_authentication_failed: {
    sentence: 'The client could not be authenticated.',
    hint: 'Send a private_key_jwt assertion, fresh for this request, signed with a registered key, whose aud is the issuer; or client_id over a connection with the registered certificate, at the URLs of mtls_endpoint_aliases.',
  },
  code_not_redeemable: {
    sentence: 'This authorization code cannot be redeemed.',
    hint: 'Redeem a code once, within its lifetime, as the client that pushed the request, with the same redirect_uri, code_verifier and DPoP key.',
  },
  refresh_token_not_usable: {
    sentence: 'This refresh token cannot be used.',
    hint: 'Use a refresh token as the client it was issued to, while it is in use and the authorization stands; otherwise start a new authorization.',
  },
  request_uri_invalid: {
    sentence: 'This authorization request is unknown, expired, or was already used.',
    hint: 'Go back to the application and start again.',
  },
  sign_in_failed: {
    sentence: 'Sign-in failed.',
    hint: 'Check user name and password, or use the passkey again. After several failed attempts, wait five minutes.',
  },
  interaction_invalid: {
    sentence: 'This sign-in page does not belong to this browser, or is over.',
    hint: 'Go back to the application and start again.',
  },
} as const

/** A slug that callers see in place of several precise ones. */
export type PublicSlug = keyof typeof publicAnswers
