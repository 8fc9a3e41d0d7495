/** The tables of the store in memory, every one bounded. */

import type { SecurityEvent } from '../core/events.ts'
import type { ClientRecord } from '../core/client.ts'
import type {
  Consent,
  Grant,
  InteractionRow,
  PushedRequest,
  RefreshToken,
  RequestState,
  StoredKey,
} from '../core/flow.ts'
import type { Passkey, Session, UpstreamIdentity, UserRecord } from '../core/people.ts'
import type { ClientId, GrantRef, NumericDate, RowId, Sha256, Subject, Username } from '../core/names.ts'
import { StoreFull } from './errors.ts'

/** A request with what became of it. */
export type RequestRow = {
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

/** The tables of an empty store. */
export function createTables(most: number) {
  return {
    requests: new Table<RowId, RequestRow>('requests', most),
    interactions: new Table<RowId, InteractionRow>('interactions', most),
    grants: new Table<GrantRef, Grant>('grants', most),
    /** By person and client; see `consentKey`. */
    consents: new Table<string, Consent>('consents', most),
    refreshTokens: new Table<RowId, RefreshToken>('refresh tokens', most),
    /** The digest of the `jti` of each, with the end of its token. */
    revokedTokens: new Table<Sha256, NumericDate>('revoked tokens', most),
    sessions: new Table<RowId, Session>('sessions', most),
    users: new Table<Subject, UserRecord>('users', most),
    usernames: new Table<Username, Subject>('users', most),
    /** By provider and subject; see `upstreamKey`. */
    upstreams: new Table<string, Subject>('users', most),
    /** By credential id. */
    passkeys: new Table<string, Passkey>('passkeys', most),
    clients: new Table<ClientId, ClientRecord>('clients', most),
    attempts: new Table<Sha256, Counter>('attempts', most),
    keys: new Table<string, StoredKey>('keys', most),
    /** By sequence number, the oldest first. */
    events: new Map<number, SecurityEvent>(),
    mostEvents: most,
  }
}

/** The tables of a store. */
export type Tables = ReturnType<typeof createTables>

/** Reads the tables, as long as the store is open. */
export type Open = () => Tables

/** The key of a consent: neither half holds a line feed. */
export function consentKey(subject: Subject, clientId: ClientId): string {
  return `${subject}\n${clientId}`
}

/** The key of an identity at another provider. */
export function upstreamKey({ provider, subject }: UpstreamIdentity): string {
  return JSON.stringify([provider, subject])
}

/** At most `limit` rows in the order of their names, after the given one. */
export function page<Row>(
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
export function compareTexts(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
