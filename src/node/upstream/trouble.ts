/** What goes wrong with a provider, as a refusal for the person and a line for the operator. */

import { isJsonObject } from '../../core/names.ts'
import { OAuthError } from '../../core/oauth-error.ts'
import { EgressRefused } from '../egress/refused.ts'

/** Something an operator should see. Holds names and codes, and nothing of what was sent or answered. */
export class UpstreamTrouble extends Error {
  override readonly name = 'UpstreamTrouble'
}

/** While it is looked for and asked, before anybody is sent there; or with an answer in hand. */
type Phase = 'before' | 'after'

/** The refusal that a failure means. A failure that is our own bug refuses, too. */
export function refusalFor(failure: unknown, phase: Phase): OAuthError {
  if (failure instanceof OAuthError) return failure
  const detail = whatHappened(failure)
  if (isRefusalOfPerson(failure)) return new OAuthError('upstream_refused', { detail })
  const isDown = phase === 'before' || isOutOfReach(failure)
  return new OAuthError(isDown ? 'upstream_unavailable' : 'upstream_answer_invalid', { detail })
}

/** In words of ours and codes of the specifications: libraries hang on their errors what they read. */
export function whatHappened(failure: unknown): string {
  const refused = causesOf(failure).find((cause) => cause instanceof EgressRefused)
  if (refused !== undefined) return refused.message
  // The provider writes the former, and could repeat a secret there; the library writes the latter.
  const [error, code] = [member(failure, 'error'), member(failure, 'code')]
  if (typeof error === 'string' && /^[a-z_]{1,64}$/.test(error)) return error
  return typeof code === 'string' && /^\w{1,64}$/.test(code) ? code : 'failed'
}

/** `access_denied` and what asks for an interaction are answers; the rest means that the provider cannot. */
function isRefusalOfPerson(failure: unknown): boolean {
  return isAuthorizationError(failure) && !ownTrouble.includes(member(failure, 'error'))
}

const ownTrouble: readonly unknown[] = ['server_error', 'temporarily_unavailable']

function isAuthorizationError(failure: unknown): boolean {
  return member(failure, 'code') === 'OAUTH_AUTHORIZATION_RESPONSE_ERROR'
}

/** Nothing came back, or a failure of the provider: no answer was bad. A code that it does not take is one. */
function isOutOfReach(failure: unknown): boolean {
  if (isAuthorizationError(failure)) return true
  if (causesOf(failure).some((cause) => cause instanceof EgressRefused)) return true
  const error = member(failure, 'error')
  if (typeof error === 'string') return error !== 'invalid_grant'
  const { cause } = isErrorLike(failure) ? failure : {}
  return cause instanceof Response && (cause.status >= 500 || cause.status === 429)
}

function isErrorLike(thrown: unknown): thrown is { readonly cause?: unknown } {
  return typeof thrown === 'object' && thrown !== null
}

function member(thrown: unknown, name: string): unknown {
  return isJsonObject(thrown) ? thrown[name] : undefined
}

/** The failure and what is behind it, as far as that goes. */
function causesOf(failure: unknown): readonly unknown[] {
  const causes: unknown[] = []
  for (let cause = failure; cause !== undefined && causes.length < 8; ) {
    causes.push(cause)
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return causes
}
