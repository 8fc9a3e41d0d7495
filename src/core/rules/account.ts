import type { Rule } from './rule.ts'

const notOwn = { error: 'invalid_request', status: 404, at: ['account'], event: 'http.refused' } as const

/** What people see and change of their own account. */
export const accountRules = {
  account_sign_in_needed: {
    error: 'access_denied',
    at: ['account'],
    clause: 'RFC 6749 §10.12; OIDC Core §3.1.2.3',
    rows: ['AS-AUTHZ-15', 'AS-OIDC-04'],
    attacks: ['ER-19', 'ER-22'],
    event: 'authn.freshness_unmet',
    sentence: 'Nobody is signed in with this browser any more, so nothing was changed.',
    hint: 'Sign in and try again.',
  },
  grant_unknown: {
    ...notOwn,
    clause: 'RFC 6749 §10.2; RFC 9700 §4.14.2',
    rows: ['AS-RT-06', 'OPS-05'],
    attacks: ['LV-33'],
    sentence: 'This is nothing that the person allows anybody now.',
    hint: 'Reload the page: it may have ended already.',
  },
  session_unknown: {
    ...notOwn,
    clause: 'OIDC RP-Initiated Logout §2',
    rows: ['AS-AUTHZ-15', 'OPS-05'],
    attacks: ['LV-33', 'ER-19'],
    sentence: 'This is no sign-in of the person that still counts.',
    hint: 'Reload the page: it may be over already.',
  },
} as const satisfies Record<string, Rule>
