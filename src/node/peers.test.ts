import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPeerRange, peerList } from './peers.ts'

test('[NET-06] a peer is listed by address or range, in either family', () => {
  const isListed = peerList(['192.0.2.7', '10.1.0.0/16', '2001:db8::/32', '::1'])
  for (const address of ['192.0.2.7', '::ffff:192.0.2.7', '::FFFF:10.1.2.3', '10.1.255.255', '2001:db8:1::1', '::1']) {
    assert.ok(isListed(address), address)
  }
  for (const address of ['192.0.2.8', '10.2.0.0', '2001:db9::1', '::2', '127.0.0.1', '', 'localhost', '192.0.2.7 ']) {
    assert.ok(!isListed(address), address)
  }
})

test('[NET-06] everybody is no range, and neither is what is no address', () => {
  for (const text of [
    '0.0.0.0/0',
    '::/0',
    // Everybody of IPv4, as IPv6 writes them.
    '::ffff:0:0/96',
    '::/1',
    '::fffe:0:0/95',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0',
    '*',
    '',
    'a.example',
    'fe80::1%eth0',
  ]) {
    assert.ok(!isPeerRange(text), text)
    assert.throws(() => peerList([text]), RangeError)
  }
  assert.ok(isPeerRange('10.0.0.0/8'))
  assert.ok(!peerList([])('127.0.0.1'))
})
