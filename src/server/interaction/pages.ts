import type { Session } from '../../core/flow.ts'
import { profile } from '../../core/profile.ts'
import { publicRefusal, type RuleSlug } from '../../core/rules.ts'
import type { Answer } from '../answers.ts'
import type { ClientView } from '../pages.ts'
import { pageHeaders } from '../security-headers.ts'
import type { Server } from '../server.ts'
import { csrfToken } from './csrf.ts'
import { askedScopes } from './demands.ts'
import { interactionUrl, type Pending } from './pending.ts'

/** An attempt that failed: the page tells that, and not why. */
export type FailedAttempt = { readonly rule: RuleSlug; readonly username: string }

/** The sign-in page; after a failed attempt, with the refusal in it. */
export function signInPage(pending: Pending, failed: FailedAttempt | undefined, server: Server): Answer {
  const { interaction, request, session, browser } = pending
  const { demoUser } = server
  const html = server.pages.signIn({
    client: clientView(pending),
    action: interactionUrl(interaction.id, server, 'sign-in'),
    cancelAction: interactionUrl(interaction.id, server, 'cancel'),
    csrf: csrfToken(browser, interaction.id, session, server),
    username: failed?.username ?? request.request.loginHint ?? demoUser?.username ?? '',
    password: failed === undefined ? demoUser?.password : undefined,
    failed: failed === undefined ? undefined : publicRefusal(failed.rule),
  })
  return failed === undefined ? shown(pending, html, server) : refusedKindly(pending, html, failed.rule, server)
}

/** The consent page: who asks, for what, in words. */
export async function consentPage(pending: Pending, session: Session, server: Server): Promise<Answer> {
  const { interaction, request, browser } = pending
  const user = await server.store.users.bySubject(session.subject)
  const html = server.pages.consent({
    client: clientView(pending),
    username: user?.username ?? '',
    action: interactionUrl(interaction.id, server, 'consent'),
    csrf: csrfToken(browser, interaction.id, session, server),
    asks: server.catalogue.describe(askedScopes(request.request)),
  })
  return shown(pending, html, server)
}

function shown({ request }: Pending, html: string, server: Server): Answer {
  return { status: 200, headers: pageHeaders(server, request.request.redirectUri), cookies: [], body: html }
}

/** The page of a refusal that the person can mend here and now. */
function refusedKindly(pending: Pending, html: string, rule: RuleSlug, server: Server): Answer {
  const { status } = publicRefusal(rule)
  const page = shown(pending, html, server)
  // A window of attempts is over when it is: how long it still lasts would tell when others tried.
  const waiting = status === 429 ? { 'retry-after': String(profile.signInAttemptWindow) } : {}
  return { ...page, status, headers: { ...page.headers, ...waiting }, refused: rule }
}

function clientView({ client, request }: Pending): ClientView {
  return { name: client.name, clientId: client.clientId, redirectHost: new URL(request.request.redirectUri).host }
}
