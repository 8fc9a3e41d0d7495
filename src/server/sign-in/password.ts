import { byPassword } from '../../core/authentication-context.ts'
import type { UserRecord } from '../../core/people.ts'
import { orUndefined, username } from '../../core/names.ts'
import { refuse, StateUnavailable } from '../../core/oauth-error.ts'
import type { RuleSlug } from '../../core/rules.ts'
import { SignInForm } from '../../core/wire/interaction.ts'
import type { Call } from '../call.ts'
import { type Endpoint, formEndpoint } from '../endpoint.ts'
import { checkPostedHere, csrfToken } from '../interaction/csrf.ts'
import type { Server } from '../server.ts'
import { beginSession } from './begin-session.ts'
import { findOccasion, signInPaths } from './occasion.ts'
import { signInPage } from './page.ts'
import { attemptCounters, forgetAttempt, isThrottled } from './throttle.ts'

/** The sign-in form with user name and password was posted. */
export const signInWithPassword: readonly Endpoint[] = signInPaths.map((path) =>
  formEndpoint('interaction', path, SignInForm, async (call, server) => {
    const occasion = await findOccasion(call, server)
    checkPostedHere(call, csrfToken(occasion.browser, occasion.about, occasion.session, server), server)
    if (server.passwordSignIn === 'none') refuse('password_sign_in_off')
    const checked = await checkPassword(call, server)
    if ('refused' in checked) {
      const failed = { rule: checked.refused, username: call.form.username }
      return signInPage(occasion, failed, call, server)
    }
    const authentication = { authTime: call.now, ...byPassword }
    return beginSession({ subject: checked.user.subject, authentication }, occasion, call, server)
  }),
)

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
  const all = counters.account === undefined ? counters.here : [...counters.here, counters.account]
  const user = name === undefined ? undefined : await users.byUsername(name)
  const fits = await verifyInTurn(call.form.password, user, server, () => attempts.takeBack(all))
  if (user === undefined) return { refused: 'user_unknown' }
  call.note({ subject: user.subject })
  if (!fits) return { refused: 'password_wrong' }
  if (user.status !== 'active') return { refused: 'user_locked' }
  await forgetAttempt(counters, server)
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
