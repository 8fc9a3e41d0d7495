/** The client: an application's way to an API that is held to FAPI 2.0. begin → finish → call. */

export type { BeginOptions, Pending } from './authorization.ts'
export { type Client, type ClientConfig, createClient } from './client.ts'
export { ClientError, type ClientErrorReason } from './errors.ts'
export type { ClientKeys } from './keys.ts'
export {
  generatePrivateJwk,
  nodeClientPorts,
  type NodeClientOptions,
  parsePrivateJwk,
  publicJwkOf,
  readPrivateJwk,
} from './node/index.ts'
export type { ClientPorts, PrivateJwk } from './ports.ts'
export type { CallInit } from './resource.ts'
export type { Session } from './session.ts'
export { Secret } from '../core/names.ts'
