/** The tables, migration by migration. A migration that was released is never changed; a new one follows it. */

import { type Kysely, sql } from 'kysely'
import type { Schema } from '../schema.ts'
import { createBuilder, type Fixed, fixed, prepare, type SqlDialect } from './builder.ts'

/** The migrations of a dialect, in order. */
export function createMigrations(dialect: SqlDialect) {
  const db = createBuilder(dialect)
  const { types } = dialect
  return [
    { version: 1, name: 'flow', statements: flowTables(db, types) },
    { version: 2, name: 'people and clients', statements: peopleTables(db, types) },
    { version: 3, name: 'memory', statements: memoryTables(db, types) },
  ] as const
}

/** What remembers which migrations were applied. */
export function createHistory(dialect: SqlDialect) {
  const db = createBuilder(dialect)
  return {
    create: historyTable(db, dialect.types),
    applied: fixed(db.selectFrom('strongroom_migrations').selectAll().orderBy('version')),
    record: prepare<Schema['strongroom_migrations']>((slot) =>
      db.insertInto('strongroom_migrations').values({
        version: slot('version'),
        name: slot('name'),
        checksum: slot('checksum'),
        applied_at: slot('applied_at'),
      }),
    ),
  }
}

function historyTable(db: Kysely<Schema>, { integer, table }: SqlDialect['types']): Fixed {
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

function flowTables(db: Kysely<Schema>, { integer, table }: SqlDialect['types']): readonly Fixed[] {
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

function peopleTables(db: Kysely<Schema>, { integer, table }: SqlDialect['types']): readonly Fixed[] {
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

function memoryTables(db: Kysely<Schema>, types: SqlDialect['types']): readonly Fixed[] {
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
