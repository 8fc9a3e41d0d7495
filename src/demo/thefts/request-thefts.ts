/** What can be tried with authorization requests: bent, borrowed, or not pushed at all. */

import { random } from '../../node/runtime.ts'
import { Browser } from '../browser.ts'
import { startAtApp } from '../person.ts'
import { type Attempted, authenticatedForm, pushFields, send } from '../thief.ts'
import type { World } from '../world.ts'
import type { Theft } from './theft.ts'

/** Thefts by way of the authorization request. */
export const requestThefts: readonly Theft[] = [
  {
    name: 'an authorization request that was not pushed',
    attack: 'ER-01',
    expected: 'authorization_not_pushed',
    attempt: ({ world }) => {
      const query = new URLSearchParams({ ...pushFields(world.tally), client_id: world.tally.clientId })
      return send(`${world.issuer}/authorize?${query.toString()}`)
    },
  },
  {
    name: 'the pushed request of the app, opened by another application',
    attack: 'ER-03',
    expected: 'request_uri_client_mismatch',
    attempt: async ({ world }) => {
      const url = new URL(await startAtApp(new Browser(), world))
      url.searchParams.set('client_id', world.magpie.clientId)
      return send(url.href)
    },
  },
  {
    name: 'the sign-in page of the person, opened in the thief’s browser',
    attack: 'ER-19',
    expected: 'interaction_foreign',
    attempt: async ({ world }) => {
      const person = new Browser()
      const visit = await person.open(await startAtApp(person, world))
      // With a cookie, but not the one this page belongs to.
      return send(visit.url, { headers: { cookie: `strongroom-browser=${random(32)}` } })
    },
  },
  bentRedirect('another path', 'ER-09', ({ redirectUri }) => `${redirectUri}/../steal`),
  bentRedirect('another host', 'ER-08', ({ redirectUri }) => redirectUri.replace('127.0.0.1', 'magpie.example')),
  bentRedirect('another port', 'ER-10', ({ redirectUri }) => redirectUri.replace(/:\d+\//, ':4701/')),
]

/** A registered application sends people back to an address that it did not register. */
function bentRedirect(how: string, attack: string, bend: (client: World['magpie']) => string): Theft {
  return {
    name: `a redirect URI with ${how}`,
    attack,
    expected: 'redirect_uri_unregistered',
    attempt: ({ world }) => push(world, { redirect_uri: bend(world.magpie) }),
  }
}

async function push({ issuer, magpie }: World, changes: Readonly<Record<string, string>>): Promise<Attempted> {
  const body = await authenticatedForm(magpie, issuer, { ...pushFields(magpie), ...changes })
  return send(`${issuer}/par`, { method: 'POST', body })
}
