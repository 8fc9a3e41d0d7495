import type { JsonObject } from '../../../src/core/names.ts'
import type { RuleSlug } from '../../../src/core/rules.ts'
import { type Family, jwtVectors, time } from './family.ts'
import type { Mangling } from './jwt.ts'

const issuer = 'https://as.example'
const audience = 'https://bank.example'
const header = { typ: 'at+jwt', alg: 'EdDSA', kid: 'issuer-ed' }
/** The thumbprint of holder-ed25519 stands where the braces are. */
const cnf = { jkt: '{thumbprint of holder-ed25519}' }
const claims = {
  iss: issuer,
  aud: audience,
  sub: 'user-alice',
  client_id: 'client-a',
  iat: time - 10,
  exp: time + 290,
  jti: 'a token',
  scope: 'accounts',
  cnf,
}

type Made = {
  readonly header?: JsonObject | string
  readonly claims?: JsonObject | string
  readonly key?: string
  readonly then?: Mangling
  readonly audience?: string
}

function make(made: Made) {
  const { header: own = header, claims: ownClaims = claims, key = 'issuer-ed25519', then, ...input } = made
  return { recipe: { header: own, claims: ownClaims, key, ...(then === undefined ? {} : { then }) }, input }
}

function without(object: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([member]) => member !== name))
}

const accepted: Readonly<Record<string, Made>> = {
  EdDSA: {},
  ES256: { header: { ...header, alg: 'ES256', kid: 'issuer-es' }, key: 'issuer-es256' },
  PS256: { header: { ...header, alg: 'PS256', kid: 'issuer-ps' }, key: 'issuer-ps256' },
  'typ with application/': { header: { ...header, typ: 'application/at+jwt' } },
  'typ in upper case': { header: { ...header, typ: 'AT+JWT' } },
  'an audience among others': { claims: { ...claims, aud: ['https://other.example', audience] } },
  'the issuer as audience, at userinfo': { claims: { ...claims, aud: [audience, issuer] }, audience: issuer },
  'without scope': { claims: without(claims, 'scope') },
  'iat 10 seconds ahead': { claims: { ...claims, iat: time + 10 } },
  'iat 30 seconds ahead': { claims: { ...claims, iat: time + 30 } },
  'exp one second ahead': { claims: { ...claims, exp: time + 1 } },
  'for a client alone': { claims: { ...claims, sub: 'client-a' } },
  'claims nobody asked for': { claims: { ...claims, acr: 'urn:a', roles: ['x'] } },
}

const refused: Partial<Record<RuleSlug, Readonly<Record<string, Made>>>> = {
  access_token_malformed: {
    'an empty signature': { then: 'leave the signature empty' },
    'no signature part': { then: 'leave the signature and its dot out' },
    'four parts': { then: 'append a fourth part' },
    'padding after the signature': { then: 'pad the signature with ==' },
    'a second spelling of the signature': { then: 'set unused bits of the last character' },
    crit: { header: { ...header, crit: ['x'], x: 1 } },
    'enc, as if it were encrypted': { header: { ...header, enc: 'A256GCM' } },
    'a claim that stands twice': { claims: JSON.stringify(claims).replace('{', '{"aud":"https://evil.example",') },
    'a member named __proto__': { claims: JSON.stringify(claims).replace('{', '{"__proto__":{"scope":"all"},') },
    'exp as a string': { claims: { ...claims, exp: String(time + 290) } },
    'an audience that is a number': { claims: { ...claims, aud: 1 } },
    'an empty list of audiences': { claims: { ...claims, aud: [] } },
    'scope as an array': { claims: { ...claims, scope: ['accounts'] } },
    'cnf as a text': { claims: { ...claims, cnf: 'x' } },
    'a jkt that is no thumbprint': { claims: { ...claims, cnf: { jkt: 'x' } } },
    'an x5t#S256 that is no thumbprint': { claims: { ...claims, cnf: { 'x5t#S256': 'x' } } },
    'a subject with a space': { claims: { ...claims, sub: 'user alice' } },
  },
  access_token_typ_wrong: {
    'no typ': { header: without(header, 'typ') },
    'an ID token': { header: { ...header, typ: 'JWT' } },
    'a DPoP proof': { header: { ...header, typ: 'dpop+jwt' } },
    'a client assertion': { header: { ...header, typ: 'client-authentication+jwt' } },
  },
  access_token_issuer_untrusted: {
    'another issuer': { claims: { ...claims, iss: 'https://evil.example' } },
    'a slash at the end': { claims: { ...claims, iss: `${issuer}/` } },
    'upper case': { claims: { ...claims, iss: 'https://AS.example' } },
    'no iss': { claims: without(claims, 'iss') },
  },
  access_token_algorithm_not_allowed: {
    none: { header: { ...header, alg: 'none' } },
    HS256: { header: { ...header, alg: 'HS256' } },
    RS256: { header: { ...header, alg: 'RS256', kid: 'issuer-ps' }, key: 'issuer-ps256' },
    'no alg': { header: without(header, 'alg') },
  },
  access_token_key_unknown: {
    'a kid the issuer does not publish': { header: { ...header, kid: 'unknown' } },
    'the kid of a key of another type': { header: { ...header, kid: 'issuer-es' } },
    'a kid that is no text': { header: { ...header, kid: null } },
  },
  access_token_signature_invalid: {
    'one bit flipped': { then: 'flip the last bit of the second byte of the signature' },
    'all zeros, ES256': {
      header: { ...header, alg: 'ES256', kid: 'issuer-es' },
      key: 'issuer-es256',
      then: 'replace the signature by zeros',
    },
    'signed by a thief': { key: 'thief-ed25519' },
    'signed by the key in its own header': { header: { ...header, jwk: '{thief-ed25519}' }, key: 'thief-ed25519' },
    'signed by the client': { key: 'client-a-ed25519' },
  },
  access_token_expired: {
    'at the very second of exp': { claims: { ...claims, exp: time } },
    'long ago': { claims: { ...claims, iat: time - 4000, exp: time - 3000 } },
  },
  access_token_from_the_future: {
    'iat 31 seconds ahead': { claims: { ...claims, iat: time + 31 } },
    'nbf 31 seconds ahead': { claims: { ...claims, nbf: time + 31 } },
  },
  access_token_audience_mismatch: {
    'another resource': { claims: { ...claims, aud: 'https://archive.example' } },
    'a slash at the end': { claims: { ...claims, aud: `${audience}/` } },
    'a resource of a longer name': { claims: { ...claims, aud: `${audience}.evil.example` } },
    'the client, as in an ID token': { claims: { ...claims, aud: 'client-a' } },
    'no aud': { claims: without(claims, 'aud') },
  },
  access_token_claim_missing: {
    'no exp': { claims: without(claims, 'exp') },
    'no iat': { claims: without(claims, 'iat') },
    'no sub': { claims: without(claims, 'sub') },
    'no client_id': { claims: without(claims, 'client_id') },
    'no jti': { claims: without(claims, 'jti') },
  },
  access_token_unbound: {
    'no cnf': { claims: without(claims, 'cnf') },
    'an empty cnf': { claims: { ...claims, cnf: {} } },
    'a confirmation nobody checks here': { claims: { ...claims, cnf: { kid: 'x' } } },
    'two confirmations': { claims: { ...claims, cnf: { ...cnf, kid: 'x' } } },
  },
}

/** Access tokens, judged by a protected resource. */
export const accessTokens: Family = {
  file: 'access-token.json',
  about:
    'JWT access tokens, bound to a key. Verify jwt at the time, for the audience, trusting the one issuer with its keys. The binding is read, not proved: that is the matter of dpop-proof.json.',
  clauses: ['RFC 9068 §2, §4', 'RFC 9449 §6', 'FAPI 2.0 SP §5.3.4', 'RFC 8725'],
  settings: {
    time,
    audience,
    issuer: { issuer, keys: ['issuer-ed25519', 'issuer-es256', 'issuer-ps256'] },
  },
  vectors: jwtVectors(accepted, refused, make),
}
