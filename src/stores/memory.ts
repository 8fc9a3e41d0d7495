/**
 * The store for tests and the demo: everything in maps, every list bounded, gone with the process.
 *
 * Every verb runs to its end within one turn of the event loop, so each is atomic.
 */

import { hash as digest } from 'node:crypto'
import { chainedAll, type ChainHead, genesis } from '../core/event-chain.ts'
import { routineEvents, type SecurityEvent } from '../core/events.ts'
import {
  type Approval,
  type Grant,
  type InteractionRow,
  judgeOpening,
  judgeRedemption,
  type RedemptionAttempt,
} from '../core/flow.ts'
import { type NumericDate, type RowId, sha256Digest } from '../core/names.ts'
import type {
  AttemptStore,
  Clock,
  EventStore,
  Hash,
  KeyStore,
  ReplayMemory,
  RequestStore,
  Store,
} from '../core/ports.ts'
import { createReplayMemory } from '../core/replay-memory.ts'
import { tokenOf, widened } from './changes.ts'
import { StoreUnavailable } from './errors.ts'
import { grantStore, noteIssue, refreshTokenStore, revoke, standingOf, tokenStore } from './memory-grants.ts'
import { clientStore, passkeyStore, sessionStore, userStore } from './memory-people.ts'
import { compareTexts, consentKey, createTables, type Open, type RequestRow, type Tables } from './memory-tables.ts'
import { approvedUntil, interactionsPerRequest, mostFound, pushedUntil } from './retention.ts'

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
    refreshTokens: refreshTokenStore(open),
    tokens: tokenStore(open),
    events: eventStore(open),
    sessions: sessionStore(open),
    users: userStore(open),
    passkeys: passkeyStore(open),
    clients: clientStore(open, clock),
    attempts: attemptStore(open),
    keys: keyStore(open),
    replay: closable(createReplayMemory({ clock, epoch, most }), open),
    reap: async (now, limit) => reap(open(), now, limit),
    close: async () => {
      closed = true
    },
  }
}

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
    decide: async (id, decision) => {
      const tables = open()
      const interaction = tables.interactions.rows.get(id)
      if (interaction === undefined || undecided(tables, id) === undefined) return 'unknown'
      if (interaction.decision !== undefined) return 'decided_before'
      tables.interactions.rows.set(id, { ...interaction, decision })
      return 'decided'
    },
    approve: async (id, approval, grant, now, basis) => approve(open(), { id, approval, grant, now, basis }),
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
      const grant = ref && tables.grants.rows.get(ref)
      const judged = judgeRedemption(row, standingOf(tables, ref, attempt.now), attempt)
      if (judged.redemption.outcome === 'redeemed' && judged.redemption.refreshToken === 'stored') {
        storeRefreshToken(tables, attempt, judged.redemption.approval)
      }
      if (judged.redemption.outcome === 'redeemed' && grant !== undefined) noteIssue(tables, grant, attempt.now)
      if (judged.becomes !== 'unchanged' && row !== undefined && state !== undefined && 'approval' in state) {
        tables.requests.rows.set(attempt.id, { ...row, state: { kind: judged.becomes, approval: state.approval } })
      }
      if (judged.revoke !== undefined) revoke(tables, judged.revoke, attempt.now)
      return judged.redemption
    },
  }
}

type Decided = {
  readonly id: RowId
  readonly approval: Approval
  readonly grant: Grant
  readonly now: NumericDate
  readonly basis: 'asked' | 'allowed_before'
}

function approve(tables: Tables, { id, approval, grant, now, basis }: Decided): 'approved' | 'spent' | 'withdrawn' {
  const row = undecided(tables, id)
  if (row === undefined) return 'spent'
  const { clientId } = row.request
  const consent = consentKey(approval.subject, clientId)
  const before = tables.consents.rows.get(consent)
  if (before === undefined && basis === 'allowed_before') return 'withdrawn'
  if (before === undefined) tables.consents.expectRoom(1)
  tables.grants.insert(grant.ref, grant)
  if (basis === 'asked') tables.consents.rows.set(consent, widened(before, { ...approval, clientId }, now))
  const state = { kind: 'granted', approval } as const
  tables.requests.rows.set(row.request.id, { ...row, state, purgeAt: approvedUntil(approval, grant) })
  return 'approved'
}

function storeRefreshToken(
  { refreshTokens }: Tables,
  { refreshToken, clientId }: RedemptionAttempt,
  { grantRef }: Approval,
): void {
  if (refreshToken !== undefined) refreshTokens.insert(refreshToken.id, tokenOf(refreshToken, grantRef, clientId))
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
    retire: async (kid, publishedUntil) => {
      const { keys } = open()
      const key = keys.rows.get(kid)
      if (key === undefined) return 'unknown'
      keys.rows.set(kid, { ...key, publishedUntil })
      return 'retired'
    },
    remove: async (kid) => (open().keys.rows.delete(kid) ? 'removed' : 'unknown'),
  }
}

/** The trail. In memory alone the oldest events make room for new ones. */
function eventStore(open: Open): EventStore {
  let head: ChainHead = genesis
  const found = (limit: number, isMeant: (event: SecurityEvent) => boolean) =>
    [...open().events.values()].filter(isMeant).slice(0, limit)
  return {
    append: async (events) => {
      const { events: trail, mostEvents } = open()
      const appended = chainedAll(head, events, sha256)
      head = appended.at(-1) ?? head
      for (const event of appended) trail.set(event.seq, event)
      for (const oldest of trail.keys()) {
        if (trail.size <= mostEvents) break
        trail.delete(oldest)
      }
      return appended
    },
    list: async (after, limit) => found(limit, ({ seq }) => seq > after),
    newest: async () => {
      open()
      return head.seq
    },
    find: async (id) => found(mostFound, (event) => event.id === id || event.correlationId === id),
    about: async (subjectRef, limit) =>
      [...open().events.values()]
        .filter((event) => event.subjectRef === subjectRef && !isRoutine(event))
        .toReversed()
        .slice(0, limit),
  }
}

const sha256: Hash = (text) => sha256Digest(digest('sha256', text, 'base64url'))

function closable(memory: ReplayMemory, open: Open): ReplayMemory {
  return {
    epoch: memory.epoch,
    spendOnce: async (entries) => {
      open()
      return memory.spendOnce(entries)
    },
  }
}

function reap(tables: Tables, now: NumericDate, limit: number): number {
  const { requests, interactions, grants, refreshTokens, revokedTokens, sessions, attempts } = tables
  let gone = interactions.sweep(limit, (row) => row.expiresAt <= now)
  gone += requests.sweep(limit - gone, (row) => {
    const over = row.purgeAt <= now
    if (over) for (const id of row.interactions) interactions.rows.delete(id)
    return over
  })
  gone += refreshTokens.sweep(limit - gone, (row) => row.idleExpiresAt <= now)
  gone += grants.sweep(limit - gone, (row) => row.expiresAt <= now)
  gone += revokedTokens.sweep(limit - gone, (expiresAt) => expiresAt <= now)
  gone += sessions.sweep(limit - gone, (row) => row.expiresAt <= now)
  gone += attempts.sweep(limit - gone, (row) => row.expiresAt <= now)
  return gone
}

function isRoutine({ type }: SecurityEvent): boolean {
  return routineEvents.some((routine) => routine === type)
}
