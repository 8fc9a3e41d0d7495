/** Valid inputs, of which the fuzzers break something. */

import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { encodeBase64url } from '../../src/core/jose.ts'
import type { JsonObject } from '../../src/core/names.ts'
import { aKnownParty, type Party } from '../flow/parties.ts'
import type { Draw } from './draw.ts'
import { anyJson, mutatedJson, mutatedText } from './mutate.ts'

/** The instant of every sample. */
export const now = 1_800_000_000

/** Parties that are the same in every run. */
export const issuerParty = aKnownParty(1, 'server')
export const clientParty = aKnownParty(2, 'c1')
export const proofParty = aKnownParty(3)

export const forms: readonly string[] = [
  'grant_type=authorization_code&code=AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&code_verifier=abcdefghijklmnopqrstuvwxyz0123456789-._~ABCDEFGH',
  'grant_type=client_credentials&scope=accounts+payments&resource=https%3A%2F%2Fbank.example&resource=https%3A%2F%2Farchive.example%2Fv1',
  'client_id=client-a&response_type=code&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&scope=openid+accounts&state=a%20state&nonce=n&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&prompt=login+consent&max_age=60&acr_values=a+b&ui_locales=de',
  'client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c&client_id=client-a',
  'token=AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB&token_type_hint=refresh_token',
  'id_token_hint=a.b.c&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye&state=s&client_id=client-a&csrf=x',
  'csrf=x&username=alice&password=correct+horse&decision=allow',
  '__proto__=x&constructor=y&a[__proto__][x]=1',
  `scope=${'a+'.repeat(500)}`,
  '&'.repeat(70),
  'a=1;b=2',
]

export const urls: readonly string[] = [
  'https://as.example',
  'https://as.example/tenant/one',
  'https://bank.example/v1/accounts?x=1#f',
  'https://user:pass@as.example/%7efoo/../bar;x',
  'HTTPS://AS.EXAMPLE:443/A%2fB%2Fc',
  'http://127.0.0.1:4600/callback?from=bank',
  'http://[::1]:65535/cb',
  'http://localhost',
  'https://xn--bcher-kva.example./',
  'https://2130706433/',
  'https://0x7f.1/',
  'https://[::ffff:10.0.0.1]:8443/',
  'https://[fe80::1%25eth0]/',
  'com.example.app:/cb',
  'urn:ietf:params:oauth:request_uri:AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB',
  'data:text/html,x',
  'javascript:alert(1)',
  'file:///etc/passwd',
]

export const paths: readonly string[] = [
  '/',
  '/accounts',
  '/accounts/1',
  '/accounts/%E2%82%AC?x=%zz',
  '/a/../b',
  '/a/./b',
  '//a',
  '/a%2fb',
  '/a%2Fb%5c',
  '/a;x=1',
  '/%61',
  '*',
  'http://evil.test/token',
  '/.well-known/oauth-protected-resource',
  '/a\\b',
  '/a%00',
  '/a%E0%A4%A',
  '/a%u0041',
  '/%c0%ae%c0%ae/',
]

export const names: readonly string[] = [
  'CN=app,O=Example\\, Inc.,C=DE',
  'cn=App + UID=1 2,OU=Dept\\2C x,DC=example,DC=com',
  '2.5.4.3=#0C03617070',
  '2.5.4.3=#130361,1.2.840.113549.1.9.1=a@b',
  'serialNumber=12\\20,emailAddress=\\C3\\A9',
  'CN=\\ x\\ ,organizationIdentifier=PSDDE-BAFIN-1',
]

export const addresses: readonly string[] = [
  '192.0.2.1',
  '::1',
  '2001:db8::1',
  '::ffff:127.0.0.1',
  'fe80::1%eth0',
  '10.0.0.0/8',
  '2001:db8::/32',
  '0.0.0.0/0',
  '1.2.3.04',
]

export const jwks: readonly JsonObject[] = [
  { keys: [{ ...issuerParty.key.jwk, kid: 'a', alg: 'EdDSA', use: 'sig', key_ops: ['verify'] }] },
  {
    keys: [
      {
        kty: 'EC',
        crv: 'P-256',
        x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
        y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
      },
      {
        kty: 'EC',
        crv: 'P-256',
        use: 'enc',
        alg: 'ECDH-ES',
        x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
        y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
      },
      { kty: 'RSA', e: 'AQAB', n: `u${'x'.repeat(341)}`, alg: 'PS256', kid: 'r' },
    ],
  },
  { keys: [{ kty: 'oct', k: 'AAAA' }] },
  { keys: [{ ...clientParty.key.jwk, d: 'AAAA' }] },
]

export const headers: readonly JsonObject[] = [
  { alg: 'EdDSA', typ: 'at+jwt', kid: 'server' },
  { alg: 'EdDSA', typ: 'JWT', kid: 'server' },
  { alg: 'EdDSA', typ: 'dpop+jwt', jwk: { ...proofParty.key.jwk } },
  { alg: 'EdDSA', typ: 'client-authentication+jwt', kid: 'c1' },
  { alg: 'EdDSA', typ: 'logout+jwt', kid: 'server' },
  { alg: 'ES256', typ: 'at+jwt', jku: 'https://evil.test', x5c: ['AA'], crit: ['b64'], b64: false },
  { alg: 'none' },
]

const event = 'http://schemas.openid.net/event/backchannel-logout'

export const claimSets: readonly JsonObject[] = [
  {
    iss: 'https://as.example',
    aud: ['https://bank.example', 'https://as.example'],
    sub: 'user-alice',
    client_id: 'client-a',
    iat: now,
    exp: now + 300,
    jti: 'a jti',
    scope: 'openid accounts',
    cnf: { jkt: proofParty.key.thumbprint },
    grant_ref: 'AAAAAAAAAAAAAAAAAAAAAA',
    auth_time: now,
    acr: 'x',
  },
  {
    iss: 'https://as.example',
    aud: 'client-a',
    sub: 'user-alice',
    iat: now,
    exp: now + 300,
    auth_time: now,
    nonce: 'n',
    sid: 'AAAAAAAAAAAAAAAAAAAAAA',
    amr: ['pwd'],
  },
  { htm: 'POST', htu: 'https://as.example/token', iat: now, jti: 'a jti', nonce: 'x', ath: 'y' },
  { iss: 'client-a', sub: 'client-a', aud: 'https://as.example', iat: now, exp: now + 60, nbf: now, jti: 'a jti' },
  {
    iss: 'https://as.example',
    aud: 'client-a',
    sub: 'user-alice',
    sid: 'AAAAAAAAAAAAAAAAAAAAAA',
    iat: now,
    exp: now + 120,
    jti: 'a jti',
    events: { [event]: {} },
  },
]

/** A compact JWS of any two texts, by Ed25519: the same text has the same signature in every run. */
export function signedText(header: string, payload: string, { privateKey }: Pick<Party, 'privateKey'>): string {
  const input = `${encodeBase64url(header)}.${encodeBase64url(payload)}`
  return `${input}.${encodeBase64url(sign(null, Buffer.from(input), privateKey))}`
}

/** A JWT of a party, of samples with something broken in them, or a text that is almost one. */
export function aJwt(draw: Draw, kind: number, party: Party): string {
  const header = draw.once(2) ? (headers[kind] ?? {}) : mutatedJson(draw, [headers[kind] ?? {}])
  const claims = draw.once(6) ? (claimSets[kind] ?? {}) : mutatedJson(draw, [claimSets[kind] ?? {}])
  const jwt = draw.once(10)
    ? signedText(JSON.stringify(anyJson(draw)) ?? '', JSON.stringify(anyJson(draw)) ?? '', party)
    : signedText(JSON.stringify(header) ?? '', JSON.stringify(claims) ?? '', party)
  return draw.once(3) ? mutatedText(draw, [jwt, ...almostJwts]) : jwt
}

/** Texts that are almost a JWT. */
export const almostJwts: readonly string[] = [
  '..',
  '.',
  'e30.e30.',
  'e30.e30.AA',
  'bnVsbA.bnVsbA.AA',
  'W10.W10.AA',
  '____.____.____',
  'e30.e30.e30.e30.e30',
  'e30.'.repeat(4000),
  'A'.repeat(40_000),
]

/** Bytes that look random and are the same in every run. */
export function seededRandom(seed: string): (bytes: number) => string {
  let drawn = 0
  return (bytes) => {
    drawn += 1
    return createHash('shake256', { outputLength: bytes }).update(`${seed} ${drawn}`).digest('base64url')
  }
}

/** An Ed25519 key that is the same in every run. */
export function knownKey(number: number): KeyObject {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, number)])
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
}
