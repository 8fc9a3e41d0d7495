import { parse, serialize } from 'hono/utils/cookie'
import { equalInConstantTime } from '../../core/constant-time.ts'
import type { Session } from '../../core/people.ts'
import { type Seconds, seconds } from '../../core/names.ts'
import { type Call, headerValues } from '../call.ts'
import { digestOf, type Handle, handleText, parseHandle } from '../artefacts.ts'
import type { Server } from '../server.ts'

type CookieName = 'browser' | 'session'

/**
 * The names of our cookies. `__Host-` keeps other hosts and paths from setting them; a development issuer on plain http
 * cannot use it.
 */
function fullName(name: CookieName, { issuer }: Server): string {
  return issuer.startsWith('https:') ? `__Host-strongroom-${name}` : `strongroom-${name}`
}

/** The value of one of our cookies; undefined also when a browser sends it twice. */
function readCookie(name: CookieName, call: Call<unknown>, server: Server): string | undefined {
  const header = headerValues(call.connection, 'cookie').join('; ')
  const full = fullName(name, server)
  const twice = header.split(';').filter((part) => part.trim().startsWith(`${full}=`)).length > 1
  return twice ? undefined : parse(header, full)[full]
}

/** A Set-Cookie value: for this host only, out of reach of scripts, not sent by requests of other sites but links. */
function writeCookie(name: CookieName, value: string, maxAge: Seconds, server: Server): string {
  return serialize(fullName(name, server), value, {
    path: '/',
    httpOnly: true,
    secure: server.issuer.startsWith('https:'),
    sameSite: 'Lax',
    maxAge,
  })
}

/** What ties interactions to one browser: a secret in a cookie of its own. */
export type Browser = { readonly secret: string; readonly cookies: readonly string[] }

/** The secret of this browser, a new one if it has none yet. */
export function recogniseBrowser(call: Call<unknown>, server: Server): Browser {
  const secret = browserSecret(call, server) ?? server.random(32)
  // Written again at each opening: it must outlive the interaction that begins now.
  const { session, interaction } = server.lifetimes
  return { secret, cookies: [writeCookie('browser', secret, session > interaction ? session : interaction, server)] }
}

/** The secret this browser presents, or undefined. */
export function browserSecret(call: Call<unknown>, server: Server): string | undefined {
  const value = readCookie('browser', call, server)
  return value !== undefined && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : undefined
}

/** The cookie of a session that has just begun. */
export function sessionCookie(handle: Handle, server: Server): string {
  return writeCookie('session', handleText(handle), server.lifetimes.session, server)
}

/** What makes the browser forget its session. */
export function endedSessionCookie(server: Server): string {
  return writeCookie('session', '', seconds(0), server)
}

/**
 * The session this browser is signed in with, if it still counts: the secret fits, its time is not over, and the person
 * is in good standing.
 */
export async function currentSession(call: Call<unknown>, server: Server): Promise<Session | undefined> {
  const handle = parseHandle(readCookie('session', call, server) ?? '')
  if (handle === undefined) return undefined
  const session = await server.store.sessions.find(handle.id)
  if (session === undefined || call.now >= session.expiresAt) return undefined
  if (!equalInConstantTime(session.secretHash, digestOf('session', handle.secret, server.hash))) return undefined
  const user = await server.store.users.bySubject(session.subject)
  // Seconds are coarse: a session begun in the very second of a lock does not survive it.
  return user?.status === 'active' && session.authTime > user.notBefore ? session : undefined
}
