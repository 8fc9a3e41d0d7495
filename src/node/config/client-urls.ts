/** The URLs a client may register, each with what is wrong with it. */

import { hasPlainHost, isLoopbackHost } from '../../core/names.ts'
import { EgressRefused } from '../egress/refused.ts'
import { checkTarget } from '../egress/target.ts'

/** Whose development: plain http is for it alone, and for loopback hosts. */
export type Mode = 'development_loopback' | 'production'

/** FAPI 2.0 SP §5.3.2.2-8; RFC 6749 §3.1.2; RFC 8252 §7.3, §8.3; RFC 9700 §2.1, §4.1. */
export function redirectUriProblem(uri: string, type: 'web' | 'native', mode: Mode): string | undefined {
  const url = URL.canParse(uri) ? new URL(uri) : undefined
  if (url === undefined) return 'must be an absolute URL'
  if (uri.length > 2048) return 'must have at most 2048 characters'
  if (uri.includes('#')) return 'must not have a fragment'
  if (url.username !== '' || url.password !== '') return 'must not have user name or password'
  if (uri.includes('*')) return 'must not have a wildcard: redirect URIs are compared byte by byte'
  if (['code', 'state', 'iss', 'error'].some((name) => url.searchParams.has(name))) {
    return 'must not carry a parameter of the authorization response'
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must be https'
  if (url.protocol === 'http:' && !mayBeHttp(url, type, mode)) {
    return type === 'native' ? 'must be https, or http on 127.0.0.1 or [::1]' : 'must be https'
  }
  // Pages name it in their policy.
  if (!hasPlainHost(url)) return 'must have a host name or an address'
  // What is compared byte by byte must be what a browser makes of it.
  return url.href === uri ? undefined : `must be written as ${url.href}`
}

function mayBeHttp({ hostname }: URL, type: 'web' | 'native', mode: Mode): boolean {
  if (type === 'native') return hostname === '127.0.0.1' || hostname === '[::1]'
  return mode === 'development_loopback' && isLoopbackHost(hostname)
}

/** A URL this server calls itself: always https on a public host, whatever the mode. OIDC Back-Channel Logout §2.2; RFC 7591 §2. */
export function calledUrlProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) return 'must be an absolute URL'
  if (text.length > 2048) return 'must have at most 2048 characters'
  if (url.protocol !== 'https:') return 'must be https'
  if (text.includes('#')) return 'must not have a fragment'
  if (url.username !== '' || url.password !== '') return 'must not have user name or password'
  if (url.href !== text) return `must be written as ${url.href}`
  return isCallable(text) ? undefined : 'must be a public host, at port 443 or one that needs no privilege'
}

/** What the egress gate would refuse by the text alone. */
function isCallable(text: string): boolean {
  try {
    checkTarget(text)
    return true
  } catch (error) {
    if (error instanceof EgressRefused) return false
    throw error
  }
}
