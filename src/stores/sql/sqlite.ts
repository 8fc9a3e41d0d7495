/**
 * The embedded database: one file, one owner.
 *
 * The owner holds SQLite's exclusive lock for as long as it lives (`locking_mode=EXCLUSIVE`), so that a second process
 * can neither write nor read beside it, and nothing is left behind when the owner is killed: the kernel drops the lock
 * with the process. A second process talks to the owner instead; see management.ts.
 */

import { closeSync, fsyncSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clock, Hash } from '../../core/ports.ts'
import { StoreUnavailable } from '../errors.ts'
import { compiledSqlite } from './compiled-sqlite.ts'
import { migrate } from './migrations.ts'
import { drive } from './plan.ts'
import { createSqliteRunner, type GroupCounts, type GroupLimits, resultCodeOf, resultCodes } from './runner.ts'
import { createSqlStore, type SqlStore } from './store.ts'

/** What a store on SQLite is opened with. */
export type SqliteStoreOptions = {
  /** The database file; it is created, readable to its owner only, when there is none. */
  readonly path: string
  readonly clock: Clock
  readonly hash: Hash
  readonly limits?: GroupLimits
}

/** A store on SQLite. */
export type SqliteStore = SqlStore & { readonly counts: () => GroupCounts }

const standardLimits: GroupLimits = { group: 256, waiting: 10_000 }

/** How long another process may keep the file busy while this one opens it, in milliseconds. */
const patience = 250

/**
 * Opens the database, creating or migrating it where needed, and owns it until `close`.
 *
 * Its verbs throw StoreOverloaded when too many transitions wait, and StoreUnavailable when the disk fails.
 * @throws StoreUnavailable with one line that says why
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const db = openDatabase(options)
  const runner = createSqliteRunner(db, options.limits ?? standardLimits)
  try {
    const store = await createSqlStore(runner, {
      sql: compiledSqlite,
      // The exclusive lock sees to it.
      owner: 'one',
      clock: options.clock,
      hash: options.hash,
    })
    return { ...store, counts: runner.counts }
  } catch (cause) {
    await runner.close()
    throw cause
  }
}

function openDatabase({ path: given, clock, hash }: SqliteStoreOptions): DatabaseSync {
  // An absolute path is a file and nothing else: SQLite reads meaning into `:memory:`, the empty name and `file:`.
  const path = resolve(given)
  let db: DatabaseSync | undefined
  try {
    createFile(path)
    db = new DatabaseSync(path, { timeout: patience, enableForeignKeyConstraints: true })
    own(db)
    expectOurs(db, path)
    migrateAll(db, hash, clock)
    return db
  } catch (cause) {
    db?.close()
    throw unavailable(path, cause)
  }
}

/**
 * Creates the file readable to its owner only, before SQLite can create it otherwise; SQLite gives the files it puts
 * beside it the same mode.
 *
 * A file that exists is not opened here: closing any descriptor of it would drop the locks that this process may hold
 * on it, as POSIX wants it.
 */
function createFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (cause) {
    const code = codeOf(cause)
    if (code !== 'EEXIST') throw new StoreUnavailable('unwritable', `cannot create "${path}": ${String(code)}`, cause)
    if (!statSync(path).isFile()) throw new StoreUnavailable('unwritable', `"${path}" is not a file`, cause)
    return
  }
  // The name of a new file survives a power loss only when its directory was written as well.
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/** Takes the lock, which comes with the first access, and sets what makes an acknowledged write durable. */
function own(db: DatabaseSync): void {
  db.exec('pragma locking_mode = exclusive')
  const mode = db.prepare('pragma journal_mode = wal').get()
  if (mode?.['journal_mode'] !== 'wal') throw new Error('the file system does not support a write-ahead log')
  db.exec('pragma synchronous = full')
  // 16 MB of log between checkpoints: pages that change often are copied into the file less often.
  db.exec('pragma wal_autocheckpoint = 4000')
  db.exec('pragma trusted_schema = off')
  db.exec('begin exclusive; commit')
}

function expectOurs(db: DatabaseSync, path: string): void {
  const tables = db.prepare("select name from sqlite_schema where type = 'table'").all()
  if (tables.length > 0 && !tables.some(({ name }) => name === 'strongroom_migrations')) {
    throw new StoreUnavailable('foreign_database', `"${path}" is the database of another program`)
  }
}

function migrateAll(db: DatabaseSync, hash: Hash, clock: Clock): void {
  db.exec('begin immediate')
  try {
    drive(migrate(compiledSqlite, hash, clock()), ({ plan, values }) => db.prepare(plan.sql).all(...values))
    db.exec('commit')
  } catch (cause) {
    if (db.isTransaction) db.exec('rollback')
    throw cause
  }
}

function unavailable(path: string, cause: unknown): StoreUnavailable {
  if (cause instanceof StoreUnavailable) return cause
  const code = resultCodeOf(cause)
  const refusal = refusals.find(({ codes }) => codes.some((known) => known === code))
  if (refusal !== undefined) return new StoreUnavailable(refusal.reason, `"${path}" ${refusal.sentence}`, cause)
  const why = cause instanceof Error ? cause.message : String(cause)
  return new StoreUnavailable('failed', `"${path}" cannot be opened: ${why}`, cause)
}

const { busy, locked, notADatabase, corrupt, permission, readonly, cannotOpen, full } = resultCodes

const refusals = [
  { codes: [busy, locked], reason: 'owned', sentence: 'is in use by another process' },
  { codes: [notADatabase, corrupt], reason: 'not_a_database', sentence: 'is not a database, or a damaged one' },
  { codes: [permission, readonly, cannotOpen, full], reason: 'unwritable', sentence: 'cannot be written' },
] as const

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
