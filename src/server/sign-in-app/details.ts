import {
  type AuthorizationDetail,
  coversAll,
  parseAuthorizationDetails,
  stillCounts,
} from '../../core/authorization-details.ts'
import { orRefuse, refuse } from '../../core/oauth-error.ts'
import { detailTypesOpenTo } from '../details.ts'
import type { Server } from '../server.ts'
import type { Undecided } from './caller.ts'

/**
 * What the person left of the details that were asked for: all of it, or as many elements with less in them, each one
 * that could itself have been asked for. RFC 9396 §7.
 * @throws OAuthError decision_malformed, authorization_details_not_granted
 */
export function decidedDetails(
  text: string | undefined,
  { request: { request }, client }: Undecided,
  server: Server,
): readonly AuthorizationDetail[] {
  const { details: asked } = request
  if (text === undefined) return asked
  const named = orRefuse('decision_malformed', () => parseAuthorizationDetails(text), {
    expected: { parameter: 'authorization_details' },
  })
  const types = detailTypesOpenTo(client, server)
  const isPart = named.length === asked.length && coversAll(asked, named, types.known)
  const isWhole = named.every((element) => stillCounts(element, types))
  return isPart && isWhole ? named : refuse('authorization_details_not_granted')
}
