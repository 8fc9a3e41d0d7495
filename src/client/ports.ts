import type { CryptoKeyPair } from 'oauth4webapi'
import type { Clock } from '../core/ports.ts'

/** What the client asks of the world. */
export type ClientPorts = {
  /** An outbound request. Should end in time, bound the answer, and follow no redirect; `redirect` is `manual`. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  /** The thumbprint of the certificate that `fetch` shows to servers that ask for one: `x5t#S256`. RFC 8705 §3.1. */
  readonly certificate?: string
  /** A private JWK of the profile as a pair of keys for WebCrypto, the private one not extractable. */
  readonly importKeyPair: (key: PrivateJwk) => Promise<CryptoKeyPair>
  /** The digest of a text's UTF-8 bytes. */
  readonly digest: (algorithm: 'SHA-256' | 'SHA-512', text: string) => Uint8Array
  readonly clock: Clock
}

/** A private key of the profile: P-256, Ed25519, or RSA of 2048 to 4096 bits. RFC 7517; FAPI 2.0 SP §5.4.1. */
export type PrivateJwk = {
  readonly kty: string
  readonly kid?: string
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
  readonly d: string
  readonly p?: string
  readonly q?: string
  readonly dp?: string
  readonly dq?: string
  readonly qi?: string
}
