import type { Audit, RaiseEvent } from '../core/ports.ts'
import { BoundedMap } from '../node/bounded-map.ts'

/** Something that was stopped. */
export type Incident = {
  readonly correlationId: string
  readonly step: string
  /** `withheld`: answered, and told nothing. */
  readonly outcome: 'refused' | 'failed' | 'withheld'
  /** The precise slug. */
  readonly rule: string | undefined
  readonly status: number
}

/** What the operator sees: every refusal of server and guard, to be found again by its correlation id. */
export type Incidents = {
  readonly audit: Audit
  readonly raise: RaiseEvent
  readonly find: (correlationId: string | undefined) => Incident | undefined
}

/** Remembers the latest thousand, and tells each one to `tell` as it happens. */
export function createIncidents(tell: (incident: Incident) => void = () => {}): Incidents {
  const byId = new BoundedMap<string, Incident>(1_000)
  const note = (incident: Incident) => {
    byId.set(incident.correlationId, incident)
    tell(incident)
  }
  return {
    audit: ({ correlationId, step, outcome, rule, status }) => {
      if (outcome !== 'done') note({ correlationId, step, outcome, rule, status })
    },
    // What was refused is in the audit already; some questions are answered all the same, with nothing.
    raise: ({ correlationId, endpoint, outcome, reason, status = 0 }) => {
      if (outcome === 'blocked' && byId.get(correlationId) === undefined) {
        note({ correlationId, step: endpoint, outcome: 'withheld', rule: reason, status })
      }
      return Promise.resolve()
    },
    find: (correlationId) => (correlationId === undefined ? undefined : byId.get(correlationId)),
  }
}
