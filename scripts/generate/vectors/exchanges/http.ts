import { accepts, type Base, type Exchange, refuses } from './exchange.ts'

const forms: readonly Base[] = [
  'push',
  'client credentials',
  'introspect',
  'revoke',
  'application asks',
  'application decides',
  'sign in',
  'decide',
  'cancel',
  'end access',
  'end a sign-in',
  'sign out by POST',
  'confirm signing out',
]
const formType = 'application/x-www-form-urlencoded'
const withForm = { set: { 'content-type': formType } }

/** The shape of a request, before anything in it is believed. */
export const http: readonly Exchange[] = [
  ...accepts(
    ['push', 'client credentials'],
    [
      {
        name: 'the media type names UTF-8',
        change: { headers: { set: { 'content-type': `${formType}; charset=UTF-8` } } },
      },
      { name: 'a parameter nobody knows', change: { set: { unknown: 'x' } } },
      { name: 'a parameter without a value', change: { append: [['login_hint', '']] } },
    ],
  ),
  ...refuses('not_found', ['push'], [{ name: 'a slash at the end', change: { path: '/par/' } }]),
  ...refuses('not_found', ['open'], [{ name: 'a slash at the end', change: { path: '/authorize/' } }]),
  ...refuses(
    'not_found',
    ['show the sign-in page'],
    [{ name: 'a slash at the end', change: { path: '{interaction}/' } }],
  ),
  ...refuses('not_found', ['decide'], [{ name: 'another verb', change: { path: '{interaction}/approve' } }]),
  ...refuses('not_found', ['show the account'], [{ name: 'a slash at the end', change: { path: '/account/' } }]),
  ...refuses('not_found', ['client credentials'], [{ name: 'another case', change: { path: '/Token' } }]),
  ...refuses('not_found', ['introspect'], [{ name: 'a slash at the end', change: { path: '/introspect/' } }]),
  ...refuses('not_found', ['sign out'], [{ name: 'a slash at the end', change: { path: '/logout/' } }]),
  ...refuses('not_found', ['revoke'], [{ name: 'a slash at the end', change: { path: '/revoke/' } }]),
  ...refuses(
    'not_found',
    ['application asks'],
    [{ name: 'a slash at the end', change: { path: '/interactions/start/' } }],
  ),
  ...refuses('not_found', ['userinfo'], [{ name: 'a doubled slash', change: { path: '//userinfo' } }]),
  ...refuses(
    'method_not_allowed',
    [...forms, 'open', 'show the sign-in page', 'show the account', 'sign out', 'userinfo'],
    [{ name: 'PUT', change: { method: 'PUT' } }],
  ),
  ...refuses(
    'method_not_allowed',
    ['push', 'client credentials', 'introspect', 'revoke', 'application asks', 'decide', 'end access', 'end a sign-in'],
    [{ name: 'GET', change: { method: 'GET' } }],
  ),
  ...refuses('content_type_unsupported', forms, [
    { name: 'JSON', change: { headers: { set: { 'content-type': 'application/json' } } } },
    { name: 'no media type', change: { headers: { remove: ['content-type'] } } },
    { name: 'another character set', change: { headers: { set: { 'content-type': `${formType}; charset=latin1` } } } },
    { name: 'two media types', change: { headers: { append: [['content-type', 'application/json']] } } },
  ]),
  ...refuses(
    'content_type_unsupported',
    ['userinfo by POST'],
    [{ name: 'JSON', change: { headers: { set: { 'content-type': 'application/json' } }, body: { text: '{}' } } }],
  ),
  ...refuses('content_encoding_unsupported', forms, [
    { name: 'gzip', change: { headers: { set: { 'content-encoding': 'gzip' } } } },
  ]),
  ...refuses(
    'content_encoding_unsupported',
    ['userinfo by POST'],
    [{ name: 'gzip', change: { headers: { set: { 'content-type': formType, 'content-encoding': 'gzip' } } } }],
  ),
  ...refuses(
    'body_too_large',
    [...forms, 'userinfo by POST'],
    [{ name: '65537 bytes', change: { headers: withForm, body: { repeat: 'a', times: 65_537 } } }],
  ),
  ...refuses(
    'body_unreadable',
    [...forms, 'userinfo by POST'],
    [{ name: 'the body breaks off', change: { headers: withForm, body: { aborted: true } } }],
  ),
  ...refuses('parameter_in_query', forms, [
    { name: 'a parameter in the URL', change: { query: 'scope=accounts' } },
    { name: 'an empty query', change: { query: '' } },
  ]),
  ...refuses(
    'parameter_repeated',
    [...forms, 'open', 'show the sign-in page', 'show the account', 'sign out'],
    [
      {
        name: 'twice',
        change: {
          append: [
            ['client_id', 'client-a'],
            ['client_id', 'client-a'],
          ],
        },
      },
      {
        name: 'nobody knows it',
        change: {
          append: [
            ['x', '1'],
            ['x', '2'],
          ],
        },
      },
    ],
  ),
  ...refuses(
    'parameter_repeated',
    ['push'],
    [{ name: 'an array', change: { append: [['redirect_uri', 'https://evil.example/']] } }],
  ),
  ...refuses(
    'parameter_repeated',
    ['userinfo by POST'],
    [{ name: 'twice', change: { headers: withForm, body: { text: 'a=1&a=2' } } }],
  ),
  ...refuses('parameter_malformed', forms, [
    { name: 'a broken escape', change: { body: { text: 'a=%zz' } } },
    { name: 'bytes that are not UTF-8', change: { body: { bytes: 'YT3_' } } },
    {
      name: '65 parameters',
      change: { append: Array.from({ length: 65 }, (_, index) => [`p${index}`, '1'] as const) },
    },
  ]),
  ...refuses(
    'parameter_malformed',
    ['open', 'sign out'],
    [
      { name: 'a broken escape', change: { query: 'x=%zz' } },
      { name: 'not visible ASCII', change: { set: { client_id: 'é' } } },
    ],
  ),
  ...refuses(
    'parameter_malformed',
    ['userinfo by POST'],
    [{ name: 'a broken escape', change: { headers: withForm, body: { text: 'a=%zz' } } }],
  ),
  ...refuses(
    'parameter_malformed',
    ['push'],
    [
      { name: 'a quotation mark in scope', change: { set: { scope: 'openid "' } } },
      { name: 'a line break in state', change: { set: { state: 'a\r\nlocation: https://evil.example' } } },
      { name: 'a state of 2049 characters', change: { set: { state: 's'.repeat(2049) } } },
      { name: 'prompt that is not known', change: { set: { prompt: 'always' } } },
      { name: 'prompt=none beside another', change: { set: { prompt: 'none login' } } },
      { name: 'a negative max_age', change: { set: { max_age: '-1' } } },
      { name: 'a dpop_jkt that is no thumbprint', change: { set: { dpop_jkt: 'x' } } },
      {
        name: 'nine resources',
        change: { append: Array.from({ length: 9 }, (_, index) => ['resource', `https://r${index}.example`] as const) },
      },
    ],
  ),
  ...refuses(
    'parameter_malformed',
    ['client credentials'],
    [
      { name: 'a quotation mark in scope', change: { set: { scope: 'accounts "' } } },
      { name: 'two spaces in scope', change: { set: { scope: 'accounts  payments' } } },
    ],
  ),
  ...refuses(
    'parameter_malformed',
    ['decide'],
    [{ name: 'neither allow nor deny', change: { set: { decision: 'maybe' } } }],
  ),
  ...refuses(
    'parameter_missing',
    ['push'],
    ['client_id', 'response_type', 'redirect_uri', 'scope'].map((name) => ({
      name: `no ${name}`,
      change: { remove: [name] },
    })),
  ),
  ...refuses('parameter_missing', ['open'], [{ name: 'no client_id', change: { remove: ['client_id'] } }]),
  ...refuses(
    'parameter_missing',
    ['client credentials'],
    [{ name: 'no grant_type', change: { remove: ['grant_type'] } }],
  ),
  ...refuses('parameter_missing', ['redeem'], [{ name: 'no code', change: { remove: ['code'] } }]),
  ...refuses('parameter_missing', ['refresh'], [{ name: 'no refresh token', change: { remove: ['refresh_token'] } }]),
  ...refuses(
    'parameter_missing',
    ['application asks', 'application decides'],
    [{ name: 'no interaction', change: { remove: ['interaction'] } }],
  ),
  ...refuses(
    'parameter_missing',
    ['introspect', 'revoke'],
    [
      { name: 'no token', change: { remove: ['token'] } },
      { name: 'an empty token', change: { set: { token: '' } } },
    ],
  ),
]
