import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { Pending, Session } from '../client/index.ts'
import { equalInConstantTime } from '../core/constant-time.ts'
import type { Random } from '../core/ports.ts'

/** Something to tell a person once. */
export type Notice = {
  readonly kind: 'connected' | 'paid' | 'denied' | 'refused'
  readonly sentence: string
  readonly hint: string
  readonly rule?: string | undefined
  readonly correlationId?: string | undefined
}

/** What the app knows of one browser. */
export type BrowserSession = {
  readonly id: string
  /** Ties the forms of the app to this browser. */
  readonly csrf: string
  /** Whose browser it is, across all its sessions; never leaves the app. */
  readonly visitor: string
  readonly pending?: Pending | undefined
  /** What the flow that is under way is for; to connect, unless it says more. */
  readonly errand?: 'pay' | undefined
  readonly session?: Session | undefined
  readonly notice?: Notice | undefined
}

const cookieName = 'tally-session'

/** How many browsers are remembered; the ones that came first go. */
const most = 1_000

/** The app's own sessions, in memory. */
export class BrowserSessions {
  readonly #sessions = new Map<string, BrowserSession>()
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** The session of this browser, a new one if it has none. */
  recognise(c: Context): BrowserSession {
    const known = this.#sessions.get(getCookie(c, cookieName) ?? '')
    if (known !== undefined) return known
    return this.replace(c, undefined, {})
  }

  /** Keeps what changed, unless the session was replaced meanwhile. */
  keep(session: BrowserSession): void {
    if (this.#sessions.has(session.id)) this.#sessions.set(session.id, session)
  }

  /** A session under a new id, so that nobody who knew the old one has the new. */
  replace(
    c: Context,
    old: BrowserSession | undefined,
    content: Omit<BrowserSession, 'id' | 'csrf' | 'visitor'>,
  ): BrowserSession {
    if (old !== undefined) this.#sessions.delete(old.id)
    const visitor = old?.visitor ?? this.#random(32)
    const session = { ...content, id: this.#random(32), csrf: this.#random(32), visitor }
    this.#sessions.set(session.id, session)
    const [oldest] = this.#sessions.keys()
    if (this.#sessions.size > most && oldest !== undefined) this.#sessions.delete(oldest)
    // Plain http on the loopback: no Secure. Lax, so that the way back from the bank carries it.
    setCookie(c, cookieName, session.id, { path: '/', httpOnly: true, sameSite: 'Lax', maxAge: 3_600 })
    return session
  }
}

/** Whether a form was posted by a page of the app in this browser. RFC 6749 §10.12; FAPI 2.0 SP §5.3.3.1-4. */
export async function isPostedHere(c: Context, { csrf }: BrowserSession): Promise<boolean> {
  const site = c.req.header('sec-fetch-site') ?? 'same-origin'
  const form = await c.req.parseBody()
  const sent = form['csrf']
  return site === 'same-origin' && typeof sent === 'string' && equalInConstantTime(sent, csrf)
}
