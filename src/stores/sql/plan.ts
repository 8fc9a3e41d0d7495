/** Statements: built with Kysely, compiled once at start, filled in and run as often as needed. */

import { type DialectAdapter, DummyDriver, Kysely, type QueryCompiler, type RawBuilder, sql } from 'kysely'
import type { JsonObject } from '../../core/names.ts'
import type { Schema } from './schema.ts'

/** What a database takes as a parameter. */
export type Value = string | number | null

/** One row as the database gives it. */
export type Row = JsonObject

/** The rows of one statement; none for one that returns nothing. */
export type Rows = readonly Row[]

/** A compiled statement. Runners prepare it once and recognise it by identity. */
export type Plan = { readonly sql: string }

/** A compiled statement with the values of its parameters, in order. */
export type Statement = { readonly plan: Plan; readonly values: readonly Value[] }

/**
 * One atomic change, or one read: yields statements, gets their rows, returns what came of it. Throws to undo.
 *
 * It knows nothing of promises: SQLite drives it synchronously, PostgreSQL may drive the same one asynchronously.
 */
export type Transition<Outcome> = Generator<Statement, Outcome, Rows>

/** What differs between the two databases. */
export type SqlDialect = {
  readonly adapter: DialectAdapter
  readonly compiler: QueryCompiler
  /** Whether a row that is read to be judged must be locked: where several transactions run side by side. */
  readonly rowLocks: 'needed' | 'none'
  /** Whether one process alone writes, so that what it knows of its own writes need not be asked for again. */
  readonly owner: 'one' | 'several'
  /** The column types, and what ends a CREATE TABLE. */
  readonly types: { readonly integer: 'integer' | 'bigint'; readonly table: string; readonly clusteredTable: string }
}

/** A query builder that compiles for the dialect and can run nothing. */
export function createBuilder(dialect: SqlDialect): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: {
      createAdapter: () => dialect.adapter,
      createDriver: () => new DummyDriver(),
      createIntrospector: () => {
        throw new Error('nothing is introspected')
      },
      createQueryCompiler: () => dialect.compiler,
    },
  })
}

/** Stands in a query for a value that is not known yet. */
class Slot {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** Names a parameter of the statement being built. */
export type Slots<Values> = <Name extends keyof Values & string>(name: Name) => RawBuilder<Values[Name]>

type Compilable = { compile(): { readonly sql: string; readonly parameters: readonly unknown[] } }

/**
 * Compiles a statement; the function it returns fills in the values.
 *
 * Each value is marked by a slot; the compiler lists the slots in the order of the parameters.
 */
export function prepare<Values extends Readonly<Record<string, Value>>>(
  build: (slot: Slots<Values>) => Compilable,
): (values: Values) => Statement {
  const slot = <Name extends keyof Values & string>(name: Name) => sql<Values[Name]>`${new Slot(name)}`
  const { sql: text, parameters } = build(slot).compile()
  const plan: Plan = { sql: text }
  const fillers = parameters.map(fillerOf)
  return (values) => ({ plan, values: fillers.map((fill) => fill(values)) })
}

type Filler = (values: Readonly<Record<string, Value>>) => Value

function fillerOf(parameter: unknown): Filler {
  if (parameter instanceof Slot) {
    const { name } = parameter
    return (values) => {
      const value = values[name]
      if (value === undefined) throw new TypeError(`a statement lacks "${name}"`)
      return value
    }
  }
  if (typeof parameter === 'string' || typeof parameter === 'number' || parameter === null) return () => parameter
  throw new TypeError('a statement holds a constant that is not a value')
}

/** A statement without parameters. */
export function fixed(build: Compilable): Statement {
  return prepare<Record<string, never>>(() => build)({})
}

/** Drives a transition with a runner that answers at once. */
export function drive<Outcome>(transition: Transition<Outcome>, run: (statement: Statement) => Rows): Outcome {
  let step = transition.next()
  while (step.done !== true) step = transition.next(run(step.value))
  return step.value
}
