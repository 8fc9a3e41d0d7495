import type { JsonObject } from '../../src/core/names.ts'
import type { AuditEvent } from '../../src/core/ports.ts'
import type { RuleSlug } from '../../src/core/rules.ts'

/** What comes back, with the body read. */
export type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: JsonObject
  /** The precise slug of the refusal, from the audit. */
  readonly rule: RuleSlug | undefined
  /** What the audit says of this request; undefined for public documents, which nobody audits. */
  readonly event: AuditEvent | undefined
  /** What the request changed in the store, in order: `requests.push`, `replay.spendOnce`, ... */
  readonly stored: readonly string[]
}
