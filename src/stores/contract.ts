/** The suite every store passes: `storeContract` registers it with `node:test`. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StateUnavailable } from '../core/oauth-error.ts'
import { eventContract } from './contract-events.ts'
import { grantContract } from './contract-grants.ts'
import { passkeyContract } from './contract-passkeys.ts'
import { peopleContract } from './contract-people.ts'
import { requestContract } from './contract-requests.ts'
import { refreshContract, tokenContract } from './contract-tokens.ts'
import { aKey, aProof, at, fifty, hash, type OnStore, type Subject } from './contract-fixtures.ts'

/** Registers the suite for one kind of store. `open` gives an empty store each time. */
export function storeContract(name: string, open: () => Promise<Subject>): void {
  const onStore: OnStore = (title, run) => {
    test(title, async () => {
      const subject = await open()
      try {
        await run(subject)
      } finally {
        await subject.store.close()
      }
    })
  }
  describe(`store contract: ${name}`, () => {
    requestContract(onStore)
    grantContract(onStore)
    refreshContract(onStore)
    tokenContract(onStore)
    eventContract(onStore)
    peopleContract(onStore)
    passkeyContract(onStore)
    replayContract(onStore)
    replayTimeContract(onStore)
    attemptContract(onStore)
    housekeepingContract(onStore)
  })
}

function replayContract(onStore: OnStore): void {
  onStore('RS-DPOP-07 a name works once, and spends all entries together or none', async ({ store }) => {
    const one = aProof('one')
    const other = aProof('two', { purpose: 'client_assertion', owner: 'shop' })
    assert.deepEqual(await store.replay.spendOnce([one]), { spent: true })
    assert.deepEqual(await store.replay.spendOnce([other, one]), { seen: one })
    assert.deepEqual(await store.replay.spendOnce([other]), { spent: true }, 'a refused batch spent nothing')
    assert.deepEqual(await store.replay.spendOnce([other]), { seen: other })
    assert.deepEqual(await store.replay.spendOnce([]), { spent: true })
  })

  onStore('the same name twice in one batch is seen', async ({ store }) => {
    const twice = aProof('twice')
    assert.deepEqual(await store.replay.spendOnce([twice, twice]), { seen: twice })
    assert.deepEqual(await store.replay.spendOnce([twice]), { spent: true })
  })

  onStore('fifty concurrent spenders of one name have one winner', async ({ store }) => {
    const all = await Promise.all(Array.from({ length: 50 }, async () => store.replay.spendOnce([aProof('one')])))
    assert.equal(all.filter((outcome) => 'spent' in outcome).length, 1)
  })

  onStore('another owner or purpose may use the same name', async ({ store }) => {
    assert.deepEqual(await store.replay.spendOnce([aProof('one')]), { spent: true })
    assert.deepEqual(await store.replay.spendOnce([aProof('one', { owner: hash('another key') })]), { spent: true })
    for (const purpose of ['client_assertion', 'passkey_challenge', 'upstream_state', 'decision_handle'] as const) {
      const other = aProof('one', { purpose })
      assert.deepEqual(await store.replay.spendOnce([other]), { spent: true }, purpose)
      assert.deepEqual(await store.replay.spendOnce([other]), { seen: other }, purpose)
    }
  })

  onStore('fifty concurrent answers to one challenge have one winner', async ({ store }) => {
    const challenge = aProof('challenge', { purpose: 'passkey_challenge', owner: hash('a browser') })
    const all = await Promise.all(fifty.map(async () => store.replay.spendOnce([challenge])))
    assert.equal(all.filter((outcome) => 'spent' in outcome).length, 1)
  })
}

function replayTimeContract(onStore: OnStore): void {
  onStore('the same name with another expiry is refused until the first is over', async ({ store, setClock }) => {
    assert.deepEqual(await store.replay.spendOnce([aProof('one', { expiresAt: at(95) })]), { spent: true })
    for (const offset of [0, 30, 94, 96, 155, 335]) {
      const outcome = await store.replay.spendOnce([aProof('one', { expiresAt: at(offset) })])
      assert.ok('seen' in outcome, `expiry ${offset}`)
    }
    setClock(at(95))
    assert.ok(
      'seen' in (await store.replay.spendOnce([aProof('one', { expiresAt: at(190) })])),
      'the last instant counts',
    )
    setClock(at(96))
    assert.deepEqual(await store.replay.spendOnce([aProof('one', { expiresAt: at(97) })]), { spent: true })
    assert.ok('seen' in (await store.replay.spendOnce([aProof('one', { expiresAt: at(190) })])))
  })

  onStore('reaping forgets no entry that lives', async ({ store, setClock }) => {
    await store.replay.spendOnce([aProof('short', { expiresAt: at(60) }), aProof('long', { expiresAt: at(335) })])
    setClock(at(200))
    await store.reap(at(200), 100)
    assert.ok('seen' in (await store.replay.spendOnce([aProof('long', { expiresAt: at(400) })])))
    assert.deepEqual(await store.replay.spendOnce([aProof('short', { expiresAt: at(400) })]), { spent: true })
  })

  onStore('a clock that leapt a year ahead and came back closes the memory for minutes, not for a year', async (on) => {
    const { store, setClock } = on
    await store.replay.spendOnce([aProof('before', { expiresAt: at(60) })])
    const nextYear = at(31_536_000)
    setClock(nextYear)
    await store.reap(nextYear, 100)
    setClock(at(30))
    const again = await store.replay
      .spendOnce([aProof('before', { expiresAt: at(60) })])
      .catch((error: unknown) => (error instanceof StateUnavailable ? 'unavailable' : 'another error'))
    assert.ok(again === 'unavailable' || (typeof again === 'object' && 'seen' in again))
    setClock(at(400))
    assert.deepEqual(await store.replay.spendOnce([aProof('after', { expiresAt: at(460) })]), { spent: true })
  })

  onStore('the epoch is the time the memory began', async ({ store, setClock, reopen }) => {
    assert.equal(store.replay.epoch(), at(0))
    setClock(at(50))
    assert.equal(store.replay.epoch(), at(0))
    if (reopen === undefined) return
    await store.replay.spendOnce([aProof('one')])
    await store.close()
    const again = await reopen()
    try {
      assert.equal(again.replay.epoch(), at(0), 'a durable memory keeps its epoch')
      assert.ok('seen' in (await again.replay.spendOnce([aProof('one')])))
    } finally {
      await again.close()
    }
  })
}

function attemptContract(onStore: OnStore): void {
  const [one, two] = [hash('counter one'), hash('counter two')]

  onStore('every raise counts, in order, also fifty at once', async ({ store }) => {
    assert.deepEqual(await store.attempts.raise([one, two], at(300), at(0)), [1, 1])
    assert.deepEqual(await store.attempts.raise([two, one], at(300), at(1)), [2, 2])
    const all = await Promise.all(Array.from({ length: 50 }, async () => store.attempts.raise([one], at(300), at(2))))
    assert.deepEqual(
      all.flat().toSorted((a, b) => a - b),
      Array.from({ length: 50 }, (_, index) => index + 3),
    )
  })

  onStore('a counter starts anew at its first expiry, and when it is forgotten', async ({ store }) => {
    await store.attempts.raise([one], at(300), at(0))
    assert.deepEqual(await store.attempts.raise([one], at(500), at(299)), [2], 'later attempts do not prolong it')
    assert.deepEqual(await store.attempts.raise([one], at(600), at(300)), [1])
    assert.deepEqual(await store.attempts.raise([one], at(900), at(599)), [2])
    await store.attempts.takeBack([one, two])
    assert.deepEqual(await store.attempts.raise([one], at(900), at(599)), [2], 'one was taken back')
    await store.attempts.forget([one, two])
    assert.deepEqual(await store.attempts.raise([one], at(900), at(599)), [1])
  })
}

function housekeepingContract(onStore: OnStore): void {
  onStore('signing keys are listed by age', async ({ store }) => {
    const older = aKey('z')
    const newer = aKey('a', { alg: 'EdDSA', createdAt: at(1), publishedUntil: at(900) })
    await store.keys.add(newer)
    await store.keys.add(older)
    assert.deepEqual(await store.keys.list(), [older, newer])
    await assert.rejects(store.keys.add(older))
  })

  onStore('a retired key tells until when it is published; a removed one is gone', async ({ store }) => {
    await store.keys.add(aKey('one'))
    await store.keys.add(aKey('two'))
    assert.equal(await store.keys.retire('one', at(700)), 'retired')
    assert.equal(await store.keys.retire('gone', at(700)), 'unknown')
    const retired = aKey('one', { publishedUntil: at(700) })
    assert.deepEqual(await store.keys.list(), [retired, aKey('two')])
    assert.equal(await store.keys.retire('one', at(600)), 'retired', 'an emergency makes it shorter')
    assert.equal((await store.keys.list())[0]?.publishedUntil, at(600))
    assert.equal(await store.keys.remove('one'), 'removed')
    assert.equal(await store.keys.remove('one'), 'unknown')
    assert.deepEqual(await store.keys.list(), [aKey('two')])
  })

  onStore('reaping respects its limit', async ({ store }) => {
    const counters = Array.from({ length: 10 }, (_, index) => hash(`counter ${index}`))
    await store.attempts.raise(counters, at(10), at(0))
    assert.equal(await store.reap(at(9), 100), 0)
    assert.equal(await store.reap(at(10), 4), 4)
    assert.equal(await store.reap(at(10), 100), 6)
    assert.equal(await store.reap(at(10), 100), 0)
  })

  onStore('a closed store refuses', async ({ store }) => {
    await store.close()
    await assert.rejects(store.keys.list(), { name: 'StoreUnavailable', reason: 'closed' })
    await assert.rejects(store.attempts.raise([hash('x')], at(1), at(0)), { name: 'StoreUnavailable' })
    await store.close()
  })
}
