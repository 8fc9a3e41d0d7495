import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openManagedStore } from '../stores/managed.ts'
import { sha256, systemClock } from '../node/runtime.ts'
import { aCommandLine, failed, printed } from './running.test-support.ts'

const { directory, run, serving } = await aCommandLine()

type Key = { kid: string; alg: string; state: string; active_from: number; published_until: number | null }

async function keys(...args: readonly string[]): Promise<readonly Key[]> {
  return printed(await run(['key', 'list', '--json', ...args]))
}

/** The names of the keys that are published. */
async function jwks(url: string): Promise<readonly string[]> {
  const metadata = JSON.parse(await (await fetch(`${url}/.well-known/openid-configuration`)).text())
  const { pathname } = new URL(metadata.jwks_uri)
  const { keys: published } = JSON.parse(await (await fetch(new URL(pathname, url))).text())
  return published.map(({ kid }: { kid: string }) => kid)
}

/** What the trail holds of keys that were made and removed, oldest first. */
async function keyEvents(): Promise<readonly string[]> {
  const path = join(directory, 'strongroom.db')
  const { store } = await openManagedStore({ path, clock: systemClock, hash: sha256 })
  try {
    const events = await store.events.list(0, 100)
    const reasons = events.filter(({ type }) => type === 'admin.key_event').map(({ reason }) => reason)
    // When the server looked between two changes of a command, it retired what was about to be removed.
    return reasons.filter((reason) => reason !== 'key_retired')
  } finally {
    await store.close()
  }
}

test('[KEY-09] keys are rotated and removed while the server runs, which publishes at once what came of it', async () => {
  const server = await serving()
  const before = await keys()
  assert.deepEqual(before.map(({ alg, state }) => `${alg} ${state}`).toSorted(), [
    'ES256 active',
    'EdDSA active',
    'PS256 active',
  ])
  assert.deepEqual((await keys('--alg', 'ES256')).length, 1)

  const { made, waiting } = printed(await run(['key', 'rotate', '--alg', 'ES256', '--json']))
  assert.deepEqual([made.length, waiting], [1, []])
  assert.equal(made[0].state, 'next')
  assert.ok(made[0].active_from >= made[0].created_at + 3600)
  assert.ok((await jwks(server.url)).includes(made[0].kid))
  const again = printed(await run(['key', 'rotate', '--alg', 'ES256', '--json']))
  assert.deepEqual(again, { made: [], waiting: made })

  const active = before.find(({ alg }) => alg === 'ES256')
  assert.ok(active)
  failed(await run(['key', 'remove', active.kid]), 2, /signs now: with --yes it goes/)
  assert.ok((await jwks(server.url)).includes(active.kid))
  const { removed, replacement } = printed(await run(['key', 'remove', active.kid, '--yes', '--json']))
  assert.equal(removed, active.kid)
  const published = await jwks(server.url)
  assert.ok(!published.includes(active.kid))
  assert.ok(published.includes(replacement.kid))
  assert.equal((await keys()).find(({ kid }) => kid === replacement.kid)?.state, 'active')
  failed(await run(['key', 'remove', active.kid]), 2, /there is no key/)

  server.child.kill('SIGTERM')
  assert.equal((await server.outcome).code, 0)
  assert.deepEqual(await keyEvents(), [
    'key_made',
    'key_made',
    'key_made',
    'key_made',
    'key_removed',
    'key_made_active',
  ])
})

test('a rotation at once says what it costs, and works while no server runs', async () => {
  const former = (await keys('--alg', 'EdDSA')).find(({ state }) => state === 'active')
  const { code, stdout, stderr } = await run(['key', 'rotate', '--now', '--alg', 'EdDSA'])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^EdDSA {2}[\w-]{43} {2}signs from \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/)
  assert.match(stderr, /for up to 300 seconds, refuses tokens/)
  const server = await serving()
  const after = await keys('--alg', 'EdDSA')
  const kid = stdout.split(/ +/)[1]
  assert.equal(after.find((key) => key.kid === kid)?.state, 'active')
  assert.equal(after.find((key) => key.kid === former?.kid)?.state, 'retiring')
  assert.ok((await jwks(server.url)).includes(former?.kid ?? ''))
})

test('an algorithm that is not configured, or another sealing key, changes nothing', async () => {
  const before = await keys()
  failed(
    await run(['key', 'rotate', '--alg', 'RS256']),
    2,
    /--alg must be one of keys\.algorithms: ES256, PS256, EdDSA/,
  )
  const text = readFileSync(join(directory, 'strongroom.yaml'), 'utf8')
  writeFileSync(join(directory, 'other.key'), `${'A'.repeat(43)}\n`)
  writeFileSync(join(directory, 'other.yaml'), text.replace('sealing.key', 'other.key'))
  failed(await run(['key', 'rotate', '--now', '--config', 'other.yaml']), 2, /the sealing key does not open/)
  failed(await run(['key', 'list', '--set', 'keys.publishAhead=60']), 2, /keys\.publishAhead: must be 360 to 604800/)
  assert.deepEqual(await keys(), before)
})

test('[OPS-06] a list of keys shows nothing private', async () => {
  const sealing = readFileSync(join(directory, 'sealing.key'), 'utf8').trim()
  for (const args of [
    ['key', 'list'],
    ['key', 'list', '--json'],
    ['key', 'list', '--verbose'],
  ]) {
    const { code, stdout } = await run(args)
    assert.equal(code, 0)
    assert.ok(!stdout.includes('v1.') && !stdout.includes(sealing) && !/sealed|"d"/.test(stdout))
  }
})

test('[OPS-06] keys whose sealing key is lost are removed, and others sign from the next start on', async () => {
  const before = await keys()
  assert.ok(before.length > 0)
  const lost = ['--config', 'other.yaml'] as const
  failed(await run(['serve', ...lost]), 2, /the sealing key does not open the signing keys/)
  for (const { kid } of before) {
    const { removed, replacement } = printed(await run(['key', 'remove', kid, '--yes', '--json', ...lost]))
    assert.deepEqual([removed, replacement], [kid, null])
  }
  const server = await serving(...lost)
  const kids = await jwks(server.url)
  assert.equal(kids.length, 3)
  assert.ok(before.every(({ kid }) => !kids.includes(kid)))
  assert.ok((await keys(...lost)).every(({ state }) => state === 'active'))
})
