/** The statements of sign-ins, people and clients. */

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
        purge_at: slot('purge_at'),
      }),
    ),
    session: prepare<{ id: string }>((slot) => db.selectFrom('sessions').selectAll().where('id', '=', slot('id'))),
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
    usersAfter: prepare<{ after: string; limit: number }>((slot) =>
      db.selectFrom('users').selectAll().where('username', '>', slot('after')).orderBy('username').limit(slot('limit')),
    ),
    changeUser: prepare<{ subject: string; password_hash: string; status: string; not_before: number }>((slot) =>
      db
        .updateTable('users')
        .set({ password_hash: slot('password_hash'), status: slot('status'), not_before: slot('not_before') })
        .where('subject', '=', slot('subject')),
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
