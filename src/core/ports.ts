/**
 * What the core asks of the world. Every port is a function or a record of functions, passed in; none has a default.
 */

import type { ClientCertificate } from './certificate.ts'
import type { EventSource, NewSecurityEvent, SecurityEvent } from './events.ts'
import type { ClientRecord } from './client.ts'
import type {
  Approval,
  Consent,
  Grant,
  InteractionDecision,
  InteractionRow,
  Opening,
  OpeningAttempt,
  PushedRequest,
  Redemption,
  RedemptionAttempt,
  Refresh,
  RefreshAttempt,
  RefreshToken,
  StoredKey,
} from './flow.ts'
import type { Passkey, Session, UpstreamIdentity, UserRecord } from './people.ts'
import type { EncryptionKey, PublicKey, UnverifiedJws } from './keys.ts'
import type {
  CertificateThumbprint,
  ClientId,
  CorrelationId,
  GrantRef,
  NumericDate,
  RowId,
  Sha256,
  Subject,
  Username,
} from './names.ts'
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
  /** Which door it came through: the ordinary one, or the one whose URLs are `mtls_endpoint_aliases`. RFC 8705 §5. */
  readonly entrance: 'main' | 'mtls'
  /** The certificate whose key the client proved on this connection, by the terminator of TLS. */
  readonly certificate: ClientCertificate | undefined
  /** Why there is none although something was sent. */
  readonly certificateTrouble: 'malformed' | 'header_from_unlisted_peer' | undefined
  /** Reads the body, once; `too_large` as soon as it passes `most` bytes, `aborted` when it breaks off. */
  readonly readBody: (most: number) => Promise<Uint8Array | 'too_large' | 'aborted'>
}

/** The seam of every server, guard and page: everything that can be embedded anywhere has this form. */
export type Handler = (request: Request, connection: Connection) => Promise<Response>

/** Whether a certificate leads to an anchor the operator trusts. RFC 8705 §2.1; RFC 5280 §6. */
export type TrustAnchors = {
  readonly judge: (
    certificate: ClientCertificate,
    now: NumericDate,
  ) => Promise<'trusted' | 'untrusted' | 'expired' | 'not_for_clients'>
}

/** The keys of a client as they count now. */
export type ClientKeySet = {
  readonly keys: readonly PublicKey[]
  readonly certificates: readonly CertificateThumbprint[]
  readonly encryptionKeys: readonly EncryptionKey[]
}

/** What somebody looks for in a key set. */
export type WantedKey =
  | { readonly use: 'sig'; readonly alg: SigningAlgorithm; readonly kid: unknown }
  | { readonly use: 'certificate'; readonly thumbprint: CertificateThumbprint }
  | { readonly use: 'enc' }

/**
 * The keys of a client: registered by value, or fetched from its `jwks_uri`; looks again, boundedly, when nothing fits.
 * Throws OAuthError client_keys_unavailable when they cannot be had.
 */
export type ClientKeys = (client: ClientRecord, wanted: WantedKey) => Promise<ClientKeySet>

/** Posts a form to a URL a client registered, through the egress gate. Rejects when nothing came back. */
export type PostForm = (
  url: string,
  form: readonly (readonly [name: string, value: string])[],
) => Promise<{ readonly status: number }>

/** One thing that works once: remembered until it could not be accepted any more. */
export type Once = {
  readonly purpose: 'client_assertion' | 'dpop_proof' | 'passkey_challenge' | 'upstream_state' | 'decision_handle'
  /** The client id, the key thumbprint or the digest of the browser, so that honest parties may pick the same name. */
  readonly owner: string
  /** The digest of the `jti`, the challenge or the state. */
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
  /** Keeps what the operator's sign-in application decided; the first decision stands. One winner. */
  readonly decide: (id: RowId, decision: InteractionDecision) => Promise<'decided' | 'decided_before' | 'unknown'>
  /** The person allowed it: the request is spent, the grant exists, the code can be redeemed. One winner. */
  readonly approve: (
    id: RowId,
    approval: Approval,
    grant: Grant,
    now: NumericDate,
    /** Who was not asked must have allowed the client something until now, and allows nothing more by this. */
    basis: 'asked' | 'allowed_before',
  ) => Promise<'approved' | 'spent' | 'withdrawn'>
  /** The person refused, or nothing can come of it: the request is spent. One winner. */
  readonly refuse: (id: RowId, now: NumericDate) => Promise<'refused' | 'spent'>
  /** Redeems a code: one winner. A wrong attempt with the right code spends it; see `judgeRedemption`. */
  readonly redeem: (attempt: RedemptionAttempt) => Promise<Redemption>
}

/** Whose grants. */
export type GrantFilter = { readonly clientId?: ClientId; readonly subject?: Subject; readonly sid?: RowId }

/** Grants, what people allowed, and whether what was issued under them still counts. */
export type GrantStore = {
  /** `live` only when grant, person and client are all in good standing. */
  readonly standing: (ref: GrantRef, now: NumericDate) => Promise<'live' | 'revoked' | 'unknown'>
  readonly find: (ref: GrantRef) => Promise<Grant | undefined>
  readonly revoke: (ref: GrantRef, now: NumericDate) => Promise<'revoked' | 'unknown'>
  /** Newest first, at most `limit`, after the given one; those that are revoked or over too, until they are reaped. */
  readonly list: (filter: GrantFilter, limit: number, after: GrantRef | undefined) => Promise<readonly Grant[]>
  /** What the person allowed this client so far. Approving adds to it. */
  readonly consent: (subject: Subject, clientId: ClientId) => Promise<Consent | undefined>
  /** The person allows this client nothing any more: the consent is forgotten, every grant of it revoked. */
  readonly withdraw: (subject: Subject, clientId: ClientId, now: NumericDate) => Promise<'withdrawn' | 'unknown'>
  /** What the person allowed whom so far, in the order of the client ids, at most `limit`. */
  readonly consents: (subject: Subject, limit: number) => Promise<readonly Consent[]>
  /** The person allows nobody anything any more. Returns the grants that were revoked by it. One transaction. */
  readonly withdrawAll: (subject: Subject, now: NumericDate) => Promise<readonly Grant[]>
  /** Signing out: every grant of the sign-in that was not for offline access is revoked. Returns whom it concerned. */
  readonly endOnline: (sid: RowId, now: NumericDate) => Promise<readonly Grant[]>
}

/** Refresh tokens. They are stored by `redeem`, and end with their grant. */
export type RefreshTokenStore = {
  /** Judges and, when it is live, notes the use; see `judgeRefresh`. One transaction. */
  readonly present: (attempt: RefreshAttempt) => Promise<Refresh>
  /** For revocation: no use is noted. */
  readonly find: (id: RowId, secretHash: Sha256) => Promise<RefreshToken | undefined>
}

/** Access tokens that were revoked one by one. */
export type TokenStore = {
  /** Remembers the digest of a `jti` until the token has expired. */
  readonly revoke: (jti: Sha256, expiresAt: NumericDate) => Promise<void>
  /**
   * Whether a token still counts: it was not revoked by itself, and its grant, or where it has none its client, is in
   * good standing.
   */
  readonly standing: (
    token: {
      readonly jti: Sha256
      readonly grantRef: GrantRef | undefined
      readonly clientId: ClientId
      readonly issuedAt: NumericDate
    },
    now: NumericDate,
  ) => Promise<'live' | 'revoked'>
}

/** The trail of security events: append-only, each entry holding the digest of the one before. */
export type EventStore = {
  /** Appends in order, in one transaction. Returns what was appended. */
  readonly append: (events: readonly NewSecurityEvent[]) => Promise<readonly SecurityEvent[]>
  /** In order, at most `limit`, after the given sequence number (0 for the first). */
  readonly list: (after: number, limit: number) => Promise<readonly SecurityEvent[]>
  /** The sequence number of the newest; 0 when there is none. */
  readonly newest: () => Promise<number>
  /** All events under an event id or a correlation id; at most 100. */
  readonly find: (id: string) => Promise<readonly SecurityEvent[]>
  /** Those about one person, by the digest of their subject, routine left out; newest first, at most `limit`. */
  readonly about: (subjectRef: Sha256, limit: number) => Promise<readonly SecurityEvent[]>
}

/** Sign-ins of browsers. */
export type SessionStore = {
  /**
   * Starts a session and ends the one it replaces: the id changes at sign-in. `passkey_gone`, and nothing changes, when
   * it was begun with a passkey that was removed meanwhile. One transaction.
   */
  readonly start: (
    session: Session,
    replaces: RowId | undefined,
    credentialId?: string,
  ) => Promise<'started' | 'passkey_gone'>
  readonly find: (id: RowId) => Promise<Session | undefined>
  readonly end: (id: RowId) => Promise<void>
  /** Every session of a person, newest sign-in first, at most `limit`; those that are over too, until they are reaped. */
  readonly list: (subject: Subject, limit: number) => Promise<readonly Session[]>
  /** Ends whatever session a client knows by this `sid`. */
  readonly endBySid: (sid: RowId) => Promise<'ended' | 'unknown'>
}

/** People. */
export type UserStore = {
  /** `exists` when name, subject or upstream identity is taken. */
  readonly add: (user: UserRecord) => Promise<'added' | 'exists'>
  readonly byUsername: (username: Username) => Promise<UserRecord | undefined>
  readonly bySubject: (subject: Subject) => Promise<UserRecord | undefined>
  readonly byUpstream: (identity: UpstreamIdentity) => Promise<UserRecord | undefined>
  /** What the provider of a person says of them now takes the place of what it said before. */
  readonly setClaims: (subject: Subject, claims: UserRecord['claims']) => Promise<'set' | 'unknown'>
  /** In the order of their names, at most `limit`, after the given one. */
  readonly list: (limit: number, after: Username | undefined) => Promise<readonly UserRecord[]>
  /** A new password ends what was signed in with the old one. */
  readonly setPassword: (username: Username, passwordHash: string, now: NumericDate) => Promise<'set' | 'unknown'>
  /** Locking ends every session and grant of the person at once; unlocking revives none of them. */
  readonly setLocked: (username: Username, locked: 'locked' | 'active', now: NumericDate) => Promise<'set' | 'unknown'>
}

/** Passkeys. */
export type PasskeyStore = {
  /**
   * `exists` when anybody has a passkey of this id; `too_many` when the person has `most` already; `signed_out` when the
   * session it is added in has ended. One transaction.
   */
  readonly add: (
    passkey: Passkey,
    most: number,
    session?: RowId,
  ) => Promise<'added' | 'exists' | 'too_many' | 'signed_out'>
  readonly find: (credentialId: string) => Promise<Passkey | undefined>
  /** Oldest first. */
  readonly list: (subject: Subject) => Promise<readonly Passkey[]>
  /**
   * Notes a verified use. `cloned` when the counter did not grow although one of the two counts: a copy of the
   * authenticator is about, and nothing changes. One transaction. WebAuthn §7.2.
   */
  readonly use: (
    credentialId: string,
    used: { readonly signCount: number; readonly backup: Passkey['backup']; readonly now: NumericDate },
  ) => Promise<'used' | 'cloned' | 'unknown'>
  /** Only the person's own. */
  readonly rename: (subject: Subject, credentialId: string, name: string) => Promise<'renamed' | 'unknown'>
  /** Only the person's own. */
  readonly remove: (subject: Subject, credentialId: string) => Promise<'removed' | 'unknown'>
  /**
   * Removes one passkey of a person, or all of them, and ends every sign-in and grant of theirs. Returns how many went;
   * nothing ends when none did. One transaction: nobody signs in with it in between.
   */
  readonly withdraw: (
    username: Username,
    which: { readonly credentialId: string } | 'all',
    now: NumericDate,
  ) => Promise<number>
}

/** Registered clients. */
export type ClientStore = {
  readonly add: (client: ClientRecord) => Promise<'added' | 'exists'>
  readonly find: (id: ClientId) => Promise<ClientRecord | undefined>
  /** In the order of their ids, at most `limit`, after the given one. */
  readonly list: (limit: number, after: ClientId | undefined) => Promise<readonly ClientRecord[]>
  /** Suspending ends everything issued to the client at once; activating revives none of it. */
  readonly setStatus: (id: ClientId, status: 'active' | 'suspended', now: NumericDate) => Promise<'set' | 'unknown'>
  /** What was issued to it dies with it. */
  readonly remove: (id: ClientId) => Promise<'removed' | 'unknown'>
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
  /** Retires a key: published until then, and signing nothing once a newer one is active. */
  readonly retire: (kid: string, publishedUntil: NumericDate) => Promise<'retired' | 'unknown'>
  readonly remove: (kid: string) => Promise<'removed' | 'unknown'>
}

/** Everything an authorization server remembers. */
export type Store = {
  readonly requests: RequestStore
  readonly grants: GrantStore
  readonly refreshTokens: RefreshTokenStore
  readonly tokens: TokenStore
  readonly events: EventStore
  readonly sessions: SessionStore
  readonly users: UserStore
  readonly passkeys: PasskeyStore
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

/** Records a security event; resolves when it is kept. Must not reject: an alarm that fails raises one itself. */
export type RaiseEvent = (event: EventSource) => Promise<void>

/** An outbound request through the one egress gate: bounded in time and size, follows no redirects, JSON only. */
export type FetchJson = (url: string) => Promise<unknown>
