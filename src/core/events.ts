/**
 * Security events: what an operator must be able to find, prove and be woken by. Never a token, code, assertion, proof,
 * cookie, verifier, password or query string.
 */

import type { ClientId, CorrelationId, GrantRef, NumericDate, Sha256, Subject } from './names.ts'

export const severities = ['info', 'notice', 'warn', 'high', 'critical'] as const
export type Severity = (typeof severities)[number]

/** The kinds of events, each with its severity. `area.object.verdict`. */
export const eventTypes = {
  'oauth.code.replayed': 'critical',
  'oauth.code.client_mismatch': 'critical',
  'oauth.code.pkce_failed': 'high',
  'oauth.code.late_or_redirect_mismatch': 'notice',
  'oauth.code.unknown': 'notice',
  'oauth.refresh.client_mismatch': 'critical',
  'oauth.refresh.upgrade_attempt': 'warn',
  'oauth.refresh.unknown': 'notice',
  'oauth.grant.dead_subject': 'high',
  'oauth.par.wrong_client': 'high',
  'oauth.par.replayed': 'warn',
  'oauth.par.guessed': 'high',
  'oauth.authz.par_missing': 'notice',
  'oauth.authz.redirect_mismatch': 'high',
  'oauth.request.polluted': 'warn',
  'oauth.request.refused': 'notice',
  'oauth.issuer.mismatch': 'high',
  'client.auth.failed': 'notice',
  'client.assertion.replayed': 'critical',
  'client.assertion.audience': 'high',
  'client.auth.method_conflict': 'high',
  'client.jwks.changed': 'notice',
  'client.jwks.unavailable': 'warn',
  'jose.forgery': 'critical',
  'jose.malformed': 'notice',
  'jose.type_confused': 'high',
  'jose.bomb_refused': 'warn',
  'jwks.unknown_kid_storm': 'warn',
  'dpop.proof.replayed': 'critical',
  'dpop.key.mismatch': 'critical',
  'dpop.binding.downgrade': 'critical',
  'dpop.proof.invalid': 'notice',
  'dpop.nonce.asked': 'info',
  'mtls.cert.mismatch': 'critical',
  'mtls.header.spoofed': 'critical',
  'token.aud_mismatch': 'high',
  'token.invalid': 'notice',
  'token.after_revocation': 'high',
  'token.exposed_channel': 'high',
  'token.introspection.foreign': 'warn',
  'token.issued': 'info',
  'token.refreshed': 'info',
  'token.revoked': 'notice',
  'user.login.succeeded': 'info',
  'user.login.failed': 'info',
  'user.login.throttled': 'warn',
  'user.login.upstream_refused': 'warn',
  'user.passkey.added': 'notice',
  'user.passkey.removed': 'notice',
  'user.passkey.cloned': 'critical',
  'user.session.ended': 'notice',
  'user.logout.done': 'info',
  'user.logout.undelivered': 'warn',
  'session.interaction.foreign': 'critical',
  'session.interaction.over': 'notice',
  'session.csrf_rejected': 'warn',
  'consent.given': 'info',
  'consent.refused': 'info',
  'consent.tampered': 'high',
  'consent.withdrawn': 'notice',
  'authn.freshness_unmet': 'notice',
  'request.pushed': 'info',
  'egress.blocked': 'high',
  'http.refused': 'notice',
  'guard.path_ambiguous': 'high',
  'guard.failed_closed': 'high',
  'state.failed_closed': 'high',
  'admin.changed': 'notice',
  'admin.key_event': 'notice',
  'limit.exceeded': 'notice',
  'clock.jump': 'critical',
  'audit.chain_broken': 'critical',
  'audit.sink_down': 'critical',
  'proc.started': 'info',
  'proc.failed': 'warn',
} as const satisfies Record<string, Severity>

/** What clients do all day while nobody is there. Who reads what happened to them is not told each time. */
export const routineEvents = ['token.issued', 'token.refreshed', 'request.pushed'] as const

/** The name of a kind of event. */
export type EventType = keyof typeof eventTypes

/** What whoever raises an event knows of it. Every text is one of ours or a name, never what a stranger wrote. */
export type EventSource = {
  readonly type: EventType
  /** What came of it. */
  readonly outcome: 'blocked' | 'allowed' | 'revoked'
  /** The precise rule, or one of our own words for what happened. */
  readonly reason: string
  readonly endpoint: string
  readonly correlationId: CorrelationId
  readonly clientId?: ClientId | undefined
  readonly subject?: Subject | undefined
  readonly grantRef?: GrantRef | undefined
  readonly peerAddress?: string | undefined
  /** Digests, thumbprints, algorithm names and counts. */
  readonly evidence?: Readonly<Record<string, string | number>> | undefined
  readonly status?: number | undefined
  /** The rows of the attack catalogue it belongs to. */
  readonly attacks?: readonly string[] | undefined
}

/** An event as it is handed to the store. */
export type NewSecurityEvent = {
  readonly id: string
  readonly time: NumericDate
  readonly type: EventType
  readonly severity: Severity
  readonly outcome: EventSource['outcome']
  readonly reason: string
  readonly endpoint: string
  readonly correlationId: CorrelationId
  readonly clientId: ClientId | undefined
  /** A keyed digest of the subject: the same person is the same digest, and nobody reads who. */
  readonly subjectRef: Sha256 | undefined
  readonly grantRef: GrantRef | undefined
  readonly peerAddress: string | undefined
  readonly evidence: Readonly<Record<string, string | number>>
  readonly status: number | undefined
  /** How many alike it stands for, and over which time, when there were too many to keep one by one. */
  readonly dedupe: { readonly count: number; readonly first: NumericDate; readonly last: NumericDate } | undefined
  /** The rows of the attack catalogue that the rule answers. */
  readonly attacks: readonly string[]
}

/** An event in the trail. */
export type SecurityEvent = NewSecurityEvent & {
  readonly seq: number
  readonly previousHash: Sha256
  /** Over `previousHash` and every other member. */
  readonly hash: Sha256
}
