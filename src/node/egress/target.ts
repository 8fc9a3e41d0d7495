/** Where a URL that a stranger wrote leads to, as far as its text tells. */

import { isIP } from 'node:net'
import { isPublicAddress } from './addresses.ts'
import { EgressRefused } from './refused.ts'

/** A URL that may be asked, if its name leads to the public internet. */
export type Target = {
  readonly origin: string
  /** Host and port as the `host` field has them. */
  readonly authority: string
  /** A name, or a literal address without brackets. */
  readonly host: string
  readonly kind: 'name' | 'address'
  readonly port: number
  /** Path and query. */
  readonly path: string
}

const mostCharacters = 2048

/**
 * https, nothing but host, port, path and query, and one way to read it: no userinfo, fragment, backslash or trailing
 * dot. Ports are 443 and those that need no privilege. A numeric host in any spelling is an address, and must be public;
 * a name must have a dot, or it is one of this machine or its network. Nothing is looked up, so that a registration can
 * be held against it. LV-13.
 * @throws EgressRefused
 */
export function checkTarget(text: string): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || text.length > mostCharacters) throw new EgressRefused('url_malformed', '?')
  if (url.protocol !== 'https:') throw new EgressRefused('scheme_not_allowed', url.protocol)
  // The authority as it was written: the parser drops an empty userinfo, and mends slashes.
  const authority = /^https:\/\/([^/?#]+)(?:[/?]|$)/i.exec(text)?.[1]
  const isPlain = /^[\x21-\x7e]+$/.test(text) && !/[\\#]/.test(text)
  if (!isPlain || authority === undefined || authority.includes('@') || url.hostname.endsWith('.')) {
    throw new EgressRefused('url_malformed', '?')
  }
  const port = url.port === '' ? 443 : Number(url.port)
  if (port !== 443 && port < 1024) throw new EgressRefused('port_not_allowed', url.origin)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const kind = isIP(host) === 0 ? 'name' : 'address'
  const isPublic = kind === 'name' ? /\.(?!localhost$)[^.]+$/.test(host) : isPublicAddress(host)
  if (!isPublic) throw new EgressRefused('address_not_allowed', url.origin)
  return { origin: url.origin, authority: url.host, host, kind, port, path: `${url.pathname}${url.search}` }
}
