import { accepts, type Base, type Exchange, refuses } from './exchange.ts'

const both: readonly Base[] = ['userinfo', 'call']

/** What a protected resource asks of an access token. */
export const resource: readonly Exchange[] = [
  ...accepts(
    [...both, 'userinfo by POST'],
    [
      { name: 'as it is' },
      { name: 'the scheme in lower case', change: { headers: { set: { authorization: 'dpop {token}' } } } },
      { name: 'the scheme in upper case', change: { headers: { set: { authorization: 'DPOP {token}' } } } },
    ],
  ),
  ...accepts(both, [{ name: 'the same token again, with a new proof', meanwhile: [{ send: 'push' }] }]),
  ...refuses('access_token_missing', both, [
    { name: 'no Authorization header', change: { headers: { remove: ['authorization'] } } },
    { name: 'a proof alone', change: { token: null } },
  ]),
  ...refuses('access_token_in_query', both, [
    { name: 'in the query', change: { headers: { remove: ['authorization'] }, query: 'access_token={token}' } },
    { name: 'in the query beside the header', change: { query: 'x=1&access_token={token}' } },
    { name: 'in the query, the name escaped', change: { query: '%61ccess_token={token}' } },
  ]),
  ...refuses(
    'access_token_in_body',
    ['userinfo by POST'],
    [
      {
        name: 'in the form',
        change: {
          headers: { set: { 'content-type': 'application/x-www-form-urlencoded' }, remove: ['authorization'] },
          body: { text: 'access_token={token}' },
        },
      },
      {
        name: 'in the form beside the header',
        change: {
          headers: { set: { 'content-type': 'application/x-www-form-urlencoded' } },
          body: { text: 'access_token={token}' },
        },
      },
    ],
  ),
  ...refuses('authorization_repeated', both, [
    { name: 'the same twice', change: { headers: { append: [['authorization', 'DPoP {token}']] } } },
    { name: 'two schemes', change: { headers: { append: [['authorization', 'Bearer {token}']] } } },
  ]),
  ...refuses('authorization_malformed', both, [
    { name: 'Basic', change: { headers: { set: { authorization: 'Basic YTpi' } } } },
    { name: 'no scheme', change: { headers: { set: { authorization: '{token}' } } } },
    { name: 'no token', change: { headers: { set: { authorization: 'DPoP' } } } },
    {
      name: 'two credentials in one header',
      change: { headers: { set: { authorization: 'DPoP {token}, DPoP {token}' } } },
    },
  ]),
  ...refuses('access_token_malformed', both, [
    { name: 'no JWT', change: { headers: { set: { authorization: 'DPoP abc' } } } },
    { name: 'crit', change: { token: { header: { crit: ['x'], x: 1 } } } },
  ]),
  ...refuses('access_token_typ_wrong', both, [
    { name: 'the typ of an ID token', change: { token: { header: { typ: 'JWT' } } } },
    { name: 'no typ', change: { token: { without: ['header.typ'] } } },
  ]),
  ...refuses('access_token_algorithm_not_allowed', both, [
    { name: 'none', change: { token: { header: { alg: 'none' } } } },
    { name: 'HS256', change: { token: { header: { alg: 'HS256' } } } },
  ]),
  ...refuses('access_token_issuer_untrusted', both, [
    { name: 'another issuer', change: { token: { claims: { iss: 'https://evil.example' } } } },
    { name: 'no iss', change: { token: { without: ['claims.iss'] } } },
  ]),
  ...refuses('access_token_key_unknown', both, [
    { name: 'a kid the issuer does not publish', change: { token: { header: { kid: 'unknown' } } } },
  ]),
  ...refuses('access_token_signature_invalid', both, [
    { name: 'signed by a thief', change: { token: { signed_by: 'thief-ed25519' } } },
  ]),
  ...refuses(
    'access_token_claim_missing',
    both,
    ['exp', 'iat', 'sub', 'client_id', 'jti'].map((claim) => ({
      name: `no ${claim}`,
      change: { token: { without: [`claims.${claim}`] } },
    })),
  ),
  ...refuses('access_token_audience_mismatch', both, [
    { name: 'another resource', change: { token: { claims: { aud: 'https://archive.example/v1' } } } },
    { name: 'no aud', change: { token: { without: ['claims.aud'] } } },
  ]),
  ...refuses('access_token_expired', both, [
    { name: 'at the second of exp', change: { token: { claims: { exp: { $now: 0 } } } } },
    { name: 'after five minutes', change: { token: {} }, meanwhile: [{ wait: 301 }] },
  ]),
  ...refuses('access_token_from_the_future', both, [
    { name: 'iat 31 s ahead', change: { token: { claims: { iat: { $now: 31 } } } } },
    { name: 'nbf 31 s ahead', change: { token: { claims: { nbf: { $now: 31 } } } } },
  ]),
  ...refuses('access_token_unbound', both, [
    { name: 'no cnf', change: { token: { without: ['claims.cnf'] } } },
    { name: 'bound in a way nobody checks here', change: { token: { claims: { cnf: { kid: 'x' } } } } },
  ]),
  ...refuses(
    'access_token_revoked',
    ['userinfo'],
    [
      { name: 'its code was redeemed twice', meanwhile: [{ redeem: 'the code' }] },
      { name: 'the person was locked', meanwhile: [{ user: 'locked' }] },
    ],
  ),
  ...refuses('access_token_revoked', ['call'], [{ name: 'the grant was revoked', meanwhile: [{ grant: 'revoked' }] }]),
  ...refuses('bound_token_sent_as_bearer', both, [
    { name: 'with a proof', change: { headers: { set: { authorization: 'Bearer {token}' } } } },
    { name: 'without a proof', change: { proof: null, headers: { set: { authorization: 'Bearer {token}' } } } },
  ]),
  ...refuses('scope_insufficient', both, [
    { name: 'another scope', change: { token: { claims: { scope: 'payments' } } } },
    { name: 'a longer scope', change: { token: { claims: { scope: 'accountsx openidx' } } } },
    { name: 'no scope', change: { token: { without: ['claims.scope'] } } },
  ]),
  ...refuses('person_required', both, [
    { name: 'a client alone', change: { token: { claims: { sub: 'client-a' } } } },
    { name: 'nothing shows that a person signed in', change: { token: { without: ['claims.auth_time'] } } },
  ]),
  ...refuses('state_unavailable', both, [
    { name: 'what was used before cannot be read', meanwhile: [{ state: 'unavailable' }] },
  ]),
]

/** What only a guard asks. */
export const guard: readonly Exchange[] = [
  ...accepts(
    ['call'],
    [
      { name: 'a path with a name in it', change: { path: '/accounts/17' } },
      { name: 'a query', change: { query: 'from=2026&to=2027' } },
      {
        name: 'a client alone, where that will do',
        change: { path: '/reports/2027/1', token: { claims: { sub: 'client-a', scope: 'reports' } } },
      },
    ],
  ),
  ...refuses(
    'route_not_guarded',
    ['call'],
    [
      { name: 'another path', change: { path: '/admin' } },
      { name: 'another method', change: { method: 'DELETE' } },
      { name: 'HEAD, where GET is listed alone', change: { method: 'HEAD' } },
      { name: 'a longer path', change: { path: '/accounts/17/secrets' } },
      { name: 'without any credential', change: { path: '/admin', token: null, proof: null } },
    ],
  ),
  ...refuses(
    'path_ambiguous',
    ['call'],
    [
      { name: 'a dot segment', change: { path: '/accounts/../admin' } },
      { name: 'an escaped dot segment', change: { path: '/accounts/%2e%2e/admin' } },
      { name: 'an escaped slash', change: { path: '/accounts%2F17' } },
      { name: 'a doubled slash', change: { path: '//accounts' } },
      { name: 'a semicolon', change: { path: '/accounts;x=1' } },
      { name: 'an escaped letter', change: { path: '/%61ccounts' } },
    ],
  ),
  ...refuses(
    'issuer_unavailable',
    ['call'],
    [{ name: 'the issuer cannot be reached and its keys are not known', meanwhile: [{ issuer: 'unreachable' }] }],
  ),
]
