/** What no single key can be wrong about: keys that must fit each other. Looks at whatever already has its shape. */

import { isJsonObject, isLoopbackHost, type JsonObject } from '../../core/names.ts'
import { keyScheduleBounds } from '../keys/schedule.ts'
import type { Note } from './problems.ts'
import { checkSignInApp } from './sign-in-app.ts'
import { checkUpstream } from './upstream.ts'

/** Notes every contradiction. Takes the values as they were written, defaults not filled in. */
export function checkMeaning(values: JsonObject, note: Note): void {
  checkListener('listen', values, note)
  checkMutualTls(values, note)
  checkApis(values['apis'], note)
  checkApisOfProduction(values, note)
  checkSignInApp(values, note)
  checkUpstream(values, note)
  checkStore(values, note)
  checkRefreshTokens(values, note)
  checkKeySchedule(values, note)
}

function groupAt(values: JsonObject, key: string): JsonObject {
  const group = values[key]
  return isJsonObject(group) ? group : {}
}

/** What is listened on without TLS must not leave this machine, and an http issuer never does. FAPI 2.0 SP §5.2.1. */
function checkListener(entrance: 'listen' | 'mtls', values: JsonObject, note: Note): void {
  const { host, tls, certificateHeader } = groupAt(values, entrance)
  const issuer = values['issuer']
  const isHttp = typeof issuer === 'string' && issuer.startsWith('http:')
  if (tls !== undefined && isHttp && entrance === 'listen') note('listen.tls', 'has no meaning for an http issuer')
  if (tls !== undefined && certificateHeader !== undefined) {
    note(`${entrance}.certificateHeader`, 'is never believed where TLS ends here: keep one of them')
  }
  if (typeof host !== 'string' || isLoopbackHost(host.includes(':') ? `[${host}]` : host)) return
  if (tls !== undefined && !isHttp) return
  const why = isHttp
    ? 'an http issuer is for development on this machine only'
    : `let TLS end here (${entrance}.tls), or in a proxy on this machine`
  note(`${entrance}.host`, `must be a loopback address such as 127.0.0.1: ${why}`)
}

/** The second entrance: somebody must end TLS there, and it must be another one. RFC 8705 §5. */
function checkMutualTls(values: JsonObject, note: Note): void {
  if (values['mtls'] === undefined) return
  checkListener('mtls', values, note)
  const { tls, certificateHeader, url } = groupAt(values, 'mtls')
  if (tls === undefined && certificateHeader === undefined) {
    note(
      'mtls',
      'needs tls, where client certificates are asked for, or certificateHeader, where a proxy passes them on',
    )
  }
  const issuer = values['issuer']
  if (typeof issuer === 'string' && URL.canParse(issuer) && new URL(issuer).origin === url) {
    note('mtls.url', 'is the origin of the issuer: browsers would be asked for certificates')
  }
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

/** A whole number as it may be written: bare, or in quotes. */
function numberAt(group: JsonObject, key: string): number | undefined {
  const value = group[key]
  if (typeof value === 'number') return value
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : undefined
}

/** An unused token cannot outlast one in use. What is not set gives way. */
function checkRefreshTokens(values: JsonObject, note: Note): void {
  const lifetimes = groupAt(values, 'lifetimes')
  const [most, idle] = [numberAt(lifetimes, 'refreshToken'), numberAt(lifetimes, 'refreshTokenIdle')]
  if (most === undefined || idle === undefined || idle <= most) return
  note('lifetimes.refreshTokenIdle', 'must not exceed lifetimes.refreshToken')
}

/** The next key must not be due before the last one signs. FAPI 2.0 SP §6.8-1. */
function checkKeySchedule(values: JsonObject, note: Note): void {
  const keys = groupAt(values, 'keys')
  const every = numberAt(keys, 'rotateEvery') ?? keyScheduleBounds.rotateEvery.standard
  const ahead = numberAt(keys, 'publishAhead') ?? keyScheduleBounds.publishAhead.standard
  if (ahead > every) note('keys.publishAhead', 'must not exceed keys.rotateEvery')
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
