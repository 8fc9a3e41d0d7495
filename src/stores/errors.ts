/** The ways a store fails. All of them mean that nothing was recorded; none of them names a secret. */

import { StateUnavailable } from '../core/oauth-error.ts'

/** Why a store cannot serve. */
export type UnavailableReason =
  | 'not_a_database'
  | 'foreign_database'
  | 'owned'
  | 'unwritable'
  | 'newer_schema'
  | 'altered_schema'
  | 'no_answer'
  | 'failed'
  | 'closed'

/** The store cannot be opened, or stopped serving. The message is one line for the operator. */
export class StoreUnavailable extends StateUnavailable {
  override readonly name = 'StoreUnavailable'
  readonly reason: UnavailableReason
  constructor(reason: UnavailableReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
    this.reason = reason
  }
}

/** More transitions wait than the store accepts: come back later. The edge answers 503. */
export class StoreOverloaded extends StateUnavailable {
  override readonly name = 'StoreOverloaded'
}

/** A bounded list in memory has no room, and nothing in it may be forgotten yet. The edge answers 503. */
export class StoreFull extends StateUnavailable {
  override readonly name = 'StoreFull'
  readonly table: string
  constructor(table: string) {
    super(`no room for more in "${table}"`)
    this.table = table
  }
}

/** A stored or received record does not have the shape it was written with. The values are not repeated. */
export class CorruptRecord extends Error {
  override readonly name = 'CorruptRecord'
  readonly what: string
  constructor(what: string, cause: unknown) {
    super(`a stored ${what} cannot be read`, { cause })
    this.what = what
  }
}
