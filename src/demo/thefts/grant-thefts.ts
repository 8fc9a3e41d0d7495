/** What can be tried with what an app keeps for the time its person is away. */

import type { Session } from '../../client/index.ts'
import { demoUser } from '../authorization-server.ts'
import { Browser } from '../browser.ts'
import { interceptResponse } from '../person.ts'
import type { Credentials } from '../registrations.ts'
import { type Attempted, authenticatedForm, redeem, send } from '../thief.ts'
import type { World } from '../world.ts'
import type { Consequence, Scene, Theft } from './theft.ts'

/** What a client that may not ask is told of any token. RFC 7662 §2.2. */
const nothing = '{"active":false}'

/** Thefts of a kept connection, at the token endpoint and at introspection. */
export const grantThefts: readonly Theft[] = [
  {
    name: 'a stolen refresh token, used by another application',
    attack: 'SK-50',
    expected: 'refresh_token_client_mismatch',
    attempt: useRefreshToken,
  },
  {
    name: `a stolen token, asked about by another application: told ${nothing}`,
    attack: 'SK-52',
    expected: 'client_role_wrong',
    told: nothing,
    attempt: askAbout,
  },
]

/** A person connects the bank on another device; all the app keeps of it is stolen. */
async function connectElsewhere(world: World): Promise<Session> {
  const { url, pending } = await world.client.begin({ prompt: 'consent' })
  const response = await interceptResponse(new Browser(), world, url, demoUser)
  return world.client.finish(response, pending)
}

async function useRefreshToken({ world, prove }: Scene) {
  const { magpie, issuer } = world
  const session = await connectElsewhere(world)
  const stolen = session.refreshToken?.reveal() ?? ''
  const fields = { grant_type: 'refresh_token', refresh_token: stolen }
  const attempted = await redeem(issuer, magpie, fields, prove)
  return { ...attempted, consequences: await renewsStill(world, session) }
}

/** The theft costs the person nothing: the same refresh token goes on working for the app. */
async function renewsStill({ client }: World, session: Session): Promise<readonly Consequence[]> {
  const renewed = await client.refresh(session)
  const isNew = renewed.accessToken.reveal() !== session.accessToken.reveal()
  const { status } = await client.call(renewed, '/accounts')
  return [
    { name: 'the app renews its token afterwards', ok: isNew, detail: isNew ? 'a new token' : 'the old token' },
    { name: 'the bank takes the new token', ok: status === 200, detail: `status ${status}` },
  ]
}

async function askAbout({ world, stolen }: Scene) {
  const { magpie, bankServer } = world
  const attempted = await introspect(world, magpie, stolen.token)
  const answer = await introspect(world, bankServer, stolen.token)
  const ok = answer.status === 200 && answer.text.startsWith('{"active":true,')
  const name = 'the bank, which the token is meant for, is told that it counts'
  const detail = ok ? 'active' : `status ${answer.status}`
  return { ...attempted, consequences: [{ name, ok, detail }] }
}

async function introspect({ issuer }: World, as: Credentials, token: string): Promise<Attempted> {
  const body = await authenticatedForm(as, issuer, { token, token_type_hint: 'access_token' })
  return send(`${issuer}/introspect`, { method: 'POST', body })
}
