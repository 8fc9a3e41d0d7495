/** What happened to an account lately, for its owner. */

import type { SecurityEvent } from '../../core/events.ts'
import type { ClientId } from '../../core/names.ts'
import type { AccountEventView } from '../pages.ts'
import type { Server } from '../server.ts'
import type { Visitor } from './visitor.ts'

/** How many events are read, and how many entries are shown. */
const [mostRead, mostShown] = [200, 30]

/**
 * The newest events about the person, those in a row that are alike as one entry: whoever fails to sign in again and again
 * does not push out what came before. Nothing that tells of anybody else is in it: no address, which may be that of
 * whoever attacked, and no evidence.
 */
export async function happenings({ user }: Visitor, server: Server): Promise<readonly AccountEventView[]> {
  const entries = inRows(await server.eventsAbout(user.subject, mostRead)).slice(0, mostShown)
  const ids = [...new Set(entries.flatMap(({ event: { clientId } }) => (clientId === undefined ? [] : [clientId])))]
  const names = new Map(await Promise.all(ids.map(async (id) => [id, await nameOf(id, server)] as const)))
  return entries.map((entry) => eventView(entry, names))
}

/** The newest of events in a row that are alike, and how many they are. */
type Entry = { readonly event: SecurityEvent; readonly count: number }

/** Of events with the newest first. */
function inRows(events: readonly SecurityEvent[]): readonly Entry[] {
  const entries: Entry[] = []
  for (const event of events) {
    const count = event.dedupe?.count ?? 1
    const last = entries.at(-1)
    if (last === undefined || !areAlike(last.event, event)) entries.push({ event, count })
    else entries.splice(-1, 1, { event: last.event, count: last.count + count })
  }
  return entries
}

function areAlike(one: SecurityEvent, other: SecurityEvent): boolean {
  return one.type === other.type && one.outcome === other.outcome && one.clientId === other.clientId
}

/** Of a client that is gone, what it was known by. */
async function nameOf(id: ClientId, { store }: Server): Promise<string> {
  return (await store.clients.find(id))?.name ?? id
}

function eventView(
  { event: { time, type, outcome, clientId }, count }: Entry,
  names: ReadonlyMap<ClientId, string>,
): AccountEventView {
  const client = clientId === undefined ? undefined : names.get(clientId)
  return { time, type, outcome, client, count }
}
