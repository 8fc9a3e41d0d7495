/**
 * What the trail says of one request: every refusal as the one event of its rule, every success that somebody may have
 * to prove, and every bug.
 */

import { presentedInteractionId } from '../core/correlation.ts'
import type { EventSource, EventType } from '../core/events.ts'
import { JwtBomb } from '../core/jose.ts'
import type { ClientId, CorrelationId, GrantRef, JwkThumbprint, Subject } from '../core/names.ts'
import type { OAuthError } from '../core/oauth-error.ts'
import type { Connection } from '../core/ports.ts'
import { ruleOf, type RuleSlug } from '../core/rules.ts'

/** What an endpoint tells of a request, bit by bit. */
export type About = {
  readonly clientId?: ClientId
  readonly subject?: Subject
  readonly grantRef?: GrantRef
  /** What the request did, when it was granted and somebody may have to prove it. */
  readonly event?: EventType
  /** In one of our own words, how. */
  readonly reason?: string
  /** That something that was valid until now is not any more, whatever the answer. */
  readonly outcome?: 'revoked' | 'blocked'
  /** Digests, thumbprints, names of algorithms and caps: never a secret, never what a stranger wrote. */
  readonly evidence?: Readonly<Record<string, string | number>>
}

/** Adds what is said later to what is known. */
export function mergeAbout(known: About, more: About): About {
  return { ...known, ...more, evidence: { ...known.evidence, ...more.evidence } }
}

/** What a refusal tells the trail beyond its rule, or undefined. */
export function finerEvent({ rule, event, cause }: OAuthError): EventType | undefined {
  return cause instanceof JwtBomb && ruleOf(rule).event === 'jose.malformed' ? 'jose.bomb_refused' : event
}

/** One request when it is over. */
export type Happened = {
  readonly outcome: 'done' | 'refused' | 'failed'
  readonly rule: RuleSlug | undefined
  /** The event, where more is known than the rule. */
  readonly finer: EventType | undefined
  readonly status: number
  readonly step: string
  readonly correlationId: CorrelationId
  readonly connection: Connection
  readonly about: About
  /** The key that was presented, proved or not. */
  readonly jkt: JwkThumbprint | undefined
}

/** The events of a request: none, its one event, and beside it the alarm of a header that only our proxy may send. */
export function securityEvents(happened: Happened): readonly EventSource[] {
  const { connection } = happened
  const own = ownEvent(happened)
  const events = own === undefined ? [] : [source(happened, own)]
  if (connection.certificateTrouble !== 'header_from_unlisted_peer') return events
  return [...events, source(happened, headerSpoofed)]
}

type Own = Pick<EventSource, 'type' | 'outcome' | 'reason' | 'attacks'>

const headerSpoofed: Own = {
  type: 'mtls.header.spoofed',
  outcome: 'blocked',
  reason: 'header_from_unlisted_peer',
  attacks: ['LV-27'],
}

function ownEvent({ outcome, rule, finer, about }: Happened): Own | undefined {
  if (outcome === 'failed') return { type: 'proc.failed', outcome: 'blocked', reason: 'unforeseen', attacks: ['AL-15'] }
  if (rule !== undefined) {
    const { event, attacks } = ruleOf(rule)
    if (event === 'none') return undefined
    return { type: finer ?? event, outcome: about.outcome ?? 'blocked', reason: rule, attacks }
  }
  if (about.event === undefined) return undefined
  return { type: about.event, outcome: about.outcome ?? 'allowed', reason: about.reason ?? 'done' }
}

function source({ about, connection, jkt, ...happened }: Happened, own: Own): EventSource {
  const { clientId, subject, grantRef } = about
  const { peerAddress, certificate, headers } = connection
  // A UUID, or it would not be here: what a caller finds its own request by.
  const interactionId = presentedInteractionId(headers)
  return {
    ...own,
    endpoint: happened.step,
    correlationId: happened.correlationId,
    clientId,
    subject,
    grantRef,
    peerAddress,
    evidence: {
      ...about.evidence,
      ...(interactionId === undefined ? {} : { interactionId }),
      ...(jkt === undefined ? {} : { jkt }),
      ...(certificate === undefined ? {} : { x5tS256: certificate.thumbprint }),
    },
    status: happened.status,
  }
}
