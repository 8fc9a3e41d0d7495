import { accepts, type Base, type Exchange, refuses } from './exchange.ts'

const grants: readonly Base[] = ['client credentials', 'redeem', 'refresh']

/** What a grant needs before tokens leave. */
export const token: readonly Exchange[] = [
  ...accepts(grants, [{ name: 'as it is' }]),
  ...accepts(
    ['redeem'],
    [
      { name: 'in the last second of the code', meanwhile: [{ wait: 59 }] },
      { name: 'for one of the granted resources', change: { set: { resource: 'https://bank.example' } } },
      {
        name: 'with any key, where the push named none',
        given: { push: { proof: null } },
        change: { proof: { key: 'holder-es256' } },
      },
    ],
  ),
  ...accepts(
    ['client credentials'],
    [
      { name: 'without a scope', change: { remove: ['scope'] } },
      { name: 'for one resource', change: { set: { resource: 'https://bank.example' } } },
    ],
  ),
  ...refuses(
    'grant_type_unsupported',
    ['client credentials'],
    [
      { name: 'implicit', change: { set: { grant_type: 'implicit' } } },
      { name: 'password', change: { set: { grant_type: 'password', username: 'alice', password: 'correct horse' } } },
      { name: 'the JWT bearer grant', change: { set: { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer' } } },
      { name: 'token exchange', change: { set: { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange' } } },
    ],
  ),
  ...refuses(
    'grant_type_not_registered',
    ['client credentials'],
    [{ name: 'a client without this grant', given: { registration: { grant_types: ['authorization_code'] } } }],
  ),
  ...refuses(
    'scope_not_allowed',
    ['client credentials'],
    [
      { name: 'a scope nobody knows', change: { set: { scope: 'everything' } } },
      { name: 'a scope the client is not registered for', given: { registration: { scope: ['payments'] } } },
    ],
  ),
  ...refuses(
    'resource_not_allowed',
    ['client credentials'],
    [
      { name: 'a resource nobody knows', change: { set: { resource: 'https://evil.example' } } },
      { name: 'a resource nothing is asked of', change: { set: { resource: 'https://archive.example/v1' } } },
    ],
  ),
  ...refuses(
    'resource_not_allowed',
    ['redeem'],
    [{ name: 'a resource that was not granted', change: { set: { resource: 'https://archive.example/v1' } } }],
  ),
  ...refuses(
    'openid_without_person',
    ['client credentials'],
    [
      { name: 'openid', change: { set: { scope: 'openid accounts' } } },
      { name: 'email', change: { set: { scope: 'email' } } },
    ],
  ),
  ...refuses(
    'code_unknown',
    ['redeem'],
    [
      { name: 'a code nobody was given', change: { set: { code: `${'A'.repeat(22)}.${'A'.repeat(43)}` } } },
      { name: 'no code of ours', change: { set: { code: 'x' } } },
      { name: 'the secret half replaced', change: { set: { code: '{code with another secret}' } } },
      { name: 'the request_uri in place of the code', change: { set: { code: '{handle of the request_uri}' } } },
    ],
  ),
  ...refuses('code_expired', ['redeem'], [{ name: 'after a minute', meanwhile: [{ wait: 60 }] }]),
  ...refuses(
    'code_replayed',
    ['redeem'],
    [
      { name: 'used before', meanwhile: [{ redeem: 'the code' }] },
      {
        name: 'used before, and its owner errs too',
        meanwhile: [{ redeem: 'the code' }],
        change: { remove: ['code_verifier'] },
      },
      { name: 'used before, by another client now', meanwhile: [{ redeem: 'the code' }], change: { by: 'client-b' } },
    ],
  ),
  ...refuses('code_client_mismatch', ['redeem'], [{ name: 'another client', change: { by: 'client-b' } }]),
  ...refuses(
    'code_redirect_uri_mismatch',
    ['redeem'],
    [
      { name: 'another redirect_uri', change: { set: { redirect_uri: 'https://app.example/other' } } },
      { name: 'no redirect_uri', change: { remove: ['redirect_uri'] } },
    ],
  ),
  ...refuses(
    'code_verifier_mismatch',
    ['redeem'],
    [
      { name: 'another verifier', change: { set: { code_verifier: 'a'.repeat(43) } } },
      { name: 'the challenge in place of the verifier', change: { set: { code_verifier: '{code_challenge}' } } },
    ],
  ),
  ...refuses(
    'code_verifier_malformed',
    ['redeem'],
    [
      { name: 'no verifier', change: { remove: ['code_verifier'] } },
      { name: '42 characters', change: { set: { code_verifier: 'a'.repeat(42) } } },
    ],
  ),
  ...refuses(
    'code_key_mismatch',
    ['redeem'],
    [
      { name: 'another key than the push proved', change: { proof: { key: 'thief-ed25519' } } },
      {
        name: 'another key than the push named',
        given: { push: { proof: null, set: { dpop_jkt: '{thumbprint of holder-es256}' } } },
      },
    ],
  ),
  ...refuses('code_grant_revoked', ['redeem'], [{ name: 'the person was locked', meanwhile: [{ user: 'locked' }] }]),
  ...refuses('state_unavailable', grants, [
    { name: 'the store cannot be reached', meanwhile: [{ state: 'unavailable' }] },
  ]),
]
