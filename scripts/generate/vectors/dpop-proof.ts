import type { JsonObject } from '../../../src/core/names.ts'
import type { RuleSlug } from '../../../src/core/rules.ts'
import { type Family, jwtVectors, time } from './family.ts'
import type { Mangling } from './jwt.ts'

const url = 'https://as.example/token'
const header = { typ: 'dpop+jwt', alg: 'EdDSA', jwk: '{holder-ed25519}' }
const es256 = { ...header, alg: 'ES256', jwk: '{holder-es256}' }
const claims = { jti: 'a proof', htm: 'POST', htu: url, iat: time, nonce: 'the nonce' }
/** base64url SHA-256 of "an access token", and of another text. */
const ath = 'FPlcM-1UXiivOYozpUrp7d117JnKzPF4YXuXNnfZmdU'
const otherAth = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'

type Made = {
  readonly header?: JsonObject | string
  readonly claims?: JsonObject | string
  readonly key?: string
  readonly then?: Mangling
  readonly url?: string
  readonly method?: string
  readonly ath?: string
  readonly time?: number
  /** A text from elsewhere, in place of one that is made. */
  readonly jwt?: string
}

function make(made: Made) {
  const { header: own = header, claims: ownClaims = claims, key = 'holder-ed25519', then, ...input } = made
  if (made.jwt !== undefined) return { input }
  return { recipe: { header: own, claims: ownClaims, key, ...(then === undefined ? {} : { then }) }, input }
}

function without(object: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([member]) => member !== name))
}

const accepted: Readonly<Record<string, Made>> = {
  EdDSA: {},
  ES256: { header: es256, key: 'holder-es256' },
  PS256: { header: { ...header, alg: 'PS256', jwk: '{holder-ps256}' }, key: 'holder-ps256' },
  'the name Ed25519 of RFC 9864': { header: { ...header, alg: 'Ed25519' } },
  'a kid beside the key': { header: { ...header, kid: 'anything' } },
  'claims nobody asked for': { claims: { ...claims, extra: [{ x: null }] } },
  'iat 10 seconds ahead': { claims: { ...claims, iat: time + 10 } },
  'iat 30 seconds ahead': { claims: { ...claims, iat: time + 30 } },
  'iat 10 seconds ago': { claims: { ...claims, iat: time - 10 } },
  'iat 60 seconds ago': { claims: { ...claims, iat: time - 60 } },
  'htu with a query and a fragment': { claims: { ...claims, htu: `${url}?a=b#c` } },
  'htu with upper-case scheme and host': { claims: { ...claims, htu: 'HTTPS://AS.EXAMPLE/token' } },
  'htu with the default port': { claims: { ...claims, htu: 'https://as.example:443/token' } },
  'htu with a needless escape': { claims: { ...claims, htu: 'https://as.example/t%6fken' } },
  'a query on the request itself': { url: `${url}?a=b` },
  'at a resource, with ath': { claims: { ...claims, ath }, ath },
  'at a server, ath is not looked at': { claims: { ...claims, ath } },
  'a jti of 256 characters': { claims: { ...claims, jti: 'j'.repeat(256) } },
}

const refused: Partial<Record<RuleSlug, Readonly<Record<string, Made>>>> = {
  dpop_proof_malformed: {
    'no signature part': { then: 'leave the signature and its dot out' },
    'an empty signature': { then: 'leave the signature empty' },
    'four parts': { then: 'append a fourth part' },
    'padding after the signature': { then: 'pad the signature with ==' },
    'a second spelling of the signature': { then: 'set unused bits of the last character' },
    'claims that are not UTF-8': { then: 'append the byte FF to the claims' },
    'crit, with a name that is understood': { header: { ...header, crit: ['b64'], b64: true } },
    'b64 without crit': { header: { ...header, b64: false } },
    'a header member that stands twice': { header: '{"typ":"dpop+jwt","alg":"EdDSA","typ":"dpop+jwt"}' },
    'a claim that stands twice': { claims: JSON.stringify(claims).replace('{', '{"htu":"https://evil.example/",') },
    'a member named __proto__': { claims: JSON.stringify(claims).replace('{', '{"__proto__":{"x":1},') },
    'claims that are an array': { claims: '[]' },
    'more than 16384 characters': { claims: { ...claims, ballast: 'x'.repeat(16_384) } },
    'iat as a string': { claims: { ...claims, iat: String(time) } },
    'iat with a fraction': { claims: { ...claims, iat: time + 0.5 } },
    'jti as a number': { claims: { ...claims, jti: 1 } },
    'an empty jti': { claims: { ...claims, jti: '' } },
    'a jti of 257 characters': { claims: { ...claims, jti: 'j'.repeat(257) } },
    'htm as an array': { claims: { ...claims, htm: ['POST'] } },
    'nonce as a number': { claims: { ...claims, nonce: 1 } },
  },
  dpop_typ_wrong: {
    'no typ': { header: without(header, 'typ') },
    JWT: { header: { ...header, typ: 'JWT' } },
    'an access token': { header: { ...header, typ: 'at+jwt' } },
    'upper case': { header: { ...header, typ: 'DPOP+JWT' } },
    'with application/': { header: { ...header, typ: 'application/dpop+jwt' } },
  },
  dpop_algorithm_not_allowed: {
    none: { header: { ...header, alg: 'none' } },
    'no alg': { header: without(header, 'alg') },
    HS256: { header: { ...header, alg: 'HS256' } },
    RS256: { header: { ...header, alg: 'RS256', jwk: '{holder-ps256}' }, key: 'holder-ps256' },
    ES512: { header: { ...header, alg: 'ES512' } },
    'eddsa in lower case': { header: { ...header, alg: 'eddsa' } },
  },
  dpop_key_invalid: {
    'no jwk': { header: without(header, 'jwk') },
    'jwk null': { header: { ...header, jwk: null } },
    'a key that fits another algorithm': { header: { ...header, alg: 'ES256' } },
    'the private key in it': { header: { ...header, jwk: { kty: 'OKP', crv: 'Ed25519', x: ath, d: ath } } },
    'a symmetric key': { header: { ...header, jwk: { kty: 'oct', k: ath } } },
    'an encryption key': { header: { ...header, jwk: { kty: 'OKP', crv: 'Ed25519', x: ath, use: 'enc' } } },
    'its alg says another': { header: { ...header, jwk: { kty: 'OKP', crv: 'Ed25519', x: ath, alg: 'ES256' } } },
    'an Ed25519 point of small order': {
      header: { ...header, jwk: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) } },
    },
    X25519: { header: { ...header, jwk: { kty: 'OKP', crv: 'X25519', x: ath } } },
    'P-384': { header: { ...es256, jwk: { kty: 'EC', crv: 'P-384', x: ath, y: ath } } },
    'a coordinate of 31 bytes': { header: { ...es256, jwk: { kty: 'EC', crv: 'P-256', x: ath.slice(0, 42), y: ath } } },
    'a coordinate with padding': { header: { ...es256, jwk: { kty: 'EC', crv: 'P-256', x: `${ath}=`, y: ath } } },
    'RSA of 1024 bits': {
      header: { ...header, alg: 'PS256', jwk: { kty: 'RSA', n: `w${'A'.repeat(169)}Q`, e: 'AQAB' } },
      key: 'holder-ps256',
    },
    'RSA of 8192 bits': {
      header: { ...header, alg: 'PS256', jwk: { kty: 'RSA', n: `w${'A'.repeat(1364)}Q`, e: 'AQAB' } },
      key: 'holder-ps256',
    },
    'RSA with exponent 3': {
      header: { ...header, alg: 'PS256', jwk: { kty: 'RSA', n: `w${'A'.repeat(340)}Q`, e: 'Aw' } },
      key: 'holder-ps256',
    },
  },
  dpop_claim_missing: {
    'no jti': { claims: without(claims, 'jti') },
    'no htm': { claims: without(claims, 'htm') },
    'no htu': { claims: without(claims, 'htu') },
    'no iat': { claims: without(claims, 'iat') },
  },
  dpop_htm_mismatch: {
    GET: { claims: { ...claims, htm: 'GET' } },
    'lower case': { claims: { ...claims, htm: 'post' } },
    'a proof for POST on a GET': { method: 'GET' },
  },
  dpop_htu_mismatch: {
    'another path': { claims: { ...claims, htu: 'https://as.example/par' } },
    'another case of the path': { claims: { ...claims, htu: 'https://as.example/Token' } },
    'a slash at the end': { claims: { ...claims, htu: `${url}/` } },
    http: { claims: { ...claims, htu: 'http://as.example/token' } },
    'another port': { claims: { ...claims, htu: 'https://as.example:8443/token' } },
    'another host': { claims: { ...claims, htu: 'https://evil.example/token' } },
    'a longer host': { claims: { ...claims, htu: 'https://as.example.evil.example/token' } },
    'userinfo before the host': { claims: { ...claims, htu: 'https://as.example@evil.example/token' } },
    'userinfo before the right host': { claims: { ...claims, htu: 'https://me@as.example/token' } },
    'a path alone': { claims: { ...claims, htu: '/token' } },
    'an escaped slash': { claims: { ...claims, htu: 'https://as.example/%2Ftoken' } },
    'a backslash': { claims: { ...claims, htu: 'https://as.example\\token' } },
    'a space at the end': { claims: { ...claims, htu: `${url} ` } },
    'no URL at all': { claims: { ...claims, htu: 'not a url' } },
  },
  dpop_from_the_future: { 'iat 31 seconds ahead': { claims: { ...claims, iat: time + 31 } } },
  dpop_expired: {
    'iat 61 seconds ago': { claims: { ...claims, iat: time - 61 } },
    'iat zero': { claims: { ...claims, iat: 0 } },
  },
  dpop_ath_missing: { 'at a resource': { ath } },
  dpop_ath_mismatch: {
    'another token': { claims: { ...claims, ath: otherAth }, ath },
    'padding at the end': { claims: { ...claims, ath: `${ath}=` }, ath },
    hexadecimal: { claims: { ...claims, ath: Buffer.from(ath, 'base64url').toString('hex') }, ath },
  },
  dpop_signature_invalid: {
    'one bit flipped': { then: 'flip the last bit of the second byte of the signature' },
    'all zeros, Ed25519': { then: 'replace the signature by zeros' },
    'all zeros, ES256': { header: es256, key: 'holder-es256', then: 'replace the signature by zeros' },
    'DER in place of 64 bytes': { header: es256, key: 'holder-es256', then: 'encode the signature as DER' },
    'signed by another key': { key: 'thief-ed25519' },
    'a point that is not on its curve': {
      header: { ...es256, jwk: { kty: 'EC', crv: 'P-256', x: ath, y: ath } },
      key: 'holder-es256',
    },
  },
  dpop_nonce_missing: {
    'no nonce, and everything else is right': { claims: without(claims, 'nonce') },
    'the example of RFC 9449 §4.2': {
      jwt: 'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg',
      url: 'https://server.example.com/token',
      time: 1_562_262_618,
    },
  },
  dpop_nonce_invalid: {
    'a nonce nobody gave': { claims: { ...claims, nonce: 'made up' } },
    'an empty nonce': { claims: { ...claims, nonce: '' } },
    'another case': { claims: { ...claims, nonce: 'The Nonce' } },
  },
}

/** DPoP proofs, judged for one request. */
export const dpopProofs: Family = {
  file: 'dpop-proof.json',
  about:
    'DPoP proofs. Verify jwt as the value of the DPoP header of a request with this method and URL at the time; where ath is given, at a resource, with a token of that digest. The one nonce in force is given.',
  clauses: ['RFC 9449 §4', 'FAPI 2.0 SP §5.3.2.1, §5.4.1', 'RFC 8725'],
  settings: { time, method: 'POST', url, nonce: 'the nonce' },
  vectors: jwtVectors(accepted, refused, make),
}
