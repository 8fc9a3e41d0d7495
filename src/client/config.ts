import type { SigningAlgorithm } from '../core/profile.ts'
import type { ClientKeys } from './keys.ts'
import type { TokenVault } from './vault.ts'

/** What an application knows; everything else is read from metadata. */
export type ClientConfig = {
  /** The issuer identifier of the authorization server, exactly as its metadata writes it. */
  readonly issuer: string
  /** The resource identifier of the API, exactly as its metadata writes it. */
  readonly resource: string
  readonly clientId: string
  /** One of the registered redirect URIs, byte for byte. */
  readonly redirectUri: string
  /** Space-separated. Ask for as little as possible. */
  readonly scope: string
  readonly keys: ClientKeys
  /** How it says who it is, as registered; `private_key_jwt` unless given. FAPI 2.0 SP §5.3.3.1-5. */
  readonly authentication?: 'private_key_jwt' | 'tls_client_auth' | 'self_signed_tls_client_auth'
  /** What tokens are bound to, as registered: a DPoP key, unless it is the certificate that the ports show. */
  readonly binding?: 'dpop' | 'certificate'
  /**
   * `mtls`: the endpoints for clients with certificates are used although this client needs none. With a certificate they
   * always are. RFC 8705 §5.
   */
  readonly endpoints?: 'main' | 'mtls'
  /** The algorithm its ID tokens are signed with, when one was registered. */
  readonly idTokenAlgorithm?: SigningAlgorithm
  /** Where tokens that can be renewed are kept; the memory of this process unless given. */
  readonly vault?: TokenVault
}
