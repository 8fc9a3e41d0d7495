import { authenticated } from './client-authentication.ts'
import { accepts, type Base, type Exchange, refuses } from './exchange.ts'

const tokens: readonly Base[] = ['client credentials', 'redeem', 'refresh']
const resources: readonly Base[] = ['userinfo', 'call']

const certificateBound = [{ registration: { tls_client_certificate_bound_access_tokens: true } }]
const asBearer = { set: { authorization: 'Bearer {token}' } }
const boundToken = { claims: { cnf: { $certificate: 'client-m' } } }

/** Client certificates: who is asking, and what tokens are bound to. */
export const certificate: readonly Exchange[] = [
  ...accepts(
    ['push', 'client credentials'],
    [
      { name: 'a certificate whose name is registered', change: { by: 'client-m' } },
      { name: 'a registered certificate', change: { by: 'client-s' } },
    ],
  ),
  ...accepts(
    tokens,
    [
      {
        name: 'bound to the certificate, whatever proof comes with it',
        meanwhile: certificateBound,
        change: { certificate: 'somebody' },
      },
    ],
    { members: { token_type: 'Bearer' } },
  ),
  ...accepts(
    ['client credentials', 'refresh'],
    [
      {
        name: 'bound to the certificate, without a proof',
        meanwhile: certificateBound,
        change: { certificate: 'somebody', proof: null },
      },
    ],
    { members: { token_type: 'Bearer' } },
  ),
  ...accepts(tokens, [{ name: 'bound to the key, beside a certificate', change: { certificate: 'somebody' } }], {
    members: { token_type: 'DPoP' },
  }),
  ...refuses('client_certificate_missing', authenticated, [
    { name: 'no certificate', change: { by: 'client-m', certificate: null } },
  ]),
  ...refuses('client_certificate_malformed', authenticated, [
    { name: 'what was sent is no certificate of the profile', change: { by: 'client-m', certificate: 'malformed' } },
  ]),
  ...refuses('client_certificate_untrusted', authenticated, [
    {
      name: 'another authority, the same name',
      change: { by: 'client-m', certificate: 'client-m of another authority' },
    },
    { name: 'a self-signed certificate', change: { by: 'client-m', certificate: 'client-s' } },
  ]),
  ...refuses('client_certificate_expired', authenticated, [
    { name: 'expired', change: { by: 'client-m', certificate: 'client-m expired' } },
    { name: 'registered and expired', change: { by: 'client-s' }, meanwhile: [{ wait: 100_000_000 }] },
  ]),
  ...refuses('client_certificate_not_for_clients', authenticated, [
    { name: 'for servers only', change: { by: 'client-m', certificate: 'client-m for servers' } },
  ]),
  ...refuses('client_certificate_name_mismatch', authenticated, [
    { name: 'the name of somebody else', change: { by: 'client-m', certificate: 'somebody' } },
    { name: 'one part of the name more', change: { by: 'client-m', certificate: 'client-m of a department' } },
  ]),
  ...refuses('client_certificate_unknown', authenticated, [
    { name: 'one that is not registered', change: { by: 'client-s', certificate: 'somebody' } },
    { name: 'the same name, another certificate', change: { by: 'client-s', certificate: 'client-s again' } },
  ]),
  ...refuses('client_authentication_method_unregistered', authenticated, [
    { name: 'an assertion, where a certificate is registered', change: { by: 'client-m', assertion: {} } },
  ]),
  ...refuses('client_keys_unavailable', authenticated, [
    { name: 'the keys of the client cannot be fetched', meanwhile: [{ keys: 'unreachable' }] },
  ]),
  ...refuses(
    'client_role_wrong',
    ['push', 'client credentials', 'revoke'],
    [{ name: 'a resource server', change: { by: 'bank-server' } }],
  ),
  ...refuses('binding_certificate_missing', tokens, [
    { name: 'no certificate', meanwhile: certificateBound },
    { name: 'neither a certificate nor a proof', meanwhile: certificateBound, change: { proof: null } },
  ]),
  ...accepts(resources, [
    {
      name: 'the certificate the token is bound to',
      change: { token: boundToken, certificate: 'client-m', proof: null, headers: asBearer },
    },
  ]),
  ...refuses('token_certificate_missing', resources, [
    { name: 'no certificate', change: { token: boundToken, proof: null, headers: asBearer } },
    { name: 'a proof in its place', change: { token: boundToken, headers: asBearer } },
  ]),
  ...refuses('token_certificate_mismatch', resources, [
    {
      name: 'another certificate',
      change: { token: boundToken, certificate: 'somebody', proof: null, headers: asBearer },
    },
    {
      name: 'another certificate of the same name',
      change: { token: boundToken, certificate: 'client-m expired', proof: null, headers: asBearer },
    },
  ]),
  ...refuses('certificate_bound_token_sent_as_dpop', resources, [
    { name: 'with its certificate and a proof', change: { token: boundToken, certificate: 'client-m' } },
    { name: 'with a proof', change: { token: boundToken } },
  ]),
]
