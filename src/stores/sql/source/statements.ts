/** Every statement of the store. One set for both dialects. */

import { createBuilder, type Db, prepare, type SqlDialect } from './builder.ts'
import {
  consentStatements,
  grantStatements,
  refreshTokenStatements,
  revocationStatements,
  revokedTokenStatements,
} from './grants.ts'
import { attemptStatements, eventStatements, keyStatements, reapStatements, replayStatements } from './memory.ts'
import { clientStatements, passkeyStatements, sessionStatements, userStatements } from './people.ts'
import type { Schema } from '../schema.ts'

/** Compiles all statements for a dialect. */
export function createStatements(dialect: SqlDialect) {
  const db = createBuilder(dialect)
  const { rowLocks } = dialect
  return {
    ...requestStatements(db, rowLocks),
    ...interactionStatements(db),
    ...grantStatements(db),
    ...revocationStatements(db),
    ...consentStatements(db, rowLocks),
    ...refreshTokenStatements(db, rowLocks),
    ...revokedTokenStatements(db),
    ...sessionStatements(db),
    ...userStatements(db, rowLocks),
    ...passkeyStatements(db, rowLocks),
    ...clientStatements(db, rowLocks),
    ...attemptStatements(db),
    ...keyStatements(db),
    ...eventStatements(db, dialect),
    ...replayStatements(db),
    ...reapStatements(db),
  }
}

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
        decision: slot('decision'),
        purge_at: slot('purge_at'),
      }),
    ),
    interactionWithRequest: prepare<{ id: string }>((slot) =>
      db
        .selectFrom('interactions')
        .innerJoin('requests', 'requests.id', 'interactions.request_id')
        .selectAll('requests')
        .select(['interactions.id as interaction_id', 'browser_hash', 'started_at', 'interaction_expires_at'])
        .select(['session_id', 'signed_in_at', 'decision'])
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
    /** The first decision stands. */
    decide: prepare<{ id: string; decision: string }>((slot) =>
      db
        .updateTable('interactions')
        .set({ decision: slot('decision') })
        .where('id', '=', slot('id'))
        .where('decision', 'is', null)
        .returning('id'),
    ),
  }
}
