/** Sign-ins, people and clients in memory. */

import type { UserRecord } from '../core/flow.ts'
import type { Username } from '../core/names.ts'
import type { ClientStore, Clock, SessionStore, UserStore } from '../core/ports.ts'
import { withStatus } from './changes.ts'
import { revokeWhere } from './memory-grants.ts'
import { type Open, page } from './memory-tables.ts'
import { later } from './retention.ts'

/** Sign-ins. */
export function sessionStore(open: Open): SessionStore {
  return {
    start: async (session, replaces) => {
      const { sessions } = open()
      if (sessions.rows.has(session.id)) throw new Error('"sessions" has this row already')
      if (replaces !== undefined) sessions.rows.delete(replaces)
      sessions.insert(session.id, session)
    },
    find: async (id) => open().sessions.rows.get(id),
    end: async (id) => {
      open().sessions.rows.delete(id)
    },
    endBySid: async (sid) =>
      open().sessions.sweep(Number.POSITIVE_INFINITY, (session) => session.sid === sid) > 0 ? 'ended' : 'unknown',
  }
}

/** People. */
export function userStore(open: Open): UserStore {
  const change = (name: Username, apply: (user: UserRecord) => UserRecord, signIns: 'end' | 'stay') => {
    const { users, usernames, sessions } = open()
    const sub = usernames.rows.get(name)
    const user = sub && users.rows.get(sub)
    if (user === undefined) return 'unknown'
    users.rows.set(user.subject, apply(user))
    if (signIns === 'end') sessions.sweep(Number.POSITIVE_INFINITY, (session) => session.subject === user.subject)
    return 'set'
  }
  return {
    add: async (user) => {
      const { users, usernames } = open()
      if (users.rows.has(user.subject) || usernames.rows.has(user.username)) return 'exists'
      users.insert(user.subject, user)
      usernames.insert(user.username, user.subject)
      return 'added'
    },
    byUsername: async (name) => {
      const { users, usernames } = open()
      const sub = usernames.rows.get(name)
      return sub && users.rows.get(sub)
    },
    bySubject: async (sub) => open().users.rows.get(sub),
    list: async (limit, after) => page([...open().users.rows.values()], (user) => user.username, limit, after),
    setPassword: async (name, passwordHash, now) =>
      change(name, (user) => ({ ...user, passwordHash, notBefore: later(user.notBefore, now) }), 'end'),
    setLocked: async (name, status, now) =>
      status === 'locked'
        ? change(name, (user) => ({ ...user, status, notBefore: later(user.notBefore, now) }), 'end')
        : change(name, (user) => ({ ...user, status }), 'stay'),
  }
}

/** Clients. */
export function clientStore(open: Open, clock: Clock): ClientStore {
  return {
    add: async (client) => {
      const { clients } = open()
      if (clients.rows.has(client.clientId)) return 'exists'
      clients.insert(client.clientId, client)
      return 'added'
    },
    find: async (id) => open().clients.rows.get(id),
    list: async (limit, after) => page([...open().clients.rows.values()], (client) => client.clientId, limit, after),
    setStatus: async (id, status, now) => {
      const { clients } = open()
      const client = clients.rows.get(id)
      if (client === undefined) return 'unknown'
      clients.rows.set(id, withStatus(client, status, now))
      return 'set'
    },
    remove: async (id) => {
      const tables = open()
      if (!tables.clients.rows.delete(id)) return 'unknown'
      // Whoever is registered under this name next inherits nothing.
      revokeWhere(tables, (grant) => grant.clientId === id, clock())
      tables.consents.sweep(Number.POSITIVE_INFINITY, (consent) => consent.clientId === id)
      return 'removed'
    },
  }
}
