import { fillConsentText } from '../../core/consent-text.ts'
import { inLanguage } from '../../core/local-text.ts'
import type { NumericDate } from '../../core/names.ts'
import { type PendingInteraction, pendingInteractionJson, PendingQuestion } from '../../core/wire/decision.ts'
import { ok } from '../answers.ts'
import { backChannelEndpoint } from '../endpoint.ts'
import { askedScopes, whatWasAllowedBefore } from '../interaction/demands.ts'
import { clientView } from '../interaction/pages.ts'
import type { Server } from '../server.ts'
import { findUndecided, oldestSignIn, signInAppProvider, type Undecided } from './caller.ts'

/**
 * The sign-in application asks what a browser was sent to it for: who wants what of whom, in words. Changes nothing, and
 * may be asked again once the application knows who the person is.
 */
export const startInteraction = backChannelEndpoint(
  'decision',
  '/interactions/start',
  PendingQuestion,
  async (call, server) => {
    const pending = await findUndecided(call, server)
    const { subject, uiLocales } = call.form
    return ok(pendingInteractionJson(await describe(pending, { subject, uiLocales, now: call.now }, server)))
  },
)

type Asked = {
  readonly subject: string | undefined
  readonly uiLocales: readonly string[]
  readonly now: NumericDate
}

async function describe(pending: Undecided, { now, ...asked }: Asked, server: Server): Promise<PendingInteraction> {
  const { interaction, request, client } = pending
  const { scope, prompt, maxAge, acrValues, claims, loginHint, uiLocales } = request.request
  const mayRefresh = scope.includes('offline_access') && client.grantTypes.includes('refresh_token')
  const view = clientView(pending)
  return {
    interaction: interaction.id,
    expiresAt: interaction.expiresAt,
    client: { id: view.clientId, name: view.name, host: view.redirectHost, registeredAt: view.registeredAt },
    ...inWords(pending, [...asked.uiLocales, ...uiLocales], server),
    lasts: mayRefresh ? { kind: 'offline', seconds: server.lifetimes.refreshToken } : { kind: 'sign_in' },
    prompt,
    maxAge,
    oldestSignIn: oldestSignIn(pending, now),
    acrValues,
    essentialAcr: claims.essentialAcr,
    loginHint,
    uiLocales,
    subjectHint: await subjectHint(pending, server),
    before: await allowedBefore(pending, asked.subject, server),
  }
}

/** What is asked for, in the first of the languages that the operator has words in. */
function inWords(
  { request: { request } }: Undecided,
  languages: readonly string[],
  { apis, catalogue }: Server,
): Pick<PendingInteraction, 'scopes' | 'details'> {
  const scopes = catalogue.describe(askedScopes(request)).flatMap(({ holder, scopes: held }) =>
    held.map(({ name, description }) => ({
      scope: name,
      api: holder,
      description: description === undefined ? undefined : inLanguage(description, languages).text,
    })),
  )
  const types = apis.flatMap(({ name, detailTypes = [] }) => detailTypes.map((type) => ({ ...type, api: name })))
  const details = request.details.flatMap((element) => {
    const found = types.find(({ type }) => type === element.type)
    if (found === undefined) return []
    const { text, language } = inLanguage(found.consent.text, languages)
    return {
      element,
      api: found.api,
      title: inLanguage(found.consent.title, languages).text,
      text: fillConsentText(text, element, language ?? languages[0] ?? 'en'),
      choosable: found.choosable,
    }
  })
  return { scopes, details }
}

/**
 * The application's own name of whom the request is about. A name of one sector is that of nobody else, and cannot be
 * turned around. OIDC Core §8.1.
 */
async function subjectHint({ request, client }: Undecided, { store }: Server): Promise<string | undefined> {
  const { hintedSubject } = request.request
  if (hintedSubject === undefined || client.subjectType !== 'public') return undefined
  const upstream = (await store.users.bySubject(hintedSubject))?.upstream
  return upstream?.provider === signInAppProvider ? upstream.subject : undefined
}

async function allowedBefore(
  { client }: Undecided,
  subject: string | undefined,
  server: Server,
): Promise<PendingInteraction['before']> {
  if (subject === undefined) return undefined
  const user = await server.store.users.byUpstream({ provider: signInAppProvider, subject })
  return user === undefined ? undefined : whatWasAllowedBefore(client, user, server)
}
