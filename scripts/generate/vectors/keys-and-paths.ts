/** Vectors about public keys and about the paths a guard decides on. */

import type { JsonObject } from '../../../src/core/names.ts'
import { type Family, textVectors } from './family.ts'
import { readVectorKeys } from './keys.ts'

const x = 'FPlcM-1UXiivOYozpUrp7d117JnKzPF4YXuXNnfZmdU'
const unfit = { usable: false }
const thumbprint = (text: string, alg: string) => ({ thumbprint: text, alg })

/** The RSA key of RFC 7638 §3.1. */
const rfc7638 = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
}

const published = [...readVectorKeys().values()].map(
  ({ name, publicJwk, thumbprint: own, alg }) =>
    [`the public key ${name}`, { input: { jwk: publicJwk }, expect: thumbprint(own, alg) }] as const,
)
const ed25519: JsonObject = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
const ofEd25519 = thumbprint('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k', 'EdDSA')

/** Public keys: which fit the profile, and their thumbprints. */
export const jwkThumbprints: Family = {
  file: 'jwk-thumbprint.json',
  about: 'A public JWK, the one algorithm it serves and its SHA-256 thumbprint; or that the profile has no use for it.',
  clauses: ['RFC 7638 §3', 'RFC 8037 §2', 'FAPI 2.0 SP §5.4.1', 'RFC 7517'],
  settings: {},
  vectors: textVectors({
    'the example of RFC 7638 §3.1': {
      input: { jwk: rfc7638 },
      expect: thumbprint('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs', 'PS256'),
    },
    'the example of RFC 8037 Appendix A.3': { input: { jwk: ed25519 }, expect: ofEd25519 },
    'kid, use and alg do not count': {
      input: { jwk: { ...ed25519, kid: '2011-04-29', use: 'sig', alg: 'EdDSA' } },
      expect: ofEd25519,
    },
    ...Object.fromEntries(published),
    'a private key': { input: { jwk: { ...ed25519, d: x } }, expect: unfit },
    'a symmetric key': { input: { jwk: { kty: 'oct', k: x } }, expect: unfit },
    'an encryption key': { input: { jwk: { ...ed25519, use: 'enc' } }, expect: unfit },
    'alg does not fit': { input: { jwk: { ...ed25519, alg: 'ES256' } }, expect: unfit },
    'RS256 in alg': { input: { jwk: { ...rfc7638, alg: 'RS256' } }, expect: unfit },
    'the exponent 3': { input: { jwk: { ...rfc7638, e: 'Aw' } }, expect: unfit },
    'a zero byte before the modulus': { input: { jwk: { ...rfc7638, n: `AA${rfc7638.n.slice(2)}` } }, expect: unfit },
    'RSA of 1024 bits': { input: { jwk: { ...rfc7638, n: `w${'A'.repeat(169)}Q` } }, expect: unfit },
    'an Ed25519 point of small order': { input: { jwk: { ...ed25519, x: 'A'.repeat(43) } }, expect: unfit },
    X25519: { input: { jwk: { ...ed25519, crv: 'X25519' } }, expect: unfit },
    'P-384': { input: { jwk: { kty: 'EC', crv: 'P-384', x, y: x } }, expect: unfit },
    secp256k1: { input: { jwk: { kty: 'EC', crv: 'secp256k1', x, y: x } }, expect: unfit },
    'a coordinate of 31 bytes': { input: { jwk: { kty: 'EC', crv: 'P-256', x: x.slice(0, 42), y: x } }, expect: unfit },
    'a coordinate with padding': { input: { jwk: { kty: 'EC', crv: 'P-256', x: `${x}=`, y: x } }, expect: unfit },
    'a coordinate is missing': { input: { jwk: { kty: 'EC', crv: 'P-256', x } }, expect: unfit },
    'a kid that is no text': { input: { jwk: { ...ed25519, kid: 1 } }, expect: unfit },
    'a text': { input: { jwk: 'x' }, expect: unfit },
    null: { input: { jwk: null }, expect: unfit },
  }),
}

const path = (target: string, canonical: string) => ({ input: { target }, expect: { path: canonical } })
const ambiguous = (target: string) => ({ input: { target }, expect: { rule: 'path_ambiguous' } })

/** The one reading of a request target. */
export const paths: Family = {
  file: 'path.json',
  about:
    'The request target as it was sent, and the path a guard decides on; a target that two programs could read differently is refused.',
  clauses: ['RFC 3986 §6.2.2', 'RFC 9112 §3.2.1'],
  settings: {},
  vectors: textVectors({
    'the root': path('/', '/'),
    'a plain path': path('/accounts/17', '/accounts/17'),
    'a slash at the end counts': path('/accounts/', '/accounts/'),
    'the query is not part of it': path('/accounts?x=/../y', '/accounts'),
    'an empty query': path('/accounts?', '/accounts'),
    'a second question mark belongs to the query': path('/accounts?x?y', '/accounts'),
    'an escape that is needed': path('/a%20b', '/a%20b'),
    'the case of an escape': path('/%c3%a9', '/%C3%A9'),
    'characters of their own meaning': path("/a!$&'()*+,=:@b~-_.c", "/a!$&'()*+,=:@b~-_.c"),
    'dots that are no dot segment': path('/a..b/.c/...', '/a..b/.c/...'),
    'a dot segment': ambiguous('/a/../b'),
    'a single dot': ambiguous('/a/./b'),
    'a dot segment at the end': ambiguous('/a/..'),
    'an escaped dot segment': ambiguous('/a/%2e%2e/b'),
    'half an escaped dot segment': ambiguous('/a/.%2E/b'),
    'a dot segment with a parameter': ambiguous('/a/..;/b'),
    'an empty segment': ambiguous('/a//b'),
    'two slashes at the start': ambiguous('//evil.example/a'),
    'an escaped slash': ambiguous('/a%2Fb'),
    'an escaped backslash': ambiguous('/a%5Cb'),
    'a backslash': ambiguous('/a\\b'),
    'a semicolon': ambiguous('/a;b'),
    'an escaped semicolon': ambiguous('/a%3Bb'),
    'an escaped percent sign': ambiguous('/a%252Fb'),
    'an escaped question mark': ambiguous('/a%3Fb'),
    'an escaped number sign': ambiguous('/a%23b'),
    'an escaped NUL': ambiguous('/a%00b'),
    'an escaped line break': ambiguous('/a%0d%0ab'),
    'an escaped plain letter': ambiguous('/%61dmin'),
    'an escaped tilde': ambiguous('/%7Ea'),
    'an invisible character': ambiguous('/a%E2%80%8Bb'),
    'an escape that is not UTF-8': ambiguous('/a%FFb'),
    'an overlong slash': ambiguous('/a%C0%AFb'),
    'a broken escape': ambiguous('/a%zzb'),
    'half an escape': ambiguous('/a%4'),
    'a fragment': ambiguous('/a#b'),
    'a space': ambiguous('/a b'),
    'not ASCII': ambiguous('/é'),
    brackets: ambiguous('/a[0]'),
    'absolute form': ambiguous('https://api.example.com/accounts'),
    'authority form': ambiguous('api.example.com:443'),
    'asterisk form': ambiguous('*'),
    'no slash at the start': ambiguous('accounts'),
    nothing: ambiguous(''),
  }),
}
