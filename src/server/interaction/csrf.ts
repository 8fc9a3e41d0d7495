import { equalInConstantTime } from '../../core/constant-time.ts'
import type { Session } from '../../core/people.ts'
import type { RowId } from '../../core/names.ts'
import { refuse } from '../../core/oauth-error.ts'
import { type Call, headerValues } from '../call.ts'
import type { Server } from '../server.ts'

/** The token of one page: tied to the browser, to what the page is about and to the session. RFC 6749 §10.12. */
export function csrfToken(
  browser: string,
  about: RowId | 'sign-out' | 'account',
  session: Session | undefined,
  { hash }: Server,
): string {
  return hash(`csrf\n${browser}\n${about}\n${session?.id ?? 'nobody'}`)
}

/**
 * Refuses a form that another site sent, or that belongs to another page. RFC 6749 §10.12; RFC 9700 §4.7.
 * @throws OAuthError post_from_another_site, csrf_token_invalid
 */
export function checkPostedHere(call: Call<{ readonly csrf: string }>, expected: string, server: Server): void {
  checkSite(call, server)
  if (!equalInConstantTime(call.form.csrf, expected)) refuse('csrf_token_invalid')
}

/**
 * Refuses a form that the browser says another site sent. Such a form comes without our cookies, and an answer to it must
 * set none: they would take the place of those that are there.
 * @throws OAuthError post_from_another_site
 */
export function checkSite(call: Call<unknown>, server: Server): void {
  const site = headerValues(call.connection, 'sec-fetch-site')
  if (!site.every((value) => value === 'same-origin')) refuse('post_from_another_site')
  // Our own no-referrer policy makes browsers send the origin of our forms as null.
  const origins = headerValues(call.connection, 'origin')
  if (!origins.every((value) => value === server.origin || value === 'null')) refuse('post_from_another_site')
}
