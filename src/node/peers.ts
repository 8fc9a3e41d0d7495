/** Which peers are listed: addresses and ranges, as an operator writes them. */

import { BlockList, isIP } from 'node:net'
import { isLoopbackAddress } from '../core/names.ts'

/** Whether the address of a socket's peer is listed. */
export type PeerList = (address: string) => boolean

/** This machine. */
export const loopbackPeers: PeerList = isLoopbackAddress

/** Whether a text is an address, or a range that is not everything: `10.0.0.0/8`, `2001:db8::/32`. */
export function isPeerRange(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || more.length > 0 || address.includes('%')) return false
  if (prefix === undefined) return true
  const isPrefix = /^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128)
  return isPrefix && !isEveryIpv4(address, Number(prefix))
}

/** Whether an IPv6 range holds all of `::ffff:0:0/96`, which is how it writes IPv4. RFC 4291 §2.5.5.2. */
function isEveryIpv4(address: string, prefix: number): boolean {
  const list = new BlockList()
  list.addSubnet(address, prefix, familyOf(address))
  return list.check('0.0.0.0', 'ipv4') && list.check('255.255.255.255', 'ipv4')
}

/**
 * A list of addresses and ranges.
 * @throws RangeError when one of them is neither
 */
export function peerList(ranges: readonly string[]): PeerList {
  const list = new BlockList()
  for (const range of ranges) {
    if (!isPeerRange(range)) throw new RangeError('a listed peer must be an IP address or a range such as 10.0.0.0/8')
    const [address = '', prefix] = range.split('/')
    if (prefix === undefined) list.addAddress(address, familyOf(address))
    else list.addSubnet(address, Number(prefix), familyOf(address))
  }
  return (address) => {
    // A socket that takes both families names IPv4 peers this way. RFC 4291 §2.5.5.2.
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
    return isIP(plain) !== 0 && list.check(plain, familyOf(plain))
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}
