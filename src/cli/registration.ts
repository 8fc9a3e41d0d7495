import type { ClientRecord } from '../core/client.ts'
import type { JsonObject } from '../core/names.ts'

const nameMembers = {
  dn: 'tls_client_auth_subject_dn',
  dns: 'tls_client_auth_san_dns',
  uri: 'tls_client_auth_san_uri',
  ip: 'tls_client_auth_san_ip',
  email: 'tls_client_auth_san_email',
} as const

/** A client as RFC 7591 writes one; members without a value are undefined. */
export function registrationOf(client: ClientRecord): JsonObject {
  const { certificateName } = client
  return {
    client_id: client.clientId,
    client_id_issued_at: client.createdAt,
    client_name: client.name,
    ...ofRole(client),
    token_endpoint_auth_method: client.authMethod,
    ...(certificateName === undefined ? {} : { [nameMembers[certificateName.kind]]: certificateName.value }),
    token_endpoint_auth_signing_alg: client.tokenEndpointAuthSigningAlg,
    ...keysOf(client),
    status: client.status,
  }
}

function ofRole(client: ClientRecord): JsonObject {
  const { role } = client
  switch (role.kind) {
    case 'client':
      return obtainsTokens(client)
    case 'resource_server':
      return { resource_server: role.resource }
    case 'sign_in_app':
      return { sign_in_app: true }
  }
}

/** What only whoever obtains tokens has. */
function obtainsTokens(client: ClientRecord): JsonObject {
  return {
    application_type: client.applicationType,
    redirect_uris: client.redirectUris,
    grant_types: client.grantTypes,
    scope: client.scope.join(' '),
    ...(client.authorizationDetailTypes.length === 0
      ? {}
      : { authorization_details_types: client.authorizationDetailTypes }),
    dpop_bound_access_tokens: client.binding === 'dpop',
    tls_client_certificate_bound_access_tokens: client.binding === 'certificate',
    id_token_signed_response_alg: client.idTokenSignedResponseAlg,
    id_token_encrypted_response_alg: client.idTokenEncryption?.alg,
    id_token_encrypted_response_enc: client.idTokenEncryption?.enc,
    userinfo_signed_response_alg: client.userinfoSignedResponseAlg,
    subject_type: client.subjectType,
    default_max_age: client.defaultMaxAge,
    ...(client.postLogoutRedirectUris.length === 0 ? {} : { post_logout_redirect_uris: client.postLogoutRedirectUris }),
    backchannel_logout_uri: client.backchannelLogoutUri,
  }
}

/** Its public keys, or where they stand; certificates by their thumbprints. */
function keysOf({ jwksUri, keys, encryptionKeys, certificates }: ClientRecord): JsonObject {
  if (jwksUri !== undefined) return { jwks_uri: jwksUri }
  const signing = keys.map(({ jwk, alg, kid }) => ({ ...jwk, alg, kid }))
  const encryption = encryptionKeys.map(({ jwk, alg, kid }) => ({ ...jwk, alg, kid, use: 'enc' }))
  return {
    ...(signing.length + encryption.length === 0 ? {} : { jwks: { keys: [...signing, ...encryption] } }),
    ...(certificates.length === 0 ? {} : { certificates }),
  }
}
