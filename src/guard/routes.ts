/** Which route of a policy a request takes. Order in the policy does not matter; the most specific route wins. */

import { OAuthError, refuse } from '../core/oauth-error.ts'
import { canonicalPath } from './path.ts'

/** Operations of an API and what each asks of a token. */
export type GuardRoute = {
  /** In capitals. HEAD and OPTIONS are methods like any other. */
  readonly methods: readonly string[]
  /** As this process sees it: `/accounts`, `/accounts/:id`, or everything below with `/accounts/*`. */
  readonly path: string
  /** All of these. */
  readonly scope: readonly string[]
  /** Whether a person must stand behind the token, or a client alone will do. */
  readonly speaksFor: 'person' | 'anyone'
}

/** The routes of a policy, ready to be asked. */
export type RouteTable = {
  /** @throws OAuthError route_not_guarded, path_ambiguous */
  readonly find: (method: string, path: string) => GuardRoute
}

/** A path of a policy that says nothing, or says it twice. */
export class RouteMalformed extends Error {
  override readonly name = 'RouteMalformed'
}

type Segment = { readonly is: 'literal'; readonly text: string } | { readonly is: 'one' } | { readonly is: 'rest' }

type CompiledRoute = {
  readonly route: GuardRoute
  readonly segments: readonly Segment[]
  /** One digit for each segment, smaller is more specific; compared as text. */
  readonly rank: string
  /** Equal for two paths that match the same requests. */
  readonly shape: string
}

const digit = { literal: '0', one: '1', rest: '2' } as const
/** No literal segment begins like these. */
const sign = { one: ':', rest: '*' } as const

/** @throws RouteMalformed */
export function compileRoutes(routes: readonly GuardRoute[]): RouteTable {
  const byMethod = new Map<string, CompiledRoute[]>()
  for (const route of routes) {
    const compiled = compile(route)
    for (const method of route.methods) {
      const others = byMethod.get(method) ?? []
      if (others.some(({ shape }) => shape === compiled.shape)) {
        throw new RouteMalformed(`${method} ${route.path} is covered twice`)
      }
      const rival = others.find((other) => isUndecided(other.segments, compiled.segments))
      if (rival !== undefined) {
        throw new RouteMalformed(`${method} ${route.path} and ${rival.route.path} overlap, and neither is the narrower`)
      }
      byMethod.set(method, [...others, compiled])
    }
  }
  const ordered = new Map([...byMethod].map(([method, some]) => [method, some.toSorted(bySpecificity)]))
  return { find: (method, path) => find(ordered.get(method) ?? [], path) }
}

/**
 * Whether some path takes both patterns although neither is the narrower one: a router behind the guard may then choose
 * another of the two than the guard did.
 */
function isUndecided(one: readonly Segment[], other: readonly Segment[]): boolean {
  return overlaps(one, other) && !covers(one, other) && !covers(other, one)
}

function overlaps(one: readonly Segment[], other: readonly Segment[]): boolean {
  for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
    const [a, b] = [one[index], other[index]]
    if (a === undefined || b === undefined) return false
    if (a.is === 'rest' || b.is === 'rest') return true
    if (!covers([a], [b]) && !covers([b], [a])) return false
  }
  return true
}

/** Whether every path of the narrow pattern takes the wide one too. */
function covers(wide: readonly Segment[], narrow: readonly Segment[]): boolean {
  const open = wide.at(-1)?.is === 'rest'
  if (open ? narrow.length < wide.length : narrow.length !== wide.length) return false
  return wide.every((segment, index) => {
    const other = narrow[index]
    switch (segment.is) {
      case 'literal':
        return other?.is === 'literal' && other.text === segment.text
      case 'one':
        return other?.is === 'one' || (other?.is === 'literal' && other.text !== '')
      case 'rest':
        return true
    }
  })
}

function bySpecificity(one: CompiledRoute, other: CompiledRoute): number {
  if (one.rank === other.rank) return 0
  return one.rank < other.rank ? -1 : 1
}

function find(routes: readonly CompiledRoute[], path: string): GuardRoute {
  const segments = path.slice(1).split('/')
  const found = routes.find((route) => matches(route.segments, segments, 'exactly')) ?? refuse('route_not_guarded')
  // An API that ignores case or a trailing slash would take the request for one of a stricter route.
  const toggled = segments.at(-1) === '' ? segments.slice(0, -1) : [...segments, '']
  const mistaken = routes.some(
    ({ rank, segments: pattern }) =>
      rank < found.rank && (matches(pattern, segments, 'loosely') || matches(pattern, toggled, 'loosely')),
  )
  if (mistaken) refuse('path_ambiguous', { detail: 'differs from another route in case or a trailing slash only' })
  return found.route
}

function matches(pattern: readonly Segment[], segments: readonly string[], how: 'exactly' | 'loosely'): boolean {
  const open = pattern.at(-1)?.is === 'rest'
  if (open ? segments.length < pattern.length : segments.length !== pattern.length) return false
  return pattern.every((wanted, index) => {
    const segment = segments[index] ?? ''
    switch (wanted.is) {
      case 'literal':
        return segment === wanted.text || (how === 'loosely' && segment.toLowerCase() === wanted.text.toLowerCase())
      case 'one':
        return segment !== ''
      case 'rest':
        return true
    }
  })
}

function compile(route: GuardRoute): CompiledRoute {
  const { path } = route
  if (!path.startsWith('/')) throw new RouteMalformed(`${path} does not start with a slash`)
  const texts = path.slice(1).split('/')
  const segments = texts.map((text, index) => segmentOf(text, path, index === texts.length - 1 ? 'last' : 'inner'))
  return {
    route,
    segments,
    rank: segments.map(({ is }) => digit[is]).join(''),
    shape: segments.map((segment) => (segment.is === 'literal' ? segment.text : sign[segment.is])).join('/'),
  }
}

function segmentOf(text: string, path: string, place: 'inner' | 'last'): Segment {
  if (text === '*' && place === 'last') return { is: 'rest' }
  if (/^:[A-Za-z][A-Za-z0-9_]*$/.test(text)) return { is: 'one' }
  if (text.includes('*') || text.startsWith(':')) {
    throw new RouteMalformed(`${path}: * may only be the last segment, and :name a whole one`)
  }
  // Only the last segment may be empty: a trailing slash.
  if ((text === '' && place === 'inner') || !isCanonical(`/${text}`))
    throw new RouteMalformed(`${path} could be read in more than one way`)
  return { is: 'literal', text }
}

/** Whether a path is its own canonical form, and no more than a path. */
export function isCanonical(path: string): boolean {
  try {
    return canonicalPath(path) === path
  } catch (error) {
    if (error instanceof OAuthError) return false
    throw error
  }
}
