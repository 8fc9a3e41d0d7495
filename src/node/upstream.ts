/** Other OpenID providers that people sign in at. OIDC Core §3.1. */

import type { UpstreamProvider } from '../core/sign-in-ports.ts'
import type { Outbound } from './outbound.ts'
import type { UpstreamConfig, UpstreamOptions } from './upstream/config.ts'
import { openProvider } from './upstream/provider.ts'

export type { UpstreamConfig } from './upstream/config.ts'

/**
 * Opens every configured provider. Each is looked for at once, so that the first person does not wait; one that is down
 * stops nothing, and is looked for again when somebody wants to sign in there.
 */
export function openUpstream(
  configs: readonly UpstreamConfig[],
  outbound: Pick<Outbound, 'fetchFrom'>,
  options: UpstreamOptions,
): readonly UpstreamProvider[] {
  return configs.map((config) => openProvider(config, outbound.fetchFrom(listedOrigins(config)), options))
}

/** What the operator named is asked wherever it is; see `Outbound`. */
function listedOrigins({ issuer, origins }: UpstreamConfig): readonly string[] {
  return [...new Set([new URL(issuer).origin, ...origins])]
}
