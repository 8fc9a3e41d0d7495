import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BoundedMap } from './bounded-map.ts'

test('the entry that was not used longest makes room', () => {
  const map = new BoundedMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  assert.equal(map.get('a'), 1)
  map.set('c', 3)
  assert.equal(map.get('b'), undefined)
  assert.equal(map.get('a'), 1)
  assert.equal(map.get('c'), 3)
})

test('setting a key again replaces its value and takes no more room', () => {
  const map = new BoundedMap<string, number>(2)
  map.set('a', 1)
  map.set('a', 2)
  map.set('b', 3)
  assert.equal(map.get('a'), 2)
  assert.equal(map.size, 2)
})

test('it never holds more than its bound, and what it holds is what was set last', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.tuple(fc.nat(9), fc.nat())), (most, entries) => {
      const map = new BoundedMap<number, number>(most)
      const last = new Map<number, number>()
      for (const [key, value] of entries) {
        map.set(key, value)
        last.set(key, value)
        assert.ok(map.size <= most)
        assert.equal(map.get(key), value)
      }
      for (const [key, value] of last) assert.ok([undefined, value].includes(map.get(key)))
    }),
  )
})

test('a bound below one is refused', () => {
  for (const most of [0, -1, 1.5, Number.NaN]) assert.throws(() => new BoundedMap(most), RangeError)
})
