/** What ends with a sign-in: its session, what was granted in it for as long as it lasts, and what clients make of it. */

import type { ClientRecord } from '../core/client.ts'
import type { Session } from '../core/people.ts'
import type { Call } from './call.ts'
import { announceLogout, type LogoutNotice } from './logout-delivery.ts'
import type { Server } from './server.ts'

/** How much ended: for the trail. */
type Ended = { readonly grants: number; readonly clients: number }

/**
 * Ends a sign-in and what was granted in it, except what was allowed for when the person is away; its clients are told.
 * OIDC RP-Initiated Logout §2; OIDC Back-Channel Logout §2.5, §2.7.
 */
export async function endSignIn({ sid, subject }: Session, call: Call<unknown>, server: Server): Promise<Ended> {
  const { sessions, grants } = server.store
  const known = await grants.list({ sid }, mostGrants, undefined)
  // In this order: whoever grants something at this moment looks for the session afterwards.
  await sessions.endBySid(sid)
  const ended = await grants.endOnline(sid, call.now)
  // Those whose grants ended, and those that keep theirs.
  const clients = await clientsOf([...ended, ...known], server)
  const notices = clients.flatMap((client): readonly LogoutNotice[] => {
    const uri = client.backchannelLogoutUri
    return uri === undefined ? [] : [{ client, uri, subject, sid, correlationId: call.correlationId }]
  })
  await announceLogout(notices, server)
  return { grants: ended.length, clients: clients.length }
}

/** How many grants of one sign-in are looked through for clients that keep theirs. */
const mostGrants = 1000

async function clientsOf(
  grants: readonly { readonly clientId: ClientRecord['clientId'] }[],
  { store }: Server,
): Promise<readonly ClientRecord[]> {
  const ids = [...new Set(grants.map(({ clientId }) => clientId))]
  const clients = await Promise.all(ids.map((id) => store.clients.find(id)))
  return clients.filter((client) => client !== undefined)
}
