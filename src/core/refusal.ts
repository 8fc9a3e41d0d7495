/** A refusal as callers get to see it, the same at the server and at every guard. */

import { challengeOf, type ChallengeContext } from './challenge.ts'
import type { CorrelationId } from './names.ts'
import type { OAuthError } from './oauth-error.ts'
import { publicRefusal, type RuleSlug } from './rules.ts'

/**
 * The JSON of a refusal: RFC 6749 §5.2, with the name of the rule, a hint and the id to ask an operator about.
 *
 * Where several rules share one answer, none may say more than the others: what was expected is left out then, and
 * `always` holds what may be said of all of them.
 */
export function refusalBody(
  error: OAuthError,
  correlationId: CorrelationId,
  always: Readonly<Record<string, string>> = {},
): string {
  const { slug, error: code, sentence, hint } = publicRefusal(error.rule)
  const expected = slug === error.rule ? error.expected : always
  return JSON.stringify({
    error: code,
    error_description: sentence,
    rule: slug,
    hint,
    ...(Object.keys(expected).length === 0 ? {} : { expected }),
    correlation_id: correlationId,
  })
}

/** What is left to say when something failed that nobody foresaw. */
export function failureBody(correlationId: CorrelationId): string {
  return JSON.stringify({ error: 'server_error', correlation_id: correlationId })
}

/**
 * The status of a refusal at a resource: that of its rule, but for proofs. A server answers those with 400, a resource
 * with a challenge, which is a 401. RFC 9449 §7.1, §9.
 */
export function statusAtResource(rule: RuleSlug): number {
  const { error, status } = publicRefusal(rule)
  return error === 'invalid_dpop_proof' || error === 'use_dpop_nonce' ? 401 : status
}

/** When to come back, for refusals that time mends. RFC 9110 §10.2.3; RFC 6585 §4. */
export function headersOfWaiting({ rule, expected }: OAuthError): Readonly<Record<string, string>> {
  const { status } = publicRefusal(rule)
  if (status === 503) return { 'retry-after': '5' }
  const seconds = expected['retry_after']
  return status === 429 && seconds !== undefined ? { 'retry-after': seconds } : {}
}

/** The headers a refusal at a resource has of its own: a challenge where other credentials could help. RFC 6750 §3. */
export function headersAtResource(error: OAuthError, context: ChallengeContext): Readonly<Record<string, string>> {
  const status = statusAtResource(error.rule)
  const couldHelp = status === 400 || status === 401 || status === 403
  return {
    'content-type': 'application/json',
    ...(couldHelp ? { 'www-authenticate': challengeOf(error, context) } : {}),
    ...headersOfWaiting(error),
  }
}
