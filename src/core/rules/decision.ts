import type { Rule } from './rule.ts'

const asked = { error: 'invalid_request', at: ['decision'] } as const
const finishing = { error: 'invalid_request', at: ['interaction'], publicSlug: 'interaction_invalid' } as const

/** What the operator's own sign-in application may decide, and how the browser comes back with it. */
export const decisionRules = {
  interaction_api_not_allowed: {
    error: 'unauthorized_client',
    at: ['decision'],
    clause: 'RFC 6749 §5.2',
    rows: ['AS-AUTHZ-11', 'AS-AUTHZ-15'],
    attacks: ['ER-21'],
    event: 'consent.tampered',
    sentence: 'Only the sign-in application of the operator decides for people, where one is configured.',
    hint: 'Register the application with sign_in_app, and name its client_id in signIn.app.clientId.',
  },
  decision_malformed: {
    ...asked,
    clause: 'RFC 6749 §3.2; OIDC Core §2',
    rows: ['AS-AUTHZ-11', 'AS-OIDC-02'],
    attacks: ['ER-21', 'ER-22'],
    event: 'oauth.request.refused',
    sentence: 'The decision lacks something, or says something that cannot be.',
    hint: 'Send decision=deny; or decision=allow with subject, username, auth_time, acr and amr. See the parameter that is named.',
  },
  decision_made_before: {
    ...asked,
    clause: 'FAPI 2.0 SP §5.3.2.2 note 3',
    rows: ['AS-PAR-11', 'AS-AUTHZ-11'],
    attacks: ['ER-18', 'ER-21'],
    event: 'session.interaction.over',
    sentence: 'This interaction was decided before; the first decision stands.',
    hint: 'Decide once. To decide again, the person starts again at the application they came from.',
  },
  decision_too_old: {
    error: 'unmet_authentication_requirements',
    at: ['decision'],
    clause: 'OIDC Core §3.1.2.1',
    rows: ['AS-OIDC-04'],
    attacks: ['ER-22'],
    event: 'authn.freshness_unmet',
    sentence: 'The sign-in is older than the request, or the account, allows.',
    hint: 'Let the person sign in again, and send the auth_time of that.',
  },
  decision_missing: {
    ...finishing,
    clause: 'OIDC Core §3.1.2.3, §3.1.2.4',
    rows: ['AS-AUTHZ-15'],
    attacks: ['ER-19', 'ER-21'],
    event: 'session.interaction.over',
    sentence: 'Nobody has decided this interaction.',
    hint: 'Go back to the application and start again.',
  },
  decision_handle_invalid: {
    ...finishing,
    clause: 'RFC 6749 §10.12; RFC 9700 §4.7',
    rows: ['AS-AUTHZ-15'],
    attacks: ['ER-19', 'ER-17'],
    event: 'session.interaction.foreign',
    sentence: 'This browser does not hold the handle of the decision.',
    hint: 'Follow the address that the sign-in application redirects to.',
  },
  decision_over: {
    ...finishing,
    clause: 'FAPI 2.0 SP §5.3.2.2 note 3; RFC 6749 §10.12',
    rows: ['AS-PAR-11'],
    attacks: ['ER-18', 'ER-19'],
    event: 'session.interaction.over',
    sentence: 'The decision was used before, waited too long for its browser, or its application was suspended since.',
    hint: 'Go back to the application and start again.',
  },
  own_pages_off: {
    error: 'access_denied',
    at: ['interaction', 'account'],
    clause: 'OIDC Core §3.1.2.3',
    rows: ['AS-AUTHZ-11', 'AS-AUTHZ-15'],
    attacks: ['ER-19'],
    event: 'http.refused',
    sentence: 'People do not sign in on this page here.',
    hint: 'Start at the application you want to use; it leads to where you sign in.',
  },
} as const satisfies Record<string, Rule>
