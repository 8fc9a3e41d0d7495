import type { LocalText } from '../../core/local-text.ts'
import type { Issuer, Secret } from '../../core/names.ts'
import type { Clock } from '../../core/ports.ts'
import type { UpstreamTrouble } from './trouble.ts'

/** How we authenticate at a provider. OIDC Core §9. */
export type UpstreamAuthentication =
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly secret: Secret }
  | {
      readonly method: 'private_key_jwt'
      /** PEM or JWK: P-256, or RSA of 2048 bits or more. */
      readonly key: Secret
      /** The `kid` the provider knows it by, where the JWK has none. */
      readonly keyId: string | undefined
    }

/** The claims of a provider that are taken over, by their names there. */
export type UpstreamClaims = { readonly username: string; readonly name: string; readonly email: string }

/** A provider as the operator describes it. */
export type UpstreamConfig = {
  readonly id: string
  readonly name: LocalText
  readonly issuer: Issuer
  readonly clientId: string
  /** The address of ours that the provider answers at; registered there. */
  readonly redirectUri: string
  readonly authentication: UpstreamAuthentication
  readonly scope: readonly string[]
  readonly claims: UpstreamClaims
  /** What its authentication contexts are worth here. */
  readonly acr: Readonly<Record<string, string>>
  /** Origins besides that of the issuer that its endpoints or its pages have. */
  readonly origins: readonly string[]
}

/** What providers stand on. */
export type UpstreamOptions = {
  readonly clock: Clock
  /** What an operator should see: a provider that is down, or does not answer as it should. */
  readonly onTrouble: (trouble: UpstreamTrouble) => void
}
