/** Vectors about texts that are not JWTs. */

import { type Family, textVectors } from './family.ts'

const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const accepted = { accepted: true }
const malformedVerifier = { rule: 'code_verifier_malformed' }
const malformedChallenge = { rule: 'code_challenge_malformed' }
const unsupportedMethod = { rule: 'code_challenge_method_unsupported' }

/** PKCE: the challenge a client pushes, and the one that belongs to a verifier. */
export const pkce: Family = {
  file: 'pkce.json',
  about:
    'PKCE. Vectors with a challenge: the code_challenge and code_challenge_method of a push. Vectors with a verifier: the code_verifier of a token request, and the challenge it belongs to.',
  clauses: ['RFC 7636 §4', 'FAPI 2.0 SP §5.3.2.2-5'],
  settings: {},
  vectors: textVectors({
    'the challenge of RFC 7636 Appendix B': { input: { challenge, method: 'S256' }, expect: accepted },
    'no challenge': { input: { method: 'S256' }, expect: { rule: 'code_challenge_missing' } },
    'no method, which would mean plain': { input: { challenge }, expect: unsupportedMethod },
    plain: { input: { challenge, method: 'plain' }, expect: unsupportedMethod },
    's256 in lower case': { input: { challenge, method: 's256' }, expect: unsupportedMethod },
    'padding at the end': { input: { challenge: `${challenge}=`, method: 'S256' }, expect: malformedChallenge },
    'one character too few': { input: { challenge: challenge.slice(1), method: 'S256' }, expect: malformedChallenge },
    'one character too many': { input: { challenge: `${challenge}A`, method: 'S256' }, expect: malformedChallenge },
    'unused bits set': {
      input: { challenge: `${challenge.slice(0, 42)}N`, method: 'S256' },
      expect: malformedChallenge,
    },
    'base64 in place of base64url': {
      input: { challenge: challenge.replace('-', '+'), method: 'S256' },
      expect: malformedChallenge,
    },
    'the verifier of RFC 7636 Appendix B': { input: { verifier }, expect: { challenge } },
    'a verifier of 43 characters': {
      input: { verifier: 'a'.repeat(43) },
      expect: { challenge: 'ZtNPunH49FD35FWYhT5Tv8I7vRKQJ8uxMaL0_9eHjNA' },
    },
    'a verifier with all kinds of characters': {
      input: { verifier: 'AZaz09-._~'.repeat(5) },
      expect: { challenge: 'uZgkYn5nrtn0BoVIyqesdu0iSHe3VeTs-zGSRp4xi_0' },
    },
    'no verifier': { input: { verifier: null }, expect: malformedVerifier },
    'a verifier of 42 characters': { input: { verifier: 'a'.repeat(42) }, expect: malformedVerifier },
    'a verifier of 129 characters': { input: { verifier: 'a'.repeat(129) }, expect: malformedVerifier },
    'a verifier with a space': { input: { verifier: `${'a'.repeat(43)} ` }, expect: malformedVerifier },
    'a verifier with a plus sign': { input: { verifier: `${'a'.repeat(43)}+` }, expect: malformedVerifier },
    'a verifier that is not ASCII': { input: { verifier: `${'a'.repeat(43)}é` }, expect: malformedVerifier },
  }),
}

const web = ['https://app.example/callback', 'https://app.example/other?tenant=1']
const native = ['http://127.0.0.1/callback', 'http://[::1]:4000/callback', 'com.example.app:/callback']
const unregistered = { rule: 'redirect_uri_unregistered' }
const ofWeb = (presented: string) => ({ application_type: 'web', registered: web, presented })
const ofNative = (presented: string) => ({ application_type: 'native', registered: native, presented })

/** Redirect URIs: byte for byte, but for the port of a loopback literal of a native client. */
export const redirectUris: Family = {
  file: 'redirect-uri.json',
  about: 'The redirect_uri of a push, held against those registered for a client of this type.',
  clauses: ['FAPI 2.0 SP §5.3.2.2-8', 'RFC 8252 §7.3', 'RFC 9700 §2.1, §4.1.3'],
  settings: {},
  vectors: textVectors({
    'the registered one': { input: ofWeb('https://app.example/callback'), expect: accepted },
    'a registered one with a query': { input: ofWeb('https://app.example/other?tenant=1'), expect: accepted },
    'without the registered query': { input: ofWeb('https://app.example/other'), expect: unregistered },
    'a slash at the end': { input: ofWeb('https://app.example/callback/'), expect: unregistered },
    'a query appended': { input: ofWeb('https://app.example/callback?x=1'), expect: unregistered },
    'an empty query': { input: ofWeb('https://app.example/callback?'), expect: unregistered },
    'a fragment': { input: ofWeb('https://app.example/callback#x'), expect: unregistered },
    'a longer path': { input: ofWeb('https://app.example/callback/evil'), expect: unregistered },
    'a dot segment': { input: ofWeb('https://app.example/x/../callback'), expect: unregistered },
    'another case of the path': { input: ofWeb('https://app.example/Callback'), expect: unregistered },
    'upper-case host': { input: ofWeb('https://APP.example/callback'), expect: unregistered },
    'the default port': { input: ofWeb('https://app.example:443/callback'), expect: unregistered },
    'another port': { input: ofWeb('https://app.example:8443/callback'), expect: unregistered },
    'an escape of a plain character': { input: ofWeb('https://app.example/c%61llback'), expect: unregistered },
    http: { input: ofWeb('http://app.example/callback'), expect: unregistered },
    'userinfo before an evil host': { input: ofWeb('https://app.example@evil.example/callback'), expect: unregistered },
    'a backslash before an evil host': {
      input: ofWeb('https://evil.example\\@app.example/callback'),
      expect: unregistered,
    },
    'a longer host name': { input: ofWeb('https://app.example.evil.example/callback'), expect: unregistered },
    'a subdomain': { input: ofWeb('https://evil.app.example/callback'), expect: unregistered },
    'a dot at the end of the host': { input: ofWeb('https://app.example./callback'), expect: unregistered },
    'javascript:': { input: ofWeb('javascript:alert(1)'), expect: unregistered },
    'a space at the end': { input: ofWeb('https://app.example/callback '), expect: unregistered },
    'an empty text': { input: ofWeb(''), expect: unregistered },
    'a loopback port, but a web client': {
      input: { application_type: 'web', registered: native, presented: 'http://127.0.0.1:5000/callback' },
      expect: unregistered,
    },
    'a private-use scheme, though it was registered': {
      input: ofNative('com.example.app:/callback'),
      expect: unregistered,
    },
    'plain http of a web client, though it was registered': {
      input: {
        application_type: 'web',
        registered: ['http://127.0.0.1:4600/callback'],
        presented: 'http://127.0.0.1:4600/callback',
      },
      expect: unregistered,
    },
    'a loopback port of the moment': { input: ofNative('http://127.0.0.1:51004/callback'), expect: accepted },
    'the IPv6 loopback, another port': { input: ofNative('http://[::1]:51004/callback'), expect: accepted },
    'the IPv6 loopback, no port': { input: ofNative('http://[::1]/callback'), expect: accepted },
    'a port beyond all ports': { input: ofNative('http://127.0.0.1:99999/callback'), expect: unregistered },
    'localhost is a name, not a literal': { input: ofNative('http://localhost:5000/callback'), expect: unregistered },
    'another loopback address': { input: ofNative('http://127.0.0.2:5000/callback'), expect: unregistered },
    'a loopback address in decimal': { input: ofNative('http://2130706433:5000/callback'), expect: unregistered },
    'a loopback port and another path': { input: ofNative('http://127.0.0.1:5000/other'), expect: unregistered },
    'https on a loopback port': { input: ofNative('https://127.0.0.1:5000/callback'), expect: unregistered },
    'userinfo after the loopback literal': {
      input: ofNative('http://127.0.0.1:5000@evil.example/callback'),
      expect: unregistered,
    },
  }),
}

const same = (one: string, other: string) => ({ input: { one, other }, expect: { same: true } })
const different = (one: string, other: string) => ({ input: { one, other }, expect: { same: false } })
const url = 'https://as.example/a/token'

/** Which two spellings of a URL RFC 9449 wants to be equal. */
export const htuNormalisation: Family = {
  file: 'htu-normalisation.json',
  about:
    'Whether htu (one) names the URL of the request (other): syntax- and scheme-based normalisation, without query and fragment. What is no plain http(s) URL is the same as nothing.',
  clauses: ['RFC 9449 §4.3 item 9', 'RFC 3986 §6.2.2, §6.2.3'],
  settings: {},
  vectors: textVectors({
    'byte for byte': same(url, url),
    'upper-case scheme and host': same('HTTPS://AS.Example/a/token', url),
    'the default port': same('https://as.example:443/a/token', url),
    'the default port of http': same('http://127.0.0.1:80/token', 'http://127.0.0.1/token'),
    'a query': same(`${url}?x=1`, url),
    'a fragment': same(`${url}#x`, url),
    'a query on the request': same(url, `${url}?x=1`),
    'no path and the empty path': same('https://as.example', 'https://as.example/'),
    'a dot segment': same('https://as.example/a/./b/../token', url),
    'an escaped plain character': same('https://as.example/a/t%6Fken', url),
    'the case of an escape': same('https://as.example/a%2fb', 'https://as.example/a%2Fb'),
    'an escaped tilde': same('https://as.example/%7Ea', 'https://as.example/~a'),
    'an escaped slash is no slash': different('https://as.example/a%2Ftoken', url),
    'a slash at the end': different(`${url}/`, url),
    'a doubled slash': different('https://as.example//a/token', url),
    'another case of the path': different('https://as.example/A/token', url),
    'another port': different('https://as.example:444/a/token', url),
    http: different('http://as.example/a/token', url),
    'another host': different('https://evil.example/a/token', url),
    'a dot at the end of the host': different('https://as.example./a/token', url),
    userinfo: different('https://x@as.example/a/token', url),
    'userinfo on both': different('https://x@as.example/a/token', 'https://x@as.example/a/token'),
    'a backslash for a slash': different('https:\\\\as.example\\a\\token', url),
    'a tab inside': different('https://as.example/a/to\tken', url),
    'a space at the end': different(`${url} `, url),
    'one slash after the scheme': different('https:/as.example/a/token', url),
    'a relative reference': different('/a/token', url),
    'another scheme': different('wss://as.example/a/token', url),
    'not ASCII': different('https://as.example/a/tökén', url),
    nothing: different('', url),
  }),
}

const malformedForm = { rule: 'parameter_malformed' }
const repeated = { rule: 'parameter_repeated' }

/** Bodies and queries in the form encoding. */
export const forms: Family = {
  file: 'form.json',
  about:
    'The text of a form body or of a query, and the parameters in it, in order. A parameter without a value counts as absent; each name stands once, but for resource.',
  clauses: ['RFC 6749 §3.1, Appendix B', 'RFC 8707 §2'],
  settings: {},
  vectors: textVectors({
    'one parameter': { input: { text: 'a=b' }, expect: { pairs: [['a', 'b']] } },
    'the order is kept': {
      input: { text: 'b=1&a=2' },
      expect: {
        pairs: [
          ['b', '1'],
          ['a', '2'],
        ],
      },
    },
    'plus and escape': { input: { text: 'a=x+y%2Bz%20' }, expect: { pairs: [['a', 'x y+z ']] } },
    'an equals sign in the value': { input: { text: 'a=b=c' }, expect: { pairs: [['a', 'b=c']] } },
    'an escaped name': { input: { text: 'client%5Fid=c' }, expect: { pairs: [['client_id', 'c']] } },
    'UTF-8': { input: { text: 'a=%C3%A9' }, expect: { pairs: [['a', 'é']] } },
    'no value': { input: { text: 'a=&b=1' }, expect: { pairs: [['b', '1']] } },
    'no equals sign': { input: { text: 'a&b=1' }, expect: { pairs: [['b', '1']] } },
    'an empty text': { input: { text: '' }, expect: { pairs: [] } },
    'resource may repeat': {
      input: { text: 'resource=x&resource=y' },
      expect: {
        pairs: [
          ['resource', 'x'],
          ['resource', 'y'],
        ],
      },
    },
    'a semicolon divides nothing': { input: { text: 'a=1;b=2' }, expect: { pairs: [['a', '1;b=2']] } },
    'brackets mean nothing': { input: { text: 'a[b]=1' }, expect: { pairs: [['a[b]', '1']] } },
    'a name twice': { input: { text: 'scope=a&scope=b' }, expect: repeated },
    'a name twice, the same value': { input: { text: 'scope=a&scope=a' }, expect: repeated },
    'a name twice, once escaped': { input: { text: 'scope=a&%73cope=b' }, expect: repeated },
    'a name twice, once without a value': { input: { text: 'scope=&scope=b' }, expect: repeated },
    'a name twice that nobody knows': { input: { text: 'x=1&y=2&x=3' }, expect: repeated },
    'a broken escape': { input: { text: 'a=%zz' }, expect: malformedForm },
    'half an escape': { input: { text: 'a=%4' }, expect: malformedForm },
    'an escape that is not UTF-8': { input: { text: 'a=%FF' }, expect: malformedForm },
    'a surrogate in UTF-8': { input: { text: 'a=%ED%A0%80' }, expect: malformedForm },
    'an overlong slash': { input: { text: 'a=%C0%AF' }, expect: malformedForm },
    '65 parameters': {
      input: { text: Array.from({ length: 65 }, (_, index) => `p${index}=1`).join('&') },
      expect: malformedForm,
    },
  }),
}
