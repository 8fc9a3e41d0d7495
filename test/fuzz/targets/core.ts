/** What the core reads of strangers. */

import assert from 'node:assert/strict'
import { verifyAccessToken, type TrustedIssuer } from '../../../src/core/access-token.ts'
import { parseClientAssertion } from '../../../src/core/client-assertion.ts'
import { presentedInteractionId } from '../../../src/core/correlation.ts'
import {
  directoryString,
  formatDistinguishedName,
  isSameName,
  parseDistinguishedName,
} from '../../../src/core/distinguished-name.ts'
import { normaliseHtu, parseDpopProof } from '../../../src/core/dpop.ts'
import { verifyIdTokenHint } from '../../../src/core/id-token.ts'
import { canonicalIpAddress } from '../../../src/core/ip-address.ts'
import {
  decodeBase64url,
  encodeBase64url,
  parseCompactJws,
  parseEncryptionKeys,
  parseIssuerKeySet,
  parseKeySet,
  parsePublicKey,
} from '../../../src/core/jose.ts'
import { verifyLogoutToken } from '../../../src/core/logout-token.ts'
import {
  clientId,
  codeChallenge,
  correlationId,
  issuer,
  MalformedName,
  numericDate,
  registeredRedirectUri,
  resourceIdentifier,
  rowId,
  subject,
  username,
} from '../../../src/core/names.ts'
import { OAuthError } from '../../../src/core/oauth-error.ts'
import { challengeOfVerifier, parseCodeChallenge } from '../../../src/core/pkce.ts'
import { profile, signingAlgorithm, signingAlgorithms } from '../../../src/core/profile.ts'
import { parseCredential, presentedProof, presentedScheme } from '../../../src/core/protected-resource.ts'
import { parseStrictJsonObject } from '../../../src/core/strict-json.ts'
import { AuthorizationQuery, PushedAuthorizationRequest } from '../../../src/core/wire/authorization-request.ts'
import { ClientAuthenticationParameters } from '../../../src/core/wire/client-authentication.ts'
import { DecisionMessage, FinishQuery, PendingQuestion } from '../../../src/core/wire/decision.ts'
import { EndSessionRequest, SignOutForm } from '../../../src/core/wire/end-session.ts'
import { parseForm, parseMessage } from '../../../src/core/wire/form.ts'
import { ConsentForm, SignInForm } from '../../../src/core/wire/interaction.ts'
import { TokenReference } from '../../../src/core/wire/introspection.ts'
import { IssuerMetadata, parseDocument, ResourceMetadata } from '../../../src/core/wire/metadata.ts'
import { parseRequestedClaims } from '../../../src/core/wire/requested-claims.ts'
import { TokenRequest } from '../../../src/core/wire/token-request.ts'
import { createVerifier, sha256 } from '../../../src/node/runtime.ts'
import { parseHandle, parseRequestUri, requestUriText } from '../../../src/server/artefacts.ts'
import { anyText, jsonText, mutatedJson, mutatedText, nasty } from '../mutate.ts'
import {
  addresses,
  aJwt,
  claimSets,
  clientParty,
  forms,
  headers,
  issuerParty,
  jwks,
  names,
  now,
  proofParty,
  urls,
} from '../samples.ts'
import { type Target, target, unless, unlessLater } from '../target.ts'

const schemas = [
  PushedAuthorizationRequest,
  AuthorizationQuery,
  ClientAuthenticationParameters,
  EndSessionRequest,
  SignOutForm,
  ConsentForm,
  SignInForm,
  TokenReference,
  TokenRequest,
  PendingQuestion,
  DecisionMessage,
  FinishQuery,
]
const verify = createVerifier({ cacheSize: 10 })
const self = issuer('https://as.example')
const ourKeys = [issuerParty.key]
const us: TrustedIssuer = { issuer: self, algorithms: signingAlgorithms, keys: () => Promise.resolve(ourKeys) }

/** Header fields as a socket would let them through: no control characters. */
function fieldValue(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '')
}

const messages: readonly Target[] = [
  target(
    'form bodies and queries',
    10,
    (draw) => mutatedText(draw, forms),
    (text) =>
      unless([OAuthError], () => {
        const pairs = parseForm(text)
        assert.ok(pairs.length <= profile.parameters)
        assert.ok(!pairs.some(([, value]) => value === ''), 'an empty value is none')
        for (const schema of schemas) unless([OAuthError], () => parseMessage(schema, pairs))
      }),
  ),
  target(
    'Authorization headers',
    5,
    (draw) => ({
      value: fieldValue(mutatedText(draw, ['DPoP a.b.c', 'Bearer  a.b.c ', 'dpop x==', 'Basic YTpi', 'DPoP a,b'])),
      target: mutatedText(draw, ['/userinfo', '/a?access_token=x', '/a?%61ccess_token=x', '/a?b=1&ACCESS_TOKEN=2']),
    }),
    ({ value, target: asked }) => {
      const fields = [['authorization', value] as const]
      presentedScheme(fields)
      presentedInteractionId([['x-fapi-interaction-id', value]])
      return unless([OAuthError], () => {
        assert.match(parseCredential(fields, asked).token, /^[A-Za-z0-9._~+/-]+=*$/)
      })
    },
  ),
  target(
    'DPoP headers',
    8,
    (draw) => fieldValue(aJwt(draw, 2, proofParty)),
    (value) => {
      const fields = [['dpop', value] as const]
      const readable = presentedProof(fields, sha256) !== undefined
      const fate = unless([OAuthError], () => parseDpopProof(fields, sha256))
      assert.equal(fate === 'taken', readable)
      return fate
    },
  ),
  target(
    'claims parameter',
    5,
    (draw) =>
      jsonText(
        draw,
        mutatedJson(draw, [
          { id_token: { acr: { essential: true, values: ['a', 'b'] }, auth_time: null, sub: { value: 'user-alice' } } },
          { userinfo: { name: { essential: true }, email: null, unknown: { a: [1] } }, id_token: {} },
        ]),
      ),
    (text) =>
      unless([SyntaxError], () => {
        const { claims, subjects } = parseRequestedClaims(text)
        assert.ok([...claims.idToken, ...claims.userinfo].every((name) => ['name', 'email'].includes(name)))
        assert.equal(new Set(subjects).size, subjects.length)
      }),
  ),
  target(
    'PKCE',
    2,
    (draw) =>
      mutatedText(draw, [
        'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        'abcdefghijklmnopqrstuvwxyz0123456789-._~ABCDEFGH',
      ]),
    (text) => {
      unless([OAuthError], () => parseCodeChallenge(text, 'S256'))
      unless([OAuthError], () => parseCodeChallenge('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', text))
      return unless([OAuthError], () => challengeOfVerifier(text, sha256))
    },
  ),
  target(
    'metadata documents',
    4,
    (draw) =>
      mutatedJson(draw, [
        {
          issuer: 'https://as.example',
          jwks_uri: 'https://as.example/jwks',
          id_token_signing_alg_values_supported: ['ES256'],
        },
        { resource: 'https://bank.example', authorization_servers: ['https://as.example'], scopes_supported: ['a'] },
      ]),
    (document) => {
      const one = unless([TypeError, MalformedName], () => parseDocument(IssuerMetadata, document))
      const other = unless([TypeError, MalformedName], () => parseDocument(ResourceMetadata, document))
      return one === 'taken' || other === 'taken' ? 'taken' : 'refused'
    },
  ),
]

const tokens: readonly Target[] = [
  target(
    'base64url',
    3,
    (draw) => mutatedText(draw, ['AAAA', 'AQ', 'AAE', 'e30', 'A-_z'.repeat(20)]),
    (text) => unless([SyntaxError], () => assert.equal(encodeBase64url(decodeBase64url(text)), text)),
  ),
  target(
    'strict JSON',
    8,
    (draw) => jsonText(draw, mutatedJson(draw, [...headers, ...claimSets])),
    (text) =>
      unless([SyntaxError], () => {
        const value = parseStrictJsonObject(text)
        assert.ok(!Object.hasOwn(value, '__proto__'))
        // JSON cannot write the infinity that a number such as 1e999 is read as.
        if (!/\d[eE]\+?\d{3}/.test(text)) assert.deepEqual(parseStrictJsonObject(JSON.stringify(value)), value)
      }),
  ),
  target(
    'compact JWS',
    10,
    (draw) => aJwt(draw, draw.below(5), draw.pick([issuerParty, clientParty])),
    (text) => {
      unless([OAuthError], () => parseClientAssertion(text))
      // A TypeError is what is not UTF-8.
      return unless([SyntaxError, TypeError], () => {
        const { signingInput, signature, header } = parseCompactJws(text)
        assert.equal(`${signingInput}.${signature}`, text)
        signingAlgorithm(header['alg'])
        return verify({ header, payload: {}, signingInput, signature }, issuerParty.key)
      })
    },
  ),
  target(
    'access tokens',
    6,
    (draw) => aJwt(draw, draw.once(6) ? draw.below(5) : 0, issuerParty),
    (text) =>
      unlessLater([OAuthError], async () => {
        const expected = { audience: resourceIdentifier('https://bank.example'), issuers: [us], now: numericDate(now) }
        const { token } = await verifyAccessToken(text, expected, verify)
        assert.ok(token.expiresAt > now && token.issuer === self && token.audience.includes('https://bank.example'))
      }),
  ),
  target(
    'id_token_hint',
    6,
    (draw) => aJwt(draw, draw.once(6) ? draw.below(5) : 1, issuerParty),
    (text) =>
      unlessLater([OAuthError], async () => {
        const hint = await verifyIdTokenHint(text, { issuer: self, keys: ourKeys }, verify)
        assert.ok(hint.subject.length > 0 && hint.audience.length > 0)
      }),
  ),
  target(
    'logout tokens',
    6,
    (draw) => aJwt(draw, draw.once(6) ? draw.below(5) : 4, issuerParty),
    async (text) => {
      const expected = {
        issuer: self,
        audience: clientId('client-a'),
        algorithms: signingAlgorithms,
        keys: ourKeys,
        now: numericDate(now),
      }
      const verdict = await verifyLogoutToken(text, expected, verify)
      if ('fault' in verdict) return 'refused'
      assert.ok(verdict.token.expiresAt > now && verdict.token.jti !== '')
      return 'taken'
    },
  ),
  target(
    'JWKs and JWK sets',
    8,
    (draw) => mutatedJson(draw, jwks),
    (value) => {
      const keys = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : [value]
      for (const key of Array.isArray(keys) ? keys.slice(0, 20) : []) {
        unless([SyntaxError], () => assert.equal(parsePublicKey(key, sha256).thumbprint.length, 43))
      }
      unless([SyntaxError], () => parseEncryptionKeys(value))
      unless([SyntaxError], () => assert.ok(parseIssuerKeySet(value, sha256).length > 0))
      return unless([SyntaxError], () => assert.ok(parseKeySet(value, sha256).length <= profile.clientKeys))
    },
  ),
]

const identifiers: readonly Target[] = [
  target(
    'names',
    8,
    (draw) => mutatedText(draw, [...urls, 'alice', 'Ａｌｉｃｅ', 'ﬁ', 'user-alice', 'AAAAAAAAAAAAAAAAAAAAAA']),
    (text) => {
      for (const name of [clientId, subject, codeChallenge, rowId, correlationId]) {
        unless([MalformedName], () => assert.equal(name(text), text))
      }
      unless([MalformedName], () => assert.equal(username(username(text)), username(text)))
      unless([MalformedName], () => assert.equal(resourceIdentifier(text), text))
      return unless([MalformedName], () => {
        // What is compared as a text has one spelling.
        const { href } = new URL(issuer(text))
        assert.ok(href === text || href === `${text}/`, href)
      })
    },
  ),
  target(
    'redirect URIs',
    6,
    (draw) => mutatedText(draw, ['https://app.example/cb', 'http://127.0.0.1:5000/cb?x=1', 'http://[::1]/cb', ...urls]),
    (text) => {
      const redirectUris = ['https://app.example/cb', 'http://127.0.0.1/cb?x=1', 'http://[::1]:80/cb']
      const web = registeredRedirectUri(text, { redirectUris, applicationType: 'web' }, self)
      const native = registeredRedirectUri(text, { redirectUris, applicationType: 'native' }, self)
      if (web !== undefined) assert.ok(redirectUris.includes(text) && text.startsWith('https:'))
      if (native === undefined) return 'refused'
      const { protocol, hostname, pathname, search, hash } = new URL(text)
      const registered = redirectUris.map((uri) => new URL(uri))
      assert.ok(
        registered.some(
          (one) =>
            one.hostname === hostname &&
            one.protocol === protocol &&
            one.pathname === pathname &&
            one.search === search &&
            hash === '',
        ),
        text,
      )
      return 'taken'
    },
  ),
  target(
    'htu',
    6,
    (draw) => mutatedText(draw, urls),
    (text) => {
      const normal = normaliseHtu(text)
      if (normal === undefined) return 'refused'
      assert.equal(normaliseHtu(normal), normal)
      assert.ok(!/[?#]/.test(normal), normal)
      return 'taken'
    },
  ),
  target(
    'request_uri and handles',
    4,
    (draw) => mutatedText(draw, [urls.find((url) => url.startsWith('urn:')) ?? '', forms[4]?.slice(6, 72) ?? '']),
    (text) => {
      parseHandle(text)
      const handle = parseRequestUri(text)
      if (handle === undefined || handle === 'foreign') return 'refused'
      assert.equal(requestUriText(handle), text)
      return 'taken'
    },
  ),
  target(
    'distinguished names',
    8,
    (draw) => mutatedText(draw, names),
    (text) =>
      unless([SyntaxError], () => {
        const name = parseDistinguishedName(text)
        const again = parseDistinguishedName(formatDistinguishedName(name))
        assert.deepEqual(again, name)
        // A value that no value equals is not equal to itself either.
        assert.equal(isSameName(name, again), isSameName(again, name))
      }),
  ),
  target(
    'strings of certificates',
    3,
    (draw) => ({ tag: draw.below(40), text: anyText(draw) }),
    ({ tag, text }) => (directoryString(tag, Buffer.from(text)) === undefined ? 'refused' : 'taken'),
  ),
  target(
    'IP addresses',
    3,
    (draw) => mutatedText(draw, [...addresses, ...nasty]),
    (text) => {
      const canonical = canonicalIpAddress(text)
      if (canonical === undefined) return 'refused'
      assert.equal(canonicalIpAddress(canonical), canonical)
      return 'taken'
    },
  ),
]

export const coreTargets: readonly Target[] = [...messages, ...tokens, ...identifiers]
