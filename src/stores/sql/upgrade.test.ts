import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { genesis, verifyChain } from '../../core/event-chain.ts'
import { clientDefaults } from '../../core/client.ts'
import { noRequestedClaims } from '../../core/flow.ts'
import { clientId, rowId, subject } from '../../core/names.ts'
import {
  aClient,
  aGrant,
  aKey,
  anApproval,
  anEvent,
  anInteraction,
  anOffer,
  anOpening,
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
  request: ['acrValues', 'claims', 'hintedSubject'],
  client: Object.keys(clientDefaults).filter(
    (name) => !['applicationType', 'redirectUris', 'keys', 'status'].includes(name),
  ),
}

/** A database of the first three migrations, with a row in every table that changed since. */
function anOldDatabase(path: string): void {
  const db = new DatabaseSync(path)
  const old = { ...compiledSqlite, migrations: compiledSqlite.migrations.slice(0, 3) }
  drive(migrate(old, hash, at(-5)), ({ plan, values }) => db.prepare(plan.sql).all(...values))
  const insert = (table: string, row: Record<string, string | number | null>) => {
    const names = Object.keys(row)
    db.prepare(`insert into ${table} (${names.join()}) values (${names.map(() => '?').join()})`).run(
      ...Object.values(row),
    )
  }
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
  insert('requests', { ...requestRow('a'), state: 'granted', approval: without(anApproval('a', 'ada'), 'sid') })
  const grant = aGrant('a', 'shop', 'ada')
  insert('grants', {
    ref: grant.ref,
    client_id: grant.clientId,
    subject: grant.subject,
    scope: JSON.stringify(grant.scope),
    resources: JSON.stringify(grant.resources),
    created_at: grant.createdAt,
    revoked_at: null,
    purge_at: grant.expiresAt,
  })
  const user = aUser('ada')
  insert('users', {
    subject: user.subject,
    username: user.username,
    password_hash: user.passwordHash,
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

test('a database of before opens and keeps working', async () => {
  const options = { path: join(scratch, 'old.db'), clock: () => at(0), hash }
  anOldDatabase(options.path)
  const store = await openSqliteStore(options)

  assert.deepEqual(
    await store.clients.find(clientId('shop')),
    aClient('shop', { tokenEndpointAuthSigningAlg: undefined }),
  )
  assert.deepEqual(await store.sessions.find(id('session one')), aSession('one', 'ada', { sid: id('session one') }))
  assert.deepEqual(await store.keys.list(), [aKey('one', { createdAt: at(-9), activeFrom: at(-9) })])
  const sid = rowId(ref('grant a'))
  const old = aGrant('a', 'shop', 'ada', { authTime: at(10), sid })
  assert.deepEqual(await store.grants.find(old.ref), old)
  assert.deepEqual(await store.grants.list({ subject: subject('sub-ada') }, 10, undefined), [old])
  assert.equal(await store.tokens.standing(aToken('one', 'shop', 'a'), at(20)), 'live')

  const redemption = await store.requests.redeem(aRedemption('a', 'shop', { refreshToken: anOffer('a') }))
  const plain = { acrValues: [], claims: noRequestedClaims, hintedSubject: undefined }
  assert.deepEqual(redemption, {
    outcome: 'redeemed',
    request: { ...aRequest('a', 'shop').request, ...plain },
    approval: anApproval('a', 'ada', { sid }),
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
  const plain = { acrValues: [], claims: noRequestedClaims, hintedSubject: undefined }
  const old: unknown = JSON.parse(without(request, ...later.request))
  assert.deepEqual(parseAuthorizationRequest(old), { ...request, ...plain })
  const approval: unknown = JSON.parse(without(anApproval('a', 'ada'), 'sid'))
  assert.equal(parseApproval(approval).sid, ref('grant a'))
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
  ])
})
