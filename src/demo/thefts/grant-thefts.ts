/** What can be tried with what an app keeps for the time its person is away. */

import type { Session } from '../../client/index.ts'
import { demoUser } from '../authorization-server.ts'
import { Browser } from '../browser.ts'
import { interceptResponse } from '../person.ts'
import type { Credentials } from '../registrations.ts'
import type { Stage } from '../stage.ts'
import { askAsBank, authenticatedForm, redeem, send } from '../thief.ts'
import { take } from '../trace.ts'
import type { Chapter, Consequence, Scene } from './theft.ts'

/** What a client that may not ask is told of any token. RFC 7662 §2.2. */
const nothing = '{"active":false}'

/** Thefts of a kept connection, at the token endpoint and at introspection. */
export const grantThefts: Chapter = {
  id: 'grant',
  title: 'The kept connection',
  lede: 'So that Alice need not sign in every five minutes, the app keeps a refresh token. Keeping things is how they get stolen.',
  victim: 'person',
  stealsFrom: 'a_person_of_its_own',
  thefts: [
    {
      id: 'refresh-token-elsewhere',
      name: 'a stolen refresh token, used by another application',
      title: 'Renew somebody else’s connection',
      hope: 'For fresh tokens by the month, without ever bothering Alice again.',
      attack: 'SK-50',
      expected: 'refresh_token_client_mismatch',
      attempt: useRefreshToken,
    },
    {
      id: 'token-asked-about',
      name: `a stolen token, asked about by another application: told ${nothing}`,
      title: 'Ask the server what the token is worth',
      hope: 'That the server is talkative about tokens: whose they are, and for how long.',
      attack: 'SK-52',
      expected: 'client_role_wrong',
      told: nothing,
      attempt: askAbout,
    },
  ],
}

/** A person connects the bank on another device; all the app keeps of it is stolen. */
async function connectElsewhere(world: Stage): Promise<Session> {
  const { url, pending } = await world.client.begin({ prompt: 'consent' })
  const response = await interceptResponse(new Browser(), world, url, demoUser)
  return world.client.finish(response, pending)
}

async function useRefreshToken({ world, prove }: Scene) {
  const { magpie, issuer } = world
  const session = await connectElsewhere(world)
  const stolen = session.refreshToken?.reveal() ?? ''
  take('refresh_token', stolen)
  const fields = { grant_type: 'refresh_token', refresh_token: stolen }
  const attempted = await redeem(issuer, magpie, fields, prove)
  return { ...attempted, consequences: await renewsStill(world, session) }
}

/** The theft costs the person nothing: the same refresh token goes on working for the app. */
async function renewsStill({ client }: Stage, session: Session): Promise<readonly Consequence[]> {
  const renewed = await client.refresh(session)
  const isNew = renewed.accessToken.reveal() !== session.accessToken.reveal()
  const { status } = await client.call(renewed, '/accounts')
  return [
    { name: 'the app renews its token afterwards', ok: isNew, detail: isNew ? 'a new token' : 'the old token' },
    { name: 'the bank takes the new token', ok: status === 200, detail: `status ${status}` },
  ]
}

async function askAbout({ world, readAlong }: Scene) {
  const { magpie, bankServer, issuer } = world
  const { token } = await readAlong()
  const url = `${issuer}/introspect`
  const question = async (as: Credentials) => {
    const body = await authenticatedForm(as, issuer, { token, token_type_hint: 'access_token' })
    return { method: 'POST', body }
  }
  const attempted = await send(url, await question(magpie))
  const answer = await askAsBank(url, await question(bankServer))
  const ok = answer.status === 200 && answer.text.startsWith('{"active":true,')
  const name = 'the bank, which the token is meant for, is told that it counts'
  const detail = ok ? 'active' : `status ${answer.status}`
  return { ...attempted, consequences: [{ name, ok, detail }] }
}
