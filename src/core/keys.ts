/** Keys and signed messages, as the core passes them around. `jose.ts` makes them. */

import type { JsonObject, JwkThumbprint } from './names.ts'
import type { SigningAlgorithm } from './profile.ts'

/** A public key of the profile, with only the members that matter. RFC 7517; FAPI 2.0 SP §5.4.1. */
export type PublicJwk =
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }

/** A public key with the one algorithm it serves and its thumbprint; `kid` and `use` as its owner published them. */
export type PublicKey = {
  readonly jwk: PublicJwk
  readonly alg: SigningAlgorithm
  readonly thumbprint: JwkThumbprint
  readonly kid: string | undefined
}

/** How a content encryption key reaches a recipient. RFC 7518 §4. */
export const keyManagementAlgorithms = ['ECDH-ES', 'ECDH-ES+A256KW', 'RSA-OAEP-256'] as const
export type KeyManagementAlgorithm = (typeof keyManagementAlgorithms)[number]

/** How content is encrypted. RFC 7518 §5. */
export const contentEncryptionAlgorithms = ['A256GCM', 'A128GCM'] as const
export type ContentEncryptionAlgorithm = (typeof contentEncryptionAlgorithms)[number]

/** A public key of a client that ID tokens may be encrypted to. */
export type EncryptionKey = {
  readonly jwk: PublicJwk
  readonly kid: string | undefined
  /** The one algorithm it is for, when its owner said so. */
  readonly alg: KeyManagementAlgorithm | undefined
}

/** A compact JWS that was taken apart and whose signature nobody has checked yet. */
export type UnverifiedJws = {
  readonly header: JsonObject
  readonly payload: JsonObject
  /** The first two parts as they came: what the signature covers. */
  readonly signingInput: string
  /** The third part, canonical base64url. */
  readonly signature: string
}
