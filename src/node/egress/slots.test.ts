import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSlots } from './slots.ts'

const patient = () => new AbortController().signal

test('no more run than there are slots, no more wait than there are places', async () => {
  const take = createSlots({ running: 1, waiting: 1 })
  const first = await take(patient())
  const second = take(patient())
  assert.equal(await take(patient()), 'busy')
  assert.ok(first !== 'busy')
  first.release()
  const held = await second
  assert.ok(held !== 'busy')
  held.release()
  assert.notEqual(await take(patient()), 'busy')
})

test('slots are given in the order in which they were asked for', async () => {
  const take = createSlots({ running: 1, waiting: 3 })
  const order: string[] = []
  const run = async (name: string) => {
    const slot = await take(patient())
    order.push(name)
    await new Promise((resolve) => setImmediate(resolve))
    if (slot !== 'busy') slot.release()
  }
  await Promise.all(['a', 'b', 'c', 'd'].map(run))
  assert.deepEqual(order, ['a', 'b', 'c', 'd'])
})

test('a slot given back twice is one slot', async () => {
  const take = createSlots({ running: 1, waiting: 0 })
  const first = await take(patient())
  assert.ok(first !== 'busy')
  first.release()
  first.release()
  assert.notEqual(await take(patient()), 'busy')
  assert.equal(await take(patient()), 'busy')
})

test('who gives up leaves the queue', async () => {
  const take = createSlots({ running: 1, waiting: 1 })
  const first = await take(patient())
  const controller = new AbortController()
  const second = take(controller.signal)
  controller.abort()
  assert.equal(await second, 'busy')
  assert.equal(await take(controller.signal), 'busy')
  const third = take(patient())
  assert.ok(first !== 'busy')
  first.release()
  assert.notEqual(await third, 'busy')
})

test('bounds that bound nothing are refused', () => {
  for (const running of [0, -1, 1.5, Number.NaN, Infinity]) {
    assert.throws(() => createSlots({ running, waiting: 1 }), RangeError)
  }
  for (const waiting of [-1, 1.5, Number.NaN, Infinity]) {
    assert.throws(() => createSlots({ running: 1, waiting }), RangeError)
  }
})
