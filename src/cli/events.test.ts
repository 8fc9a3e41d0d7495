import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { SecurityEvent } from '../core/events.ts'
import { aCommandLine, failed, printed } from './running.test-support.ts'

const { directory, run, serving } = await aCommandLine()

const lines = (text: string): readonly SecurityEvent[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

/** Asks for a token without any credentials; returns the correlation id of the refusal. */
async function refused(url: string): Promise<string> {
  const answer = await fetch(`${url}/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'x' }) })
  assert.equal(answer.status, 401)
  const body = await answer.json()
  assert.ok(typeof body === 'object' && body !== null && 'correlation_id' in body)
  return String(body.correlation_id)
}

async function tail(...args: readonly string[]): Promise<readonly SecurityEvent[]> {
  const { code, stdout, stderr } = await run(['events', 'tail', '--json', ...args])
  assert.equal(code, 0, stderr)
  return lines(stdout)
}

test('[OPS-02] the trail is read and verified while the server runs', async () => {
  const { url, child, outcome } = await serving()
  const ids = [await refused(url), await refused(url)]
  const newest = await tail('--type', 'client.auth.failed')
  assert.deepEqual(
    newest.map(({ correlationId }) => correlationId),
    ids,
  )
  assert.deepEqual(
    newest.map(({ severity, reason }) => [severity, reason]),
    [
      ['notice', 'client_authentication_missing'],
      ['notice', 'client_authentication_missing'],
    ],
  )
  assert.deepEqual(
    (await tail('--type', 'client', '--limit', '1')).map(({ correlationId }) => correlationId),
    [ids[1]],
  )
  const first = newest[0]?.seq ?? 0
  assert.deepEqual(
    (await tail('--since', String(first))).map(({ seq }) => seq),
    [first + 1],
  )
  assert.deepEqual(await tail('--severity', 'critical'), [])
  assert.equal((await tail('--type', 'proc.started')).length, 1)

  const shown = printed(await run(['events', 'show', ids[0] ?? '', '--json']))
  assert.deepEqual(shown, [newest[0]])
  const { stdout } = await run(['events', 'show', '--', newest[0]?.id ?? ''])
  assert.match(stdout, /reason +client_authentication_missing\n/)
  const table = (await run(['events', 'tail'])).stdout
  assert.match(table, /NOTICE +client\.auth\.failed +client_authentication_missing/)

  const verified = printed(await run(['events', 'verify', '--json']))
  assert.equal(verified.newest, newest[1]?.seq)
  assert.equal(verified.hash, newest[1]?.hash)
  child.kill('SIGTERM')
  await outcome
  // And on the file, when nobody serves.
  assert.match((await run(['events', 'verify'])).stdout, /^\d+ events, each fits the one before; keep \d+:[\w-]{43}\n$/)
})

test('[OPS-02] [AL-23] a process that is killed right after a refusal has it on record', async () => {
  const { url, child, outcome } = await serving()
  const ids = [await refused(url), await refused(url)]
  child.kill('SIGKILL')
  await outcome
  const newest = await tail('--type', 'client.auth.failed', '--limit', '2')
  assert.deepEqual(
    newest.map(({ correlationId }) => correlationId),
    ids,
  )
})

test('[OPS-02] [AL-23] a row that was edited, taken out or cut off is told', async () => {
  const { url, child, outcome } = await serving()
  for (let request = 0; request < 4; request += 1) await refused(url)
  child.kill('SIGTERM')
  await outcome
  const before = printed(await run(['events', 'verify', '--json']))
  const anchor = `${before.newest}:${before.hash}`
  assert.equal((await run(['events', 'verify', '--anchor', anchor])).code, 0)

  const edit = (sql: string) => {
    const database = new DatabaseSync(join(directory, 'strongroom.db'))
    database.exec(sql)
    database.close()
  }
  const victim = before.newest - 2
  edit(
    `UPDATE events SET record = replace(record, 'client_authentication_missing', 'nothing_of_note') WHERE seq = ${victim}`,
  )
  failed(await run(['events', 'verify']), 3, new RegExp(`event ${victim} is missing, changed or out of order`))
  const told = await run(['events', 'verify', '--json'])
  assert.deepEqual([told.code, JSON.parse(told.stdout).broken_at], [3, victim])
  edit(
    `UPDATE events SET record = replace(record, 'nothing_of_note', 'client_authentication_missing') WHERE seq = ${victim}`,
  )
  assert.equal((await run(['events', 'verify'])).code, 0)

  // The next start says it, too, and the walk through the socket finds what cannot even be read.
  edit(`UPDATE events SET record = 'no JSON' WHERE seq = ${victim}`)
  failed(await run(['events', 'verify']), 3, new RegExp(`event ${victim} is`))
  const again = await serving()
  failed(await run(['events', 'verify']), 3, new RegExp(`event ${victim} is`))
  const alarms = await run([
    'events',
    'tail',
    '--since',
    String(before.newest),
    '--type',
    'audit.chain_broken',
    '--json',
  ])
  assert.deepEqual(
    lines(alarms.stdout).map(({ severity, evidence }) => [severity, evidence]),
    [['critical', { seq: victim }]],
  )
  again.child.kill('SIGTERM')
  await again.outcome
  edit(`DELETE FROM events WHERE seq >= ${before.newest}`)
  edit(`DELETE FROM events WHERE seq = ${victim}`)
  failed(await run(['events', 'verify', '--anchor', anchor]), 3, new RegExp(`event ${victim} is`))
})

test('[OPS-02] what was asked wrongly is said in one line', async () => {
  failed(await run(['events', 'tail', '--type', 'nothing']), 2, /there is no type "nothing"/)
  failed(
    await run(['events', 'tail', '--severity', 'loud']),
    2,
    /--severity must be one of info, notice, warn, high, critical/,
  )
  failed(await run(['events', 'tail', '--limit', '0']), 2, /--limit must be a whole number, 1 to 1000/)
  failed(await run(['events', 'verify', '--anchor', '1']), 2, /--anchor takes seq:hash/)
  failed(await run(['events', 'show', 'nobody']), 2, /there is no event of this id/)
})
