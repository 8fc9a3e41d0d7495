/**
 * The migrations, in order. Each is recorded with the digest of its statements: a database written by a newer program,
 * or by one whose history differs, is refused and not touched.
 */

import { type Kysely, sql } from 'kysely'
import type { NumericDate } from '../../core/names.ts'
import type { Hash } from '../../core/ports.ts'
import { StoreUnavailable } from '../errors.ts'
import { numberAt, readRecord, textAt } from '../json.ts'
import { createBuilder, fixed, prepare, type SqlDialect, type Statement, type Transition } from './plan.ts'
import type { Schema } from './schema.ts'

type Migration = {
  readonly version: number
  readonly name: string
  readonly statements: (db: Kysely<Schema>, types: SqlDialect['types']) => readonly Statement[]
}

const migrations: readonly Migration[] = [
  { version: 1, name: 'flow', statements: flowTables },
  { version: 2, name: 'people and clients', statements: peopleTables },
  { version: 3, name: 'memory', statements: memoryTables },
]

/**
 * Brings the database to the schema of this program. Runs inside one transaction.
 * @throws StoreUnavailable when the database knows migrations this program does not, or others under the same numbers
 */
export function* migrate(dialect: SqlDialect, hash: Hash, now: NumericDate): Transition<void> {
  const db = createBuilder(dialect)
  yield historyTable(db, dialect.types)
  const applied = yield fixed(db.selectFrom('strongroom_migrations').selectAll().orderBy('version'))
  const record = prepare<Schema['strongroom_migrations']>((slot) =>
    db.insertInto('strongroom_migrations').values({
      version: slot('version'),
      name: slot('name'),
      checksum: slot('checksum'),
      applied_at: slot('applied_at'),
    }),
  )
  expectKnown(applied.map((row) => readRecord('migration', () => numberAt(row, 'version'))))
  for (const { version, name, statements } of migrations) {
    const all = statements(db, dialect.types)
    const checksum = hash(all.map(({ plan }) => plan.sql).join(';\n'))
    const known = applied.find((row) => row['version'] === version)
    if (known === undefined) {
      for (const statement of all) yield statement
      yield record({ version, name, checksum, applied_at: now })
    } else if (readRecord('migration', () => textAt(known, 'checksum')) !== checksum) {
      throw new StoreUnavailable(
        'altered_schema',
        `migration ${version} ("${name}") of the database is not the one of this program`,
      )
    }
  }
}

function expectKnown(applied: readonly number[]): void {
  const newest = Math.max(0, ...migrations.map(({ version }) => version))
  const found = Math.max(0, ...applied)
  if (found > newest) {
    throw new StoreUnavailable(
      'newer_schema',
      `the database was written by a newer Strongroom: its schema is ${found}, this program knows ${newest}`,
    )
  }
}

function historyTable(db: Kysely<Schema>, { integer, table }: SqlDialect['types']): Statement {
  return fixed(
    db.schema
      .createTable('strongroom_migrations')
      .ifNotExists()
      .addColumn('version', integer, (column) => column.primaryKey().notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('checksum', 'text', (column) => column.notNull())
      .addColumn('applied_at', integer, (column) => column.notNull())
      .modifyEnd(sql.raw(table)),
  )
}

function flowTables(db: Kysely<Schema>, { integer, table }: SqlDialect['types']): readonly Statement[] {
  return [
    db.schema
      .createTable('requests')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('request', 'text', (column) => column.notNull())
      .addColumn('request_uri_hash', 'text', (column) => column.notNull())
      .addColumn('expires_at', integer, (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('approval', 'text')
      .addColumn('purge_at', integer, (column) => column.notNull())
      .modifyEnd(sql.raw(table)),
    purgeIndex(db, 'requests'),
    db.schema
      .createTable('interactions')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('request_id', 'text', (column) => column.notNull().references('requests.id').onDelete('cascade'))
      .addColumn('browser_hash', 'text', (column) => column.notNull())
      .addColumn('started_at', integer, (column) => column.notNull())
      .addColumn('interaction_expires_at', integer, (column) => column.notNull())
      .addColumn('session_id', 'text')
      .addColumn('signed_in_at', integer)
      .addColumn('purge_at', integer, (column) => column.notNull())
      .modifyEnd(sql.raw(table)),
    db.schema.createIndex('interactions_of_request').on('interactions').columns(['request_id', 'started_at', 'id']),
    purgeIndex(db, 'interactions'),
    db.schema
      .createTable('grants')
      .addColumn('ref', 'text', (column) => column.primaryKey().notNull())
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('scope', 'text', (column) => column.notNull())
      .addColumn('resources', 'text', (column) => column.notNull())
      .addColumn('created_at', integer, (column) => column.notNull())
      .addColumn('revoked_at', integer)
      .addColumn('purge_at', integer, (column) => column.notNull())
      .modifyEnd(sql.raw(table)),
    purgeIndex(db, 'grants'),
  ].map(fixed)
}

function peopleTables(db: Kysely<Schema>, { integer, table }: SqlDialect['types']): readonly Statement[] {
  return [
    db.schema
      .createTable('users')
      .addColumn('subject', 'text', (column) => column.primaryKey().notNull())
      .addColumn('username', 'text', (column) => column.notNull().unique())
      .addColumn('password_hash', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('not_before', integer, (column) => column.notNull())
      .addColumn('created_at', integer, (column) => column.notNull())
      .addColumn('claims', 'text', (column) => column.notNull())
      .modifyEnd(sql.raw(table)),
    db.schema
      .createTable('clients')
      .addColumn('client_id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('record', 'text', (column) => column.notNull())
      .modifyEnd(sql.raw(table)),
    db.schema
      .createTable('sessions')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('secret_hash', 'text', (column) => column.notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('auth_time', integer, (column) => column.notNull())
      .addColumn('acr', 'text', (column) => column.notNull())
      .addColumn('amr', 'text', (column) => column.notNull())
      .addColumn('purge_at', integer, (column) => column.notNull())
      .modifyEnd(sql.raw(table)),
    db.schema.createIndex('sessions_of_subject').on('sessions').column('subject'),
    purgeIndex(db, 'sessions'),
    db.schema
      .createTable('keys')
      .addColumn('kid', 'text', (column) => column.primaryKey().notNull())
      .addColumn('alg', 'text', (column) => column.notNull())
      .addColumn('sealed_private_key', 'text', (column) => column.notNull())
      .addColumn('created_at', integer, (column) => column.notNull())
      .modifyEnd(sql.raw(table)),
  ].map(fixed)
}

function memoryTables(db: Kysely<Schema>, types: SqlDialect['types']): readonly Statement[] {
  const { integer, table, clusteredTable } = types
  return [
    db.schema
      .createTable('attempts')
      .addColumn('counter', 'text', (column) => column.primaryKey().notNull())
      .addColumn('count', integer, (column) => column.notNull())
      .addColumn('purge_at', integer, (column) => column.notNull())
      .modifyEnd(sql.raw(table)),
    purgeIndex(db, 'attempts'),
    db.schema
      .createTable('replay')
      .addColumn('bucket', integer, (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('purpose', 'text', (column) => column.notNull())
      .addColumn('expires_at', integer, (column) => column.notNull())
      .addPrimaryKeyConstraint('replay_key', ['bucket', 'name', 'owner', 'purpose'])
      .modifyEnd(sql.raw(clusteredTable)),
    db.schema
      .createTable('facts')
      .addColumn('name', 'text', (column) => column.primaryKey().notNull())
      .addColumn('value', integer, (column) => column.notNull())
      .modifyEnd(sql.raw(table)),
  ].map(fixed)
}

function purgeIndex(db: Kysely<Schema>, table: 'requests' | 'interactions' | 'grants' | 'sessions' | 'attempts') {
  return db.schema.createIndex(`${table}_purge`).on(table).column('purge_at')
}
