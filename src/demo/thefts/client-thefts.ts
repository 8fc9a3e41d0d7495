/** What can be tried in the name of the app. */

import type { PrivateJwk } from '../../client/index.ts'
import { Browser } from '../browser.ts'
import { startAtApp } from '../person.ts'
import { authenticatedForm, pushFields, send } from '../thief.ts'
import { latestExchange, take } from '../trace.ts'
import type { Chapter } from './theft.ts'

/** Thefts of the app's identity, at the endpoint for pushed requests. */
export const clientThefts: Chapter = {
  id: 'client',
  title: 'The borrowed name',
  lede: 'The app tells the server who it is with a short signed letter, a client assertion. The thief would love to sign in its name.',
  victim: 'person',
  stealsFrom: 'a_person_of_its_own',
  thefts: [
    {
      id: 'assertion-replayed',
      name: 'a client assertion out of a log, once more',
      title: 'Hand in the app’s letter again',
      hope: 'That a letter which convinced the server once convinces it twice.',
      attack: 'SK-04',
      expected: 'client_assertion_replayed',
      attempt: async ({ world }) => {
        const par = `${world.issuer}/par`
        await startAtApp(new Browser(), world)
        const body = new URLSearchParams(latestExchange(({ url }) => url === par)?.request.body)
        take('client_assertion', body.get('client_assertion') ?? '')
        return send(par, { method: 'POST', body })
      },
    },
    {
      id: 'assertion-for-the-thief',
      name: 'a client assertion the app made for a server of the thief',
      title: 'Pass on a letter that was meant for somebody else',
      hope: 'That the server does not read the line which says for whom the letter is.',
      attack: 'SK-01',
      expected: 'client_assertion_audience_wrong',
      attempt: async ({ world }) => {
        const body = await authenticatedForm(world.tally, 'https://magpie.example', pushFields(world.tally))
        take('client_assertion', body.get('client_assertion') ?? '')
        return send(`${world.issuer}/par`, { method: 'POST', body })
      },
    },
    {
      id: 'assertion-forged',
      name: 'a client assertion of the app, signed with the key of another application',
      title: 'Forge the app’s signature',
      hope: 'That naming the right key is as good as having it.',
      attack: 'SK-07',
      expected: 'client_assertion_signature_invalid',
      attempt: async ({ world }) => {
        const { tally, magpie, issuer } = world
        const forger = { ...tally, key: { ...magpie.key, ...kidOf(tally.key) } }
        const body = await authenticatedForm(forger, issuer, pushFields(tally))
        return send(`${issuer}/par`, { method: 'POST', body })
      },
    },
  ],
}

/** The name of the app's public key, which is no secret. */
function kidOf({ kid }: PrivateJwk): Pick<PrivateJwk, 'kid'> {
  return kid === undefined ? {} : { kid }
}
