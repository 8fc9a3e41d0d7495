import { time } from '../family.ts'
import { accepts, type Base, type Exchange, refuses } from './exchange.ts'

const both: readonly Base[] = ['application asks', 'application decides']
const demanding = (claims: object) => ({ push: { set: { claims: JSON.stringify({ id_token: claims }) } } })

/** The operator's own sign-in application: what it asks, what it decides, and the browser that comes back. */
export const decision: readonly Exchange[] = [
  ...accepts([...both, 'finish', 'show the account beside an application'], [{ name: 'as it is' }]),
  ...accepts(
    ['application asks'],
    [{ name: 'about a person it knows', change: { set: { subject: 'employee-4711' } } }],
    { members: { prompt: [], acr_values: [], authorization_details: [] } },
  ),
  ...accepts(
    ['application decides'],
    [
      {
        name: 'deny',
        change: { set: { decision: 'deny' }, remove: ['subject', 'username', 'auth_time', 'acr', 'amr'] },
      },
      { name: 'somebody who was never here', change: { set: { subject: 'employee-1', username: 'alice' } } },
      { name: 'a clock that is 30 s ahead', change: { set: { auth_time: String(time + 30) } } },
      { name: 'an old sign-in, where any will do', change: { set: { auth_time: String(time - 100_000) } } },
      {
        name: 'a sign-in that is just fresh enough',
        given: { push: { set: { max_age: '60' } } },
        change: { set: { auth_time: String(time - 60) } },
      },
    ],
    { members: { expires_in: 120 } },
  ),
  ...accepts(['finish'], [{ name: 'the last second of the handle', meanwhile: [{ wait: 119 }] }]),
  ...refuses('interaction_api_not_allowed', both, [
    { name: 'the client that waits', change: { by: 'client-a' } },
    { name: 'another client', change: { by: 'client-b' } },
    { name: 'a client with a certificate', change: { by: 'client-m' } },
    { name: 'a resource server', change: { by: 'bank-server' } },
  ]),
  ...refuses('interaction_unknown', both, [
    { name: 'a name nobody was given', change: { set: { interaction: 'A'.repeat(22) } } },
    { name: 'no name of ours', change: { set: { interaction: 'x' } } },
  ]),
  ...refuses('interaction_expired', both, [{ name: 'after ten minutes', meanwhile: [{ wait: 600 }] }]),
  ...refuses('request_no_longer_allowed', both, [
    { name: 'the client that waits was suspended', meanwhile: [{ client: 'suspended' }] },
  ]),
  ...refuses('decision_made_before', both, [
    { name: 'allowed', meanwhile: [{ decision: 'allow' }] },
    { name: 'denied', meanwhile: [{ decision: 'deny' }] },
  ]),
  ...refuses(
    'request_uri_spent',
    ['application decides'],
    [
      { name: 'allowed in another browser', meanwhile: [{ complete: 'allow' }] },
      { name: 'denied in another browser', meanwhile: [{ complete: 'deny' }] },
    ],
  ),
  ...refuses(
    'decision_malformed',
    ['application decides'],
    [
      ...['decision', 'subject', 'username', 'auth_time', 'acr', 'amr'].map((name) => ({
        name: `no ${name}`,
        change: { remove: [name] },
      })),
      { name: 'neither allow nor deny', change: { set: { decision: 'maybe' } } },
      { name: 'a subject that is not visible ASCII', change: { set: { subject: 'zoë' } } },
      { name: 'a sign-in that is still to come', change: { set: { auth_time: String(time + 31) } } },
      { name: 'details that are no list', change: { set: { authorization_details: '{}' } } },
    ],
  ),
  ...refuses(
    'authorization_details_not_granted',
    ['application decides'],
    [{ name: 'where none were asked for', change: { set: { authorization_details: '[{"type":"payment"}]' } } }],
  ),
  ...refuses(
    'decision_too_old',
    ['application decides'],
    [
      {
        name: 'older than max_age',
        given: { push: { set: { max_age: '60' } } },
        change: { set: { auth_time: String(time - 61) } },
      },
      {
        name: 'before the request, which wants a new sign-in',
        given: { push: { set: { prompt: 'login' } } },
        change: { set: { auth_time: String(time - 1) } },
      },
    ],
  ),
  ...refuses(
    'acr_unmet',
    ['application decides'],
    [
      {
        name: 'another context than the one the request insists on',
        given: demanding({ acr: { essential: true, value: 'urn:example:vault' } }),
      },
    ],
  ),
  ...refuses(
    'signed_in_as_another',
    ['application decides'],
    [
      { name: 'somebody who was never here', given: demanding({ sub: { value: 'user-alice' } }) },
      {
        name: 'not the one the request names',
        given: demanding({ sub: { value: 'user-zoe' } }),
        change: { set: { subject: 'employee-1' } },
      },
    ],
  ),
  ...refuses('user_locked', ['application decides', 'finish'], [{ name: 'locked', meanwhile: [{ user: 'locked' }] }]),
  ...refuses(
    'state_unavailable',
    [...both, 'finish'],
    [{ name: 'the store cannot be reached', meanwhile: [{ state: 'unavailable' }] }],
  ),
  ...refuses(
    'interaction_foreign',
    ['finish'],
    [
      {
        name: 'in another browser',
        change: { headers: { set: { cookie: `__Host-strongroom-browser=${'A'.repeat(43)}` } } },
      },
    ],
  ),
  ...refuses(
    'decision_missing',
    ['finish'],
    [{ name: 'before the decision', change: { path: '{another interaction}/finish' } }],
  ),
  ...refuses(
    'decision_handle_invalid',
    ['finish'],
    [
      { name: 'no handle', change: { remove: ['handle'] } },
      { name: 'another handle', change: { set: { handle: 'A'.repeat(43) } } },
    ],
  ),
  ...refuses('decision_over', ['finish'], [{ name: 'after two minutes', meanwhile: [{ wait: 120 }] }]),
  ...refuses(
    'own_pages_off',
    ['finish'],
    [{ name: 'the page of the interaction', change: { path: '{interaction}', remove: ['handle'] } }],
  ),
  ...refuses(
    'own_pages_off',
    ['show the account beside an application'],
    [{ name: 'the page to sign in on', change: { path: '/account/sign-in' } }],
  ),
]
