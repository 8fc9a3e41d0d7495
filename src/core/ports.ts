/**
 * What the core asks of the world. Every port is a function or a record of functions, passed in; none has a default.
 */

import type {
  Approval,
  ClientRecord,
  Grant,
  InteractionRow,
  Opening,
  OpeningAttempt,
  PushedRequest,
  Redemption,
  RedemptionAttempt,
  Session,
  StoredKey,
  UserRecord,
} from './flow.ts'
import type { PublicKey, UnverifiedJws } from './keys.ts'
import type { ClientId, CorrelationId, GrantRef, NumericDate, RowId, Sha256, Subject, Username } from './names.ts'
import type { SigningAlgorithm } from './profile.ts'
import type { RuleSlug } from './rules.ts'

/** The time now, in whole seconds. */
export type Clock = () => NumericDate

/** That many bytes from a cryptographic source, base64url. 16 bytes for names, 32 for secrets. */
export type Random = (bytes: number) => string

/** SHA-256 of a text's UTF-8 bytes, base64url. */
export type Hash = (text: string) => Sha256

/** HMAC-SHA-256 of a text under a key that never leaves the port, base64url. */
export type Mac = (text: string) => Sha256

/** Whether the signature was made by this key with the key's one algorithm. Never throws for bad input. */
export type Verifier = (jws: UnverifiedJws, key: PublicKey) => boolean | Promise<boolean>

/** Signs with one key; the signature as JWS wants it (R‖S for ES256). */
export type Signer = {
  readonly alg: SigningAlgorithm
  readonly kid: string | undefined
  readonly sign: (signingInput: string) => Uint8Array | Promise<Uint8Array>
}

/** The keys of an issuer: what it signs with now, and what it publishes. */
export type SigningKeys = {
  readonly signer: (alg: SigningAlgorithm) => Signer | undefined
  readonly published: () => readonly PublicKey[]
}

/** What a Request cannot carry: the peer, and the request as it stood on the wire. */
export type Connection = {
  /** The address of the socket's peer. */
  readonly peerAddress: string
  /** All header fields in order, names in lower case, duplicates kept. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The request target as it was sent, path and query. */
  readonly target: string
  /** Reads the body, once; `too_large` as soon as it passes `most` bytes, `aborted` when it breaks off. */
  readonly readBody: (most: number) => Promise<Uint8Array | 'too_large' | 'aborted'>
}

/** The seam of every server, guard and page: everything that can be embedded anywhere has this form. */
export type Handler = (request: Request, connection: Connection) => Promise<Response>

/** One thing that works once: remembered until it could not be accepted any more. */
export type Once = {
  readonly purpose: 'client_assertion' | 'dpop_proof'
  /** The client id or the key thumbprint, so that two honest parties may pick the same `jti`. */
  readonly owner: string
  /** The digest of the `jti`. */
  readonly name: Sha256
  /** The last instant at which the artefact could still be accepted, margin included. */
  readonly expiresAt: NumericDate
}

/** Memory of what was used. A memory that is down throws; that means refusal. */
export type ReplayMemory = {
  /**
   * Nothing older than this is known to the memory; client assertions from before are refused. Proofs are covered by
   * their nonce: the key that nonces are made under must not outlive the memory.
   */
  readonly epoch: () => NumericDate
  /** Records all entries together, or none: the first one that was seen before is returned. Atomic. */
  readonly spendOnce: (entries: readonly Once[]) => Promise<{ readonly spent: true } | { readonly seen: Once }>
}

/** What happened to a pushed request, as verbs. Each is one atomic transaction. */
export type RequestStore = {
  readonly push: (request: PushedRequest) => Promise<void>
  /** Opens a pushed request and starts an interaction on it. Spends nothing. */
  readonly open: (attempt: OpeningAttempt, interaction: InteractionRow) => Promise<Opening>
  /** The interaction with the request it is about, or undefined. */
  readonly interaction: (id: RowId) => Promise<{ interaction: InteractionRow; request: PushedRequest } | undefined>
  /** Remembers that this interaction signed somebody in. */
  readonly signedIn: (id: RowId, session: { sessionId: RowId; at: NumericDate }) => Promise<void>
  /** The person allowed it: the request is spent, the grant exists, the code can be redeemed. One winner. */
  readonly approve: (id: RowId, approval: Approval, grant: Grant, now: NumericDate) => Promise<'approved' | 'spent'>
  /** The person refused, or nothing can come of it: the request is spent. One winner. */
  readonly refuse: (id: RowId, now: NumericDate) => Promise<'refused' | 'spent'>
  /** Redeems a code: one winner. A wrong attempt with the right code spends it; see `judgeRedemption`. */
  readonly redeem: (attempt: RedemptionAttempt) => Promise<Redemption>
}

/** Grants, and whether what was issued under them still counts. */
export type GrantStore = {
  /** `live` only when grant, person and client are all in good standing. */
  readonly standing: (ref: GrantRef, now: NumericDate) => Promise<'live' | 'revoked' | 'unknown'>
  readonly revoke: (ref: GrantRef, now: NumericDate) => Promise<'revoked' | 'unknown'>
}

/** Sign-ins of browsers. */
export type SessionStore = {
  /** Starts a session and ends the one it replaces: the id changes at sign-in. */
  readonly start: (session: Session, replaces: RowId | undefined) => Promise<void>
  readonly find: (id: RowId) => Promise<Session | undefined>
  readonly end: (id: RowId) => Promise<void>
}

/** People. */
export type UserStore = {
  readonly add: (user: UserRecord) => Promise<'added' | 'exists'>
  readonly byUsername: (username: Username) => Promise<UserRecord | undefined>
  readonly bySubject: (subject: Subject) => Promise<UserRecord | undefined>
  /** In the order of their names, at most `limit`, after the given one. */
  readonly list: (limit: number, after: Username | undefined) => Promise<readonly UserRecord[]>
  /** A new password ends what was signed in with the old one. */
  readonly setPassword: (username: Username, passwordHash: string, now: NumericDate) => Promise<'set' | 'unknown'>
  /** Locking ends every session and grant of the person at once; unlocking revives none of them. */
  readonly setLocked: (username: Username, locked: 'locked' | 'active', now: NumericDate) => Promise<'set' | 'unknown'>
}

/** Registered clients. */
export type ClientStore = {
  readonly add: (client: ClientRecord) => Promise<'added' | 'exists'>
  readonly find: (id: ClientId) => Promise<ClientRecord | undefined>
  /** In the order of their ids, at most `limit`, after the given one. */
  readonly list: (limit: number, after: ClientId | undefined) => Promise<readonly ClientRecord[]>
}

/** Counters that are raised before the attempt they count. */
export type AttemptStore = {
  /** Raises every counter by one and returns the counts, in order. A counter is forgotten at `expiresAt`. */
  readonly raise: (counters: readonly Sha256[], expiresAt: NumericDate, now: NumericDate) => Promise<readonly number[]>
  readonly forget: (counters: readonly Sha256[]) => Promise<void>
  /** Lowers every counter by one: what was counted turned out not to be an attempt that failed. */
  readonly takeBack: (counters: readonly Sha256[]) => Promise<void>
}

/** Signing keys at rest, private parts sealed. */
export type KeyStore = {
  readonly add: (key: StoredKey) => Promise<void>
  readonly list: () => Promise<readonly StoredKey[]>
}

/** Everything an authorization server remembers. */
export type Store = {
  readonly requests: RequestStore
  readonly grants: GrantStore
  readonly sessions: SessionStore
  readonly users: UserStore
  readonly clients: ClientStore
  readonly attempts: AttemptStore
  readonly keys: KeyStore
  readonly replay: ReplayMemory
  /** Deletes up to `limit` rows whose time is over; returns how many went. */
  readonly reap: (now: NumericDate, limit: number) => Promise<number>
  readonly close: () => Promise<void>
}

/** Password hashing: argon2id. `verify` takes as long for no hash as for a wrong password. */
export type Passwords = {
  readonly hash: (password: string) => Promise<string>
  readonly verify: (password: string, hash: string | undefined) => Promise<boolean>
}

/** One thing an operator may want to find again. Never holds a secret. */
export type AuditEvent = {
  readonly correlationId: CorrelationId
  readonly time: NumericDate
  readonly step: string
  readonly outcome: 'refused' | 'done' | 'failed'
  /** The precise slug of a refusal. */
  readonly rule: RuleSlug | undefined
  readonly status: number
  readonly clientId: ClientId | undefined
  readonly subject: Subject | undefined
  readonly peerAddress: string
  /** For the operator only: what did not fit, never a credential. */
  readonly detail: string | undefined
  /** The bug behind a `failed`. */
  readonly cause: unknown
}

/** Takes note of an event; must not throw. */
export type Audit = (event: AuditEvent) => void

/** An outbound request through the one egress gate: bounded in time and size, follows no redirects, JSON only. */
export type FetchJson = (url: string) => Promise<unknown>
