/** The statements of sign-ins, people, their passkeys and clients. */

import { type Db, prepare, type SqlDialect } from './builder.ts'
import type { Schema } from '../schema.ts'

/** Sign-ins. */
export function sessionStatements(db: Db) {
  return {
    addSession: prepare<Schema['sessions']>((slot) =>
      db.insertInto('sessions').values({
        id: slot('id'),
        sid: slot('sid'),
        secret_hash: slot('secret_hash'),
        subject: slot('subject'),
        auth_time: slot('auth_time'),
        acr: slot('acr'),
        amr: slot('amr'),
        device: slot('device'),
        purge_at: slot('purge_at'),
      }),
    ),
    session: prepare<{ id: string }>((slot) => db.selectFrom('sessions').selectAll().where('id', '=', slot('id'))),
    sessionsOf: prepare<{ subject: string; limit: number }>((slot) =>
      db
        .selectFrom('sessions')
        .selectAll()
        .where('subject', '=', slot('subject'))
        .orderBy('auth_time', 'desc')
        .orderBy('id', 'desc')
        .limit(slot('limit')),
    ),
    endSession: prepare<{ id: string }>((slot) => db.deleteFrom('sessions').where('id', '=', slot('id'))),
    endSessionsBySid: prepare<{ sid: string }>((slot) =>
      db.deleteFrom('sessions').where('sid', '=', slot('sid')).returning('id'),
    ),
    endSessionsOf: prepare<{ subject: string }>((slot) =>
      db.deleteFrom('sessions').where('subject', '=', slot('subject')),
    ),
  }
}

/** People. */
export function userStatements(db: Db, rowLocks: SqlDialect['rowLocks']) {
  return {
    addUser: prepare<Schema['users']>((slot) =>
      db
        .insertInto('users')
        .values({
          subject: slot('subject'),
          username: slot('username'),
          password_hash: slot('password_hash'),
          status: slot('status'),
          not_before: slot('not_before'),
          created_at: slot('created_at'),
          claims: slot('claims'),
          upstream_provider: slot('upstream_provider'),
          upstream_subject: slot('upstream_subject'),
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('subject'),
    ),
    userByName: prepare<{ username: string }>((slot) =>
      db.selectFrom('users').selectAll().where('username', '=', slot('username')),
    ),
    userToChange: prepare<{ username: string }>((slot) =>
      db
        .selectFrom('users')
        .selectAll()
        .where('username', '=', slot('username'))
        .$if(rowLocks === 'needed', (query) => query.forUpdate()),
    ),
    userBySubject: prepare<{ subject: string }>((slot) =>
      db.selectFrom('users').selectAll().where('subject', '=', slot('subject')),
    ),
    userByUpstream: prepare<{ provider: string; subject: string }>((slot) =>
      db
        .selectFrom('users')
        .selectAll()
        .where('upstream_provider', '=', slot('provider'))
        .where('upstream_subject', '=', slot('subject')),
    ),
    usersAfter: prepare<{ after: string; limit: number }>((slot) =>
      db.selectFrom('users').selectAll().where('username', '>', slot('after')).orderBy('username').limit(slot('limit')),
    ),
    changeUser: prepare<{ subject: string; password_hash: string; status: string; not_before: number }>((slot) =>
      db
        .updateTable('users')
        .set({ password_hash: slot('password_hash'), status: slot('status'), not_before: slot('not_before') })
        .where('subject', '=', slot('subject')),
    ),
    setClaims: prepare<{ subject: string; claims: string }>((slot) =>
      db
        .updateTable('users')
        .set({ claims: slot('claims') })
        .where('subject', '=', slot('subject'))
        .returning('subject'),
    ),
  }
}

/** Passkeys. */
export function passkeyStatements(db: Db, rowLocks: SqlDialect['rowLocks']) {
  const find = (lock: 'lock' | 'read') =>
    prepare<Pick<Schema['passkeys'], 'credential_id'>>((slot) =>
      db
        .selectFrom('passkeys')
        .selectAll()
        .where('credential_id', '=', slot('credential_id'))
        .$if(lock === 'lock' && rowLocks === 'needed', (query) => query.forUpdate()),
    )
  return {
    passkey: find('read'),
    passkeyToJudge: find('lock'),
    passkeysOf: prepare<{ subject: string }>((slot) =>
      db
        .selectFrom('passkeys')
        .selectAll()
        .where('subject', '=', slot('subject'))
        .orderBy('created_at')
        .orderBy('credential_id'),
    ),
    countPasskeysOf: prepare<{ subject: string }>((slot) =>
      db
        .selectFrom('passkeys')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('subject', '=', slot('subject')),
    ),
    ...passkeyChanges(db),
  }
}

function passkeyChanges(db: Db) {
  type Key = Pick<Schema['passkeys'], 'credential_id'>
  type Own = Pick<Schema['passkeys'], 'credential_id' | 'subject'>
  return {
    addPasskey: prepare<Schema['passkeys']>((slot) =>
      db
        .insertInto('passkeys')
        .values({
          credential_id: slot('credential_id'),
          subject: slot('subject'),
          public_key: slot('public_key'),
          sign_count: slot('sign_count'),
          transports: slot('transports'),
          backup: slot('backup'),
          name: slot('name'),
          created_at: slot('created_at'),
          last_used_at: slot('last_used_at'),
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('credential_id'),
    ),
    notePasskeyUse: prepare<Key & { sign_count: number; backup: string; now: number }>((slot) =>
      db
        .updateTable('passkeys')
        .set({ sign_count: slot('sign_count'), backup: slot('backup'), last_used_at: slot('now') })
        .where('credential_id', '=', slot('credential_id')),
    ),
    renamePasskey: prepare<Own & { name: string }>((slot) =>
      db
        .updateTable('passkeys')
        .set({ name: slot('name') })
        .where('credential_id', '=', slot('credential_id'))
        .where('subject', '=', slot('subject'))
        .returning('credential_id'),
    ),
    removePasskey: prepare<Own>((slot) =>
      db
        .deleteFrom('passkeys')
        .where('credential_id', '=', slot('credential_id'))
        .where('subject', '=', slot('subject'))
        .returning('credential_id'),
    ),
  }
}

/** Clients. */
export function clientStatements(db: Db, rowLocks: SqlDialect['rowLocks']) {
  return {
    addClient: prepare<Schema['clients']>((slot) =>
      db
        .insertInto('clients')
        .values({ client_id: slot('client_id'), record: slot('record') })
        .onConflict((conflict) => conflict.doNothing())
        .returning('client_id'),
    ),
    client: prepare<{ client_id: string }>((slot) =>
      db.selectFrom('clients').selectAll().where('client_id', '=', slot('client_id')),
    ),
    clientToChange: prepare<{ client_id: string }>((slot) =>
      db
        .selectFrom('clients')
        .selectAll()
        .where('client_id', '=', slot('client_id'))
        .$if(rowLocks === 'needed', (query) => query.forUpdate()),
    ),
    changeClient: prepare<Schema['clients']>((slot) =>
      db
        .updateTable('clients')
        .set({ record: slot('record') })
        .where('client_id', '=', slot('client_id')),
    ),
    removeClient: prepare<{ client_id: string }>((slot) =>
      db.deleteFrom('clients').where('client_id', '=', slot('client_id')).returning('client_id'),
    ),
    clientsAfter: prepare<{ after: string; limit: number }>((slot) =>
      db
        .selectFrom('clients')
        .selectAll()
        .where('client_id', '>', slot('after'))
        .orderBy('client_id')
        .limit(slot('limit')),
    ),
  }
}
