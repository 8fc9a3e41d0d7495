import { type Base, type Exchange, refuses } from './exchange.ts'

const everywhere: readonly Base[] = [
  'push',
  'open',
  'sign in',
  'show the account',
  'client credentials',
  'redeem',
  'introspect',
  'revoke',
  'application asks',
  'userinfo',
  'sign out',
]

/** How much one caller may ask for. */
export const limits: readonly Exchange[] = refuses('rate_limited', everywhere, [
  { name: 'two hundred refused requests from the same address, in one second', meanwhile: [{ refused_requests: 200 }] },
])
