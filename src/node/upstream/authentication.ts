/** How we show a provider who we are. OIDC Core §9; RFC 7523 §2.2. */

import { createPrivateKey, type KeyObject } from 'node:crypto'
import type * as openidClient from 'openid-client'
import { isJsonObject } from '../../core/names.ts'
import type { UpstreamAuthentication } from './config.ts'

type OpenidClient = typeof openidClient

/** A private key as openid-client wants it. */
type ClientKey = { readonly key: KeyObject; readonly kid: string | undefined }

/** How the configured method looks to openid-client. */
export function clientAuthentication(client: OpenidClient, by: UpstreamAuthentication): openidClient.ClientAuth {
  switch (by.method) {
    case 'client_secret_basic':
      return client.ClientSecretBasic(by.secret.reveal())
    case 'client_secret_post':
      return client.ClientSecretPost(by.secret.reveal())
    case 'private_key_jwt': {
      const { key, kid } = readClientKey(by.key.reveal())
      const named = by.keyId ?? kid
      const algorithm = isP256(key) ? ({ name: 'ECDSA', namedCurve: 'P-256' } as const) : rsaPss
      const usable = key.toCryptoKey(algorithm, false, ['sign'])
      return client.PrivateKeyJwt(named === undefined ? usable : { key: usable, kid: named })
    }
  }
}

const rsaPss = { name: 'RSA-PSS', hash: 'SHA-256' } as const

/**
 * The private key in a PEM or JWK text. FAPI 2.0 SP §5.4.1.
 * @throws TypeError when it is none that may sign; it repeats nothing of the text
 */
export function readClientKey(text: string): ClientKey {
  const { key, kid } = parseKey(text)
  const bits = key.asymmetricKeyType === 'rsa' ? (key.asymmetricKeyDetails?.modulusLength ?? 0) : 0
  if (!isP256(key) && (bits < 2048 || bits > 4096))
    throw new TypeError('not a private key of P-256, or RSA of 2048 bits')
  return { key, kid }
}

function parseKey(text: string): ClientKey {
  try {
    if (!text.trimStart().startsWith('{')) return { key: createPrivateKey(text), kid: undefined }
    const jwk: unknown = JSON.parse(text)
    if (!isJsonObject(jwk)) throw new TypeError('not an object')
    const kid = typeof jwk['kid'] === 'string' ? jwk['kid'] : undefined
    return { key: createPrivateKey({ key: { ...jwk }, format: 'jwk' }), kid }
  } catch {
    // What a parser says could repeat what it read.
    throw new TypeError('not a private key in PEM or JWK')
  }
}

function isP256({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1'
}
