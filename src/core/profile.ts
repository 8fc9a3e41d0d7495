/**
 * Every number of the profile, with the clause it comes from and the ceiling no configuration can pass.
 */

import { keysOf, type Seconds, seconds } from './names.ts'

/** One number: what it is unless configured, and between which bounds a configuration may move it. */
type Bounded = { readonly standard: number; readonly least: number; readonly most: number; readonly clause: string }

/** The lifetimes an operator may set, in seconds, and how far. */
export const lifetimeBounds = {
  /** How long an authorization code may be redeemed. */
  code: { standard: 60, least: 5, most: 60, clause: 'FAPI 2.0 SP §5.3.2.1-11' },
  /** How long a pushed request may be opened: below 600, well over a slow hand-off. */
  requestUri: { standard: 90, least: 30, most: 599, clause: 'FAPI 2.0 SP §5.3.2.2-12' },
  /** How long an access token is valid. */
  accessToken: { standard: 300, least: 30, most: 3600, clause: 'FAPI 2.0 SP §5.3.2.1-14' },
  /** How long an ID token is valid. */
  idToken: { standard: 300, least: 30, most: 3600, clause: 'OIDC Core §2' },
  /** How long a person may take to sign in and decide, once a pushed request was opened. */
  interaction: { standard: 600, least: 60, most: 1800, clause: 'FAPI 2.0 SP §5.3.2.2 note 3' },
  /** How long a sign-in lasts in one browser. */
  session: { standard: 3600, least: 60, most: 43_200, clause: 'OIDC Core §3.1.2.1' },
  /** How long a refresh token works at most, however often it is used. */
  refreshToken: { standard: 2_592_000, least: 300, most: 31_536_000, clause: 'FAPI 2.0 SP §5.3.2.1-9' },
  /** How long a refresh token works without being used. */
  refreshTokenIdle: { standard: 1_209_600, least: 300, most: 31_536_000, clause: 'RFC 9700 §4.14.2' },
} as const satisfies Record<string, Bounded>

/** The lifetimes in force, in seconds, each inside its bounds. */
export type Lifetimes = { readonly [Name in keyof typeof lifetimeBounds]: Seconds }

/** The lifetimes when nothing is configured. */
export const standardLifetimes: Lifetimes = {
  code: seconds(lifetimeBounds.code.standard),
  requestUri: seconds(lifetimeBounds.requestUri.standard),
  accessToken: seconds(lifetimeBounds.accessToken.standard),
  idToken: seconds(lifetimeBounds.idToken.standard),
  interaction: seconds(lifetimeBounds.interaction.standard),
  session: seconds(lifetimeBounds.session.standard),
  refreshToken: seconds(lifetimeBounds.refreshToken.standard),
  refreshTokenIdle: seconds(lifetimeBounds.refreshTokenIdle.standard),
}

/**
 * Refuses lifetimes outside their bounds, whoever configured them and however.
 * @throws RangeError
 */
export function checkLifetimes(lifetimes: Lifetimes): void {
  for (const name of keysOf(lifetimeBounds)) {
    const { least, most, clause } = lifetimeBounds[name]
    const lifetime = lifetimes[name]
    if (lifetime >= least && lifetime <= most) continue
    throw new RangeError(`the ${name} lifetime must be ${least} to ${most} seconds (${clause}), not ${lifetime}`)
  }
}

/** The rates an operator may set, in requests a minute, and how far. */
export const limitBounds = {
  /** Requests of one client to one endpoint. */
  perClientPerMinute: { standard: 6000, least: 60, most: 10_000_000, clause: 'RFC 9126 §2.3' },
  /** Requests from one address to all endpoints together; what was refused counts ten times. */
  perAddressPerMinute: { standard: 12_000, least: 60, most: 10_000_000, clause: 'RFC 6585 §4' },
} as const satisfies Record<string, Bounded>

/** The rates in force, each inside its bounds. */
export type Limits = { readonly [Name in keyof typeof limitBounds]: number }

/** The rates when nothing is configured: a busy backend does not meet them. */
export const standardLimits: Limits = {
  perClientPerMinute: limitBounds.perClientPerMinute.standard,
  perAddressPerMinute: limitBounds.perAddressPerMinute.standard,
}

/**
 * Refuses rates outside their bounds, whoever configured them and however.
 * @throws RangeError
 */
export function checkLimits(limits: Limits): void {
  for (const name of keysOf(limitBounds)) {
    const { least, most, clause } = limitBounds[name]
    const limit = limits[name]
    if (Number.isSafeInteger(limit) && limit >= least && limit <= most) continue
    throw new RangeError(`${name} must be ${least} to ${most} requests (${clause}), not ${limit}`)
  }
}

/** Numbers that nobody configures. Spans in seconds, sizes in bytes or characters. */
export const profile = {
  /** The one clock rule for `iat` and `nbf`: 10 s ahead must work, more than 60 s must not. FAPI 2.0 SP §5.3.2.1-13. */
  clockSkewAhead: seconds(30),
  /** How old a DPoP proof may be. RFC 9449 §11.1. */
  dpopProofAge: seconds(60),
  /** How far ahead a client assertion may expire; bounds the replay memory. RFC 7523 §3 item 4. */
  clientAssertionLifetime: seconds(300),
  /** How long a logout token is valid: two minutes at most are recommended. OIDC Back-Channel Logout §4. */
  logoutTokenLifetime: seconds(120),
  /** How long a replay entry outlives the artefact it remembers. */
  replayMargin: seconds(5),
  /** A DPoP nonce is accepted in the span it was issued in and the next. RFC 9449 §8. */
  dpopNonceSpan: seconds(60),
  /** A form body. RFC 9126 §2.3. */
  formBytes: 65_536,
  /** One compact JWS. RFC 8725bis. */
  jwsCharacters: 16_384,
  /** One compact JWE around a JWS. RFC 8725bis. */
  jweCharacters: 24_576,
  /** A `jti`. RFC 9449 §11.1. */
  jtiCharacters: 256,
  /** A `state`; more than 1,000 must work. FAPI 2.0 SP §5.3.2.2 note 4. */
  stateCharacters: 2048,
  /** A `nonce`; 64 must work. FAPI 2.0 SP §5.3.2.2-14. */
  nonceCharacters: 256,
  /** Any other parameter value. */
  parameterCharacters: 4096,
  /** How many parameters one form may have. */
  parameters: 64,
  /** How many values a space-separated list may have. */
  listValues: 32,
  /** How many keys a client's key set may have. */
  clientKeys: 16,
  /** How many keys an issuer's key set may have. */
  issuerKeys: 100,
  /** How deep JSON inside a JWT may nest. */
  jsonDepth: 16,
  /** How many elements `authorization_details` may have. RFC 9396 §10. */
  detailElements: 10,
  /** How many entries all lists inside it may have together: people choose among them, and read every one. */
  detailEntries: 50,
  /** `authorization_details` as JSON: it must fit into a token, and that into a header. */
  detailBytes: 8192,
  /** A password: long enough for passphrases, short enough for the key derivation. */
  passwordCharacters: 256,
  /** Failed sign-ins for one account from one address, in one window, before answers are only "no". */
  signInAttemptsPerAccountAndSource: 5,
  /** Failed sign-ins from one address over all accounts, in one window. */
  signInAttemptsPerSource: 50,
  /** Failed sign-ins for one account over all addresses, in one window. */
  signInAttemptsPerAccount: 100,
  /** The window those attempts are counted in. */
  signInAttemptWindow: seconds(300),
  /** How long a decision of the operator's sign-in application waits for its browser. */
  decisionLifetime: seconds(120),
  /** How long a person may take at another provider: what is spent is remembered for less than ten minutes. */
  upstreamAttemptLifetime: seconds(480),
  /** How long a challenge for a passkey may be answered. WebAuthn §15.1. */
  passkeyChallengeLifetime: seconds(300),
  /** What the browser sends of an authenticator. */
  passkeyAnswerCharacters: 16_384,
  /** The id of a credential: 1023 bytes in base64url. WebAuthn §4. */
  credentialIdCharacters: 1364,
  /** What a person calls a passkey. */
  passkeyNameCharacters: 64,
  /** How many passkeys one person has. */
  passkeys: 10,
  /** How fresh a sign-in must be to change how one signs in. */
  accountChangeAge: seconds(300),
} as const

/** The signature algorithms of the profile, most preferred first. FAPI 2.0 SP §5.4.1-1. */
export const signingAlgorithms = ['ES256', 'PS256', 'EdDSA'] as const

/** A signature algorithm of the profile; `EdDSA` is Ed25519 only, and `Ed25519` (RFC 9864) is read as `EdDSA`. */
export type SigningAlgorithm = (typeof signingAlgorithms)[number]

/** The algorithm a JOSE header names, or undefined when the profile does not know it. Case matters. */
export function signingAlgorithm(name: unknown): SigningAlgorithm | undefined {
  if (name === 'Ed25519') return 'EdDSA'
  return signingAlgorithms.find((known) => known === name)
}
