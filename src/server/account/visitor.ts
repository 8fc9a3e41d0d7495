/** Whoever is at the account page: the person who is signed in with this browser, and nobody else. */

import type { Session, UserRecord } from '../../core/people.ts'
import type { AccountForm } from '../../core/wire/account.ts'
import type { Message } from '../../core/wire/form.ts'
import type { Answer } from '../answers.ts'
import type { Call } from '../call.ts'
import { type Endpoint, formEndpoint } from '../endpoint.ts'
import { type Browser, currentSession, recogniseBrowser } from '../interaction/cookies.ts'
import { checkPostedHere, checkSite, csrfToken } from '../interaction/csrf.ts'
import type { Server } from '../server.ts'
import { accountPath } from '../sign-in/occasion.ts'
import { type FailedAttempt, signInPage } from '../sign-in/page.ts'

/** A person at their own account. */
export type Visitor = {
  readonly session: Session
  readonly user: UserRecord
  readonly browser: Browser
  /** The token of every form of the page. */
  readonly csrf: string
}

/** The person this browser is signed in as, or undefined. */
export async function findVisitor(call: Call<unknown>, server: Server): Promise<Visitor | undefined> {
  const session = await currentSession(call, server)
  const user = session && (await server.store.users.bySubject(session.subject))
  if (session === undefined || user === undefined) return undefined
  call.note({ subject: session.subject })
  const browser = recogniseBrowser(call, server)
  return { session, user, browser, csrf: csrfToken(browser.secret, 'account', session, server) }
}

/**
 * A form of the account page, posted by who is signed in, from the page of this very sign-in. Anybody else is asked to
 * sign in, and nothing happens. RFC 6749 §10.12.
 */
export function accountForm<Schema extends AccountForm>(
  path: string,
  schema: Schema,
  work: (visitor: Visitor, call: Call<Message<Schema>>, server: Server) => Promise<Answer>,
): Endpoint {
  return formEndpoint('account', accountPath + path, schema, async (call, server) => {
    const visitor = await findVisitor(call, server)
    if (visitor === undefined) {
      checkSite(call, server)
      return askToSignIn({ rule: 'account_sign_in_needed', username: '' }, call, server)
    }
    checkPostedHere(call, visitor.csrf, server)
    return work(visitor, call, server)
  })
}

/** The sign-in page of the account, whoever is signed in. */
export async function askToSignIn(
  failed: FailedAttempt | undefined,
  call: Call<unknown>,
  server: Server,
): Promise<Answer> {
  const browser = recogniseBrowser(call, server)
  const session = await currentSession(call, server)
  const occasion = { about: 'account', browser: browser.secret, session, pending: undefined } as const
  return { ...(await signInPage(occasion, failed, call, server)), cookies: browser.cookies }
}
