import { accepts, type Exchange, refuses } from './exchange.ts'

const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const redirect = 'https://app.example/callback'

/** What may be pushed. */
export const pushed: readonly Exchange[] = [
  ...accepts(
    ['push'],
    [
      { name: 'as it is' },
      { name: 'without a proof', change: { proof: null } },
      {
        name: 'with dpop_jkt and no proof',
        change: { proof: null, set: { dpop_jkt: '{thumbprint of holder-ed25519}' } },
      },
      {
        name: 'with dpop_jkt and a proof of the same key',
        change: { set: { dpop_jkt: '{thumbprint of holder-ed25519}' } },
      },
      { name: 'a nonce of 64 characters', change: { set: { nonce: 'n'.repeat(64) } } },
      { name: 'without state', change: { remove: ['state'] } },
      { name: 'a state of 2000 characters', change: { set: { state: 's'.repeat(2000) } } },
      { name: 'another order of the scopes', change: { set: { scope: 'accounts profile openid' } } },
      { name: 'without openid', change: { set: { scope: 'accounts' }, remove: ['nonce'] } },
      { name: 'response_mode=query', change: { set: { response_mode: 'query' } } },
      {
        name: 'the resources of the scopes',
        change: {
          set: { scope: 'accounts archive' },
          append: [
            ['resource', 'https://bank.example'],
            ['resource', 'https://archive.example/v1'],
          ],
        },
      },
      { name: 'resource asked for again', change: { set: { resource: 'https://bank.example' } } },
    ],
  ),
  ...refuses(
    'request_uri_in_push',
    ['push'],
    [{ name: 'a request_uri', change: { set: { request_uri: 'urn:ietf:params:oauth:request_uri:x' } } }],
  ),
  ...refuses(
    'request_object_unsupported',
    ['push'],
    [{ name: 'a request object', change: { set: { request: 'e30.e30.' } } }],
  ),
  ...refuses(
    'redirect_uri_unregistered',
    ['push'],
    [
      { name: 'another host', change: { set: { redirect_uri: 'https://evil.example/callback' } } },
      { name: 'a slash at the end', change: { set: { redirect_uri: `${redirect}/` } } },
      { name: 'a query appended', change: { set: { redirect_uri: `${redirect}?x=1` } } },
      { name: 'a loopback port', change: { set: { redirect_uri: 'http://127.0.0.1:5000/callback' } } },
    ],
  ),
  ...refuses(
    'response_type_unsupported',
    ['push'],
    [
      { name: 'code id_token', change: { set: { response_type: 'code id_token' } } },
      { name: 'token', change: { set: { response_type: 'token' } } },
      { name: 'none', change: { set: { response_type: 'none' } } },
    ],
  ),
  ...refuses(
    'response_mode_unsupported',
    ['push'],
    [
      { name: 'fragment', change: { set: { response_mode: 'fragment' } } },
      { name: 'form_post', change: { set: { response_mode: 'form_post' } } },
    ],
  ),
  ...refuses(
    'code_challenge_missing',
    ['push'],
    [
      { name: 'no challenge', change: { remove: ['code_challenge'] } },
      { name: 'no PKCE at all', change: { remove: ['code_challenge', 'code_challenge_method'] } },
    ],
  ),
  ...refuses(
    'code_challenge_method_unsupported',
    ['push'],
    [
      { name: 'plain', change: { set: { code_challenge_method: 'plain' } } },
      { name: 'no method', change: { remove: ['code_challenge_method'] } },
    ],
  ),
  ...refuses(
    'code_challenge_malformed',
    ['push'],
    [
      { name: '42 characters', change: { set: { code_challenge: challenge.slice(1) } } },
      { name: 'padding', change: { set: { code_challenge: `${challenge}=` } } },
    ],
  ),
  ...refuses(
    'scope_not_allowed',
    ['push'],
    [
      { name: 'a scope nobody knows', change: { set: { scope: 'openid everything' } } },
      {
        name: 'a scope the client is not registered for',
        given: { registration: { scope: ['openid', 'profile'] } },
      },
      { name: 'a scope that nobody would accept a token of', change: { set: { scope: 'profile' } } },
    ],
  ),
  ...refuses(
    'resource_not_allowed',
    ['push'],
    [
      { name: 'a resource nobody knows', change: { set: { resource: 'https://evil.example' } } },
      { name: 'a resource nothing is asked of', change: { set: { resource: 'https://archive.example/v1' } } },
    ],
  ),
  ...refuses(
    'grant_type_not_registered',
    ['push'],
    [
      {
        name: 'a client without the authorization code grant',
        given: { registration: { grant_types: ['client_credentials'] } },
      },
    ],
  ),
  ...refuses(
    'state_unavailable',
    ['push'],
    [{ name: 'the store cannot be reached', meanwhile: [{ state: 'unavailable' }] }],
  ),
]

const urn = 'urn:ietf:params:oauth:request_uri:'
const unknownHandle = `${'A'.repeat(22)}.${'A'.repeat(43)}`

/** How a pushed request is opened. */
export const opened: readonly Exchange[] = [
  ...accepts(
    ['open'],
    [
      { name: 'as it is' },
      { name: 'opened before and not completed', meanwhile: [{ open: 'again' }, { open: 'again' }] },
      {
        name: 'parameters beside the request_uri are not read',
        change: { set: { scope: 'payments', redirect_uri: 'https://evil.example/' } },
      },
      { name: 'in the last second of its life', meanwhile: [{ wait: 89 }] },
    ],
  ),
  ...refuses(
    'authorization_not_pushed',
    ['open'],
    [
      {
        name: 'parameters in place of a request_uri',
        change: {
          remove: ['request_uri'],
          set: {
            response_type: 'code',
            redirect_uri: redirect,
            scope: 'openid',
            code_challenge: challenge,
            code_challenge_method: 'S256',
          },
        },
      },
      { name: 'a request object', change: { remove: ['request_uri'], set: { request: 'e30.e30.' } } },
      { name: 'a request object beside the request_uri', change: { set: { request: 'e30.e30.' } } },
    ],
  ),
  ...refuses(
    'request_uri_foreign',
    ['open'],
    [
      { name: 'a URL', change: { set: { request_uri: 'https://evil.example/request.jwt' } } },
      { name: 'an address of the machine', change: { set: { request_uri: 'http://169.254.169.254/latest' } } },
      { name: 'another URN', change: { set: { request_uri: `urn:example:${unknownHandle}` } } },
    ],
  ),
  ...refuses(
    'request_uri_unknown',
    ['open'],
    [
      { name: 'a name nobody was given', change: { set: { request_uri: urn + unknownHandle } } },
      { name: 'no name of ours', change: { set: { request_uri: `${urn}x` } } },
      { name: 'the secret half replaced', change: { set: { request_uri: '{request_uri with another secret}' } } },
    ],
  ),
  ...refuses('request_uri_expired', ['open'], [{ name: 'after expires_in', meanwhile: [{ wait: 90 }] }]),
  ...refuses(
    'request_uri_spent',
    ['open'],
    [
      { name: 'after it was allowed', meanwhile: [{ complete: 'allow' }] },
      { name: 'after it was denied', meanwhile: [{ complete: 'deny' }] },
    ],
  ),
  ...refuses(
    'request_uri_client_mismatch',
    ['open'],
    [
      { name: 'another client', change: { set: { client_id: 'client-b' } } },
      { name: 'a client nobody knows', change: { set: { client_id: 'nobody' } } },
    ],
  ),
  ...refuses(
    'request_no_longer_allowed',
    ['open'],
    [
      { name: 'the client was suspended', meanwhile: [{ registration: { status: 'suspended' } }] },
      {
        name: 'its redirect URI changed',
        meanwhile: [{ registration: { redirect_uris: ['https://app.example/other'] } }],
      },
      { name: 'its scopes were narrowed', meanwhile: [{ registration: { scope: ['openid'] } }] },
      { name: 'it lost the grant type', meanwhile: [{ registration: { grant_types: ['client_credentials'] } }] },
    ],
  ),
  ...refuses(
    'login_required',
    ['open'],
    [
      { name: 'prompt=none, nobody is signed in', given: { push: { set: { prompt: 'none' } } } },
      {
        name: 'prompt=none, signed in too long ago',
        given: { session: 'signed in', push: { set: { prompt: 'none', max_age: '10' } } },
        meanwhile: [{ wait: 11 }],
      },
    ],
  ),
  ...refuses(
    'consent_required',
    ['open'],
    [{ name: 'prompt=none, signed in', given: { session: 'signed in', push: { set: { prompt: 'none' } } } }],
  ),
  ...refuses(
    'state_unavailable',
    ['open'],
    [{ name: 'the store cannot be reached', meanwhile: [{ state: 'unavailable' }] }],
  ),
]
