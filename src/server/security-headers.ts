import type { Issuer } from '../core/names.ts'
import type { Server } from './server.ts'

/** What every answer carries. RFC 9700 §4.2.4; FAPI 2.0 SP §5.2.3-1. */
export function securityHeaders(issuer: Issuer): Readonly<Record<string, string>> {
  return {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    ...(issuer.startsWith('https:')
      ? { 'strict-transport-security': 'max-age=63072000; includeSubDomains; preload' }
      : {}),
  }
}

/**
 * What every page carries: nothing is loaded but our one stylesheet, nobody frames it, and its forms lead to this
 * server and, through its redirect, to the one client that waits for the answer. RFC 9700 §4.16.
 */
export function pageHeaders(server: Server, redirectUri: string | undefined): Readonly<Record<string, string>> {
  const digest = server.hash(server.pages.stylesheet).replaceAll('-', '+').replaceAll('_', '/')
  // Browsers hold the redirect after a form to form-action as well.
  const target = redirectUri === undefined ? '' : ` ${new URL(redirectUri).origin}`
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': [
      "default-src 'none'",
      `style-src 'sha256-${digest}='`,
      `form-action 'self'${target}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
  }
}
