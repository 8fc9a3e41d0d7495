import type { DetailType } from '../core/authorization-details.ts'
import type { LocalText } from '../core/local-text.ts'
import type { ClientId, Issuer, ResourceIdentifier } from '../core/names.ts'
import type {
  Audit,
  ClientKeys,
  Clock,
  Hash,
  Mac,
  Passwords,
  PostForm,
  RaiseEvent,
  Random,
  SigningKeys,
  Store,
  TrustAnchors,
  Verifier,
} from '../core/ports.ts'
import type { EventsAbout, UpstreamProvider, WebAuthn } from '../core/sign-in-ports.ts'
import type { Lifetimes, Limits } from '../core/profile.ts'
import type { Pages } from './pages.ts'

/** One scope of an API, in the words people read at consent. */
export type ApiScope = { readonly name: string; readonly description: LocalText }

/** A protected resource this server issues tokens for. Every scope belongs to one API. */
export type Api = {
  readonly resource: ResourceIdentifier
  readonly name: string
  readonly scopes: readonly ApiScope[]
  /** The types of authorization details that concern it. RFC 9396 §2. */
  readonly detailTypes?: readonly DetailType[]
}

/**
 * What an operator decides: facts and bounded numbers. Nothing in it can express something below FAPI 2.0.
 */
export type ServerConfig = {
  readonly issuer: Issuer
  readonly apis: readonly Api[]
  readonly lifetimes: Lifetimes
  /** How often one client, and one address, may ask. */
  readonly limits: Limits
  /**
   * The origin under which client certificates are asked for, when they are: the URLs of `mtls_endpoint_aliases` are
   * there. The issuer's own origin when everything is behind one door. RFC 8705 §5.
   */
  readonly mutualTlsOrigin: string | undefined
  /** Where people sign in and decide, when that is the operator's own application and not our pages. */
  readonly signInApp: { readonly url: string; readonly clientId: ClientId } | undefined
  /** Whether people may sign in with a password of ours; with `none` they sign in elsewhere, or with a passkey. */
  readonly passwordSignIn: 'offered' | 'none'
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
  /** Without it passkeys are not offered. */
  readonly webAuthn: WebAuthn | undefined
  /** Other OpenID providers that people may sign in at. */
  readonly upstream: readonly UpstreamProvider[]
  readonly eventsAbout: EventsAbout
  readonly audit: Audit
  readonly raise: RaiseEvent
  readonly clientKeys: ClientKeys
  /** Without them tls_client_auth is not offered. */
  readonly trustAnchors: TrustAnchors | undefined
  /** Under a key that outlives the process: the same person has the same pairwise subjects for ever. */
  readonly pairwise: Mac
  readonly postForm: PostForm
  readonly pages: Pages
}
