import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, type NumericDate, numericDate, seconds, subject, username } from '../core/names.ts'
import type { UserRecord } from '../core/people.ts'
import type { Store } from '../core/ports.ts'
import { sha256, systemClock } from '../node/runtime.ts'
import { aPasskey, aSession, aUser } from '../stores/contract-fixtures.ts'
import { openManagedStore } from '../stores/managed.ts'
import { openSqliteStore } from '../stores/sql/index.ts'
import { aCommandLine, failed, printed } from './running.test-support.ts'

const { directory, run, serving } = await aCommandLine()
const path = join(directory, 'strongroom.db')
const ports = { path, clock: systemClock, hash: sha256 }

async function onFile<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openSqliteStore(ports)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** A person with two passkeys, signed in since a while. */
async function aPerson(name: string) {
  const sub = String(printed(await run(['user', 'add', name, '--json'], 'a long demo password\n')).sub)
  const ids = [`${name}-laptop`, `${name}-phone`]
  const long = numericDate(systemClock() - 100)
  await onFile(async ({ passkeys, sessions }) => {
    for (const id of ids) {
      const changes = { subject: subject(sub), credentialId: id, name: id, createdAt: numericDate(1_800_000_000) }
      await passkeys.add(aPasskey(id, name, changes), 10)
    }
    const times: { authTime: NumericDate; expiresAt: NumericDate } = {
      authTime: long,
      expiresAt: after(systemClock(), seconds(600)),
    }
    await sessions.start(aSession(name, name, { subject: subject(sub), ...times }), undefined)
  })
  return { sub, ids }
}

/** The people of this name, with the ids of their passkeys and the number of their sign-ins. */
async function known(name: string) {
  return onFile(async ({ users, passkeys, sessions }) => {
    const user = await users.byUsername(username(name))
    assert.ok(user)
    const ids = (await passkeys.list(user.subject)).map(({ credentialId }) => credentialId)
    const last = Number(user.notBefore)
    return { status: user.status, ids, sessions: (await sessions.list(user.subject, 10)).length, endedAt: last }
  })
}

async function removals() {
  const { store } = await openManagedStore(ports)
  try {
    const events = await store.events.list(0, 500)
    return events.filter(({ type }) => type === 'user.passkey.removed')
  } finally {
    await store.close()
  }
}

test('passkeys are listed, and none of their keys is shown', async () => {
  const { ids } = await aPerson('ann')
  const { code, stdout } = await run(['user', 'passkeys', 'ann'])
  assert.equal(code, 0)
  assert.match(stdout, /^NAME +ID +ADDED +LAST USED +BACKUP\n/)
  for (const id of ids) assert.match(stdout, new RegExp(`${id} +${id} +2027-01-15T08:00:00Z `))
  const listed: readonly Record<string, unknown>[] = printed(await run(['user', 'passkeys', 'ann', '--json']))
  assert.deepEqual(
    listed.map(({ id }) => id),
    ids,
  )
  assert.deepEqual(Object.keys(listed[0] ?? {}), ['name', 'id', 'created_at', 'last_used_at', 'backup'])
  failed(await run(['user', 'passkeys', 'nobody']), 2, /there is no person "nobody"/)
})

test('one passkey is removed, and every sign-in ends, as the trail tells', async () => {
  const { ids } = await aPerson('ben')
  failed(await run(['user', 'passkeys', 'ben', '--remove', 'ann-phone']), 2, /ben has no such passkey/)
  failed(await run(['user', 'passkeys', 'ben', '--remove', 'x', '--remove-all']), 2, /say which/)
  const untouched = await known('ben')
  assert.deepEqual([untouched.ids, untouched.sessions, untouched.endedAt], [ids, 1, 0])
  const done = await run(['user', 'passkeys', 'ben', '--remove', 'ben-phone'])
  assert.equal(done.stdout, 'removed 1 of the passkeys of ben; every sign-in and grant has ended\n')
  const after = await known('ben')
  assert.deepEqual([after.ids, after.sessions, after.status], [['ben-laptop'], 0, 'active'])
  assert.ok(after.endedAt > 0, 'what was granted does not count any more')
  const last = (await removals()).at(-1)
  assert.deepEqual([last?.outcome, last?.reason, last?.evidence], ['revoked', 'by_the_operator', { passkeys: 1 }])
  assert.ok(last?.subjectRef !== undefined)
})

test('who gets a new password keeps the passkeys, and the operator is told of them', async () => {
  await aPerson('eli')
  const done = await run(['user', 'passwd', 'eli', '--password-file', '-'], 'another long password\n')
  assert.equal(done.code, 0)
  assert.match(done.stderr, /2 of the passkeys of eli still sign in: strongroom user passkeys eli/)
  printed(await run(['user', 'passkeys', 'eli', '--remove-all', '--json']))
  const again = await run(['user', 'passwd', 'eli', '--password-file', '-'], 'a third long password\n')
  assert.deepEqual([again.code, again.stderr], [0, ''])
})

test('all passkeys are removed through the running server; who is locked stays locked', async () => {
  await aPerson('cleo')
  printed(await run(['user', 'lock', 'cleo', '--json']))
  await serving()
  assert.deepEqual(printed(await run(['user', 'passkeys', 'cleo', '--remove-all', '--json'])), {
    username: 'cleo',
    removed: 2,
  })
  assert.equal((await removals()).at(-1)?.evidence['passkeys'], 2)
  failed(await run(['user', 'passkeys', 'cleo', '--remove-all']), 2, /cleo has no passkeys/)
  const [cleo] = printed(await run(['user', 'list', '--json'])).filter(
    (one: { username: string }) => one.username === 'cleo',
  )
  assert.equal(cleo.status, 'locked')
})

test('whoever signs in elsewhere is listed so, and is given no password', async () => {
  const upstream = { provider: 'corp', subject: 'x-1' }
  const dora: UserRecord = { ...aUser('dora'), passwordHash: undefined, upstream }
  await onFile(async ({ users }) => assert.equal(await users.add(dora), 'added'))
  const { stdout } = await run(['user', 'list'])
  assert.match(stdout, new RegExp(`${dora.username} +${dora.subject} +active +corp`))
  const listed: readonly Record<string, unknown>[] = printed(await run(['user', 'list', '--json']))
  const found = listed.find((one) => one['username'] === dora.username)
  assert.deepEqual(found?.['upstream'], upstream)
  const refused = await run(['user', 'passwd', dora.username], 'a long demo password\n')
  failed(refused, 2, /signs in at "corp", and has no password here/)
  await onFile(async ({ users }) =>
    assert.equal((await users.byUsername(dora.username))?.passwordHash, undefined, 'nothing was set'),
  )
  assert.equal((await run(['user', 'lock', dora.username])).code, 0)
})
