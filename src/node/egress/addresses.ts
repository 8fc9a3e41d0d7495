/** Which addresses may be dialled for a stranger: those of the public internet. */

import { BlockList, isIP } from 'node:net'

/** IPv4 networks that are not the public internet. RFC 6890; IANA IPv4 Special-Purpose Address Registry. */
const specialIpv4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

/** Global unicast, outside which no IPv6 address is dialled: loopback, private, link-local, mapped and NAT64 ones are not in it. RFC 4291 §2.4. */
const globalIpv6 = ['2000::', 3] as const

/** Networks inside it that are special, or carry an IPv4 address. IANA IPv6 Special-Purpose Address Registry. */
const specialIpv6: readonly (readonly [network: string, prefix: number])[] = [
  // Protocol assignments: Teredo, benchmarking, AMT, ORCHID, drone identifiers.
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4.
  ['2002::', 16],
  ['3fff::', 20],
]

const special = new BlockList()
for (const [network, prefix] of specialIpv4) special.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of specialIpv6) special.addSubnet(network, prefix, 'ipv6')
const global = new BlockList()
global.addSubnet(...globalIpv6, 'ipv6')

/** Whether a literal address is one of the public internet. False for what is no address, and for one with a zone. */
export function isPublicAddress(address: string): boolean {
  switch (address.includes('%') ? 0 : isIP(address)) {
    case 4:
      return !special.check(address, 'ipv4')
    case 6:
      return global.check(address, 'ipv6') && !special.check(address, 'ipv6')
    default:
      return false
  }
}
