import type { JsonObject } from '../../../../src/core/names.ts'
import { steps } from '../../../../src/core/rules.ts'
import type { VectorKey } from '../keys.ts'
import { account } from './account.ts'
import { opened, pushed } from './authorization.ts'
import { authorizationDetails } from './authorization-details.ts'
import { certificate } from './certificate.ts'
import { clientAuthentication } from './client-authentication.ts'
import { decision } from './decision.ts'
import { dpop } from './dpop.ts'
import { bases, type Exchange } from './exchange.ts'
import { http } from './http.ts'
import { interaction } from './interaction.ts'
import { introspection, revocation } from './introspection.ts'
import { limits } from './limits.ts'
import { openid } from './openid.ts'
import { passkeys } from './passkeys.ts'
import { refresh } from './refresh.ts'
import { guard, resource } from './resource.ts'
import { token } from './token.ts'
import { upstream } from './upstream.ts'

const all: readonly Exchange[] = [
  ...http,
  ...clientAuthentication,
  ...certificate,
  ...dpop,
  ...limits,
  ...pushed,
  ...opened,
  ...authorizationDetails,
  ...interaction,
  ...decision,
  ...account,
  ...passkeys,
  ...upstream,
  ...openid,
  ...token,
  ...refresh,
  ...introspection,
  ...revocation,
  ...resource,
  ...guard,
]

/** One file of exchange vectors for each step. */
export function exchangeFiles(
  keys: ReadonlyMap<string, VectorKey>,
): readonly (readonly [file: string, document: JsonObject])[] {
  return steps.map((step) => [
    `vectors/exchanges/${step}.json`,
    {
      about: `Requests at the step ${step}: a valid one, what is different about it, and what is answered. See ../README.md.`,
      step,
      vectors: all.filter(({ base }) => bases[base] === step).map((exchange) => vectorOf(exchange, keys)),
    },
  ])
}

function vectorOf(exchange: Exchange, keys: ReadonlyMap<string, VectorKey>): JsonObject {
  const { name, base, given, meanwhile, replay, change, expect } = exchange
  const rule = expect['rule']
  const parts = {
    name: typeof rule === 'string' ? `${rule}: ${base}: ${name}` : `${base}: ${name}`,
    base,
    ...(given === undefined ? {} : { given }),
    ...(meanwhile === undefined ? {} : { meanwhile }),
    ...(replay === undefined ? {} : { replay }),
    ...(change === undefined ? {} : { change }),
    expect,
  }
  const parsed: unknown = JSON.parse(JSON.stringify(parts), (_, value: unknown) => withThumbprint(value, keys))
  if (typeof parsed !== 'object' || parsed === null) throw new TypeError('a vector is an object')
  return { ...parsed }
}

/** `{thumbprint of name}` becomes the thumbprint: a parameter is sent as it stands in the vector. */
function withThumbprint(value: unknown, keys: ReadonlyMap<string, VectorKey>): unknown {
  if (typeof value !== 'string') return value
  const [, name] = /^\{thumbprint of ([a-z0-9-]+)\}$/.exec(value) ?? []
  if (name === undefined) return value
  const key = keys.get(name)
  if (key === undefined) throw new RangeError(`vectors/keys.json has no key ${name}`)
  return key.thumbprint
}
