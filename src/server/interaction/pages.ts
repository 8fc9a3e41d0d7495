import type { Session } from '../../core/flow.ts'
import { publicRefusal, type RuleSlug } from '../../core/rules.ts'
import type { Answer } from '../answers.ts'
import type { ClientView } from '../pages.ts'
import { pageHeaders } from '../security-headers.ts'
import type { Server } from '../server.ts'
import { csrfToken } from './csrf.ts'
import type { Pending } from './pending.ts'

/** An attempt that failed: the page tells that, and not why. */
export type FailedAttempt = { readonly rule: RuleSlug; readonly username: string }

/** The sign-in page. A failed attempt answers 403, the first showing 200. */
export function signInPage(pending: Pending, failed: FailedAttempt | undefined, server: Server): Answer {
  const { interaction, request, session, browser } = pending
  const { demoUser } = server
  const html = server.pages.signIn({
    client: clientView(pending),
    action: server.url(`/interaction/${interaction.id}/sign-in`),
    cancelAction: server.url(`/interaction/${interaction.id}/cancel`),
    csrf: csrfToken(browser, interaction.id, session, server),
    username: failed?.username ?? request.request.loginHint ?? demoUser?.username ?? '',
    password: failed === undefined ? demoUser?.password : undefined,
    failed: failed === undefined ? undefined : publicRefusal(failed.rule),
  })
  const answer = pageFor(pending, html, failed === undefined ? 200 : 403, server)
  return failed === undefined ? answer : { ...answer, refused: failed.rule }
}

/** The consent page: who asks, for what, in words. */
export async function consentPage(pending: Pending, session: Session, server: Server): Promise<Answer> {
  const { interaction, request, browser } = pending
  const user = await server.store.users.bySubject(session.subject)
  const html = server.pages.consent({
    client: clientView(pending),
    username: user?.username ?? '',
    action: server.url(`/interaction/${interaction.id}/consent`),
    csrf: csrfToken(browser, interaction.id, session, server),
    asks: server.catalogue.describe(request.request.scope),
  })
  return pageFor(pending, html, 200, server)
}

function pageFor({ request }: Pending, html: string, status: number, server: Server): Answer {
  return { status, headers: pageHeaders(server, request.request.redirectUri), cookies: [], body: html }
}

function clientView({ client, request }: Pending): ClientView {
  return { name: client.name, clientId: client.clientId, redirectHost: new URL(request.request.redirectUri).host }
}
