import type { AuthorizationRequest, ClientRecord } from '../core/flow.ts'
import { jwkThumbprint, registeredRedirectUri } from '../core/names.ts'
import { refuse } from '../core/oauth-error.ts'
import { parseCodeChallenge } from '../core/pkce.ts'
import type { PushedParameters } from '../core/wire/authorization-request.ts'
import { agreeOnReach } from './catalogue.ts'
import type { Server } from './server.ts'

/**
 * What a client pushed, held against its registration and the profile. The whole request is judged here, so that
 * nothing can fail later for a reason that was visible now. RFC 9126 §2.1; FAPI 2.0 SP §5.3.2.2.
 * @throws OAuthError of the authorization rules
 */
export function checkAuthorizationRequest(
  pushed: PushedParameters,
  client: ClientRecord,
  { issuer, catalogue }: Pick<Server, 'issuer' | 'catalogue'>,
): AuthorizationRequest {
  if (pushed.requestUri !== undefined) refuse('request_uri_in_push')
  if (pushed.request !== undefined) refuse('request_object_unsupported')
  if (!client.grantTypes.includes('authorization_code')) refuse('grant_type_not_registered')
  checkResponse(pushed)
  const redirectUri =
    registeredRedirectUri(required(pushed.redirectUri, 'redirect_uri'), client, issuer) ??
    refuse('redirect_uri_unregistered')
  const codeChallenge = parseCodeChallenge(pushed.codeChallenge, pushed.codeChallengeMethod)
  const scope = required(pushed.scope, 'scope')
  const { state, nonce, prompt, maxAge, loginHint, dpopJkt } = pushed
  return {
    redirectUri,
    ...agreeOnReach({ scope, resources: pushed.resources }, client.scope, catalogue),
    codeChallenge,
    state,
    nonce,
    prompt: prompt ?? [],
    maxAge,
    loginHint,
    dpopJkt: dpopJkt === undefined ? undefined : jwkThumbprint(dpopJkt),
  }
}

function checkResponse({ responseType, responseMode }: PushedParameters): void {
  if (required(responseType, 'response_type') !== 'code') {
    refuse('response_type_unsupported', { expected: { response_type: 'code' } })
  }
  if (responseMode !== undefined && responseMode !== 'query') refuse('response_mode_unsupported')
}

function required<T>(value: T | undefined, parameter: string): T {
  return value ?? refuse('parameter_missing', { expected: { parameter } })
}
