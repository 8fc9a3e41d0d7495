/** What operators manage, through the owner of the database. */

import type { JsonObject } from '../core/names.ts'
import type { Hash, Store } from '../core/ports.ts'
import { clientJson, parseClient } from './client-record.ts'
import { parseEvents } from './event-record.ts'
import { listAt, numberAt, oneOf, readRecord } from './json.ts'
import { type Managed, managementLimits, type ManagementVerb } from './management.ts'
import { parseConsent, parseGrant, parsePasskey, parseStoredKey, parseUser } from './records.ts'

/** Asks the owner; resolves to what it answered. */
export type Ask = (verb: ManagementVerb, args: JsonObject) => Promise<unknown>

/** The managed parts of the owner's store. */
export function remoteStore(ask: Ask, hash: Hash): Managed {
  return {
    users: remoteUsers(ask),
    passkeys: remotePasskeys(ask),
    clients: remoteClients(ask, hash),
    grants: remoteGrants(ask),
    events: remoteEvents(ask),
    keys: remoteKeys(ask),
  }
}

const additions = ['added', 'exists'] as const
const changes = ['set', 'unknown'] as const
const removals = ['removed', 'unknown'] as const

/** The answer to a request, checked to be one of the known words. */
function wordOf<const T extends string>(known: readonly T[], value: unknown): T {
  return readRecord('answer', () => oneOf(known, value))
}

function listOf<T>(rows: unknown, read: (row: unknown) => T): readonly T[] {
  return readRecord('answer', () => listAt({ rows }, 'rows', read))
}

function remoteUsers(ask: Ask): Managed['users'] {
  const found = (value: unknown) => (value === undefined ? undefined : parseUser(value))
  return {
    add: async (user) => wordOf(additions, await ask('users.add', { user })),
    byUsername: async (username) => found(await ask('users.byUsername', { username })),
    bySubject: async (subject) => found(await ask('users.bySubject', { subject })),
    list: async (limit, after) =>
      inPages(limit, after, async (most, from) => {
        const users = await ask('users.list', { limit: most, after: from })
        return listOf(users, parseUser).map((one) => [one.username, one])
      }),
    setPassword: async (username, passwordHash, now) =>
      wordOf(changes, await ask('users.setPassword', { username, passwordHash, now })),
    setLocked: async (username, locked, now) =>
      wordOf(changes, await ask('users.setLocked', { username, locked, now })),
  }
}

function remotePasskeys(ask: Ask): Managed['passkeys'] {
  return {
    list: async (subject) => listOf(await ask('passkeys.list', { subject }), parsePasskey),
    withdraw: async (username, which, now) => {
      const count = await ask('passkeys.withdraw', { username, which, now })
      return readRecord('answer', () => numberAt({ count }, 'count'))
    },
  }
}

function remoteClients(ask: Ask, hash: Hash): Store['clients'] {
  const read = (value: unknown) => parseClient(value, hash)
  return {
    add: async (client) => wordOf(additions, await ask('clients.add', { client: clientJson(client) })),
    find: async (clientId) => {
      const value = await ask('clients.find', { clientId })
      return value === undefined ? undefined : read(value)
    },
    list: async (limit, after) =>
      inPages(limit, after, async (most, from) => {
        const clients = await ask('clients.list', { limit: most, after: from })
        return listOf(clients, read).map((one) => [one.clientId, one])
      }),
    setStatus: async (clientId, status, now) =>
      wordOf(changes, await ask('clients.setStatus', { clientId, status, now })),
    remove: async (clientId) => wordOf(removals, await ask('clients.remove', { clientId })),
  }
}

function remoteGrants(ask: Ask): Managed['grants'] {
  return {
    find: async (ref) => {
      const value = await ask('grants.find', { ref })
      return value === undefined ? undefined : parseGrant(value)
    },
    list: async (filter, limit, after) =>
      inPages(limit, after, async (most, from) => {
        const grants = await ask('grants.list', { ...filter, limit: most, after: from })
        return listOf(grants, parseGrant).map((one) => [one.ref, one])
      }),
    revoke: async (ref, now) => wordOf(['revoked', 'unknown'], await ask('grants.revoke', { ref, now })),
    consent: async (subject, clientId) => {
      const value = await ask('grants.consent', { subject, clientId })
      return value === undefined ? undefined : parseConsent(value)
    },
    withdraw: async (subject, clientId, now) =>
      wordOf(['withdrawn', 'unknown'], await ask('grants.withdraw', { subject, clientId, now })),
  }
}

function remoteEvents(ask: Ask): Managed['events'] {
  return {
    append: async (events) => parseEvents(await ask('events.append', { events })),
    list: async (after, limit) =>
      inPages(limit, after, async (most, from) => {
        const events = await ask('events.list', { limit: most, after: from })
        return parseEvents(events).map((one) => [one.seq, one])
      }),
    newest: async () => {
      const newest = await ask('events.newest', {})
      return readRecord('answer', () => numberAt({ newest }, 'newest'))
    },
    find: async (id) => parseEvents(await ask('events.find', { id })),
  }
}

function remoteKeys(ask: Ask): Store['keys'] {
  return {
    add: async (key) => {
      await ask('keys.add', { key })
    },
    list: async () => listOf(await ask('keys.list', {}), parseStoredKey),
    retire: async (kid, publishedUntil) =>
      wordOf(['retired', 'unknown'], await ask('keys.retire', { kid, publishedUntil })),
    remove: async (kid) => wordOf(removals, await ask('keys.remove', { kid })),
  }
}

/** A list of any length, asked for in pages that fit a line. */
async function inPages<Name, T>(
  limit: number,
  after: Name | undefined,
  ask: (limit: number, after: Name | undefined) => Promise<readonly (readonly [Name, T])[]>,
): Promise<readonly T[]> {
  const all: T[] = []
  let from = after
  while (all.length < limit) {
    const most = Math.min(managementLimits.page, limit - all.length)
    const some = await ask(most, from)
    for (const [name, one] of some) {
      all.push(one)
      from = name
    }
    if (some.length < most) break
  }
  return all
}
