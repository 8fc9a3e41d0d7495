import assert from 'node:assert/strict'
import { hash as digest } from 'node:crypto'
import { test } from 'node:test'
import { chained, chainedAll, genesis, verifyChain } from './event-chain.ts'
import type { NewSecurityEvent, SecurityEvent } from './events.ts'
import { clientId, correlationId, numericDate, sha256Digest } from './names.ts'
import type { Hash } from './ports.ts'

const hash: Hash = (text) => sha256Digest(digest('sha256', text, 'base64url'))

function anEvent(name: string, more: Partial<NewSecurityEvent> = {}): NewSecurityEvent {
  return {
    id: name,
    time: numericDate(1_800_000_000),
    type: 'oauth.code.replayed',
    severity: 'critical',
    outcome: 'revoked',
    reason: 'code_replayed',
    endpoint: 'token',
    correlationId: correlationId('correlation-0000'),
    clientId: clientId('shop'),
    subjectRef: undefined,
    grantRef: undefined,
    peerAddress: '127.0.0.1',
    evidence: { alg: 'ES256', count: 2 },
    status: 400,
    dedupe: undefined,
    attacks: ['CI-03'],
    ...more,
  }
}

function aChain(...names: readonly string[]): readonly SecurityEvent[] {
  return chainedAll(
    genesis,
    names.map((name) => anEvent(name)),
    hash,
  )
}

test('an event holds its place, the digest before it and its own', () => {
  const [first, second] = aChain('one', 'two')
  assert.deepEqual([first?.seq, second?.seq], [1, 2])
  assert.equal(first?.previousHash, genesis.hash)
  assert.equal(second?.previousHash, first?.hash)
  const text =
    '{"attacks":["CI-03"],"clientId":"shop","correlationId":"correlation-0000","endpoint":"token",' +
    '"evidence":{"alg":"ES256","count":2},"id":"one","outcome":"revoked","peerAddress":"127.0.0.1",' +
    '"reason":"code_replayed","seq":1,"severity":"critical","status":400,"time":1800000000,"type":"oauth.code.replayed"}'
  assert.equal(first?.hash, hash(`${'A'.repeat(43)}\n${text}`))
})

test('the digest depends on what is said, not on the order of members or on those that are undefined', () => {
  const one = chained(genesis, anEvent('one', { evidence: { a: 1, b: '2' } }), hash)
  const other = chained(genesis, anEvent('one', { evidence: { b: '2', a: 1 } }), hash)
  assert.equal(one.hash, other.hash)
  const read: SecurityEvent = JSON.parse(JSON.stringify(one))
  assert.equal(verifyChain(genesis, [read], hash), undefined)
  assert.notEqual(chained(genesis, anEvent('one', { evidence: { a: '1', b: '2' } }), hash).hash, one.hash)
})

test('an unbroken chain verifies, from the beginning and from any event on', () => {
  const events = aChain('one', 'two', 'three')
  assert.equal(verifyChain(genesis, events, hash), undefined)
  assert.equal(verifyChain(genesis, [], hash), undefined)
  const [first, ...rest] = events
  assert.ok(first)
  assert.equal(verifyChain(first, rest, hash), undefined)
  assert.equal(verifyChain(genesis, rest, hash), 1)
})

test('what was changed, taken out, moved or slipped in is found where it stands', () => {
  const [one, two, three, four] = aChain('one', 'two', 'three', 'four')
  assert.ok(one && two && three && four)
  const brokenAt = (...events: readonly SecurityEvent[]) => verifyChain(genesis, events, hash)
  assert.equal(brokenAt(one, { ...two, reason: 'nothing' }, three), 2)
  assert.equal(brokenAt(one, { ...two, evidence: { ...two.evidence, count: 3 } }, three), 2)
  assert.equal(brokenAt(one, two, four), 3)
  assert.equal(brokenAt(two, one), 1)
  assert.equal(brokenAt(one, one), 2)
  // Changed together with its own digest: the next one tells.
  assert.equal(brokenAt(one, chained(one, anEvent('forged'), hash), three), 3)
  assert.equal(brokenAt(one, two, three, { ...four, hash: one.hash }), 4)
  assert.equal(brokenAt(one, two, three, { ...four, previousHash: one.hash }), 4)
})

test('a number that JSON cannot tell is refused', () => {
  assert.throws(() => chained(genesis, anEvent('one', { evidence: { count: Number.NaN } }), hash), RangeError)
})
