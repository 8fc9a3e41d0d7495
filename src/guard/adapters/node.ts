/** Everything a guard asks of the world, on Node. */

import { createEgress } from '../../node/egress.ts'
import { createMac, createVerifier, random, sha256, systemClock } from '../../node/runtime.ts'
import type { Audit, AuditEvent, ReplayMemory } from '../../core/ports.ts'
import type { GuardPorts } from '../guard.ts'
import { createReplayMemory } from '../../core/replay-memory.ts'

/** What an embedder decides. */
export type NodeGuardOptions = {
  /** Those of the policy: their origins are the only ones that are asked. */
  readonly issuers: readonly string[]
  /** Origins of keys that an issuer keeps elsewhere than on its own. */
  readonly keyOrigins?: readonly string[]
  /** Shared by all nodes of the API; one node keeps its own unless told. */
  readonly replay?: ReplayMemory
  /** Where refusals are noted; on standard error, a JSON line each, unless told. */
  readonly audit?: Audit
  /** Asks whether the grant behind a token still counts. */
  readonly standing?: GuardPorts['standing']
}

/**
 * The ports of a guard: the machine's clock and randomness, keys of this process, a replay memory of its own.
 * @throws TypeError when an issuer is no URL, or neither https nor on a loopback host
 */
export function nodeGuardPorts(options: NodeGuardOptions): GuardPorts {
  const origins = [...options.issuers.map((issuer) => new URL(issuer).origin), ...(options.keyOrigins ?? [])]
  const { fetchJson } = createEgress({ allowedOrigins: [...new Set(origins)], timeoutMs: 5_000, maxBytes: 262_144 })
  return {
    fetchJson,
    clock: systemClock,
    hash: sha256,
    random,
    mac: createMac(),
    verify: createVerifier({ cacheSize: 10_000 }),
    replay: options.replay ?? createReplayMemory({ clock: systemClock }),
    audit: options.audit ?? toStandardError,
    standing: options.standing,
  }
}

const toStandardError: Audit = ({ cause, ...event }: AuditEvent) => {
  const reason = cause instanceof Error ? { cause: `${cause.name}: ${cause.message}` } : {}
  process.stderr.write(`${JSON.stringify({ ...event, ...reason })}\n`)
}
