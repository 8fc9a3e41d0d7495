import { accepts, type Base, type Exchange, refuses } from './exchange.ts'

const inactive = { exactly: { active: false } }
const bound = { jkt: '{thumbprint of holder-ed25519}' }

/** What a resource server is told of a token, and what nobody is told. */
export const introspection: readonly Exchange[] = [
  ...accepts(
    ['introspect'],
    [
      { name: 'as it is' },
      { name: 'a hint that is wrong', change: { set: { token_type_hint: 'refresh_token' } } },
      { name: 'a header field DPoP that is no proof', change: { headers: { set: { dpop: 'not a jwt' } } } },
      { name: 'in the last second of the token', meanwhile: [{ wait: 299 }] },
    ],
    {
      members: {
        active: true,
        iss: 'https://as.example',
        aud: 'https://bank.example',
        sub: 'user-alice',
        client_id: 'client-a',
        scope: 'accounts',
        token_type: 'DPoP',
        cnf: bound,
      },
    },
  ),
  ...accepts(
    ['introspect'],
    [
      { name: 'by a client', change: { by: 'client-b' } },
      { name: 'by a client with a certificate', change: { by: 'client-m' } },
      { name: 'a refresh token', change: { set: { token: '{refresh token}' } } },
      { name: 'an ID token', change: { set: { token: '{id token}' } } },
      { name: 'a code', change: { set: { token: '{code}' } } },
      { name: 'no token at all', change: { set: { token: 'x' } } },
      { name: 'a token for another resource', change: { set: { token: '{token for the archive}' } } },
      { name: 'an expired token', meanwhile: [{ wait: 300 }] },
      { name: 'a revoked token', meanwhile: [{ revoke: 'the token' }] },
      { name: 'the person was locked', meanwhile: [{ user: 'locked' }] },
      { name: 'its code was redeemed twice', meanwhile: [{ redeem: 'the code' }] },
    ],
    inactive,
  ),
  ...refuses(
    'state_unavailable',
    ['introspect'],
    [{ name: 'the store cannot be reached', meanwhile: [{ state: 'unavailable' }] }],
  ),
]

const both: readonly Base[] = ['revoke', 'revoke an access token']

/** Which tokens a client may end. */
export const revocation: readonly Exchange[] = [
  ...accepts(both, [
    { name: 'as it is' },
    { name: 'a hint that is wrong', change: { set: { token_type_hint: 'id_token' } } },
    { name: 'again', meanwhile: [{ revoke: 'the token' }] },
    { name: 'a header field DPoP that is no proof', change: { headers: { set: { dpop: 'not a jwt' } } } },
  ]),
  ...accepts(
    ['revoke'],
    [
      { name: 'a token nobody was given', change: { set: { token: `${'A'.repeat(22)}.${'A'.repeat(43)}` } } },
      { name: 'no token at all', change: { set: { token: 'x' } } },
      { name: 'the secret half replaced', change: { set: { token: '{refresh token with another secret}' } } },
    ],
  ),
  ...accepts(['revoke an access token'], [{ name: 'an expired token', meanwhile: [{ wait: 300 }] }]),
  ...refuses('token_of_another_client', both, [{ name: 'another client', change: { by: 'client-b' } }]),
  ...refuses(
    'token_type_not_revocable',
    ['revoke'],
    [
      { name: 'an ID token', change: { set: { token: '{id token}' } } },
      { name: 'an ID token, by another client', change: { by: 'client-b', set: { token: '{id token}' } } },
    ],
  ),
  ...refuses('state_unavailable', both, [
    { name: 'the store cannot be reached', meanwhile: [{ state: 'unavailable' }] },
  ]),
]
