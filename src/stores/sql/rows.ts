/** Rows as domain values. Every reader throws CorruptRecord. */

import type { ChainHead } from '../../core/event-chain.ts'
import type { SecurityEvent } from '../../core/events.ts'
import type { ClientRecord } from '../../core/client.ts'
import type {
  Consent,
  Grant,
  InteractionRow,
  PushedRequest,
  RefreshToken,
  RequestState,
  StoredKey,
} from '../../core/flow.ts'
import type { Passkey, Session, UserRecord } from '../../core/people.ts'
import {
  clientId,
  grantRef,
  type JsonObject,
  resourceIdentifier,
  rowId,
  sha256Digest,
  subject,
} from '../../core/names.ts'
import type { Hash } from '../../core/ports.ts'
import { parseClient } from '../client-record.ts'
import { parseEvent } from '../event-record.ts'
import { jsonAt, jsonTextsAt, numberAt, oneOf, optionalAt, readRecord, textAt } from '../json.ts'
import {
  algorithmAt,
  dateAt,
  detailsAt,
  parseApproval,
  parseAuthorizationRequest,
  parseDecision,
  parsePasskey,
  parseUser,
  requestedClaimsFrom,
  userStatuses,
} from '../records.ts'
import type { Row, Rows } from './plan.ts'

/** The only row, when there is one. */
export function first(rows: Rows): Row | undefined {
  return rows[0]
}

/** The pushed request of a row. */
export function requestOf(row: Row): PushedRequest {
  return readRecord('request', () => ({
    id: rowId(textAt(row, 'id')),
    clientId: clientId(textAt(row, 'client_id')),
    request: parseAuthorizationRequest(jsonAt(row, 'request')),
    requestUriHash: sha256Digest(textAt(row, 'request_uri_hash')),
    expiresAt: dateAt(row, 'expires_at'),
  }))
}

/** The state of a request row. */
export function stateOf(row: Row): RequestState {
  return readRecord('request', () => {
    const kind = oneOf(stateKinds, row['state'])
    return kind === 'pushed' || kind === 'refused'
      ? { kind }
      : { kind, approval: parseApproval(jsonAt(row, 'approval')) }
  })
}

const stateKinds = ['pushed', 'granted', 'redeemed', 'burned', 'refused'] as const

/** An interaction, of a row that was joined with its request. */
export function interactionOf(row: Row): InteractionRow {
  return readRecord('interaction', () => {
    const sessionId = optionalAt(row, 'session_id', textAt)
    return {
      id: rowId(textAt(row, 'interaction_id')),
      requestId: rowId(textAt(row, 'id')),
      browserHash: sha256Digest(textAt(row, 'browser_hash')),
      startedAt: dateAt(row, 'started_at'),
      expiresAt: dateAt(row, 'interaction_expires_at'),
      decision: optionalAt(row, 'decision', (from, member) => parseDecision(jsonAt(from, member))),
      signedIn: sessionId === undefined ? undefined : { sessionId: rowId(sessionId), at: dateAt(row, 'signed_in_at') },
    }
  })
}

/** A grant. */
export function grantOf(row: Row): Grant {
  return readRecord('grant', () => ({
    ref: grantRef(textAt(row, 'ref')),
    clientId: clientId(textAt(row, 'client_id')),
    subject: subject(textAt(row, 'subject')),
    scope: jsonTextsAt(row, 'scope'),
    resources: jsonTextsAt(row, 'resources').map(resourceIdentifier),
    details: grantedDetailsOf(row),
    createdAt: dateAt(row, 'created_at'),
    lastUsedAt: optionalAt(row, 'last_used_at', dateAt),
    expiresAt: dateAt(row, 'purge_at'),
    revokedAt: optionalAt(row, 'revoked_at', dateAt),
    authTime: dateAt(row, 'auth_time'),
    acr: textAt(row, 'acr'),
    amr: jsonTextsAt(row, 'amr'),
    sid: rowId(textAt(row, 'sid')),
    claims: requestedClaimsFrom(jsonAt(row, 'claims')),
  }))
}

function grantedDetailsOf(row: Row): Grant['details'] {
  const details: unknown = JSON.parse(textAt(row, 'details'))
  return detailsAt({ details }, 'details')
}

/** When a grant began, ends and was revoked, without reading the rest of it. */
export function datesOf(row: Row): Pick<Grant, 'createdAt' | 'expiresAt' | 'revokedAt'> {
  return readRecord('grant', () => ({
    createdAt: dateAt(row, 'created_at'),
    expiresAt: dateAt(row, 'purge_at'),
    revokedAt: optionalAt(row, 'revoked_at', dateAt),
  }))
}

/** The person and the client of a grant, of a row that was joined with theirs; undefined where there is none. */
export function partiesOf(
  row: Row,
  clientOf: ClientReader,
): {
  readonly user: Pick<UserRecord, 'status' | 'notBefore'> | undefined
  readonly client: ClientRecord | undefined
} {
  return {
    user: readRecord('user', () =>
      row['user_status'] === null
        ? undefined
        : { status: oneOf(userStatuses, row['user_status']), notBefore: dateAt(row, 'user_not_before') },
    ),
    client: row['record'] === null ? undefined : clientOf(row),
  }
}

/** What a person allowed a client. */
export function consentOf(row: Row): Consent {
  return readRecord('consent', () => ({
    subject: subject(textAt(row, 'subject')),
    clientId: clientId(textAt(row, 'client_id')),
    scope: jsonTextsAt(row, 'scope'),
    resources: jsonTextsAt(row, 'resources').map(resourceIdentifier),
    givenAt: dateAt(row, 'given_at'),
  }))
}

/** A refresh token. */
export function refreshTokenOf(row: Row): RefreshToken {
  return readRecord('refresh token', () => ({
    id: rowId(textAt(row, 'id')),
    secretHash: sha256Digest(textAt(row, 'secret_hash')),
    grantRef: grantRef(textAt(row, 'grant_ref')),
    clientId: clientId(textAt(row, 'client_id')),
    createdAt: dateAt(row, 'created_at'),
    expiresAt: dateAt(row, 'expires_at'),
    idleExpiresAt: dateAt(row, 'purge_at'),
  }))
}

/** A session. */
export function sessionOf(row: Row): Session {
  return readRecord('session', () => ({
    id: rowId(textAt(row, 'id')),
    sid: rowId(textAt(row, 'sid')),
    secretHash: sha256Digest(textAt(row, 'secret_hash')),
    subject: subject(textAt(row, 'subject')),
    authTime: dateAt(row, 'auth_time'),
    acr: textAt(row, 'acr'),
    amr: jsonTextsAt(row, 'amr'),
    expiresAt: dateAt(row, 'purge_at'),
    device: textAt(row, 'device'),
  }))
}

/** A person. */
export function userOf(row: Row): UserRecord {
  return readRecord('user', () =>
    parseUser({
      subject: row['subject'],
      username: row['username'],
      passwordHash: row['password_hash'] === '' ? undefined : row['password_hash'],
      upstream:
        row['upstream_provider'] === null
          ? undefined
          : { provider: row['upstream_provider'], subject: row['upstream_subject'] },
      status: row['status'],
      notBefore: row['not_before'],
      createdAt: row['created_at'],
      claims: jsonAt(row, 'claims'),
    }),
  )
}

/** A passkey. */
export function passkeyOf(row: Row): Passkey {
  return readRecord('passkey', () =>
    parsePasskey({
      credentialId: row['credential_id'],
      subject: row['subject'],
      publicKey: row['public_key'],
      signCount: row['sign_count'],
      transports: jsonTextsAt(row, 'transports'),
      backup: row['backup'],
      name: row['name'],
      createdAt: row['created_at'],
      lastUsedAt: row['last_used_at'],
    }),
  )
}

/** A signing key. */
export function keyOf(row: Row): StoredKey {
  return readRecord('signing key', () => ({
    kid: textAt(row, 'kid'),
    alg: algorithmAt(row, 'alg'),
    sealedPrivateKey: textAt(row, 'sealed_private_key'),
    createdAt: dateAt(row, 'created_at'),
    activeFrom: dateAt(row, 'active_from'),
    publishedUntil: optionalAt(row, 'published_until', dateAt),
  }))
}

/** An event of the trail; whatever was done to its columns or to its record breaks the chain. */
export function eventOf(row: Row): SecurityEvent {
  return parseEvent({
    ...readRecord(`security event ${String(row['seq'])}`, () => recordOfEvent(row)),
    seq: row['seq'],
    id: row['id'],
    correlationId: row['correlation_id'],
    subjectRef: row['subject_ref'],
    time: row['time'],
    previousHash: row['previous_hash'],
    hash: row['hash'],
  })
}

/** Old records say of whom they are beside the column, and must say the same. */
function recordOfEvent(row: Row): JsonObject {
  const record = jsonAt(row, 'record')
  const told = record['subjectRef']
  if (told !== undefined && told !== row['subject_ref']) throw new SyntaxError('subjectRef is not that of its column')
  return record
}

/** What the next event of the trail stands behind. */
export function headOf(row: Row): ChainHead {
  return readRecord('security event', () => ({
    seq: numberAt(row, 'seq'),
    hash: sha256Digest(textAt(row, 'hash')),
  }))
}

/** Reads the row of a client. */
export type ClientReader = (row: Row) => ClientRecord

/**
 * A reader that remembers the clients it read last: a client is read on every request, and its keys are parsed once.
 *
 * The stored text itself is what tells one revision from the next, so that nothing has to be invalidated and no writer
 * can be forgotten, on this node or another.
 */
export function createClientReader(hash: Hash, most = 1000): ClientReader {
  const known = new Map<string, { readonly text: string; readonly client: ClientRecord }>()
  return (row) =>
    readRecord('client', () => {
      const id = textAt(row, 'client_id')
      const text = textAt(row, 'record')
      const remembered = known.get(id)
      if (remembered?.text === text) return remembered.client
      const client = parseClient(jsonAt(row, 'record'), hash)
      known.delete(id)
      for (const oldest of known.keys()) {
        if (known.size < most) break
        known.delete(oldest)
      }
      known.set(id, { text, client })
      return client
    })
}
