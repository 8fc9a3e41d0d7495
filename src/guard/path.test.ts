import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OAuthError } from '../core/oauth-error.ts'
import { canonicalPath } from './path.ts'

const ambiguous = (error: unknown) => error instanceof OAuthError && error.rule === 'path_ambiguous'

const refused = {
  'an empty segment': ['//admin', '/a//b', '//'],
  'a dot segment': ['/..', '/.', '/public/../admin', '/a/./b', '/a/..'],
  'an encoded dot segment': ['/%2e%2e/admin', '/%2E./admin', '/a/%2e'],
  'an encoded delimiter': ['/a%2fb', '/a%2Fb', '/a%5cb', '/a%3bb', '/a%3Fb', '/a%23b'],
  'a double escape': ['/a%252fb', '/%2525'],
  'an encoded control character': ['/a%00', '/a%0d%0ab', '/a%7f', '/a%C2%85', '/a%E2%80%AE'],
  'a second spelling of a plain character': ['/%61dmin', '/%41dmin', '/a%2Db', '/a%7Eb', '/a%5fb', '/a%30', '/a%5A'],
  'a second spelling of a sub-delimiter': [
    '/export%21',
    '/all%28%29',
    '/a%27',
    '/a%2Ab',
    '/a%2b',
    '/a%2C',
    '/a%3Db',
    '/a%40b',
    '/a%3A',
    '/%24',
  ],
  'a path parameter': ['/admin;x', '/a;jsessionid=1/b', ';'],
  'a backslash': ['/a\\b', '\\admin'],
  'a raw control character': ['/a\u0000', '/a\tb', '/a\nb', '/a\u007f', '/a b'],
  'an invalid escape': ['/a%', '/a%2', '/a%zz', '/a%u0041', '/%C3', '/%C3%28', '/%C0%AF', '/%ED%A0%80'],
  'a raw character outside ASCII': ['/é', '/a?é', '/a\u2028'],
  'a character no path has': ['/a"b', '/a<b', '/a|b', '/a^b', '/a`b', '/a{b}', '/a[b]'],
  'a fragment': ['/a#b', '/a?b#c'],
  'absolute form': ['http://api.example.com/a', 'https://api.example.com/a'],
  'authority form': ['api.example.com:443', '*', '', 'a'],
}

for (const [what, targets] of Object.entries(refused)) {
  for (const target of targets) {
    test(`path_ambiguous [RS-DPOP-04] ${what}: ${JSON.stringify(target)}`, () => {
      assert.throws(() => canonicalPath(target), ambiguous)
    })
  }
}

const accepted = [
  ['/', '/'],
  ['/accounts', '/accounts'],
  ['/accounts/', '/accounts/'],
  ['/accounts?x=//..', '/accounts'],
  ['/a/b.c/..d/e..', '/a/b.c/..d/e..'],
  ['/caf%c3%a9', '/caf%C3%A9'],
  ['/a%20b/(c)@d:e,f=g+h', '/a%20b/(c)@d:e,f=g+h'],
] as const

for (const [target, path] of accepted) {
  test(`[RS-DPOP-04] ${target} is ${path}`, () => assert.equal(canonicalPath(target), path))
}

test('path_ambiguous [RS-DPOP-04] what is accepted means the same to the URL parser, decoded or not, once or twice', () => {
  const alphabet = fc.constantFrom(...'/.%;\\?#a2eEfF5cC0:@é\u0000 '.split(''), '%2e', '%2f', '%c3%a9', '..', '%41')
  const targets = fc.array(alphabet, { maxLength: 12 }).map((parts) => `/${parts.join('')}`)
  let accepts = 0
  fc.assert(
    fc.property(targets, (target) => {
      let path: string
      try {
        path = canonicalPath(target)
      } catch (error) {
        return ambiguous(error)
      }
      accepts += 1
      const parsed = new URL(target, 'http://localhost').pathname
      const once = decodeURIComponent(path)
      return (
        canonicalPath(path) === path &&
        canonicalPath(parsed) === path &&
        decodeURIComponent(once) === once &&
        once.split('/').length === path.split('/').length
      )
    }),
    { numRuns: 3000 },
  )
  assert.ok(accepts > 50, `only ${accepts} accepted`)
})
