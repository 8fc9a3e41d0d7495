/** What a provider says of itself, looked for when it is needed and kept for a while. OIDC Discovery §4. */

import type * as openidClient from 'openid-client'
import { hasPlainHost, isLoopbackHost, type NumericDate } from '../../core/names.ts'
import type { Clock } from '../../core/ports.ts'
import type { EgressFetch } from '../egress.ts'
import { clientAuthentication } from './authentication.ts'
import type { UpstreamConfig } from './config.ts'

/** openid-client, with what it knows of one provider. */
export type Discovered = {
  readonly client: typeof openidClient
  readonly configuration: openidClient.Configuration
}

/** A provider that is looked for again when it is needed. */
export type Discovery = {
  /** Rejects when there is nothing that could be used. */
  readonly current: () => Promise<Discovered>
  /** The origin of its authorization endpoint, as soon as that is known. */
  readonly authorizationOrigin: () => string | undefined
}

/** Seconds after which it is looked for again, and after which what was found before is used no more. */
const [freshFor, usableFor] = [3600, 86_400]

/** Looks for nothing yet. */
export function createDiscovery(config: UpstreamConfig, fetch: EgressFetch, clock: Clock): Discovery {
  let found: (Discovered & { readonly at: NumericDate }) | undefined
  let running: Promise<Discovered> | undefined
  const look = async (): Promise<Discovered> => {
    try {
      found = { ...(await discover(config, fetch)), at: clock() }
      return found
    } catch (error) {
      if (found !== undefined && clock() - found.at < usableFor) return found
      throw error
    } finally {
      running = undefined
    }
  }
  return {
    current: () => {
      if (found !== undefined && clock() - found.at < freshFor) return Promise.resolve(found)
      running ??= look()
      return running
    },
    authorizationOrigin: () => {
      const endpoint = found?.configuration.serverMetadata().authorization_endpoint
      return endpoint === undefined ? undefined : new URL(endpoint).origin
    },
  }
}

async function discover(config: UpstreamConfig, fetch: EgressFetch): Promise<Discovered> {
  // Nobody who configures no provider loads any of it.
  const client = await import('openid-client')
  const { issuer, clientId, authentication } = config
  // The gate decides what http is for: a loopback host that the operator named.
  const insecure = issuer.startsWith('http:') ? [client.allowInsecureRequests] : []
  const configuration = await client.discovery(
    new URL(issuer),
    clientId,
    { require_auth_time: true },
    clientAuthentication(client, authentication),
    {
      [client.customFetch]: (url, { method, headers, body, signal }) =>
        fetch(url, { method, headers, ...(body ? { body } : {}), ...(signal ? { signal } : {}) }),
      // The library itself would believe an ID token that came over TLS.
      execute: [client.enableNonRepudiationChecks, ...insecure],
    },
  )
  checkMetadata(configuration.serverMetadata(), config)
  return { client, configuration }
}

/** A provider is exactly the one that was configured, and people are sent to it over https. RFC 8414 §3.3. */
function checkMetadata(metadata: openidClient.ServerMetadata, { issuer }: UpstreamConfig): void {
  if (metadata.issuer !== issuer) throw new TypeError('the metadata is of another issuer')
  const { authorization_endpoint: endpoint = '' } = metadata
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname))
  if (!isSafe || (url.protocol === 'http:' && issuer.startsWith('https:'))) {
    throw new TypeError('the authorization endpoint is not https')
  }
  // Pages name it in their policy.
  if (!hasPlainHost(url)) throw new TypeError('the authorization endpoint has no plain host')
}
