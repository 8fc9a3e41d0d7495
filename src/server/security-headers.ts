import { hasPlainHost, type Issuer } from '../core/names.ts'
import type { Hash } from '../core/ports.ts'
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
 * What every page carries: nothing is loaded but our one stylesheet, our one script where the page has a use for it, and
 * the operator's logo; nobody frames it, and its forms lead to this server and, through its redirects, to the one place
 * that waits for the answer and the providers that people may sign in at. RFC 9700 §4.16.
 */
export function pageHeaders(
  server: Server,
  redirectUri: string | undefined,
  script: 'script' | 'no_script' = 'no_script',
  /** Origins that its forms lead through. */
  through: readonly string[] = [],
): Readonly<Record<string, string>> {
  const { pages, hash } = server
  // Browsers hold the redirects after a form to form-action as well.
  const back = redirectUri === undefined ? [] : [redirectUri]
  const origins = [...back, ...through].map((text) => new URL(text)).filter(hasPlainHost)
  const targets = [...new Set(["'self'", ...origins.map(({ origin }) => origin)])].join(' ')
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': [
      "default-src 'none'",
      `style-src ${sourceOf(pages.stylesheet, hash)}`,
      ...(script === 'script' ? [`script-src ${sourceOf(pages.script, hash)}`] : []),
      ...(pages.pictures === 'data' ? ['img-src data:'] : []),
      `form-action ${targets}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
  }
}

/** What allows exactly this text inline. CSP Level 3 §2.3.1. */
function sourceOf(text: string, hash: Hash): string {
  return `'sha256-${hash(text).replaceAll('-', '+').replaceAll('_', '/')}='`
}
