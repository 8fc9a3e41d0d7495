/** Whole requests as bytes, each with credentials of its own, signed before anything is measured. */

import { createHash, randomBytes, sign } from 'node:crypto'
import { jwtBearerAssertionType } from '../../src/core/wire/client-authentication.ts'
import { type Actor, type Actors, theClient, theKid, theRedirectUri, theScope } from '../actors.ts'
import type { Work } from '../messages.ts'

/** What a server says of itself, as far as it is needed here. */
export type Endpoints = { readonly issuer: string; readonly par: string; readonly token: string }

/** Signs `count` requests for a server; asks it for nonces first where the work needs them. */
export async function signRequests(
  work: Work,
  count: number,
  { endpoints, actors }: { readonly endpoints: Endpoints; readonly actors: Actors },
): Promise<readonly Buffer[]> {
  switch (work) {
    case 'par':
      return Array.from({ length: count }, () => pushedAuthorizationRequest(endpoints, actors))
    case 'token-client-credentials': {
      const holders = await Promise.all(actors.proofKeys.map((key) => holderOf(key, endpoints, actors)))
      return Array.from({ length: count }, (_, index) =>
        tokenRequest(holders[index % holders.length], endpoints, actors),
      )
    }
  }
}

function pushedAuthorizationRequest({ issuer, par }: Endpoints, { client }: Actors): Buffer {
  const form = {
    client_id: theClient,
    response_type: 'code',
    redirect_uri: theRedirectUri,
    scope: `openid ${theScope}`,
    state: randomBytes(16).toString('base64url'),
    nonce: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
    code_challenge_method: 'S256',
    ...authentication(issuer, client),
  }
  return postRequest(par, form, {})
}

/** A proof key with the nonce its server gave it. */
type Holder = { readonly key: Actor; readonly nonce: string | undefined }

function tokenRequest(holder: Holder | undefined, { issuer, token }: Endpoints, { client }: Actors): Buffer {
  if (holder === undefined) throw new TypeError('there is no proof key')
  return postRequest(token, tokenForm(issuer, client), { dpop: proof(token, holder) })
}

/** Asks with a proof that has no nonce yet. RFC 9449 §8. A server that wants none gets none. */
async function holderOf(key: Actor, { issuer, token }: Endpoints, { client }: Actors): Promise<Holder> {
  const response = await fetch(token, {
    method: 'POST',
    headers: { dpop: proof(token, { key, nonce: undefined }), connection: 'close' },
    body: new URLSearchParams(tokenForm(issuer, client)),
  })
  await response.arrayBuffer()
  return { key, nonce: response.headers.get('dpop-nonce') ?? undefined }
}

function tokenForm(issuer: string, client: Actor): Record<string, string> {
  return { grant_type: 'client_credentials', scope: theScope, ...authentication(issuer, client) }
}

function authentication(issuer: string, { privateKey }: Actor): Record<string, string> {
  const iat = Math.floor(Date.now() / 1000)
  const claims = { iss: theClient, sub: theClient, aud: issuer, jti: newJti(), iat, exp: iat + 240 }
  const header = { alg: 'ES256', typ: 'client-authentication+jwt', kid: theKid }
  return { client_assertion_type: jwtBearerAssertionType, client_assertion: jwt(header, claims, privateKey) }
}

function proof(htu: string, { key, nonce }: Holder): string {
  const claims = { jti: newJti(), htm: 'POST', htu, iat: Math.floor(Date.now() / 1000), nonce }
  return jwt({ alg: 'ES256', typ: 'dpop+jwt', jwk: key.publicJwk }, claims, key.privateKey)
}

function newJti(): string {
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

function postRequest(
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
): Buffer {
  const { host, pathname } = new URL(url)
  const body = new URLSearchParams(form).toString()
  const fields = {
    host,
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
    ...headers,
  }
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`POST ${pathname} HTTP/1.1\r\n${head.join('')}\r\n${body}`)
}
