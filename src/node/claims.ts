/** What to believe of what a peer says about whom it speaks for. RFC 9700 §4.13; RFC 8705 §6.5. */

import { hash } from 'node:crypto'
import { isIP } from 'node:net'
import type { Connection } from '../core/ports.ts'
import { BoundedMap } from './bounded-map.ts'
import type { PeerList } from './peers.ts'
import { isCertificateHeader, stripCertificateHeaders } from './tls/certificate-headers.ts'
import { type AdapterName, certificateFrom } from './tls/proxy-adapters.ts'
import { type Claim, claimOf, claimOfSocket, noClaim } from './tls/socket-certificate.ts'

type Headers = Connection['headers']

/** Whom to believe what. */
export type Belief = {
  /** The header in which a listed peer names the address of its client. */
  readonly addressHeader: 'none' | 'x-forwarded-for'
  readonly addressPeers: PeerList
  /** How listed peers pass on certificates; undefined where TLS ends here, or nobody does. */
  readonly certificateHeader: { readonly adapter: AdapterName; readonly peers: PeerList } | undefined
}

/** What is believed of one request. */
export type Believed = {
  readonly peerAddress: string
  /** The headers without those that claim a certificate. */
  readonly headers: Headers
  /** The names of the headers that were taken out. */
  readonly stripped: readonly string[]
  /** The certificate, read when it is asked for. */
  readonly claim: () => Claim
}

/** Judges the headers of one request by the socket they came over. */
export function believe(
  peer: string,
  all: Headers,
  socket: unknown,
  { addressHeader, addressPeers, certificateHeader }: Belief,
): Believed {
  const { headers, stripped } = stripCertificateHeaders(all)
  const peerAddress = addressHeader !== 'none' && addressPeers(peer) ? namedAddress(peer, headers, addressHeader) : peer
  const common = { peerAddress, headers, stripped }
  const own = claimOfSocket(socket)
  if (own !== noClaim) return { ...common, claim: () => own }
  if (stripped.length === 0) return { ...common, claim: () => noClaim }
  if (certificateHeader?.peers(peer) !== true) return { ...common, claim: () => notListed }
  let read: Claim | undefined
  return { ...common, claim: () => (read ??= passedOn(certificateHeader.adapter, all)) }
}

const malformed: Claim = { certificate: undefined, certificateTrouble: 'malformed' }
const notListed: Claim = { certificate: undefined, certificateTrouble: 'header_from_unlisted_peer' }

/** What proxies passed on lately: a client sends many requests, and reading a certificate takes time. */
const lately = new BoundedMap<string, Claim>(256)

function passedOn(adapter: AdapterName, headers: Headers): Claim {
  const fields = headers.filter(([name]) => isCertificateHeader(name))
  const key = hash('sha256', JSON.stringify([adapter, fields]), 'base64url')
  const known = lately.get(key)
  if (known !== undefined) return known
  const claim = readPassedOn(adapter, fields)
  if (claim.certificate !== undefined) lately.set(key, claim)
  return claim
}

function readPassedOn(adapter: AdapterName, headers: Headers): Claim {
  const said = certificateFrom(adapter, headers)
  switch (said.kind) {
    case 'none':
      return noClaim
    case 'malformed':
      return malformed
    case 'certificate':
      return claimOf(said.chain)
  }
}

/**
 * The address the proxy saw: the last entry of the header, which it wrote itself; what stands before it came from the
 * client. RFC 9700 §4.13.
 */
function namedAddress(peer: string, headers: Headers, name: string): string {
  const last =
    headers
      .findLast(([field]) => field === name)?.[1]
      .split(',')
      .at(-1)
      ?.trim() ?? ''
  return isIP(last) === 0 ? peer : last
}
