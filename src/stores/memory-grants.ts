/** Grants, refresh tokens and revoked tokens in memory. */

import { equalInConstantTime } from '../core/constant-time.ts'
import { type Grant, isOffline, judgeRefresh, judgeStanding } from '../core/flow.ts'
import type { GrantRef, NumericDate } from '../core/names.ts'
import type { GrantFilter, GrantStore, RefreshTokenStore, TokenStore } from '../core/ports.ts'
import { clientStanding, issuedUnder, used } from './changes.ts'
import { compareTexts, consentKey, type Open, type Tables } from './memory-tables.ts'

/** Whether a grant, its person and its client are in good standing. */
export function standingOf({ grants, users, clients }: Tables, ref: GrantRef | undefined, now: NumericDate) {
  const grant = ref && grants.rows.get(ref)
  return judgeStanding(grant, grant && users.rows.get(grant.subject), grant && clients.rows.get(grant.clientId), now)
}

/** Revokes a grant; the first revocation counts. */
export function revoke({ grants }: Tables, ref: GrantRef, now: NumericDate): 'revoked' | 'unknown' {
  const grant = grants.rows.get(ref)
  if (grant === undefined) return 'unknown'
  grants.rows.set(ref, { ...grant, revokedAt: grant.revokedAt ?? now })
  return 'revoked'
}

/** Revokes those of the grants that were not revoked yet; returns them, the newest first. */
export function revokeWhere({ grants }: Tables, isMeant: (grant: Grant) => boolean, now: NumericDate) {
  const meant = [...grants.rows.values()].filter((grant) => grant.revokedAt === undefined && isMeant(grant))
  const revoked = meant.map((grant) => ({ ...grant, revokedAt: now }))
  for (const grant of revoked) grants.rows.set(grant.ref, grant)
  return revoked.toSorted(newestFirst)
}

/** Notes that tokens are issued under a grant; returns it as it is then. */
export function noteIssue({ grants }: Tables, grant: Grant, now: NumericDate): Grant {
  const after = issuedUnder(grant, now) ?? grant
  grants.rows.set(after.ref, after)
  return after
}

function newestFirst(one: Grant, other: Grant): number {
  return other.createdAt - one.createdAt || compareTexts(other.ref, one.ref)
}

/** Grants and consents. */
export function grantStore(open: Open): GrantStore {
  return {
    standing: async (ref, now) => standingOf(open(), ref, now),
    find: async (ref) => open().grants.rows.get(ref),
    revoke: async (ref, now) => revoke(open(), ref, now),
    list: async (filter, limit, after) => {
      const { grants } = open()
      const last = after && grants.rows.get(after)
      if (after !== undefined && last === undefined) return []
      return [...grants.rows.values()]
        .filter((grant) => fits(grant, filter) && (last === undefined || newestFirst(grant, last) > 0))
        .toSorted(newestFirst)
        .slice(0, limit)
    },
    consent: async (subject, clientId) => open().consents.rows.get(consentKey(subject, clientId)),
    withdraw: async (subject, clientId, now) => {
      const tables = open()
      const forgotten = tables.consents.rows.delete(consentKey(subject, clientId))
      const revoked = revokeWhere(tables, (grant) => fits(grant, { subject, clientId }), now)
      return forgotten || revoked.length > 0 ? 'withdrawn' : 'unknown'
    },
    consents: async (subject, limit) =>
      [...open().consents.rows.values()]
        .filter((consent) => consent.subject === subject)
        .toSorted((a, b) => compareTexts(a.clientId, b.clientId))
        .slice(0, limit),
    withdrawAll: async (subject, now) => {
      const tables = open()
      tables.consents.sweep(Number.POSITIVE_INFINITY, (consent) => consent.subject === subject)
      return revokeWhere(tables, (grant) => grant.subject === subject, now)
    },
    endOnline: async (sid, now) => revokeWhere(open(), (grant) => grant.sid === sid && !isOffline(grant), now),
  }
}

function fits(grant: Grant, { clientId, subject, sid }: GrantFilter): boolean {
  return (
    (clientId === undefined || grant.clientId === clientId) &&
    (subject === undefined || grant.subject === subject) &&
    (sid === undefined || grant.sid === sid)
  )
}

/** Refresh tokens. */
export function refreshTokenStore(open: Open): RefreshTokenStore {
  return {
    present: async (attempt) => {
      const tables = open()
      const token = tables.refreshTokens.rows.get(attempt.id)
      const grant = token && tables.grants.rows.get(token.grantRef)
      const judged = judgeRefresh(token, grant, standingOf(tables, token?.grantRef, attempt.now), attempt)
      if (judged.outcome !== 'live') return judged
      const after = used(judged.token, attempt)
      if (after !== undefined) tables.refreshTokens.rows.set(after.id, after)
      return { ...judged, token: after ?? judged.token, grant: noteIssue(tables, judged.grant, attempt.now) }
    },
    find: async (id, secretHash) => {
      const token = open().refreshTokens.rows.get(id)
      return token && equalInConstantTime(token.secretHash, secretHash) ? token : undefined
    },
  }
}

/** Access tokens that were revoked one by one. */
export function tokenStore(open: Open): TokenStore {
  return {
    revoke: async (jti, expiresAt) => {
      const { revokedTokens } = open()
      if (!revokedTokens.rows.has(jti)) revokedTokens.insert(jti, expiresAt)
    },
    standing: async ({ jti, grantRef, clientId, issuedAt }, now) => {
      const tables = open()
      if (tables.revokedTokens.rows.has(jti)) return 'revoked'
      if (grantRef === undefined) return clientStanding(tables.clients.rows.get(clientId), issuedAt)
      return standingOf(tables, grantRef, now) === 'live' ? 'live' : 'revoked'
    },
  }
}
