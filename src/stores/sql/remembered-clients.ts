/** Clients that were found lately, for the one process that writes: a client is looked up on every request. */

import type { ClientRecord } from '../../core/client.ts'
import type { ClientId } from '../../core/names.ts'
import type { ClientStore } from '../../core/ports.ts'

/** As many as are worth remembering: what is forgotten is read again. */
const mostClients = 1000

/**
 * Remembers the clients that were found. Only what exists is remembered, and every verb that changes a client forgets
 * it here, before the change and after: what was read in between is not kept. Transitions read the row.
 */
export function rememberingClients(clients: ClientStore): ClientStore {
  const known = new Map<ClientId, ClientRecord>()
  let changes = 0
  const forget = (id: ClientId) => {
    changes += 1
    known.delete(id)
  }
  const forgetting = async <Outcome>(id: ClientId, change: () => Promise<Outcome>): Promise<Outcome> => {
    forget(id)
    try {
      return await change()
    } finally {
      forget(id)
    }
  }
  return {
    add: async (client) => forgetting(client.clientId, async () => clients.add(client)),
    find: async (id) => {
      const remembered = known.get(id)
      if (remembered !== undefined) return remembered
      const since = changes
      const found = await clients.find(id)
      if (found === undefined || since !== changes) return found
      if (known.size >= mostClients) known.clear()
      known.set(id, found)
      return found
    },
    list: clients.list,
    setStatus: async (id, status, now) => forgetting(id, async () => clients.setStatus(id, status, now)),
    remove: async (id) => forgetting(id, async () => clients.remove(id)),
  }
}
