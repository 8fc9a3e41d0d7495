/**
 * Records as JSON and back: the same parsers serve the rows of a database and the lines of the management socket.
 * Every parser throws CorruptRecord.
 */

import type { AuthorizationDetail } from '../core/authorization-details.ts'
import {
  type Approval,
  type AuthorizationRequest,
  type Consent,
  type Grant,
  type InteractionDecision,
  noRequestedClaims,
  prompts,
  type RequestedClaims,
  type StoredKey,
} from '../core/flow.ts'
import type { Passkey, UpstreamIdentity, UserRecord } from '../core/people.ts'
import {
  clientId,
  codeChallenge,
  grantRef,
  type JsonObject,
  jwkThumbprint,
  type NumericDate,
  numericDate,
  resourceIdentifier,
  rowId,
  sha256Digest,
  storedRedirectUri,
  subject,
  username,
} from '../core/names.ts'
import { signingAlgorithms } from '../core/profile.ts'
import { listAt, numberAt, objectFrom, oneOf, optionalAt, readRecord, textAt, textsAt } from './json.ts'

/** What a client pushed, as `JSON.stringify` left it. */
export function parseAuthorizationRequest(value: unknown): AuthorizationRequest {
  return readRecord('authorization request', () => {
    const record = objectFrom(value)
    return {
      redirectUri: storedRedirectUri(textAt(record, 'redirectUri')),
      scope: textsAt(record, 'scope'),
      resources: textsAt(record, 'resources').map(resourceIdentifier),
      codeChallenge: codeChallenge(textAt(record, 'codeChallenge')),
      state: optionalAt(record, 'state', textAt),
      nonce: optionalAt(record, 'nonce', textAt),
      prompt: listAt(record, 'prompt', (entry) => oneOf(prompts, entry)),
      maxAge: optionalAt(record, 'maxAge', numberAt),
      loginHint: optionalAt(record, 'loginHint', textAt),
      dpopJkt: optionalAt(record, 'dpopJkt', (from, member) => jwkThumbprint(textAt(from, member))),
      acrValues: optionalAt(record, 'acrValues', textsAt) ?? [],
      claims: optionalAt(record, 'claims', requestedClaimsAt) ?? noRequestedClaims,
      hintedSubject: optionalAt(record, 'hintedSubject', (from, member) => subject(textAt(from, member))),
      details: optionalAt(record, 'details', detailsAt) ?? [],
      uiLocales: optionalAt(record, 'uiLocales', textsAt) ?? [],
    }
  })
}

/** Authorization details, as they were allowed. @throws SyntaxError */
export function detailsAt(record: JsonObject, member: string): readonly AuthorizationDetail[] {
  return listAt(record, member, (entry) => {
    const element = objectFrom(entry)
    return { ...element, type: textAt(element, 'type') }
  })
}

/** What is asked for by name. @throws SyntaxError */
export function requestedClaimsFrom(record: JsonObject): RequestedClaims {
  return {
    idToken: textsAt(record, 'idToken'),
    userinfo: textsAt(record, 'userinfo'),
    essentialAcr: optionalAt(record, 'essentialAcr', textsAt),
  }
}

function requestedClaimsAt(record: JsonObject, member: string): RequestedClaims {
  return requestedClaimsFrom(objectFrom(record[member]))
}

/**
 * What a person allowed, as `JSON.stringify` left it. One that was written without its sign-in gets the name of its
 * grant for it, which no session has.
 */
export function parseApproval(value: unknown): Approval {
  return readRecord('approval', () => {
    const record = objectFrom(value)
    return {
      codeHash: sha256Digest(textAt(record, 'codeHash')),
      codeExpiresAt: dateAt(record, 'codeExpiresAt'),
      grantRef: grantRef(textAt(record, 'grantRef')),
      subject: subject(textAt(record, 'subject')),
      scope: textsAt(record, 'scope'),
      resources: textsAt(record, 'resources').map(resourceIdentifier),
      details: optionalAt(record, 'details', detailsAt) ?? [],
      authTime: dateAt(record, 'authTime'),
      acr: textAt(record, 'acr'),
      amr: textsAt(record, 'amr'),
      sid: rowId(textAt(record, record['sid'] === undefined ? 'grantRef' : 'sid')),
    }
  })
}

/** What the operator's sign-in application decided, as `JSON.stringify` left it. */
export function parseDecision(value: unknown): InteractionDecision {
  return readRecord('decision', () => {
    const record = objectFrom(value)
    return {
      handleHash: sha256Digest(textAt(record, 'handleHash')),
      expiresAt: dateAt(record, 'expiresAt'),
      verdict: verdictFrom(objectFrom(record['verdict'])),
    }
  })
}

function verdictFrom(verdict: JsonObject): InteractionDecision['verdict'] {
  const kind = oneOf(verdicts, verdict['kind'])
  if (kind === 'deny') return { kind }
  const authentication = objectFrom(verdict['authentication'])
  return {
    kind,
    subject: subject(textAt(verdict, 'subject')),
    authentication: {
      authTime: dateAt(authentication, 'authTime'),
      acr: textAt(authentication, 'acr'),
      amr: textsAt(authentication, 'amr'),
    },
    details: detailsAt(verdict, 'details'),
  }
}

const verdicts = ['deny', 'allow'] as const

/** A grant, as `JSON.stringify` left it. */
export function parseGrant(value: unknown): Grant {
  return readRecord('grant', () => {
    const record = objectFrom(value)
    return {
      ref: grantRef(textAt(record, 'ref')),
      clientId: clientId(textAt(record, 'clientId')),
      subject: subject(textAt(record, 'subject')),
      scope: textsAt(record, 'scope'),
      resources: textsAt(record, 'resources').map(resourceIdentifier),
      details: optionalAt(record, 'details', detailsAt) ?? [],
      createdAt: dateAt(record, 'createdAt'),
      lastUsedAt: optionalAt(record, 'lastUsedAt', dateAt),
      expiresAt: dateAt(record, 'expiresAt'),
      revokedAt: optionalAt(record, 'revokedAt', dateAt),
      authTime: dateAt(record, 'authTime'),
      acr: textAt(record, 'acr'),
      amr: textsAt(record, 'amr'),
      sid: rowId(textAt(record, 'sid')),
      claims: requestedClaimsAt(record, 'claims'),
    }
  })
}

/** What a person allowed a client so far, as `JSON.stringify` left it. */
export function parseConsent(value: unknown): Consent {
  return readRecord('consent', () => {
    const record = objectFrom(value)
    return {
      subject: subject(textAt(record, 'subject')),
      clientId: clientId(textAt(record, 'clientId')),
      scope: textsAt(record, 'scope'),
      resources: textsAt(record, 'resources').map(resourceIdentifier),
      givenAt: dateAt(record, 'givenAt'),
    }
  })
}

/** A signing key, its private part sealed, as `JSON.stringify` left it. */
export function parseStoredKey(value: unknown): StoredKey {
  return readRecord('signing key', () => {
    const record = objectFrom(value)
    return {
      kid: textAt(record, 'kid'),
      alg: algorithmAt(record, 'alg'),
      sealedPrivateKey: textAt(record, 'sealedPrivateKey'),
      createdAt: dateAt(record, 'createdAt'),
      activeFrom: dateAt(record, 'activeFrom'),
      publishedUntil: optionalAt(record, 'publishedUntil', dateAt),
    }
  })
}

/** A person, as `JSON.stringify` left them. */
export function parseUser(value: unknown): UserRecord {
  return readRecord('user', () => {
    const record = objectFrom(value)
    return {
      subject: subject(textAt(record, 'subject')),
      username: username(textAt(record, 'username')),
      passwordHash: optionalAt(record, 'passwordHash', textAt),
      upstream: optionalAt(record, 'upstream', upstreamAt),
      status: oneOf(userStatuses, record['status']),
      notBefore: dateAt(record, 'notBefore'),
      createdAt: dateAt(record, 'createdAt'),
      claims: parseClaims(record['claims']),
    }
  })
}

/** Whether a person may sign in. */
export const userStatuses = ['active', 'locked'] as const

function upstreamAt(record: JsonObject, member: string): UpstreamIdentity {
  const identity = objectFrom(record[member])
  return { provider: textAt(identity, 'provider'), subject: textAt(identity, 'subject') }
}

/** A passkey, as `JSON.stringify` left it. */
export function parsePasskey(value: unknown): Passkey {
  return readRecord('passkey', () => {
    const record = objectFrom(value)
    return {
      credentialId: textAt(record, 'credentialId'),
      subject: subject(textAt(record, 'subject')),
      publicKey: textAt(record, 'publicKey'),
      signCount: numberAt(record, 'signCount'),
      transports: textsAt(record, 'transports'),
      backup: oneOf(backups, record['backup']),
      name: textAt(record, 'name'),
      createdAt: dateAt(record, 'createdAt'),
      lastUsedAt: optionalAt(record, 'lastUsedAt', dateAt),
    }
  })
}

const backups = ['device_bound', 'eligible', 'backed_up'] as const satisfies readonly Passkey['backup'][]

function parseClaims(value: unknown): UserRecord['claims'] {
  const claims = objectFrom(value)
  const name = optionalAt(claims, 'name', textAt)
  const email = optionalAt(claims, 'email', textAt)
  return { ...(name === undefined ? {} : { name }), ...(email === undefined ? {} : { email }) }
}

/** The algorithm named by a member. @throws SyntaxError */
export function algorithmAt(record: JsonObject, member: string): (typeof signingAlgorithms)[number] {
  return oneOf(signingAlgorithms, record[member])
}

/** The instant named by a member. @throws SyntaxError, MalformedName */
export function dateAt(record: JsonObject, member: string): NumericDate {
  return numericDate(numberAt(record, member))
}
