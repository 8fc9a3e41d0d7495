import { accepts, type Base, type Exchange, refuses } from './exchange.ts'

const both: readonly Base[] = ['push', 'client credentials']
const issuer = 'https://as.example'

/** Who is asking, at every endpoint that clients authenticate to. */
export const clientAuthentication: readonly Exchange[] = [
  ...accepts(both, [
    { name: 'assertion without typ', change: { assertion: { without: ['header.typ'] } } },
    { name: 'assertion with typ JWT', change: { assertion: { header: { typ: 'JWT' } } } },
    { name: 'assertion with iat 10 s ahead', change: { assertion: { claims: { iat: { $now: 10 } } } } },
    { name: 'assertion with nbf 10 s ahead', change: { assertion: { claims: { nbf: { $now: 10 } } } } },
    { name: 'assertion without iat', change: { assertion: { without: ['claims.iat'] } } },
    { name: 'assertion for 300 s', change: { assertion: { claims: { exp: { $now: 300 } } } } },
    {
      name: 'two honest clients pick the same jti',
      meanwhile: [{ send: 'push', change: { by: 'client-b', assertion: { claims: { jti: 'the same' } } } }],
      change: { assertion: { claims: { jti: 'the same' } } },
    },
  ]),
  ...accepts(
    ['client credentials'],
    [{ name: 'client_id beside the assertion', change: { set: { client_id: 'client-a' } } }],
  ),
  ...refuses('client_authentication_missing', both, [
    { name: 'a bare client_id', change: { assertion: null, set: { client_id: 'client-a' } } },
    { name: 'a proof is no credential', change: { assertion: null } },
  ]),
  ...refuses('client_authentication_method_unsupported', both, [
    {
      name: 'client_secret_post',
      change: { assertion: null, set: { client_id: 'client-a', client_secret: 'secret' } },
    },
    {
      name: 'client_secret_basic',
      change: { assertion: null, headers: { set: { authorization: 'Basic Y2xpZW50LWE6c2VjcmV0' } } },
    },
  ]),
  ...refuses('client_authentication_ambiguous', both, [
    { name: 'an assertion and a secret', change: { set: { client_secret: 'secret' } } },
    { name: 'an assertion and Basic', change: { headers: { set: { authorization: 'Basic Y2xpZW50LWE6c2VjcmV0' } } } },
  ]),
  ...refuses('client_assertion_type_unsupported', both, [
    { name: 'no type', change: { remove: ['client_assertion_type'] } },
    {
      name: 'SAML',
      change: { set: { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' } },
    },
  ]),
  ...refuses('client_assertion_malformed', both, [
    { name: 'no JWT', change: { set: { client_assertion: 'not a jwt' } } },
    { name: 'crit', change: { assertion: { header: { crit: ['x'], x: 1 } } } },
    { name: 'exp as a string', change: { assertion: { claims: { exp: 'soon' } } } },
  ]),
  ...refuses('client_assertion_typ_wrong', both, [
    { name: 'the typ of a DPoP proof', change: { assertion: { header: { typ: 'dpop+jwt' } } } },
  ]),
  ...refuses('client_assertion_algorithm_not_allowed', both, [
    { name: 'none', change: { assertion: { header: { alg: 'none' } } } },
    { name: 'HS256', change: { assertion: { header: { alg: 'HS256' } } } },
    {
      name: 'another algorithm than the registered one',
      given: { registration: { token_endpoint_auth_signing_alg: 'PS256' } },
    },
  ]),
  ...refuses('client_unknown', both, [
    { name: 'nobody has this identifier', change: { assertion: { claims: { iss: 'nobody', sub: 'nobody' } } } },
    { name: 'another case of the identifier', change: { assertion: { claims: { iss: 'Client-A', sub: 'Client-A' } } } },
  ]),
  ...refuses('client_suspended', both, [{ name: 'suspended', meanwhile: [{ registration: { status: 'suspended' } }] }]),
  ...refuses('client_assertion_key_unknown', both, [
    { name: 'a kid nobody registered', change: { assertion: { header: { kid: 'unknown' } } } },
  ]),
  ...refuses('client_assertion_signature_invalid', both, [
    { name: 'signed by a thief', change: { assertion: { signed_by: 'thief-es256' } } },
    {
      name: 'signed by the key in its own header',
      change: { assertion: { header: { jwk: { $jwk: 'thief-es256' } }, signed_by: 'thief-es256' } },
    },
  ]),
  ...refuses('client_assertion_issuer_subject_mismatch', both, [
    { name: 'sub is another client', change: { assertion: { claims: { sub: 'client-b' } } } },
  ]),
  ...refuses(
    'client_assertion_claim_missing',
    both,
    ['iss', 'sub', 'exp', 'jti'].map((claim) => ({
      name: `no ${claim}`,
      change: { assertion: { without: [`claims.${claim}`] } },
    })),
  ),
  ...refuses('client_assertion_audience_wrong', both, [
    { name: 'the issuer in an array', change: { assertion: { claims: { aud: [issuer] } } } },
    { name: 'the token endpoint', change: { assertion: { claims: { aud: `${issuer}/token` } } } },
    { name: 'the PAR endpoint', change: { assertion: { claims: { aud: `${issuer}/par` } } } },
    { name: 'another server', change: { assertion: { claims: { aud: 'https://evil.example' } } } },
    { name: 'no aud', change: { assertion: { without: ['claims.aud'] } } },
  ]),
  ...refuses('client_assertion_expired', both, [
    { name: 'at the second of exp', change: { assertion: { claims: { exp: { $now: 0 } } } } },
  ]),
  ...refuses('client_assertion_lifetime_too_long', both, [
    { name: '301 s', change: { assertion: { claims: { exp: { $now: 301 } } } } },
  ]),
  ...refuses('client_assertion_from_the_future', both, [
    { name: 'iat 31 s ahead', change: { assertion: { claims: { iat: { $now: 31 } } } } },
    { name: 'nbf 31 s ahead', change: { assertion: { claims: { nbf: { $now: 31 } } } } },
  ]),
  ...refuses('client_assertion_before_restart', both, [
    {
      name: 'made before what the server remembers',
      change: { assertion: { claims: { iat: { $now: -3601 } } } },
    },
  ]),
  ...refuses('client_assertion_replayed', both, [
    { name: 'used at the PAR endpoint before', replay: { of: 'push', artefacts: ['assertion'] } },
    {
      name: 'used at the token endpoint before',
      replay: { of: 'client credentials', artefacts: ['assertion'] },
    },
    {
      name: 'a new assertion with a used jti',
      meanwhile: [{ send: 'push', change: { assertion: { claims: { jti: 'the same' } } } }],
      change: { assertion: { claims: { jti: 'the same' } } },
    },
  ]),
  ...refuses('client_id_mismatch', both, [{ name: 'another client', change: { set: { client_id: 'client-b' } } }]),
]
