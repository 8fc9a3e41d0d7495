import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, seconds, subject } from '../core/names.ts'
import { sha256, systemClock } from '../node/runtime.ts'
import { aGrant, anApproval, anInteraction, anOpening, aRequest } from '../stores/contract-fixtures.ts'
import { openManagedStore } from '../stores/managed.ts'
import { openSqliteStore } from '../stores/sql/index.ts'
import { aCommandLine, failed, printed } from './running.test-support.ts'

const { directory, run, serving } = await aCommandLine()
const path = join(directory, 'strongroom.db')
const ports = { path, clock: systemClock, hash: sha256 }

type Shown = { ref: string; state: string; client_id: string; username: string | null; scope: string }

async function aPerson(name: string): Promise<string> {
  return printed(await run(['user', 'add', name, '--json'], 'a long demo password\n')).sub
}

async function anApp(name: string): Promise<string> {
  const redirect = 'http://127.0.0.1:4600/callback'
  const registered = ['--name', name, '--redirect-uri', redirect, '--scope', 'openid accounts']
  return printed(await run(['client', 'add', ...registered, '--generate-key', `${name}.json`, '--json'])).client_id
}

/** The person allows the application something, a while before now. Returns the reference. */
async function allowed(name: string, client: string, sub: string): Promise<string> {
  const store = await openSqliteStore(ports)
  try {
    const earlier = after(systemClock(), seconds(0))
    const times = { createdAt: earlier, expiresAt: after(earlier, seconds(600)), authTime: earlier }
    const person = { subject: subject(sub) }
    await store.requests.push({ ...aRequest(name, client), expiresAt: after(earlier, seconds(90)) })
    const interaction = anInteraction(name, name, { startedAt: earlier, expiresAt: after(earlier, seconds(600)) })
    await store.requests.open(anOpening(name, client, { now: earlier }), interaction)
    const approval = anApproval(name, 'x', { ...person, codeExpiresAt: after(earlier, seconds(60)), authTime: earlier })
    const grant = aGrant(name, client, 'x', { ...person, ...times })
    assert.equal(await store.requests.approve(interaction.id, approval, grant, earlier, 'asked'), 'approved')
    return grant.ref
  } finally {
    await store.close()
  }
}

async function grants(...args: readonly string[]): Promise<readonly Shown[]> {
  return printed(await run(['grant', 'list', '--json', ...args]))
}

/** What the trail holds of changes by an operator, oldest first. */
async function changes(): Promise<readonly string[]> {
  const { store } = await openManagedStore(ports)
  try {
    const events = await store.events.list(0, 200)
    return events.filter(({ type }) => type === 'admin.changed').map(({ reason }) => reason)
  } finally {
    await store.close()
  }
}

test('[OPS-05] [OPS-02] grants are listed and taken back, one by one or with the consent, while the server runs', async () => {
  const [alice, bob] = [await aPerson('alice'), await aPerson('bob')]
  const [one, other] = [await anApp('one'), await anApp('other')]
  const first = await allowed('first', one, alice)
  await allowed('second', one, alice)
  const third = await allowed('third', other, alice)
  await allowed('fourth', one, bob)
  const server = await serving()
  const states = async (...args: readonly string[]) =>
    Object.fromEntries((await grants(...args)).map(({ ref, state }) => [ref, state]))

  assert.equal((await grants()).length, 4)
  assert.equal((await grants('--limit', '3')).length, 3)
  assert.deepEqual(await states('--user', 'bob', '--client', other), {})
  assert.deepEqual(
    (await grants('--user', 'Bob')).map(({ username, client_id: id }) => [username, id]),
    [['bob', one]],
  )

  const revoked = await run(['grant', 'revoke', '--json', '--', first])
  assert.deepEqual(printed(revoked), { ref: first, state: 'revoked' })
  assert.equal((await states())[first], 'revoked')
  assert.deepEqual(Object.values(await states('--user', 'alice', '--client', one)).toSorted(), ['live', 'revoked'])

  assert.equal((await run(['grant', 'revoke', '--user', 'alice', '--client', one])).code, 0)
  assert.deepEqual(Object.values(await states('--user', 'alice', '--client', one)), ['revoked', 'revoked'])
  assert.deepEqual(await states('--client', other), { [third]: 'live' })
  failed(await run(['grant', 'revoke', '--user', 'alice', '--client', one]), 2, /alice allowed "c-.+" nothing/)
  assert.deepEqual(await states('--user', 'bob'), { [(await grants('--user', 'bob'))[0]?.ref ?? '']: 'live' })
  server.child.kill('SIGTERM')
  assert.equal((await server.outcome).code, 0)
  const recorded = await changes()
  assert.deepEqual(recorded.slice(-2), ['grant_revoked', 'consent_withdrawn'])
  assert.deepEqual(recorded.slice(0, 4), ['user_added', 'user_added', 'client_added', 'client_added'])
})

test('[OPS-05] a client is suspended, activated and removed, and what was issued to it does not come back', async () => {
  const carol = await aPerson('carol')
  const app = await anApp('app')
  const ref = await allowed('fifth', app, carol)
  const state = async () => (await grants('--user', 'carol'))[0]?.state
  assert.equal(await state(), 'live')
  assert.deepEqual(printed(await run(['client', 'suspend', app, '--json'])), { client_id: app, status: 'suspended' })
  assert.equal(await state(), 'revoked')
  assert.equal(printed(await run(['client', 'show', app, '--json'])).status, 'suspended')
  assert.equal((await run(['client', 'activate', app])).code, 0)
  assert.equal(await state(), 'revoked')
  assert.equal((await run(['client', 'remove', app])).code, 0)
  failed(await run(['client', 'show', app]), 2, /there is no client/)
  for (const verb of ['suspend', 'activate', 'remove']) {
    failed(await run(['client', verb, app]), 2, new RegExp(`there is no client "${app}"`))
  }
  assert.ok((await grants('--user', 'carol')).every((grant) => grant.ref !== ref || grant.state !== 'live'))
  assert.equal((await run(['user', 'lock', 'carol'])).code, 0)
  assert.equal((await run(['user', 'unlock', 'carol'])).code, 0)
  assert.deepEqual((await changes()).slice(-5), [
    'client_suspended',
    'client_activated',
    'client_removed',
    'user_locked',
    'user_unlocked',
  ])
})

test('what is not there, or not said clearly, is one line', async () => {
  const none = 'A'.repeat(22)
  failed(await run(['grant', 'revoke', none]), 2, new RegExp(`there is no grant "${none}"`))
  failed(await run(['grant', 'revoke', 'short']), 2, /not a valid grant reference/)
  for (const args of [[], [none, '--user', 'alice'], ['--client', 'c-1']]) {
    failed(await run(['grant', 'revoke', ...args]), 2, /say which: a grant reference, or --user and --client/)
  }
  failed(await run(['grant', 'list', '--user', 'nobody']), 2, /there is no person "nobody"/)
  for (const limit of ['0', '1001']) {
    failed(await run(['grant', 'list', `--limit=${limit}`]), 2, /--limit must be 1 to 1000/)
  }
})
