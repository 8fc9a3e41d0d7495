/** What proves who asks: client assertions and DPoP proofs, each used once. RFC 7523 §2.2; RFC 9449 §4.2. */

import { randomBytes, sign } from 'node:crypto'
import { jwtBearerAssertionType } from '../../src/core/wire/client-authentication.ts'
import { type Actor, theKid } from '../actors.ts'

/** A proof key with the nonce its server gave it. */
export type Holder = { readonly key: Actor; readonly nonce: string | undefined }

/** The parameters by which a client authenticates. */
export function authentication(clientId: string, issuer: string, { privateKey }: Actor): Record<string, string> {
  const iat = Math.floor(Date.now() / 1000)
  const claims = { iss: clientId, sub: clientId, aud: issuer, jti: unguessable(), iat, exp: iat + 240 }
  const header = { alg: 'ES256', typ: 'client-authentication+jwt', kid: theKid }
  return { client_assertion_type: jwtBearerAssertionType, client_assertion: jwt(header, claims, privateKey) }
}

/** A proof for one POST. */
export function proof(htu: string, { key, nonce }: Holder): string {
  const claims = { jti: unguessable(), htm: 'POST', htu, iat: Math.floor(Date.now() / 1000), nonce }
  return jwt({ alg: 'ES256', typ: 'dpop+jwt', jwk: key.publicJwk }, claims, key.privateKey)
}

/** A text that nobody had before. */
export function unguessable(): string {
  return randomBytes(16).toString('base64url')
}

function jwt(header: object, claims: object, privateKey: Actor['privateKey']): string {
  const input = `${segment(header)}.${segment(claims)}`
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

function segment(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
