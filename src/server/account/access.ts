/** What a person allows clients now. */

import type { ClientRecord } from '../../core/client.ts'
import { type Consent, type Grant, isOffline, judgeStanding } from '../../core/flow.ts'
import type { ClientId, GrantRef } from '../../core/names.ts'
import type { Call } from '../call.ts'
import { askedScopes, counts } from '../interaction/demands.ts'
import { detailViews } from '../interaction/details.ts'
import type { AccountView, AllowedClientView, GrantView } from '../pages.ts'
import type { Server } from '../server.ts'
import type { Visitor } from './visitor.ts'

/** Grants on one page, grants of one look into the store, and grants that are looked through at most. */
const bounds = { shown: 100, atOnce: 100, read: 1000 } as const

/** Every client the person allows something now, the latest first. */
export async function allowedClients(
  visitor: Visitor,
  call: Call<unknown>,
  server: Server,
): Promise<Pick<AccountView, 'clients' | 'shown'>> {
  const clientOf = remembering(server.store.clients.find)
  const { grants, isAll } = await liveGrants(visitor, clientOf, call, server)
  const consents = await server.store.grants.consents(visitor.user.subject, bounds.read)
  const clients: AllowedClientView[] = []
  for (const id of new Set([...grants, ...consents].toSorted(latestFirst).map((one) => one.clientId))) {
    const client = await clientOf(id)
    const consent = consents.find((one) => one.clientId === id)
    const own = grants.filter((grant) => grant.clientId === id)
    const stillCounts = client !== undefined && consent !== undefined && counts(consent, visitor.user, client)
    // Of a client that is gone, or was suspended, nothing counts any more.
    if (client === undefined || (own.length === 0 && !stillCounts)) continue
    clients.push({
      clientId: id,
      name: client.name,
      consent: stillCounts ? { asks: server.catalogue.describe(consent.scope), givenAt: consent.givenAt } : undefined,
      grants: own.map((grant) => grantView(grant, server)),
    })
  }
  return { clients, shown: isAll && consents.length < bounds.read ? 'all' : 'newest' }
}

/** The grants of the person that stand, the newest first; not all, when there are more than a page holds. */
async function liveGrants(
  { user }: Visitor,
  clientOf: (id: ClientId) => Promise<ClientRecord | undefined>,
  { now }: Call<unknown>,
  { store }: Server,
): Promise<{ readonly grants: readonly Grant[]; readonly isAll: boolean }> {
  const grants: Grant[] = []
  let last: GrantRef | undefined
  for (let read = 0; read < bounds.read && grants.length <= bounds.shown; read += bounds.atOnce) {
    const some = await store.grants.list({ subject: user.subject }, bounds.atOnce, last)
    for (const grant of some) {
      if (judgeStanding(grant, user, await clientOf(grant.clientId), now) === 'live') grants.push(grant)
    }
    last = some.at(-1)?.ref
    if (some.length < bounds.atOnce)
      return { grants: grants.slice(0, bounds.shown), isAll: grants.length <= bounds.shown }
  }
  return { grants: grants.slice(0, bounds.shown), isAll: false }
}

function remembering<Name, T>(find: (name: Name) => Promise<T>): (name: Name) => Promise<T> {
  const found = new Map<Name, Promise<T>>()
  return (name) => {
    const known = found.get(name) ?? find(name)
    found.set(name, known)
    return known
  }
}

function latestFirst(one: Grant | Consent, other: Grant | Consent): number {
  return dateOf(other) - dateOf(one)
}

function dateOf(one: Grant | Consent): number {
  return 'givenAt' in one ? one.givenAt : one.createdAt
}

function grantView(grant: Grant, server: Server): GrantView {
  return {
    ref: grant.ref,
    asks: server.catalogue.describe(askedScopes(grant)),
    details: detailViews(grant.details, 'allowed', server),
    allowedAt: grant.createdAt,
    lastUsedAt: grant.lastUsedAt,
    ends: isOffline(grant) ? 'by_itself' : 'with_sign_in',
    expiresAt: grant.expiresAt,
  }
}
