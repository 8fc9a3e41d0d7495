import { accepts, type Base, type Exchange, refuses } from './exchange.ts'

const forms: readonly Base[] = ['sign in', 'decide', 'cancel']
const everything: readonly Base[] = ['show the sign-in page', ...forms]

/** Sign-in and consent. */
export const interaction: readonly Exchange[] = [
  ...accepts(['show the sign-in page', 'sign in', 'decide'], [{ name: 'as it is' }]),
  ...accepts(
    ['sign in', 'decide'],
    [
      {
        name: 'as browsers send it',
        change: {
          headers: {
            append: [
              ['origin', 'null'],
              ['sec-fetch-site', 'same-origin'],
            ],
          },
        },
      },
    ],
  ),
  ...accepts(
    ['decide'],
    [
      { name: 'the request was opened again in the meantime', meanwhile: [{ open: 'again' }] },
      { name: 'the request_uri expired in the meantime', meanwhile: [{ wait: 300 }] },
    ],
  ),
  ...accepts(
    ['sign in'],
    [
      { name: 'another spelling of the user name', change: { set: { username: ' ＡＬＩＣＥ ' } } },
      { name: 'after four failures', meanwhile: [{ failed_sign_ins: 4 }] },
    ],
  ),
  ...refuses('interaction_unknown', everything, [
    { name: 'a name nobody was given', change: { path: '/interaction/AAAAAAAAAAAAAAAAAAAAAA{verb}' } },
    { name: 'no name of ours', change: { path: '/interaction/x{verb}' } },
  ]),
  ...refuses('interaction_foreign', everything, [
    { name: 'without the cookie of the browser', change: { headers: { remove: ['cookie'] } } },
    {
      name: 'with the cookie of another browser',
      change: { headers: { set: { cookie: `__Host-strongroom-browser=${'A'.repeat(43)}` } } },
    },
    {
      name: 'with two such cookies',
      change: { headers: { set: { cookie: `{cookie}; __Host-strongroom-browser=${'A'.repeat(43)}` } } },
    },
  ]),
  ...refuses('interaction_expired', everything, [{ name: 'after ten minutes', meanwhile: [{ wait: 600 }] }]),
  ...refuses(
    'interaction_out_of_order',
    ['sign in'],
    [
      {
        name: 'a decision before the sign-in',
        change: { path: '{interaction}/consent', set: { decision: 'allow' }, remove: ['username', 'password'] },
      },
    ],
  ),
  ...refuses(
    'interaction_out_of_order',
    ['decide'],
    [
      {
        name: 'the person was locked in the meantime',
        meanwhile: [{ user: 'locked' }],
        change: { set: { csrf: '{csrf without a session}' } },
      },
    ],
  ),
  ...refuses('csrf_token_invalid', forms, [
    { name: 'a made-up token', change: { set: { csrf: 'A'.repeat(43) } } },
    { name: 'no token', change: { remove: ['csrf'] } },
  ]),
  ...refuses(
    'csrf_token_invalid',
    ['decide'],
    [{ name: 'the token of the page before the sign-in', change: { set: { csrf: '{csrf without a session}' } } }],
  ),
  ...refuses('post_from_another_site', forms, [
    { name: 'the browser says cross-site', change: { headers: { append: [['sec-fetch-site', 'cross-site']] } } },
    { name: 'the browser says same-site', change: { headers: { append: [['sec-fetch-site', 'same-site']] } } },
    { name: 'another origin', change: { headers: { append: [['origin', 'https://evil.example']] } } },
    { name: 'a longer origin', change: { headers: { append: [['origin', 'https://as.example.evil.example']] } } },
  ]),
  ...refuses(
    'user_unknown',
    ['sign in'],
    [
      { name: 'nobody of this name', change: { set: { username: 'mallory' } } },
      { name: 'a name that cannot be one', change: { set: { username: 'a'.repeat(65) } } },
      { name: 'no name', change: { remove: ['username'] } },
    ],
  ),
  ...refuses('user_locked', ['sign in'], [{ name: 'locked', meanwhile: [{ user: 'locked' }] }]),
  ...refuses(
    'password_wrong',
    ['sign in'],
    [
      { name: 'another password', change: { set: { password: 'wrong' } } },
      { name: 'no password', change: { remove: ['password'] } },
      { name: 'another case', change: { set: { password: 'Correct Horse' } } },
    ],
  ),
  ...refuses(
    'sign_in_throttled',
    ['sign in'],
    [
      { name: 'the right password after five failures', meanwhile: [{ failed_sign_ins: 5 }] },
      {
        name: 'another spelling of the name shares the counter',
        meanwhile: [{ failed_sign_ins: 5 }],
        change: { set: { username: 'ALICE' } },
      },
    ],
  ),
  ...refuses('access_denied_by_user', ['decide'], [{ name: 'deny', change: { set: { decision: 'deny' } } }]),
  ...refuses('access_denied_by_user', ['cancel'], [{ name: 'given up before the sign-in' }]),
  ...refuses(
    'request_uri_spent',
    ['decide'],
    [
      { name: 'completed in another browser', meanwhile: [{ complete: 'allow' }] },
      { name: 'denied in another browser', meanwhile: [{ complete: 'deny' }] },
    ],
  ),
  ...refuses('request_no_longer_allowed', everything, [
    { name: 'the client was suspended', meanwhile: [{ registration: { status: 'suspended' } }] },
  ]),
  ...refuses(
    'request_no_longer_allowed',
    ['decide'],
    [{ name: 'its scopes were narrowed', meanwhile: [{ registration: { scope: ['openid'] } }] }],
  ),
  ...refuses('state_unavailable', everything, [
    { name: 'the store cannot be reached', meanwhile: [{ state: 'unavailable' }] },
  ]),
]
