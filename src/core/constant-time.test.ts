import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalInConstantTime } from './constant-time.ts'

test('[AL-07] two texts of one length are read to the end, wherever they differ', (t) => {
  const secret = 'x'.repeat(43)
  const others = Array.from({ length: 43 }, (_, index) => `${secret.slice(0, index)}y${secret.slice(index + 1)}`)
  const read = t.mock.method(String.prototype, 'charCodeAt')
  const readsFor = (other: string) => {
    const before = read.mock.callCount()
    const isEqual = equalInConstantTime(secret, other)
    return { isEqual, reads: read.mock.callCount() - before }
  }
  const whole = readsFor('x'.repeat(43))
  const differing = others.map(readsFor)
  read.mock.restore()
  assert.deepEqual(whole, { isEqual: true, reads: 86 })
  for (const one of differing) assert.deepEqual(one, { isEqual: false, reads: 86 })
})

test('[AL-07] a prefix, a longer text and nothing are not equal', () => {
  for (const other of ['', 'secre', 'secrets', 'secreT']) assert.equal(equalInConstantTime('secret', other), false)
  assert.equal(equalInConstantTime('secret', 'secret'), true)
})
