import * as oauth from 'oauth4webapi'
import { jwtDecrypter } from '../core/jose.ts'
import type { ClientPorts, PrivateJwk } from './ports.ts'

/** The keys of a client. */
export type ClientKeys = {
  /**
   * Signs client assertions; its public half is registered at the authorization server, under its `kid`. Not needed where
   * a certificate says who the client is.
   */
  readonly assertion?: PrivateJwk | { readonly key: oauth.CryptoKey; readonly kid: string | undefined }
  /**
   * Tokens are bound to it. Without one, a key is made for this client and lives as long as it: with several processes,
   * or tokens that outlive one, pass a key. Never the same one for two authorization servers. FAPI 2.0 SP §6.3-1.
   */
  readonly dpop?: PrivateJwk | oauth.CryptoKeyPair
  /** P-256 and RSA keys that ID tokens are encrypted to. With one, an ID token that is not encrypted is refused. */
  readonly decryption?: readonly PrivateJwk[]
}

/** The keys, ready to use. */
export type ReadyKeys = {
  readonly assertion:
    | { readonly key: oauth.CryptoKey; readonly kid: string | undefined; readonly alg: string }
    | undefined
  readonly dpop: { readonly pair: oauth.CryptoKeyPair; readonly alg: string } | undefined
  readonly decrypt: ((jwe: string) => Promise<string>) | undefined
}

/** Which keys a client has a use for. */
export type KeyUses = {
  readonly authentication: 'private_key_jwt' | 'tls_client_auth' | 'self_signed_tls_client_auth'
  readonly binding: 'dpop' | 'certificate'
}

/**
 * Makes the keys ready.
 * @throws TypeError when one is missing, or not a key of the profile
 */
export async function prepareKeys(keys: ClientKeys, uses: KeyUses, ports: ClientPorts): Promise<ReadyKeys> {
  const { dpop, decryption = [] } = keys
  const pair = uses.binding === 'dpop' ? await preparePair(dpop, ports) : undefined
  for (const { kty, crv } of decryption) {
    if (kty !== 'RSA' && crv !== 'P-256') throw new TypeError('a decryption key is neither P-256 nor RSA')
  }
  return {
    assertion: uses.authentication === 'private_key_jwt' ? await prepareAssertionKey(keys, ports) : undefined,
    dpop: pair === undefined ? undefined : { pair, alg: algorithmOf(pair.privateKey) },
    decrypt: decryption.length === 0 ? undefined : jwtDecrypter(decryption),
  }
}

async function prepareAssertionKey({ assertion }: ClientKeys, ports: ClientPorts) {
  if (assertion === undefined) throw new TypeError('private_key_jwt needs keys.assertion')
  const { key, kid } =
    'kty' in assertion
      ? { key: (await ports.importKeyPair(assertion)).privateKey, kid: assertion.kid }
      : { key: assertion.key, kid: assertion.kid }
  return { key, kid, alg: algorithmOf(key) }
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
