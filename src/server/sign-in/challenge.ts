/**
 * What authenticators sign: a challenge for one browser, one thing to do and a few minutes. Nothing is stored when one is
 * made; what was answered is remembered until it would be over anyway. WebAuthn §13.4.3.
 */

import { equalInConstantTime } from '../../core/constant-time.ts'
import type { Session } from '../../core/people.ts'
import { after, numericDate, type NumericDate, type RowId } from '../../core/names.ts'
import { profile } from '../../core/profile.ts'
import { digestOf } from '../artefacts.ts'
import type { Server } from '../server.ts'

/** What a challenge is good for, and for nothing else. */
export type ChallengePurpose =
  | { readonly kind: 'sign_in'; readonly browser: string; readonly about: RowId | 'account' }
  | { readonly kind: 'enrolment'; readonly browser: string; readonly session: Session }

/** The bytes of a challenge in base64url: 18 of chance, 6 for when it is over, 32 that only this server can make. */
const shape = /^([A-Za-z0-9_-]{24})([0-9a-z]{8})([A-Za-z0-9_-]{43})$/

/** A challenge to be answered soon. */
export function newChallenge(purpose: ChallengePurpose, now: NumericDate, server: Server): string {
  const nonce = server.random(18)
  const end = after(now, profile.passkeyChallengeLifetime).toString(36).padStart(8, '0')
  return nonce + end + seal(purpose, nonce, end, server)
}

/** Whether this server put the challenge for this purpose, and it may still be answered. */
export function isChallengeFor(
  purpose: ChallengePurpose,
  challenge: string,
  now: NumericDate,
  server: Server,
): boolean {
  const [, nonce = '', end = '', sealed = ''] = shape.exec(challenge) ?? []
  return equalInConstantTime(sealed, seal(purpose, nonce, end, server)) && now < Number.parseInt(end, 36)
}

/** Answers a challenge of ours: once. To be called when everything else was found to hold. */
export async function spendChallenge(
  { browser }: ChallengePurpose,
  challenge: string,
  { store, hash }: Server,
): Promise<'spent' | 'spent_before'> {
  const end = numericDate(Number.parseInt(shape.exec(challenge)?.[2] ?? '0', 36))
  const outcome = await store.replay.spendOnce([
    {
      purpose: 'passkey_challenge',
      owner: digestOf('browser', browser, hash),
      name: hash(challenge),
      expiresAt: after(end, profile.replayMargin),
    },
  ])
  return 'spent' in outcome ? 'spent' : 'spent_before'
}

function seal(purpose: ChallengePurpose, nonce: string, end: string, { mac, hash }: Server): string {
  const about = purpose.kind === 'sign_in' ? purpose.about : purpose.session.id
  return mac(
    ['passkey challenge', purpose.kind, digestOf('browser', purpose.browser, hash), about, nonce, end].join('\n'),
  )
}
