import { createEgress } from '../../node/egress.ts'
import { systemClock } from '../../node/runtime.ts'
import type { ClientPorts } from '../ports.ts'
import { importKeyPair } from './keys.ts'

export { generatePrivateJwk, parsePrivateJwk, publicJwkOf, readPrivateJwk } from './keys.ts'

/** How far the client may reach. */
export type NodeClientOptions = {
  /** The origins of the issuer and of the API, and of endpoints that stand elsewhere; nothing else is ever asked. */
  readonly allowedOrigins: readonly string[]
  /** For one whole exchange; 10 seconds unless given. */
  readonly timeoutMs?: number
  /** For one answer; 1 MiB unless given. */
  readonly maxBytes?: number
}

/** The ports of a client that runs on Node: bounded requests to listed origins, no redirects. */
export function nodeClientPorts(options: NodeClientOptions): ClientPorts {
  const { allowedOrigins, timeoutMs = 10_000, maxBytes = 1_048_576 } = options
  const { fetch } = createEgress({ allowedOrigins, timeoutMs, maxBytes })
  return { fetch, importKeyPair, clock: systemClock }
}
