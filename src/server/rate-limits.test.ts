import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientId, numericDate } from '../core/names.ts'
import { ruleOf, rules } from '../core/rules.ts'
import { keysOf } from '../core/names.ts'
import { countsAsFailure, createBuckets, createRateLimits, sourceOf } from './rate-limits.ts'

const at = (second: number) => numericDate(1_800_000_000 + second)

test('[OPS-07] a bucket holds ten seconds of its rate, and fills up again at it', () => {
  const buckets = createBuckets(60, 10)
  for (let request = 0; request < 10; request += 1) assert.equal(buckets.take('a', at(0)), undefined)
  assert.equal(buckets.take('a', at(0)), 1)
  assert.equal(buckets.take('b', at(0)), undefined, 'another one is not concerned')
  assert.equal(buckets.take('a', at(1)), undefined)
  assert.equal(buckets.take('a', at(1)), 1)
  for (let request = 0; request < 10; request += 1) assert.equal(buckets.take('a', at(600)), undefined)
  assert.equal(buckets.take('a', at(600)), 1, 'it holds no more than that')
})

test('[OPS-07] how long to wait is when there is room again, and no sooner', () => {
  const buckets = createBuckets(6, 10)
  assert.equal(buckets.take('a', at(0)), undefined)
  assert.equal(buckets.take('a', at(0)), 10)
  assert.equal(buckets.take('a', at(9)), 1)
  assert.equal(buckets.take('a', at(10)), undefined)
})

test('[OPS-07] a clock that is set back neither fills nor empties a bucket', () => {
  const buckets = createBuckets(60, 10)
  for (let request = 0; request < 9; request += 1) buckets.take('a', at(100))
  assert.equal(buckets.take('a', at(0)), undefined)
  assert.equal(buckets.take('a', at(0)), 1)
  assert.equal(buckets.take('a', at(1)), undefined)
})

test('[OPS-07] [AL-12] a hundred thousand names: the map stays bounded, and who asks often is not forgotten', () => {
  const buckets = createBuckets(60, 1000)
  const busy = () => buckets.take('busy', at(0))
  for (let request = 0; request < 10; request += 1) assert.equal(busy(), undefined)
  for (let stranger = 0; stranger < 100_000; stranger += 1) {
    buckets.take(`stranger ${stranger}`, at(0))
    if (stranger % 500 === 0) assert.equal(busy(), 1, `after ${stranger}`)
  }
  assert.equal(buckets.size(), 1000)
})

test('[OPS-07] what was refused costs ten requests', () => {
  const limits = createRateLimits({ perAddressPerMinute: 600, perClientPerMinute: 600 })
  for (let guess = 0; guess < 10; guess += 1) {
    assert.equal(limits.arrives('192.0.2.1', at(0)), undefined, `guess ${guess}`)
    limits.failed('192.0.2.1', at(0))
  }
  assert.equal(limits.arrives('192.0.2.1', at(0)), 1)
  for (let request = 0; request < 100; request += 1) assert.equal(limits.arrives('192.0.2.2', at(0)), undefined)
  assert.equal(limits.arrives('192.0.2.2', at(0)), 1)
})

test('[OPS-07] a client is counted at each endpoint for itself', () => {
  const limits = createRateLimits({ perAddressPerMinute: 60, perClientPerMinute: 60 })
  const [one, other] = [clientId('one'), clientId('other')]
  for (let request = 0; request < 10; request += 1) assert.equal(limits.admits(one, 'token', at(0)), undefined)
  assert.equal(limits.admits(one, 'token', at(0)), 1)
  assert.equal(limits.admits(one, 'par', at(0)), undefined)
  assert.equal(limits.admits(other, 'token', at(0)), undefined)
})

test('[OPS-07] [AL-20] an address counts for what one subscriber has, and this machine for nobody', () => {
  assert.equal(sourceOf('192.0.2.7'), '192.0.2.7')
  assert.equal(sourceOf('::ffff:192.0.2.7'), '192.0.2.7')
  assert.equal(sourceOf('2001:db8:1:2::7'), '2001:db8:1:2')
  assert.equal(sourceOf('2001:0DB8:0001:0002:ffff:ffff:ffff:ffff'), '2001:db8:1:2')
  assert.equal(sourceOf('2001:db8::7'), '2001:db8:0:0')
  assert.equal(sourceOf('fe80::1%eth0'), 'fe80:0:0:0')
  assert.notEqual(sourceOf('2001:db8:1:3::7'), sourceOf('2001:db8:1:2::7'))
  for (const here of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
    assert.equal(sourceOf(here), undefined, here)
  const limits = createRateLimits({ perAddressPerMinute: 60, perClientPerMinute: 60 })
  for (let request = 0; request < 100; request += 1) assert.equal(limits.arrives('127.0.0.1', at(0)), undefined)
})

test('[OPS-07] what honest parties meet every day is not held against an address, and guessing is', () => {
  for (const rule of [
    'dpop_nonce_missing',
    'access_denied_by_user',
    'login_required',
    'rate_limited',
    'state_unavailable',
  ] as const) {
    assert.ok(!countsAsFailure(rule, 'interaction'), rule)
  }
  for (const rule of [
    'code_unknown',
    'client_unknown',
    'password_wrong',
    'request_uri_unknown',
    'client_assertion_malformed',
  ] as const) {
    assert.ok(countsAsFailure(rule, 'interaction'), rule)
  }
  const dear = keysOf(rules).filter(
    (rule) => ruleOf(rule).error === 'invalid_client' || ruleOf(rule).error === 'invalid_grant',
  )
  assert.ok(dear.length > 20)
  for (const rule of dear) assert.ok(countsAsFailure(rule, 'token'), rule)
})
