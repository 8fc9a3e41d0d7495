import { byPassword, passkeyAcr } from '../../core/authentication-context.ts'
import type { Session } from '../../core/people.ts'
import { profile } from '../../core/profile.ts'
import { publicRefusal, type RuleSlug } from '../../core/rules.ts'
import type { Answer } from '../answers.ts'
import type { Call } from '../call.ts'
import { csrfToken } from '../interaction/csrf.ts'
import { clientView } from '../interaction/pages.ts'
import { checkOwnPages, interactionUrl } from '../interaction/pending.ts'
import { languagesOf } from '../languages.ts'
import type { SignInView } from '../pages.ts'
import { pageHeaders } from '../security-headers.ts'
import type { Server } from '../server.ts'
import { type Occasion, signInUrl } from './occasion.ts'
import { passkeyWay } from './passkey-way.ts'

/** An attempt that failed: the page tells that, and not why. */
export type FailedAttempt = { readonly rule: RuleSlug; readonly username: string }

/** The sign-in page; after a failed attempt, with the refusal in it. */
export async function signInPage(
  occasion: Occasion,
  failed: FailedAttempt | undefined,
  call: Call<unknown>,
  server: Server,
): Promise<Answer> {
  checkOwnPages(server)
  const { about, browser, session, pending } = occasion
  const request = pending?.request.request
  const essential = await essentialAcr(occasion, server)
  const password = isOneOf([byPassword.acr], essential) ? passwordWay(occasion, failed, server) : undefined
  const passkey = await passkeyWay(occasion, call, server)
  const providers = server.upstream.filter(({ acrValues }) => isOneOf(acrValues, essential))
  const upstream = providers.map(({ id, name }) => ({ name, action: signInUrl(occasion, server, `/upstream/${id}`) }))
  const view: SignInView = {
    languages: languagesOf(call.connection, request?.uiLocales),
    occasion: pending === undefined ? { kind: 'account' } : { kind: 'client', client: clientView(pending) },
    csrf: csrfToken(browser, about, session, server),
    demand: demandOf({ password, passkey, upstream }, session),
    password,
    passkey,
    upstream,
    cancelAction: pending === undefined ? undefined : interactionUrl(pending.interaction.id, server, 'cancel'),
    failed: failed === undefined ? undefined : publicRefusal(failed.rule),
  }
  const through = providers.flatMap(({ origins }) => origins())
  const script = passkey === undefined ? 'no_script' : 'script'
  const headers = pageHeaders(server, request?.redirectUri, script, through)
  const page = { status: 200, headers, cookies: [], body: server.pages.signIn(view) }
  return failed === undefined ? page : refusedKindly(page, failed.rule)
}

/** Where a passkey alone would do, that; otherwise whether somebody is signed in whose sign-in will not. */
function demandOf(
  { password, passkey, upstream }: Pick<SignInView, 'password' | 'passkey' | 'upstream'>,
  session: Session | undefined,
): SignInView['demand'] {
  if (passkey !== undefined && password === undefined && upstream.length === 0) return 'passkey'
  return session === undefined ? 'any' : 'again'
}

/**
 * What the sign-in has to reach to be of any use. Who is signed in at their account and has a passkey signs in again to
 * change passkeys: nothing less would do. Strangers are told nothing of anybody's passkeys.
 */
async function essentialAcr(
  { pending, session }: Occasion,
  { webAuthn, store }: Server,
): Promise<readonly string[] | undefined> {
  if (pending !== undefined) return pending.request.request.claims.essentialAcr
  if (session === undefined || webAuthn === undefined) return undefined
  return (await store.passkeys.list(session.subject)).length === 0 ? undefined : [passkeyAcr]
}

/** Whether one of these contexts would do. */
function isOneOf(reached: readonly string[], essential: readonly string[] | undefined): boolean {
  return essential === undefined || reached.some((acr) => essential.includes(acr))
}

/** The fields for a password. */
function passwordWay(occasion: Occasion, failed: FailedAttempt | undefined, server: Server): SignInView['password'] {
  const request = occasion.pending?.request.request
  if (server.passwordSignIn === 'none') return undefined
  const { demoUser } = server
  return {
    action: signInUrl(occasion, server),
    username: failed?.username ?? request?.loginHint ?? demoUser?.username ?? '',
    password: failed === undefined ? demoUser?.password : undefined,
  }
}

/** The page of a refusal that the person can mend here and now. */
function refusedKindly(page: Answer, rule: RuleSlug): Answer {
  const { status } = publicRefusal(rule)
  // A window of attempts is over when it is: how long it still lasts would tell when others tried.
  const waiting = status === 429 ? { 'retry-after': String(profile.signInAttemptWindow) } : {}
  return { ...page, status, headers: { ...page.headers, ...waiting }, refused: rule }
}
