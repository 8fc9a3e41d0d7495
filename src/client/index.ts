/** The client: an application's way to an API that is held to FAPI 2.0. begin → finish → call. */

export type { AuthorizationDetail } from '../core/authorization-details.ts'
export type { BeginOptions, Pending } from './authorization.ts'
export { type Client, createClient } from './client.ts'
export type { ClientConfig } from './config.ts'
export { ClientError, type ClientErrorReason } from './errors.ts'
export type { ClientKeys } from './keys.ts'
export {
  createLogoutReceiver,
  type LogoutReceiver,
  type LogoutReceiverConfig,
  type SignedOut,
} from './logout-receiver.ts'
export {
  type ClientTls,
  generatePrivateJwk,
  nodeClientPorts,
  type NodeClientOptions,
  parsePrivateJwk,
  publicJwkOf,
  readPrivateJwk,
} from './node/index.ts'
export type { ClientPorts, PrivateJwk } from './ports.ts'
export type { CallInit } from './resource.ts'
export { discoverResource, type FoundResource } from './resource-metadata.ts'
export type { Session } from './session.ts'
export type { EndSessionOptions } from './sign-out.ts'
export { memoryVault, type TokenVault } from './vault.ts'
export { Secret } from '../core/names.ts'
