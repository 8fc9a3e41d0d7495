/** The contract of the trail. */

import assert from 'node:assert/strict'
import { genesis, verifyChain } from '../core/event-chain.ts'
import type { SecurityEvent } from '../core/events.ts'
import { anEvent, fifty, hash, type OnStore } from './contract-fixtures.ts'

/** Registers the tests of the trail. */
export function eventContract(onStore: OnStore): void {
  trailContract(onStore)
  lookingContract(onStore)
  chainContract(onStore)
}

function trailContract(onStore: OnStore): void {
  onStore('events stand in order, each behind the one before, as they were appended', async ({ store }) => {
    assert.equal(await store.events.newest(), 0)
    assert.deepEqual(await store.events.list(0, 10), [])
    assert.deepEqual(await store.events.append([]), [])
    const plain = anEvent('two', {
      clientId: undefined,
      subjectRef: undefined,
      grantRef: undefined,
      peerAddress: undefined,
      evidence: {},
      status: undefined,
      dedupe: undefined,
      attacks: [],
    })
    const first = await store.events.append([anEvent('one'), plain])
    const second = await store.events.append([anEvent('three')])
    const all = await store.events.list(0, 10)
    assert.deepEqual(all, [...first, ...second])
    for (const [index, event] of [anEvent('one'), plain, anEvent('three')].entries()) {
      const stored: SecurityEvent | undefined = all[index]
      assert.ok(stored)
      assert.deepEqual({ ...stored, ...event }, stored)
    }
    assert.deepEqual(
      all.map(({ seq }) => seq),
      [1, 2, 3],
    )
    assert.equal(verifyChain(genesis, all, hash), undefined)
    assert.equal(await store.events.newest(), 3)
    assert.deepEqual(await store.events.list(1, 1), all.slice(1, 2))
    assert.deepEqual(await store.events.list(3, 10), [])
  })
}

function lookingContract(onStore: OnStore): void {
  onStore('an event is found by its id and by its correlation id, a hundred at most', async ({ store }) => {
    const { correlationId } = anEvent('shared')
    const [one] = await store.events.append([anEvent('one')])
    const shared = await store.events.append(fifty.map((index) => anEvent(`shared-${index}`, { correlationId })))
    assert.deepEqual(await store.events.find('event-one'), [one])
    assert.deepEqual(await store.events.find(anEvent('one').correlationId), [one])
    assert.deepEqual(await store.events.find(correlationId), shared)
    assert.deepEqual(await store.events.find('nothing'), [])
    const more = fifty.flatMap((index) => [`x-${index}`, `y-${index}`])
    await store.events.append(more.map((name) => anEvent(name, { correlationId })))
    assert.equal((await store.events.find(correlationId)).length, 100)
  })

  onStore('the events about one person are found, the newest first, and those of nobody by nobody', async (on) => {
    const { events } = on.store
    const [ada, eve] = [hash('ada'), hash('eve')]
    const appended = await events.append([
      anEvent('one', { subjectRef: ada }),
      anEvent('two', { subjectRef: eve }),
      anEvent('three', { subjectRef: undefined }),
      anEvent('four', { subjectRef: ada }),
    ])
    const [five] = await events.append([anEvent('five', { subjectRef: ada })])
    assert.deepEqual(await events.about(ada, 10), [five, appended[3], appended[0]])
    assert.deepEqual(await events.about(ada, 2), [five, appended[3]])
    assert.deepEqual(await events.about(eve, 10), [appended[1]])
    await events.append([anEvent('six', { subjectRef: ada, type: 'token.refreshed' })])
    assert.deepEqual(await events.about(ada, 2), [five, appended[3]], 'routine is left out')
    assert.deepEqual(await events.about(ada, 0), [])
    assert.deepEqual(await events.about(hash('nobody'), 10), [])
  })
}

function chainContract(onStore: OnStore): void {
  onStore('fifty appended at once make one chain', async ({ store }) => {
    await Promise.all(fifty.map(async (index) => store.events.append([anEvent(`a${index}`), anEvent(`b${index}`)])))
    const all = await store.events.list(0, 1000)
    assert.equal(all.length, 100)
    assert.equal(verifyChain(genesis, all, hash), undefined)
    for (const [index, event] of all.entries()) {
      if (event.id.startsWith('event-a')) {
        assert.equal(all[index + 1]?.id, event.id.replace('-a', '-b'), 'what came together stays together')
      }
    }
  })

  onStore('what cannot be chained leaves the trail as it was', async ({ store }) => {
    await store.events.append([anEvent('one')])
    const bad = anEvent('bad', { evidence: { count: Number.NaN } })
    await assert.rejects(store.events.append([anEvent('two'), bad]), RangeError)
    await store.events.append([anEvent('three')])
    const all = await store.events.list(0, 10)
    assert.deepEqual(
      all.map(({ id }) => id),
      ['event-one', 'event-three'],
    )
    assert.equal(verifyChain(genesis, all, hash), undefined)
  })

  onStore('a durable trail goes on where it ended', async ({ store, reopen }) => {
    await store.events.append([anEvent('one')])
    if (reopen === undefined) return
    await store.close()
    const again = await reopen()
    try {
      await again.events.append([anEvent('two')])
      const all = await again.events.list(0, 10)
      assert.equal(all.length, 2)
      assert.equal(verifyChain(genesis, all, hash), undefined)
    } finally {
      await again.close()
    }
  })
}
