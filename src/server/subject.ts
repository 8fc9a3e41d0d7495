import type { ClientRecord } from '../core/client.ts'
import { isLoopbackHost, type RowId, rowId, type Subject, subject } from '../core/names.ts'
import type { Server } from './server.ts'

/**
 * The name under which a client, and the APIs it calls, know a person: the same for everybody, or one of its sector
 * that no other sector can compare with its own. OIDC Core §8.1.
 */
export function subjectFor(client: ClientRecord, person: Subject, { pairwise }: Pick<Server, 'pairwise'>): Subject {
  return client.subjectType === 'public' ? person : subject(pairwise(`subject\n${circleOf(client)}\n${person}`))
}

/**
 * The name under which a client knows a sign-in. One that were the same for all would tell the sectors whose person is
 * whose. OIDC Core §8.1; OIDC Back-Channel Logout §2.1.
 */
export function sidFor(client: ClientRecord, sid: RowId, { pairwise }: Pick<Server, 'pairwise'>): RowId {
  if (client.subjectType === 'public') return sid
  return rowId(pairwise(`sid\n${circleOf(client)}\n${sid}`).slice(0, sid.length))
}

/**
 * Whom a client shares the names with: its sector, or itself alone. The loopback host is everybody's: native
 * applications that come back to it have nothing else in common. OIDC Core §8.1; RFC 8252 §7.3.
 */
function circleOf({ sector, clientId }: ClientRecord): string {
  const isShared = sector !== undefined && !isLoopbackHost(sector.replace(/:\d+$/, ''))
  return isShared ? `sector ${sector}` : `client ${clientId}`
}
