import { accepts, type Base, type Exchange, refuses } from './exchange.ts'

const forms: readonly Base[] = ['end access', 'end a sign-in']
const everything: readonly Base[] = ['show the account', 'show where one signs in', ...forms]

const asBrowsersSendIt = {
  headers: {
    append: [
      ['origin', 'null'],
      ['sec-fetch-site', 'same-origin'],
    ],
  },
} as const

/** What people see and change of their own account. */
export const account: readonly Exchange[] = [
  ...accepts(everything, [{ name: 'as it is' }]),
  ...accepts(forms, [{ name: 'as browsers send it', change: asBrowsersSendIt }]),
  ...accepts(
    ['show the account'],
    [
      { name: 'with something to say', change: { set: { done: 'access_ended' } } },
      { name: 'with something it does not know to say', change: { set: { done: '<script>alert(1)</script>' } } },
    ],
  ),
  ...accepts(
    ['end access'],
    [
      { name: 'everything of one client', change: { remove: ['ref'], set: { client_id: 'client-a' } } },
      { name: 'everything', change: { remove: ['ref'] } },
    ],
  ),
  ...accepts(['end a sign-in'], [{ name: 'that of this browser', change: { set: { sid: '{own sid}' } } }]),
  ...refuses('account_sign_in_needed', forms, [
    { name: 'without cookies', change: { headers: { remove: ['cookie'] } } },
    { name: 'the sign-in is over', meanwhile: [{ wait: 3600 }] },
    { name: 'the person was locked in the meantime', meanwhile: [{ user: 'locked' }] },
  ]),
  ...refuses('csrf_token_invalid', forms, [
    { name: 'a made-up token', change: { set: { csrf: 'A'.repeat(43) } } },
    { name: 'no token', change: { remove: ['csrf'] } },
  ]),
  ...refuses('post_from_another_site', forms, [
    { name: 'the browser says cross-site', change: { headers: { append: [['sec-fetch-site', 'cross-site']] } } },
    { name: 'the browser says same-site', change: { headers: { append: [['sec-fetch-site', 'same-site']] } } },
    { name: 'another origin', change: { headers: { append: [['origin', 'https://evil.example']] } } },
  ]),
  ...refuses(
    'grant_unknown',
    ['end access'],
    [
      { name: 'a name nobody was given', change: { set: { ref: 'A'.repeat(22) } } },
      { name: 'no name of ours', change: { set: { ref: 'x' } } },
      { name: 'a client that was allowed nothing', change: { remove: ['ref'], set: { client_id: 'client-b' } } },
      { name: 'no client', change: { remove: ['ref'], set: { client_id: 'nobody' } } },
      { name: 'the client was suspended', meanwhile: [{ registration: { status: 'suspended' } }] },
    ],
  ),
  ...refuses(
    'session_unknown',
    ['end a sign-in'],
    [
      { name: 'a name nobody was given', change: { set: { sid: 'A'.repeat(22) } } },
      { name: 'no name', change: { remove: ['sid'] } },
    ],
  ),
  ...refuses('state_unavailable', everything, [
    { name: 'the store cannot be reached', meanwhile: [{ state: 'unavailable' }] },
  ]),
]
