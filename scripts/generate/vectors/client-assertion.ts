import type { JsonObject } from '../../../src/core/names.ts'
import type { RuleSlug } from '../../../src/core/rules.ts'
import { type Family, jwtVectors, time } from './family.ts'
import type { Mangling } from './jwt.ts'

const issuer = 'https://as.example'
const header = { typ: 'client-authentication+jwt', alg: 'EdDSA', kid: 'a-ed' }
const claims = { iss: 'client-a', sub: 'client-a', aud: issuer, jti: 'an assertion', iat: time, exp: time + 60 }

type Made = {
  readonly header?: JsonObject | string
  readonly claims?: JsonObject | string
  readonly key?: string
  readonly then?: Mangling
  /** How the client is registered; `client-a` unless told. */
  readonly client?: string
  readonly epoch?: number
}

function recipe(made: Made) {
  return {
    header: made.header ?? header,
    claims: made.claims ?? claims,
    key: made.key ?? 'client-a-ed25519',
    ...(made.then === undefined ? {} : { then: made.then }),
  }
}

function without(object: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([member]) => member !== name))
}

const accepted: Readonly<Record<string, Made>> = {
  'EdDSA, with everything an assertion may say': {},
  ES256: { header: { ...header, alg: 'ES256', kid: 'a-es' }, key: 'client-a-es256' },
  PS256: { header: { ...header, alg: 'PS256', kid: 'a-ps' }, key: 'client-a-ps256' },
  'the name Ed25519 of RFC 9864': { header: { ...header, alg: 'Ed25519' } },
  'without typ': { header: without(header, 'typ') },
  'typ JWT': { header: { ...header, typ: 'JWT' } },
  'without kid, the one key of its algorithm fits': { header: without(header, 'kid') },
  'two registered keys of different types share the kid': {
    header: { ...header, kid: 'twin' },
    client: 'client-with-twins',
  },
  'iat 10 seconds ahead': { claims: { ...claims, iat: time + 10 } },
  'iat 30 seconds ahead': { claims: { ...claims, iat: time + 30 } },
  'nbf 10 seconds ahead': { claims: { ...claims, nbf: time + 10 } },
  'without iat': { claims: without(claims, 'iat') },
  'exp 300 seconds ahead': { claims: { ...claims, exp: time + 300 } },
  'exp one second ahead': { claims: { ...claims, exp: time + 1 } },
  'iat at the epoch': { claims: { ...claims, iat: time - 3600 } },
  'a jti of 256 characters': { claims: { ...claims, jti: 'j'.repeat(256) } },
  'claims nobody asked for': { claims: { ...claims, azp: 'client-a', deep: { er: ['x', { still: null }] } } },
}

const refused: Partial<Record<RuleSlug, Readonly<Record<string, Made>>>> = {
  client_assertion_malformed: {
    'no signature part': { then: 'leave the signature and its dot out' },
    'an empty signature': { then: 'leave the signature empty' },
    'four parts': { then: 'append a fourth part' },
    'padding after the signature': { then: 'pad the signature with ==' },
    'a second spelling of the signature': { then: 'set unused bits of the last character' },
    'a line break inside': { then: 'put a line break before the last dot' },
    'JSON serialisation': { then: 'serialise as flattened JSON' },
    'claims that are not UTF-8': { then: 'append the byte FF to the claims' },
    'crit, with a name that is understood': { header: { ...header, crit: ['b64'], b64: true } },
    'crit, with a name that is not': { header: { ...header, crit: ['x'], x: 1 } },
    'b64 without crit': { header: { ...header, b64: false } },
    'enc, as if it were encrypted': { header: { ...header, enc: 'A256GCM' } },
    zip: { header: { ...header, zip: 'DEF' } },
    'a header member that stands twice': { header: '{"alg":"EdDSA","kid":"a-ed","alg":"ES256"}' },
    'a claim that stands twice': { claims: JSON.stringify(claims).replace('{', '{"aud":"https://evil.example",') },
    'a member that stands twice, deep inside': { claims: JSON.stringify(claims).replace('{', '{"x":{"y":1,"y":2},') },
    'a member named __proto__': { claims: JSON.stringify(claims).replace('{', '{"__proto__":{"aud":1},') },
    'claims that are an array': { claims: '["iss","sub"]' },
    'claims that are no JSON': { claims: 'iss=client-a' },
    'nesting without end': {
      claims: JSON.stringify(claims).replace('{', `{"deep":${'['.repeat(20)}${']'.repeat(20)},`),
    },
    'more than 16384 characters': { claims: { ...claims, ballast: 'x'.repeat(16_384) } },
    'exp as a string': { claims: { ...claims, exp: String(time + 60) } },
    'exp with a fraction': { claims: { ...claims, exp: time + 0.5 } },
    'exp beyond whole numbers': { claims: JSON.stringify(claims).replace(`"exp":${time + 60}`, '"exp":1e400') },
    'a negative iat': { claims: { ...claims, iat: -1 } },
    'nbf null': { claims: { ...claims, nbf: null } },
    'jti as a number': { claims: { ...claims, jti: 1 } },
    'an empty jti': { claims: { ...claims, jti: '' } },
    'a jti of 257 characters': { claims: { ...claims, jti: 'j'.repeat(257) } },
    'iss as an array': { claims: { ...claims, iss: ['client-a'] } },
  },
  client_assertion_typ_wrong: {
    'a DPoP proof': { header: { ...header, typ: 'dpop+jwt' } },
    'an access token': { header: { ...header, typ: 'at+jwt' } },
    'another case of the name': { header: { ...header, typ: 'Client-Authentication+JWT' } },
    'typ as a number': { header: { ...header, typ: 1 } },
  },
  client_assertion_claim_missing: {
    'no iss': { claims: without(claims, 'iss') },
    'no sub': { claims: without(claims, 'sub') },
    'no exp': { claims: without(claims, 'exp') },
    'no jti': { claims: without(claims, 'jti') },
  },
  client_assertion_issuer_subject_mismatch: {
    'iss is another client': { claims: { ...claims, iss: 'client-b' } },
    'sub is a person': { claims: { ...claims, sub: 'user-alice' } },
    'sub in another case': { claims: { ...claims, sub: 'Client-A' } },
  },
  client_assertion_algorithm_not_allowed: {
    none: { header: { ...header, alg: 'none' } },
    'none in another case': { header: { ...header, alg: 'NoNe' } },
    'no alg': { header: without(header, 'alg') },
    HS256: { header: { ...header, alg: 'HS256' } },
    RS256: { header: { ...header, alg: 'RS256', kid: 'a-ps' }, key: 'client-a-ps256' },
    ES384: { header: { ...header, alg: 'ES384' } },
    'es256 in lower case': { header: { ...header, alg: 'es256' } },
    'an algorithm as an array': { header: { ...header, alg: ['EdDSA'] } },
    'another algorithm than the registered one': { client: 'client-registered-for-ps256' },
  },
  client_assertion_key_unknown: {
    'a kid nobody registered': { header: { ...header, kid: 'unknown' } },
    'the kid of a key of another type': { header: { ...header, kid: 'a-es' } },
    'a kid that is a path': { header: { ...header, kid: '../../dev/null' } },
    'a kid that is no text': { header: { ...header, kid: 1 } },
    'a kid in another case': { header: { ...header, kid: 'A-ED' } },
  },
  client_assertion_signature_invalid: {
    'one bit flipped': { then: 'flip the last bit of the second byte of the signature' },
    'all zeros, Ed25519': { then: 'replace the signature by zeros' },
    'all zeros, ES256': {
      header: { ...header, alg: 'ES256', kid: 'a-es' },
      key: 'client-a-es256',
      then: 'replace the signature by zeros',
    },
    'DER in place of 64 bytes': {
      header: { ...header, alg: 'ES256', kid: 'a-es' },
      key: 'client-a-es256',
      then: 'encode the signature as DER',
    },
    'signed by a thief': { key: 'thief-ed25519' },
    'signed by another client': { key: 'client-b-ed25519' },
    'signed by the key in its own header': {
      header: { ...header, jwk: '{thief-ed25519}' },
      key: 'thief-ed25519',
    },
    'signed by a key behind jku': { header: { ...header, jku: 'https://evil.example/jwks' }, key: 'thief-ed25519' },
    'signed by a key behind x5u': { header: { ...header, x5u: 'https://evil.example/x' }, key: 'thief-ed25519' },
  },
  client_assertion_audience_wrong: {
    'the issuer in an array': { claims: { ...claims, aud: [issuer] } },
    'the issuer among others': { claims: { ...claims, aud: [issuer, 'https://evil.example'] } },
    'the token endpoint': { claims: { ...claims, aud: `${issuer}/token` } },
    'the PAR endpoint': { claims: { ...claims, aud: `${issuer}/par` } },
    'a slash at the end': { claims: { ...claims, aud: `${issuer}/` } },
    'upper case': { claims: { ...claims, aud: 'https://AS.example' } },
    'the default port': { claims: { ...claims, aud: `${issuer}:443` } },
    'a longer host name': { claims: { ...claims, aud: `${issuer}.evil.example` } },
    http: { claims: { ...claims, aud: 'http://as.example' } },
    'no aud': { claims: without(claims, 'aud') },
    'aud null': { claims: { ...claims, aud: null } },
    'an object': { claims: { ...claims, aud: { iss: issuer } } },
  },
  client_assertion_expired: {
    'at the very second of exp': { claims: { ...claims, exp: time } },
    'a minute ago': { claims: { ...claims, iat: time - 120, exp: time - 60 } },
    'exp zero': { claims: { ...claims, exp: 0 } },
  },
  client_assertion_lifetime_too_long: {
    '301 seconds': { claims: { ...claims, exp: time + 301 } },
    'milliseconds in place of seconds': { claims: { ...claims, exp: (time + 60) * 1000 } },
  },
  client_assertion_from_the_future: {
    'iat 31 seconds ahead': { claims: { ...claims, iat: time + 31 } },
    'nbf 31 seconds ahead': { claims: { ...claims, nbf: time + 31 } },
  },
  client_assertion_before_restart: {
    'iat before the epoch': { claims: { ...claims, iat: time - 3601 } },
    'without iat, possibly before the epoch': { claims: without(claims, 'iat'), epoch: time - 100 },
  },
}

/** Client assertions, judged for an issuer, a time, and a registered client. */
export const clientAssertions: Family = {
  file: 'client-assertion.json',
  about:
    'private_key_jwt client assertions. Verify jwt as an assertion of the registered client, for the issuer, at the time. Assertions from before the epoch may have been used and forgotten.',
  clauses: ['RFC 7523 §3', 'OIDC Core §9', 'FAPI 2.0 SP §5.3.2.1', 'RFC 8725'],
  settings: {
    time,
    issuer,
    epoch: time - 3600,
    clients: {
      'client-a': { client_id: 'client-a', keys: ['client-a-ed25519', 'client-a-es256', 'client-a-ps256'] },
      'client-registered-for-ps256': {
        client_id: 'client-a',
        keys: ['client-a-ed25519', 'client-a-ps256'],
        token_endpoint_auth_signing_alg: 'PS256',
      },
      'client-with-twins': { client_id: 'client-a', keys: ['client-a-es256', 'client-a-ed25519'], kid_of_all: 'twin' },
    },
  },
  vectors: jwtVectors(accepted, refused, (made) => ({
    recipe: recipe(made),
    input: {
      ...(made.client === undefined ? {} : { client: made.client }),
      ...(made.epoch === undefined ? {} : { epoch: made.epoch }),
    },
  })),
}
