/**
 * Who takes part in a run: one client with the DPoP keys of its instances, one API, and one person. Made once, the same for
 * every server.
 */

import { createPrivateKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { isJsonObject } from '../src/core/names.ts'

export const theClient = 'bench-client'
/** The client under which the API asks about tokens. */
export const theApi = 'bench-api'
export const theKid = 'bench-key'
export const theResource = 'https://bank.example'
export const theScope = 'accounts'
export const theRedirectUri = 'https://app.example/callback'
export const theUsername = 'bench-person'
export const thePassword = 'nobody keeps anything here'

/** A private key ready to sign, and its public part. */
export type Actor = { readonly privateKey: KeyObject; readonly publicJwk: JsonWebKey }

/** The private keys of a run. */
export type Actors = { readonly client: Actor; readonly api: Actor; readonly proofKeys: readonly Actor[] }

/** As many as connections, so that no server profits from seeing one key only. */
const proofKeys = 32

/** Makes new keys and writes them to a file that every process of the run reads. */
export function writeActors(path: string): void {
  const keys = Array.from({ length: proofKeys + 2 }, () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
  )
  writeFileSync(path, JSON.stringify(keys), { mode: 0o600 })
}

/** Reads the keys of the run. */
export function readActors(path: string): Actors {
  const keys: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (!Array.isArray(keys)) throw new TypeError('not a file of keys')
  const [client, api, ...others] = keys.map(actorOf)
  if (client === undefined || api === undefined) throw new TypeError('a file without keys')
  return { client, api, proofKeys: others }
}

function actorOf(jwk: unknown): Actor {
  if (!isJsonObject(jwk)) throw new TypeError('not a key')
  const { x, y } = jwk
  if (typeof x !== 'string' || typeof y !== 'string') throw new TypeError('not an EC key')
  const privateKey = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
  return { privateKey, publicJwk: { kty: 'EC', crv: 'P-256', x, y } }
}
