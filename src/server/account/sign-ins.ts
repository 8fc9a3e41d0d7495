/** Where a person is signed in. */

import type { Session } from '../../core/people.ts'
import type { Call } from '../call.ts'
import type { SessionView } from '../pages.ts'
import type { Server } from '../server.ts'
import type { Visitor } from './visitor.ts'

/** How many sign-ins of one person are looked through, the newest first. */
const most = 100

/** Every sign-in of the person that counts, the newest first. */
export async function signIns(visitor: Visitor, call: Call<unknown>, server: Server): Promise<readonly SessionView[]> {
  const live = await liveSessions(visitor, call, server)
  return live.map(({ id, sid, device, authTime, expiresAt, amr }) => ({
    sid,
    which: id === visitor.session.id ? 'this' : 'other',
    device,
    authTime,
    expiresAt,
    amr,
  }))
}

/** The sessions of the person that count, the newest first. */
export async function liveSessions(
  { user }: Visitor,
  { now }: Call<unknown>,
  { store }: Server,
): Promise<readonly Session[]> {
  const sessions = await store.sessions.list(user.subject, most)
  return sessions.filter(({ expiresAt, authTime }) => now < expiresAt && authTime > user.notBefore)
}
