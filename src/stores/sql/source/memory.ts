/** The statements of counters, signing keys, the trail and the replay memory, and those that clear up. */

import { type Expression, type ExpressionBuilder, sql } from 'kysely'
import { type Db, fixed, isToldToPeople, prepare, type SqlDialect } from './builder.ts'
import { liveBuckets, type Schema } from '../schema.ts'

/** Counters. */
export function attemptStatements(db: Db) {
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

/** Signing keys. */
export function keyStatements(db: Db) {
  return {
    addKey: prepare<Schema['keys']>((slot) =>
      db.insertInto('keys').values({
        kid: slot('kid'),
        alg: slot('alg'),
        sealed_private_key: slot('sealed_private_key'),
        created_at: slot('created_at'),
        active_from: slot('active_from'),
        published_until: slot('published_until'),
      }),
    ),
    retireKey: prepare<{ kid: string; published_until: number }>((slot) =>
      db
        .updateTable('keys')
        .set({ published_until: slot('published_until') })
        .where('kid', '=', slot('kid'))
        .returning('kid'),
    ),
    removeKey: prepare<{ kid: string }>((slot) =>
      db.deleteFrom('keys').where('kid', '=', slot('kid')).returning('kid'),
    ),
    keys: fixed(db.selectFrom('keys').selectAll().orderBy('created_at').orderBy('kid')),
  }
}

/** The trail. Nothing in it is ever changed. */
export function eventStatements(db: Db, dialect: Pick<SqlDialect, 'textMember'>) {
  return {
    addEvent: prepare<Schema['events']>((slot) =>
      db.insertInto('events').values({
        seq: slot('seq'),
        id: slot('id'),
        correlation_id: slot('correlation_id'),
        time: slot('time'),
        subject_ref: slot('subject_ref'),
        record: slot('record'),
        previous_hash: slot('previous_hash'),
        hash: slot('hash'),
      }),
    ),
    lastEvent: fixed(db.selectFrom('events').select(['seq', 'hash']).orderBy('seq', 'desc').limit(sql.lit(1))),
    eventsAfter: prepare<{ after: number; limit: number }>((slot) =>
      db.selectFrom('events').selectAll().where('seq', '>', slot('after')).orderBy('seq').limit(slot('limit')),
    ),
    eventsById: prepare<{ id: string; limit: number }>((slot) =>
      db
        .selectFrom('events')
        .selectAll()
        .where((eb) => eb.or([eb('id', '=', slot('id')), eb('correlation_id', '=', slot('id'))]))
        .orderBy('seq')
        .limit(slot('limit')),
    ),
    eventsAbout: prepare<{ subject_ref: string; limit: number }>((slot) =>
      db
        .selectFrom('events')
        .selectAll()
        .where('subject_ref', '=', slot('subject_ref'))
        .where(isToldToPeople(dialect))
        .orderBy('seq', 'desc')
        .limit(slot('limit')),
    ),
  }
}

/** What was used, and facts that are numbers. */
export function replayStatements(db: Db) {
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
export function reapStatements(db: Db) {
  return {
    reapInteractions: reapById(db, 'interactions'),
    reapRequests: reapById(db, 'requests'),
    reapSessions: reapById(db, 'sessions'),
    reapRefreshTokens: reapById(db, 'refresh_tokens'),
    reapRevokedTokens: prepare<Reaping>((slot) => {
      const over = db.selectFrom('revoked_tokens').select('jti').where('purge_at', '<=', slot('now'))
      return db
        .deleteFrom('revoked_tokens')
        .where('jti', 'in', over.orderBy('purge_at').limit(slot('limit')))
        .returning('purge_at')
    }),
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

function reapById(db: Db, table: 'interactions' | 'requests' | 'sessions' | 'refresh_tokens') {
  return prepare<Reaping>((slot) => {
    const over = db.selectFrom(table).select('id').where('purge_at', '<=', slot('now')).orderBy('purge_at')
    return db
      .deleteFrom(table)
      .where('id', 'in', over.limit(slot('limit')))
      .returning('purge_at')
  })
}
