/** What the authorization server knows of its callers: applications, a machine, and the server of the bank. */

import { generatePrivateJwk, type PrivateJwk, publicJwkOf } from '../client/index.ts'
import { clientDefaults, type ClientRecord } from '../core/client.ts'
import { parsePublicKey } from '../core/jose.ts'
import { clientId, numericDate, resourceIdentifier } from '../core/names.ts'
import { sha256, systemClock } from '../node/runtime.ts'
import { paymentType } from './bill.ts'
import { machineName } from './certificates.ts'

/** Somebody registered, with the private key of their assertions. */
export type Credentials = { readonly clientId: string; readonly key: PrivateJwk }

/** An application that is registered at the authorization server, with its private key. */
export type Registered = Credentials & { readonly redirectUri: string }

/** Credentials with a fresh key. */
export function newCredentials(id: string): Credentials {
  return { clientId: id, key: generatePrivateJwk() }
}

/** An application of people: it may stay connected while they are away. */
export function applicationRecord(application: Registered, name: string): ClientRecord {
  return {
    ...common(application.clientId, name),
    redirectUris: [application.redirectUri],
    grantTypes: ['authorization_code', 'refresh_token'],
    scope: ['openid', 'profile', 'accounts', 'payments', 'offline_access'],
    authorizationDetailTypes: [paymentType],
    keys: [publicKeyOf(application)],
  }
}

/** The server of an API, which asks about tokens and does nothing else. RFC 7662 §4. */
export function resourceServerRecord(server: Credentials, name: string, resource: string): ClientRecord {
  return {
    ...common(server.clientId, name),
    role: { kind: 'resource_server', resource: resourceIdentifier(resource) },
    grantTypes: [],
    scope: [],
    keys: [publicKeyOf(server)],
  }
}

/** A machine without keys of assertions: its certificate says who it is, and its tokens are bound to it. RFC 8705. */
export function machineRecord(id: string, name: string): ClientRecord {
  return {
    ...common(id, name),
    authMethod: 'tls_client_auth',
    certificateName: { kind: 'dn', value: machineName },
    binding: 'certificate',
    grantTypes: ['client_credentials'],
    scope: ['statements'],
  }
}

function common(id: string, name: string) {
  return {
    ...clientDefaults,
    clientId: clientId(id),
    name,
    notBefore: numericDate(0),
    createdAt: systemClock(),
  }
}

function publicKeyOf({ key }: Credentials) {
  return parsePublicKey(publicJwkOf(key), sha256)
}
