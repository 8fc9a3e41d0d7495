/**
 * What the server asks of others: the keys of its clients, that they hear of a logout, and who signed in at other
 * providers. All of it goes through the egress gate.
 */

import { newCorrelationId } from '../core/correlation.ts'
import type { EventType } from '../core/events.ts'
import type { ClientId } from '../core/names.ts'
import type { ClientKeys, PostForm, RaiseEvent } from '../core/ports.ts'
import { createClientKeys, unknownKeyStorm } from './client-keys.ts'
import { createEgress, type EgressFetch } from './egress.ts'
import { createOpenEgress, type Message, type OpenEgressOptions } from './egress/open.ts'
import { EgressRefused, type EgressReason } from './egress/refused.ts'
import { random, sha256, systemClock } from './runtime.ts'

/** The ports that lead outside. */
export type Outbound = {
  readonly clientKeys: ClientKeys
  readonly postForm: PostForm
  /**
   * A `fetch` for what the operator configured: listed origins (https, or http on a loopback host) are asked wherever
   * they are. What those name in turn is asked like the URL of any stranger: over https, on the public internet.
   */
  readonly fetchFrom: (listed: readonly string[]) => EgressFetch
}

const limits = { timeoutMs: 5_000, maxBytes: 262_144 } as const

/** Opens the gate; what it refuses is a security event. `world` stands in for resolver and dialler in tests. */
export function openOutbound(raise: RaiseEvent, world: Pick<OpenEgressOptions, 'resolve' | 'dial'> = {}): Outbound {
  // A gate for each: hosts that are slow to hear of a logout keep nobody's keys waiting.
  const [documents, notices] = [createOpenEgress({ ...limits, ...world }), createOpenEgress({ ...limits, ...world })]
  const alarmed = async <T>(ask: Promise<T>): Promise<T> => {
    try {
      return await ask
    } catch (error) {
      if (error instanceof EgressRefused && blocked.includes(error.reason)) await raise(blockedBy(error))
      throw error
    }
  }
  return {
    clientKeys: createClientKeys({
      fetchJson: (url) => alarmed(documents.fetchJson(url)),
      clock: systemClock,
      hash: sha256,
      onChange: (clientId, { added, removed }) => {
        void raise(changed(clientId, { added: added.length, removed: removed.length }))
      },
      onStorm: (clientId) => {
        void raise(stormed(clientId))
      },
    }),
    postForm: (url, form) => alarmed(notices.postForm(url, form)),
    fetchFrom: (allowedOrigins) => {
      const near = createEgress({ ...limits, allowedOrigins })
      const far = createOpenEgress({ ...limits, ...world })
      return async (url, init = {}) => {
        const isListed = URL.canParse(String(url)) && allowedOrigins.includes(new URL(url).origin)
        return alarmed(isListed ? near.fetch(url, init) : far.fetch(String(url), await messageOf(init)))
      }
    },
  }
}

async function messageOf(init: RequestInit): Promise<Message> {
  // A Request knows every form a body can have, and which content type goes with it. Where it goes the gate decides.
  const request = new Request('https://nowhere.invalid', init)
  const headers = Object.fromEntries(request.headers)
  return request.method === 'POST'
    ? { method: 'POST', headers, body: await request.text() }
    : { method: 'GET', headers }
}

/** What somebody may have meant; the rest is a host that is down or slow. */
const blocked: readonly EgressReason[] = [
  'url_malformed',
  'scheme_not_allowed',
  'port_not_allowed',
  'address_not_allowed',
  'certificate_invalid',
  'redirected',
  'too_large',
  'content_encoding_wrong',
]

function blockedBy({ reason }: EgressRefused) {
  return { ...anEvent('egress.blocked', reason), outcome: 'blocked' } as const
}

function changed(clientId: ClientId, evidence: Readonly<Record<string, number>>) {
  return { ...anEvent('client.jwks.changed', 'keys_changed'), outcome: 'allowed', clientId, evidence } as const
}

function stormed(clientId: ClientId) {
  const evidence = { lookUpsRefused: unknownKeyStorm }
  return { ...anEvent('jwks.unknown_kid_storm', 'keys_unknown'), outcome: 'blocked', clientId, evidence } as const
}

function anEvent(type: EventType, reason: string) {
  return { type, reason, endpoint: 'egress', correlationId: newCorrelationId(random) }
}
