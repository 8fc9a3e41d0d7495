import type { OpeningAttempt, PushedRequest } from '../../core/flow.ts'
import { endpointPaths } from '../../core/metadata.ts'
import { after, clientId } from '../../core/names.ts'
import { orRefuse, refuse } from '../../core/oauth-error.ts'
import type { RuleSlug } from '../../core/rules.ts'
import { AuthorizationQuery } from '../../core/wire/authorization-request.ts'
import { seeOther } from '../answers.ts'
import { digestOf, newRowId, parseRequestUri } from '../artefacts.ts'
import type { Call } from '../call.ts'
import { pageEndpoint } from '../endpoint.ts'
import { currentSession, recogniseBrowser } from '../interaction/cookies.ts'
import { endWith } from '../interaction/decision.ts'
import { clientStillAllowed, interactionUrl, isSignedInFreshly } from '../interaction/pending.ts'
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
    }
    const opening = await server.store.requests.open(attempt, row)
    if (opening.outcome !== 'opened') return refuse(openingRules[opening.outcome])
    const { request } = opening
    call.note({ clientId: request.clientId })
    await clientStillAllowed(request, server)

    // prompt=none asks nobody: it ends here, one way or the other.
    if (request.request.prompt.includes('none')) {
      return endWith(await whyAskingIsNeeded(request, call, server), { interaction: row, request }, call, server)
    }
    return seeOther(interactionUrl(row.id, server), browser.cookies)
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

/** Every authorization is decided by the person, so without asking nothing can be allowed. OIDC Core §3.1.2.6. */
async function whyAskingIsNeeded(request: PushedRequest, call: Call<unknown>, server: Server): Promise<RuleSlug> {
  const session = await currentSession(call, server)
  return isSignedInFreshly(session, request, undefined, call.now) ? 'consent_required' : 'login_required'
}
