/** A server as the load generator knows it: what is asked of it once, before anything is measured. */

import { type Actor, type Actors, theClient, theScope } from '../actors.ts'
import type { Answer } from './answer.ts'
import { Browser } from './browser.ts'
import { authentication, type Holder, proof } from './credentials.ts'
import { type Endpoints, endpointsOf } from './endpoints.ts'
import { prepareFlow, runFlow } from './flow.ts'
import { openConnections } from './http.ts'

/** A person who signed in with one browser, and allowed the client to come back. */
export type SignedIn = { readonly browser: Browser; readonly refreshToken: string; readonly accessToken: string }

/** One server. */
export type Visit = {
  readonly endpoints: Endpoints
  /** Every proof key, with a nonce that is good now. */
  readonly holders: () => Promise<readonly Holder[]>
  /** As many browsers as connections, each signed in, each with consent to everything; always the same. */
  readonly signedIn: () => Promise<readonly SignedIn[]>
  /** The same, signed in again when their access tokens will not do for another window. */
  readonly signedInLately: () => Promise<readonly SignedIn[]>
}

/** Access tokens live for 300 seconds everywhere here. */
const goodForMs = 150_000

/** Gets to know a server. */
export async function visitServer(origin: string, actors: Actors, connections: number): Promise<Visit> {
  const endpoints = await endpointsOf(origin)
  const holders = () => Promise.all(actors.proofKeys.map((key) => holderOf(key, endpoints, actors)))
  const signIn = async () => {
    const keys = await holders()
    return all(origin, connections, function* (lane): Generator<Buffer, SignedIn, Answer> {
      const browser = new Browser()
      const prepared = prepareFlow(everything, pick(keys, lane), endpoints, actors)
      const tokens = yield* runFlow(prepared, browser, 'there', endpoints)
      return { browser, refreshToken: tokens.member('refresh_token'), accessToken: tokens.member('access_token') }
    })
  }
  let last: { readonly at: number; readonly people: Promise<readonly SignedIn[]> } | undefined
  const signedIn = () => {
    last ??= { at: performance.now(), people: signIn() }
    return last.people
  }
  const signedInLately = () => {
    if (last !== undefined && performance.now() - last.at > goodForMs) last = undefined
    return signedIn()
  }
  return { endpoints, holders, signedIn, signedInLately }
}

/** OIDC Core §11: whoever wants access while nobody is there has the person asked. */
const everything = { scope: `openid offline_access ${theScope}`, prompt: 'consent' } as const

/** Does one piece of work on each connection. */
async function all<T>(
  origin: string,
  count: number,
  work: (lane: number) => Generator<Buffer, T, Answer>,
): Promise<readonly T[]> {
  const results: T[] = []
  const connections = await openConnections(new URL(origin), count)
  const units = Array.from(
    { length: count },
    (_, index) =>
      function* (): Generator<Buffer, void, Answer> {
        results[index] = yield* work(index)
      },
  )
  const { firstError } = await connections.send(units)
  connections.close()
  if (firstError !== undefined) throw new Error(`could not prepare: ${firstError}`)
  return results
}

/** One of several, in turn. */
export function pick<T>(several: readonly T[], index: number): T {
  const one = several[index % several.length]
  if (one === undefined) throw new TypeError('there is none')
  return one
}

/** Asks with a proof that has no nonce yet. RFC 9449 §8. A server that wants none gets none. */
async function holderOf(key: Actor, { issuer, token }: Endpoints, { client }: Actors): Promise<Holder> {
  const response = await fetch(token, {
    method: 'POST',
    headers: { dpop: proof(token.href, { key, nonce: undefined }), connection: 'close' },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...authentication(theClient, issuer, client) }),
  })
  await response.arrayBuffer()
  return { key, nonce: response.headers.get('dpop-nonce') ?? undefined }
}
