import assert from 'node:assert/strict'
import { test } from 'node:test'
import { storeContract } from './contract.ts'
import { verifyChain } from '../core/event-chain.ts'
import {
  aClient,
  aGrant,
  anApproval,
  anEvent,
  anInteraction,
  anOffer,
  anOpening,
  aPasskey,
  approved,
  aProof,
  aRedemption,
  aRequest,
  at,
  aUser,
  hash,
  id,
  ref,
  start,
} from './contract-fixtures.ts'
import { createMemoryStore } from './memory.ts'

storeContract('memory', async () => {
  let now = at(0)
  return {
    store: createMemoryStore({ clock: () => now }),
    setClock: (to) => {
      now = to
    },
  }
})

test('a full list refuses and forgets nothing that lives', async () => {
  let now = at(0)
  const store = createMemoryStore({ clock: () => now, most: 2 })
  await store.replay.spendOnce([aProof('one'), aProof('two')])
  const full = { name: 'StateUnavailable', message: 'the replay memory is full' }
  await assert.rejects(store.replay.spendOnce([aProof('three')]), full)
  assert.ok('seen' in (await store.replay.spendOnce([aProof('one')])))
  assert.ok('seen' in (await store.replay.spendOnce([aProof('two')])))
  await assert.rejects(store.attempts.raise([hash('a'), hash('b'), hash('c')], at(9), at(0)), { name: 'StoreFull' })
  assert.deepEqual(await store.attempts.raise([hash('a'), hash('b')], at(9), at(0)), [1, 1], 'none was raised')
  now = at(200)
  await store.reap(now, 10)
  assert.deepEqual(await store.replay.spendOnce([aProof('three', { expiresAt: at(300) })]), { spent: true })
})

test('a full trail lets the oldest go, and its chain goes on', async () => {
  const store = createMemoryStore({ clock: () => at(0), most: 3 })
  await store.events.append(['1', '2'].map((name) => anEvent(name)))
  await store.events.append(['3', '4', '5'].map((name) => anEvent(name)))
  const kept = await store.events.list(0, 10)
  assert.deepEqual(
    kept.map(({ seq }) => seq),
    [3, 4, 5],
  )
  assert.equal(await store.events.newest(), 5)
  assert.deepEqual(await store.events.find('event-1'), [])
  const [oldest] = kept
  assert.ok(oldest)
  assert.equal(verifyChain({ seq: 2, hash: oldest.previousHash }, kept, hash), undefined)
})

test('a redemption whose refresh token finds no room leaves the code as it was', async () => {
  const store = createMemoryStore({ clock: () => at(0), most: 4 })
  const redeemed = async (name: string, until: number) => {
    await approved(store, name, { scope: ['offline_access'], grant: { expiresAt: at(until) } })
    return store.requests.redeem(aRedemption(name, 'shop', { refreshToken: anOffer(name) }))
  }
  for (const name of ['a', 'b', 'c', 'd']) {
    assert.equal((await redeemed(name, 100)).outcome, 'redeemed')
    await store.reap(at(100), 100)
  }
  await assert.rejects(redeemed('e', 1000), { name: 'StoreFull', table: 'refresh tokens' })
  assert.equal(await store.reap(at(220), 4), 4)
  const again = await store.requests.redeem(aRedemption('e', 'shop', { refreshToken: anOffer('e') }))
  assert.equal(again.outcome, 'redeemed')
})

test('an approval whose consent finds no room approves nothing', async () => {
  const store = createMemoryStore({ clock: () => at(0), most: 2 })
  const approve = async (client: string) => {
    await store.requests.push(aRequest(client, client))
    await store.requests.open(anOpening(client, client), anInteraction(client, 'x'))
    const grant = aGrant(client, client, 'ada', { expiresAt: at(100) })
    return store.requests.approve(id(`interaction ${client} x`), anApproval(client, 'ada'), grant, at(10), 'asked')
  }
  for (const client of ['shop', 'bank']) {
    assert.equal(await approve(client), 'approved')
    await store.reap(at(100), 100)
  }
  await assert.rejects(approve('club'), { name: 'StoreFull', table: 'consents' })
  assert.equal(await store.grants.find(ref('grant club')), undefined)
  await store.grants.withdraw(aUser('ada').subject, aClient('shop').clientId, at(20))
  const grant = aGrant('club', 'club', 'ada')
  const again = await store.requests.approve(
    id('interaction club x'),
    anApproval('club', 'ada'),
    grant,
    at(10),
    'asked',
  )
  assert.equal(again, 'approved')
})

test('revoked tokens are bounded', async () => {
  const store = createMemoryStore({ clock: () => at(0), most: 2 })
  await store.tokens.revoke(hash('a'), at(9))
  await store.tokens.revoke(hash('b'), at(9))
  await assert.rejects(store.tokens.revoke(hash('c'), at(9)), { name: 'StoreFull', table: 'revoked tokens' })
  await store.tokens.revoke(hash('a'), at(9))
  assert.equal(await store.reap(at(9), 10), 2)
  await store.tokens.revoke(hash('c'), at(9))
})

test('passkeys are bounded, and so is who somebody is elsewhere', async () => {
  const store = createMemoryStore({ clock: () => at(0), most: 2 })
  assert.equal(await store.passkeys.add(aPasskey('a', 'ada'), 10), 'added')
  assert.equal(await store.passkeys.add(aPasskey('b', 'eve'), 10), 'added')
  await assert.rejects(store.passkeys.add(aPasskey('c', 'bob'), 10), { name: 'StoreFull', table: 'passkeys' })
  assert.equal(await store.passkeys.remove(aPasskey('a', 'ada').subject, aPasskey('a', 'ada').credentialId), 'removed')
  assert.equal(await store.passkeys.add(aPasskey('c', 'bob'), 10), 'added')
  const elsewhere = (name: string) => aUser(name, { upstream: { provider: 'bank', subject: name } })
  for (const name of ['ada', 'eve']) assert.equal(await store.users.add(elsewhere(name)), 'added')
  await assert.rejects(store.users.add(elsewhere('bob')), { name: 'StoreFull', table: 'users' })
  assert.equal(await store.users.byUpstream({ provider: 'bank', subject: 'bob' }), undefined)
})

test('a given epoch is kept', () => {
  assert.equal(createMemoryStore({ clock: () => at(0), epoch: at(-5) }).replay.epoch(), start - 5)
})
