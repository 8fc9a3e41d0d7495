/**
 * The store for tests and the demo: everything in maps, every list bounded, gone with the process.
 *
 * Every verb runs to its end within one turn of the event loop, so each is atomic.
 */

import {
  type ClientRecord,
  type Grant,
  type InteractionRow,
  judgeOpening,
  judgeRedemption,
  judgeStanding,
  type PushedRequest,
  type RequestState,
  type Session,
  type StoredKey,
  type UserRecord,
} from '../core/flow.ts'
import type { ClientId, GrantRef, NumericDate, RowId, Sha256, Subject, Username } from '../core/names.ts'
import type {
  AttemptStore,
  ClientStore,
  Clock,
  GrantStore,
  KeyStore,
  ReplayMemory,
  RequestStore,
  SessionStore,
  Store,
  UserStore,
} from '../core/ports.ts'
import { StoreFull, StoreUnavailable } from './errors.ts'
import { createReplayMemory } from '../core/replay-memory.ts'
import { approvedUntil, interactionsPerRequest, later, pushedUntil } from './retention.ts'

type RequestRow = {
  readonly request: PushedRequest
  readonly state: RequestState
  /** The ids of its interactions. */
  readonly interactions: readonly RowId[]
  readonly purgeAt: NumericDate
}

type Counter = { readonly count: number; readonly expiresAt: NumericDate }

/** A map that refuses to grow past its bound, and never lets one row take the place of another. */
class Table<Key, Row> {
  readonly rows = new Map<Key, Row>()
  readonly #name: string
  readonly #most: number
  constructor(name: string, most: number) {
    this.#name = name
    this.#most = most
  }
  /** @throws StoreFull */
  insert(key: Key, row: Row): void {
    if (this.rows.has(key)) throw new Error(`"${this.#name}" has this row already`)
    this.expectRoom(1)
    this.rows.set(key, row)
  }
  /** @throws StoreFull */
  expectRoom(more: number): void {
    if (this.rows.size + more > this.#most) throw new StoreFull(this.#name)
  }
  /** Removes up to `most` rows for which `over` holds; returns how many went. */
  sweep(most: number, over: (row: Row, key: Key) => boolean): number {
    let gone = 0
    for (const [key, row] of this.rows) {
      if (gone >= most) break
      if (over(row, key)) {
        this.rows.delete(key)
        gone += 1
      }
    }
    return gone
  }
}

function createTables(most: number) {
  return {
    requests: new Table<RowId, RequestRow>('requests', most),
    interactions: new Table<RowId, InteractionRow>('interactions', most),
    grants: new Table<GrantRef, Grant>('grants', most),
    sessions: new Table<RowId, Session>('sessions', most),
    users: new Table<Subject, UserRecord>('users', most),
    usernames: new Table<Username, Subject>('users', most),
    clients: new Table<ClientId, ClientRecord>('clients', most),
    attempts: new Table<Sha256, Counter>('attempts', most),
    keys: new Table<string, StoredKey>('keys', most),
  }
}

type Tables = ReturnType<typeof createTables>

/** What a memory store is made with. */
export type MemoryStoreOptions = {
  readonly clock: Clock
  /** The oldest artefact the replay memory vouches for; the time of creation unless given. */
  readonly epoch?: NumericDate
  /** How many rows each list may hold. */
  readonly most?: number
}

/**
 * An empty store in memory.
 *
 * Its verbs throw StoreFull when a list has no room. Rows go only by `reap` and by the verbs that end them: call
 * `reap` regularly.
 */
export function createMemoryStore({ clock, epoch = clock(), most = 100_000 }: MemoryStoreOptions): Store {
  const tables = createTables(most)
  let closed = false
  const open = () => {
    if (closed) throw new StoreUnavailable('closed', 'the store is closed')
    return tables
  }
  return {
    requests: requestStore(open),
    grants: grantStore(open),
    sessions: sessionStore(open),
    users: userStore(open),
    clients: clientStore(open),
    attempts: attemptStore(open),
    keys: keyStore(open),
    replay: closable(createReplayMemory({ clock, epoch, most }), open),
    reap: async (now, limit) => reap(open(), now, limit),
    close: async () => {
      closed = true
    },
  }
}

type Open = () => Tables

function requestStore(open: Open): RequestStore {
  return {
    push: async (request) => {
      const row = { request, state: { kind: 'pushed' }, interactions: [], purgeAt: pushedUntil(request) } as const
      open().requests.insert(request.id, row)
    },
    open: async (attempt, interaction) => {
      const tables = open()
      const row = tables.requests.rows.get(attempt.id)
      const opening = judgeOpening(row, attempt)
      if (opening.outcome === 'opened') addInteraction(tables, interaction)
      return opening
    },
    interaction: async (id) => {
      const { interactions, requests } = open()
      const interaction = interactions.rows.get(id)
      const request = interaction && requests.rows.get(interaction.requestId)?.request
      return interaction && request && { interaction, request }
    },
    signedIn: async (id, session) => {
      const { interactions } = open()
      const interaction = interactions.rows.get(id)
      if (interaction !== undefined) interactions.rows.set(id, { ...interaction, signedIn: session })
    },
    approve: async (id, approval, grant) => {
      const tables = open()
      const row = undecided(tables, id)
      if (row === undefined) return 'spent'
      tables.grants.insert(grant.ref, grant)
      const state = { kind: 'granted', approval } as const
      tables.requests.rows.set(row.request.id, { ...row, state, purgeAt: approvedUntil(approval, grant) })
      return 'approved'
    },
    refuse: async (id) => {
      const tables = open()
      const row = undecided(tables, id)
      if (row === undefined) return 'spent'
      tables.requests.rows.set(row.request.id, { ...row, state: { kind: 'refused' } })
      return 'refused'
    },
    redeem: async (attempt) => {
      const tables = open()
      const row = tables.requests.rows.get(attempt.id)
      const state = row?.state
      const ref = state && 'approval' in state ? state.approval.grantRef : undefined
      const judged = judgeRedemption(row, standingOf(tables, ref, attempt.now), attempt)
      if (judged.becomes !== 'unchanged' && row !== undefined && state !== undefined && 'approval' in state) {
        tables.requests.rows.set(attempt.id, { ...row, state: { kind: judged.becomes, approval: state.approval } })
      }
      if (judged.revoke !== undefined) revoke(tables, judged.revoke, attempt.now)
      return judged.redemption
    },
  }
}

function addInteraction({ interactions, requests }: Tables, interaction: InteractionRow): void {
  const row = requests.rows.get(interaction.requestId)
  if (row === undefined) throw new Error('the request of an interaction is gone')
  interactions.insert(interaction.id, interaction)
  const siblings = row.interactions.flatMap((id) => interactions.rows.get(id) ?? [])
  const isOpen = ({ signedIn }: InteractionRow) => Number(signedIn === undefined)
  const newestFirst = siblings.toSorted(
    (a, b) => isOpen(a) - isOpen(b) || b.startedAt - a.startedAt || compareTexts(b.id, a.id),
  )
  for (const { id } of newestFirst.slice(interactionsPerRequest - 1)) interactions.rows.delete(id)
  const kept = newestFirst.slice(0, interactionsPerRequest - 1).map(({ id }) => id)
  requests.rows.set(row.request.id, { ...row, interactions: [...kept, interaction.id] })
}

/** The request of an interaction, when nobody decided on it yet. */
function undecided({ interactions, requests }: Tables, id: RowId): RequestRow | undefined {
  const interaction = interactions.rows.get(id)
  const row = interaction && requests.rows.get(interaction.requestId)
  return row?.state.kind === 'pushed' ? row : undefined
}

function standingOf({ grants, users, clients }: Tables, ref: GrantRef | undefined, now: NumericDate) {
  const grant = ref && grants.rows.get(ref)
  return judgeStanding(grant, grant && users.rows.get(grant.subject), grant && clients.rows.get(grant.clientId), now)
}

function revoke({ grants }: Tables, ref: GrantRef, now: NumericDate): 'revoked' | 'unknown' {
  const grant = grants.rows.get(ref)
  if (grant === undefined) return 'unknown'
  grants.rows.set(ref, { ...grant, revokedAt: grant.revokedAt ?? now })
  return 'revoked'
}

function grantStore(open: Open): GrantStore {
  return {
    standing: async (ref, now) => standingOf(open(), ref, now),
    revoke: async (ref, now) => revoke(open(), ref, now),
  }
}

function sessionStore(open: Open): SessionStore {
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
  }
}

function userStore(open: Open): UserStore {
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

function clientStore(open: Open): ClientStore {
  return {
    add: async (client) => {
      const { clients } = open()
      if (clients.rows.has(client.clientId)) return 'exists'
      clients.insert(client.clientId, client)
      return 'added'
    },
    find: async (id) => open().clients.rows.get(id),
    list: async (limit, after) => page([...open().clients.rows.values()], (client) => client.clientId, limit, after),
  }
}

function page<Row>(
  rows: Row[],
  nameOf: (row: Row) => string,
  limit: number,
  after: string | undefined,
): readonly Row[] {
  return rows
    .filter((row) => after === undefined || compareTexts(nameOf(row), after) > 0)
    .toSorted((a, b) => compareTexts(nameOf(a), nameOf(b)))
    .slice(0, limit)
}

/** By code points, as databases compare the bytes of UTF-8; JavaScript alone compares UTF-16 units. */
function compareTexts(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function attemptStore(open: Open): AttemptStore {
  return {
    raise: async (counters, expiresAt, now) => {
      const { attempts } = open()
      attempts.expectRoom(new Set(counters.filter((counter) => !attempts.rows.has(counter))).size)
      return counters.map((counter) => {
        const known = attempts.rows.get(counter)
        const raised =
          known === undefined || known.expiresAt <= now
            ? { count: 1, expiresAt }
            : { count: known.count + 1, expiresAt: known.expiresAt }
        attempts.rows.set(counter, raised)
        return raised.count
      })
    },
    forget: async (counters) => {
      const { attempts } = open()
      for (const counter of counters) attempts.rows.delete(counter)
    },
    takeBack: async (counters) => {
      const { attempts } = open()
      for (const counter of counters) {
        const known = attempts.rows.get(counter)
        if (known !== undefined) attempts.rows.set(counter, { ...known, count: Math.max(0, known.count - 1) })
      }
    },
  }
}

function keyStore(open: Open): KeyStore {
  return {
    add: async (key) => open().keys.insert(key.kid, key),
    list: async () =>
      [...open().keys.rows.values()].toSorted((a, b) => a.createdAt - b.createdAt || compareTexts(a.kid, b.kid)),
  }
}

function closable(memory: ReplayMemory, open: Open): ReplayMemory {
  return {
    epoch: memory.epoch,
    spendOnce: async (entries) => {
      open()
      return memory.spendOnce(entries)
    },
  }
}

function reap({ requests, interactions, grants, sessions, attempts }: Tables, now: NumericDate, limit: number) {
  let gone = interactions.sweep(limit, (row) => row.expiresAt <= now)
  gone += requests.sweep(limit - gone, (row) => {
    const over = row.purgeAt <= now
    if (over) for (const id of row.interactions) interactions.rows.delete(id)
    return over
  })
  gone += grants.sweep(limit - gone, (row) => row.expiresAt <= now)
  gone += sessions.sweep(limit - gone, (row) => row.expiresAt <= now)
  gone += attempts.sweep(limit - gone, (row) => row.expiresAt <= now)
  return gone
}
