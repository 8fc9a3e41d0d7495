/** A complete flow: a request is pushed, opened in a browser, allowed, and its code redeemed. */

import { createHash, randomBytes } from 'node:crypto'
import { type Actors, theClient, theRedirectUri } from '../actors.ts'
import { type Answer, expectSuccess, WrongAnswer, wrong } from './answer.ts'
import type { Browser } from './browser.ts'
import { encodeForm, postBytes } from './bytes.ts'
import { authentication, type Holder, proof, unguessable } from './credentials.ts'
import type { Endpoints } from './endpoints.ts'

/** What a client asks for. */
export type Wanted = { readonly scope: string; readonly prompt?: 'consent' }

/** One flow whose every signature is made already. */
export type PreparedFlow = {
  readonly push: Buffer
  readonly redeem: (code: string) => Buffer
}

/** Signs what one flow needs. */
export function prepareFlow(wanted: Wanted, holder: Holder, endpoints: Endpoints, actors: Actors): PreparedFlow {
  const verifier = randomBytes(32).toString('base64url')
  const { issuer, token } = endpoints
  const form = encodeForm({
    grant_type: 'authorization_code',
    redirect_uri: theRedirectUri,
    code_verifier: verifier,
    ...authentication(theClient, issuer, actors.client),
  })
  const dpop = proof(token.href, holder)
  return {
    push: pushBytes(wanted, verifier, endpoints, actors),
    redeem: (code) => postBytes(token, `${form}&${encodeForm({ code })}`, { dpop }),
  }
}

/** A pushed authorization request. */
export function pushBytes(wanted: Wanted, verifier: string, { issuer, par }: Endpoints, { client }: Actors): Buffer {
  const form = {
    client_id: theClient,
    response_type: 'code',
    redirect_uri: theRedirectUri,
    ...wanted,
    state: unguessable(),
    nonce: unguessable(),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...authentication(theClient, issuer, client),
  }
  return postBytes(par, form, {})
}

/** Whether the person in front of the browser does something, or whoever shows a page is wrong. */
export type Person = 'there' | 'away'

/**
 * Runs a flow in a browser; returns the answer with the tokens.
 * @throws WrongAnswer
 */
export function* runFlow(
  { push, redeem }: PreparedFlow,
  browser: Browser,
  person: Person,
  endpoints: Endpoints,
): Generator<Buffer, Answer, Answer> {
  const pushed = yield push
  expectSuccess(pushed, '"request_uri"')
  const code = yield* authorize(pushed.member('request_uri'), browser, person, endpoints)
  const tokens = yield redeem(code)
  expectSuccess(tokens, '"id_token"')
  return tokens
}

const mostHops = 12

/** Opens a pushed request and goes wherever the browser is sent, until that is back to the client with a code. */
function* authorize(
  requestUri: string,
  browser: Browser,
  person: Person,
  { authorization }: Endpoints,
): Generator<Buffer, string, Answer> {
  let url = new URL(`${authorization.href}?${encodeForm({ client_id: theClient, request_uri: requestUri })}`)
  let request = browser.open(url)
  for (let hop = 0; hop < mostHops; hop += 1) {
    const answer = yield request
    browser.keep(answer)
    const [location] = answer.values('location')
    if (location === undefined) {
      if (person === 'away') return wrong(answer, 'nobody is there to be asked')
      request = browser.fillIn(answer, url)
      continue
    }
    url = new URL(location, url)
    if (url.href.startsWith(theRedirectUri)) return url.searchParams.get('code') ?? wrong(answer, 'without a code')
    request = browser.open(url)
  }
  throw new WrongAnswer('sent around without end')
}
