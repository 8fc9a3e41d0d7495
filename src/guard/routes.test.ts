import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OAuthError } from '../core/oauth-error.ts'
import { compileRoutes, type GuardRoute, RouteMalformed } from './routes.ts'

const route = (path: string, ...methods: string[]): GuardRoute => ({
  methods: methods.length === 0 ? ['GET'] : methods,
  path,
  scope: [path],
  speaksFor: 'anyone',
})

const paths = ['/', '/a', '/a/:id', '/a/me', '/a/*', '/a/:id/b', '/deep/*', '/s/']
const table = compileRoutes(paths.map((path) => route(path)))
const reversed = compileRoutes(paths.toReversed().map((path) => route(path)))

const rule = (slug: string) => (error: unknown) => error instanceof OAuthError && error.rule === slug

for (const [path, wanted] of [
  ['/', '/'],
  ['/a', '/a'],
  ['/a/1', '/a/:id'],
  ['/a/me', '/a/me'],
  ['/a/1/b', '/a/:id/b'],
  ['/a/1/c', '/a/*'],
  ['/a/1/b/c', '/a/*'],
  ['/deep/', '/deep/*'],
  ['/deep/x/y/', '/deep/*'],
  ['/s/', '/s/'],
] as const) {
  test(`[RS-TOK-05] ${path} takes ${wanted}, in whatever order the policy is`, () => {
    assert.equal(table.find('GET', path).path, wanted)
    assert.equal(reversed.find('GET', path).path, wanted)
  })
}

for (const path of ['/b', '/A', '/ab', '/deep', '/s', '/a/x'.toUpperCase()]) {
  test(`route_not_guarded [RS-TOK-05] ${path} is nobody's`, () => {
    assert.throws(() => table.find('GET', path), rule('route_not_guarded'))
  })
}

for (const method of ['HEAD', 'OPTIONS', 'POST', 'get', 'TRACE']) {
  test(`route_not_guarded [RS-TOK-05] ${method} is not GET`, () => {
    assert.throws(() => table.find(method, '/a'), rule('route_not_guarded'))
  })
}

for (const path of ['/a/', '/a/1/', '/a/ME', '/a/me/', '/a/1/B', '/a/1/b/']) {
  test(`path_ambiguous [RS-DPOP-04] ${path} takes a wide route, but a lax API would take a narrower one`, () => {
    assert.throws(() => table.find('GET', path), rule('path_ambiguous'))
  })
}

for (const path of [
  'a',
  '',
  '/a*',
  '/*/b',
  '/:',
  '/a/:1',
  '/a/x:y/../b',
  '/a//b',
  '/a%2Fb',
  '/é',
  '/a?b',
  '/caf%c3%a9',
]) {
  test(`[RS-TOK-05] the policy path ${JSON.stringify(path)} is refused`, () => {
    assert.throws(() => compileRoutes([route(path)]), RouteMalformed)
  })
}

test('[RS-TOK-05] a route stands once: names of segments make no difference', () => {
  assert.throws(() => compileRoutes([route('/a/:id'), route('/a/:name')]), RouteMalformed)
  assert.throws(() => compileRoutes([route('/a', 'GET', 'PUT'), route('/a', 'PUT')]), RouteMalformed)
  compileRoutes([route('/a', 'GET'), route('/a', 'PUT'), route('/A')])
})

for (const [one, other] of [
  ['/public/*', '/:tenant/admin'],
  ['/a/:id', '/:tenant/b'],
  ['/:x/b/*', '/a/:y/c'],
] as const) {
  test(`[RS-TOK-05] ${one} and ${other} overlap and neither is the narrower: the policy is refused`, () => {
    assert.throws(() => compileRoutes([route(one), route(other)]), RouteMalformed)
    assert.throws(() => compileRoutes([route(other), route(one)]), RouteMalformed)
    // For different methods they never meet.
    assert.ok(compileRoutes([route(one, 'GET'), route(other, 'POST')]))
  })
}

test('[RS-TOK-05] routes that contain one another, or never meet, may stand together', () => {
  assert.ok(compileRoutes(['/a/*', '/a/:id', '/a/me', '/a/:id/b', '/b/:id/c'].map((path) => route(path))))
  assert.ok(compileRoutes(['/:x/y', '/:x', '/a', '/a/y'].map((path) => route(path))))
  assert.ok(compileRoutes(['/s/', '/s', '/:x'].map((path) => route(path))))
})
