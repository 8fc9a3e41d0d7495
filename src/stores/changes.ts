/** How rows change: the same rules for every store. */

import type { ClientRecord } from '../core/client.ts'
import type { Consent, Grant, RefreshAttempt, RefreshToken, RefreshTokenOffer } from '../core/flow.ts'
import type { ClientId, GrantRef, NumericDate } from '../core/names.ts'
import { later } from './retention.ts'

/** A refresh token on its grant; the time without use never ends after the token itself. */
export function tokenOf(offer: RefreshTokenOffer, grantRef: GrantRef, clientId: ClientId): RefreshToken {
  return { ...offer, grantRef, clientId, idleExpiresAt: earlier(offer.idleExpiresAt, offer.expiresAt) }
}

/**
 * A refresh token after a use, or undefined when the use is not worth noting: only one that gains at least a twentieth
 * of the idle time that is left is, so that a token in constant use costs no write each time.
 */
export function used(token: RefreshToken, attempt: RefreshAttempt): RefreshToken | undefined {
  const idleExpiresAt = earlier(attempt.idleExpiresAt, token.expiresAt)
  const gain = idleExpiresAt - token.idleExpiresAt
  return gain > 0 && gain * 20 >= token.idleExpiresAt - attempt.now ? { ...token, idleExpiresAt } : undefined
}

/**
 * A grant after tokens were issued under it, or undefined when it was used in this second already; the instant moves
 * forward only.
 */
export function issuedUnder(grant: Grant, now: NumericDate): Grant | undefined {
  return grant.lastUsedAt === undefined || now > grant.lastUsedAt ? { ...grant, lastUsedAt: now } : undefined
}

/** What a person allows a client from now on: what they allow now, and what they allowed before. */
export function widened(before: Consent | undefined, given: Omit<Consent, 'givenAt'>, now: NumericDate): Consent {
  return {
    subject: given.subject,
    clientId: given.clientId,
    scope: [...new Set([...(before?.scope ?? []), ...given.scope])],
    resources: [...new Set([...(before?.resources ?? []), ...given.resources])],
    givenAt: now,
  }
}

/**
 * Whether a token that was issued to a client itself counts. One from before the client was registered was issued to
 * another that had its name.
 */
export function clientStanding(
  client: Pick<ClientRecord, 'status' | 'notBefore' | 'createdAt'> | undefined,
  issuedAt: NumericDate,
): 'live' | 'revoked' {
  if (client?.status !== 'active' || issuedAt < client.createdAt) return 'revoked'
  return issuedAt > client.notBefore ? 'live' : 'revoked'
}

/** A client after its status was set. What a suspension ended stays ended: notBefore is not cleared. */
export function withStatus(client: ClientRecord, status: ClientRecord['status'], now: NumericDate): ClientRecord {
  return status === 'suspended' ? { ...client, status, notBefore: later(client.notBefore, now) } : { ...client, status }
}

function earlier(one: NumericDate, other: NumericDate): NumericDate {
  return one < other ? one : other
}
