import { accepts, type Base, type Exchange, refuses } from './exchange.ts'

const signIn: readonly Base[] = ['sign in with a passkey']
const add: readonly Base[] = ['add a passkey']
const others: readonly Base[] = ['rename a passkey', 'remove a passkey']
const changes: readonly Base[] = [...add, ...others]

/** Signing in with a passkey, and changing which ones there are. */
export const passkeys: readonly Exchange[] = [
  ...accepts([...signIn, ...changes], [{ name: 'as it is' }]),
  ...accepts(add, [{ name: 'without a name', change: { remove: ['name'] } }]),
  ...refuses('passkey_malformed', signIn, [
    { name: 'no answer', change: { remove: ['credential'] } },
    { name: 'an empty object', change: { set: { credential: '{}' } } },
    { name: 'longer than any answer', change: { set: { credential: 'x'.repeat(16_385) } } },
  ]),
  ...refuses('passkey_challenge_invalid', signIn, [
    { name: 'to another browser', change: { set: { credential: '{answer to another browser}' } } },
    { name: 'after five minutes', meanwhile: [{ wait: 300 }] },
  ]),
  ...refuses('passkey_challenge_used', signIn, [{ name: 'a second time', meanwhile: [{ answer: 'sent before' }] }]),
  ...refuses('passkey_unknown', signIn, [
    { name: 'nobody has it', change: { set: { credential: '{answer of an unknown passkey}' } } },
  ]),
  ...refuses('passkey_invalid', signIn, [
    { name: 'without verification', change: { set: { credential: '{answer without verification}' } } },
    { name: 'at another site', change: { set: { credential: '{answer given at another site}' } } },
    { name: 'for another host', change: { set: { credential: '{answer for another host}' } } },
    { name: 'another signature', change: { set: { credential: '{answer with another signature}' } } },
    { name: 'another person', change: { set: { credential: '{answer of another person}' } } },
  ]),
  ...refuses('passkey_cloned', signIn, [
    { name: 'the counter does not grow', change: { set: { credential: '{answer of a copy}' } } },
  ]),
  ...refuses('user_locked', signIn, [{ name: 'the person is locked', meanwhile: [{ user: 'locked' }] }]),
  ...refuses('csrf_token_invalid', [...signIn, ...changes], [{ name: 'no token', change: { remove: ['csrf'] } }]),
  ...refuses('enrolment_malformed', add, [
    { name: 'no passkey', change: { remove: ['credential'] } },
    { name: 'an empty object', change: { set: { credential: '{}' } } },
  ]),
  ...refuses('enrolment_challenge_invalid', add, [
    { name: 'for somebody else', change: { set: { credential: '{passkey for somebody else}' } } },
  ]),
  ...refuses('enrolment_invalid', add, [
    { name: 'without verification', change: { set: { credential: '{passkey without verification}' } } },
    { name: 'at another site', change: { set: { credential: '{passkey made at another site}' } } },
    { name: 'with certificates', change: { set: { credential: '{passkey with certificates}' } } },
  ]),
  ...refuses('passkey_exists', add, [
    { name: 'it is there already', change: { set: { credential: '{passkey that is there}' } } },
  ]),
  ...refuses('too_many_passkeys', add, [
    { name: 'there are ten', meanwhile: [{ passkeys: 'as many as there can be' }] },
  ]),
  ...refuses('passkey_not_yours', others, [
    { name: 'one that nobody has', change: { set: { credential_id: 'A'.repeat(22) } } },
  ]),
  ...refuses('sign_in_too_old', changes, [{ name: 'after five minutes', meanwhile: [{ wait: 301 }] }]),
]
