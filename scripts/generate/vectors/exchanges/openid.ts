import { accepts, type Exchange, refuses } from './exchange.ts'

const claims = (value: object) => ({ set: { claims: JSON.stringify(value) } })
const about = (sub: string) => ({ sub: { value: sub } })
const bye = 'https://app.example/bye'
const passkey = { acr: { essential: true, value: 'urn:strongroom:acr:passkey' } }

/** Who is meant, and how they sign in. */
const requests: readonly Exchange[] = [
  ...accepts(
    ['push'],
    [
      {
        name: 'claims that are understood, and one that is not',
        change: claims({ id_token: { name: { essential: true }, address: null }, userinfo: { email: null } }),
      },
      { name: 'acr_values that nobody reaches', change: { set: { acr_values: 'urn:strongroom:acr:passkey' } } },
      { name: 'the same person named twice', change: claims({ id_token: about('a'), userinfo: about('a') }) },
    ],
  ),
  ...refuses(
    'claims_malformed',
    ['push'],
    [
      { name: 'no JSON', change: { set: { claims: 'name' } } },
      { name: 'an array', change: { set: { claims: '[]' } } },
      { name: 'a member twice', change: { set: { claims: '{"id_token":{},"id_token":{}}' } } },
      { name: 'a value of another type', change: { set: { claims: '{"id_token":{"acr":{"essential":"yes"}}}' } } },
    ],
  ),
  ...refuses(
    'requested_subjects_disagree',
    ['push'],
    [
      { name: 'two people', change: claims({ id_token: about('user-alice'), userinfo: about('user-bob') }) },
      { name: 'one of two people', change: claims({ id_token: { sub: { values: ['user-alice', 'user-bob'] } } }) },
    ],
  ),
  ...refuses(
    'id_token_hint_invalid',
    ['push', 'sign out', 'sign out by POST'],
    [{ name: 'no JWT', change: { set: { id_token_hint: 'x' } } }],
  ),
  ...refuses(
    'acr_unmet',
    ['open'],
    [
      { name: 'an essential acr that no sign-in reaches', given: { push: claims({ id_token: passkey }) } },
      {
        name: 'the same with prompt=none',
        given: { push: { set: { claims: JSON.stringify({ id_token: passkey }), prompt: 'none' } } },
      },
    ],
  ),
  ...refuses(
    'signed_in_as_another',
    ['open'],
    [
      {
        name: 'prompt=none, somebody else is signed in',
        given: {
          session: 'signed in',
          push: { set: { prompt: 'none', claims: JSON.stringify({ id_token: about('user-bob') }) } },
        },
      },
    ],
  ),
  ...refuses(
    'signed_in_as_another',
    ['sign in'],
    [{ name: 'another person than the named one', given: { push: claims({ id_token: about('user-bob') }) } }],
  ),
  ...refuses(
    'id_token_key_missing',
    ['redeem', 'refresh'],
    [
      {
        name: 'encryption is registered, and no key for it',
        meanwhile: [{ registration: { id_token_encrypted_response_alg: 'ECDH-ES' } }],
      },
    ],
  ),
]

/** Signing out. */
const logout: readonly Exchange[] = [
  ...accepts(
    ['sign out', 'sign out by POST'],
    [
      { name: 'as it is' },
      { name: 'with state', change: { set: { state: 'a state' } } },
      { name: 'with the client_id of the hint', change: { set: { client_id: 'client-a' } } },
      { name: 'after the hint has expired', meanwhile: [{ wait: 1000 }] },
    ],
  ),
  ...accepts(['confirm signing out'], [{ name: 'as it is' }]),
  ...refuses(
    'logout_client_mismatch',
    ['sign out', 'sign out by POST'],
    [
      { name: 'another client than that of the hint', change: { set: { client_id: 'client-b' } } },
      { name: 'a client nobody knows', change: { remove: ['id_token_hint'], set: { client_id: 'nobody' } } },
    ],
  ),
  ...refuses(
    'post_logout_redirect_uri_unregistered',
    ['sign out', 'sign out by POST'],
    [
      { name: 'another host', change: { set: { post_logout_redirect_uri: 'https://evil.example/' } } },
      { name: 'a query appended', change: { set: { post_logout_redirect_uri: `${bye}?x=1` } } },
      {
        name: 'the redirect URI of a sign-in',
        change: { set: { post_logout_redirect_uri: 'https://app.example/callback' } },
      },
      {
        name: 'no client that registered it',
        change: { remove: ['id_token_hint'], set: { post_logout_redirect_uri: bye } },
      },
    ],
  ),
  ...refuses(
    'csrf_token_invalid',
    ['confirm signing out'],
    [
      { name: 'no token', change: { remove: ['csrf'] } },
      { name: 'another token', change: { set: { csrf: 'x' } } },
      { name: 'the cookie of nobody', change: { headers: { remove: ['cookie'] } } },
    ],
  ),
  ...refuses(
    'post_from_another_site',
    ['confirm signing out'],
    [
      { name: 'another origin', change: { headers: { set: { origin: 'https://evil.example' } } } },
      { name: 'Sec-Fetch-Site says so', change: { headers: { set: { 'sec-fetch-site': 'cross-site' } } } },
    ],
  ),
  ...refuses(
    'state_unavailable',
    ['sign out', 'sign out by POST'],
    [{ name: 'the store cannot be reached', meanwhile: [{ state: 'unavailable' }] }],
  ),
]

/** What OpenID Connect adds: whom a request means, how they sign in, and how they sign out. */
export const openid: readonly Exchange[] = [...requests, ...logout]
