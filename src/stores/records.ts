/**
 * Records as JSON and back: the same parsers serve the rows of a database and the lines of the management socket.
 * Every parser throws CorruptRecord.
 */

import {
  type Approval,
  type AuthorizationRequest,
  type ClientRecord,
  grantTypes,
  prompts,
  type UserRecord,
} from '../core/flow.ts'
import { parsePublicKey } from '../core/jose.ts'
import {
  clientId,
  codeChallenge,
  grantRef,
  type JsonObject,
  jwkThumbprint,
  numericDate,
  resourceIdentifier,
  sha256Digest,
  storedRedirectUri,
  subject,
  username,
} from '../core/names.ts'
import type { Hash } from '../core/ports.ts'
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
    }
  })
}

/** What a person allowed, as `JSON.stringify` left it. */
export function parseApproval(value: unknown): Approval {
  return readRecord('approval', () => {
    const record = objectFrom(value)
    return {
      codeHash: sha256Digest(textAt(record, 'codeHash')),
      codeExpiresAt: numericDate(numberAt(record, 'codeExpiresAt')),
      grantRef: grantRef(textAt(record, 'grantRef')),
      subject: subject(textAt(record, 'subject')),
      scope: textsAt(record, 'scope'),
      resources: textsAt(record, 'resources').map(resourceIdentifier),
      authTime: numericDate(numberAt(record, 'authTime')),
      acr: textAt(record, 'acr'),
      amr: textsAt(record, 'amr'),
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
      passwordHash: textAt(record, 'passwordHash'),
      status: oneOf(userStatuses, record['status']),
      notBefore: numericDate(numberAt(record, 'notBefore')),
      createdAt: numericDate(numberAt(record, 'createdAt')),
      claims: parseClaims(record['claims']),
    }
  })
}

const userStatuses = ['active', 'locked'] as const

function parseClaims(value: unknown): UserRecord['claims'] {
  const claims = objectFrom(value)
  const name = optionalAt(claims, 'name', textAt)
  const email = optionalAt(claims, 'email', textAt)
  return { ...(name === undefined ? {} : { name }), ...(email === undefined ? {} : { email }) }
}

/** What is written for a client: its keys as JWKs that `parsePublicKey` reads back. */
export function clientJson(client: ClientRecord): JsonObject {
  return { ...client, keys: client.keys.map(({ jwk, alg, kid }) => ({ ...jwk, alg, kid })) }
}

/** A client, as `JSON.stringify(clientJson(client))` left it. */
export function parseClient(value: unknown, hash: Hash): ClientRecord {
  return readRecord('client', () => {
    const record = objectFrom(value)
    return {
      clientId: clientId(textAt(record, 'clientId')),
      name: textAt(record, 'name'),
      applicationType: oneOf(applicationTypes, record['applicationType']),
      redirectUris: textsAt(record, 'redirectUris'),
      grantTypes: listAt(record, 'grantTypes', (entry) => oneOf(grantTypes, entry)),
      scope: textsAt(record, 'scope'),
      keys: listAt(record, 'keys', (entry) => parsePublicKey(entry, hash)),
      tokenEndpointAuthSigningAlg: optionalAt(record, 'tokenEndpointAuthSigningAlg', algorithmAt),
      idTokenSignedResponseAlg: optionalAt(record, 'idTokenSignedResponseAlg', algorithmAt),
      status: oneOf(clientStatuses, record['status']),
      notBefore: numericDate(numberAt(record, 'notBefore')),
      createdAt: numericDate(numberAt(record, 'createdAt')),
    }
  })
}

const applicationTypes = ['web', 'native'] as const
const clientStatuses = ['active', 'suspended'] as const

/** The algorithm named by a member. @throws SyntaxError */
export function algorithmAt(record: JsonObject, member: string): (typeof signingAlgorithms)[number] {
  return oneOf(signingAlgorithms, record[member])
}
