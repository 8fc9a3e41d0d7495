/** What the generator makes of `source/` for one database, ready to run. */

import type { Statement } from './plan.ts'
import type { Runnable } from './source/builder.ts'
import type { createHistory } from './source/migrations.ts'
import type { createStatements } from './source/statements.ts'

/** The statements, each a function from its values to what a runner runs. */
export type Statements = Runnable<ReturnType<typeof createStatements>>

/** All the SQL of one database. */
export type CompiledSql = {
  readonly statements: Statements
  readonly history: Runnable<ReturnType<typeof createHistory>>
  readonly migrations: readonly {
    readonly version: number
    readonly name: string
    readonly statements: readonly Statement[]
  }[]
}
