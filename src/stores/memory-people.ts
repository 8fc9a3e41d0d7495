/** Sign-ins, people, their passkeys and clients in memory. */

import { judgePasskeyUse, type Passkey, type UserRecord } from '../core/people.ts'
import type { Subject, Username } from '../core/names.ts'
import type { ClientStore, Clock, PasskeyStore, SessionStore, UserStore } from '../core/ports.ts'
import { withStatus } from './changes.ts'
import { revokeWhere } from './memory-grants.ts'
import { compareTexts, type Open, page, upstreamKey } from './memory-tables.ts'
import { later } from './retention.ts'

/** Sign-ins. */
export function sessionStore(open: Open): SessionStore {
  return {
    start: async (session, replaces, credentialId) => {
      const { sessions, passkeys } = open()
      if (sessions.rows.has(session.id)) throw new Error('"sessions" has this row already')
      if (credentialId !== undefined && !passkeys.rows.has(credentialId)) return 'passkey_gone'
      if (replaces !== undefined) sessions.rows.delete(replaces)
      sessions.insert(session.id, session)
      return 'started'
    },
    find: async (id) => open().sessions.rows.get(id),
    end: async (id) => {
      open().sessions.rows.delete(id)
    },
    list: async (subject, limit) =>
      [...open().sessions.rows.values()]
        .filter((session) => session.subject === subject)
        .toSorted((a, b) => b.authTime - a.authTime || compareTexts(b.id, a.id))
        .slice(0, limit),
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
      const { users, usernames, upstreams } = open()
      const upstream = user.upstream && upstreamKey(user.upstream)
      const isTaken = upstream !== undefined && upstreams.rows.has(upstream)
      if (isTaken || users.rows.has(user.subject) || usernames.rows.has(user.username)) return 'exists'
      users.insert(user.subject, user)
      if (upstream !== undefined) upstreams.insert(upstream, user.subject)
      usernames.insert(user.username, user.subject)
      return 'added'
    },
    byUsername: async (name) => {
      const { users, usernames } = open()
      const sub = usernames.rows.get(name)
      return sub && users.rows.get(sub)
    },
    bySubject: async (sub) => open().users.rows.get(sub),
    byUpstream: async (identity) => {
      const { users, upstreams } = open()
      const sub = upstreams.rows.get(upstreamKey(identity))
      return sub && users.rows.get(sub)
    },
    setClaims: async (sub, claims) => {
      const { users } = open()
      const user = users.rows.get(sub)
      if (user === undefined) return 'unknown'
      users.rows.set(sub, { ...user, claims })
      return 'set'
    },
    list: async (limit, after) => page([...open().users.rows.values()], (user) => user.username, limit, after),
    setPassword: async (name, passwordHash, now) =>
      change(name, (user) => ({ ...user, passwordHash, notBefore: later(user.notBefore, now) }), 'end'),
    setLocked: async (name, status, now) =>
      status === 'locked'
        ? change(name, (user) => ({ ...user, status, notBefore: later(user.notBefore, now) }), 'end')
        : change(name, (user) => ({ ...user, status }), 'stay'),
  }
}

/** Passkeys. */
export function passkeyStore(open: Open): PasskeyStore {
  const own = (subject: Subject, credentialId: string) => {
    const passkey = open().passkeys.rows.get(credentialId)
    return passkey?.subject === subject ? passkey : undefined
  }
  const list = (subject: Subject): readonly Passkey[] =>
    [...open().passkeys.rows.values()]
      .filter((passkey) => passkey.subject === subject)
      .toSorted((a, b) => a.createdAt - b.createdAt || compareTexts(a.credentialId, b.credentialId))
  return {
    add: async (passkey, most, session) => {
      const { passkeys, sessions } = open()
      if (session !== undefined && !sessions.rows.has(session)) return 'signed_out'
      if (passkeys.rows.has(passkey.credentialId)) return 'exists'
      if (list(passkey.subject).length >= most) return 'too_many'
      passkeys.insert(passkey.credentialId, passkey)
      return 'added'
    },
    find: async (credentialId) => open().passkeys.rows.get(credentialId),
    list: async (subject) => list(subject),
    use: async (credentialId, { signCount, backup, now }) => {
      const { passkeys } = open()
      const passkey = passkeys.rows.get(credentialId)
      const verdict = judgePasskeyUse(passkey, { signCount })
      if (passkey === undefined || verdict !== 'used') return verdict
      passkeys.rows.set(credentialId, { ...passkey, signCount, backup, lastUsedAt: now })
      return verdict
    },
    rename: async (subject, credentialId, name) => {
      const passkey = own(subject, credentialId)
      if (passkey === undefined) return 'unknown'
      open().passkeys.rows.set(credentialId, { ...passkey, name })
      return 'renamed'
    },
    remove: async (subject, credentialId) => {
      if (own(subject, credentialId) === undefined) return 'unknown'
      open().passkeys.rows.delete(credentialId)
      return 'removed'
    },
    withdraw: async (name, which, now) => {
      const { users, usernames, sessions, passkeys } = open()
      const sub = usernames.rows.get(name)
      const user = sub && users.rows.get(sub)
      if (user === undefined) return 0
      const meant = list(user.subject).filter((one) => which === 'all' || one.credentialId === which.credentialId)
      if (meant.length === 0) return 0
      for (const { credentialId } of meant) passkeys.rows.delete(credentialId)
      users.rows.set(user.subject, { ...user, notBefore: later(user.notBefore, now) })
      sessions.sweep(Number.POSITIVE_INFINITY, (session) => session.subject === user.subject)
      return meant.length
    },
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
