/** What a guard answers when it does not let a request through. RFC 6750 §3; RFC 9449 §7.1, §9. */

import type { CorrelationId } from '../core/names.ts'
import type { OAuthError } from '../core/oauth-error.ts'
import { failureBody, headersAtResource, refusalBody, statusAtResource } from '../core/refusal.ts'

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

/** A refusal as a response. Repeats nothing of what was sent. */
export function renderRefusal(error: OAuthError, context: RefusalContext): Response {
  return answer(statusAtResource(error.rule), refusalBody(error, context.correlationId), context, {
    ...headersAtResource(error, context),
    ...(context.nonce === undefined ? {} : { 'dpop-nonce': context.nonce }),
  })
}

/** A bug, as a response: nothing but the id to look for. */
export function renderFailure(context: AnswerContext): Response {
  return answer(500, failureBody(context.correlationId), context, { 'content-type': 'application/json' })
}

function answer(
  status: number,
  body: string,
  { correlationId, interactionId }: AnswerContext,
  more: Readonly<Record<string, string>>,
): Response {
  return new Response(body, {
    status,
    headers: {
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-correlation-id': correlationId,
      'x-fapi-interaction-id': interactionId,
      ...more,
    },
  })
}
