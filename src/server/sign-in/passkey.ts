import { byPasskey } from '../../core/authentication-context.ts'
import type { Passkey } from '../../core/people.ts'
import { OAuthError, refuse } from '../../core/oauth-error.ts'
import type { RuleSlug } from '../../core/rules.ts'
import type { WebAuthn } from '../../core/sign-in-ports.ts'
import { PasskeySignInForm } from '../../core/wire/passkey.ts'
import type { Call } from '../call.ts'
import { type Endpoint, formEndpoint } from '../endpoint.ts'
import { checkPostedHere, csrfToken } from '../interaction/csrf.ts'
import type { Server } from '../server.ts'
import { beginSession, type SignedIn } from './begin-session.ts'
import { type ChallengePurpose, isChallengeFor, spendChallenge } from './challenge.ts'
import { findOccasion, signInPaths } from './occasion.ts'
import { signInPage } from './page.ts'
import { challengePurpose } from './passkey-way.ts'
import { forgetAttempt, isThrottled, passkeyCounters } from './throttle.ts'

/** The answer of an authenticator was posted. */
export const signInWithPasskey: readonly Endpoint[] = signInPaths.map((path) =>
  formEndpoint('interaction', `${path}/passkey`, PasskeySignInForm, async (call, server) => {
    const occasion = await findOccasion(call, server)
    checkPostedHere(call, csrfToken(occasion.browser, occasion.about, occasion.session, server), server)
    const checked = await checkPasskey(challengePurpose(occasion), call, server)
    if ('refused' in checked) return signInPage(occasion, { rule: checked.refused, username: '' }, call, server)
    return beginSession(checked, occasion, call, server)
  }),
)

type PasskeyCall = Call<{ readonly credential: string }>
type Checked = SignedIn | { readonly refused: RuleSlug }

/**
 * Whose passkey answered. Attempts are counted before they are tried, under the id that is presented whether anybody has
 * it or not. Every way to fail shows the same page, and a passkey nobody has costs the same work as a wrong signature.
 */
async function checkPasskey(purpose: ChallengePurpose, call: PasskeyCall, server: Server): Promise<Checked> {
  const { webAuthn } = server
  if (webAuthn === undefined) return { refused: 'passkey_unknown' }
  const { credential } = call.form
  try {
    const credentialId = webAuthn.credentialOf(credential)
    const counters = passkeyCounters(credentialId, call, server)
    if (await isThrottled(counters, call, server)) return { refused: 'sign_in_throttled' }
    const challenge = webAuthn.challengeOf(credential) ?? refuse('passkey_malformed')
    if (!isChallengeFor(purpose, challenge, call.now, server)) return { refused: 'passkey_challenge_invalid' }
    const passkey = await server.store.passkeys.find(credentialId)
    if (passkey !== undefined) call.note({ subject: passkey.subject })
    const verified = await verify(webAuthn, credential, challenge, passkey)
    const signedIn = await useOnce(verified, { purpose, challenge }, call, server)
    if ('subject' in signedIn) await forgetAttempt(counters, server)
    return signedIn
  } catch (error) {
    if (error instanceof OAuthError) return { refused: error.rule }
    throw error
  }
}

type Verified = { readonly passkey: Passkey; readonly signCount: number; readonly backup: Passkey['backup'] }

/** @throws OAuthError passkey_unknown, passkey_invalid */
async function verify(
  webAuthn: WebAuthn,
  answer: string,
  challenge: string,
  passkey: Passkey | undefined,
): Promise<Verified> {
  try {
    const used = await webAuthn.verifySignIn(answer, challenge, passkey)
    return { passkey: passkey ?? refuse('passkey_unknown'), ...used }
  } catch (error) {
    if (passkey === undefined && error instanceof OAuthError) return refuse('passkey_unknown', { cause: error })
    throw error
  }
}

/** What verified counts once, for somebody who may sign in, and unless there is a copy of the authenticator. */
async function useOnce(
  { passkey, signCount, backup }: Verified,
  { purpose, challenge }: { readonly purpose: ChallengePurpose; readonly challenge: string },
  call: Call<unknown>,
  server: Server,
): Promise<Checked> {
  const { subject, credentialId } = passkey
  const { passkeys, users } = server.store
  const user = await users.bySubject(subject)
  if (user?.status !== 'active') return { refused: 'user_locked' }
  if ((await spendChallenge(purpose, challenge, server)) === 'spent_before')
    return { refused: 'passkey_challenge_used' }
  const outcome = await passkeys.use(credentialId, { signCount, backup, now: call.now })
  if (outcome !== 'used') return { refused: outcome === 'cloned' ? 'passkey_cloned' : 'passkey_unknown' }
  return { subject, credentialId, authentication: { authTime: call.now, ...byPasskey({ backup }) } }
}
