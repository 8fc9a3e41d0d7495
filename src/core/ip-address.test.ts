import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalIpAddress, networkOf } from './ip-address.ts'

test('an address has one spelling', () => {
  for (const [text, canonical] of [
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['::', '::'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ] as const) {
    assert.equal(canonicalIpAddress(text), canonical)
    assert.equal(canonicalIpAddress(canonical), canonical)
  }
})

test('what is no address is none', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '0x7f.0.0.1',
    '1',
    'localhost',
    ':',
    ':::',
    '2001:db8::1::2',
    'fe80::1%eth0',
    '[::1]',
    '::1/128',
    ' ::1',
    '::1]/#[',
  ]) {
    assert.equal(canonicalIpAddress(text), undefined, text)
  }
  assert.equal(canonicalIpAddress('10.0.0.1'), '10.0.0.1')
})

test('a network is an address of IPv4, and the /64 of one of IPv6', () => {
  for (const [text, network] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:DB8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::5:6', '2001:db8:0:0'],
    ['2001:db8:1:2::', '2001:db8:1:2'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['', ''],
    ['not an address', 'not an address'],
  ] as const) {
    assert.equal(networkOf(text), network, text)
  }
})
