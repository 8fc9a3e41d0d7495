/** Registered clients: who may ask, how they prove it, and what they may have. RFC 7591 §2. */

import type { ContentEncryptionAlgorithm, EncryptionKey, KeyManagementAlgorithm, PublicKey } from './keys.ts'
import type { CertificateThumbprint, ClientId, NumericDate, ResourceIdentifier } from './names.ts'
import type { SigningAlgorithm } from './profile.ts'

/** The grant types this server offers. */
export const grantTypes = ['authorization_code', 'client_credentials', 'refresh_token'] as const
export type GrantType = (typeof grantTypes)[number]

/** How a client may prove who it is. FAPI 2.0 SP §5.3.2.1-6. */
export const clientAuthenticationMethods = [
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
] as const
export type ClientAuthenticationMethod = (typeof clientAuthenticationMethods)[number]

/** The one name of a certificate that stands for the client. RFC 8705 §2.1.2. */
export type CertificateName = { readonly kind: 'dn' | 'dns' | 'uri' | 'ip' | 'email'; readonly value: string }

/** What a caller with credentials of its own is to us. An API asks about tokens and can do nothing else. RFC 7662 §4. */
export type ClientRole =
  | { readonly kind: 'client' }
  | { readonly kind: 'resource_server'; readonly resource: ResourceIdentifier }
  /** The operator's own sign-in application: it decides interactions and can do nothing else. */
  | { readonly kind: 'sign_in_app' }

/** How ID tokens of a client are encrypted. OIDC Core §16.14. */
export type IdTokenEncryption = { readonly alg: KeyManagementAlgorithm; readonly enc: ContentEncryptionAlgorithm }

/** A registered, confidential client. */
export type ClientRecord = {
  readonly clientId: ClientId
  /** Shown to people at consent, as plain text. */
  readonly name: string
  readonly applicationType: 'web' | 'native'
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly GrantType[]
  /** The scopes it may ask for. */
  readonly scope: readonly string[]
  /** The types of authorization details it may ask for. RFC 9396 §10. */
  readonly authorizationDetailTypes: readonly string[]
  readonly role: ClientRole
  readonly authMethod: ClientAuthenticationMethod
  /** For tls_client_auth, and only then. */
  readonly certificateName: CertificateName | undefined
  /** What its tokens are bound to, whatever else a request carries. RFC 8705 §3.4; RFC 9449 §5.2. */
  readonly binding: 'dpop' | 'certificate'
  /** Where its keys are published; its `keys`, `certificates` and `encryptionKeys` are empty then. */
  readonly jwksUri: string | undefined
  /** Its registered public keys. */
  readonly keys: readonly PublicKey[]
  /** Its registered certificates, for self_signed_tls_client_auth. RFC 8705 §2.2.2. */
  readonly certificates: readonly CertificateThumbprint[]
  /** Keys its ID tokens may be encrypted to. */
  readonly encryptionKeys: readonly EncryptionKey[]
  /** The one algorithm its assertions use, when registered. */
  readonly tokenEndpointAuthSigningAlg: SigningAlgorithm | undefined
  readonly idTokenSignedResponseAlg: SigningAlgorithm | undefined
  readonly idTokenEncryption: IdTokenEncryption | undefined
  /** Userinfo answers as a JWT signed so, when registered. OIDC Core §5.3.2. */
  readonly userinfoSignedResponseAlg: SigningAlgorithm | undefined
  /** OIDC Core §8. */
  readonly subjectType: 'public' | 'pairwise'
  /** The host that pairwise subjects are the same for. OIDC Core §8.1. */
  readonly sector: string | undefined
  /** Seconds; asked for when a request asks for nothing else. OIDC Registration §2. */
  readonly defaultMaxAge: number | undefined
  /** OIDC RP-Initiated Logout §3.1. */
  readonly postLogoutRedirectUris: readonly string[]
  /** OIDC Back-Channel Logout §2.2. */
  readonly backchannelLogoutUri: string | undefined
  readonly status: 'active' | 'suspended'
  /** What was granted up to this instant no longer counts; 0 when nothing was ever revoked. */
  readonly notBefore: NumericDate
  readonly createdAt: NumericDate
}

/** What a client is as far as it registers nothing else. */
export const clientDefaults = {
  applicationType: 'web',
  redirectUris: [],
  authorizationDetailTypes: [],
  role: { kind: 'client' },
  authMethod: 'private_key_jwt',
  certificateName: undefined,
  binding: 'dpop',
  jwksUri: undefined,
  keys: [],
  certificates: [],
  encryptionKeys: [],
  tokenEndpointAuthSigningAlg: undefined,
  idTokenSignedResponseAlg: undefined,
  idTokenEncryption: undefined,
  userinfoSignedResponseAlg: undefined,
  subjectType: 'public',
  sector: undefined,
  defaultMaxAge: undefined,
  postLogoutRedirectUris: [],
  backchannelLogoutUri: undefined,
  status: 'active',
} as const satisfies Partial<ClientRecord>
