import type { Rule } from './rule.ts'

const atPush = { error: 'invalid_request', at: ['par'], event: 'oauth.request.refused' } as const
const atLogout = { error: 'invalid_request', at: ['logout'], event: 'oauth.request.refused' } as const

/** OpenID Connect: how freshly, as whom and in which way a person is signed in, and signing out. */
export const openidRules = {
  claims_malformed: {
    ...atPush,
    clause: 'OIDC Core §5.5',
    rows: ['AS-OIDC-05'],
    attacks: ['ER-32'],
    sentence: 'The claims parameter is not a JSON object of the form that OpenID Connect defines.',
    hint: 'Send one JSON object with the members id_token and userinfo, each member once.',
  },
  requested_subjects_disagree: {
    ...atPush,
    clause: 'OIDC Core §3.1.2.1, §5.5.1',
    rows: ['AS-OIDC-06'],
    attacks: ['ER-22', 'ER-32'],
    sentence: 'The request names more than one person.',
    hint: 'Name the same sub in id_token_hint and in claims, or leave one of them out.',
  },
  id_token_hint_invalid: {
    ...atPush,
    at: ['par', 'logout'],
    clause: 'OIDC Core §3.1.2.1; OIDC RP-Initiated Logout §2',
    rows: ['AS-OIDC-06', 'AS-OIDC-09'],
    attacks: ['ER-22', 'SK-11', 'SK-26'],
    sentence: 'The id_token_hint is not an ID token that this server issued to the client.',
    hint: 'Send the last ID token the client received, decrypted where it was encrypted, or leave it out.',
  },
  acr_unmet: {
    error: 'unmet_authentication_requirements',
    at: ['authorization', 'decision'],
    clause: 'OIDC Core §5.5.1.1; OIDC Unmet Authentication Requirements §2',
    rows: ['AS-OIDC-05'],
    attacks: ['ER-22'],
    event: 'authn.freshness_unmet',
    sentence: 'No sign-in at this server reaches the authentication context that the request demands.',
    hint: 'Demand one of acr_values_supported of the metadata document.',
  },
  signed_in_as_another: {
    error: 'login_required',
    at: ['authorization', 'interaction', 'decision'],
    clause: 'OIDC Core §3.1.2.1, §5.5.1',
    rows: ['AS-OIDC-06'],
    attacks: ['ER-22'],
    event: 'authn.freshness_unmet',
    sentence: 'Somebody else signed in than the person the request names.',
    hint: 'Start again without id_token_hint, or let that person sign in.',
  },
  id_token_key_missing: {
    error: 'unauthorized_client',
    at: ['token'],
    clause: 'OIDC Core §10.2; RFC 8725 §3.4',
    rows: ['KEY-10'],
    attacks: ['LV-12'],
    event: 'oauth.request.refused',
    sentence: 'ID tokens of this client are to be encrypted, and it has no usable key for that.',
    hint: 'Publish a key with use enc that fits the registered algorithm.',
  },
  logout_client_mismatch: {
    ...atLogout,
    clause: 'OIDC RP-Initiated Logout §2',
    rows: ['AS-OIDC-09'],
    attacks: ['ER-12'],
    sentence: 'The client_id is unknown here, or the ID token was issued to another client.',
    hint: 'Send the client_id the ID token was issued to, or leave it out.',
  },
  post_logout_redirect_uri_unregistered: {
    ...atLogout,
    clause: 'OIDC RP-Initiated Logout §3',
    rows: ['AS-OIDC-09'],
    attacks: ['ER-12'],
    sentence: 'The post_logout_redirect_uri is not one that is registered for the client.',
    hint: 'Send a registered URI, byte for byte, with id_token_hint or client_id.',
  },
} as const satisfies Record<string, Rule>
