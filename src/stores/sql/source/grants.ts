/** The statements of grants, consents, refresh tokens and revoked tokens. */

import { type Db, prepare, type SqlDialect } from './builder.ts'
import type { Schema } from '../schema.ts'

/** Grants, and whether they stand. */
export function grantStatements(db: Db) {
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
        auth_time: slot('auth_time'),
        acr: slot('acr'),
        amr: slot('amr'),
        sid: slot('sid'),
        claims: slot('claims'),
        details: slot('details'),
        last_used_at: slot('last_used_at'),
        purge_at: slot('purge_at'),
      }),
    ),
    noteIssue: prepare<{ ref: string; now: number }>((slot) =>
      db
        .updateTable('grants')
        .set({ last_used_at: slot('now') })
        .where('ref', '=', slot('ref')),
    ),
    grant: prepare<{ ref: string }>((slot) => db.selectFrom('grants').selectAll().where('ref', '=', slot('ref'))),
    /** The grant with all that its standing is judged by. */
    grantToJudge: prepare<{ ref: string }>((slot) =>
      withParties(db).selectAll('grants').where('ref', '=', slot('ref')),
    ),
    /** What the standing of a token is judged by: its grant, and whether it was revoked itself. */
    grantOfToken: prepare<{ ref: string; jti: string }>((slot) =>
      withParties(db)
        .leftJoin('revoked_tokens', (join) => join.on('jti', '=', slot('jti')))
        .select(['grants.client_id', 'grants.created_at', 'revoked_at', 'grants.purge_at', 'jti'])
        .where('ref', '=', slot('ref')),
    ),
    /** Page by page, the newest first; one statement for each index. */
    grantsAfter: grantsAfter(db, undefined),
    grantsOfClientAfter: grantsAfter(db, 'client_id'),
    grantsOfSubjectAfter: grantsAfter(db, 'subject'),
    grantsOfSidAfter: grantsAfter(db, 'sid'),
    grantsOfSid: prepare<{ sid: string }>((slot) =>
      db
        .selectFrom('grants')
        .selectAll()
        .where('sid', '=', slot('sid'))
        .where('revoked_at', 'is', null)
        .orderBy('created_at', 'desc')
        .orderBy('ref', 'desc'),
    ),
  }
}

/** What revokes grants. */
export function revocationStatements(db: Db) {
  return {
    /** The first revocation counts. */
    revokeGrant: prepare<{ ref: string; now: number }>((slot) =>
      db
        .updateTable('grants')
        .set((eb) => ({ revoked_at: eb.fn.coalesce('revoked_at', slot('now')) }))
        .where('ref', '=', slot('ref'))
        .returning('ref'),
    ),
    revokeGrantsOfClient: prepare<{ client_id: string; now: number }>((slot) =>
      db
        .updateTable('grants')
        .set({ revoked_at: slot('now') })
        .where('client_id', '=', slot('client_id'))
        .where('revoked_at', 'is', null),
    ),
    grantsOfSubject: prepare<{ subject: string }>((slot) =>
      db
        .selectFrom('grants')
        .selectAll()
        .where('subject', '=', slot('subject'))
        .where('revoked_at', 'is', null)
        .orderBy('created_at', 'desc')
        .orderBy('ref', 'desc'),
    ),
    revokeGrantsOfSubject: prepare<{ subject: string; now: number }>((slot) =>
      db
        .updateTable('grants')
        .set({ revoked_at: slot('now') })
        .where('subject', '=', slot('subject'))
        .where('revoked_at', 'is', null),
    ),
    revokeGrantsBetween: prepare<{ subject: string; client_id: string; now: number }>((slot) =>
      db
        .updateTable('grants')
        .set({ revoked_at: slot('now') })
        .where('subject', '=', slot('subject'))
        .where('client_id', '=', slot('client_id'))
        .where('revoked_at', 'is', null)
        .returning('ref'),
    ),
  }
}

/** A grant beside its person and its client, where they exist. */
function withParties(db: Db) {
  return db
    .selectFrom('grants')
    .leftJoin('users', 'users.subject', 'grants.subject')
    .leftJoin('clients', 'clients.client_id', 'grants.client_id')
    .select(['users.status as user_status', 'users.not_before as user_not_before', 'clients.record'])
}

/** What grants are asked for by: one of these at least has an index to follow; null fits everything. */
type Page = {
  client_id: string | null
  subject: string | null
  sid: string | null
  created_at: number
  ref: string
  limit: number
}

function grantsAfter(db: Db, by: 'client_id' | 'subject' | 'sid' | undefined) {
  return prepare<Page>((slot) => {
    let query = db
      .selectFrom('grants')
      .selectAll()
      .where((eb) => eb(eb.refTuple('created_at', 'ref'), '<', eb.tuple(slot('created_at'), slot('ref'))))
    for (const column of ['client_id', 'subject', 'sid'] as const) {
      query = query.where((eb) =>
        eb(column, '=', column === by ? slot(column) : eb.fn.coalesce(slot(column), eb.ref(column))),
      )
    }
    return query.orderBy('created_at', 'desc').orderBy('ref', 'desc').limit(slot('limit'))
  })
}

/** What people allowed. */
export function consentStatements(db: Db, rowLocks: SqlDialect['rowLocks']) {
  type Key = Pick<Schema['consents'], 'subject' | 'client_id'>
  const find = (lock: 'lock' | 'read') =>
    prepare<Key>((slot) =>
      db
        .selectFrom('consents')
        .selectAll()
        .where('subject', '=', slot('subject'))
        .where('client_id', '=', slot('client_id'))
        .$if(lock === 'lock' && rowLocks === 'needed', (query) => query.forUpdate()),
    )
  return {
    consent: find('read'),
    consentToChange: find('lock'),
    consentsOf: prepare<{ subject: string; limit: number }>((slot) =>
      db
        .selectFrom('consents')
        .selectAll()
        .where('subject', '=', slot('subject'))
        .orderBy('client_id')
        .limit(slot('limit')),
    ),
    setConsent: prepare<Schema['consents']>((slot) => {
      const content = { scope: slot('scope'), resources: slot('resources'), given_at: slot('given_at') }
      return db
        .insertInto('consents')
        .values({ subject: slot('subject'), client_id: slot('client_id'), ...content })
        .onConflict((conflict) => conflict.columns(['subject', 'client_id']).doUpdateSet(content))
    }),
    forgetConsent: prepare<Key>((slot) =>
      db
        .deleteFrom('consents')
        .where('subject', '=', slot('subject'))
        .where('client_id', '=', slot('client_id'))
        .returning('given_at'),
    ),
    forgetConsentsOf: prepare<{ subject: string }>((slot) =>
      db.deleteFrom('consents').where('subject', '=', slot('subject')),
    ),
    forgetConsentsTo: prepare<{ client_id: string }>((slot) =>
      db.deleteFrom('consents').where('client_id', '=', slot('client_id')),
    ),
  }
}

/** Refresh tokens. */
export function refreshTokenStatements(db: Db, rowLocks: SqlDialect['rowLocks']) {
  return {
    addRefreshToken: prepare<Schema['refresh_tokens']>((slot) =>
      db.insertInto('refresh_tokens').values({
        id: slot('id'),
        secret_hash: slot('secret_hash'),
        grant_ref: slot('grant_ref'),
        client_id: slot('client_id'),
        created_at: slot('created_at'),
        expires_at: slot('expires_at'),
        purge_at: slot('purge_at'),
      }),
    ),
    refreshToken: prepare<{ id: string }>((slot) =>
      db.selectFrom('refresh_tokens').selectAll().where('id', '=', slot('id')),
    ),
    refreshTokenToJudge: prepare<{ id: string }>((slot) =>
      db
        .selectFrom('refresh_tokens')
        .selectAll()
        .where('id', '=', slot('id'))
        .$if(rowLocks === 'needed', (query) => query.forUpdate()),
    ),
    noteUse: prepare<{ id: string; purge_at: number }>((slot) =>
      db
        .updateTable('refresh_tokens')
        .set({ purge_at: slot('purge_at') })
        .where('id', '=', slot('id')),
    ),
  }
}

/** Access tokens that were revoked one by one. */
export function revokedTokenStatements(db: Db) {
  return {
    revokeToken: prepare<Schema['revoked_tokens']>((slot) =>
      db
        .insertInto('revoked_tokens')
        .values({ jti: slot('jti'), purge_at: slot('purge_at') })
        .onConflict((conflict) => conflict.doNothing()),
    ),
    /** What the standing of a token without a grant is judged by: its client, and whether it was revoked itself. */
    clientOfToken: prepare<{ client_id: string; jti: string }>((slot) =>
      db
        .selectFrom('clients')
        .leftJoin('revoked_tokens', (join) => join.on('jti', '=', slot('jti')))
        .select(['client_id', 'record', 'jti'])
        .where('client_id', '=', slot('client_id')),
    ),
  }
}
