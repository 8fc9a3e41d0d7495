import { accepts, type Exchange, refuses } from './exchange.ts'

const month = 2_592_000
const fortnight = 1_209_600

/** What a refresh token is good for, and for whom. */
export const refresh: readonly Exchange[] = [
  ...accepts(
    ['refresh'],
    [
      { name: 'the same token again', meanwhile: [{ refresh: 'the token' }, { refresh: 'the token' }] },
      { name: 'with another key', change: { proof: { key: 'holder-es256' } } },
      { name: 'for one of the granted resources', change: { set: { resource: 'https://bank.example' } } },
      { name: 'in the last second without use', meanwhile: [{ wait: fortnight - 1 }] },
    ],
  ),
  ...accepts(['refresh'], [{ name: 'for less scope', change: { set: { scope: 'accounts' } } }], {
    members: { scope: 'accounts' },
  }),
  ...accepts(
    ['refresh'],
    [
      {
        name: 'what the client is not registered for any more falls away',
        meanwhile: [{ registration: { scope: ['openid', 'accounts', 'offline_access'] } }],
      },
    ],
    { members: { scope: 'openid accounts offline_access' } },
  ),
  ...refuses(
    'refresh_token_unknown',
    ['refresh'],
    [
      { name: 'a token nobody was given', change: { set: { refresh_token: `${'A'.repeat(22)}.${'A'.repeat(43)}` } } },
      { name: 'no token of ours', change: { set: { refresh_token: 'x' } } },
      { name: 'the secret half replaced', change: { set: { refresh_token: '{refresh token with another secret}' } } },
      { name: 'the code in place of the token', change: { set: { refresh_token: '{code}' } } },
    ],
  ),
  ...refuses('refresh_token_client_mismatch', ['refresh'], [{ name: 'another client', change: { by: 'client-b' } }]),
  ...refuses(
    'refresh_token_expired',
    ['refresh'],
    [
      { name: 'after two weeks without use', meanwhile: [{ wait: fortnight }] },
      {
        name: 'after thirty days, however often it was used',
        meanwhile: [
          { wait: month / 3 },
          { refresh: 'the token' },
          { wait: month / 3 },
          { refresh: 'the token' },
          { wait: month / 3 },
        ],
      },
    ],
  ),
  ...refuses(
    'refresh_token_grant_revoked',
    ['refresh'],
    [
      { name: 'the person was locked', meanwhile: [{ user: 'locked' }] },
      { name: 'the code was redeemed twice', meanwhile: [{ redeem: 'the code' }] },
      { name: 'the client revoked it', meanwhile: [{ revoke: 'the token' }] },
    ],
  ),
  ...refuses(
    'refresh_scope_not_granted',
    ['refresh'],
    [
      { name: 'another scope', change: { set: { scope: 'payments' } } },
      { name: 'one scope more', change: { set: { scope: 'openid profile accounts payments offline_access' } } },
    ],
  ),
  ...refuses(
    'scope_not_allowed',
    ['refresh'],
    [
      {
        name: 'a scope the client is not registered for any more',
        meanwhile: [{ registration: { scope: ['openid', 'offline_access'] } }],
        change: { set: { scope: 'accounts' } },
      },
      { name: 'a scope that nobody would accept a token of', change: { set: { scope: 'profile' } } },
    ],
  ),
  ...refuses(
    'resource_not_allowed',
    ['refresh'],
    [{ name: 'a resource that was not granted', change: { set: { resource: 'https://archive.example/v1' } } }],
  ),
  ...refuses(
    'grant_type_not_registered',
    ['refresh'],
    [
      {
        name: 'a client that lost this grant',
        meanwhile: [{ registration: { grant_types: ['authorization_code'] } }],
      },
    ],
  ),
  ...refuses(
    'scope_not_allowed',
    ['push'],
    [
      {
        name: 'offline_access for a client without the refresh token grant',
        given: { registration: { grant_types: ['authorization_code'] } },
        change: { set: { scope: 'openid accounts offline_access' } },
      },
    ],
  ),
]
