/**
 * One attempt to sign in at another provider, of which nothing is stored: `state` says what it was for, and a keyed
 * digest in it ties that to this browser and this provider. What only the two of us may know follows from `state` and the
 * same key. RFC 6749 §10.12; RFC 7636 §4.1; OIDC Core §3.1.2.1, §15.5.2.
 */

import { equalInConstantTime } from '../../core/constant-time.ts'
import { after, before, type NumericDate, numericDate, rowId, type Seconds, seconds } from '../../core/names.ts'
import { orRefuse, refuse } from '../../core/oauth-error.ts'
import { profile } from '../../core/profile.ts'
import type { UpstreamAttempt } from '../../core/sign-in-ports.ts'
import { digestOf } from '../artefacts.ts'
import { isWhoIsMeant } from '../interaction/demands.ts'
import type { Server } from '../server.ts'
import type { Occasion } from './occasion.ts'

/** An attempt, with what it was begun for. */
export type BegunAttempt = UpstreamAttempt & {
  readonly about: Occasion['about']
  readonly startedAt: NumericDate
  readonly maxAge: Seconds
}

type Prompt = UpstreamAttempt['prompt']

/** One letter in the state for what was wanted of the provider. */
const promptMarks = [
  ['l', 'login'],
  ['s', 'select_account'],
  ['n', undefined],
] as const

/** Begins an attempt. Its age is always bounded, so that no sign-in counts as fresher than it was. */
export function beginAttempt(provider: string, occasion: Occasion, now: NumericDate, server: Server): BegunAttempt {
  const { about, browser, pending } = occasion
  const request = pending?.request.request
  const prompt = promptOf(occasion, server)
  const maxAge = seconds(Math.min(request?.maxAge ?? server.lifetimes.session, server.lifetimes.session))
  const mark = promptMarks.find(([, wanted]) => wanted === prompt)?.[0] ?? 'n'
  const body = `${server.random(16)}.${now.toString(36)}.${maxAge.toString(36)}.${mark}.${about}`
  const state = `${body}.${sealOf(body, provider, browser, server)}`
  return {
    ...secretsOf(state, server),
    about,
    startedAt: now,
    maxAge,
    prompt,
    acrValues: request?.claims.essentialAcr ?? request?.acrValues ?? [],
    loginHint: request?.loginHint,
    uiLocales: request?.uiLocales ?? [],
  }
}

/** What a request wants of a sign-in that was there before is wanted of the provider. OIDC Core §3.1.2.1. */
function promptOf({ session, pending }: Occasion, server: Server): Prompt {
  // Whoever is signed in and signs in again at their account shows that they are still there.
  if (pending === undefined) return session === undefined ? undefined : 'login'
  const { prompt, maxAge } = pending.request.request
  if (prompt.includes('login') || maxAge === 0) return 'login'
  const isAnother = session !== undefined && !isWhoIsMeant(session.subject, pending, server)
  return prompt.includes('select_account') || isAnother ? 'select_account' : undefined
}

const stateShape =
  /^(?<body>[\w-]{22}\.(?<started>[0-9a-z]{1,10})\.(?<age>[0-9a-z]{1,6})\.(?<mark>[lsn])\.(?<about>account|[\w-]{22}))\.(?<seal>[\w-]{43})$/

/**
 * The attempt that a `state` is of, if this browser began it at this provider and it is not over.
 * @throws OAuthError upstream_state_invalid
 */
export function attemptOf(
  state: string,
  { provider, browser, now }: { readonly provider: string; readonly browser: string; readonly now: NumericDate },
  server: Server,
): BegunAttempt {
  const parts = stateShape.exec(state)?.groups ?? refuse('upstream_state_invalid')
  const { body = '', started = '', age = '', mark, about = '', seal = '' } = parts
  if (!equalInConstantTime(seal, sealOf(body, provider, browser, server))) refuse('upstream_state_invalid')
  return orRefuse('upstream_state_invalid', () => {
    const startedAt = numericDate(Number.parseInt(started, 36))
    if (now >= endOf({ startedAt })) refuse('upstream_state_invalid')
    return {
      ...secretsOf(state, server),
      about: about === 'account' ? about : rowId(about),
      startedAt,
      maxAge: seconds(Number.parseInt(age, 36)),
      prompt: promptMarks.find(([letter]) => letter === mark)?.[1],
      acrValues: [],
      loginHint: undefined,
      uiLocales: [],
    }
  })
}

/** When an answer comes too late. */
export function endOf({ startedAt }: Pick<BegunAttempt, 'startedAt'>): NumericDate {
  return after(startedAt, profile.upstreamAttemptLifetime)
}

/**
 * Whether a sign-in at the provider is as fresh as the attempt demanded: made for it, or no older than allowed when it
 * began. Clocks may differ a little. OIDC Core §3.1.2.1, §3.1.3.7-13.
 */
export function isAsFreshAsDemanded(authTime: NumericDate, { startedAt, maxAge, prompt }: BegunAttempt): boolean {
  const oldest = prompt === 'login' ? startedAt : before(startedAt, maxAge)
  return authTime >= before(oldest, profile.clockSkewAhead)
}

function sealOf(body: string, provider: string, browser: string, { mac, hash }: Server): string {
  return mac(`upstream-state\n${provider}\n${digestOf('browser', browser, hash)}\n${body}`)
}

/** What goes with a state, and nobody can tell from it. */
function secretsOf(state: string, { mac }: Server) {
  return { state, nonce: mac(`upstream-nonce\n${state}`), codeVerifier: mac(`upstream-code-verifier\n${state}`) }
}
