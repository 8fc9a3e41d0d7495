import type { OpeningAttempt } from '../../core/flow.ts'
import { endpointPaths } from '../../core/metadata.ts'
import { after, clientId } from '../../core/names.ts'
import { orRefuse, refuse } from '../../core/oauth-error.ts'
import type { RuleSlug } from '../../core/rules.ts'
import { AuthorizationQuery } from '../../core/wire/authorization-request.ts'
import { type Answer, seeOther } from '../answers.ts'
import { digestOf, newRowId, parseRequestUri } from '../artefacts.ts'
import type { Call } from '../call.ts'
import { pageEndpoint } from '../endpoint.ts'
import { currentSession, recogniseBrowser } from '../interaction/cookies.ts'
import { approve, endWith } from '../interaction/decision.ts'
import { isAcrReachable, isAllowedBefore, judgeSession } from '../interaction/demands.ts'
import { clientStillAllowed, decisionUrl, type Pending } from '../interaction/pending.ts'
import type { Server } from '../server.ts'

/**
 * Authorization endpoint: opens a pushed request in this browser. Nothing but a reference is read from the query, and
 * the request is spent when it completes, not now. RFC 9126 §4; FAPI 2.0 SP §5.3.2.2-3 and note 3.
 */
export const authorization = pageEndpoint(
  'authorization',
  endpointPaths.authorization,
  AuthorizationQuery,
  async (call, server) => {
    // Which request, and whether the client could still push it.
    const attempt = readReference(call, server)
    const browser = recogniseBrowser(call, server)
    const row = {
      id: newRowId(server.random),
      requestId: attempt.id,
      browserHash: digestOf('browser', browser.secret, server.hash),
      startedAt: call.now,
      expiresAt: after(call.now, server.lifetimes.interaction),
      signedIn: undefined,
      decision: undefined,
    }
    const opening = await server.store.requests.open(attempt, row)
    if (opening.outcome !== 'opened') return refuse(openingRules[opening.outcome])
    const { request } = opening
    call.note({ clientId: request.clientId })
    const client = await clientStillAllowed(request, server)
    const pending = { interaction: row, request, client }

    // What no sign-in here can reach ends now. Where nothing is left to ask, nobody is; prompt=none asks in no case.
    if (!isAcrReachable(request.request, server)) return endWith('acr_unmet', pending, call, server)
    const settled = await withoutAsking(pending, call, server)
    if (!('missing' in settled)) return settled
    if (request.request.prompt.includes('none')) return endWith(settled.missing, pending, call, server)
    return seeOther(decisionUrl(row.id, server), browser.cookies)
  },
)

const openingRules = {
  unknown: 'request_uri_unknown',
  expired: 'request_uri_expired',
  spent: 'request_uri_spent',
  client_mismatch: 'request_uri_client_mismatch',
} as const satisfies Record<string, RuleSlug>

function readReference(
  { form, now }: Call<{ clientId: string | undefined; requestUri: string | undefined; request: string | undefined }>,
  { hash }: Server,
): OpeningAttempt {
  if (form.requestUri === undefined || form.request !== undefined) return refuse('authorization_not_pushed')
  if (form.clientId === undefined) return refuse('parameter_missing', { expected: { parameter: 'client_id' } })
  const handle = parseRequestUri(form.requestUri) ?? refuse('request_uri_unknown')
  if (handle === 'foreign') return refuse('request_uri_foreign')
  const { clientId: presented } = form
  return {
    id: handle.id,
    requestUriHash: digestOf('request_uri', handle.secret, hash),
    clientId: orRefuse('request_uri_client_mismatch', () => clientId(presented)),
    now,
  }
}

/** The person is signed in as demanded and allowed as much before: the answer; or what is missing for it. */
async function withoutAsking(
  pending: Pick<Pending, 'interaction' | 'request' | 'client'>,
  call: Call<unknown>,
  server: Server,
): Promise<Answer | { readonly missing: RuleSlug }> {
  const current = await currentSession(call, server)
  const judged = judgeSession(current, { ...pending, signedIn: undefined }, call.now, server)
  if ('missing' in judged) {
    return { missing: judged.missing === 'another_person' ? 'signed_in_as_another' : 'login_required' }
  }
  const { session } = judged
  call.note({ subject: session.subject })
  if (!(await isAllowedBefore(pending, session, server))) return { missing: 'consent_required' }
  return approve(pending, session, { how: 'allowed_before', details: [] }, call, server)
}
