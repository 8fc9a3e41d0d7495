/** How long the stores keep what: the same rules for every store. */

import type { Approval, Grant, PushedRequest } from '../core/flow.ts'
import { after, type NumericDate, numericDate, seconds } from '../core/names.ts'
import { lifetimeBounds } from '../core/profile.ts'

/** How long a row outlives its last use, so that a late answer says what happened rather than "unknown". */
const margin = seconds(60)

/**
 * How many ways through sign-in one pushed request may have open. One more replaces the oldest, of those first in which
 * nobody has signed in yet: whoever reads a request_uri must not push out the person it is for.
 */
export const interactionsPerRequest = 10

/** How many events one id finds. */
export const mostFound = 100

/** A request nobody decided on stays as long as an interaction that began at its last instant may live. */
export function pushedUntil(request: PushedRequest): NumericDate {
  return after(after(request.expiresAt, seconds(lifetimeBounds.interaction.most)), margin)
}

/**
 * A decided request stays while its code or any token issued on it may live: a code that comes back in that time is
 * recognised, and its grant revoked. FAPI 2.0 SP §5.3.2.1-10; RFC 6749 §4.1.2.
 */
export function approvedUntil(approval: Approval, grant: Grant): NumericDate {
  return numericDate(Math.max(approval.codeExpiresAt, grant.expiresAt))
}

/** What was revoked stays revoked: the instant moves forward only, whatever the clock does. */
export function later(one: NumericDate, other: NumericDate): NumericDate {
  return one > other ? one : other
}

/** A replay entry counts up to and including its last instant: everything that ended before `now` may go. */
export function isOver(expiresAt: NumericDate, now: NumericDate): boolean {
  return expiresAt < now
}
