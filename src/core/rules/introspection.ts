import type { Rule } from './rule.ts'

/** Introspection and revocation: nobody learns of, or ends, what is not theirs. */
export const introspectionRules = {
  token_of_another_client: {
    error: 'invalid_grant',
    at: ['revocation'],
    event: 'token.introspection.foreign',
    clause: 'RFC 7009 §2.1',
    rows: ['AS-REV-02'],
    attacks: ['SK-52'],
    sentence: 'The token was issued to another client and still works.',
    hint: 'Revoke a token as the client it was issued to.',
  },
  token_type_not_revocable: {
    error: 'unsupported_token_type',
    at: ['revocation'],
    event: 'oauth.request.refused',
    clause: 'RFC 7009 §2.2.1',
    rows: ['AS-REV-04'],
    attacks: ['SK-52'],
    sentence: 'This kind of token cannot be revoked.',
    hint: 'Revoke the refresh token or the access token.',
  },
} as const satisfies Record<string, Rule>
