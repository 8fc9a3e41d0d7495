/** Statements: compiled ahead by `npm run generate`, filled in and run as often as needed. */

import type { JsonObject } from '../../core/names.ts'

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

/** One parameter of a compiled statement: a named value that comes later, or a constant. */
export type Parameter = { readonly slot: string } | { readonly value: Value }

/**
 * A compiled statement as a function from its values.
 * @throws TypeError, from that function, when a value is missing
 */
export function bind<Values extends Readonly<Record<string, Value>>>(
  sql: string,
  parameters: readonly Parameter[],
): (values: Values) => Statement {
  const plan: Plan = { sql }
  const fillers = parameters.map(fillerOf)
  return (values) => ({ plan, values: fillers.map((fill) => fill(values)) })
}

type Filler = (values: Readonly<Record<string, Value>>) => Value

function fillerOf(parameter: Parameter): Filler {
  if ('value' in parameter) return () => parameter.value
  const { slot } = parameter
  return (values) => {
    const value = values[slot]
    if (value === undefined) throw new TypeError(`a statement lacks "${slot}"`)
    return value
  }
}

/** A compiled statement whose values, if any, are constants. */
export function fixed(sql: string, values: readonly Value[] = []): Statement {
  return { plan: { sql }, values }
}

/** Drives a transition with a runner that answers at once. */
export function drive<Outcome>(transition: Transition<Outcome>, run: (statement: Statement) => Rows): Outcome {
  let step = transition.next()
  while (step.done !== true) step = transition.next(run(step.value))
  return step.value
}
