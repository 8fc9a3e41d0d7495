/** What can be tried with an authorization code that was caught on its way back to the app. */

import { ClientError, type Session } from '../../client/index.ts'
import { random } from '../../node/runtime.ts'
import { demoUser, thievingUser } from '../authorization-server.ts'
import { Browser } from '../browser.ts'
import { interceptResponse, startAtApp } from '../person.ts'
import type { Stage } from '../stage.ts'
import { redeem } from '../thief.ts'
import { strike, take } from '../trace.ts'
import type { Chapter, Consequence, Scene } from './theft.ts'

/** Thefts of codes, at the token endpoint. */
export const codeThefts: Chapter = {
  id: 'code',
  title: 'The stolen code',
  lede: 'Alice has just said yes. The answer flies through her browser back to the app, with a code in it, and this time somebody catches it on the way.',
  victim: 'person',
  stealsFrom: 'a_person_of_its_own',
  thefts: [
    {
      id: 'code-injected',
      name: 'a stolen code, slipped into the thief’s own visit to the app',
      title: 'Slip the code into one’s own visit',
      hope: 'That the app takes Alice’s code for the thief’s, and shows the thief her accounts.',
      attack: 'ER-26',
      expected: 'code_verifier_mismatch',
      attempt: injectCode,
    },
    {
      id: 'code-at-another-app',
      name: 'a stolen code, redeemed by another application',
      title: 'Redeem the code as another app',
      hope: 'That a code is a coupon, and any registered app may cash it in.',
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
      id: 'code-twice',
      name: 'a code redeemed a second time, with the stolen key of the app itself',
      title: 'Redeem it again, with the app’s own key',
      hope: 'That with the key of the app in hand, second place is as good as first. This is the one where the thief has everything.',
      attack: 'ER-27',
      expected: 'code_replayed',
      attempt: replayCode,
    },
  ],
}

/** A person connects the bank on another device, and the code is caught before it reaches the app. */
async function stealCode(world: Stage): Promise<string> {
  const device = new Browser()
  return takeCode(await interceptResponse(device, world, await startAtApp(device, world), demoUser))
}

function takeCode(response: URL): string {
  const code = response.searchParams.get('code') ?? ''
  take('callback_url', response.href)
  take('authorization_code', code)
  return code
}

/** The app takes the code for the thief's, and sends the verifier of the thief's flow along. */
async function injectCode({ world }: Scene) {
  const stolen = await stealCode(world)
  // The thief goes through the flow too, for a state that fits the thief's browser, and swaps the codes.
  const thief = new Browser('thief')
  const own = await interceptResponse(thief, world, await startAtApp(thief, world), thievingUser)
  own.searchParams.set('code', stolen)
  const shown = await strike(() => thief.open(own.href))
  const correlationId = /id="correlation-id">([^<]*)</.exec(shown.text)?.[1]
  const status = world.incidents.find(correlationId)?.status ?? shown.status
  return { status, correlationId, nonce: undefined, text: shown.text }
}

/** In a flow of its own, because what the code brought is dead afterwards. */
async function replayCode({ world, alice, prove }: Scene) {
  const { client, tally, issuer } = world
  const { url, pending } = await client.begin({ prompt: 'consent' })
  const response = await interceptResponse(alice, world, url, demoUser)
  const code = takeCode(response)
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

async function isDeadAtUserinfo({ client, incidents }: Stage, session: Session): Promise<Consequence> {
  const name = 'the token from that code is dead at userinfo at once'
  try {
    await client.userinfo(session)
    return { name, ok: false, detail: 'it still works' }
  } catch (error) {
    const rule = error instanceof ClientError ? incidents.find(error.correlationId)?.rule : undefined
    return { name, ok: rule === 'access_token_revoked', detail: rule ?? String(error) }
  }
}

async function isDeadAtBank({ client, incidents }: Stage, session: Session): Promise<Consequence> {
  const name = 'the token from that code is dead at the bank at once'
  const response = await client.call(session, '/accounts')
  const body: unknown = await response.json()
  const id = typeof body === 'object' && body !== null && 'correlation_id' in body ? body.correlation_id : undefined
  const rule = typeof id === 'string' ? incidents.find(id)?.rule : undefined
  return { name, ok: rule === 'access_token_revoked', detail: rule ?? `status ${response.status}` }
}
