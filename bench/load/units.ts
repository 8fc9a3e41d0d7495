/** What is sent in each row, with credentials of its own, signed before anything is measured. */

import { randomBytes } from 'node:crypto'
import { type Actors, theApi, theClient, theScope } from '../actors.ts'
import type { Work } from '../messages.ts'
import { type Answer, expectSuccess } from './answer.ts'
import { postBytes } from './bytes.ts'
import { authentication, type Holder, proof } from './credentials.ts'
import type { Endpoints } from './endpoints.ts'
import { prepareFlow, pushBytes, runFlow } from './flow.ts'
import type { UnitOf } from './http.ts'
import { pick, type Visit } from './visit.ts'

/** Signs `count` units of work for a server; asks it first for what the work needs. */
export async function prepareUnits(
  work: Work,
  count: number,
  visit: Visit,
  actors: Actors,
): Promise<readonly UnitOf[]> {
  const unit = await unitsOf[work](visit, actors)
  return Array.from({ length: count }, (_, index) => unit(index))
}

type Preparing = (visit: Visit, actors: Actors) => Promise<(index: number) => UnitOf>

/** What a flow of a person who was here before asks for. */
const asUsual = { scope: `openid ${theScope}` }

const unitsOf: Readonly<Record<Work, Preparing>> = {
  par: ({ endpoints }, actors) =>
    Promise.resolve(() =>
      oneRequest(pushBytes(asUsual, randomBytes(32).toString('base64url'), endpoints, actors), '"request_uri"'),
    ),
  'token-client-credentials': async ({ endpoints, holders }, actors) => {
    const keys = await holders()
    return (index) => oneRequest(clientCredentialsBytes(pick(keys, index), endpoints, actors), '"access_token"')
  },
  'token-refresh': async ({ endpoints, holders, signedIn }, actors) => {
    const [people, keys] = [await signedIn(), await holders()]
    return (index) => {
      const { refreshToken } = pick(people, index)
      return oneRequest(refreshBytes(refreshToken, pick(keys, index), endpoints, actors), '"id_token"')
    }
  },
  introspection: async ({ endpoints, signedInLately }, actors) => {
    const people = await signedInLately()
    return (index) =>
      oneRequest(introspectionBytes(pick(people, index).accessToken, endpoints, actors), '"active":true')
  },
  'whole-flow': async ({ endpoints, holders, signedIn }, actors) => {
    const [people, keys] = [await signedIn(), await holders()]
    return (index) => {
      const prepared = prepareFlow(asUsual, pick(keys, index), endpoints, actors)
      // A browser does one thing at a time, and so does a connection.
      return (lane) => runFlow(prepared, pick(people, lane).browser, 'away', endpoints)
    }
  },
}

/** One request whose answer must hold the mark. */
function oneRequest(request: Buffer, mark: string): UnitOf {
  return function* (): Generator<Buffer, void, Answer> {
    expectSuccess(yield request, mark)
  }
}

function clientCredentialsBytes(holder: Holder, { issuer, token }: Endpoints, { client }: Actors): Buffer {
  const form = {
    grant_type: 'client_credentials',
    scope: theScope,
    ...authentication(theClient, issuer, client),
  }
  return postBytes(token, form, { dpop: proof(token.href, holder) })
}

/** A refresh of everything that was allowed. */
function refreshBytes(refreshToken: string, holder: Holder, { issuer, token }: Endpoints, { client }: Actors): Buffer {
  const form = {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    ...authentication(theClient, issuer, client),
  }
  return postBytes(token, form, { dpop: proof(token.href, holder) })
}

/** RFC 7662 §2.1, asked by the API. */
function introspectionBytes(token: string, { issuer, introspection }: Endpoints, { api }: Actors): Buffer {
  return postBytes(introspection, { token, ...authentication(theApi, issuer, api) }, {})
}
