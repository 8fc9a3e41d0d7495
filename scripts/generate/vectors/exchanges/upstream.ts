import { accepts, type Base, type Exchange, refuses } from './exchange.ts'

const there: Base = 'leave for another provider'
const back: Base = 'come back from another provider'
const onlyWay: Base = 'leave for the only way to sign in'

/** To another provider, and back. */
export const upstream: readonly Exchange[] = [
  ...accepts([there, back, onlyWay], [{ name: 'as it is' }]),
  ...accepts([back], [{ name: 'after seven minutes', meanwhile: [{ wait: 420 }] }]),
  ...refuses('csrf_token_invalid', [there], [{ name: 'no token', change: { remove: ['csrf'] } }]),
  ...refuses(
    'upstream_unknown',
    [there],
    [{ name: 'a provider nobody configured', change: { path: '{interaction}/sign-in/upstream/nobody' } }],
  ),
  ...refuses(
    'upstream_unknown',
    [back],
    [{ name: 'a provider nobody configured', change: { path: '/upstream/nobody/callback' } }],
  ),
  ...refuses(
    'upstream_state_invalid',
    [back],
    [
      { name: 'no state', change: { remove: ['state'] } },
      { name: 'no state of ours', change: { set: { state: 'x' } } },
      { name: 'a state that is sealed otherwise', change: { set: { state: '{sealed otherwise}' } } },
      { name: 'at the address of another provider', change: { path: '/upstream/other/callback' } },
      {
        name: 'in another browser',
        change: { headers: { set: { cookie: `__Host-strongroom-browser=${'A'.repeat(43)}` } } },
      },
      { name: 'in a browser without cookies', change: { headers: { remove: ['cookie'] } } },
      { name: 'after eight minutes', meanwhile: [{ wait: 480 }] },
    ],
  ),
  ...refuses('upstream_state_used', [back], [{ name: 'a second time', meanwhile: [{ answer: 'sent before' }] }]),
  ...refuses('upstream_refused', [back], [{ name: 'the provider says no', meanwhile: [{ provider: 'refuses' }] }]),
  ...refuses('upstream_unavailable', [there, back], [{ name: 'it is down', meanwhile: [{ provider: 'is down' }] }]),
  ...refuses('upstream_answer_invalid', [back], [{ name: 'it lies', meanwhile: [{ provider: 'lies' }] }]),
  ...refuses(
    'upstream_sign_in_too_old',
    [back],
    [{ name: 'a sign-in of more than an hour ago', meanwhile: [{ provider: 'knows an old sign-in' }] }],
  ),
  ...refuses(
    'password_sign_in_off',
    [onlyWay],
    [
      {
        name: 'a password all the same',
        change: { path: '{interaction}/sign-in', set: { username: 'alice', password: 'correct horse' } },
      },
    ],
  ),
]
