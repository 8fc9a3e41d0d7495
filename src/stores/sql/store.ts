/** The store on SQL: every verb is a transition for a runner. */

import { numericDate, type NumericDate } from '../../core/names.ts'
import type { Clock, Hash, Store } from '../../core/ports.ts'
import { numberAt } from '../json.ts'
import { mostFound } from '../retention.ts'
import type { CompiledSql, Statements } from './compiled.ts'
import type { Transition } from './plan.ts'
import { type Queries, readAll, readOne } from './queries.ts'
import {
  consentOf,
  createClientReader,
  eventOf,
  grantOf,
  headOf,
  interactionOf,
  keyOf,
  passkeyOf,
  requestOf,
  sessionOf,
  userOf,
} from './rows.ts'
import { rememberingClients } from './remembered-clients.ts'
import { anySpentNames, createSpentNames, type SpentNames } from './spent-names.ts'
import * as requests from './transitions.ts'
import * as grants from './transitions-grants.ts'
import * as memory from './transitions-memory.ts'
import * as people from './transitions-people.ts'

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
  const q: Queries = { ...statements, clientOf: createClientReader(hash), spentNames, hash }
  let epoch = numericDate(await transact(() => memory.epochOf(q, clock())))
  return {
    requests: requestStore(q, runner),
    grants: grantStore(q, runner),
    refreshTokens: {
      present: async (attempt) => transact(() => grants.present(q, attempt)),
      find: async (id, secretHash) => read(() => grants.findRefreshToken(q, id, secretHash)),
    },
    tokens: {
      revoke: async (jti, expiresAt) => transact(() => grants.revokeToken(q, jti, expiresAt)),
      standing: async (token, now) => read(() => grants.tokenStanding(q, token, now)),
    },
    events: {
      append: async (events) => transact(() => memory.append(q, events)),
      list: async (after, limit) => read(() => readAll(q.eventsAfter({ after, limit }), eventOf)),
      newest: async () => (await read(() => readOne(q.lastEvent, headOf)))?.seq ?? 0,
      find: async (id) => read(() => readAll(q.eventsById({ id, limit: mostFound }), eventOf)),
      about: async (subjectRef, limit) =>
        read(() => readAll(q.eventsAbout({ subject_ref: subjectRef, limit }), eventOf)),
    },
    sessions: sessionStore(q, runner),
    users: userStore(q, runner),
    passkeys: passkeyStore(q, runner),
    clients: owner === 'one' ? rememberingClients(clientStore(q, runner, clock)) : clientStore(q, runner, clock),
    attempts: {
      raise: async (counters, expiresAt, now) => transact(() => memory.raise(q, counters, expiresAt, now)),
      forget: async (counters) => transact(() => memory.forget(q, counters)),
      takeBack: async (counters) => transact(() => memory.takeBack(q, counters)),
    },
    keys: {
      add: async (key) => transact(() => memory.addKey(q, key)),
      list: async () => read(() => readAll(q.keys, keyOf)),
      retire: async (kid, publishedUntil) => transact(() => memory.retireKey(q, kid, publishedUntil)),
      remove: async (kid) => transact(() => memory.removeKey(q, kid)),
    },
    replay: {
      epoch: () => epoch,
      spendOnce: async (entries) => transact(() => memory.spendOnce(q, entries, clock())),
    },
    startReplayEpoch: async (now) => {
      await transact(() => memory.startEpoch(q, now))
      epoch = now
    },
    reap: async (now, limit) => transact(() => memory.reap(q, now, limit)),
    close: runner.close,
  }
}

async function spentNamesOf({ lastBucket }: Statements, { read }: Runner): Promise<SpentNames> {
  const last = await read(() => readOne(lastBucket, (row) => numberAt(row, 'bucket')))
  return createSpentNames(last ?? -1)
}

function clientStore(q: Queries, { transact, read }: Runner, clock: Clock): Store['clients'] {
  return {
    add: async (client) => transact(() => people.addClient(q, client)),
    find: async (id) => read(() => readOne(q.client({ client_id: id }), q.clientOf)),
    list: async (limit, after) => read(() => readAll(q.clientsAfter({ after: after ?? '', limit }), q.clientOf)),
    setStatus: async (id, status, now) => transact(() => people.setStatus(q, id, status, now)),
    remove: async (id) => transact(() => people.removeClient(q, id, clock())),
  }
}

function grantStore(q: Queries, { transact, read }: Runner): Store['grants'] {
  return {
    standing: async (ref, now) => read(() => grants.standingOf(q, ref, now)),
    find: async (ref) => read(() => readOne(q.grant({ ref }), grantOf)),
    revoke: async (ref, now) => transact(() => grants.revoke(q, ref, now)),
    list: async (filter, limit, after) => read(() => grants.listGrants(q, filter, limit, after)),
    consent: async (subject, clientId) => read(() => readOne(q.consent({ subject, client_id: clientId }), consentOf)),
    withdraw: async (subject, clientId, now) => transact(() => grants.withdraw(q, subject, clientId, now)),
    consents: async (subject, limit) => read(() => readAll(q.consentsOf({ subject, limit }), consentOf)),
    withdrawAll: async (subject, now) => transact(() => grants.withdrawAll(q, subject, now)),
    endOnline: async (sid, now) => transact(() => grants.endOnline(q, sid, now)),
  }
}

function requestStore(q: Queries, { transact, read }: Runner): Store['requests'] {
  return {
    push: async (request) => transact(() => requests.push(q, request)),
    open: async (attempt, interaction) => transact(() => requests.open(q, attempt, interaction)),
    interaction: async (id) =>
      read(() =>
        readOne(q.interactionWithRequest({ id }), (found) => ({
          interaction: interactionOf(found),
          request: requestOf(found),
        })),
      ),
    signedIn: async (id, session) => transact(() => requests.signedIn(q, id, session)),
    decide: async (id, decision) => transact(() => requests.decide(q, id, decision)),
    approve: async (id, approval, grant, now, basis) =>
      transact(() => requests.approve(q, { interaction: id, approval, grant, now, basis })),
    refuse: async (id) => transact(() => requests.refuse(q, id)),
    redeem: async (attempt) => transact(() => requests.redeem(q, attempt)),
  }
}

function sessionStore(q: Queries, { transact, read }: Runner): Store['sessions'] {
  return {
    start: async (session, replaces, credentialId) =>
      transact(() => people.startSession(q, session, replaces, credentialId)),
    find: async (id) => read(() => readOne(q.session({ id }), sessionOf)),
    end: async (id) => transact(() => people.endSession(q, id)),
    list: async (subject, limit) => read(() => readAll(q.sessionsOf({ subject, limit }), sessionOf)),
    endBySid: async (sid) => transact(() => people.endBySid(q, sid)),
  }
}

function passkeyStore(q: Queries, { transact, read }: Runner): Store['passkeys'] {
  return {
    add: async (passkey, most, session) => transact(() => people.addPasskey(q, passkey, most, session)),
    find: async (credentialId) => read(() => readOne(q.passkey({ credential_id: credentialId }), passkeyOf)),
    list: async (subject) => read(() => readAll(q.passkeysOf({ subject }), passkeyOf)),
    use: async (credentialId, used) => transact(() => people.usePasskey(q, credentialId, used)),
    rename: async (subject, credentialId, name) => transact(() => people.renamePasskey(q, subject, credentialId, name)),
    remove: async (subject, credentialId) => transact(() => people.removePasskey(q, subject, credentialId)),
    withdraw: async (username, which, now) => transact(() => people.withdrawPasskeys(q, username, which, now)),
  }
}

function userStore(q: Queries, { transact, read }: Runner): Store['users'] {
  return {
    add: async (user) => transact(() => people.addUser(q, user)),
    byUsername: async (username) => read(() => readOne(q.userByName({ username }), userOf)),
    bySubject: async (subject) => read(() => readOne(q.userBySubject({ subject }), userOf)),
    byUpstream: async (identity) => read(() => readOne(q.userByUpstream(identity), userOf)),
    setClaims: async (subject, claims) => transact(() => people.setClaims(q, subject, claims)),
    list: async (limit, after) => read(() => readAll(q.usersAfter({ after: after ?? '', limit }), userOf)),
    setPassword: async (username, passwordHash, now) =>
      transact(() => people.setPassword(q, username, passwordHash, now)),
    setLocked: async (username, locked, now) => transact(() => people.setLocked(q, username, locked, now)),
  }
}
