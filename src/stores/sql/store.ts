/** The store on SQL: every verb is a transition for a runner. */

import type { ClientRecord } from '../../core/flow.ts'
import { type ClientId, numericDate, type NumericDate } from '../../core/names.ts'
import type { Clock, Hash, Store } from '../../core/ports.ts'
import { numberAt } from '../json.ts'
import type { CompiledSql, Statements } from './compiled.ts'
import type { Transition } from './plan.ts'
import { createClientReader, interactionOf, keyOf, requestOf, sessionOf, userOf } from './rows.ts'
import { anySpentNames, createSpentNames, type SpentNames } from './spent-names.ts'
import * as transitions from './transitions.ts'
import type { Queries } from './transitions.ts'

/** Runs transitions against one database. */
export type Runner = {
  /**
   * Runs it in a transaction, and resolves when that is committed. What it throws undoes it and rejects. It is given
   * as a function, so that a runner may start it again where the database asks for that.
   */
  readonly transact: <Outcome>(begin: () => Transition<Outcome>) => Promise<Outcome>
  /** Runs what only reads: it sees what is committed. */
  readonly read: <Outcome>(begin: () => Transition<Outcome>) => Promise<Outcome>
  readonly close: () => Promise<void>
}

/** A store on SQL, with what only operators do. */
export type SqlStore = Store & {
  /** Forgets all replay entries and starts a new epoch: after a restore, when the memory cannot be trusted. */
  readonly startReplayEpoch: (now: NumericDate) => Promise<void>
}

/** What a store on SQL is made of. */
export type SqlStoreOptions = {
  /** All the SQL of the database. */
  readonly sql: CompiledSql
  /** Whether one process alone writes, so that what it knows of its own writes need not be asked for again. */
  readonly owner: 'one' | 'several'
  readonly clock: Clock
  readonly hash: Hash
}

/**
 * A store on a database that has the schema of this program.
 * @throws what the runner throws
 */
export async function createSqlStore(runner: Runner, { sql, owner, clock, hash }: SqlStoreOptions): Promise<SqlStore> {
  const { transact, read } = runner
  const { statements } = sql
  const spentNames = owner === 'one' ? await spentNamesOf(statements, runner) : anySpentNames
  const q: Queries = { ...statements, clientOf: createClientReader(hash), spentNames }
  let epoch = numericDate(await transact(() => transitions.epochOf(q, clock())))
  return {
    requests: requestStore(q, runner),
    grants: {
      standing: async (ref, now) => read(() => transitions.standingOf(q, ref, now)),
      revoke: async (ref, now) => transact(() => transitions.revoke(q, ref, now)),
    },
    sessions: {
      start: async (session, replaces) => transact(() => transitions.startSession(q, session, replaces)),
      find: async (id) => read(() => transitions.readOne(q.session({ id }), sessionOf)),
      end: async (id) => transact(() => transitions.endSession(q, id)),
    },
    users: userStore(q, runner),
    clients: owner === 'one' ? rememberingClients(clientStore(q, runner)) : clientStore(q, runner),
    attempts: {
      raise: async (counters, expiresAt, now) => transact(() => transitions.raise(q, counters, expiresAt, now)),
      forget: async (counters) => transact(() => transitions.forget(q, counters)),
      takeBack: async (counters) => transact(() => transitions.takeBack(q, counters)),
    },
    keys: {
      add: async (key) => transact(() => transitions.addKey(q, key)),
      list: async () => read(() => transitions.readAll(q.keys, keyOf)),
    },
    replay: {
      epoch: () => epoch,
      spendOnce: async (entries) => transact(() => transitions.spendOnce(q, entries, clock())),
    },
    startReplayEpoch: async (now) => {
      await transact(() => transitions.startEpoch(q, now))
      epoch = now
    },
    reap: async (now, limit) => transact(() => transitions.reap(q, now, limit)),
    close: runner.close,
  }
}

async function spentNamesOf({ lastBucket }: Statements, { read }: Runner): Promise<SpentNames> {
  const last = await read(() => transitions.readOne(lastBucket, (row) => numberAt(row, 'bucket')))
  return createSpentNames(last ?? -1)
}

function clientStore(q: Queries, { transact, read }: Runner): Store['clients'] {
  return {
    add: async (client) => transact(() => transitions.addClient(q, client)),
    find: async (id) => read(() => transitions.readOne(q.client({ client_id: id }), q.clientOf)),
    list: async (limit, after) =>
      read(() => transitions.readAll(q.clientsAfter({ after: after ?? '', limit }), q.clientOf)),
  }
}

/** As many as are worth remembering: what is forgotten is read again. */
const mostClients = 1000

/**
 * Remembers the clients that were found, for the one process that writes: a client is looked up on every request. Only
 * what exists is remembered, and every verb that changes a client has to forget it here. Transitions read the row.
 */
function rememberingClients(clients: Store['clients']): Store['clients'] {
  const known = new Map<ClientId, ClientRecord>()
  return {
    add: async (client) => {
      known.delete(client.clientId)
      return clients.add(client)
    },
    find: async (id) => {
      const remembered = known.get(id)
      if (remembered !== undefined) return remembered
      const found = await clients.find(id)
      if (found === undefined) return undefined
      if (known.size >= mostClients) known.clear()
      known.set(id, found)
      return found
    },
    list: clients.list,
  }
}

function requestStore(q: Queries, { transact, read }: Runner): Store['requests'] {
  return {
    push: async (request) => transact(() => transitions.push(q, request)),
    open: async (attempt, interaction) => transact(() => transitions.open(q, attempt, interaction)),
    interaction: async (id) =>
      read(() =>
        transitions.readOne(q.interactionWithRequest({ id }), (found) => ({
          interaction: interactionOf(found),
          request: requestOf(found),
        })),
      ),
    signedIn: async (id, session) => transact(() => transitions.signedIn(q, id, session)),
    approve: async (id, approval, grant) => transact(() => transitions.approve(q, id, approval, grant)),
    refuse: async (id) => transact(() => transitions.refuse(q, id)),
    redeem: async (attempt) => transact(() => transitions.redeem(q, attempt)),
  }
}

function userStore(q: Queries, { transact, read }: Runner): Store['users'] {
  return {
    add: async (user) => transact(() => transitions.addUser(q, user)),
    byUsername: async (username) => read(() => transitions.readOne(q.userByName({ username }), userOf)),
    bySubject: async (subject) => read(() => transitions.readOne(q.userBySubject({ subject }), userOf)),
    list: async (limit, after) => read(() => transitions.readAll(q.usersAfter({ after: after ?? '', limit }), userOf)),
    setPassword: async (username, passwordHash, now) =>
      transact(() => transitions.setPassword(q, username, passwordHash, now)),
    setLocked: async (username, locked, now) => transact(() => transitions.setLocked(q, username, locked, now)),
  }
}
