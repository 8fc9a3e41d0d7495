import type { CorrelationId } from '../core/names.ts'
import type { PublicRefusal } from '../core/rules.ts'

/**
 * The pages people see. Each renders one complete HTML document as text; every value in a view is untrusted plain text
 * and is escaped by the page. Pages carry no script and load nothing from elsewhere.
 */
export type Pages = {
  /** The one stylesheet, inlined in every page exactly so; the Content-Security-Policy allows nothing but its hash. */
  readonly stylesheet: string
  readonly signIn: (view: SignInView) => string
  readonly consent: (view: ConsentView) => string
  readonly signOut: (view: SignOutView) => string
  readonly signedOut: () => string
  readonly error: (view: ErrorView) => string
}

/** Who asks: the name a client gave itself, beside what is verified about it. */
export type ClientView = {
  readonly name: string
  readonly clientId: string
  /** The host people come back to. */
  readonly redirectHost: string
}

/** The sign-in page. Posts `csrf`, `username` and `password` to `action`, or `csrf` alone to `cancelAction`. */
export type SignInView = {
  readonly client: ClientView
  readonly action: string
  readonly cancelAction: string
  readonly csrf: string
  readonly username: string
  /** Only the demo prefills it. */
  readonly password: string | undefined
  /** Why the last attempt failed; the same for every reason. */
  readonly failed: PublicRefusal | undefined
}

/** The consent page. Posts `csrf` and `decision` (`allow` or `deny`) to `action`. */
export type ConsentView = {
  readonly client: ClientView
  /** The user name of the person who is signed in. */
  readonly username: string
  readonly action: string
  readonly csrf: string
  /** What is asked for, by who holds it. */
  readonly asks: readonly {
    readonly holder: string
    readonly scopes: readonly { readonly name: string; readonly description: string }[]
  }[]
}

/** The page that asks whether to sign out. Posts `csrf` and `fields` to `action`. */
export type SignOutView = {
  /** The name of the client that asks, if one does. */
  readonly client: string | undefined
  /** The user name of the person who is signed in. */
  readonly username: string
  readonly action: string
  readonly csrf: string
  /** The request, as the form sends it back. */
  readonly fields: readonly (readonly [name: string, value: string])[]
}

/** A refusal that cannot be sent back to the client. */
export type ErrorView = {
  readonly refusal: PublicRefusal
  readonly correlationId: CorrelationId
}
