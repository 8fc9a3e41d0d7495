/** How statements are written down with Kysely. Only the generator runs this; the server runs what came of it. */

import {
  type DialectAdapter,
  DummyDriver,
  Kysely,
  type QueryCompiler,
  type RawBuilder,
  sql,
  SqliteAdapter,
  SqliteQueryCompiler,
} from 'kysely'
import { routineEvents } from '../../../core/events.ts'
import type { Parameter, Statement, Value } from '../plan.ts'
import type { Schema } from '../schema.ts'

/** What differs between the databases in the SQL itself. */
export type SqlDialect = {
  readonly adapter: DialectAdapter
  readonly compiler: QueryCompiler
  /** Whether a row that is read to be judged must be locked: where several transactions run side by side. */
  readonly rowLocks: 'needed' | 'none'
  /** A member of the JSON object in a column, as text; null where there is none, or no JSON at all. */
  readonly textMember: (column: string, member: string) => RawBuilder<string | null>
  /** The column types, and what ends a CREATE TABLE. */
  readonly types: { readonly integer: 'integer' | 'bigint'; readonly table: string; readonly clusteredTable: string }
}

/** SQLite, strict. */
export const sqliteDialect: SqlDialect = {
  adapter: new SqliteAdapter(),
  compiler: new SqliteQueryCompiler(),
  rowLocks: 'none',
  textMember: (column, member) =>
    sql`case when json_valid(${sql.ref(column)}) then ${sql.ref(column)} ->> ${sql.lit(member)} end`,
  types: { integer: 'integer', table: 'strict', clusteredTable: 'strict, without rowid' },
}

/** Events that people are told of when they ask. The index for that holds no others, and says so in the same words. */
export function isToldToPeople({ textMember }: Pick<SqlDialect, 'textMember'>): RawBuilder<boolean> {
  return sql`${textMember('record', 'type')} not in (${sql.join(routineEvents.map((type) => sql.lit(type)))})`
}

/** What statements are built with. */
export type Db = Kysely<Schema>

/** A query builder that compiles for the dialect and can run nothing. */
export function createBuilder(dialect: SqlDialect): Db {
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

/** A compiled statement that takes values of this type. */
export type Prepared<Values> = {
  readonly kind: 'prepared'
  readonly sql: string
  readonly parameters: readonly Parameter[]
  /** Never there: it carries the type. */
  readonly takes?: Values
}

/** A compiled statement that takes none. */
export type Fixed = { readonly kind: 'fixed'; readonly sql: string; readonly values: readonly Value[] }

/** What the server makes of a set of compiled statements. */
export type Runnable<Source> = {
  readonly [Name in keyof Source]: Source[Name] extends Prepared<infer Values>
    ? (values: Values) => Statement
    : Statement
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

/** Compiles a statement. Each value is marked by a slot; the compiler lists the slots in the order of the parameters. */
export function prepare<Values extends Readonly<Record<string, Value>>>(
  build: (slot: Slots<Values>) => Compilable,
): Prepared<Values> {
  const slot = <Name extends keyof Values & string>(name: Name) => sql<Values[Name]>`${new Slot(name)}`
  const compiled = build(slot).compile()
  return { kind: 'prepared', sql: compiled.sql, parameters: compiled.parameters.map(parameterOf) }
}

function parameterOf(parameter: unknown): Parameter {
  return parameter instanceof Slot ? { slot: parameter.name } : { value: constantOf(parameter) }
}

function constantOf(parameter: unknown): Value {
  if (typeof parameter === 'string' || typeof parameter === 'number' || parameter === null) return parameter
  throw new TypeError('a statement holds a constant that is not a value')
}

/** Compiles a statement that takes no values. */
export function fixed(build: Compilable): Fixed {
  const { sql: text, parameters } = build.compile()
  return { kind: 'fixed', sql: text, values: parameters.map(constantOf) }
}
