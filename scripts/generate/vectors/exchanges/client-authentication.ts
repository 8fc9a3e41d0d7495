import { accepts, type Base, type Exchange, refuses } from './exchange.ts'

/** One request of each step that clients authenticate at. */
export const authenticated: readonly Base[] = ['push', 'client credentials', 'introspect', 'revoke', 'application asks']
const issuer = 'https://as.example'

/** Who is asking, at every endpoint that clients authenticate to. */
export const clientAuthentication: readonly Exchange[] = [
  ...accepts(authenticated, [
    { name: 'assertion without typ', change: { assertion: { without: ['header.typ'] } } },
    { name: 'assertion with typ JWT', change: { assertion: { header: { typ: 'JWT' } } } },
    { name: 'assertion with iat 10 s ahead', change: { assertion: { claims: { iat: { $now: 10 } } } } },
    { name: 'assertion with nbf 10 s ahead', change: { assertion: { claims: { nbf: { $now: 10 } } } } },
    { name: 'assertion without iat', change: { assertion: { without: ['claims.iat'] } } },
    { name: 'assertion for 300 s', change: { assertion: { claims: { exp: { $now: 300 } } } } },
    { name: 'a certificate beside the assertion', change: { certificate: 'somebody' } },
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
  ...refuses('client_authentication_missing', authenticated, [
    { name: 'a bare client_id', change: { assertion: null, set: { client_id: 'client-a' } } },
    { name: 'a proof is no credential', change: { assertion: null } },
    {
      name: 'a certificate, where the client is registered for assertions',
      change: { assertion: null, set: { client_id: 'client-a' }, certificate: 'client-m' },
    },
  ]),
  ...refuses('client_authentication_method_unsupported', authenticated, [
    {
      name: 'client_secret_post',
      change: { assertion: null, set: { client_id: 'client-a', client_secret: 'secret' } },
    },
    {
      name: 'client_secret_basic',
      change: { assertion: null, headers: { set: { authorization: 'Basic Y2xpZW50LWE6c2VjcmV0' } } },
    },
  ]),
  ...refuses('client_authentication_ambiguous', authenticated, [
    { name: 'an assertion and a secret', change: { set: { client_secret: 'secret' } } },
    { name: 'an assertion and Basic', change: { headers: { set: { authorization: 'Basic Y2xpZW50LWE6c2VjcmV0' } } } },
  ]),
  ...refuses('client_assertion_type_unsupported', authenticated, [
    { name: 'no type', change: { remove: ['client_assertion_type'] } },
    {
      name: 'SAML',
      change: { set: { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' } },
    },
  ]),
  ...refuses('client_assertion_malformed', authenticated, [
    { name: 'no JWT', change: { set: { client_assertion: 'not a jwt' } } },
    { name: 'crit', change: { assertion: { header: { crit: ['x'], x: 1 } } } },
    { name: 'exp as a string', change: { assertion: { claims: { exp: 'soon' } } } },
  ]),
  ...refuses('client_assertion_typ_wrong', authenticated, [
    { name: 'the typ of a DPoP proof', change: { assertion: { header: { typ: 'dpop+jwt' } } } },
  ]),
  ...refuses('client_assertion_algorithm_not_allowed', authenticated, [
    { name: 'none', change: { assertion: { header: { alg: 'none' } } } },
    { name: 'HS256', change: { assertion: { header: { alg: 'HS256' } } } },
    {
      name: 'another algorithm than the registered one',
      meanwhile: [{ registration: { token_endpoint_auth_signing_alg: 'PS256' } }],
    },
  ]),
  ...refuses('client_unknown', authenticated, [
    { name: 'nobody has this identifier', change: { assertion: { claims: { iss: 'nobody', sub: 'nobody' } } } },
    { name: 'another case of the identifier', change: { assertion: { claims: { iss: 'Client-A', sub: 'Client-A' } } } },
  ]),
  ...refuses('client_suspended', authenticated, [
    { name: 'suspended', meanwhile: [{ registration: { status: 'suspended' } }] },
  ]),
  ...refuses('client_assertion_key_unknown', authenticated, [
    { name: 'a kid nobody registered', change: { assertion: { header: { kid: 'unknown' } } } },
  ]),
  ...refuses('client_assertion_signature_invalid', authenticated, [
    { name: 'signed by a thief', change: { assertion: { signed_by: 'thief-es256' } } },
    {
      name: 'signed by the key in its own header',
      change: { assertion: { header: { jwk: { $jwk: 'thief-es256' } }, signed_by: 'thief-es256' } },
    },
  ]),
  ...refuses('client_assertion_issuer_subject_mismatch', authenticated, [
    { name: 'sub is another client', change: { assertion: { claims: { sub: 'client-b' } } } },
  ]),
  ...refuses(
    'client_assertion_claim_missing',
    authenticated,
    ['iss', 'sub', 'exp', 'jti'].map((claim) => ({
      name: `no ${claim}`,
      change: { assertion: { without: [`claims.${claim}`] } },
    })),
  ),
  ...refuses('client_assertion_audience_wrong', authenticated, [
    { name: 'the issuer in an array', change: { assertion: { claims: { aud: [issuer] } } } },
    { name: 'the token endpoint', change: { assertion: { claims: { aud: `${issuer}/token` } } } },
    { name: 'the PAR endpoint', change: { assertion: { claims: { aud: `${issuer}/par` } } } },
    { name: 'another server', change: { assertion: { claims: { aud: 'https://evil.example' } } } },
    { name: 'no aud', change: { assertion: { without: ['claims.aud'] } } },
  ]),
  ...refuses('client_assertion_expired', authenticated, [
    { name: 'at the second of exp', change: { assertion: { claims: { exp: { $now: 0 } } } } },
  ]),
  ...refuses('client_assertion_lifetime_too_long', authenticated, [
    { name: '301 s', change: { assertion: { claims: { exp: { $now: 301 } } } } },
  ]),
  ...refuses('client_assertion_from_the_future', authenticated, [
    { name: 'iat 31 s ahead', change: { assertion: { claims: { iat: { $now: 31 } } } } },
    { name: 'nbf 31 s ahead', change: { assertion: { claims: { nbf: { $now: 31 } } } } },
  ]),
  ...refuses('client_assertion_before_restart', authenticated, [
    {
      name: 'made before what the server remembers',
      change: { assertion: { claims: { iat: { $now: -3601 } } } },
    },
  ]),
  ...refuses('client_assertion_replayed', authenticated, [
    { name: 'used at the PAR endpoint before', replay: { of: 'push', artefacts: ['assertion'] } },
    {
      name: 'used at the token endpoint before',
      replay: { of: 'client credentials', artefacts: ['assertion'] },
    },
  ]),
  ...authenticated.flatMap((base) =>
    refuses(
      'client_assertion_replayed',
      [base],
      [
        {
          name: 'a new assertion with a used jti',
          meanwhile: [{ send: base, change: { assertion: { claims: { jti: 'the same' } } } }],
          change: { assertion: { claims: { jti: 'the same' } } },
        },
      ],
    ),
  ),
  ...refuses('client_id_mismatch', authenticated, [
    { name: 'another client', change: { set: { client_id: 'client-b' } } },
  ]),
]
