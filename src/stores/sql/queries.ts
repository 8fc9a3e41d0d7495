/** What transitions are made of. */

import type { Hash } from '../../core/ports.ts'
import type { Statements } from './compiled.ts'
import type { Row, Statement, Transition } from './plan.ts'
import { type ClientReader, first } from './rows.ts'
import type { SpentNames } from './spent-names.ts'

/** The statements, the reader of clients, what is known of spent names, and the digest that chains the trail. */
export type Queries = Statements & {
  readonly clientOf: ClientReader
  readonly spentNames: SpentNames
  readonly hash: Hash
}

/** The one row of a statement as a domain value, or undefined. */
export function* readOne<T>(statement: Statement, read: (row: Row) => T): Transition<T | undefined> {
  const row = first(yield statement)
  return row === undefined ? undefined : read(row)
}

/** The rows of a statement as domain values. */
export function* readAll<T>(statement: Statement, read: (row: Row) => T): Transition<readonly T[]> {
  return (yield statement).map(read)
}
