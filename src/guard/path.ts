/** The one reading of a request target: what is decided on is what is passed on. RFC 3986 §6.2.2; RFC 9112 §3.2.1. */

import { refuse } from '../core/oauth-error.ts'

/** pchar of RFC 3986 §3.3 without `;`, which some frameworks cut paths at. */
const segmentShape = /^(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})*$/

/** What ends, divides or nests a path once somebody downstream decodes it, and what nobody can see. */
const divisive = /[/\\%;?#\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

/** Characters a path may hold as they are: an escaped one is a second spelling. RFC 3986 §2.2, §2.3. */
const needlesslyEscaped = /%(?:2[146-9A-E]|3[0-9A-B]|3D|4[0-9A-F]|6[1-9A-F]|[57][0-9A]|5F|7E)/

/**
 * The path of a request target in origin form, without its query. A target that two programs could read differently is
 * refused: empty and dot segments, `;`, backslashes, escapes that decode to a delimiter, a control character or a
 * character that needs none, escapes that are not UTF-8, anything outside visible ASCII, absolute and authority form.
 * Only the case of hexadecimal digits is unified. A trailing slash is significant.
 * @throws OAuthError path_ambiguous
 */
export function canonicalPath(target: string): string {
  if (/[^\x21-\x7e]|#/.test(target)) ambiguous('a character that no request target has')
  const end = target.indexOf('?')
  const path = end === -1 ? target : target.slice(0, end)
  if (!path.startsWith('/')) ambiguous('not in origin form')
  const segments = path.slice(1).split('/')
  const last = segments.length - 1
  return `/${segments.map((segment, index) => canonicalSegment(segment, index === last ? 'last' : 'inner')).join('/')}`
}

function canonicalSegment(segment: string, place: 'inner' | 'last'): string {
  if (segment === '' && place === 'inner') ambiguous('an empty segment')
  if (segment === '.' || segment === '..') ambiguous('a dot segment')
  if (!segmentShape.test(segment)) ambiguous('a character or an escape that no path has')
  if (!segment.includes('%')) return segment
  const canonical = segment.replaceAll(/%[0-9a-f]{2}/gi, (escape) => escape.toUpperCase())
  if (needlesslyEscaped.test(canonical)) ambiguous('an escape where none is needed')
  if (divisive.test(decoded(canonical))) ambiguous('an escaped delimiter or control character')
  return canonical
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ambiguous('escapes that are not UTF-8')
  }
}

function ambiguous(detail: string): never {
  return refuse('path_ambiguous', { detail })
}
