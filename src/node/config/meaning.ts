/** What no single key can be wrong about: keys that must fit each other. Looks at whatever already has its shape. */

import { isJsonObject, isLoopbackHost, type JsonObject } from '../../core/names.ts'
import type { Note } from './problems.ts'

/** Notes every contradiction. Takes the values as they were written, defaults not filled in. */
export function checkMeaning(values: JsonObject, note: Note): void {
  checkListener(values, note)
  checkApis(values['apis'], note)
  checkApisOfProduction(values, note)
  checkStore(values, note)
}

function groupAt(values: JsonObject, key: string): JsonObject {
  const group = values[key]
  return isJsonObject(group) ? group : {}
}

/** Until TLS is terminated here, what is listened on must not leave this machine; so an http issuer cannot either. */
function checkListener(values: JsonObject, note: Note): void {
  const host = groupAt(values, 'listen')['host']
  if (typeof host !== 'string' || isLoopbackHost(host.includes(':') ? `[${host}]` : host)) return
  const issuer = values['issuer']
  const isHttp = typeof issuer === 'string' && issuer.startsWith('http:')
  const why = isHttp
    ? 'an http issuer is for development on this machine only'
    : 'let TLS end in a proxy on this machine'
  note('listen.host', `must be a loopback address such as 127.0.0.1: ${why}`)
}

/** Every resource once, every scope in one API: a scope must say by itself which API it opens. RFC 8707 §2.2. */
function checkApis(apis: unknown, note: Note): void {
  if (!Array.isArray(apis)) return
  const resources = new Map<string, string>()
  const scopes = new Map<string, string>()
  for (const [index, api] of apis.entries()) {
    if (!isJsonObject(api)) continue
    noteSecond(resources, api['resource'], `apis[${index}].resource`, note)
    if (!Array.isArray(api['scopes'])) continue
    for (const [place, scope] of api['scopes'].entries()) {
      if (isJsonObject(scope)) noteSecond(scopes, scope['name'], `apis[${index}].scopes[${place}].name`, note)
    }
  }
}

/** An API that tokens of a real issuer are sent to in the clear would be a hole. FAPI 2.0 SP §5.2.1. */
function checkApisOfProduction({ issuer, apis }: JsonObject, note: Note): void {
  if (typeof issuer !== 'string' || !issuer.startsWith('https:') || !Array.isArray(apis)) return
  for (const [index, api] of apis.entries()) {
    const resource: unknown = isJsonObject(api) ? api['resource'] : undefined
    if (typeof resource !== 'string' || !resource.startsWith('http:')) continue
    note(`apis[${index}].resource`, 'must be https: http is for an issuer that is itself for development')
  }
}

function noteSecond(seen: Map<string, string>, value: unknown, where: string, note: Note): void {
  if (typeof value !== 'string') return
  const first = seen.get(value)
  if (first === undefined) seen.set(value, where)
  else note(where, `stands at ${first} already`)
}

function checkStore(values: JsonObject, note: Note): void {
  const { kind, path } = groupAt(values, 'store')
  const isMemory = kind === 'memory'
  if (isMemory && path !== undefined) note('store.path', 'has no meaning for a store in memory')
  if (kind === 'sqlite' && (path === undefined || path === ''))
    note('store.path', 'is missing: where the database file is')
  // With a store in memory nothing outlives the process, so a key of the process will do.
  if (!isMemory && groupAt(values, 'keys')['sealing'] === undefined) {
    note('keys.sealing', 'is missing: `strongroom init` makes one')
  }
}
