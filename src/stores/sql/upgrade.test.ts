import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { chainedAll, genesis, verifyChain } from '../../core/event-chain.ts'
import type { SecurityEvent } from '../../core/events.ts'
import { clientDefaults } from '../../core/client.ts'
import { type Grant, noRequestedClaims } from '../../core/flow.ts'
import { clientId, rowId, subject } from '../../core/names.ts'
import {
  aClient,
  aDecision,
  aGrant,
  aKey,
  anApproval,
  anEvent,
  anInteraction,
  anOffer,
  anOpening,
  aPasskey,
  aRedemption,
  aRequest,
  aSession,
  at,
  aToken,
  aUser,
  hash,
  id,
  ref,
} from '../contract-fixtures.ts'
import { clientJson } from '../client-record.ts'
import { parseApproval, parseAuthorizationRequest } from '../records.ts'
import { compiledSqlite } from './compiled-sqlite.ts'
import { migrate } from './migrations.ts'
import { drive } from './plan.ts'
import { openSqliteStore } from './sqlite.ts'

const scratch = mkdtempSync(join(tmpdir(), 'strongroom-upgrade-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

/** What a record was before it had these members. */
function without(record: object, ...members: readonly string[]): string {
  return JSON.stringify(Object.fromEntries(Object.entries(record).filter(([name]) => !members.includes(name))))
}

const later = {
  request: ['acrValues', 'claims', 'hintedSubject', 'details', 'uiLocales'],
  approval: ['sid', 'details'],
  client: Object.keys(clientDefaults).filter(
    (name) => !['applicationType', 'redirectUris', 'keys', 'status'].includes(name),
  ),
}

/** A database of the first migrations. */
function databaseOf(path: string, version: number) {
  const db = new DatabaseSync(path)
  const old = { ...compiledSqlite, migrations: compiledSqlite.migrations.slice(0, version) }
  drive(migrate(old, hash, at(-5)), ({ plan, values }) => db.prepare(plan.sql).all(...values))
  const insert = (table: string, row: Record<string, string | number | null>) => {
    const names = Object.keys(row)
    db.prepare(`insert into ${table} (${names.join()}) values (${names.map(() => '?').join()})`).run(
      ...Object.values(row),
    )
  }
  return { db, insert }
}

/** A grant as the first migration has it. */
function firstGrantRow({ ref, clientId, subject, scope, resources, createdAt, expiresAt }: Grant) {
  return {
    ref,
    client_id: clientId,
    subject,
    scope: JSON.stringify(scope),
    resources: JSON.stringify(resources),
    created_at: createdAt,
    revoked_at: null,
    purge_at: expiresAt,
  }
}

/** A database of the first three migrations, with a row in every table that changed since. */
function anOldDatabase(path: string): void {
  const { db, insert } = databaseOf(path, 3)
  const requestRow = (name: string) => {
    const { id: key, clientId: client, request, requestUriHash, expiresAt } = aRequest(name, 'shop')
    return {
      id: key,
      client_id: client,
      request: without(request, ...later.request),
      request_uri_hash: requestUriHash,
      expires_at: expiresAt,
      purge_at: at(400),
    }
  }
  insert('requests', { ...requestRow('pushed'), state: 'pushed', approval: null })
  insert('requests', {
    ...requestRow('a'),
    state: 'granted',
    approval: without(anApproval('a', 'ada'), ...later.approval),
  })
  insert('grants', firstGrantRow(aGrant('a', 'shop', 'ada')))
  const user = aUser('ada')
  insert('users', {
    subject: user.subject,
    username: user.username,
    password_hash: user.passwordHash ?? '',
    status: user.status,
    not_before: user.notBefore,
    created_at: user.createdAt,
    claims: JSON.stringify(user.claims),
  })
  const shop = clientJson(aClient('shop'))
  insert('clients', { client_id: 'shop', record: without(shop, ...later.client) })
  const session = aSession('one', 'ada')
  insert('sessions', {
    id: session.id,
    secret_hash: session.secretHash,
    subject: session.subject,
    auth_time: session.authTime,
    acr: session.acr,
    amr: JSON.stringify(session.amr),
    purge_at: session.expiresAt,
  })
  insert('keys', { kid: 'one', alg: 'ES256', sealed_private_key: 'sealed one', created_at: at(-9) })
  db.close()
}

/** A database of the first six migrations, with a row in every table that changed since, and a trail. */
function aDatabaseOfSix(path: string, trail: readonly SecurityEvent[]): void {
  const { db, insert } = databaseOf(path, 6)
  const { id: key, clientId: client, request, requestUriHash, expiresAt } = aRequest('a', 'shop')
  insert('requests', {
    id: key,
    client_id: client,
    request: without(request, 'details', 'uiLocales'),
    request_uri_hash: requestUriHash,
    expires_at: expiresAt,
    purge_at: at(400),
    state: 'pushed',
    approval: null,
  })
  const interaction = anInteraction('a', 'first')
  insert('interactions', {
    id: interaction.id,
    request_id: interaction.requestId,
    browser_hash: interaction.browserHash,
    started_at: interaction.startedAt,
    interaction_expires_at: interaction.expiresAt,
    session_id: null,
    signed_in_at: null,
    purge_at: interaction.expiresAt,
  })
  const grant = aGrant('old', 'shop', 'ada')
  insert('grants', {
    ...firstGrantRow(grant),
    auth_time: grant.authTime,
    acr: grant.acr,
    amr: JSON.stringify(grant.amr),
    sid: grant.sid,
    claims: JSON.stringify(grant.claims),
  })
  for (const { subject: sub, username, passwordHash, status, notBefore, createdAt, claims } of ['ada', 'eve'].map(
    (name) => aUser(name),
  )) {
    insert('users', {
      subject: sub,
      username,
      password_hash: passwordHash ?? null,
      status,
      not_before: notBefore,
      created_at: createdAt,
      claims: JSON.stringify(claims),
    })
  }
  insert('clients', { client_id: 'shop', record: without(clientJson(aClient('shop')), 'authorizationDetailTypes') })
  const session = aSession('one', 'ada')
  insert('sessions', {
    id: session.id,
    sid: session.sid,
    secret_hash: session.secretHash,
    subject: session.subject,
    auth_time: session.authTime,
    acr: session.acr,
    amr: JSON.stringify(session.amr),
    purge_at: session.expiresAt,
  })
  for (const event of trail) {
    insert('events', {
      seq: event.seq,
      id: event.id,
      correlation_id: event.correlationId,
      time: event.time,
      record: without(event, 'seq', 'id', 'correlationId', 'time', 'previousHash', 'hash'),
      previous_hash: event.previousHash,
      hash: event.hash,
    })
  }
  db.close()
}

test('a database of version 6 opens, and what it holds is what it was', async () => {
  const options = { path: join(scratch, 'six.db'), clock: () => at(0), hash }
  const ada = hash('ada')
  const trail = chainedAll(
    genesis,
    [
      anEvent('one', { subjectRef: ada }),
      anEvent('two', { subjectRef: undefined }),
      anEvent('three', { subjectRef: ada }),
    ],
    hash,
  )
  aDatabaseOfSix(options.path, trail)
  const store = await openSqliteStore(options)

  assert.deepEqual(await store.clients.find(clientId('shop')), aClient('shop'))
  assert.deepEqual(await store.users.list(10, undefined), [aUser('ada'), aUser('eve')])
  assert.deepEqual(await store.sessions.list(subject('sub-ada'), 10), [aSession('one', 'ada', { device: '' })])
  const old = aGrant('old', 'shop', 'ada', { details: [] })
  assert.deepEqual(await store.grants.find(old.ref), old)
  const request = aRequest('a', 'shop')
  const plain = { ...request, request: { ...request.request, details: [], uiLocales: [] } }
  const first = anInteraction('a', 'first')
  assert.deepEqual(await store.requests.interaction(first.id), { interaction: first, request: plain })
  assert.equal(await store.requests.decide(first.id, aDecision('a')), 'decided')
  assert.equal(await store.passkeys.add(aPasskey('one', 'ada'), 1), 'added')

  assert.deepEqual(await store.events.list(0, 10), trail)
  assert.deepEqual(await store.events.about(ada, 10), [trail[2], trail[0]])
  const [four] = await store.events.append([anEvent('four', { subjectRef: ada })])
  assert.deepEqual(await store.events.about(ada, 2), [four, trail[2]])
  assert.equal(verifyChain(genesis, await store.events.list(0, 10), hash), undefined)
  await store.close()
})

test('an event that cannot be read is no obstacle to the upgrade, and is told of afterwards', async () => {
  const options = { path: join(scratch, 'unreadable.db'), clock: () => at(0), hash }
  const trail = chainedAll(genesis, [anEvent('one'), anEvent('two'), anEvent('three')], hash)
  aDatabaseOfSix(options.path, trail)
  const db = new DatabaseSync(options.path)
  db.exec(`update events set record = 'no JSON' where seq = 3`)
  db.close()
  const store = await openSqliteStore(options)
  assert.deepEqual(await store.events.list(0, 2), trail.slice(0, 2))
  await assert.rejects(store.events.list(2, 10), { name: 'CorruptRecord', what: 'security event 3' })
  await store.close()
  const after = new DatabaseSync(options.path)
  after.exec(`update events set subject_ref = '${hash('another')}' where seq = 2`)
  after.close()
  const again = await openSqliteStore(options)
  assert.deepEqual(await again.events.list(0, 1), trail.slice(0, 1))
  await assert.rejects(again.events.list(1, 1), { name: 'CorruptRecord', what: 'security event 2' })
  await again.close()
})

test('a database of before opens and keeps working', async () => {
  const options = { path: join(scratch, 'old.db'), clock: () => at(0), hash }
  anOldDatabase(options.path)
  const store = await openSqliteStore(options)

  assert.deepEqual(
    await store.clients.find(clientId('shop')),
    aClient('shop', { tokenEndpointAuthSigningAlg: undefined }),
  )
  assert.deepEqual(
    await store.sessions.find(id('session one')),
    aSession('one', 'ada', { sid: id('session one'), device: '' }),
  )
  assert.deepEqual(await store.keys.list(), [aKey('one', { createdAt: at(-9), activeFrom: at(-9) })])
  const sid = rowId(ref('grant a'))
  const old = aGrant('a', 'shop', 'ada', { authTime: at(10), sid, details: [] })
  assert.deepEqual(await store.grants.find(old.ref), old)
  assert.deepEqual(await store.grants.list({ subject: subject('sub-ada') }, 10, undefined), [old])
  assert.equal(await store.tokens.standing(aToken('one', 'shop', 'a'), at(20)), 'live')

  const redemption = await store.requests.redeem(aRedemption('a', 'shop', { refreshToken: anOffer('a') }))
  const plain = { acrValues: [], claims: noRequestedClaims, hintedSubject: undefined, details: [], uiLocales: [] }
  assert.deepEqual(redemption, {
    outcome: 'redeemed',
    request: { ...aRequest('a', 'shop').request, ...plain },
    approval: anApproval('a', 'ada', { sid, details: [] }),
    refreshToken: 'none',
  })
  const opening = await store.requests.open(anOpening('pushed', 'shop'), anInteraction('pushed', 'x'))
  assert.equal(opening.outcome, 'opened')
  const interaction = id('interaction pushed x')
  const approval = anApproval('pushed', 'ada')
  assert.equal(
    await store.requests.approve(interaction, approval, aGrant('pushed', 'shop', 'ada'), at(10), 'asked'),
    'approved',
  )
  assert.equal(await store.grants.withdraw(subject('sub-ada'), clientId('shop'), at(30)), 'withdrawn')
  assert.equal(await store.grants.standing(old.ref, at(31)), 'revoked')
  assert.equal(await store.clients.setStatus(clientId('shop'), 'suspended', at(32)), 'set')
  assert.equal((await store.clients.find(clientId('shop')))?.status, 'suspended')
  assert.equal(await store.sessions.endBySid(id('session one')), 'ended')
  await store.events.append([anEvent('one')])
  assert.equal(verifyChain(genesis, await store.events.list(0, 10), hash), undefined)
  await store.close()
  await (await openSqliteStore(options)).close()
})

test('records of before are read with what they lack', () => {
  const request = aRequest('a', 'shop').request
  const plain = { acrValues: [], claims: noRequestedClaims, hintedSubject: undefined, details: [], uiLocales: [] }
  const old: unknown = JSON.parse(without(request, ...later.request))
  assert.deepEqual(parseAuthorizationRequest(old), { ...request, ...plain })
  const approval: unknown = JSON.parse(without(anApproval('a', 'ada'), ...later.approval))
  assert.equal(parseApproval(approval).sid, ref('grant a'))
  assert.deepEqual(parseApproval(approval).details, [])
})

test('a migration that was applied somewhere is never edited', () => {
  const checksums = compiledSqlite.migrations.map(({ version, statements }) => [
    version,
    hash(statements.map(({ plan }) => plan.sql).join(';\n')).slice(0, 12),
  ])
  assert.deepEqual(checksums, [
    [1, 'j9a4td4zhMo1'],
    [2, 'IUUb7KQ1x4Hc'],
    [3, 'wCJ-hjAfrQSg'],
    [4, 'ycy41nalkoQh'],
    [5, '8hY5Pzv6IMma'],
    [6, 'SrXkZWdxImXN'],
    [7, 'nNqFJGm91kkf'],
  ])
})
