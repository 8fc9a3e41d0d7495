/** What a guard answers when it does not let a request through. RFC 6750 §3; RFC 9449 §7.1, §9. */

import { challengeOf } from '../core/challenge.ts'
import type { CorrelationId } from '../core/names.ts'
import type { OAuthError } from '../core/oauth-error.ts'
import { publicRefusal, type RuleSlug } from '../core/rules.ts'

/** What goes with every answer. */
export type AnswerContext = {
  /** By which an operator finds the precise reason. */
  readonly correlationId: CorrelationId
  /** The caller's own id where it sent a UUID, else ours. */
  readonly interactionId: string
}

/** What a refusal says besides the rule. */
export type RefusalContext = AnswerContext & {
  /** The nonce for the next proof, when a readable proof came. */
  readonly nonce: string | undefined
  readonly scheme: 'dpop' | 'bearer' | undefined
  readonly resourceMetadata: string
}

/**
 * The status of a refusal at a resource: that of its rule, but for proofs. A server answers those with 400, a resource
 * with a challenge, which is a 401. RFC 9449 §7.1, §9.
 */
export function statusAtResource(rule: RuleSlug): number {
  const { error, status } = publicRefusal(rule)
  return error === 'invalid_dpop_proof' || error === 'use_dpop_nonce' ? 401 : status
}

/** A refusal as a response. Repeats nothing of what was sent. */
export function renderRefusal(error: OAuthError, context: RefusalContext): Response {
  const { slug, error: code, sentence, hint } = publicRefusal(error.rule)
  const status = statusAtResource(error.rule)
  const body = {
    error: code,
    error_description: sentence,
    rule: slug,
    hint,
    ...(Object.keys(error.expected).length === 0 ? {} : { expected: error.expected }),
    correlation_id: context.correlationId,
  }
  return answer(status, body, context, {
    ...(isAboutCredentials(status) ? { 'www-authenticate': challengeOf(error, context) } : {}),
    ...(context.nonce === undefined ? {} : { 'dpop-nonce': context.nonce }),
    ...(status === 503 ? { 'retry-after': '5' } : {}),
  })
}

/** A bug, as a response: nothing but the id to look for. */
export function renderFailure(context: AnswerContext): Response {
  return answer(500, { error: 'server_error', correlation_id: context.correlationId }, context, {})
}

/** Whether other credentials, or better ones, could help. */
function isAboutCredentials(status: number): boolean {
  return status === 400 || status === 401 || status === 403
}

function answer(
  status: number,
  body: Readonly<Record<string, unknown>>,
  { interactionId }: AnswerContext,
  more: Readonly<Record<string, string>>,
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-fapi-interaction-id': interactionId,
      ...more,
    },
  })
}
