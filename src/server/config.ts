import type { Issuer, ResourceIdentifier } from '../core/names.ts'
import type { Audit, Clock, Hash, Mac, Passwords, Random, SigningKeys, Store, Verifier } from '../core/ports.ts'
import type { Lifetimes } from '../core/profile.ts'
import type { Pages } from './pages.ts'

/** One scope of an API, in the words people read at consent. */
export type ApiScope = { readonly name: string; readonly description: string }

/** A protected resource this server issues tokens for. Every scope belongs to one API. */
export type Api = {
  readonly resource: ResourceIdentifier
  readonly name: string
  readonly scopes: readonly ApiScope[]
}

/**
 * What an operator decides: facts and bounded numbers. Nothing in it can express something below FAPI 2.0.
 */
export type ServerConfig = {
  readonly issuer: Issuer
  readonly apis: readonly Api[]
  readonly lifetimes: Lifetimes
  /** Prefills the sign-in form. The demo has one, nothing else may. */
  readonly demoUser: { readonly username: string; readonly password: string } | undefined
}

/** What the server asks of the world. */
export type ServerPorts = {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly hash: Hash
  /** Under a key of this process alone: nonces from before a restart are refused. */
  readonly mac: Mac
  readonly verify: Verifier
  readonly keys: SigningKeys
  readonly passwords: Passwords
  readonly audit: Audit
  readonly pages: Pages
}
