import type { AuthorizationDetail, DetailType } from '../core/authorization-details.ts'
import type { Passkey } from '../core/people.ts'
import type { LocalText } from '../core/local-text.ts'
import type { CorrelationId, NumericDate } from '../core/names.ts'
import type { PasskeyOptions } from '../core/sign-in-ports.ts'
import type { PublicRefusal } from '../core/rules.ts'

/**
 * The pages people see. Each renders one complete HTML document as text; every value in a view is untrusted plain text
 * and is escaped by the page. Pages load nothing from elsewhere, and the only script is the one that speaks to
 * authenticators: everything else works without.
 */
export type Pages = {
  /** The one stylesheet, inlined in every page exactly so; the Content-Security-Policy allows nothing but its hash. */
  readonly stylesheet: string
  /** The one script, inlined exactly so in pages with a passkey way; allowed by its hash, and only there. */
  readonly script: string
  /** Whether pages hold pictures: the operator's logo, as a data URI. */
  readonly pictures: 'none' | 'data'
  /** The languages there are pages in. */
  readonly languages: readonly string[]
  readonly signIn: (view: SignInView) => string
  readonly consent: (view: ConsentView) => string
  readonly account: (view: AccountView) => string
  readonly signOut: (view: SignOutView) => string
  readonly signedOut: (view: Readable) => string
  readonly error: (view: ErrorView) => string
}

/** What every page knows of who reads it. */
export type Readable = {
  /** The languages they read, best first; the first there are pages in is used. */
  readonly languages: readonly string[]
}

/** Who asks: the name a client gave itself, beside what is verified about it. */
export type ClientView = {
  readonly name: string
  readonly clientId: string
  /** The host people come back to. */
  readonly redirectHost: string
  readonly registeredAt: NumericDate
}

/** A way to sign in with a passkey. The script posts `csrf` and `credential` to `action`. */
export type PasskeyWay = { readonly action: string; readonly options: PasskeyOptions }

/** The sign-in page. Forms post `csrf` and what each way names. */
export type SignInView = Readable & {
  /** What for: a client, or the person's own account. */
  readonly occasion: { readonly kind: 'client'; readonly client: ClientView } | { readonly kind: 'account' }
  readonly csrf: string
  /** What the sign-in has to be: any will do, or a fresh one although somebody is signed in, or one with a passkey. */
  readonly demand: 'any' | 'again' | 'passkey'
  /** Posts `username` and `password`; undefined where a password would not do. */
  readonly password:
    | {
        readonly action: string
        readonly username: string
        /** Only the demo prefills it. */
        readonly password: string | undefined
      }
    | undefined
  readonly passkey: PasskeyWay | undefined
  /** Other providers; each form posts `csrf` alone. */
  readonly upstream: readonly { readonly name: LocalText; readonly action: string }[]
  /** Posts `csrf` alone; undefined where nobody waits for the person. */
  readonly cancelAction: string | undefined
  /** Why the last attempt failed; the same for every reason. */
  readonly failed: PublicRefusal | undefined
}

/** What is asked for, or was allowed, of one holder. */
export type AskView = {
  /** The name of an API; undefined for what concerns the person's identity. */
  readonly holder: string | undefined
  /** Scopes of OpenID Connect have no description of the operator's: the page has its own words for them. */
  readonly scopes: readonly { readonly name: string; readonly description: LocalText | undefined }[]
}

/** One element of the authorization details, with what it takes to say it in words. */
export type DetailView = {
  readonly holder: string
  readonly element: AuthorizationDetail
  readonly consent: DetailType['consent']
  /** Lists of which the person may leave out entries. The box of an entry is called `name`, a dot and its index, and posts `on`. */
  readonly choices: readonly {
    readonly member: string
    readonly name: string
    readonly entries: readonly string[]
  }[]
}

/** The consent page. Posts `csrf`, `decision` (`allow` or `deny`) and the boxes that are left checked to `action`. */
export type ConsentView = Readable & {
  readonly client: ClientView
  /** The user name of the person who is signed in. */
  readonly username: string
  readonly action: string
  readonly csrf: string
  readonly asks: readonly AskView[]
  readonly details: readonly DetailView[]
  /** For how long: until they sign out, or seconds that it may be renewed while they are away. */
  readonly lasts: { readonly kind: 'sign_in' } | { readonly kind: 'offline'; readonly seconds: number }
  /** What they allowed this client before, if they did: scopes that are not in it are marked as more. */
  readonly before: { readonly givenAt: NumericDate; readonly scope: readonly string[] } | undefined
  /** Where they see and take back what they allowed. */
  readonly accountUrl: string
  /** Why what they decided a moment ago could not be taken. */
  readonly failed: PublicRefusal | undefined
}

/** Something one client was allowed. */
export type GrantView = {
  readonly ref: string
  readonly asks: readonly AskView[]
  readonly details: readonly DetailView[]
  readonly allowedAt: NumericDate
  readonly lastUsedAt: NumericDate | undefined
  /** When it ends by itself; with the sign-in, if that is sooner and `ends` says so. */
  readonly ends: 'with_sign_in' | 'by_itself'
  readonly expiresAt: NumericDate
}

/** A client with what it was allowed. */
export type AllowedClientView = {
  readonly clientId: string
  readonly name: string
  /** What it will not be asked for again, and since when. */
  readonly consent: { readonly asks: readonly AskView[]; readonly givenAt: NumericDate } | undefined
  readonly grants: readonly GrantView[]
}

/** A sign-in of the person. */
export type SessionView = {
  readonly sid: string
  readonly which: 'this' | 'other'
  readonly device: string
  readonly authTime: NumericDate
  readonly expiresAt: NumericDate
  readonly amr: readonly string[]
}

/** Something that happened to the account. */
export type AccountEventView = {
  readonly time: NumericDate
  readonly type: string
  readonly outcome: 'blocked' | 'allowed' | 'revoked'
  /** The name of the client it concerns. */
  readonly client: string | undefined
  readonly count: number
}

/** What was just done; the page says so. */
export type AccountNotice =
  | 'access_ended'
  | 'all_access_ended'
  | 'session_ended'
  | 'passkey_added'
  | 'passkey_renamed'
  | 'passkey_removed'

/** The account page. Every form posts `csrf` and the named fields. */
export type AccountView = Readable & {
  readonly username: string
  readonly csrf: string
  readonly actions: {
    /** `ref` ends one grant; `client_id` all of a client and its consent; neither everything of every client. */
    readonly endAccess: string
    /** `sid` */
    readonly endSession: string
    /** `credential_id` and `name` */
    readonly renamePasskey: string
    /** `credential_id` */
    readonly removePasskey: string
    /** GET: sign in again, as changing passkeys demands. */
    readonly signInAgain: string
    /** GET */
    readonly signOut: string
  }
  readonly clients: readonly AllowedClientView[]
  /** Whether that is everything, or the newest of more than a page holds. */
  readonly shown: 'all' | 'newest'
  readonly sessions: readonly SessionView[]
  readonly passkeys: readonly Pick<Passkey, 'credentialId' | 'name' | 'backup' | 'createdAt' | 'lastUsedAt'>[]
  /** How to add a passkey (the script posts `csrf`, `credential` and `name`), or what keeps them from being changed. */
  readonly enrolment:
    | { readonly kind: 'open'; readonly way: PasskeyWay }
    | { readonly kind: 'sign_in_again' }
    | { readonly kind: 'full' }
    /** This server has none: its issuer is an address. */
    | { readonly kind: 'not_offered' }
  readonly events: readonly AccountEventView[]
  readonly notice: AccountNotice | undefined
  readonly failed: PublicRefusal | undefined
}

/** The page that asks whether to sign out. Posts `csrf` and `fields` to `action`. */
export type SignOutView = Readable & {
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
export type ErrorView = Readable & {
  readonly refusal: PublicRefusal
  readonly correlationId: CorrelationId
}
