import type { Rule } from './rule.ts'

const unusable = {
  error: 'invalid_grant',
  at: ['token'],
  publicSlug: 'refresh_token_not_usable',
  event: 'oauth.refresh.unknown',
} as const

/** Refresh tokens: bound to their client, checked again at each use. */
export const refreshRules = {
  refresh_token_unknown: {
    ...unusable,
    clause: 'RFC 6749 §5.2, §6; FAPI 2.0 SP §5.4.1-4',
    rows: ['AS-RT-06', 'KEY-04'],
    attacks: ['SK-55', 'SK-50'],
    sentence: 'There is no such refresh token.',
    hint: 'Send the refresh token exactly as it was issued.',
  },
  refresh_token_client_mismatch: {
    ...unusable,
    event: 'oauth.refresh.client_mismatch',
    clause: 'RFC 6749 §6, §10.4',
    rows: ['AS-RT-01'],
    attacks: ['SK-50'],
    sentence: 'The refresh token was issued to another client.',
    hint: 'Use a refresh token as the client it was issued to.',
  },
  refresh_token_expired: {
    ...unusable,
    clause: 'RFC 9700 §4.14.2',
    rows: ['AS-RT-06'],
    attacks: ['SK-51'],
    sentence: 'The refresh token has expired, or was not used for too long.',
    hint: 'Start a new authorization.',
  },
  refresh_token_grant_revoked: {
    ...unusable,
    event: 'oauth.grant.dead_subject',
    clause: 'FAPI 2.0 SP §6.8-4; RFC 9700 §4.14.2',
    rows: ['AS-RT-06', 'OPS-05'],
    attacks: ['SK-51', 'ER-27'],
    sentence: 'What the person allowed was revoked, or the person or client was locked.',
    hint: 'Start a new authorization.',
  },
  refresh_scope_not_granted: {
    error: 'invalid_scope',
    at: ['token'],
    event: 'oauth.refresh.upgrade_attempt',
    clause: 'RFC 6749 §6',
    rows: ['AS-RT-05'],
    attacks: ['SK-50', 'SK-48'],
    sentence: 'A scope was not part of what the person allowed.',
    hint: 'Ask for less than was granted, or leave out scope; start a new authorization for more.',
  },
} as const satisfies Record<string, Rule>
