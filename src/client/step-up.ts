/** An API that wants a person to sign in better, or more recently. RFC 9470. */

import type * as oauth from 'oauth4webapi'
import { profile } from '../core/profile.ts'
import { fail } from './errors.ts'
import type { Wire } from './exchange.ts'
import { isMet, type SignInDemand } from './id-token.ts'
import type { Session } from './session.ts'

/**
 * How the person has to sign in for the API; undefined when the answer is no such demand.
 *
 * What the session has done already is not asked for again: somebody who did as the API said and is told the same once
 * more would never get out of it. RFC 9470 §4.
 * @throws ClientError step_up_failed
 */
export function stepUpDemand(
  wire: Wire,
  session: Session,
  challenges: readonly oauth.WWWAuthenticateChallenge[],
): SignInDemand | undefined {
  const challenge = challenges.find(
    ({ scheme, parameters }) =>
      scheme === wire.possession.tokenType && parameters.error === 'insufficient_user_authentication',
  )
  if (challenge === undefined) return undefined
  const demand = demandOf(challenge.parameters)
  if (isMet(session.idToken, demand, wire.clock.now())) fail('step_up_failed')
  return demand
}

function demandOf({ acr_values: acrs, max_age: age }: oauth.WWWAuthenticateChallengeParameters): SignInDemand {
  const acrValues = acrs === undefined ? undefined : acrs.split(' ').filter((value) => value !== '')
  const isBounded = acrValues === undefined || (acrValues.length > 0 && acrValues.length <= profile.listValues)
  const isAge = age === undefined || /^\d{1,9}$/.test(age)
  if (!isBounded || !isAge || String(acrs).length > profile.parameterCharacters) {
    fail('step_up_failed', { detail: 'malformed' })
  }
  return {
    ...(acrValues === undefined ? {} : { acrValues }),
    ...(age === undefined ? {} : { maxAge: Number(age) }),
  }
}
