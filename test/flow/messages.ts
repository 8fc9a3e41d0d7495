/** Builders: a valid message, and one thing to break in it. */

import { encodeBase64url } from '../../src/core/jose.ts'
import type { JsonObject } from '../../src/core/names.ts'
import type { Signer } from '../../src/core/ports.ts'
import { sha256 } from '../../src/node/runtime.ts'
import type { Party, TestClient } from './parties.ts'
import { redirectUri, theIssuer, urls, type World } from './world.ts'

/** Any JWT, signed as its header says or as told. */
export async function aJwt(header: JsonObject, claims: JsonObject, signer: Signer): Promise<string> {
  return aRawJws(JSON.stringify({ alg: signer.alg, ...header }), JSON.stringify(claims), signer)
}

/** A compact JWS of any two texts. */
export async function aRawJws(header: string, payload: string, signer: Signer): Promise<string> {
  const input = `${encodeBase64url(header)}.${encodeBase64url(payload)}`
  return `${input}.${encodeBase64url(await signer.sign(input))}`
}

/** The claims of a JWT of ours. */
export function claimsOf(jwt: unknown): JsonObject {
  return JSON.parse(Buffer.from(String(jwt).split('.')[1] ?? '', 'base64url').toString())
}

/** The header of a JWT of ours. */
export function headerOf(jwt: unknown): JsonObject {
  return JSON.parse(Buffer.from(String(jwt).split('.')[0] ?? '', 'base64url').toString())
}

/** What to change in a valid JWT; a member set to undefined goes away. */
export type Changes = {
  readonly header?: JsonObject
  readonly claims?: JsonObject
  readonly signer?: Signer
  /** The last word on the finished text. */
  readonly text?: (jwt: string) => string
}

/** A valid client assertion, or one with something broken. */
export async function anAssertion(
  world: World,
  client: TestClient = world.client,
  changes: Changes = {},
): Promise<string> {
  const now = world.now()
  const jwt = await aJwt(
    { typ: 'client-authentication+jwt', kid: client.key.kid, ...changes.header },
    {
      iss: client.clientId,
      sub: client.clientId,
      aud: theIssuer,
      jti: world.random(16),
      iat: now,
      exp: now + 60,
      ...changes.claims,
    },
    changes.signer ?? client.signer,
  )
  return changes.text?.(jwt) ?? jwt
}

export const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** The parameters that authenticate a client. */
export async function authentication(world: World, client: TestClient = world.client, changes: Changes = {}) {
  return [
    ['client_assertion_type', jwtBearer],
    ['client_assertion', await anAssertion(world, client, changes)],
  ] as const
}

/** A valid DPoP proof for a URL of the server, with a current nonce, or one with something broken. */
export async function aProof(
  world: World,
  party: Party,
  method: string,
  url: string,
  changes: Changes = {},
): Promise<string> {
  const nonce = await aNonce(world, party)
  const claims = { jti: world.random(16), htm: method, htu: url, iat: world.now(), nonce }
  const jwk: JsonObject = { ...party.key.jwk }
  const jwt = await aJwt(
    { typ: 'dpop+jwt', jwk, ...changes.header },
    { ...claims, ...changes.claims },
    changes.signer ?? party.signer,
  )
  return changes.text?.(jwt) ?? jwt
}

/** The nonce the server gives this key now; asked for once a minute, as a client would. */
export async function aNonce(world: World, party: Party): Promise<string> {
  const slot = `${party.key.thumbprint} ${Math.floor(world.now() / 60)}`
  const known = world.nonces.get(slot)
  if (known !== undefined) return known
  const claims = { jti: world.random(16), htm: 'POST', htu: urls.token, iat: world.now() }
  const proof = await aJwt({ typ: 'dpop+jwt', jwk: { ...party.key.jwk } }, claims, party.signer)
  const reply = await world.send('POST', '/token', { form: [], headers: [['dpop', proof]] })
  const nonce = reply.headers.get('dpop-nonce') ?? ''
  world.nonces.set(slot, nonce)
  return nonce
}

/** PKCE as a client keeps it. */
export function aPkcePair(world: World) {
  const verifier = world.random(32)
  return { verifier, challenge: sha256(verifier) }
}

/** Parameters by name; undefined leaves one out. */
export type Parameters = Readonly<Record<string, string | undefined>>

/** A valid message with changes, as pairs. */
export function changed(valid: Parameters, changes: Parameters): (readonly [string, string])[] {
  return Object.entries({ ...valid, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
}

/** A valid push, without what authenticates the client. */
export function aPush(
  world: World,
  client: TestClient = world.client,
  challenge = aPkcePair(world).challenge,
): Parameters {
  return {
    client_id: client.clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid profile accounts',
    state: 'a state',
    nonce: 'a nonce',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }
}
