import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { derFromRaw, rawFromDer } from './ecdsa-signature.ts'

const half = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  // Short integers, whose leading bytes are zero, and those whose top bit is set.
  fc.tuple(fc.integer({ min: 1, max: 31 }), fc.uint8Array({ minLength: 32, maxLength: 32 })).map(([zeros, bytes]) => {
    const short = bytes.slice()
    short.fill(0, 0, zeros)
    return short
  }),
)

test('R‖S to DER and back is the same, whatever leading zeros and top bits', () => {
  fc.assert(
    fc.property(half, half, (r, s) => {
      fc.pre(r.some((byte) => byte !== 0) && s.some((byte) => byte !== 0))
      const raw = new Uint8Array([...r, ...s])
      const der = derFromRaw(raw)
      assert.ok(der !== undefined)
      assert.deepEqual(rawFromDer(der), raw)
    }),
    { numRuns: 500 },
  )
})

test('anything but 64 bytes with two numbers above zero is no signature', () => {
  const good = new Uint8Array(64).fill(1)
  assert.ok(derFromRaw(good))
  for (const length of [0, 1, 63, 65, 70, 128]) assert.equal(derFromRaw(new Uint8Array(length).fill(1)), undefined)
  assert.equal(derFromRaw(good.slice().fill(0, 0, 32)), undefined)
  assert.equal(derFromRaw(good.slice().fill(0, 32)), undefined)
})

test('what is not the DER form of a P-256 signature is refused', () => {
  const good = derFromRaw(new Uint8Array(64).fill(0x81))
  assert.ok(good)
  assert.equal(rawFromDer(good).length, 64)
  for (const index of [0, 1, 2, 3, 37, 38]) {
    const bad = good.slice()
    bad[index] = (bad[index] ?? 0) ^ 0x40
    assert.throws(() => rawFromDer(bad), SyntaxError)
  }
  assert.throws(() => rawFromDer(good.subarray(0, -1)), SyntaxError)
  assert.throws(() => rawFromDer(new Uint8Array(0)), SyntaxError)
})
