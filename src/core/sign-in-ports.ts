/** What signing in asks of the world besides passwords: authenticators, other providers, and what happened before. */

import type { SecurityEvent } from './events.ts'
import type { LocalText } from './local-text.ts'
import type { Subject } from './names.ts'
import type { Authentication, Passkey, UserRecord } from './people.ts'

/** A challenge for an authenticator, as the script of a page hands it on: JSON of WebAuthn §5.1.8, §5.1.9. */
export type PasskeyOptions = string

/** WebAuthn ceremonies. Challenges are made and spent by the caller; base64url. */
export type WebAuthn = {
  /** For a person who adds a passkey: those they have are excluded. */
  readonly enrolment: (
    person: { readonly subject: Subject; readonly username: string; readonly displayName: string },
    known: readonly Passkey[],
    challenge: string,
  ) => Promise<PasskeyOptions>
  /** For whoever signs in: any passkey of this server, so that nobody learns who has one. */
  readonly signIn: (challenge: string) => Promise<PasskeyOptions>
  /** The challenge an answer is to, before anything of it was verified; undefined when it is no answer at all. */
  readonly challengeOf: (answer: string) => string | undefined
  /** The credential of a verified attestation. @throws OAuthError enrolment_malformed, enrolment_invalid */
  readonly verifyEnrolment: (
    answer: string,
    challenge: string,
  ) => Promise<Pick<Passkey, 'credentialId' | 'publicKey' | 'signCount' | 'transports' | 'backup'>>
  /** The id of the credential that answers. @throws OAuthError passkey_malformed */
  readonly credentialOf: (answer: string) => string
  /**
   * What a verified assertion says; user presence and verification included, and that the passkey is filed under its
   * person. Without a passkey to hold it against, the same work is done in vain.
   * @throws OAuthError passkey_malformed, passkey_invalid
   */
  readonly verifySignIn: (
    answer: string,
    challenge: string,
    passkey: Passkey | undefined,
  ) => Promise<{ readonly signCount: number; readonly backup: Passkey['backup'] }>
}

/** One attempt to sign in at another provider. Everything in it follows from `state` and a key of ours. */
export type UpstreamAttempt = {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  /** Seconds; the provider must not use a sign-in that is older. */
  readonly maxAge: number | undefined
  readonly prompt: 'login' | 'select_account' | undefined
  /** The authentication contexts of ours that would do, most wanted first; none for any. */
  readonly acrValues: readonly string[]
  readonly loginHint: string | undefined
  readonly uiLocales: readonly string[]
}

/** Who signed in at another provider, as its verified ID token says. */
export type UpstreamPerson = Authentication & {
  /** Its `sub`. */
  readonly subject: string
  /** What it calls the person, if it does: for people to recognise themselves, never to find anybody by. */
  readonly username: string | undefined
  readonly claims: UserRecord['claims']
}

/** An OpenID provider that people sign in at. OIDC Core §3.1. */
export type UpstreamProvider = {
  /** Our name of it, in URLs and identities. */
  readonly id: string
  readonly name: LocalText
  /** The authentication contexts its sign-ins can reach here. */
  readonly acrValues: readonly string[]
  /** Origins that browsers pass through on the way: browsers hold the redirect after a form to `form-action` as well. */
  readonly origins: () => readonly string[]
  /** Where to send the browser. @throws OAuthError upstream_unavailable */
  readonly begin: (attempt: UpstreamAttempt) => Promise<string>
  /** @throws OAuthError upstream_unavailable, upstream_refused, upstream_answer_invalid */
  readonly finish: (attempt: UpstreamAttempt, callback: URL) => Promise<UpstreamPerson>
}

/** The newest events about one person, for that person to read; at most `limit`. */
export type EventsAbout = (subject: Subject, limit: number) => Promise<readonly SecurityEvent[]>
