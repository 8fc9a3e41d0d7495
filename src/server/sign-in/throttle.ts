/** Bounded attempts to sign in. Attempts are counted before they are tried. */

import { after, type Sha256 } from '../../core/names.ts'
import { profile } from '../../core/profile.ts'
import type { Call } from '../call.ts'
import { sourceOf } from '../rate-limits.ts'
import type { Server } from '../server.ts'

/** What one attempt counts against. */
export type AttemptCounters = {
  readonly here: readonly Sha256[]
  /** From anywhere; undefined where nothing can be guessed, so that nobody has to be locked out. */
  readonly account: Sha256 | undefined
}

/**
 * Counts this attempt, and tells whether there were too many. What its own source is throttled for does not count
 * against the account: one source alone cannot lock a person out everywhere.
 */
export async function isThrottled(
  { here, account }: AttemptCounters,
  { now }: Call<unknown>,
  { store }: Server,
): Promise<boolean> {
  const window = after(now, profile.signInAttemptWindow)
  const [onAccount = 0, fromSource = 0] = await store.attempts.raise(here, window, now)
  if (onAccount > profile.signInAttemptsPerAccountAndSource || fromSource > profile.signInAttemptsPerSource) return true
  if (account === undefined) return false
  const [everywhere = 0] = await store.attempts.raise([account], window, now)
  return everywhere > profile.signInAttemptsPerAccount
}

/**
 * The account from this source and the source, and the account from anywhere. What is no source that could be told apart
 * from others counts for the account alone; see `sourceOf`.
 */
export function attemptCounters(name: string, call: Call<unknown>, server: Server): AttemptCounters {
  return {
    here: countersHere('account and source', name, call, server),
    account: server.hash(`sign-in\naccount\n${name}`),
  }
}

/**
 * The passkey from this source and the source, and never the passkey from anywhere: nobody guesses a signature, and whoever
 * learned the id of somebody's passkey must not be able to keep them from using it.
 */
export function passkeyCounters(credentialId: string, call: Call<unknown>, server: Server): AttemptCounters {
  return { here: countersHere('passkey and source', credentialId, call, server), account: undefined }
}

/** What succeeded is not held against the source, and what failed before it here not against the account. */
export async function forgetAttempt({ here, account }: AttemptCounters, { store }: Server): Promise<void> {
  await store.attempts.takeBack(account === undefined ? here : [...here, account])
  await store.attempts.forget(here.slice(0, 1))
}

function countersHere(what: string, name: string, { connection }: Call<unknown>, { hash }: Server): readonly Sha256[] {
  const source = sourceOf(connection.peerAddress)
  if (source === undefined) return []
  return [hash(`sign-in\n${what}\n${name}\n${source}`), hash(`sign-in\nsource\n${source}`)]
}
