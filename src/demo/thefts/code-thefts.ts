/** What can be tried with an authorization code that was caught on its way back to the app. */

import { ClientError, type Session } from '../../client/index.ts'
import { random } from '../../node/runtime.ts'
import { demoUser, thievingUser } from '../authorization-server.ts'
import { Browser } from '../browser.ts'
import { interceptResponse, startAtApp } from '../person.ts'
import { redeem } from '../thief.ts'
import type { World } from '../world.ts'
import type { Consequence, Scene, Theft } from './theft.ts'

/** Thefts of codes, at the token endpoint. */
export const codeThefts: readonly Theft[] = [
  {
    name: 'a stolen code, slipped into the thief’s own visit to the app',
    attack: 'ER-26',
    expected: 'code_verifier_mismatch',
    attempt: injectCode,
  },
  {
    name: 'a stolen code, redeemed by another application',
    attack: 'ER-28',
    expected: 'code_client_mismatch',
    attempt: async ({ world, prove }) => {
      const { magpie, issuer } = world
      const code = await stealCode(world)
      const fields = { code, redirect_uri: magpie.redirectUri, code_verifier: random(32) }
      return redeem(issuer, magpie, fields, prove)
    },
  },
  {
    name: 'a code redeemed a second time, with the stolen key of the app itself',
    attack: 'ER-27',
    expected: 'code_replayed',
    attempt: replayCode,
  },
]

/** A person connects the bank on another device, and the code is caught before it reaches the app. */
async function stealCode(world: World): Promise<string> {
  const device = new Browser()
  const response = await interceptResponse(device, world, await startAtApp(device, world), demoUser)
  return response.searchParams.get('code') ?? ''
}

/** The app takes the code for the thief's, and sends the verifier of the thief's flow along. */
async function injectCode({ world }: Scene) {
  const stolen = await stealCode(world)
  // The thief goes through the flow too, for a state that fits the thief's browser, and swaps the codes.
  const thief = new Browser()
  const own = await interceptResponse(thief, world, await startAtApp(thief, world), thievingUser)
  own.searchParams.set('code', stolen)
  const shown = await thief.open(own.href)
  const correlationId = /id="correlation-id">([^<]*)</.exec(shown.text)?.[1]
  const status = world.incidents.find(correlationId)?.status ?? shown.status
  return { status, correlationId, nonce: undefined, text: shown.text }
}

/** In a flow of its own, because what the code brought is dead afterwards. */
async function replayCode({ world, alice, prove }: Scene) {
  const { client, tally, issuer } = world
  const { url, pending } = await client.begin({ prompt: 'consent' })
  const response = await interceptResponse(alice, world, url, demoUser)
  const code = response.searchParams.get('code') ?? ''
  const session = await client.finish(response, pending)
  const before = await client.call(session, '/accounts')

  const { redirectUri, codeVerifier } = pending
  const fields = { code, redirect_uri: redirectUri, code_verifier: codeVerifier }
  const attempted = await redeem(issuer, tally, fields, prove)
  const consequences = [
    { name: 'the token from that code worked before', ok: before.status === 200, detail: `status ${before.status}` },
    await isDeadAtUserinfo(world, session),
    await isDeadAtBank(world, session),
  ]
  return { ...attempted, consequences }
}

async function isDeadAtUserinfo({ client, incidents }: World, session: Session): Promise<Consequence> {
  const name = 'the token from that code is dead at userinfo at once'
  try {
    await client.userinfo(session)
    return { name, ok: false, detail: 'it still works' }
  } catch (error) {
    const rule = error instanceof ClientError ? incidents.find(error.correlationId)?.rule : undefined
    return { name, ok: rule === 'access_token_revoked', detail: rule ?? String(error) }
  }
}

async function isDeadAtBank({ client, incidents }: World, session: Session): Promise<Consequence> {
  const name = 'the token from that code is dead at the bank at once'
  const response = await client.call(session, '/accounts')
  const body: unknown = await response.json()
  const id = typeof body === 'object' && body !== null && 'correlation_id' in body ? body.correlation_id : undefined
  const rule = typeof id === 'string' ? incidents.find(id)?.rule : undefined
  return { name, ok: rule === 'access_token_revoked', detail: rule ?? `status ${response.status}` }
}
