import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClientRecord } from '../../core/client.ts'
import type { ClientStore } from '../../core/ports.ts'
import { aClient, at } from '../contract-fixtures.ts'
import { rememberingClients } from './remembered-clients.ts'

/** A store of one client in which the first look takes until `answer` is called. */
function aSlowStore(first: ClientRecord) {
  let current: ClientRecord | undefined = first
  let looks = 0
  let answer = () => {}
  const slow = new Promise<void>((resolve) => {
    answer = resolve
  })
  const clients: ClientStore = {
    add: async () => 'exists',
    find: async () => {
      const seen = current
      looks += 1
      if (looks === 1) await slow
      return seen
    },
    list: async () => [],
    setStatus: async (_, status) => {
      current = { ...first, status }
      return 'set'
    },
    remove: async () => {
      current = undefined
      return 'removed'
    },
  }
  return { clients, answer: () => answer(), looks: () => looks }
}

test('a client is looked up once, until it changes', async () => {
  const shop = aClient('shop')
  const { clients, answer, looks } = aSlowStore(shop)
  const remembering = rememberingClients(clients)
  answer()
  await remembering.find(shop.clientId)
  assert.equal(await remembering.find(shop.clientId), shop)
  assert.equal(looks(), 1)
  await remembering.setStatus(shop.clientId, 'suspended', at(1))
  assert.equal((await remembering.find(shop.clientId))?.status, 'suspended')
  await remembering.remove(shop.clientId)
  assert.equal(await remembering.find(shop.clientId), undefined)
})

test('a look that began before a change and ended after it is not remembered', async () => {
  const shop = aClient('shop')
  const { clients, answer } = aSlowStore(shop)
  const remembering = rememberingClients(clients)
  const began = remembering.find(shop.clientId)
  await remembering.setStatus(shop.clientId, 'suspended', at(1))
  answer()
  assert.equal((await began)?.status, 'active')
  assert.equal((await remembering.find(shop.clientId))?.status, 'suspended')
})

test('a change that fails leaves nothing remembered that could be wrong', async () => {
  const shop = aClient('shop')
  const { clients, answer, looks } = aSlowStore(shop)
  const remembering = rememberingClients({
    ...clients,
    setStatus: async () => {
      throw new Error('the disk is full')
    },
  })
  answer()
  await remembering.find(shop.clientId)
  await assert.rejects(remembering.setStatus(shop.clientId, 'suspended', at(1)), { message: 'the disk is full' })
  assert.equal(await remembering.find(shop.clientId), shop)
  assert.equal(looks(), 2)
})
