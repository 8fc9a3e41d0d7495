/** What the headers of an answer tell. */

import { bad, doubtful, type Finding, good } from './finding.ts'

/** The clocks of both sides, in milliseconds; Date has whole seconds. FAPI 2.0 SP §5.3.2.1-13. */
export function examineClock(headers: Headers, now: number): Finding {
  const date = Date.parse(headers.get('date') ?? '')
  if (Number.isNaN(date)) return bad('clock', 'the Date of the server is missing', 'Let the proxy pass the header on.')
  const skew = Math.round(Math.abs(date - now) / 1000)
  if (skew > 10) return bad('clock', `the Date of the server is ${skew} s off`, 'Run NTP on both.')
  if (skew <= 2) return good('clock', 'the clocks agree')
  return doubtful('clock', `the clocks differ by ${skew} s`, 'Run NTP: 10 s is all that clients may rely on.')
}

/** Whether browsers are told never to come without TLS. FAPI 2.0 SP §5.2.3-1. */
export function examineStripping(headers: Headers): Finding {
  const age = Number(/max-age=(\d+)/.exec(headers.get('strict-transport-security') ?? '')?.[1] ?? '0')
  if (age >= 31_536_000) return good('http', 'Strict-Transport-Security for a year or more')
  return bad('http', 'Strict-Transport-Security is missing or short', 'Let the proxy pass the header on.')
}
