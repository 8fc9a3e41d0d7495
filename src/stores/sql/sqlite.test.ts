import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { storeContract } from '../contract.ts'
import {
  aClient,
  aGrant,
  anApproval,
  anEvent,
  anInteraction,
  anOpening,
  aProof,
  aRedemption,
  aRequest,
  at,
  aUser,
  hash,
  id,
} from '../contract-fixtures.ts'
import { genesis, verifyChain } from '../../core/event-chain.ts'
import { profile } from '../../core/profile.ts'
import { compiledSqlite } from './compiled-sqlite.ts'
import { bind, type Rows, type Transition } from './plan.ts'
import { createBuilder, fixed, sqliteDialect } from './source/builder.ts'
import { createSqliteRunner } from './runner.ts'
import { bucketSeconds, liveBuckets } from './schema.ts'
import { openSqliteStore } from './sqlite.ts'
import { sql } from 'kysely'

const scratch = mkdtempSync(join(tmpdir(), 'strongroom-sqlite-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

let files = 0
const newPath = () => join(scratch, `${(files += 1)}.db`)
const clock = () => at(0)

storeContract('SQLite', async () => {
  let now = at(0)
  const options = { path: newPath(), clock: () => now, hash }
  return {
    store: await openSqliteStore(options),
    setClock: (to) => {
      now = to
    },
    reopen: () => openSqliteStore(options),
  }
})

test('everything is there when the file is opened again, and it is readable to its owner only', async () => {
  const options = { path: newPath(), clock, hash }
  const store = await openSqliteStore(options)
  await Promise.all([store.users.add(aUser('ada')), store.clients.add(aClient('shop'))])
  await store.requests.push(aRequest('a', 'shop'))
  await store.requests.open(anOpening('a', 'shop'), anInteraction('a', 'first'))
  for (const suffix of ['', '-wal']) assert.equal(statSync(options.path + suffix).mode & 0o777, 0o600)
  await store.close()
  const again = await openSqliteStore(options)
  const interaction = id('interaction a first')
  const outcome = await again.requests.approve(
    interaction,
    anApproval('a', 'ada'),
    aGrant('a', 'shop', 'ada'),
    at(10),
    'asked',
  )
  assert.equal(outcome, 'approved')
  await again.close()
  const third = await openSqliteStore(options)
  assert.equal((await third.requests.redeem(aRedemption('a', 'shop'))).outcome, 'redeemed')
  await third.close()
})

test('what was acknowledged survives SIGKILL', async () => {
  const path = newPath()
  const script = `
    import { writeSync } from 'node:fs'
    const { openSqliteStore } = await import(${quoted('sqlite.ts')})
    const { aRequest, at, hash } = await import(${quoted('..', 'contract-fixtures.ts')})
    const store = await openSqliteStore({ path: ${JSON.stringify(path)}, clock: () => at(0), hash })
    const write = async (lane) => {
      for (let number = 0; ; number += 1) {
        const name = lane + '-' + number
        await store.requests.push(aRequest(name, 'shop'))
        writeSync(1, name + '\\n')
      }
    }
    await Promise.all(Array.from({ length: 20 }, (_, lane) => write(lane)))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const acknowledged: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line)
    if (acknowledged.length === 2000) child.kill('SIGKILL')
  }
  assert.ok(acknowledged.length >= 2000)
  const store = await openSqliteStore({ path, clock, hash })
  for (const name of acknowledged) {
    const opening = await store.requests.open(
      anOpening(name, 'shop', { requestUriHash: hash('no') }),
      anInteraction(name, 'x'),
    )
    assert.equal(opening.outcome, 'unknown')
    const other = { ...anOpening(name, 'thief') }
    assert.equal((await store.requests.open(other, anInteraction(name, 'x'))).outcome, 'client_mismatch', name)
  }
  await store.close()
})

test('transitions of one turn share a commit, and one that fails touches no other', async () => {
  const store = await openSqliteStore({ path: newPath(), clock, hash })
  await store.requests.push(aRequest('taken', 'shop'))
  const before = store.counts()
  const outcomes = await Promise.allSettled(
    ['a', 'b', 'taken', 'c'].map((name) => store.requests.push(aRequest(name, 'shop'))),
  )
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  )
  assert.equal(store.counts().commits - before.commits, 1)
  assert.equal(store.counts().transitions - before.transitions, 4)
  for (const name of ['a', 'b', 'c']) {
    assert.equal((await store.requests.open(anOpening(name, 'shop'), anInteraction(name, 'x'))).outcome, 'opened')
  }
  await store.close()
})

test('what a failing transition did before it failed is undone', async () => {
  const store = await openSqliteStore({ path: newPath(), clock, hash })
  await store.requests.push(aRequest('a', 'shop'))
  await store.requests.open(anOpening('a', 'shop'), anInteraction('a', 'x'))
  for (let index = 1; index < 10; index += 1) {
    await store.requests.open(anOpening('a', 'shop'), anInteraction('a', `${index}`, { startedAt: at(index + 1) }))
  }
  // Drops the oldest, then fails on an id that is taken.
  await assert.rejects(store.requests.open(anOpening('a', 'shop'), anInteraction('a', '9')))
  assert.ok(await store.requests.interaction(id('interaction a x')))
  await store.close()
})

test('a group is bounded, and so is what may wait', async () => {
  const limits = { group: 4, waiting: 10 }
  const store = await openSqliteStore({ path: newPath(), clock, hash, limits })
  const before = store.counts()
  const all = Array.from({ length: 12 }, (_, index) => store.requests.push(aRequest(`${index}`, 'shop')))
  const outcomes = await Promise.allSettled(all)
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  assert.deepEqual(
    refused.map(({ reason }) => reason.name),
    ['StoreOverloaded', 'StoreOverloaded'],
  )
  assert.equal(store.counts().commits - before.commits, 3)
  await store.requests.push(aRequest('afterwards', 'shop'))
  await store.close()
})

test('a commit that fails rejects everything in its group, and the next group works', async () => {
  const db = new DatabaseSync(':memory:', { enableForeignKeyConstraints: true })
  db.exec(
    'create table parent (id primary key); create table child (p references parent(id) deferrable initially deferred)',
  )
  const runner = createSqliteRunner(db, { group: 10, waiting: 10 })
  const run = (text: string) => {
    const statement = { plan: { sql: text }, values: [] }
    return runner.transact(function* (): Transition<Rows> {
      return yield statement
    })
  }
  const outcomes = await Promise.allSettled([run('insert into parent values (1)'), run('insert into child values (7)')])
  for (const outcome of outcomes) {
    assert.ok(outcome.status === 'rejected')
    assert.equal(outcome.reason.name, 'StoreUnavailable')
  }
  await run('insert into parent values (2)')
  assert.deepEqual(
    db
      .prepare('select id from parent')
      .all()
      .map(({ id }) => id),
    [2],
  )
  await runner.close()
})

test('closing finishes what waits', async () => {
  const options = { path: newPath(), clock, hash }
  const store = await openSqliteStore(options)
  const pushes = Array.from({ length: 300 }, (_, index) => store.requests.push(aRequest(`${index}`, 'shop')))
  await store.close()
  await Promise.all(pushes)
  const again = await openSqliteStore(options)
  assert.equal((await again.requests.open(anOpening('299', 'shop'), anInteraction('299', 'x'))).outcome, 'opened')
  await again.close()
})

test('a file that cannot be used is refused with its reason', async () => {
  const garbage = newPath()
  writeFileSync(garbage, 'this is not a database, and it is long enough to look at\n'.repeat(100))
  await refused(garbage, 'not_a_database', /is not a database/)
  const damaged = newPath()
  await (await openSqliteStore({ path: damaged, clock, hash })).close()
  truncateSync(damaged, 5000)
  await refused(damaged, 'not_a_database', /damaged/)
  const directory = newPath()
  mkdirSync(directory)
  await refused(directory, 'unwritable', /is not a file/)
  await refused(join(scratch, 'missing', 'x.db'), 'unwritable', /cannot create .*ENOENT/)
  const foreign = newPath()
  new DatabaseSync(foreign).exec('create table theirs (a)')
  await refused(foreign, 'foreign_database', /another program/)
})

test('a database of a newer program, or of another history, is refused and not touched', async () => {
  const path = newPath()
  await (await openSqliteStore({ path, clock, hash })).close()
  edit(path, "insert into strongroom_migrations values (99, 'from the future', 'x', 0)")
  await refused(path, 'newer_schema', /newer Strongroom: its schema is 99, this program knows 7/)
  edit(path, 'delete from strongroom_migrations where version = 99')
  await (await openSqliteStore({ path, clock, hash })).close()
  edit(path, "update strongroom_migrations set checksum = 'x' where version = 2")
  await refused(path, 'altered_schema', /migration 2/)
})

test('the file has one owner: a second opening is refused, here and in another process', async () => {
  const path = newPath()
  const store = await openSqliteStore({ path, clock, hash })
  await refused(path, 'owned', /in use by another process/)
  const script = `
    const { openSqliteStore } = await import(${quoted('sqlite.ts')})
    const hash = () => 'A'.repeat(43)
    await openSqliteStore({ path: ${JSON.stringify(path)}, clock: () => 0, hash }).catch((e) => console.log(e.name, e.reason))`
  const other = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.equal(other.stdout, 'StoreUnavailable owned\n', other.stderr)
  assert.equal(await store.users.add(aUser('ada')), 'added')
  await refused(path, 'owned', /in use/)
  await store.close()
})

test('a corrupt row is named and its values are not told', async () => {
  const path = newPath()
  const store = await openSqliteStore({ path, clock, hash })
  await store.clients.add(aClient('shop'))
  await store.users.add(aUser('ada'))
  await store.close()
  edit(path, `update clients set record = '{"clientId":"hidden value"}'; update users set status = 'odd'`)
  const again = await openSqliteStore({ path, clock, hash })
  await assert.rejects(again.clients.find(aClient('shop').clientId), {
    name: 'CorruptRecord',
    what: 'client',
    message: 'a stored client cannot be read',
  })
  await assert.rejects(again.users.byUsername(aUser('ada').username), { name: 'CorruptRecord', what: 'user' })
  await again.close()
})

test('whatever was done to the trail behind the back of the store, the chain tells', async () => {
  const options = { path: newPath(), clock, hash }
  const damages = [
    'update events set time = time + 1 where seq = 2',
    "update events set correlation_id = 'correlation-of-another' where seq = 2",
    "update events set id = 'event-of-another' where seq = 2",
    `update events set record = replace(record, '"blocked"', '"allowed"') where seq = 2`,
    'update events set subject_ref = null where seq = 2',
    'update events set subject_ref = (select subject_ref from events where seq = 1) where seq = 2',
    'delete from events where seq = 2',
    'update events set previous_hash = hash where seq = 2',
  ]
  const store = await openSqliteStore(options)
  await store.events.append(['one', 'two', 'three'].map((name) => anEvent(name)))
  await store.close()
  for (const damage of damages) {
    edit(options.path, `create table kept as select * from events; ${damage}`)
    const damaged = await openSqliteStore(options)
    assert.equal(verifyChain(genesis, await damaged.events.list(0, 10), hash), 2, damage)
    await damaged.close()
    edit(options.path, 'delete from events; insert into events select * from kept; drop table kept')
  }
  edit(options.path, `update events set record = '{"severity":"odd"}' where seq = 3`)
  const unreadable = await openSqliteStore(options)
  assert.equal(verifyChain(genesis, await unreadable.events.list(0, 2), hash), undefined)
  await assert.rejects(unreadable.events.list(0, 3), { name: 'CorruptRecord', what: 'security event 3' })
  await unreadable.close()
})

test('a page of grants and the standing of a token follow an index', () => {
  const db = new DatabaseSync(':memory:')
  for (const { statements } of compiledSqlite.migrations) for (const { plan } of statements) db.exec(plan.sql)
  const { statements } = compiledSqlite
  const page = { client_id: 'c', subject: 's', sid: 'i', created_at: 1, ref: 'r', limit: 1 }
  const token = { jti: 'j', ref: 'r', client_id: 'c' }
  const looks = [
    statements.grantsAfter(page),
    statements.grantsOfClientAfter(page),
    statements.grantsOfSubjectAfter(page),
    statements.grantsOfSidAfter(page),
    statements.grantsOfSid(page),
    statements.eventsAbout({ subject_ref: 'd', limit: 1 }),
    statements.revokeGrantsOfClient({ client_id: 'c', now: 1 }),
    statements.revokeGrantsBetween({ subject: 's', client_id: 'c', now: 1 }),
    statements.grantOfToken(token),
    statements.clientOfToken(token),
    statements.consentsOf({ subject: 's', limit: 1 }),
    statements.forgetConsentsOf({ subject: 's' }),
    statements.grantsOfSubject({ subject: 's' }),
    statements.revokeGrantsOfSubject({ subject: 's', now: 1 }),
    statements.endSessionsBySid({ sid: 'i' }),
    statements.forgetConsentsTo({ client_id: 'c' }),
    statements.eventsById({ id: 'i', limit: 1 }),
    statements.sessionsOf({ subject: 's', limit: 1 }),
    statements.userByUpstream({ provider: 'p', subject: 's' }),
    statements.passkeysOf({ subject: 's' }),
    statements.countPasskeysOf({ subject: 's' }),
    statements.renamePasskey({ credential_id: 'i', subject: 's', name: 'n' }),
    statements.noteIssue({ ref: 'r', now: 1 }),
    statements.decide({ id: 'i', decision: 'd' }),
  ]
  for (const { plan, values } of looks) {
    const steps = db
      .prepare(`explain query plan ${plan.sql}`)
      .all(...values)
      .map(({ detail }) => String(detail))
    const isScan = (step: string) => step.startsWith('SCAN') && !step.includes('USING')
    const sorts = plan.sql.includes('order by') && plan !== statements.eventsById({ id: 'i', limit: 1 }).plan
    assert.deepEqual(
      steps.filter((step) => isScan(step) || (sorts && step.includes('TEMP B-TREE'))),
      [],
      `${plan.sql}: ${steps.join('; ')}`,
    )
  }
  db.close()
})

test('a new replay epoch forgets what was spent and stays', async () => {
  const options = { path: newPath(), clock, hash }
  const store = await openSqliteStore(options)
  await store.replay.spendOnce([aProof('one')])
  await store.startReplayEpoch(at(7))
  assert.equal(store.replay.epoch(), at(7))
  assert.deepEqual(await store.replay.spendOnce([aProof('one')]), { spent: true })
  await store.close()
  const again = await openSqliteStore(options)
  assert.equal(again.replay.epoch(), at(7))
  await again.close()
})

test('every artefact of the profile lies within the buckets a look covers; what does not is refused', async () => {
  const longest = profile.clientAssertionLifetime + profile.clockSkewAhead + profile.replayMargin
  assert.ok(longest + bucketSeconds < (liveBuckets - 1) * bucketSeconds)
  const store = await openSqliteStore({ path: newPath(), clock, hash })
  await assert.rejects(store.replay.spendOnce([aProof('one', { expiresAt: at(3600) })]), RangeError)
  await store.close()
})

test('statements are compiled with their constants, and refuse a value that lacks', () => {
  const db = createBuilder(sqliteDialect)
  const compiled = fixed(db.selectFrom('keys').select('kid').where('alg', '=', 'ES256').limit(sql.lit(1)))
  const text = 'select "kid" from "keys" where "alg" = ? limit 1'
  assert.deepEqual(compiled, { kind: 'fixed', sql: text, values: ['ES256'] })
  const bound = bind<{ alg: string }>(text, [{ slot: 'alg' }, { value: 7 }])
  assert.deepEqual(bound({ alg: 'ES256' }), { plan: { sql: text }, values: ['ES256', 7] })
  const loose: (values: Record<string, string>) => unknown = bind(text, [{ slot: 'alg' }])
  assert.throws(() => loose({}), TypeError)
})

/** A module beside this one, for a script. */
function quoted(...parts: string[]): string {
  return JSON.stringify(join(import.meta.dirname, ...parts))
}

async function refused(path: string, reason: string, message: RegExp): Promise<void> {
  await assert.rejects(openSqliteStore({ path, clock, hash }), (error: Error & { reason?: string }) => {
    assert.equal(error.name, 'StoreUnavailable')
    assert.equal(error.reason, reason)
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, /\n/)
    return true
  })
}

function edit(path: string, text: string): void {
  const db = new DatabaseSync(path)
  db.exec(text)
  db.close()
}
