import type { Audit, AuditEvent } from '../core/ports.ts'
import { BoundedMap } from '../node/bounded-map.ts'

/** What the operator sees: every refusal of server and guard, to be found again by its correlation id. */
export type Incidents = {
  readonly audit: Audit
  readonly find: (correlationId: string | undefined) => AuditEvent | undefined
}

/** Remembers the latest thousand, and tells each one to `tell` as it happens. */
export function createIncidents(tell: Audit = () => {}): Incidents {
  const byId = new BoundedMap<string, AuditEvent>(1_000)
  return {
    audit: (event) => {
      if (event.outcome === 'done') return
      byId.set(event.correlationId, event)
      tell(event)
    },
    find: (correlationId) => (correlationId === undefined ? undefined : byId.get(correlationId)),
  }
}
