/** What can be tried in the name of the app. */

import type { PrivateJwk } from '../../client/index.ts'
import { authenticatedForm, pushFields, send } from '../thief.ts'
import type { Theft } from './theft.ts'

/** Thefts of the app's identity, at the endpoint for pushed requests. */
export const clientThefts: readonly Theft[] = [
  {
    name: 'a client assertion out of a log, once more',
    attack: 'SK-04',
    expected: 'client_assertion_replayed',
    attempt: ({ world }) => {
      const seen = world.recorder.latest(({ url }) => url === `${world.issuer}/par`)
      return send(`${world.issuer}/par`, { method: 'POST', body: new URLSearchParams(seen?.body ?? '') })
    },
  },
  {
    name: 'a client assertion the app made for a server of the thief',
    attack: 'SK-01',
    expected: 'client_assertion_audience_wrong',
    attempt: async ({ world }) => {
      const body = await authenticatedForm(world.tally, 'https://magpie.example', pushFields(world.tally))
      return send(`${world.issuer}/par`, { method: 'POST', body })
    },
  },
  {
    name: 'a client assertion of the app, signed with the key of another application',
    attack: 'SK-07',
    expected: 'client_assertion_signature_invalid',
    attempt: async ({ world }) => {
      const { tally, magpie, issuer } = world
      const body = await authenticatedForm(
        { ...tally, key: { ...magpie.key, ...kidOf(tally.key) } },
        issuer,
        pushFields(tally),
      )
      return send(`${issuer}/par`, { method: 'POST', body })
    },
  },
]

/** The name of the app's public key, which is no secret. */
function kidOf({ kid }: PrivateJwk): Pick<PrivateJwk, 'kid'> {
  return kid === undefined ? {} : { kid }
}
