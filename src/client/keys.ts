import * as oauth from 'oauth4webapi'
import type { ClientPorts, PrivateJwk } from './ports.ts'

/** The keys of a client. */
export type ClientKeys = {
  /** Signs client assertions; its public half is registered at the authorization server, under its `kid`. */
  readonly assertion: PrivateJwk | { readonly key: oauth.CryptoKey; readonly kid: string | undefined }
  /**
   * Tokens are bound to it. Without one, a key is made for this client and lives as long as it: with several processes,
   * or tokens that outlive one, pass a key. Never the same one for two authorization servers. FAPI 2.0 SP §6.3-1.
   */
  readonly dpop?: PrivateJwk | oauth.CryptoKeyPair
}

/** The keys, ready to use. */
export type ReadyKeys = {
  readonly assertion: { readonly key: oauth.CryptoKey; readonly kid: string | undefined; readonly alg: string }
  readonly dpop: { readonly pair: oauth.CryptoKeyPair; readonly alg: string }
}

/**
 * Makes the keys ready.
 * @throws TypeError when one is not a key of the profile
 */
export async function prepareKeys(keys: ClientKeys, ports: ClientPorts): Promise<ReadyKeys> {
  const { assertion, dpop } = keys
  const { key, kid } =
    'kty' in assertion
      ? { key: (await ports.importKeyPair(assertion)).privateKey, kid: assertion.kid }
      : { key: assertion.key, kid: assertion.kid }
  const pair = await preparePair(dpop, ports)
  return { assertion: { key, kid, alg: algorithmOf(key) }, dpop: { pair, alg: algorithmOf(pair.privateKey) } }
}

async function preparePair(dpop: ClientKeys['dpop'], ports: ClientPorts): Promise<oauth.CryptoKeyPair> {
  if (dpop === undefined) return oauth.generateKeyPair('ES256')
  return 'kty' in dpop ? ports.importKeyPair(dpop) : dpop
}

/** The one algorithm of the profile a key serves. FAPI 2.0 SP §5.4.1. */
function algorithmOf(key: oauth.CryptoKey): string {
  const { algorithm } = key
  if (algorithm.name === 'Ed25519') return 'EdDSA'
  if (algorithm.name === 'ECDSA' && 'namedCurve' in algorithm && algorithm.namedCurve === 'P-256') return 'ES256'
  if (algorithm.name === 'RSA-PSS') return 'PS256'
  throw new TypeError('a key is not ECDSA P-256, Ed25519 or RSA-PSS')
}
