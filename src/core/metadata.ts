/** What an issuer and a resource say of themselves: generated from what is enforced. RFC 8414; OIDC Discovery; RFC 9728. */

import { type ClientAuthenticationMethod, grantTypes } from './client.ts'
import { contentEncryptionAlgorithms, keyManagementAlgorithms } from './keys.ts'
import type { Issuer, ResourceIdentifier } from './names.ts'
import { signingAlgorithms, type SigningAlgorithm } from './profile.ts'

/** The paths of the endpoints, below the issuer. */
export const endpointPaths = {
  pushedAuthorizationRequest: '/par',
  authorization: '/authorize',
  token: '/token',
  userinfo: '/userinfo',
  jwks: '/jwks',
  introspection: '/introspect',
  revocation: '/revoke',
  endSession: '/logout',
} as const

/** Standard scopes that no API owns. OIDC Core §5.4, §11. */
export const openidScopes = ['openid', 'profile', 'email', 'offline_access'] as const

/** The URL of an endpoint. An issuer may end in a slash; a URL never has two. */
export function endpointUrl(issuer: Issuer, path: string): string {
  return `${issuer.replace(/\/$/, '')}${path}`
}

/** What of a configuration shows in the metadata. */
export type Described = {
  readonly issuer: Issuer
  readonly scopes: readonly string[]
  readonly resources: readonly ResourceIdentifier[]
  /** The algorithms the issuer has keys for. */
  readonly signingAlgorithms: readonly SigningAlgorithm[]
  /** How clients may authenticate. */
  readonly authMethods: readonly ClientAuthenticationMethod[]
  /** Where client certificates are asked for, if they are. RFC 8705 §5. */
  readonly mutualTlsOrigin: string | undefined
  /** The authentication contexts a sign-in can reach. */
  readonly acrValues: readonly string[]
  /** The languages of its pages. */
  readonly uiLocales: readonly string[]
  /** The types of authorization details that can be asked for. */
  readonly detailTypes: readonly string[]
}

/** The authorization server metadata document. RFC 8414 §2; OIDC Discovery §3. */
export function createAuthorizationServerMetadata(described: Described): Record<string, unknown> {
  const { issuer } = described
  const url = (path: string) => endpointUrl(issuer, path)
  return {
    issuer,
    authorization_endpoint: url(endpointPaths.authorization),
    pushed_authorization_request_endpoint: url(endpointPaths.pushedAuthorizationRequest),
    require_pushed_authorization_requests: true,
    token_endpoint: url(endpointPaths.token),
    userinfo_endpoint: url(endpointPaths.userinfo),
    jwks_uri: url(endpointPaths.jwks),
    introspection_endpoint: url(endpointPaths.introspection),
    revocation_endpoint: url(endpointPaths.revocation),
    end_session_endpoint: url(endpointPaths.endSession),
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    scopes_supported: described.scopes,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: grantTypes,
    subject_types_supported: ['public', 'pairwise'],
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    ...authenticationAt('token', described.authMethods),
    ...authenticationAt('introspection', described.authMethods),
    ...authenticationAt('revocation', described.authMethods),
    id_token_signing_alg_values_supported: described.signingAlgorithms,
    id_token_encryption_alg_values_supported: keyManagementAlgorithms,
    id_token_encryption_enc_values_supported: contentEncryptionAlgorithms,
    userinfo_signing_alg_values_supported: described.signingAlgorithms,
    dpop_signing_alg_values_supported: signingAlgorithms,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    claims_parameter_supported: true,
    claims_supported: ['sub', 'name', 'email', 'auth_time', 'acr', 'amr', 'sid'],
    // RFC 8414 §2: what has no values is left out.
    ...(described.acrValues.length === 0 ? {} : { acr_values_supported: described.acrValues }),
    ui_locales_supported: described.uiLocales,
    ...supportedTypes(described),
    ...mutualTls(described),
    ...(described.resources.length === 0 ? {} : { protected_resources: described.resources }),
  }
}

/** RFC 9396 §10; RFC 9728 §2. */
function supportedTypes({ detailTypes = [] }: { readonly detailTypes?: readonly string[] | undefined }) {
  return detailTypes.length === 0 ? {} : { authorization_details_types_supported: detailTypes }
}

/** How clients authenticate at one of the endpoints that ask them to. RFC 8414 §2. */
function authenticationAt(
  endpoint: 'token' | 'introspection' | 'revocation',
  methods: readonly ClientAuthenticationMethod[],
): Record<string, readonly string[]> {
  return {
    [`${endpoint}_endpoint_auth_methods_supported`]: methods,
    [`${endpoint}_endpoint_auth_signing_alg_values_supported`]: signingAlgorithms,
  }
}

/** What is said only where client certificates are asked for. RFC 8705 §3.3, §5. */
function mutualTls({ issuer, mutualTlsOrigin }: Described): Record<string, unknown> {
  if (mutualTlsOrigin === undefined) return {}
  const url = (path: string) => mutualTlsOrigin + new URL(endpointUrl(issuer, path)).pathname
  return {
    tls_client_certificate_bound_access_tokens: true,
    mtls_endpoint_aliases: {
      pushed_authorization_request_endpoint: url(endpointPaths.pushedAuthorizationRequest),
      token_endpoint: url(endpointPaths.token),
      introspection_endpoint: url(endpointPaths.introspection),
      revocation_endpoint: url(endpointPaths.revocation),
      userinfo_endpoint: url(endpointPaths.userinfo),
    },
  }
}

/**
 * The two paths at which the metadata of an issuer stands: the issuer's path followed by the well-known name, and the
 * well-known name slotted in before the path. OIDC Discovery §4; RFC 8414 §3.
 */
export function metadataPaths(issuer: Issuer): { readonly openid: string; readonly oauth: string } {
  const path = new URL(issuer).pathname.replace(/\/$/, '')
  return {
    openid: `${path}/.well-known/openid-configuration`,
    oauth: `/.well-known/oauth-authorization-server${path}`,
  }
}

/** What of an API shows in its metadata. */
export type DescribedResource = {
  readonly resource: ResourceIdentifier
  readonly name: string
  readonly authorizationServers: readonly Issuer[]
  readonly scopes: readonly string[]
  readonly certificateBoundTokens: 'accepted' | 'refused'
  /** The types of authorization details it understands, where that is known. */
  readonly detailTypes?: readonly string[] | undefined
}

/** The protected resource metadata document. RFC 9728 §2. */
export function createProtectedResourceMetadata(described: DescribedResource): Record<string, unknown> {
  return {
    resource: described.resource,
    resource_name: described.name,
    authorization_servers: described.authorizationServers,
    ...(described.scopes.length === 0 ? {} : { scopes_supported: described.scopes }),
    ...supportedTypes(described),
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: signingAlgorithms,
    ...(described.certificateBoundTokens === 'accepted'
      ? { tls_client_certificate_bound_access_tokens: true }
      : { dpop_bound_access_tokens_required: true }),
  }
}

/** Where the metadata of a resource stands: the well-known name before the path of the resource. RFC 9728 §3. */
export function protectedResourceMetadataUrl(resource: ResourceIdentifier): string {
  const { origin, pathname, search } = new URL(resource)
  return `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}${search}`
}
