/** What a guard enforces, as an operator writes it: facts only, checked once, default deny. */

import {
  isJsonObject,
  type Issuer,
  issuer,
  type JsonObject,
  isLoopbackHost,
  MalformedName,
  type ResourceIdentifier,
  resourceIdentifier,
} from '../core/names.ts'
import { compileRoutes, type GuardRoute, isCanonical, RouteMalformed } from './routes.ts'

/** The policy of one API, checked. A request that no route covers is refused. */
export type GuardPolicy = {
  /** The identifier of the API: what tokens name as their audience. RFC 8707 §2. */
  readonly resource: ResourceIdentifier
  /** What people call the API. */
  readonly name: string
  /** What stands before the path this process sees, as clients see it: an origin, and a path if a proxy strips one. */
  readonly publicUrl: string
  /** Whose tokens count here, each with its own keys. */
  readonly issuers: readonly Issuer[]
  /** Whether clients reach this API over mutual TLS, so that a token may be bound to their certificate. RFC 8705 §3. */
  readonly certificateBoundTokens: 'accepted' | 'refused'
  readonly routes: readonly GuardRoute[]
  /** The types of authorization details it understands, for its metadata. RFC 9396 §9. */
  readonly authorizationDetailsTypes?: readonly string[]
}

/** A policy as it is written, before it was checked. */
export type GuardPolicyInput = {
  readonly resource: string
  readonly name: string
  readonly publicUrl: string
  readonly issuers: readonly string[]
  /** `refused` unless told. */
  readonly certificateBoundTokens?: 'accepted' | 'refused'
  readonly routes: readonly GuardRoute[]
  /** None unless told. */
  readonly authorizationDetailsTypes?: readonly string[]
}

/** What is wrong with a policy, and where. */
export class GuardPolicyError extends Error {
  override readonly name = 'GuardPolicyError'
  /** The member, such as `routes[2].path`. */
  readonly member: string
  constructor(member: string, problem: string) {
    super(`guard policy: ${member}: ${problem}`)
    this.member = member
  }
}

const members = [
  'resource',
  'name',
  'publicUrl',
  'issuers',
  'certificateBoundTokens',
  'routes',
  'authorizationDetailsTypes',
]
const routeMembers = ['methods', 'path', 'scope', 'speaksFor']

/**
 * Checks a policy: https everywhere (http only for a loopback host), the API and its public URL on one origin, at least
 * one issuer and one route, nothing twice, nothing unknown.
 * @throws GuardPolicyError
 */
export function parseGuardPolicy(input: GuardPolicyInput): GuardPolicy {
  const policy = objectOf('policy', input, members)
  const resource = nameOf('resource', policy['resource'], resourceIdentifier)
  const publicUrl = parsePublicUrl(policy['publicUrl'])
  if (new URL(publicUrl).origin !== new URL(resource).origin) {
    throw new GuardPolicyError('publicUrl', 'is on another origin than resource')
  }
  const issuers = listOf('issuers', policy['issuers'], (member, value) => nameOf(member, value, issuer))
  const routes = listOf('routes', policy['routes'], parseRoute)
  checkFilled('issuers', issuers)
  checkFilled('routes', routes)
  checkDistinct('issuers', issuers)
  checkRoutes(routes)
  const name = textOf('name', policy['name'])
  const certificateBoundTokens = parseAcceptance(policy['certificateBoundTokens'])
  const types = parseDetailTypes(policy['authorizationDetailsTypes'])
  return { resource, name, publicUrl, issuers, certificateBoundTokens, routes, ...types }
}

function parseDetailTypes(value: unknown): Pick<GuardPolicy, 'authorizationDetailsTypes'> {
  if (value === undefined) return {}
  const authorizationDetailsTypes = listOf('authorizationDetailsTypes', value, textOf)
  checkDistinct('authorizationDetailsTypes', authorizationDetailsTypes)
  return { authorizationDetailsTypes }
}

function parsePublicUrl(value: unknown): string {
  const text = textOf('publicUrl', value)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || `${url.origin}${url.pathname}` !== (url.pathname === '/' ? `${url.origin}/` : text)) {
    throw new GuardPolicyError('publicUrl', 'is not a plain URL of origin and path')
  }
  if (text !== url.href && `${text}/` !== url.href) {
    throw new GuardPolicyError('publicUrl', `is not in its canonical spelling, which is ${url.href}`)
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url.hostname))) {
    throw new GuardPolicyError('publicUrl', 'is neither https nor on a loopback host')
  }
  if (!isCanonical(url.pathname)) throw new GuardPolicyError('publicUrl', 'has a path that can be read in two ways')
  return text.replace(/\/$/, '')
}

function parseAcceptance(value: unknown): 'accepted' | 'refused' {
  if (value === undefined) return 'refused'
  if (value === 'accepted' || value === 'refused') return value
  throw new GuardPolicyError('certificateBoundTokens', 'is neither accepted nor refused')
}

function parseRoute(member: string, value: unknown): GuardRoute {
  const route = objectOf(member, value, routeMembers)
  const methods = listOf(`${member}.methods`, route['methods'], parseMethod)
  checkFilled(`${member}.methods`, methods)
  checkDistinct(`${member}.methods`, methods)
  const scope = listOf(`${member}.scope`, route['scope'], parseScope)
  checkDistinct(`${member}.scope`, scope)
  return { methods, path: textOf(`${member}.path`, route['path']), scope, speaksFor: parseSpeaksFor(member, route) }
}

function parseMethod(member: string, value: unknown): string {
  const method = textOf(member, value)
  if (!/^[A-Z]{3,16}$/.test(method) || method === 'TRACE' || method === 'CONNECT') {
    throw new GuardPolicyError(member, 'is not an HTTP method of an API, in capitals')
  }
  return method
}

function parseScope(member: string, value: unknown): string {
  const scope = textOf(member, value)
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) throw new GuardPolicyError(member, 'is not one scope value')
  return scope
}

function parseSpeaksFor(member: string, route: JsonObject): 'person' | 'anyone' {
  const { speaksFor } = route
  if (speaksFor === 'person' || speaksFor === 'anyone') return speaksFor
  throw new GuardPolicyError(`${member}.speaksFor`, 'is neither person nor anyone')
}

function checkRoutes(routes: readonly GuardRoute[]): void {
  try {
    compileRoutes(routes)
  } catch (error) {
    throw error instanceof RouteMalformed ? new GuardPolicyError('routes', error.message) : error
  }
}

function objectOf(member: string, value: unknown, known: readonly string[]): JsonObject {
  if (!isJsonObject(value)) throw new GuardPolicyError(member, 'is not an object')
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new GuardPolicyError(member, `has an unknown member ${JSON.stringify(unknown)}`)
  return value
}

function textOf(member: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new GuardPolicyError(member, 'is not a text')
  return value
}

function nameOf<T>(member: string, value: unknown, parse: (text: string) => T): T {
  try {
    return parse(textOf(member, value))
  } catch (error) {
    throw error instanceof MalformedName ? new GuardPolicyError(member, error.message) : error
  }
}

function listOf<T>(member: string, value: unknown, parse: (member: string, value: unknown) => T): readonly T[] {
  if (!Array.isArray(value)) throw new GuardPolicyError(member, 'is not a list')
  return value.map((entry: unknown, index) => parse(`${member}[${index}]`, entry))
}

function checkFilled(member: string, list: readonly unknown[]): void {
  if (list.length === 0) throw new GuardPolicyError(member, 'is empty')
}

function checkDistinct(member: string, list: readonly string[]): void {
  const twice = list.find((entry, index) => list.indexOf(entry) !== index)
  if (twice !== undefined) throw new GuardPolicyError(member, `names ${twice} twice`)
}
