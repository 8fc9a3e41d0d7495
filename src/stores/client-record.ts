/** Clients as JSON and back. */

import {
  type CertificateName,
  clientAuthenticationMethods,
  clientDefaults,
  type ClientRecord,
  type ClientRole,
  grantTypes,
  type IdTokenEncryption,
} from '../core/client.ts'
import { parsePublicKey } from '../core/jose.ts'
import { contentEncryptionAlgorithms, type EncryptionKey, keyManagementAlgorithms } from '../core/keys.ts'
import { certificateThumbprint, clientId, type JsonObject, resourceIdentifier } from '../core/names.ts'
import type { Hash } from '../core/ports.ts'
import { listAt, numberAt, objectFrom, oneOf, optionalAt, readRecord, textAt, textsAt } from './json.ts'
import { algorithmAt, dateAt } from './records.ts'

/** What is written for a client: its keys as JWKs that `parsePublicKey` reads back. */
export function clientJson(client: ClientRecord): JsonObject {
  return { ...client, keys: client.keys.map(({ jwk, alg, kid }) => ({ ...jwk, alg, kid })) }
}

/**
 * A client, as `JSON.stringify(clientJson(client))` left it; what it lacks is as for a client that registered nothing.
 * @throws CorruptRecord
 */
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
      authorizationDetailTypes:
        optionalAt(record, 'authorizationDetailTypes', textsAt) ?? clientDefaults.authorizationDetailTypes,
      status: oneOf(clientStatuses, record['status']),
      notBefore: dateAt(record, 'notBefore'),
      createdAt: dateAt(record, 'createdAt'),
      ...authenticationOf(record, hash),
      ...tokensOf(record, hash),
      ...personOf(record),
    }
  })
}

type Authentication = Pick<
  ClientRecord,
  | 'role'
  | 'authMethod'
  | 'certificateName'
  | 'binding'
  | 'jwksUri'
  | 'keys'
  | 'certificates'
  | 'tokenEndpointAuthSigningAlg'
>

function authenticationOf(record: JsonObject, hash: Hash): Authentication {
  return {
    role: optionalAt(record, 'role', roleAt) ?? clientDefaults.role,
    authMethod:
      optionalAt(record, 'authMethod', (from, member) => oneOf(clientAuthenticationMethods, from[member])) ??
      clientDefaults.authMethod,
    certificateName: optionalAt(record, 'certificateName', certificateNameAt),
    binding: optionalAt(record, 'binding', (from, member) => oneOf(bindings, from[member])) ?? clientDefaults.binding,
    jwksUri: optionalAt(record, 'jwksUri', textAt),
    keys: listAt(record, 'keys', (entry) => parsePublicKey(entry, hash)),
    certificates:
      optionalAt(record, 'certificates', textsAt)?.map(certificateThumbprint) ?? clientDefaults.certificates,
    tokenEndpointAuthSigningAlg: optionalAt(record, 'tokenEndpointAuthSigningAlg', algorithmAt),
  }
}

type Tokens = Pick<
  ClientRecord,
  'encryptionKeys' | 'idTokenSignedResponseAlg' | 'idTokenEncryption' | 'userinfoSignedResponseAlg'
>

function tokensOf(record: JsonObject, hash: Hash): Tokens {
  return {
    encryptionKeys:
      optionalAt(record, 'encryptionKeys', (from, member) =>
        listAt(from, member, (entry) => encryptionKeyFrom(entry, hash)),
      ) ?? clientDefaults.encryptionKeys,
    idTokenSignedResponseAlg: optionalAt(record, 'idTokenSignedResponseAlg', algorithmAt),
    idTokenEncryption: optionalAt(record, 'idTokenEncryption', encryptionAt),
    userinfoSignedResponseAlg: optionalAt(record, 'userinfoSignedResponseAlg', algorithmAt),
  }
}

type Person = Pick<
  ClientRecord,
  'subjectType' | 'sector' | 'defaultMaxAge' | 'postLogoutRedirectUris' | 'backchannelLogoutUri'
>

function personOf(record: JsonObject): Person {
  return {
    subjectType:
      optionalAt(record, 'subjectType', (from, member) => oneOf(subjectTypes, from[member])) ??
      clientDefaults.subjectType,
    sector: optionalAt(record, 'sector', textAt),
    defaultMaxAge: optionalAt(record, 'defaultMaxAge', numberAt),
    postLogoutRedirectUris:
      optionalAt(record, 'postLogoutRedirectUris', textsAt) ?? clientDefaults.postLogoutRedirectUris,
    backchannelLogoutUri: optionalAt(record, 'backchannelLogoutUri', textAt),
  }
}

function roleAt(from: JsonObject, member: string): ClientRole {
  const role = objectFrom(from[member])
  const kind = oneOf(roles, role['kind'])
  return kind === 'resource_server' ? { kind, resource: resourceIdentifier(textAt(role, 'resource')) } : { kind }
}

function certificateNameAt(from: JsonObject, member: string): CertificateName {
  const name = objectFrom(from[member])
  return { kind: oneOf(certificateNameKinds, name['kind']), value: textAt(name, 'value') }
}

function encryptionKeyFrom(entry: unknown, hash: Hash): EncryptionKey {
  const key = objectFrom(entry)
  return {
    // The members of a key are the same whatever it is for.
    jwk: parsePublicKey(key['jwk'], hash).jwk,
    kid: optionalAt(key, 'kid', textAt),
    alg: optionalAt(key, 'alg', (from, member) => oneOf(keyManagementAlgorithms, from[member])),
  }
}

function encryptionAt(from: JsonObject, member: string): IdTokenEncryption {
  const encryption = objectFrom(from[member])
  return {
    alg: oneOf(keyManagementAlgorithms, encryption['alg']),
    enc: oneOf(contentEncryptionAlgorithms, encryption['enc']),
  }
}

const applicationTypes = ['web', 'native'] as const
/** Whether a client may be served. */
export const clientStatuses = ['active', 'suspended'] as const
const roles = ['client', 'resource_server', 'sign_in_app'] as const satisfies readonly ClientRole['kind'][]
const bindings = ['dpop', 'certificate'] as const
const certificateNameKinds = ['dn', 'dns', 'uri', 'ip', 'email'] as const
const subjectTypes = ['public', 'pairwise'] as const
