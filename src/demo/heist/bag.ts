/** What a thief holds: how it is called, what it is, and what would make it worth something. */

import { isJsonObject, type JsonObject } from '../../core/names.ts'
import { demoUser } from '../authorization-server.ts'
import { Browser } from '../browser.ts'
import { readAlong } from '../performance.ts'
import { interceptResponse, startAtApp } from '../person.ts'
import type { Stage } from '../stage.ts'
import { type Loot, type LootKind, take, traced } from '../trace.ts'
import type { Victim } from '../victim.ts'

/** Something stolen, as the pages show it. */
export type Artefact = {
  readonly kind: LootKind
  readonly value: string
  /** A JWT, opened: anybody who holds it can. */
  readonly opened: { readonly header: JsonObject; readonly claims: JsonObject } | undefined
}

/** A kind of loot in words. */
type Words = { readonly name: string; readonly short: string; readonly what: string; readonly catch: string }

/** Every kind of loot in words. */
export const lootWords: Readonly<Record<LootKind, Words>> = {
  access_token: {
    name: 'Access token',
    short: 'access token',
    what: 'What the app shows the bank to read Alice’s accounts. Five minutes long, it is the crown jewels.',
    catch: 'It names the app’s key. Without that key it is a very long word.',
  },
  dpop_proof: {
    name: 'Proof',
    short: 'proof',
    what: 'The signature that went along with the token, made by the app for this one call.',
    catch: 'It is good for one method, one address, one token, one time. That time is over.',
  },
  authorization_code: {
    name: 'Authorization code',
    short: 'code',
    what: 'What Alice’s browser carries back to the app after she said yes; the app swaps it for tokens.',
    catch: 'It is good once, for a minute, for the app that asked, with a secret that never left the app.',
  },
  callback_url: {
    name: 'Leaked address',
    short: 'leaked address',
    what: 'The address Alice’s browser was sent back to, as it stands in a history or a proxy’s log.',
    catch: 'All it holds is a code and the name of the server. See there.',
  },
  refresh_token: {
    name: 'Refresh token',
    short: 'refresh token',
    what: 'What the app keeps, to get new access tokens while Alice is away.',
    catch: 'It works for one client, and that client has to prove who it is every time.',
  },
  request_uri: {
    name: 'request_uri',
    short: 'request_uri',
    what: 'A reference to the request that the app handed in behind the scenes. The browser carries nothing else.',
    catch: 'It belongs to one client, ends within 90 seconds, and there is nothing in it to bend.',
  },
  page_url: {
    name: 'Sign-in page',
    short: 'sign-in link',
    what: 'The address of the very page on which Alice is about to sign in.',
    catch: 'The page belongs to her browser. In another one it is only an address.',
  },
  client_assertion: {
    name: 'Client assertion',
    short: 'client assertion',
    what: 'The short signed letter by which the app tells the server who it is.',
    catch: 'It says for whom it is, ends within minutes, and counts once.',
  },
  machine_token: {
    name: 'Token of a machine',
    short: 'machine’s token',
    what: 'What Ledger, a program without a person, shows the bank at night.',
    catch: 'It names a certificate, and the bank looks at the one on the connection.',
  },
}

/** Words for the claims that matter here. */
const claimWords: Readonly<Record<string, string>> = {
  cnf: 'The lock. The thumbprint of the key, or certificate, that must be present whenever this token is used.',
  htm: 'The one HTTP method this proof was made for.',
  htu: 'The one address this proof was made for.',
  ath: 'The hash of the one access token this proof goes with.',
  jti: 'The name of this very piece of paper. Whoever has seen it once does not take it twice.',
  nonce: 'Something the server said a moment ago: the proof cannot have been made long before.',
  aud: 'For whom it is. Everybody else turns it away.',
  exp: 'When it ends, in seconds since 1970.',
  iat: 'When it was made.',
  scope: 'What it is good for, and no more.',
  iss: 'Who made it.',
  sub: 'Whom it is about.',
  client_id: 'The app it was given to.',
  authorization_details: 'What exactly was allowed: this payment, and no other.',
  jwk: 'The public half of the app’s key. The private half signs, and never travels.',
}

/** What a claim means; undefined when it needs no words. */
export function meaningOf(claim: string): string | undefined {
  return Object.hasOwn(claimWords, claim) ? claimWords[claim] : undefined
}

/** Opens what was stolen. */
export function artefactOf({ kind, value }: Loot): Artefact {
  const [header = '', claims = ''] = value.split('.')
  const opened = { header: read(header), claims: read(claims) }
  if (opened.header === undefined || opened.claims === undefined) return { kind, value, opened: undefined }
  return { kind, value, opened: { header: opened.header, claims: opened.claims } }
}

function read(part: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Reads along with everything once: a call of the app to the bank, and a person who connects. */
export function fillBag(stage: Stage, findVictim: () => Promise<Victim>): Promise<readonly Artefact[]> {
  return traced(async ({ loot }) => {
    await readAlong(stage, await findVictim())
    const device = new Browser()
    const start = await startAtApp(device, stage)
    take('request_uri', new URL(start).searchParams.get('request_uri') ?? '')
    const response = await interceptResponse(device, stage, start, demoUser)
    take('authorization_code', response.searchParams.get('code') ?? '')
    take('callback_url', response.href)
    return loot.map(artefactOf)
  })
}
