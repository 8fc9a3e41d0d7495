import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { clientId, subject, username } from '../core/names.ts'
import { genesis, verifyChain } from '../core/event-chain.ts'
import { aClient, aKey, anEvent, aPasskey, approved, at, aUser, hash, id, ref } from './contract-fixtures.ts'
import { openManagedStore } from './managed.ts'
import { managementLimits, serveManagement, socketPathOf } from './management.ts'
import { openSqliteStore } from './sql/index.ts'

const scratch = mkdtempSync(join(tmpdir(), 'strongroom-managed-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

let files = 0
const newOptions = () => ({ path: join(scratch, `${(files += 1)}.db`), clock: () => at(0), hash })

test('nobody owns the file: it is opened itself', async () => {
  const options = newOptions()
  const managed = await openManagedStore(options)
  assert.equal(managed.via, 'file')
  assert.equal(await managed.store.users.add(aUser('ada')), 'added')
  await managed.store.close()
})

test('somebody owns the file: every verb goes through the socket', async () => {
  const options = newOptions()
  const owner = await openSqliteStore(options)
  const served = await serveManagement(owner, socketPathOf(options.path), { hash })
  assert.equal(statSync(socketPathOf(options.path)).mode & 0o777, 0o600)
  const { store, via } = await openManagedStore(options)
  assert.equal(via, 'socket')

  const ada = aUser('ada')
  assert.equal(await store.users.add(ada), 'added')
  assert.equal(await store.users.add(ada), 'exists')
  assert.deepEqual(await store.users.byUsername(ada.username), ada)
  assert.deepEqual(await store.users.bySubject(ada.subject), ada)
  assert.equal(await store.users.byUsername(username('eve')), undefined)
  assert.equal(await store.users.setPassword(ada.username, 'new hash', at(5)), 'set')
  assert.equal(await store.users.setLocked(ada.username, 'locked', at(6)), 'set')
  assert.equal(await store.users.setLocked(username('eve'), 'locked', at(6)), 'unknown')
  const changed = aUser('ada', { passwordHash: 'new hash', status: 'locked', notBefore: at(6) })
  assert.deepEqual(await owner.users.byUsername(ada.username), changed)

  const shop = aClient('shop')
  assert.equal(await store.clients.add(shop), 'added')
  assert.equal(await store.clients.add(shop), 'exists')
  assert.deepEqual(await store.clients.find(shop.clientId), shop)
  assert.equal(await store.clients.find(clientId('gone')), undefined)
  assert.deepEqual(await owner.clients.find(shop.clientId), shop)

  await store.close()
  await served.close()
  await owner.close()
  assert.deepEqual(
    readdirSync(scratch).filter((name) => name.startsWith('.s-') || name.endsWith('.sock')),
    [],
  )
})

test('grants, the trail and keys are managed through the socket as well', async () => {
  const options = newOptions()
  const owner = await openSqliteStore(options)
  const served = await serveManagement(owner, socketPathOf(options.path), { hash })
  const { store, via } = await openManagedStore(options)
  assert.equal(via, 'socket')
  const [ada, shop] = [subject('sub-ada'), clientId('shop')]

  await approved(owner, 'a', { grant: { claims: { idToken: ['email'], userinfo: [], essentialAcr: ['x'] } } })
  await approved(owner, 'b')
  const given = await owner.grants.find(ref('grant a'))
  assert.ok(given)
  assert.deepEqual(await store.grants.find(ref('grant a')), given)
  assert.equal(await store.grants.find(ref('nothing')), undefined)
  assert.equal((await store.grants.list({}, 10, undefined)).length, 2)
  assert.equal((await store.grants.list({ subject: ada, clientId: shop, sid: given.sid }, 10, undefined)).length, 2)
  for (const filter of [{ subject: subject('x') }, { clientId: clientId('x') }, { sid: id('x') }]) {
    assert.deepEqual(await store.grants.list(filter, 10, undefined), [])
  }
  assert.equal(await store.grants.revoke(ref('grant a'), at(20)), 'revoked')
  assert.equal(await store.grants.revoke(ref('nothing'), at(20)), 'unknown')
  assert.equal(await owner.grants.standing(ref('grant a'), at(21)), 'revoked')
  assert.deepEqual(await store.grants.consent(ada, shop), await owner.grants.consent(ada, shop))
  assert.equal(await store.grants.withdraw(ada, shop, at(22)), 'withdrawn')
  assert.equal(await store.grants.withdraw(ada, shop, at(22)), 'unknown')
  assert.equal(await store.grants.consent(ada, shop), undefined)

  assert.equal(await store.events.newest(), 0)
  const [event] = await store.events.append([anEvent('one')])
  assert.deepEqual(await owner.events.list(0, 10), [event])
  assert.deepEqual(await store.events.find('event-one'), [event])
  assert.deepEqual(await store.events.find('nothing'), [])
  for (const batch of [1, 2, 3]) {
    await owner.events.append(Array.from({ length: 15 }, (_, index) => anEvent(`${batch}-${index}`)))
  }
  const all = await store.events.list(0, 100)
  assert.equal(all.length, 46)
  assert.equal(verifyChain(genesis, all, hash), undefined)
  assert.equal((await store.events.list(40, 100)).length, 6)
  assert.equal(await store.events.newest(), 46)
  const many = Array.from({ length: managementLimits.page + 1 }, (_, index) => anEvent(`${index}`))
  await assert.rejects(store.events.append(many), /too many events/)
  assert.equal(await owner.events.newest(), 46)

  await store.keys.add(aKey('one'))
  await assert.rejects(store.keys.add(aKey('one')), { name: 'StoreUnavailable' })
  assert.deepEqual(await store.keys.list(), [aKey('one')])
  assert.equal(await store.keys.retire('one', at(700)), 'retired')
  assert.deepEqual(await owner.keys.list(), [aKey('one', { publishedUntil: at(700) })])
  assert.deepEqual(await store.keys.list(), await owner.keys.list())
  assert.equal(await store.keys.remove('one'), 'removed')
  assert.equal(await store.keys.remove('one'), 'unknown')

  await store.close()
  await served.close()
  await owner.close()
})

test('the passkeys of a person are listed and removed through the socket', async () => {
  const options = newOptions()
  const owner = await openSqliteStore(options)
  const served = await serveManagement(owner, socketPathOf(options.path), { hash })
  const { store, via } = await openManagedStore(options)
  assert.equal(via, 'socket')
  const ada = subject('sub-ada')
  const used = aPasskey('used', 'ada', { createdAt: at(-5), lastUsedAt: at(-1), backup: 'eligible' })
  for (const passkey of [aPasskey('one', 'ada'), used, aPasskey('hers', 'eve')]) await owner.passkeys.add(passkey, 10)
  assert.deepEqual(await store.passkeys.list(ada), [used, aPasskey('one', 'ada')])
  assert.deepEqual(await store.passkeys.list(subject('nobody')), [])
  const upstream = { provider: 'bank', subject: '42' }
  const elsewhere = aUser('ada', { passwordHash: undefined, upstream })
  assert.equal(await store.users.add(elsewhere), 'added')
  assert.equal(await store.users.add(aUser('eve', { upstream })), 'exists')
  assert.deepEqual(await store.users.byUsername(elsewhere.username), elsewhere)
  assert.deepEqual(await owner.users.byUpstream(upstream), elsewhere)
  const withdraw = (which: Parameters<typeof store.passkeys.withdraw>[1]) =>
    store.passkeys.withdraw(elsewhere.username, which, at(30))
  assert.equal(await withdraw({ credentialId: aPasskey('hers', 'eve').credentialId }), 0)
  assert.equal((await owner.users.bySubject(ada))?.notBefore, elsewhere.notBefore)
  assert.equal(await withdraw({ credentialId: used.credentialId }), 1)
  assert.equal(await owner.passkeys.find(used.credentialId), undefined)
  assert.deepEqual(await owner.users.bySubject(ada), { ...elsewhere, notBefore: at(30) })
  assert.equal(await withdraw('all'), 1)
  assert.equal(await withdraw('all'), 0)
  assert.deepEqual(await store.passkeys.list(ada), [])
  await store.close()
  await served.close()
  await owner.close()
})

test('a client that is suspended or removed through the socket is so for the owner at once', async () => {
  const options = newOptions()
  const owner = await openSqliteStore(options)
  const served = await serveManagement(owner, socketPathOf(options.path), { hash })
  const { store } = await openManagedStore(options)
  await approved(owner, 'a')
  const shop = clientId('shop')
  assert.equal((await owner.clients.find(shop))?.status, 'active')
  assert.equal(await store.clients.setStatus(shop, 'suspended', at(20)), 'set')
  assert.deepEqual(await owner.clients.find(shop), aClient('shop', { status: 'suspended', notBefore: at(20) }))
  assert.equal(await owner.grants.standing(ref('grant a'), at(21)), 'revoked')
  assert.equal(await store.clients.setStatus(shop, 'active', at(22)), 'set')
  assert.equal((await owner.clients.find(shop))?.status, 'active')
  assert.equal(await store.clients.setStatus(clientId('gone'), 'active', at(22)), 'unknown')
  assert.equal(await store.clients.remove(shop), 'removed')
  assert.equal(await owner.clients.find(shop), undefined)
  assert.equal(await store.clients.remove(shop), 'unknown')
  await store.close()
  await served.close()
  await owner.close()
})

test('long lists come in pages, and questions asked at once are answered in order', async () => {
  const options = newOptions()
  const owner = await openSqliteStore(options)
  const served = await serveManagement(owner, socketPathOf(options.path), { hash })
  const { store } = await openManagedStore(options)
  const names = Array.from({ length: 45 }, (_, index) => `user${String(index).padStart(2, '0')}`)
  await Promise.all(names.map(async (name) => store.users.add(aUser(name))))
  await Promise.all(names.map(async (name) => store.clients.add(aClient(name))))
  const listed = async (limit: number, from?: string) =>
    (await store.users.list(limit, from === undefined ? undefined : username(from))).map((user) => user.username)
  assert.deepEqual(await listed(100), names)
  assert.deepEqual(await listed(managementLimits.page), names.slice(0, managementLimits.page))
  assert.deepEqual(await listed(30, 'user10'), names.slice(11, 41))
  assert.equal((await store.clients.list(100, undefined)).length, 45)
  await store.close()
  await served.close()
  await owner.close()
})

test('a socket left behind by an owner who died is recognised', async () => {
  const options = newOptions()
  const script = `
    const { openSqliteStore } = await import(${JSON.stringify(join(import.meta.dirname, 'sql', 'index.ts'))})
    const { serveManagement } = await import(${JSON.stringify(join(import.meta.dirname, 'management.ts'))})
    const { hash, at } = await import(${JSON.stringify(join(import.meta.dirname, 'contract-fixtures.ts'))})
    const path = ${JSON.stringify(options.path)}
    await serveManagement(await openSqliteStore({ path, clock: () => at(0), hash }), path + '.sock', { hash })
    console.log('ready')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  const through = await openManagedStore(options)
  assert.equal(through.via, 'socket')
  await through.store.users.add(aUser('ada'))
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
  await assert.rejects(through.store.users.list(1, undefined), { name: 'StoreUnavailable', reason: 'no_answer' })
  assert.ok(statSync(socketPathOf(options.path)).isSocket(), 'it is still there')
  const itself = await openManagedStore(options)
  assert.equal(itself.via, 'file')
  assert.ok(await itself.store.users.byUsername(username('ada')))
  assert.equal(statSync(socketPathOf(options.path), { throwIfNoEntry: false }), undefined)
  await itself.store.close()
  // A new owner takes the place of a stale socket as well.
  writeFileSync(socketPathOf(options.path), '')
  const owner = await openSqliteStore(options)
  const served = await serveManagement(owner, socketPathOf(options.path), { hash })
  const again = await openManagedStore(options)
  assert.equal(again.via, 'socket')
  await again.store.close()
  await served.close()
  await owner.close()
})

test('an owner that does not listen, or listens and says nothing, is unavailable', async () => {
  const options = { ...newOptions(), patience: 200 }
  const owner = await openSqliteStore(options)
  const unavailable = {
    name: 'StoreUnavailable',
    reason: 'no_answer',
    message: /owned by another process, which does not answer/,
  }
  await assert.rejects(openManagedStore(options), unavailable)
  const mute = createServer(() => undefined).listen(socketPathOf(options.path))
  await once(mute, 'listening')
  await assert.rejects(openManagedStore(options), unavailable)
  mute.close()
  await owner.close()
})

test('what does not belong on the socket ends the conversation, and the owner goes on', async () => {
  const options = newOptions()
  const owner = await openSqliteStore(options)
  const path = socketPathOf(options.path)
  const served = await serveManagement(owner, path, { hash })
  const sent = async (text: string) => {
    const socket = connect(path)
    socket.on('error', () => undefined)
    let answer = ''
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    socket.write(text)
    const closed = once(socket, 'close')
    if (text.includes('"verb"')) socket.end()
    await closed
    return answer
  }
  assert.equal(await sent('no json\n'), '')
  assert.equal(await sent('[]\n'), '')
  assert.equal(await sent('x'.repeat(managementLimits.lineBytes + 2)), '')
  assert.match(await sent('{"id":1,"verb":"replay.spendOnce","args":{}}\n'), /"id":1,"error":"SyntaxError/)
  assert.match(await sent('{"id":1,"verb":"constructor","args":{}}\n'), /"error":"SyntaxError/)
  assert.match(await sent('{"id":2,"verb":"users.add","args":{"user":{"subject":"x"}}}\n'), /"error":"CorruptRecord/)
  assert.match(await sent('{"id":3,"verb":"ping","args":{}}\n'), /^\{"id":3,"value":"here"\}\n$/)
  assert.equal(await owner.users.bySubject(subject('x')), undefined)
  const { store } = await openManagedStore(options)
  assert.equal(await store.users.add(aUser('ada')), 'added')
  await store.close()
  await served.close()
  await owner.close()
})

test('a socket path that is too long is named', async () => {
  const owner = await openSqliteStore(newOptions())
  const long = join(scratch, `${'x'.repeat(120)}.sock`)
  await assert.rejects(serveManagement(owner, long, { hash }), {
    name: 'StoreUnavailable',
    message: /longer than the 103/,
  })
  await owner.close()
})
