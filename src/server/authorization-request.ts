import type { ClientRecord } from '../core/client.ts'
import { type AuthorizationRequest, noRequestedClaims } from '../core/flow.ts'
import { verifyIdTokenHint } from '../core/id-token.ts'
import { jwkThumbprint, registeredRedirectUri, subject, type Subject } from '../core/names.ts'
import { orRefuse, refuse } from '../core/oauth-error.ts'
import { parseCodeChallenge } from '../core/pkce.ts'
import type { PushedParameters } from '../core/wire/authorization-request.ts'
import { type ParsedClaims, parseRequestedClaims } from '../core/wire/requested-claims.ts'
import { agreeOnReach, scopesOpenTo } from './catalogue.ts'
import { allowedClaims } from './claims.ts'
import { namedDetails } from './details.ts'
import type { Server } from './server.ts'

/**
 * What a client pushed, held against its registration and the profile. The whole request is judged here, so that
 * nothing can fail later for a reason that was visible now. RFC 9126 §2.1; FAPI 2.0 SP §5.3.2.2.
 * @throws OAuthError of the authorization rules, and those of OpenID Connect
 */
export async function checkAuthorizationRequest(
  pushed: PushedParameters,
  client: ClientRecord,
  server: Server,
): Promise<AuthorizationRequest> {
  if (pushed.requestUri !== undefined) refuse('request_uri_in_push')
  if (pushed.request !== undefined) refuse('request_object_unsupported')
  if (!client.grantTypes.includes('authorization_code')) refuse('grant_type_not_registered')
  checkResponse(pushed)
  const redirectUri =
    registeredRedirectUri(required(pushed.redirectUri, 'redirect_uri'), client, server.issuer) ??
    refuse('redirect_uri_unregistered')
  const codeChallenge = parseCodeChallenge(pushed.codeChallenge, pushed.codeChallengeMethod)
  const details = namedDetails(pushed, client, server) ?? []
  // Details say all there is to allow. RFC 9396 §3.
  const scope = details.length === 0 ? required(pushed.scope, 'scope') : (pushed.scope ?? [])
  const reach = agreeOnReach({ scope, details, resources: pushed.resources }, scopesOpenTo(client), server.catalogue)
  const { claims, subjects } = claimsOf(pushed)
  const { state, nonce, prompt, maxAge, acrValues, loginHint, dpopJkt } = pushed
  return {
    redirectUri,
    ...reach,
    codeChallenge,
    state,
    nonce,
    prompt: prompt ?? [],
    maxAge: maxAge ?? client.defaultMaxAge,
    loginHint,
    dpopJkt: dpopJkt === undefined ? undefined : jwkThumbprint(dpopJkt),
    acrValues: acrValues ?? [],
    claims: allowedClaims(claims, client),
    hintedSubject: theOneSubject(subjects, await hintedSubject(pushed, client, server)),
    uiLocales: pushed.uiLocales ?? [],
  }
}

function checkResponse({ responseType, responseMode }: PushedParameters): void {
  if (required(responseType, 'response_type') !== 'code') {
    refuse('response_type_unsupported', { expected: { response_type: 'code' } })
  }
  if (responseMode !== undefined && responseMode !== 'query') refuse('response_mode_unsupported')
}

function claimsOf({ claims }: PushedParameters): ParsedClaims {
  if (claims === undefined) return { claims: noRequestedClaims, subjects: [] }
  return orRefuse('claims_malformed', () => parseRequestedClaims(claims))
}

/** Whom the hint names, as this client knows the person. */
async function hintedSubject(
  { idTokenHint }: PushedParameters,
  client: ClientRecord,
  { issuer, keys, verify }: Server,
): Promise<Subject | undefined> {
  if (idTokenHint === undefined) return undefined
  const hint = await verifyIdTokenHint(idTokenHint, { issuer, keys: keys.published() }, verify)
  return hint.audience === client.clientId ? hint.subject : refuse('id_token_hint_invalid')
}

/** Nobody is two people: what the request says of whom it is about must be one and the same. OIDC Core §5.5.1. */
function theOneSubject(named: readonly string[], hinted: Subject | undefined): Subject | undefined {
  const [first, ...others] = new Set([...named, ...(hinted === undefined ? [] : [hinted])])
  if (others.length > 0) refuse('requested_subjects_disagree')
  return first === undefined ? undefined : orRefuse('claims_malformed', () => subject(first))
}

function required<T>(value: T | undefined, parameter: string): T {
  return value ?? refuse('parameter_missing', { expected: { parameter } })
}
