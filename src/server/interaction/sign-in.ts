import { byPassword } from '../../core/authentication-context.ts'
import type { UserRecord } from '../../core/flow.ts'
import { after, orUndefined, username } from '../../core/names.ts'
import { StateUnavailable } from '../../core/oauth-error.ts'
import { profile } from '../../core/profile.ts'
import type { RuleSlug } from '../../core/rules.ts'
import { SignInForm } from '../../core/wire/interaction.ts'
import { seeOther } from '../answers.ts'
import { digestOf, newHandle, newRowId } from '../artefacts.ts'
import type { Call } from '../call.ts'
import { formEndpoint } from '../endpoint.ts'
import { sourceOf } from '../rate-limits.ts'
import type { Server } from '../server.ts'
import { endSignIn } from '../sign-out.ts'
import { sessionCookie } from './cookies.ts'
import { checkPostedHere, csrfToken } from './csrf.ts'
import { endWith } from './decision.ts'
import { isWhoIsMeant } from './demands.ts'
import { signInPage } from './pages.ts'
import { findPending, interactionPath, interactionUrl } from './pending.ts'

/** The sign-in form was posted. */
export const signIn = formEndpoint('interaction', `${interactionPath}/sign-in`, SignInForm, async (call, server) => {
  const pending = await findPending(call, server)
  const { interaction, session, browser } = pending
  checkPostedHere(call, csrfToken(browser, interaction.id, session, server), server)

  const checked = await checkPassword(call, server)
  if ('refused' in checked) {
    const failed = { rule: checked.refused, username: call.form.username }
    return signInPage(pending, failed, server)
  }

  // The session id changes at sign-in, whatever the browser had before. RFC 6749 §10.12.
  const { subject } = checked.user
  call.note({ subject, event: 'user.login.succeeded' })
  // Nobody but the one the request names goes on with it; whoever was signed in here before still is.
  if (!isWhoIsMeant(subject, pending, server)) return endWith('signed_in_as_another', pending, call, server)
  const handle = newHandle(server.random)
  const secretHash = digestOf('session', handle.secret, server.hash)
  const expiresAt = after(call.now, server.lifetimes.session)
  const sid = session?.subject === subject ? session.sid : newRowId(server.random)
  const begun = { id: handle.id, sid, secretHash, subject, authTime: call.now, ...byPassword, expiresAt }
  await server.store.sessions.start(begun, session?.id)
  // Whoever was signed in here before is not any more.
  if (session !== undefined && session.subject !== subject) {
    call.note({ evidence: await endSignIn(session, call, server) })
  }
  await server.store.requests.signedIn(interaction.id, { sessionId: handle.id, at: call.now })
  return seeOther(interactionUrl(interaction.id, server), [sessionCookie(handle, server)])
})

type SignInCall = Call<{ readonly username: string; readonly password: string }>
type Checked = { readonly user: UserRecord } | { readonly refused: RuleSlug }

/**
 * Whether name and password belong together. Attempts are counted before they are tried, under the one form of the name
 * that all its variants share; past a bound nothing is tried. Only failures stay counted. Every way to fail shows the
 * same page, and a name nobody has costs the same work as a wrong password.
 */
async function checkPassword(call: SignInCall, server: Server): Promise<Checked> {
  const name = orUndefined(() => username(call.form.username))
  const counters = attemptCounters(name ?? call.form.username, call, server)
  if (await isThrottled(counters, call, server)) return { refused: 'sign_in_throttled' }
  const { attempts, users } = server.store
  const all = [...counters.here, counters.account]
  const user = name === undefined ? undefined : await users.byUsername(name)
  const fits = await verifyInTurn(call.form.password, user, server, () => attempts.takeBack(all))
  if (user === undefined) return { refused: 'user_unknown' }
  if (!fits) return { refused: 'password_wrong' }
  if (user.status !== 'active') return { refused: 'user_locked' }
  await attempts.takeBack(all)
  await attempts.forget(counters.here.slice(0, 1))
  return { user }
}

/** What was not tried, because too many wait, does not count as a failure. */
async function verifyInTurn(
  password: string,
  user: UserRecord | undefined,
  { passwords }: Server,
  takeBack: () => Promise<void>,
): Promise<boolean> {
  try {
    return await passwords.verify(password, user?.passwordHash)
  } catch (error) {
    if (error instanceof StateUnavailable) await takeBack()
    throw error
  }
}

/**
 * Counts this attempt, and tells whether there were too many. What its own source is throttled for does not count
 * against the account: one source alone cannot lock a person out everywhere.
 */
async function isThrottled(
  { here, account }: ReturnType<typeof attemptCounters>,
  { now }: SignInCall,
  { store }: Server,
): Promise<boolean> {
  const window = after(now, profile.signInAttemptWindow)
  const [onAccount = 0, fromSource = 0] = await store.attempts.raise(here, window, now)
  if (onAccount > profile.signInAttemptsPerAccountAndSource || fromSource > profile.signInAttemptsPerSource) return true
  const [everywhere = 0] = await store.attempts.raise([account], window, now)
  return everywhere > profile.signInAttemptsPerAccount
}

/**
 * The account from this source and the source, and the account from anywhere. What is no source that could be told apart
 * from others counts for the account alone; see `sourceOf`.
 */
function attemptCounters(name: string, { connection }: SignInCall, { hash }: Server) {
  const source = sourceOf(connection.peerAddress)
  return {
    here:
      source === undefined
        ? []
        : [hash(`sign-in\naccount and source\n${name}\n${source}`), hash(`sign-in\nsource\n${source}`)],
    account: hash(`sign-in\naccount\n${name}`),
  }
}
