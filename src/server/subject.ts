import type { ClientRecord } from '../core/client.ts'
import { type RowId, rowId, type Subject, subject } from '../core/names.ts'
import type { Server } from './server.ts'

/**
 * The name under which a client, and the APIs it calls, know a person: the same for everybody, or one of its sector
 * that no other sector can compare with its own. OIDC Core §8.1.
 */
export function subjectFor(
  { subjectType, sector, clientId }: ClientRecord,
  person: Subject,
  { pairwise }: Pick<Server, 'pairwise'>,
): Subject {
  return subjectType === 'public' ? person : subject(pairwise(`subject\n${sector ?? clientId}\n${person}`))
}

/**
 * The name under which a client knows a sign-in. One that were the same for all would tell the sectors whose person is
 * whose. OIDC Core §8.1; OIDC Back-Channel Logout §2.1.
 */
export function sidFor(
  { subjectType, sector, clientId }: ClientRecord,
  sid: RowId,
  { pairwise }: Pick<Server, 'pairwise'>,
): RowId {
  return subjectType === 'public' ? sid : rowId(pairwise(`sid\n${sector ?? clientId}\n${sid}`).slice(0, sid.length))
}
