/**
 * Renewing sessions, whether or not the server changes the refresh token each time. RFC 6749 §6; RFC 9700 §4.14.2; FAPI
 * 2.0 SP §5.3.3.1-6.
 *
 * What came is kept before what it replaces is gone, so that a process that dies in between finds the old refresh token,
 * which the server still takes for a while. An answer that was lost is asked for once more, with the old one.
 */

import { ClientError, fail } from './errors.ts'
import type { Wire } from './exchange.ts'
import { checkSameSignIn } from './id-token.ts'
import { keptSession, keptText, type Session, sessionOf } from './session.ts'
import { useRefreshToken } from './tokens.ts'
import type { Secret } from '../core/names.ts'
import type { TokenVault } from './vault.ts'

/** Seconds before its end at which an access token is no longer used. */
const margin = 20

type Kept = { readonly text: Secret; readonly session: Session }

/** The sessions of one client that can be renewed. */
export class Renewals {
  readonly #wire: Wire
  readonly #vault: TokenVault
  /** At most one renewal of a session at a time in this process. */
  readonly #running = new Map<string, Promise<Session>>()

  constructor(wire: Wire, vault: TokenVault) {
    this.#wire = wire
    this.#vault = vault
  }

  /**
   * Keeps a session that has just begun.
   * @throws ClientError vault_unavailable
   */
  async keep(session: Session): Promise<Session> {
    if (session.refreshToken === undefined) return session
    const outcome = await this.#replace(session.id, undefined, session)
    return outcome === 'replaced' ? session : fail('vault_unavailable')
  }

  /**
   * The session under an id as it is kept, for a process that knows nothing else of it.
   * @throws ClientError session_foreign, vault_unavailable
   */
  async resume(id: string): Promise<Session | undefined> {
    const kept = await this.#load(id)
    return kept?.session
  }

  /**
   * The session with an access token that can be used: the newest one, or one more where that is about to end. When the
   * server cannot be reached, what is left of the old one is used.
   * @throws ClientError session_foreign, session_ended, vault_unavailable, and whatever a renewal throws
   */
  async current(session: Session): Promise<Session> {
    if (session.of !== this.#wire.of) fail('session_foreign')
    if (session.refreshToken === undefined) return session
    const held = (await this.#load(session.id))?.session ?? session
    if (this.#isUsable(held, margin)) return held
    try {
      return await this.renew(held)
    } catch (error) {
      if (isLost(error) && this.#isUsable(held, 0)) return held
      throw error
    }
  }

  #isUsable({ boundTo, expiresAt }: Session, ahead: number): boolean {
    const { clock, possession } = this.#wire
    return boundTo === possession.thumbprint && (expiresAt === undefined || clock.now() + ahead < expiresAt)
  }

  /**
   * Renews a session now; whoever asks while it is being renewed gets the same one.
   * @throws ClientError session_foreign, refresh_token_missing, session_ended, request_refused, unreachable, ...
   */
  async renew(session: Session): Promise<Session> {
    if (session.of !== this.#wire.of) fail('session_foreign')
    const running = this.#running.get(session.id)
    if (running !== undefined) return running
    const work = this.#renewAlone(session).finally(() => this.#running.delete(session.id))
    this.#running.set(session.id, work)
    return work
  }

  async #renewAlone(session: Session): Promise<Session> {
    const kept = await this.#load(session.id)
    const held = kept?.session ?? session
    const renewed = await this.#ask(held, kept)
    if (renewed === 'by_another') return this.#whatAnotherKept(session.id)
    const outcome = await this.#replace(session.id, kept?.text, renewed)
    return outcome === 'replaced' ? renewed : this.#whatAnotherKept(session.id)
  }

  /** The renewed session; `by_another` when another process was faster and its refresh token is the one that counts. */
  async #ask(held: Session, kept: Kept | undefined): Promise<Session | 'by_another'> {
    try {
      return await renewedSession(this.#wire, held)
    } catch (error) {
      if (!(error instanceof ClientError) || error.error !== 'invalid_grant') throw error
      // It is left where it is: another process may be about to keep what the server gave to it instead.
      const now = await this.#load(held.id)
      if (now !== undefined && now.text.reveal() !== kept?.text.reveal()) return 'by_another'
      const { rule, correlationId, status, error: code } = error
      return fail('session_ended', { rule, correlationId, status, error: code })
    }
  }

  /** Another process has renewed the session meanwhile, or ended it. */
  async #whatAnotherKept(id: string): Promise<Session> {
    return (await this.#load(id))?.session ?? fail('session_ended')
  }

  /**
   * Forgets a session.
   * @throws ClientError vault_unavailable
   */
  async forget({ id }: Session): Promise<void> {
    // Whoever renews it at the same time finds it gone, or is found here.
    for (const _ of [1, 2, 3]) {
      const kept = await this.#load(id)
      if (kept === undefined || (await this.#replace(id, kept.text, undefined)) === 'replaced') return
    }
    fail('vault_unavailable')
  }

  async #load(id: string): Promise<Kept | undefined> {
    const text = await this.#vaultSays(() => this.#vault.load(id))
    if (text === undefined) return undefined
    const session = keptSession(text)
    if (session === undefined || session.id !== id) return fail('vault_unavailable')
    return session.of === this.#wire.of ? { text, session } : fail('session_foreign')
  }

  async #replace(id: string, previous: Secret | undefined, next: Session | undefined) {
    const text = next === undefined ? undefined : keptText(next)
    const attempt = () => this.#vault.replace(id, previous, text)
    const outcome = await attempt().catch(() => this.#vaultSays(attempt))
    if (outcome === 'replaced') return outcome
    // The first attempt may have been done although its answer was lost.
    const there = await this.#vaultSays(() => this.#vault.load(id))
    return there?.reveal() === text?.reveal() ? 'replaced' : 'superseded'
  }

  /** What a vault throws may hold what it keeps. */
  async #vaultSays<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch {
      return fail('vault_unavailable')
    }
  }
}

async function renewedSession(wire: Wire, held: Session): Promise<Session> {
  const token = held.refreshToken?.reveal() ?? fail('refresh_token_missing')
  const received = await evenIfLost(() => useRefreshToken(wire, token))
  if (received.claims !== undefined) checkSameSignIn(received.claims, held.idToken)
  const { of, id, scope, authorizationDetails: askedDetails, subject, idToken, idTokenHint } = held
  const grounds = { of, id, asked: scope.join(' '), askedDetails, possession: wire.possession, now: wire.clock.now() }
  // What no longer counts is not renewed, and then there may be nothing to name.
  const { authorization_details: details = [] } = received.tokens
  const renewed = sessionOf({ ...received, tokens: { ...received.tokens, authorization_details: details } }, grounds)
  const person = renewed.idToken === undefined ? { subject, idToken, idTokenHint } : {}
  return { ...renewed, ...person, refreshToken: renewed.refreshToken ?? held.refreshToken }
}

/** Once more when nothing usable came back: the server may have answered, and its answer was lost. */
async function evenIfLost<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if (!isLost(error)) throw error
    return attempt()
  }
}

function isLost(error: unknown): boolean {
  return error instanceof ClientError && (error.reason === 'unreachable' || error.reason === 'response_unusable')
}
