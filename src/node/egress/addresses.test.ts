import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isPublicAddress } from './addresses.ts'

const allowed = [
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '191.255.255.255',
  '192.0.1.0',
  '192.88.98.255',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '203.0.112.255',
  '203.0.114.0',
  '223.255.255.255',
  '2000::1',
  '2001:200::1',
  '2001:db7:ffff::1',
  '2001:db9::1',
  '2003::1',
  '2606:4700:4700::1111',
  '2a00::1',
  '3ffe:ffff::1',
  '3fff:1000::1',
]

const forbidden = [
  ['this network', '0.0.0.0', '0.255.255.255'],
  ['private', '10.0.0.0', '10.255.255.255', '172.16.0.0', '172.31.255.255', '192.168.0.0', '192.168.255.255'],
  ['shared', '100.64.0.0', '100.127.255.255'],
  ['loopback', '127.0.0.1', '127.255.255.255', '::1'],
  ['link-local', '169.254.0.0', '169.254.169.254', '169.254.255.255', 'fe80::1', 'febf::1'],
  ['protocol assignments', '192.0.0.0', '192.0.0.255', '2001::1', '2001:1ff:ffff::1'],
  ['documentation', '192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1', '3fff:fff:ffff::1'],
  ['relays', '192.88.99.1'],
  ['benchmarking', '198.18.0.0', '198.19.255.255', '2001:2::1'],
  ['multicast', '224.0.0.1', '239.255.255.255', 'ff02::1'],
  ['reserved', '240.0.0.1', '255.255.255.255', '4000::1', 'e000::1'],
  ['unspecified', '::'],
  ['IPv4 mapped', '::ffff:1.1.1.1', '::ffff:10.0.0.1', '::ffff:a00:1', '0:0:0:0:0:ffff:7f00:1', '::127.0.0.1'],
  ['NAT64', '64:ff9b::a9fe:a9fe', '64:ff9b::1.1.1.1', '64:ff9b:1::7f00:1'],
  ['6to4', '2002:7f00:1::1', '2002:a00:1::'],
  ['Teredo', '2001:0:1:1::1'],
  ['ORCHID and drones', '2001:10::1', '2001:2f:ffff::1', '2001:30::1'],
  ['discard only', '100::1', '100:0:0:1::1'],
  ['unique local', 'fc00::1', 'fd12:3456::1', 'fdff:ffff::1'],
  ['site-local', 'fec0::1', 'feff::1'],
  ['segment routing', '5f00::1'],
  ['a zone', 'fe80::1%lo', '2a00::1%eth0'],
  ['no address', '', 'localhost', '1.1.1', '0x7f.1', '2130706433', '010.0.0.1', '1.1.1.1 ', '[::1]', '1.1.1.1:443'],
] as const

test('[AS-REG-07] addresses of the public internet, up to the edges of what is not', () => {
  for (const address of allowed) assert.equal(isPublicAddress(address), true, address)
})

for (const [what, ...addresses] of forbidden) {
  test(`[AS-REG-07] not the public internet: ${what}`, () => {
    for (const address of addresses) assert.equal(isPublicAddress(address), false, address)
    assert.equal(isPublicAddress('1.1.1.1'), true)
  })
}

test('[AS-REG-07] an IPv4 address is never public in the form of an IPv6 address', () => {
  const embeddings = ['::ffff:', '::', '::ffff:0:', '64:ff9b::', '64:ff9b:1::', '2001::', '100::']
  fc.assert(
    fc.property(fc.ipV4(), fc.constantFrom(...embeddings), (address, prefix) => {
      assert.equal(isPublicAddress(`${prefix}${address}`), false)
    }),
  )
})
