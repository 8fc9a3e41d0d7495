/** Every statement of the store. One set for both dialects. */

import { type Expression, type ExpressionBuilder, type Kysely, sql } from 'kysely'
import { liveBuckets, type Schema } from '../schema.ts'
import { createBuilder, fixed, prepare, type SqlDialect } from './builder.ts'

/** Compiles all statements for a dialect. */
export function createStatements(dialect: SqlDialect) {
  const db = createBuilder(dialect)
  const { rowLocks } = dialect
  return {
    ...requestStatements(db, rowLocks),
    ...interactionStatements(db),
    ...grantStatements(db),
    ...sessionStatements(db),
    ...userStatements(db, rowLocks),
    ...clientStatements(db),
    ...attemptStatements(db),
    ...keyStatements(db),
    ...replayStatements(db),
    ...reapStatements(db),
  }
}

type Db = Kysely<Schema>

function requestStatements(db: Db, rowLocks: SqlDialect['rowLocks']) {
  return {
    addRequest: prepare<Omit<Schema['requests'], 'state' | 'approval'>>((slot) =>
      db.insertInto('requests').values({
        id: slot('id'),
        client_id: slot('client_id'),
        request: slot('request'),
        request_uri_hash: slot('request_uri_hash'),
        expires_at: slot('expires_at'),
        state: 'pushed',
        approval: null,
        purge_at: slot('purge_at'),
      }),
    ),
    /** The row, to be judged: nobody else changes it until this transaction ends. */
    requestToJudge: prepare<{ id: string }>((slot) =>
      db
        .selectFrom('requests')
        .selectAll()
        .where('id', '=', slot('id'))
        .$if(rowLocks === 'needed', (query) => query.forUpdate()),
    ),
    /** The same by one of its interactions. */
    requestOfInteraction: prepare<{ interaction: string }>((slot) =>
      db
        .selectFrom('requests')
        .selectAll()
        .where('id', '=', (eb) =>
          eb.selectFrom('interactions').select('request_id').where('interactions.id', '=', slot('interaction')),
        )
        .$if(rowLocks === 'needed', (query) => query.forUpdate()),
    ),
    setRequestState: prepare<{ id: string; state: string }>((slot) =>
      db
        .updateTable('requests')
        .set({ state: slot('state') })
        .where('id', '=', slot('id')),
    ),
    approveRequest: prepare<{ id: string; approval: string; purge_at: number }>((slot) =>
      db
        .updateTable('requests')
        .set({ state: 'granted', approval: slot('approval'), purge_at: slot('purge_at') })
        .where('id', '=', slot('id')),
    ),
  }
}

function interactionStatements(db: Db) {
  return {
    addInteraction: prepare<Schema['interactions']>((slot) =>
      db.insertInto('interactions').values({
        id: slot('id'),
        request_id: slot('request_id'),
        browser_hash: slot('browser_hash'),
        started_at: slot('started_at'),
        interaction_expires_at: slot('interaction_expires_at'),
        session_id: slot('session_id'),
        signed_in_at: slot('signed_in_at'),
        purge_at: slot('purge_at'),
      }),
    ),
    interactionWithRequest: prepare<{ id: string }>((slot) =>
      db
        .selectFrom('interactions')
        .innerJoin('requests', 'requests.id', 'interactions.request_id')
        .selectAll('requests')
        .select(['interactions.id as interaction_id', 'browser_hash', 'started_at', 'interaction_expires_at'])
        .select(['session_id', 'signed_in_at'])
        .where('interactions.id', '=', slot('id')),
    ),
    interactionsOfRequest: prepare<{ request_id: string }>((slot) =>
      db
        .selectFrom('interactions')
        .select('id')
        .where('request_id', '=', slot('request_id'))
        .orderBy((eb) => eb('signed_in_at', 'is', null))
        .orderBy('started_at', 'desc')
        .orderBy('id', 'desc'),
    ),
    dropInteraction: prepare<{ id: string }>((slot) => db.deleteFrom('interactions').where('id', '=', slot('id'))),
    signedIn: prepare<{ id: string; session_id: string; signed_in_at: number }>((slot) =>
      db
        .updateTable('interactions')
        .set({ session_id: slot('session_id'), signed_in_at: slot('signed_in_at') })
        .where('id', '=', slot('id')),
    ),
  }
}

function grantStatements(db: Db) {
  return {
    addGrant: prepare<Schema['grants']>((slot) =>
      db.insertInto('grants').values({
        ref: slot('ref'),
        client_id: slot('client_id'),
        subject: slot('subject'),
        scope: slot('scope'),
        resources: slot('resources'),
        created_at: slot('created_at'),
        revoked_at: slot('revoked_at'),
        purge_at: slot('purge_at'),
      }),
    ),
    grant: prepare<{ ref: string }>((slot) => db.selectFrom('grants').selectAll().where('ref', '=', slot('ref'))),
    /** The first revocation counts. */
    revokeGrant: prepare<{ ref: string; now: number }>((slot) =>
      db
        .updateTable('grants')
        .set((eb) => ({ revoked_at: eb.fn.coalesce('revoked_at', slot('now')) }))
        .where('ref', '=', slot('ref'))
        .returning('ref'),
    ),
  }
}

function sessionStatements(db: Db) {
  return {
    addSession: prepare<Schema['sessions']>((slot) =>
      db.insertInto('sessions').values({
        id: slot('id'),
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
    endSessionsOf: prepare<{ subject: string }>((slot) =>
      db.deleteFrom('sessions').where('subject', '=', slot('subject')),
    ),
  }
}

function userStatements(db: Db, rowLocks: SqlDialect['rowLocks']) {
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

function clientStatements(db: Db) {
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

function attemptStatements(db: Db) {
  return {
    /** One more in the running window, or the first of a new one. */
    raiseAttempts: prepare<{ counter: string; purge_at: number; now: number }>((slot) => {
      const isOver = (eb: ExpressionBuilder<Schema, 'attempts'>) => eb('attempts.purge_at', '<=', slot('now'))
      return db
        .insertInto('attempts')
        .values({ counter: slot('counter'), count: 1, purge_at: slot('purge_at') })
        .onConflict((conflict) =>
          conflict.column('counter').doUpdateSet((eb) => ({
            count: eb
              .case()
              .when(isOver(eb))
              .then(1)
              .else(eb('attempts.count', '+', 1))
              .end(),
            purge_at: eb.case().when(isOver(eb)).then(slot('purge_at')).else(eb.ref('attempts.purge_at')).end(),
          })),
        )
        .returning('count')
    }),
    lowerAttempts: prepare<{ counter: string }>((slot) =>
      db
        .updateTable('attempts')
        .set((eb) => ({ count: eb('count', '-', 1) }))
        .where('counter', '=', slot('counter'))
        .where('count', '>', 0),
    ),
    forgetAttempts: prepare<{ counter: string }>((slot) =>
      db.deleteFrom('attempts').where('counter', '=', slot('counter')),
    ),
  }
}

function keyStatements(db: Db) {
  return {
    addKey: prepare<Schema['keys']>((slot) =>
      db.insertInto('keys').values({
        kid: slot('kid'),
        alg: slot('alg'),
        sealed_private_key: slot('sealed_private_key'),
        created_at: slot('created_at'),
      }),
    ),
    keys: fixed(db.selectFrom('keys').selectAll().orderBy('created_at').orderBy('kid')),
  }
}

function replayStatements(db: Db) {
  type Key = Pick<Schema['replay'], 'name' | 'owner' | 'purpose'>
  return {
    /** Whether a live entry of this name exists: one look into each bucket that can hold one. */
    liveEntry: prepare<Key & { bucket: number; now: number }>((slot) => {
      const buckets: Expression<number>[] = Array.from(
        { length: liveBuckets },
        (_, ahead) => sql<number>`${slot('bucket')} + ${sql.lit(ahead)}`,
      )
      return (
        db
          .selectFrom('replay')
          .select('expires_at')
          .where('bucket', 'in', buckets)
          .where('name', '=', slot('name'))
          .where('owner', '=', slot('owner'))
          .where('purpose', '=', slot('purpose'))
          .where('expires_at', '>=', slot('now'))
          // Written out: SQLite plans a statement again for every value bound to a limit.
          .limit(sql.lit(1))
      )
    }),
    /** Records it, over an entry of the same name and minute whose time is over. */
    spendEntry: prepare<Schema['replay']>((slot) =>
      db
        .insertInto('replay')
        .values({
          bucket: slot('bucket'),
          name: slot('name'),
          owner: slot('owner'),
          purpose: slot('purpose'),
          expires_at: slot('expires_at'),
        })
        .onConflict((conflict) =>
          conflict.columns(['bucket', 'name', 'owner', 'purpose']).doUpdateSet({ expires_at: slot('expires_at') }),
        ),
    ),
    lastBucket: fixed(db.selectFrom('replay').select('bucket').orderBy('bucket', 'desc').limit(sql.lit(1))),
    forgetEntries: fixed(db.deleteFrom('replay')),
    fact: prepare<{ name: string }>((slot) => db.selectFrom('facts').select('value').where('name', '=', slot('name'))),
    setFact: prepare<Schema['facts']>((slot) =>
      db
        .insertInto('facts')
        .values({ name: slot('name'), value: slot('value') })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: slot('value') })),
    ),
  }
}

type Reaping = { now: number; limit: number }

/** Each deletes the rows whose time is over, the oldest first, and returns one row for each that went. */
function reapStatements(db: Db) {
  return {
    reapInteractions: reapById(db, 'interactions'),
    reapRequests: reapById(db, 'requests'),
    reapSessions: reapById(db, 'sessions'),
    reapGrants: prepare<Reaping>((slot) => {
      const over = db.selectFrom('grants').select('ref').where('purge_at', '<=', slot('now')).orderBy('purge_at')
      return db
        .deleteFrom('grants')
        .where('ref', 'in', over.limit(slot('limit')))
        .returning('purge_at')
    }),
    reapAttempts: prepare<Reaping>((slot) => {
      const over = db.selectFrom('attempts').select('counter').where('purge_at', '<=', slot('now')).orderBy('purge_at')
      return db
        .deleteFrom('attempts')
        .where('counter', 'in', over.limit(slot('limit')))
        .returning('purge_at')
    }),
    /** Whole buckets: everything in them ended before the bucket of now began. */
    reapEntries: prepare<{ bucket: number; limit: number }>((slot) =>
      db
        .deleteFrom('replay')
        .where((eb) =>
          eb(
            eb.refTuple('bucket', 'name', 'owner', 'purpose'),
            'in',
            eb
              .selectFrom('replay')
              .select(['bucket', 'name', 'owner', 'purpose'])
              .where('bucket', '<', slot('bucket'))
              .orderBy('bucket')
              .limit(slot('limit'))
              .$asTuple('bucket', 'name', 'owner', 'purpose'),
          ),
        )
        .returning('expires_at'),
    ),
  }
}

function reapById(db: Db, table: 'interactions' | 'requests' | 'sessions') {
  return prepare<Reaping>((slot) => {
    const over = db.selectFrom(table).select('id').where('purge_at', '<=', slot('now')).orderBy('purge_at')
    return db
      .deleteFrom(table)
      .where('id', 'in', over.limit(slot('limit')))
      .returning('purge_at')
  })
}
