/**
 * What the server asks of others: the keys of its clients, and that they hear of a logout. All of it goes through the
 * egress gate.
 */

import { newCorrelationId } from '../core/correlation.ts'
import type { EventType } from '../core/events.ts'
import type { ClientId } from '../core/names.ts'
import type { ClientKeys, PostForm, RaiseEvent } from '../core/ports.ts'
import { createClientKeys, unknownKeyStorm } from './client-keys.ts'
import { createOpenEgress, type OpenEgressOptions } from './egress/open.ts'
import { EgressRefused, type EgressReason } from './egress/refused.ts'
import { random, sha256, systemClock } from './runtime.ts'

/** The ports that lead outside. */
export type Outbound = { readonly clientKeys: ClientKeys; readonly postForm: PostForm }

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
  }
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
