/** The contract of passkeys. */

import assert from 'node:assert/strict'
import { subject, username } from '../core/names.ts'
import type { Passkey } from '../core/people.ts'
import type { Store } from '../core/ports.ts'
import { aPasskey, aSession, at, aUser, fifty, type OnStore } from './contract-fixtures.ts'

const [ada, eve] = [subject('sub-ada'), subject('sub-eve')]
const { credentialId: one } = aPasskey('one', 'ada')

/** Registers the tests of passkeys. */
export function passkeyContract(onStore: OnStore): void {
  keepingContract(onStore)
  changingContract(onStore)
  withdrawalContract(onStore)
  useContract(onStore)
}

function keepingContract(onStore: OnStore): void {
  onStore('a passkey is found by its id and listed with its person, the oldest first', async ({ store }) => {
    const synced = aPasskey('synced', 'ada', { backup: 'backed_up', transports: [], signCount: 0, createdAt: at(-9) })
    assert.equal(await store.passkeys.add(aPasskey('one', 'ada'), 10), 'added')
    assert.equal(await store.passkeys.add(synced, 10), 'added')
    assert.equal(await store.passkeys.add(aPasskey('hers', 'eve', { name: '\u{1f511}' }), 10), 'added')
    assert.deepEqual(await store.passkeys.find(one), aPasskey('one', 'ada'))
    assert.deepEqual(await store.passkeys.find(synced.credentialId), synced)
    assert.equal(await store.passkeys.find('nothing'), undefined)
    assert.deepEqual(await store.passkeys.list(ada), [synced, aPasskey('one', 'ada')])
    assert.deepEqual(await store.passkeys.list(eve), [aPasskey('hers', 'eve', { name: '\u{1f511}' })])
    assert.deepEqual(await store.passkeys.list(subject('nobody')), [])
  })

  onStore('the id of a passkey is taken once, by whomever', async ({ store }) => {
    assert.equal(await store.passkeys.add(aPasskey('one', 'ada'), 1), 'added')
    assert.equal(await store.passkeys.add(aPasskey('one', 'eve'), 10), 'exists')
    assert.equal(await store.passkeys.add(aPasskey('one', 'ada', { signCount: 0 }), 1), 'exists')
    assert.deepEqual(await store.passkeys.find(one), aPasskey('one', 'ada'))
    const all = await Promise.all(fifty.map((index) => store.passkeys.add(aPasskey('new', `person${index}`), 10)))
    assert.equal(all.filter((outcome) => outcome === 'added').length, 1)
    assert.equal(all.filter((outcome) => outcome === 'exists').length, 49)
  })

  onStore('a passkey is added in a session that is there, and begins one while it is there', async ({ store }) => {
    const [there, later] = [aSession('s', 'ada'), aSession('later', 'ada')]
    assert.equal(await store.passkeys.add(aPasskey('one', 'ada'), 10, there.id), 'signed_out')
    assert.equal(await store.passkeys.find(one), undefined)
    assert.equal(await store.sessions.start(there, undefined, one), 'passkey_gone')
    assert.equal(await store.sessions.find(there.id), undefined)
    assert.equal(await store.sessions.start(there, undefined), 'started')
    assert.equal(await store.passkeys.add(aPasskey('one', 'ada'), 10, there.id), 'added')
    assert.equal(await store.sessions.start(later, there.id, 'another'), 'passkey_gone')
    assert.deepEqual(await store.sessions.list(ada, 10), [there], 'what was not replaced stays')
    assert.equal(await store.sessions.start(later, there.id, one), 'started')
    assert.deepEqual(await store.sessions.list(ada, 10), [later])
    assert.equal(await store.passkeys.add(aPasskey('two', 'ada'), 10, there.id), 'signed_out')
  })

  onStore('a person has so many passkeys at most, fifty at once or not', async ({ store }) => {
    const all = await Promise.all(fifty.map((index) => store.passkeys.add(aPasskey(`${index}`, 'ada'), 3)))
    assert.equal(all.filter((outcome) => outcome === 'added').length, 3)
    assert.equal(all.filter((outcome) => outcome === 'too_many').length, 47)
    const [oldest, ...others] = await store.passkeys.list(ada)
    assert.ok(oldest && others.length === 2)
    assert.equal(await store.passkeys.add(aPasskey('hers', 'eve'), 3), 'added', 'nobody counts for another')
    assert.equal(await store.passkeys.remove(ada, oldest.credentialId), 'removed')
    assert.equal(await store.passkeys.add(aPasskey('again', 'ada'), 3), 'added')
    assert.equal(await store.passkeys.add(aPasskey('more', 'ada'), 3), 'too_many')
  })
}

function changingContract(onStore: OnStore): void {
  onStore('a passkey is renamed and removed by its person alone', async ({ store }) => {
    await store.passkeys.add(aPasskey('one', 'ada'), 10)
    assert.equal(await store.passkeys.rename(eve, one, 'stolen'), 'unknown')
    assert.equal(await store.passkeys.remove(eve, one), 'unknown')
    assert.deepEqual(await store.passkeys.find(one), aPasskey('one', 'ada'))
    assert.equal(await store.passkeys.rename(ada, one, 'My phone'), 'renamed')
    assert.deepEqual(await store.passkeys.list(ada), [aPasskey('one', 'ada', { name: 'My phone' })])
    assert.equal(await store.passkeys.remove(ada, one), 'removed')
    assert.equal(await store.passkeys.find(one), undefined)
    assert.equal(await store.passkeys.remove(ada, one), 'unknown')
    assert.equal(await store.passkeys.rename(ada, one, 'x'), 'unknown')
    const removals = async () => {
      await store.passkeys.add(aPasskey('one', 'ada'), 10)
      return Promise.all(fifty.map(() => store.passkeys.remove(ada, one)))
    }
    assert.equal((await removals()).filter((outcome) => outcome === 'removed').length, 1)
  })

  onStore('passkeys outlive a lock and a new password, and no reaper takes them', async ({ store }) => {
    await store.users.add(aUser('ada'))
    await store.passkeys.add(aPasskey('one', 'ada'), 10)
    await store.users.setLocked(username('ada'), 'locked', at(5))
    await store.users.setLocked(username('ada'), 'active', at(6))
    await store.users.setPassword(username('ada'), 'new hash', at(7))
    await store.reap(at(1_000_000), 100)
    assert.deepEqual(await store.passkeys.find(one), aPasskey('one', 'ada'))
  })

  onStore('durable passkeys are there when the store is opened again', async ({ store, reopen }) => {
    await store.passkeys.add(aPasskey('one', 'ada'), 10)
    await store.passkeys.use(one, { signCount: 6, backup: 'device_bound', now: at(8) })
    if (reopen === undefined) return
    await store.close()
    const again = await reopen()
    try {
      assert.deepEqual(await again.passkeys.list(ada), [aPasskey('one', 'ada', { signCount: 6, lastUsedAt: at(8) })])
    } finally {
      await again.close()
    }
  })
}

function withdrawalContract(onStore: OnStore): void {
  onStore('withdrawing passkeys ends every sign-in with them, in one go', async ({ store }) => {
    const name = username('ada')
    await store.users.add(aUser('ada'))
    for (const id of ['one', 'two']) await store.passkeys.add(aPasskey(id, 'ada'), 10)
    await store.passkeys.add(aPasskey('hers', 'eve'), 10)
    await store.sessions.start(aSession('s', 'ada'), undefined)
    await store.sessions.start(aSession('e', 'eve'), undefined)
    const hers = { credentialId: aPasskey('hers', 'eve').credentialId }
    assert.equal(await store.passkeys.withdraw(name, hers, at(5)), 0)
    assert.equal(await store.passkeys.withdraw(username('eve'), 'all', at(5)), 0, 'there is no such person')
    assert.deepEqual(await store.users.byUsername(name), aUser('ada'))
    assert.equal((await store.sessions.list(ada, 10)).length, 1)
    assert.equal(await store.passkeys.withdraw(name, { credentialId: one }, at(5)), 1)
    assert.equal(await store.passkeys.find(one), undefined)
    assert.deepEqual(await store.sessions.list(ada, 10), [])
    assert.deepEqual(await store.users.byUsername(name), aUser('ada', { notBefore: at(5) }))
    await store.users.setLocked(name, 'locked', at(9))
    await store.passkeys.add(aPasskey('three', 'ada'), 10)
    const all = await Promise.all(fifty.map(() => store.passkeys.withdraw(name, 'all', at(7))))
    assert.deepEqual(all.toSorted((a, b) => b - a).slice(0, 2), [2, 0])
    assert.deepEqual(await store.users.byUsername(name), aUser('ada', { status: 'locked', notBefore: at(9) }))
    assert.equal((await store.sessions.list(eve, 10)).length, 1)
    assert.deepEqual(await store.passkeys.list(eve), [aPasskey('hers', 'eve')])
  })
}

function useContract(onStore: OnStore): void {
  const kept = async (store: Store, more: Partial<Passkey>) => store.passkeys.add(aPasskey('one', 'ada', more), 10)
  const use = async (store: Store, signCount: number, now = at(9)) =>
    store.passkeys.use(one, { signCount, backup: 'device_bound', now })

  onStore('a use of a passkey notes its counter, its time and whether it is backed up', async ({ store }) => {
    await kept(store, { backup: 'eligible' })
    await store.passkeys.add(aPasskey('other', 'ada'), 10)
    assert.equal(await store.passkeys.use(one, { signCount: 9, backup: 'backed_up', now: at(9) }), 'used')
    const after = aPasskey('one', 'ada', { signCount: 9, backup: 'backed_up', lastUsedAt: at(9) })
    assert.deepEqual(await store.passkeys.find(one), after)
    const { credentialId } = aPasskey('other', 'ada')
    assert.deepEqual(await store.passkeys.find(credentialId), aPasskey('other', 'ada'))
    assert.equal(await store.passkeys.use('nothing', { signCount: 9, backup: 'eligible', now: at(9) }), 'unknown')
  })

  onStore('a counter that does not grow tells of a copy, and changes nothing', async ({ store }) => {
    await kept(store, {})
    for (const signCount of [5, 4, 0]) assert.equal(await use(store, signCount), 'cloned', `${signCount}`)
    assert.deepEqual(await store.passkeys.find(one), aPasskey('one', 'ada'))
    assert.equal(await use(store, 6), 'used')
    assert.equal(await use(store, 6), 'cloned')
    assert.equal(await use(store, 7), 'used')
  })

  onStore('an authenticator that does not count is used again and again, until it counts', async ({ store }) => {
    await kept(store, { signCount: 0 })
    const all = await Promise.all(fifty.map((index) => use(store, 0, at(index))))
    assert.deepEqual(
      all.filter((outcome) => outcome !== 'used'),
      [],
    )
    assert.equal(await use(store, 4_294_967_295), 'used')
    assert.equal(await use(store, 0), 'cloned')
  })

  onStore('fifty concurrent uses with one counter have one winner', async ({ store }) => {
    await kept(store, {})
    const all = await Promise.all(fifty.map((index) => use(store, 6, at(index))))
    assert.equal(all.filter((outcome) => outcome === 'used').length, 1)
    assert.equal(all.filter((outcome) => outcome === 'cloned').length, 49)
    const lastUsedAt = at(all.indexOf('used'))
    assert.deepEqual(await store.passkeys.find(one), aPasskey('one', 'ada', { signCount: 6, lastUsedAt }))
  })
}
