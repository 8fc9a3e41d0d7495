import type { UserRecord } from '../../core/flow.ts'
import { after, MalformedName, type Username, username } from '../../core/names.ts'
import { profile } from '../../core/profile.ts'
import type { RuleSlug } from '../../core/rules.ts'
import { SignInForm } from '../../core/wire/interaction.ts'
import { seeOther } from '../answers.ts'
import { digestOf, newHandle } from '../artefacts.ts'
import type { Call } from '../call.ts'
import { formEndpoint } from '../endpoint.ts'
import type { Server } from '../server.ts'
import { sessionCookie } from './cookies.ts'
import { checkPostedHere, csrfToken } from './csrf.ts'
import { signInPage } from './pages.ts'
import { findPending, interactionPath } from './pending.ts'

/** How a person signed in with a password. OIDC Core §2; RFC 8176 §2. */
const byPassword = { acr: 'urn:strongroom:acr:password', amr: ['pwd'] } as const

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
  const handle = newHandle(server.random)
  const secretHash = digestOf('session', handle.secret, server.hash)
  const expiresAt = after(call.now, server.lifetimes.session)
  const begun = { id: handle.id, secretHash, subject, authTime: call.now, ...byPassword, expiresAt }
  await server.store.sessions.start(begun, session?.id)
  await server.store.requests.signedIn(interaction.id, { sessionId: handle.id, at: call.now })
  call.note({ subject })
  return seeOther(server.url(`/interaction/${interaction.id}`), [sessionCookie(handle, server)])
})

type SignInCall = Call<{ readonly username: string; readonly password: string }>
type Checked = { readonly user: UserRecord } | { readonly refused: RuleSlug }

/**
 * Whether name and password belong together. Attempts are counted before they are tried, under the one form of the name
 * that all its variants share; every way to fail costs the same work and shows the same page.
 */
async function checkPassword(call: SignInCall, server: Server): Promise<Checked> {
  const name = canonicalName(call.form.username)
  const counters = attemptCounters(name ?? call.form.username, call, server)
  const throttled = await isThrottled(counters, call, server)
  const user = name === undefined || throttled ? undefined : await server.store.users.byUsername(name)
  const fits = await server.passwords.verify(call.form.password, user?.passwordHash)
  if (throttled) return { refused: 'sign_in_throttled' }
  if (user === undefined) return { refused: 'user_unknown' }
  if (!fits) return { refused: 'password_wrong' }
  if (user.status !== 'active') return { refused: 'user_locked' }
  await server.store.attempts.forget([counters.accountAndSource])
  return { user }
}

function canonicalName(text: string): Username | undefined {
  try {
    return username(text)
  } catch (error) {
    if (error instanceof MalformedName) return undefined
    throw error
  }
}

/**
 * Counts this attempt, and tells whether there were too many. What its own address is throttled for does not count
 * against the account: one address alone cannot lock a person out everywhere.
 */
async function isThrottled(
  { accountAndSource, source, account }: ReturnType<typeof attemptCounters>,
  { now }: SignInCall,
  { store }: Server,
): Promise<boolean> {
  const window = after(now, profile.signInAttemptWindow)
  const [here = 0, fromHere = 0] = await store.attempts.raise([accountAndSource, source], window, now)
  if (here > profile.signInAttemptsPerAccountAndSource || fromHere > profile.signInAttemptsPerSource) return true
  const [everywhere = 0] = await store.attempts.raise([account], window, now)
  return everywhere > profile.signInAttemptsPerAccount
}

function attemptCounters(name: string, { connection }: SignInCall, { hash }: Server) {
  const { peerAddress } = connection
  return {
    accountAndSource: hash(`sign-in\naccount and source\n${name}\n${peerAddress}`),
    source: hash(`sign-in\nsource\n${peerAddress}`),
    account: hash(`sign-in\naccount\n${name}`),
  }
}
