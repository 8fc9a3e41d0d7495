import { X509Certificate } from 'node:crypto'
import { createEgress, type EgressTls } from '../../node/egress.ts'
import { systemClock } from '../../node/runtime.ts'
import type { ClientPorts } from '../ports.ts'
import { digest, importKeyPair } from './keys.ts'

export type { EgressTls as ClientTls } from '../../node/egress.ts'
export { generatePrivateJwk, parsePrivateJwk, publicJwkOf, readPrivateJwk } from './keys.ts'

/** How far the client may reach. */
export type NodeClientOptions = {
  /** The origins of the issuer and of the API, and of endpoints that stand elsewhere; nothing else is ever asked. */
  readonly allowedOrigins: readonly string[]
  /** For one whole exchange; 10 seconds unless given. */
  readonly timeoutMs?: number
  /** For one answer; 1 MiB unless given. */
  readonly maxBytes?: number
  /** A client certificate with its key, and the authorities that servers are verified against. PEM. */
  readonly tls?: EgressTls
}

/**
 * The ports of a client that runs on Node: bounded requests to listed origins, no redirects.
 * @throws TypeError when an origin is none, or certificate and key do not belong together
 */
export function nodeClientPorts(options: NodeClientOptions): ClientPorts {
  const { allowedOrigins, timeoutMs = 10_000, maxBytes = 1_048_576, tls } = options
  const { fetch } = createEgress({ allowedOrigins, timeoutMs, maxBytes, ...(tls === undefined ? {} : { tls }) })
  const certificate = tls?.cert === undefined ? {} : { certificate: thumbprintOf(tls.cert) }
  return { fetch, importKeyPair, digest, clock: systemClock, ...certificate }
}

/** RFC 8705 §3.1. */
function thumbprintOf(pem: string): string {
  const { fingerprint256 } = new X509Certificate(pem)
  return Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
}
