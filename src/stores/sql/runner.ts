/**
 * Runs transitions on one SQLite connection, grouped: those that arrive in one turn of the event loop share one
 * transaction and one fsync. A promise resolves only after the commit. When one of a group fails, the group is undone
 * and run again with each in a savepoint of its own, so that the failing one touches no other: failures are rare, and
 * savepoints for everybody cost more than running a few groups twice.
 */

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { StoreOverloaded, StoreUnavailable } from '../errors.ts'
import { drive, type Plan, type Statement } from './plan.ts'
import type { Runner } from './store.ts'

/** How many transitions share a commit, and how many may wait. */
export type GroupLimits = { readonly group: number; readonly waiting: number }

/** What the runner did so far: for metrics. */
export type GroupCounts = { readonly commits: number; readonly transitions: number; readonly waiting: number }

/** A transition that waits for its turn, and then for the commit. */
type Job = {
  /** Runs it, again where needed; afterwards `settle` tells what came of it. Throws when it must be undone. */
  readonly run: () => void
  readonly settle: () => void
  readonly reject: (reason: unknown) => void
}

/**
 * A runner that owns the connection.
 *
 * A commit that fails rejects every transition of its group. After an error of the disk nobody knows what is on it, so
 * the runner refuses everything from then on: only opening the database again tells.
 */
export function createSqliteRunner(
  db: DatabaseSync,
  limits: GroupLimits,
): Runner & { readonly counts: () => GroupCounts } {
  const execute = createExecutor(db)
  const queue: Job[] = []
  let commits = 0
  let transitions = 0
  let stopped: StoreUnavailable | undefined

  const flush = () => {
    const group = queue.splice(0, limits.group)
    if (group.length === 0) return
    if (queue.length > 0) setImmediate(flush)
    try {
      if (stopped !== undefined) throw stopped
      const settled = runGroup(db, execute, group)
      commits += 1
      transitions += group.length
      for (const settle of settled) settle()
    } catch (cause) {
      const failure = asFailure(cause)
      if (isLasting(cause)) stopped = failure
      for (const { reject } of group) reject(failure)
    }
  }

  return {
    transact: async (begin) =>
      new Promise((resolve, reject) => {
        if (stopped !== undefined) return reject(stopped)
        if (queue.length >= limits.waiting) {
          return reject(new StoreOverloaded(`${queue.length} transitions are waiting for the database`))
        }
        if (queue.length === 0) setImmediate(flush)
        queue.push(createJob(() => drive(begin(), execute.statement), resolve, reject))
      }),
    read: async (begin) => {
      if (stopped !== undefined) throw stopped
      try {
        return drive(begin(), execute.statement)
      } catch (cause) {
        throw isFromSqlite(cause) ? asFailure(cause) : cause
      }
    },
    close: async () => {
      while (queue.length > 0) flush()
      stopped ??= new StoreUnavailable('closed', 'the store is closed')
      if (db.isOpen) db.close()
    },
    counts: () => ({ commits, transitions, waiting: queue.length }),
  }
}

function createJob<Outcome>(
  run: () => Outcome,
  resolve: (outcome: Outcome) => void,
  reject: (reason: unknown) => void,
): Job {
  let done: (() => void) | undefined
  return {
    run: () => {
      const outcome = run()
      done = () => resolve(outcome)
    },
    settle: () => done?.(),
    reject,
  }
}

type Executor = {
  readonly statement: (statement: Statement) => Record<string, unknown>[]
  readonly command: Readonly<Record<'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'undo', () => void>>
}

/** Prepares each statement once. */
function createExecutor(db: DatabaseSync): Executor {
  const prepared = new Map<Plan, StatementSync>()
  const command = (text: string) => {
    const statement = db.prepare(text)
    return () => {
      statement.run()
    }
  }
  return {
    statement: ({ plan, values }) => {
      let statement = prepared.get(plan)
      if (statement === undefined) {
        statement = db.prepare(plan.sql)
        prepared.set(plan, statement)
      }
      return statement.all(...values)
    },
    command: {
      begin: command('begin immediate'),
      commit: command('commit'),
      rollback: command('rollback'),
      savepoint: command('savepoint one'),
      release: command('release one'),
      undo: command('rollback to one'),
    },
  }
}

/** Runs a group and commits; returns how to tell each what came of it. Throws when nothing of it was kept. */
function runGroup(db: DatabaseSync, { command }: Executor, group: readonly Job[]): readonly (() => void)[] {
  try {
    command.begin()
    if (!runsTogether(db, group)) {
      command.rollback()
      command.begin()
      const settled = runApart(db, command, group)
      command.commit()
      return settled
    }
    command.commit()
    return group.map(({ settle }) => settle)
  } catch (cause) {
    if (db.isTransaction) command.rollback()
    throw cause
  }
}

/** Runs all of a group; false as soon as one fails. What was done is then to be undone. */
function runsTogether(db: DatabaseSync, group: readonly Job[]): boolean {
  try {
    for (const { run } of group) run()
    return true
  } catch (cause) {
    // Some errors of the disk end the whole transaction: then the group is lost.
    if (!db.isTransaction) throw cause
    return false
  }
}

/** Runs each of a group in a savepoint of its own. */
function runApart(db: DatabaseSync, command: Executor['command'], group: readonly Job[]): readonly (() => void)[] {
  return group.map((job) => {
    command.savepoint()
    try {
      job.run()
      command.release()
      return job.settle
    } catch (cause) {
      if (!db.isTransaction) throw cause
      command.undo()
      command.release()
      return () => job.reject(isFromSqlite(cause) ? asFailure(cause) : cause)
    }
  })
}

/** SQLite's primary result codes that matter here. https://sqlite.org/rescode.html */
export const resultCodes = {
  permission: 3,
  busy: 5,
  locked: 6,
  readonly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notADatabase: 26,
} as const

/** The primary result code of an error of `node:sqlite`, or undefined for any other error. */
export function resultCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}

function isFromSqlite(error: unknown): boolean {
  const code = resultCodeOf(error)
  // A constraint is a bug of the caller, such as a row that exists; the database is well.
  return code !== undefined && code !== resultCodes.constraint
}

/** After these the connection is of no use: an fsync that failed once may have lost what it was to keep. */
function isLasting(error: unknown): boolean {
  const code = resultCodeOf(error)
  return code === resultCodes.inputOutput || code === resultCodes.corrupt || code === resultCodes.notADatabase
}

function asFailure(cause: unknown): StoreUnavailable {
  if (cause instanceof StoreUnavailable) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  return new StoreUnavailable('failed', `the database failed: ${message}`, cause)
}
