import type { Authentication, Session } from '../../core/people.ts'
import { after, type Subject } from '../../core/names.ts'
import { refuse } from '../../core/oauth-error.ts'
import { type Answer, seeOther } from '../answers.ts'
import { digestOf, newHandle, newRowId } from '../artefacts.ts'
import type { Call } from '../call.ts'
import { sessionCookie } from '../interaction/cookies.ts'
import { endWith } from '../interaction/decision.ts'
import { isWhoIsMeant } from '../interaction/demands.ts'
import type { Server } from '../server.ts'
import { endSignIn } from '../sign-out.ts'
import { deviceOf } from './device.ts'
import { afterSignIn, type Occasion } from './occasion.ts'

/** Somebody whose sign-in was verified. */
export type SignedIn = {
  readonly subject: Subject
  readonly authentication: Authentication
  /** The passkey they signed in with, if it was one. */
  readonly credentialId?: string
}

/**
 * Signs somebody in and sends the browser on: back to the request that waits, or to the account. Nobody but the one a
 * request names goes on with it; whoever was signed in here before still is then.
 */
export async function beginSession(
  signedIn: SignedIn,
  occasion: Occasion,
  call: Call<unknown>,
  server: Server,
): Promise<Answer> {
  const { pending } = occasion
  const { subject } = signedIn
  call.note({ subject, event: 'user.login.succeeded' })
  if (pending !== undefined && !isWhoIsMeant(subject, pending, server)) {
    return endWith('signed_in_as_another', pending, call, server)
  }
  const { session, cookie } = await startSession(signedIn, occasion, call, server)
  if (pending !== undefined) {
    await server.store.requests.signedIn(pending.interaction.id, { sessionId: session.id, at: call.now })
  }
  return seeOther(afterSignIn(occasion, server), [cookie])
}

/**
 * Starts a session in place of the one this browser had: its id changes at every sign-in, whatever the browser had
 * before, and whoever else was signed in here is not any more. RFC 6749 §10.12.
 * @throws OAuthError passkey_unknown
 */
export async function startSession(
  { subject, authentication, credentialId }: SignedIn,
  { session: before }: Pick<Occasion, 'session'>,
  call: Call<unknown>,
  server: Server,
): Promise<{ readonly session: Session; readonly cookie: string }> {
  const handle = newHandle(server.random)
  const session = {
    id: handle.id,
    sid: before?.subject === subject ? before.sid : newRowId(server.random),
    secretHash: digestOf('session', handle.secret, server.hash),
    subject,
    ...authentication,
    expiresAt: after(call.now, server.lifetimes.session),
    device: deviceOf(call.connection),
  }
  // Whoever removes a passkey does so first, and then ends sessions: none can come in between.
  const outcome = await server.store.sessions.start(session, before?.id, credentialId)
  if (outcome === 'passkey_gone') return refuse('passkey_unknown')
  if (before !== undefined && before.subject !== subject) {
    call.note({ evidence: await endSignIn(before, call, server) })
  }
  return { session, cookie: sessionCookie(handle, server) }
}
