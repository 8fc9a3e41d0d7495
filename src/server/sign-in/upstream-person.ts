/** People of other providers. Nobody is ever linked to somebody else by a name or an address. OIDC Core §5.7. */

import type { UserRecord } from '../../core/people.ts'
import { type NumericDate, numericDate, orUndefined, subject, type Username, username } from '../../core/names.ts'
import { refuse, StateUnavailable } from '../../core/oauth-error.ts'
import type { UpstreamPerson } from '../../core/sign-in-ports.ts'
import type { Server } from '../server.ts'

/**
 * Who somebody is here: found by provider and `sub` alone, added at the first sign-in, with the claims the provider now
 * makes.
 * @throws OAuthError user_locked
 */
export async function recognise(
  provider: string,
  person: UpstreamPerson,
  now: NumericDate,
  server: Server,
): Promise<UserRecord> {
  const { users } = server.store
  const identity = { provider, subject: person.subject }
  const known = await users.byUpstream(identity)
  if (known === undefined) return add(provider, person, now, server)
  if (known.status !== 'active') refuse('user_locked')
  const { name, email } = known.claims
  if (name === person.claims.name && email === person.claims.email) return known
  await users.setClaims(known.subject, person.claims)
  return { ...known, claims: person.claims }
}

async function add(provider: string, person: UpstreamPerson, now: NumericDate, server: Server): Promise<UserRecord> {
  const { store, random } = server
  for (const name of namesFor(person.username, provider, random(6))) {
    const user: UserRecord = {
      subject: subject(random(16)),
      username: name,
      passwordHash: undefined,
      upstream: { provider, subject: person.subject },
      status: 'active',
      notBefore: numericDate(0),
      createdAt: now,
      claims: person.claims,
    }
    if ((await store.users.add(user)) === 'added') return user
    // Unless the name is taken, the same person came in twice at once.
    const other = await store.users.byUpstream({ provider, subject: person.subject })
    if (other !== undefined) return other.status === 'active' ? other : refuse('user_locked')
  }
  throw new StateUnavailable('no user name is free for a person of another provider')
}

/** Provider ids have at most 20 characters, suffixes 9: what remains of the 64 of a user name. */
const mostOfName = 32

/** Names to show a person by, of which one must be free: what the provider calls them, with its own name behind. */
function namesFor(called: string | undefined, provider: string, last: string): readonly Username[] {
  const base = nameIn(called) ?? 'person'
  return ['', '-2', '-3', '-4', '-5', `-${last}`].map((suffix) => username(`${base}${suffix}@${provider}`))
}

/** What is a user name of ours, cut to what leaves room for more. */
function nameIn(called: string | undefined): string | undefined {
  const name = called === undefined ? undefined : orUndefined(() => username(called))
  let short = ''
  for (const character of name ?? '') if (short.length + character.length <= mostOfName) short += character
  return orUndefined(() => username(short))
}
