import { type ClientRecord, type GrantType, grantTypes } from '../../src/core/client.ts'
import { signingAlgorithm } from '../../src/core/profile.ts'
import { checkMembers, objectOf, textsOf } from './load.ts'

const members = [
  'status',
  'grant_types',
  'scope',
  'authorization_details_types',
  'redirect_uris',
  'token_endpoint_auth_signing_alg',
  'tls_client_certificate_bound_access_tokens',
  'id_token_encrypted_response_alg',
]

/** Members of a registration as a vector writes them, in our words. */
export function registrationOf(value: unknown): Partial<ClientRecord> {
  const written = objectOf(value, 'registration')
  checkMembers(written, members, 'registration')
  const { status, grant_types: grants, scope, redirect_uris: redirectUris } = written
  const { authorization_details_types: types } = written
  const alg = signingAlgorithm(written['token_endpoint_auth_signing_alg'])
  return {
    ...(status === undefined ? {} : { status: status === 'suspended' ? ('suspended' as const) : ('active' as const) }),
    ...(grants === undefined ? {} : { grantTypes: textsOf(grants, 'grant_types').flatMap(grantTypeOf) }),
    ...(scope === undefined ? {} : { scope: textsOf(scope, 'scope') }),
    ...(types === undefined ? {} : { authorizationDetailTypes: textsOf(types, 'authorization_details_types') }),
    ...(redirectUris === undefined ? {} : { redirectUris: textsOf(redirectUris, 'redirect_uris') }),
    ...(alg === undefined ? {} : { tokenEndpointAuthSigningAlg: alg }),
    ...(written['id_token_encrypted_response_alg'] === 'ECDH-ES'
      ? { idTokenEncryption: { alg: 'ECDH-ES', enc: 'A256GCM' } as const }
      : {}),
    ...(written['tls_client_certificate_bound_access_tokens'] === true ? { binding: 'certificate' as const } : {}),
  }
}

function grantTypeOf(name: string): readonly GrantType[] {
  return grantTypes.filter((known) => known === name)
}
