import type { Session } from '../../core/people.ts'
import { publicRefusal, type RuleSlug } from '../../core/rules.ts'
import type { Answer } from '../answers.ts'
import type { Call } from '../call.ts'
import { languagesOf } from '../languages.ts'
import type { ClientView } from '../pages.ts'
import { pageHeaders } from '../security-headers.ts'
import type { Server } from '../server.ts'
import { accountPath } from '../sign-in/occasion.ts'
import { csrfToken } from './csrf.ts'
import { detailViews } from './details.ts'
import { askedScopes, whatWasAllowedBefore } from './demands.ts'
import { interactionUrl, type Pending } from './pending.ts'

/** The consent page: who asks, for what, for how long, in words; after a decision that was none, with the refusal in it. */
export async function consentPage(
  pending: Pending,
  session: Session,
  failed: RuleSlug | undefined,
  call: Call<unknown>,
  server: Server,
): Promise<Answer> {
  const { interaction, request, client, browser } = pending
  const { scope, uiLocales, redirectUri } = request.request
  const user = await server.store.users.bySubject(session.subject)
  const refusal = failed === undefined ? undefined : publicRefusal(failed)
  const mayRefresh = scope.includes('offline_access') && client.grantTypes.includes('refresh_token')
  const body = server.pages.consent({
    languages: languagesOf(call.connection, uiLocales),
    client: clientView(pending),
    username: user?.username ?? '',
    action: interactionUrl(interaction.id, server, 'consent'),
    csrf: csrfToken(browser, interaction.id, session, server),
    asks: server.catalogue.describe(askedScopes(request.request)),
    details: detailViews(request.request.details, 'asked', server),
    lasts: mayRefresh ? { kind: 'offline', seconds: server.lifetimes.refreshToken } : { kind: 'sign_in' },
    before: await whatWasAllowedBefore(client, session, server),
    accountUrl: server.url(accountPath),
    failed: refusal,
  })
  const page = { status: refusal?.status ?? 200, headers: pageHeaders(server, redirectUri), cookies: [], body }
  return failed === undefined ? page : { ...page, refused: failed }
}

/** Who asks, as every page shows it. */
export function clientView({ client, request }: Pick<Pending, 'client' | 'request'>): ClientView {
  return {
    name: client.name,
    clientId: client.clientId,
    redirectHost: new URL(request.request.redirectUri).host,
    registeredAt: client.createdAt,
  }
}
