/** Which passkeys an account has, and when the person may change that. */

import { passkeyAcr } from '../../core/authentication-context.ts'
import type { Passkey, Session } from '../../core/people.ts'
import { profile } from '../../core/profile.ts'
import type { Call } from '../call.ts'
import type { AccountView } from '../pages.ts'
import type { Server } from '../server.ts'
import { type ChallengePurpose, newChallenge } from '../sign-in/challenge.ts'
import { accountPath } from '../sign-in/occasion.ts'

/** Where the forms about passkeys post to, below the issuer. */
export const passkeyPaths = {
  add: `${accountPath}/passkeys`,
  rename: `${accountPath}/passkeys/rename`,
  remove: `${accountPath}/passkeys/remove`,
} as const

/** How this person adds a passkey now, or what keeps them from it. `browser` is the secret of this browser. */
export async function enrolmentView(
  session: Session,
  browser: string,
  call: Call<unknown>,
  server: Server,
): Promise<AccountView['enrolment']> {
  const { webAuthn, store } = server
  const known = await store.passkeys.list(session.subject)
  if (!mayChange(session, known, call)) return { kind: 'sign_in_again' }
  if (webAuthn === undefined) return { kind: 'not_offered' }
  if (known.length >= profile.passkeys) return { kind: 'full' }
  const user = await store.users.bySubject(session.subject)
  const username = user?.username ?? ''
  const person = { subject: session.subject, username, displayName: user?.claims.name ?? username }
  const options = await webAuthn.enrolment(
    person,
    known,
    newChallenge(enrolmentPurpose(session, browser), call.now, server),
  )
  return { kind: 'open', way: { action: server.url(passkeyPaths.add), options } }
}

/**
 * Whether this sign-in is good enough to change how the person signs in: a fresh one, and with a passkey once there is one.
 * A password that was stolen adds nothing to an account with a passkey; who lost one of two removes it with the other.
 */
export function mayChange({ authTime, acr }: Session, known: readonly Passkey[], { now }: Call<unknown>): boolean {
  const isFresh = now - authTime <= profile.accountChangeAge
  return isFresh && (known.length === 0 || acr === passkeyAcr)
}

/** How many passkeys the account may have after this sign-in added one: without a passkey, the first and no other. */
export function mostWith({ acr }: Session): number {
  return acr === passkeyAcr ? profile.passkeys : 1
}

/** What the challenges of an enrolment are for. */
export function enrolmentPurpose(session: Session, browser: string): ChallengePurpose {
  return { kind: 'enrolment', browser, session }
}
