import * as v from 'valibot'
import { type Prompt, prompts } from '../flow.ts'
import { profile } from '../profile.ts'
import { printable, resources, spaceSeparated, visible } from './form.ts'

const prompt = v.optional(
  v.pipe(
    v.string(),
    v.transform((text): readonly string[] => [...new Set(text.split(' '))]),
    v.check((values) => values.every((value) => prompts.some((known) => known === value))),
    // prompt=none stands alone. OIDC Core §3.1.2.1.
    v.check((values) => !values.includes('none') || values.length === 1),
    v.transform((values): readonly Prompt[] => prompts.filter((known) => values.includes(known))),
  ),
  undefined,
)

const maxAge = v.optional(v.pipe(v.string(), v.regex(/^\d{1,9}$/), v.transform(Number)))

/** A pushed authorization request. RFC 9126 §2.1; RFC 6749 §4.1.1; RFC 7636 §4.3; OIDC Core §3.1.2.1. */
export const PushedAuthorizationRequest = v.pipe(
  v.object({
    response_type: visible(),
    response_mode: visible(),
    redirect_uri: printable(2048),
    scope: spaceSeparated(),
    state: visible(profile.stateCharacters),
    nonce: visible(profile.nonceCharacters),
    code_challenge: visible(),
    code_challenge_method: visible(),
    dpop_jkt: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/))),
    prompt,
    max_age: maxAge,
    acr_values: spaceSeparated(),
    claims: v.optional(v.string()),
    id_token_hint: v.optional(v.string()),
    login_hint: printable(256),
    ui_locales: spaceSeparated(),
    resource: resources(),
    authorization_details: v.optional(v.string()),
    request: v.optional(v.string()),
    request_uri: v.optional(v.string()),
  }),
  v.transform((wire) => ({
    responseType: wire.response_type,
    responseMode: wire.response_mode,
    redirectUri: wire.redirect_uri,
    scope: wire.scope,
    state: wire.state,
    nonce: wire.nonce,
    codeChallenge: wire.code_challenge,
    codeChallengeMethod: wire.code_challenge_method,
    dpopJkt: wire.dpop_jkt,
    prompt: wire.prompt,
    maxAge: wire.max_age,
    acrValues: wire.acr_values,
    claims: wire.claims,
    idTokenHint: wire.id_token_hint,
    loginHint: wire.login_hint,
    uiLocales: wire.ui_locales,
    resources: wire.resource,
    authorizationDetails: wire.authorization_details,
    request: wire.request,
    requestUri: wire.request_uri,
  })),
)

/** What was pushed, in our words, not yet checked against anything. */
export type PushedParameters = v.InferOutput<typeof PushedAuthorizationRequest>

/** What the browser brings: nothing but a reference is read. RFC 9126 §4. */
export const AuthorizationQuery = v.pipe(
  v.object({ client_id: visible(256), request_uri: printable(2048), request: v.optional(v.string()) }),
  v.transform((wire) => ({ clientId: wire.client_id, requestUri: wire.request_uri, request: wire.request })),
)
