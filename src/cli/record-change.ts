import { newCorrelationId, newEventId } from '../core/correlation.ts'
import { type EventSource, eventTypes, type NewSecurityEvent } from '../core/events.ts'
import type { Config } from '../node/config/index.ts'
import { random, systemClock } from '../node/runtime.ts'
import { createSubjectMac } from '../node/subject-mac.ts'
import type { ManagedStore } from '../stores/managed.ts'
import { CommandFailure, exitCodes } from './failures.ts'

/** What a command changed. `reason` is one of our own words. */
export type AdminChange = Pick<EventSource, 'reason' | 'clientId' | 'subject' | 'grantRef' | 'evidence'> & {
  readonly type: 'admin.changed' | 'admin.key_event' | 'user.passkey.removed'
  /** `revoked` when something that was valid until now is not any more. */
  readonly outcome?: 'allowed' | 'revoked'
}

/** Where changes are recorded. */
export type Trail = { readonly config: Pick<Config, 'keys'>; readonly store: Pick<ManagedStore['store'], 'events'> }

/**
 * Appends the change to the trail of security events, after it was made.
 * @throws CommandFailure when it cannot be kept: whoever made the change must know
 */
export async function recordChange({ config, store }: Trail, change: AdminChange): Promise<void> {
  try {
    await store.events.append([eventOf(change, config)])
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unknown failure'
    throw new CommandFailure(exitCodes.unreachable, `it was done (${change.reason}), but not recorded: ${why}`)
  }
}

function eventOf(
  { type, outcome = 'allowed', reason, clientId, subject, grantRef, evidence }: AdminChange,
  { keys }: Trail['config'],
): NewSecurityEvent {
  return {
    id: newEventId(random, systemClock()),
    time: systemClock(),
    type,
    severity: eventTypes[type],
    outcome,
    reason,
    endpoint: 'cli',
    correlationId: newCorrelationId(random),
    clientId,
    subjectRef: subject === undefined ? undefined : createSubjectMac(keys.sealing)(subject),
    grantRef,
    peerAddress: undefined,
    evidence: evidence ?? {},
    status: undefined,
    dedupe: undefined,
    attacks: [],
  }
}
