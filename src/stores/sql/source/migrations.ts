/** The tables, migration by migration. A migration that was released is never changed; a new one follows it. */

import { sql } from 'kysely'
import type { Schema } from '../schema.ts'
import { createBuilder, type Db, type Fixed, fixed, isToldToPeople, prepare, type SqlDialect } from './builder.ts'

/** The migrations of a dialect, in order. */
export function createMigrations(dialect: SqlDialect) {
  const db = createBuilder(dialect)
  const { types } = dialect
  return [
    { version: 1, name: 'flow', statements: flowTables(db, types) },
    { version: 2, name: 'people and clients', statements: peopleTables(db, types) },
    { version: 3, name: 'memory', statements: memoryTables(db, types) },
    { version: 4, name: 'tokens', statements: tokenTables(db, types) },
    { version: 5, name: 'sign-ins and keys', statements: signInColumns(db, types) },
    { version: 6, name: 'trail', statements: trailTables(db, types) },
    { version: 7, name: 'accounts', statements: accountTables(db, dialect) },
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

function historyTable(db: Db, { integer, table }: SqlDialect['types']): Fixed {
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

function flowTables(db: Db, { integer, table }: SqlDialect['types']): readonly Fixed[] {
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

function peopleTables(db: Db, { integer, table }: SqlDialect['types']): readonly Fixed[] {
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

function memoryTables(db: Db, types: SqlDialect['types']): readonly Fixed[] {
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

/**
 * What was granted before grants knew their sign-in: by password, the only way there was, at the time of the grant, in
 * a sign-in that has its name and no session.
 */
function tokenTables(db: Db, { integer, table }: SqlDialect['types']): readonly Fixed[] {
  const grants = db.schema.alterTable('grants')
  return [
    grants.addColumn('auth_time', integer, (column) => column.notNull().defaultTo(0)),
    grants.addColumn('acr', 'text', (column) => column.notNull().defaultTo('urn:strongroom:acr:password')),
    grants.addColumn('amr', 'text', (column) => column.notNull().defaultTo('["pwd"]')),
    grants.addColumn('sid', 'text', (column) => column.notNull().defaultTo('')),
    grants.addColumn('claims', 'text', (column) => column.notNull().defaultTo('{"idToken":[],"userinfo":[]}')),
    db.updateTable('grants').set((eb) => ({ auth_time: eb.ref('created_at'), sid: eb.ref('ref') })),
    db.schema.createIndex('grants_by_age').on('grants').columns(['created_at', 'ref']),
    db.schema.createIndex('grants_of_client').on('grants').columns(['client_id', 'created_at', 'ref']),
    db.schema.createIndex('grants_of_subject').on('grants').columns(['subject', 'created_at', 'ref']),
    db.schema.createIndex('grants_of_sid').on('grants').columns(['sid', 'created_at', 'ref']),
    db.schema
      .createTable('consents')
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('scope', 'text', (column) => column.notNull())
      .addColumn('resources', 'text', (column) => column.notNull())
      .addColumn('given_at', integer, (column) => column.notNull())
      .addPrimaryKeyConstraint('consents_key', ['subject', 'client_id'])
      .modifyEnd(sql.raw(table)),
    db.schema.createIndex('consents_to_client').on('consents').column('client_id'),
    db.schema
      .createTable('refresh_tokens')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('secret_hash', 'text', (column) => column.notNull())
      .addColumn('grant_ref', 'text', (column) => column.notNull())
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('created_at', integer, (column) => column.notNull())
      .addColumn('expires_at', integer, (column) => column.notNull())
      .addColumn('purge_at', integer, (column) => column.notNull())
      .modifyEnd(sql.raw(table)),
    purgeIndex(db, 'refresh_tokens'),
    db.schema
      .createTable('revoked_tokens')
      .addColumn('jti', 'text', (column) => column.primaryKey().notNull())
      .addColumn('purge_at', integer, (column) => column.notNull())
      .modifyEnd(sql.raw(table)),
    purgeIndex(db, 'revoked_tokens'),
  ].map(fixed)
}

function signInColumns(db: Db, { integer }: SqlDialect['types']): readonly Fixed[] {
  return [
    db.schema.alterTable('sessions').addColumn('sid', 'text', (column) => column.notNull().defaultTo('')),
    db.updateTable('sessions').set((eb) => ({ sid: eb.ref('id') })),
    db.schema.createIndex('sessions_of_sid').on('sessions').column('sid'),
    db.schema.alterTable('keys').addColumn('active_from', integer, (column) => column.notNull().defaultTo(0)),
    db.schema.alterTable('keys').addColumn('published_until', integer),
    db.updateTable('keys').set((eb) => ({ active_from: eb.ref('created_at') })),
  ].map(fixed)
}

function trailTables(db: Db, { integer, table }: SqlDialect['types']): readonly Fixed[] {
  return [
    db.schema
      .createTable('events')
      .addColumn('seq', integer, (column) => column.primaryKey().notNull())
      .addColumn('id', 'text', (column) => column.notNull())
      .addColumn('correlation_id', 'text', (column) => column.notNull())
      .addColumn('time', integer, (column) => column.notNull())
      .addColumn('record', 'text', (column) => column.notNull())
      .addColumn('previous_hash', 'text', (column) => column.notNull())
      .addColumn('hash', 'text', (column) => column.notNull())
      .modifyEnd(sql.raw(table)),
    db.schema.createIndex('events_by_id').on('events').column('id'),
    db.schema.createIndex('events_by_correlation').on('events').column('correlation_id'),
  ].map(fixed)
}

/** What was written to the trail before stays as it was: the digest of its subject is copied beside it. */
function accountTables(db: Db, dialect: SqlDialect): readonly Fixed[] {
  const { textMember } = dialect
  const { integer, table } = dialect.types
  return [
    db.schema.alterTable('grants').addColumn('details', 'text', (column) => column.notNull().defaultTo('[]')),
    db.schema.alterTable('grants').addColumn('last_used_at', integer),
    db.schema.alterTable('interactions').addColumn('decision', 'text'),
    db.schema.alterTable('sessions').addColumn('device', 'text', (column) => column.notNull().defaultTo('')),
    db.schema.dropIndex('sessions_of_subject'),
    db.schema.createIndex('sessions_of_subject').on('sessions').columns(['subject', 'auth_time', 'id']),
    db.schema.alterTable('users').addColumn('upstream_provider', 'text'),
    db.schema.alterTable('users').addColumn('upstream_subject', 'text'),
    db.schema.createIndex('users_of_upstream').unique().on('users').columns(['upstream_provider', 'upstream_subject']),
    db.schema
      .createTable('passkeys')
      .addColumn('credential_id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('public_key', 'text', (column) => column.notNull())
      .addColumn('sign_count', integer, (column) => column.notNull())
      .addColumn('transports', 'text', (column) => column.notNull())
      .addColumn('backup', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('created_at', integer, (column) => column.notNull())
      .addColumn('last_used_at', integer)
      .modifyEnd(sql.raw(table)),
    db.schema.createIndex('passkeys_of_subject').on('passkeys').columns(['subject', 'created_at', 'credential_id']),
    db.schema.alterTable('events').addColumn('subject_ref', 'text'),
    db.updateTable('events').set({ subject_ref: textMember('record', 'subjectRef') }),
    db.schema
      .createIndex('events_of_subject')
      .on('events')
      .columns(['subject_ref', 'seq'])
      .where('subject_ref', 'is not', null)
      .where(isToldToPeople(dialect)),
  ].map(fixed)
}

type Purged = 'requests' | 'interactions' | 'grants' | 'refresh_tokens' | 'revoked_tokens' | 'sessions' | 'attempts'

function purgeIndex(db: Db, table: Purged) {
  return db.schema.createIndex(`${table}_purge`).on(table).column('purge_at')
}
