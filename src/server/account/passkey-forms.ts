/** The forms of the account page about passkeys: adding, naming and removing them. */

import type { Passkey, Session } from '../../core/people.ts'
import { OAuthError, refuse } from '../../core/oauth-error.ts'
import { profile } from '../../core/profile.ts'
import type { AccountForm } from '../../core/wire/account.ts'
import type { Message } from '../../core/wire/form.ts'
import { AddPasskeyForm, RemovePasskeyForm, RenamePasskeyForm } from '../../core/wire/passkey.ts'
import type { Answer } from '../answers.ts'
import type { Call } from '../call.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Server } from '../server.ts'
import { isChallengeFor, spendChallenge } from '../sign-in/challenge.ts'
import { deviceOf } from '../sign-in/device.ts'
import { accountPath } from '../sign-in/occasion.ts'
import { endSignIn } from '../sign-out.ts'
import { accountPage, done } from './page.ts'
import { enrolmentPurpose, mayChange, mostWith, passkeyPaths } from './passkeys.ts'
import { accountForm, askToSignIn, type Visitor } from './visitor.ts'

/** A form that changes how somebody signs in; what it may not do is told on the page it came from. */
function changingForm<Schema extends AccountForm>(
  path: string,
  schema: Schema,
  change: (visitor: Visitor, known: readonly Passkey[], call: Call<Message<Schema>>, server: Server) => Promise<Answer>,
): Endpoint {
  return accountForm(path.slice(accountPath.length), schema, async (visitor, call, server) => {
    try {
      const known = await server.store.passkeys.list(visitor.user.subject)
      if (!mayChange(visitor.session, known, call)) return refuse('sign_in_too_old')
      return await change(visitor, known, call, server)
    } catch (error) {
      if (error instanceof OAuthError) return accountPage(visitor, { failed: error.rule }, call, server)
      throw error
    }
  })
}

const addPasskey = changingForm(passkeyPaths.add, AddPasskeyForm, async (visitor, known, call, server) => {
  const { session, browser } = visitor
  const { webAuthn, store } = server
  if (webAuthn === undefined) return refuse('enrolment_challenge_invalid')
  if (known.length >= profile.passkeys) return refuse('too_many_passkeys')
  const { credential, name } = call.form
  const purpose = enrolmentPurpose(session, browser.secret)
  const challenge = webAuthn.challengeOf(credential) ?? refuse('enrolment_malformed')
  if (!isChallengeFor(purpose, challenge, call.now, server)) return refuse('enrolment_challenge_invalid')
  const made = await webAuthn.verifyEnrolment(credential, challenge)
  if ((await spendChallenge(purpose, challenge, server)) === 'spent_before') {
    return refuse('enrolment_challenge_invalid')
  }
  const passkey: Passkey = {
    ...made,
    subject: session.subject,
    name: name === '' ? deviceOf(call.connection) : name,
    createdAt: call.now,
    lastUsedAt: undefined,
  }
  const most = mostWith(session)
  const outcome = await store.passkeys.add(passkey, most, session.id)
  if (outcome === 'exists') return refuse('passkey_exists')
  if (outcome === 'too_many') return refuse(most === 1 ? 'sign_in_too_old' : 'too_many_passkeys')
  // Somebody ended it between the look and now: nothing that it adds may stay.
  if (outcome === 'signed_out') return askToSignIn({ rule: 'account_sign_in_needed', username: '' }, call, server)
  call.note({ event: 'user.passkey.added', reason: made.backup, evidence: { passkeys: known.length + 1 } })
  return done('passkey_added', visitor, server)
})

const renamePasskey = changingForm(passkeyPaths.rename, RenamePasskeyForm, async (visitor, _known, call, server) => {
  const { credentialId, name } = call.form
  const outcome = await server.store.passkeys.rename(visitor.user.subject, credentialId, name)
  return outcome === 'unknown' ? refuse('passkey_not_yours') : done('passkey_renamed', visitor, server)
})

const removePasskey = changingForm(passkeyPaths.remove, RemovePasskeyForm, async (visitor, known, call, server) => {
  const outcome = await server.store.passkeys.remove(visitor.user.subject, call.form.credentialId)
  if (outcome === 'unknown') return refuse('passkey_not_yours')
  const sessions = await endOtherSessions(visitor.session, call, server)
  const evidence = { passkeys: known.length - 1, sessions }
  call.note({ event: 'user.passkey.removed', outcome: 'revoked', reason: 'by_the_person', evidence })
  return done('passkey_removed', visitor, server)
})

/** What the account page posts about passkeys. */
export const passkeyEndpoints: readonly Endpoint[] = [addPasskey, renamePasskey, removePasskey]

/** How many sign-ins of one person are looked at in one go. */
const sessionsAtOnce = 100

/** Whoever took the passkey may be signed in with it somewhere, and often: only this sign-in stays. */
async function endOtherSessions({ subject, sid }: Session, call: Call<unknown>, server: Server): Promise<number> {
  let ended = 0
  for (;;) {
    const some = await server.store.sessions.list(subject, sessionsAtOnce)
    const others = some.filter((other) => other.sid !== sid)
    for (const other of others) await endSignIn(other, call, server)
    ended += others.length
    if (some.length < sessionsAtOnce || others.length === 0) return ended
  }
}
