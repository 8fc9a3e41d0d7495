/** Signing in at another OpenID provider, there and back. OIDC Core §3.1; RFC 9700 §4.4, §4.5, §4.7. */

import { OAuthError, refuse } from '../../core/oauth-error.ts'
import type { UpstreamPerson, UpstreamProvider } from '../../core/sign-in-ports.ts'
import type { RuleSlug } from '../../core/rules.ts'
import { CancelForm } from '../../core/wire/interaction.ts'
import { UpstreamCallback } from '../../core/wire/upstream.ts'
import { type Answer, seeOther } from '../answers.ts'
import { digestOf } from '../artefacts.ts'
import { type Call, queryOf } from '../call.ts'
import { type Endpoint, formEndpoint, pageEndpoint } from '../endpoint.ts'
import { browserSecret } from '../interaction/cookies.ts'
import { checkPostedHere, csrfToken } from '../interaction/csrf.ts'
import type { Server } from '../server.ts'
import { beginSession, type SignedIn } from './begin-session.ts'
import { findOccasion, type Occasion, signInPaths } from './occasion.ts'
import { signInPage } from './page.ts'
import { attemptOf, beginAttempt, type BegunAttempt, endOf, isAsFreshAsDemanded } from './upstream-attempt.ts'
import { recognise } from './upstream-person.ts'

/** Where each provider answers, below the issuer: an address of its own. RFC 9700 §4.4.2.2. */
const callbackPath = '/upstream/:provider/callback'

/** What the person can mend on the sign-in page: in another way, or once more. */
const kindly: readonly RuleSlug[] = [
  'upstream_state_used',
  'upstream_refused',
  'upstream_unavailable',
  'upstream_answer_invalid',
  'upstream_sign_in_too_old',
  'user_locked',
]

const begin: readonly Endpoint[] = signInPaths.map((path) =>
  formEndpoint('interaction', `${path}/upstream/:provider`, CancelForm, async (call, server) => {
    const occasion = await findOccasion(call, server)
    checkPostedHere(call, csrfToken(occasion.browser, occasion.about, occasion.session, server), server)
    const provider = findProvider(call, server)
    const attempt = beginAttempt(provider.id, occasion, call.now, server)
    return orOnThePage(occasion, call, server, async () => seeOther(await provider.begin(attempt)))
  }),
)

const finish = pageEndpoint('interaction', callbackPath, UpstreamCallback, async (call, server) => {
  // Which attempt of this browser it is, and what it was for.
  const provider = findProvider(call, server)
  const browser = browserSecret(call, server) ?? refuse('upstream_state_invalid')
  const attempt = attemptOf(call.form.state ?? '', { provider: provider.id, browser, now: call.now }, server)
  const path: Call<unknown>['path'] = attempt.about === 'account' ? {} : { id: attempt.about }
  const occasion = await findOccasion({ ...call, path }, server)

  // Once, and only then is the answer looked at.
  return orOnThePage(occasion, call, server, async () => {
    await spend(attempt, browser, server)
    const person = await provider.finish(attempt, callbackUrl(provider, call, server))
    const signedIn = await judge(provider, person, attempt, call, server)
    return beginSession(signedIn, occasion, call, server)
  })
})

/** The ways to another provider and back. */
export const signInUpstream: readonly Endpoint[] = [...begin, finish]

function findProvider({ path }: Call<unknown>, { upstream }: Server): UpstreamProvider {
  return upstream.find(({ id }) => id === path['provider']) ?? refuse('upstream_unknown')
}

/** The address that was registered with the provider, with what it answered. */
function callbackUrl({ id }: UpstreamProvider, { connection }: Call<unknown>, server: Server): URL {
  const url = new URL(server.url(callbackPath.replace(':provider', id)))
  url.search = queryOf(connection.target) ?? ''
  return url
}

/** @throws OAuthError upstream_state_used */
async function spend(attempt: BegunAttempt, browser: string, server: Server): Promise<void> {
  const { hash, store } = server
  const spent = await store.replay.spendOnce([
    {
      purpose: 'upstream_state',
      owner: digestOf('browser', browser, hash),
      name: hash(attempt.state),
      expiresAt: endOf(attempt),
    },
  ])
  if ('seen' in spent) refuse('upstream_state_used')
}

/** @throws OAuthError upstream_sign_in_too_old, user_locked */
async function judge(
  provider: UpstreamProvider,
  person: UpstreamPerson,
  attempt: BegunAttempt,
  call: Call<unknown>,
  server: Server,
): Promise<SignedIn> {
  if (!isAsFreshAsDemanded(person.authTime, attempt)) refuse('upstream_sign_in_too_old')
  const { subject, notBefore } = await recognise(provider.id, person, call.now, server)
  // What was signed in before a lock no longer counts, wherever it was.
  if (person.authTime <= notBefore) refuse('upstream_sign_in_too_old')
  const authTime = person.authTime > call.now ? call.now : person.authTime
  return { subject, authentication: { authTime, acr: person.acr, amr: person.amr } }
}

/** What `work` answers; what the person can mend is shown on the page they came from. */
async function orOnThePage(
  occasion: Occasion,
  call: Call<unknown>,
  server: Server,
  work: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof OAuthError) || !kindly.includes(error.rule)) throw error
    return signInPage(occasion, { rule: error.rule, username: '' }, call, server)
  }
}
