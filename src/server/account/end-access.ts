/** Taking back what was allowed. */

import { clientId, grantRef, orUndefined } from '../../core/names.ts'
import { EndAccessForm } from '../../core/wire/account.ts'
import type { Call } from '../call.ts'
import type { AccountNotice } from '../pages.ts'
import type { Server } from '../server.ts'
import { accountPage, done } from './page.ts'
import { accountForm, type Visitor } from './visitor.ts'

/** How many grants of one person to one client are counted for the trail. */
const mostCounted = 1000

/** The form that takes back what was allowed: everything issued under it dies at once. RFC 9700 §4.14.2. */
export const endAccess = accountForm('/access/end', EndAccessForm, async (visitor, call, server) => {
  const ended = await end(visitor, call, server)
  if (ended === undefined) return accountPage(visitor, { failed: 'grant_unknown' }, call, server)
  return done(ended, visitor, server)
})

type EndCall = Call<{ readonly ref?: string | undefined; readonly clientId?: string | undefined }>

/** Ends as little as the form names. */
function end(visitor: Visitor, call: EndCall, server: Server): Promise<AccountNotice | undefined> {
  const { ref, clientId: id } = call.form
  if (ref !== undefined) return endGrant(ref, visitor, call, server)
  return id === undefined ? endEverything(visitor, call, server) : endClient(id, visitor, call, server)
}

/** A grant of somebody else is answered like none at all; the trail knows better. */
async function endGrant(
  text: string,
  { user }: Visitor,
  call: EndCall,
  { store }: Server,
): Promise<AccountNotice | undefined> {
  const ref = orUndefined(() => grantRef(text))
  const grant = ref && (await store.grants.find(ref))
  if (grant === undefined) return undefined
  if (grant.subject !== user.subject) {
    call.note({ evidence: { whose: 'another_person' } })
    return undefined
  }
  if ((await store.grants.standing(grant.ref, call.now)) !== 'live') return undefined
  await store.grants.revoke(grant.ref, call.now)
  const about = { clientId: grant.clientId, grantRef: grant.ref, reason: 'one_grant', evidence: { grants: 1 } }
  call.note({ ...about, event: 'consent.withdrawn', outcome: 'revoked' })
  return 'access_ended'
}

async function endClient(
  text: string,
  { user }: Visitor,
  call: EndCall,
  { store }: Server,
): Promise<AccountNotice | undefined> {
  const id = orUndefined(() => clientId(text))
  if (id === undefined) return undefined
  const known = await store.grants.list({ subject: user.subject, clientId: id }, mostCounted, undefined)
  if ((await store.grants.withdraw(user.subject, id, call.now)) === 'unknown') return undefined
  const ended = known.filter(({ revokedAt, expiresAt }) => revokedAt === undefined && call.now < expiresAt)
  const about = { clientId: id, reason: 'one_client', evidence: { grants: ended.length } }
  call.note({ ...about, event: 'consent.withdrawn', outcome: 'revoked' })
  return 'access_ended'
}

async function endEverything({ user }: Visitor, call: EndCall, { store }: Server): Promise<AccountNotice> {
  const revoked = await store.grants.withdrawAll(user.subject, call.now)
  const ended = revoked.filter(({ expiresAt }) => call.now < expiresAt)
  const evidence = { grants: ended.length, clients: new Set(ended.map((grant) => grant.clientId)).size }
  call.note({ event: 'consent.withdrawn', outcome: 'revoked', reason: 'everything', evidence })
  return 'all_access_ended'
}
