/** What can be tried with authorization requests: bent, borrowed, or not pushed at all. */

import { random } from '../../node/runtime.ts'
import { Browser } from '../browser.ts'
import { startAtApp } from '../person.ts'
import type { Stage } from '../stage.ts'
import { type Attempted, authenticatedForm, pushFields, send } from '../thief.ts'
import { take } from '../trace.ts'
import type { Chapter, Theft } from './theft.ts'

/** Thefts by way of the authorization request. */
export const requestThefts: Chapter = {
  id: 'request',
  title: 'The bent request',
  lede: 'Before anybody signs in, the app hands its request to the server behind the scenes. The thief tries to bend it, to borrow it, or to do without.',
  victim: 'person',
  stealsFrom: 'a_person_of_its_own',
  thefts: [
    {
      id: 'request-not-pushed',
      name: 'an authorization request that was not pushed',
      title: 'Write the request into the link',
      hope: 'That the server takes a request from the browser, where anybody can rewrite it.',
      attack: 'ER-01',
      expected: 'authorization_not_pushed',
      attempt: ({ world }) => {
        const query = new URLSearchParams({ ...pushFields(world.tally), client_id: world.tally.clientId })
        return send(`${world.issuer}/authorize?${query.toString()}`)
      },
    },
    {
      id: 'request-borrowed',
      name: 'the pushed request of the app, opened by another application',
      title: 'Open the app’s request under another name',
      hope: 'That a request_uri found in a browser’s history works for whoever finds it.',
      attack: 'ER-03',
      expected: 'request_uri_client_mismatch',
      attempt: async ({ world }) => {
        const url = new URL(await startAtApp(new Browser(), world))
        take('request_uri', url.searchParams.get('request_uri') ?? '')
        url.searchParams.set('client_id', world.magpie.clientId)
        return send(url.href)
      },
    },
    {
      id: 'page-of-the-person',
      name: 'the sign-in page of the person, opened in the thief’s browser',
      title: 'Open a leaked sign-in page',
      hope: 'That whoever holds the link may finish what somebody else has begun.',
      attack: 'ER-19',
      expected: 'interaction_foreign',
      attempt: async ({ world }) => {
        const person = new Browser()
        const visit = await person.open(await startAtApp(person, world))
        take('page_url', visit.url)
        // With a cookie, but not the one this page belongs to.
        return send(visit.url, { headers: { cookie: `strongroom-browser=${random(32)}` } })
      },
    },
    bentRedirect('another path', 'ER-09', ({ redirectUri }) => `${redirectUri}/../steal`, {
      id: 'redirect-path',
      title: 'Come back to another path',
      hope: 'That the right host is good enough, and the path is a detail.',
    }),
    bentRedirect('another host', 'ER-08', ({ redirectUri }) => redirectUri.replace('127.0.0.1', 'magpie.example'), {
      id: 'redirect-host',
      title: 'Come back to another host',
      hope: 'That the server sends the code wherever it is told to.',
    }),
    bentRedirect('another port', 'ER-10', ({ redirectUri }) => redirectUri.replace(/:\d+\//, ':4701/'), {
      id: 'redirect-port',
      title: 'Come back to another port',
      hope: 'That on the same machine, one door is like the other.',
    }),
  ],
}

/** A registered application sends people back to an address that it did not register. */
function bentRedirect(
  how: string,
  attack: string,
  bend: (client: Stage['magpie']) => string,
  words: Pick<Theft, 'id' | 'title' | 'hope'>,
): Theft {
  return {
    ...words,
    name: `a redirect URI with ${how}`,
    attack,
    expected: 'redirect_uri_unregistered',
    attempt: ({ world }) => push(world, { redirect_uri: bend(world.magpie) }),
  }
}

async function push({ issuer, magpie }: Stage, changes: Readonly<Record<string, string>>): Promise<Attempted> {
  const body = await authenticatedForm(magpie, issuer, { ...pushFields(magpie), ...changes })
  return send(`${issuer}/par`, { method: 'POST', body })
}
