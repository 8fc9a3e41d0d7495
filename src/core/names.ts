/**
 * The names of things: branded types that only the functions of this file mint.
 *
 * A brand says that a value was checked where it entered. This is the only file that writes `as`.
 */

declare const brand: unique symbol

type Branded<Base, Name extends string> = Base & { readonly [brand]: Name }

/** The issuer identifier of an authorization server: an absolute URL without query or fragment. RFC 8414 §2. */
export type Issuer = Branded<string, 'Issuer'>
/** The identifier of a registered client: visible ASCII, at most 128 characters. RFC 6749 §2.2. */
export type ClientId = Branded<string, 'ClientId'>
/** The `sub` of a person: visible ASCII, at most 255 characters, never reassigned. OIDC Core §2. */
export type Subject = Branded<string, 'Subject'>
/** A user name in its one canonical form (NFKC, lower case), so that variants share one counter. */
export type Username = Branded<string, 'Username'>
/** A redirect URI that was found among those registered for the client. Redirecting needs one of these. */
export type RegisteredRedirectUri = Branded<string, 'RegisteredRedirectUri'>
/** The identifier of a protected resource: an absolute URL without fragment. RFC 8707 §2, RFC 9728 §1.2. */
export type ResourceIdentifier = Branded<string, 'ResourceIdentifier'>
/** A base64url SHA-256 digest, 43 characters. */
export type Sha256 = Branded<string, 'Sha256'>
/** The base64url SHA-256 thumbprint of a public JWK. RFC 7638. */
export type JwkThumbprint = Branded<string, 'JwkThumbprint'>
/** The base64url SHA-256 thumbprint of a certificate's DER: `x5t#S256`. RFC 8705 §3.1. */
export type CertificateThumbprint = Branded<string, 'CertificateThumbprint'>
/** A PKCE S256 code challenge, 43 base64url characters. RFC 7636 §4.2. */
export type CodeChallenge = Branded<string, 'CodeChallenge'>
/** The key of a stored row: 16 random bytes, 22 base64url characters. Known to many, grants nothing. */
export type RowId = Branded<string, 'RowId'>
/** The opaque name of a grant inside the tokens issued under it. */
export type GrantRef = Branded<string, 'GrantRef'>
/** The id by which one answer of ours can be found again in the operator's log. */
export type CorrelationId = Branded<string, 'CorrelationId'>
/** Whole seconds since 1970-01-01T00:00:00Z. RFC 7519 §2. */
export type NumericDate = Branded<number, 'NumericDate'>
/** A span of whole seconds, zero or more. */
export type Seconds = Branded<number, 'Seconds'>

/** A value that does not have the shape its name promises. The edge turns it into a named refusal. */
export class MalformedName extends Error {
  override readonly name = 'MalformedName'
  readonly what: string
  constructor(what: string) {
    super(`not a valid ${what}`)
    this.what = what
  }
}

/**
 * What `parse` makes of a text, or undefined when it throws MalformedName.
 * @throws whatever else it throws
 */
export function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof MalformedName) return undefined
    throw error
  }
}

function mint<Name extends string>(what: string, pattern: RegExp, most: number) {
  return (text: string): Branded<string, Name> => {
    if (text.length > most || !pattern.test(text)) throw new MalformedName(what)
    return text as Branded<string, Name>
  }
}

const digest = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/

/** @throws MalformedName */
export const clientId: (text: string) => ClientId = mint('client identifier', /^[\x21-\x7e]+$/, 128)
/** @throws MalformedName */
export const subject: (text: string) => Subject = mint('subject identifier', /^[\x21-\x7e]+$/, 255)
/** @throws MalformedName */
export const sha256Digest: (text: string) => Sha256 = mint('SHA-256 digest', digest, 43)
/** @throws MalformedName */
export const jwkThumbprint: (text: string) => JwkThumbprint = mint('JWK thumbprint', digest, 43)
/** @throws MalformedName */
export const certificateThumbprint: (text: string) => CertificateThumbprint = mint('certificate thumbprint', digest, 43)
/** @throws MalformedName */
export const codeChallenge: (text: string) => CodeChallenge = mint('S256 code challenge', digest, 43)
/** @throws MalformedName */
export const rowId: (text: string) => RowId = mint('row identifier', /^[A-Za-z0-9_-]{22}$/, 22)
/** @throws MalformedName */
export const grantRef: (text: string) => GrantRef = mint('grant reference', /^[A-Za-z0-9_-]{22}$/, 22)
/** @throws MalformedName */
export const correlationId: (text: string) => CorrelationId = mint('correlation id', /^[A-Za-z0-9_-]{16,64}$/, 64)

/**
 * The canonical form of a user name: NFKC, trimmed, lower case, 1 to 64 characters, no control or format characters.
 * @throws MalformedName
 */
export function username(text: string): Username {
  const canonical = text.normalize('NFKC').toLowerCase().normalize('NFKC').trim()
  // A name whose canonical form has another canonical form would not be found again.
  const isStable = canonical.toLowerCase().normalize('NFKC') === canonical
  if (
    !isStable ||
    canonical.length === 0 ||
    canonical.length > 64 ||
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(canonical)
  ) {
    throw new MalformedName('user name')
  }
  return canonical as Username
}

/** Host names and literals that never leave this machine. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
}

/**
 * Whether a host is a name or an address, of a length that names have: URLs allow `*`, `;` and `,` in it, which mean
 * something of their own in a policy. RFC 1035 §2.3.4; CSP Level 3 §2.3.1.
 */
export function hasPlainHost({ hostname }: Pick<URL, 'hostname'>): boolean {
  return hostname.length <= 253 && /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/.test(hostname)
}

/** Addresses of this machine, as a socket names its peer. */
export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address)
}

function absoluteUrl(text: string, what: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || text.length > 2048 || !/^[\x21-\x7e]+$/.test(text)) throw new MalformedName(what)
  if (url.username !== '' || url.password !== '' || text.includes('#')) throw new MalformedName(what)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url.hostname))) {
    throw new MalformedName(what)
  }
  return url
}

/**
 * https without query or fragment; http only for a loopback host (development).
 * @throws MalformedName
 */
export function issuer(text: string): Issuer {
  const url = absoluteUrl(text, 'issuer identifier')
  // The canonical spelling only: what is compared as a string must have one spelling.
  const isPlainPath = /^[A-Za-z0-9._~/-]*$/.test(url.pathname)
  if (!isPlainPath || url.search !== '' || text.includes('?') || (text !== url.href && `${text}/` !== url.href)) {
    throw new MalformedName('issuer identifier')
  }
  return text as Issuer
}

/**
 * https without fragment; http only for a loopback host (development).
 * @throws MalformedName
 */
export function resourceIdentifier(text: string): ResourceIdentifier {
  absoluteUrl(text, 'resource identifier')
  return text as ResourceIdentifier
}

/** @throws MalformedName when the number is not a whole, non-negative, safe integer. */
export function numericDate(value: number): NumericDate {
  if (!Number.isSafeInteger(value) || value < 0) throw new MalformedName('numeric date')
  return value as NumericDate
}

/** @throws MalformedName when the number is not a whole, non-negative, safe integer. */
export function seconds(value: number): Seconds {
  if (!Number.isSafeInteger(value) || value < 0) throw new MalformedName('number of seconds')
  return value as Seconds
}

/** The instant `span` after `start`. */
export function after(start: NumericDate, span: Seconds): NumericDate {
  return numericDate(start + span)
}

/** The instant `span` before `start`, never before 1970. */
export function before(start: NumericDate, span: Seconds): NumericDate {
  return numericDate(Math.max(0, start - span))
}

/**
 * A registered redirect URI the client may be sent to, or undefined.
 *
 * Byte-exact comparison. For a native client only, the port of a registered loopback IP literal may vary, and
 * nothing else. Plain http is for loopback IP literals of native clients; what a development issuer registered beside
 * them means nothing to one on https. FAPI 2.0 SP §5.3.2.2-8; RFC 8252 §7.3; RFC 9700 §4.1.3.
 */
export function registeredRedirectUri(
  presented: string,
  client: { readonly redirectUris: readonly string[]; readonly applicationType: 'web' | 'native' },
  of: Issuer,
): RegisteredRedirectUri | undefined {
  const isNativeLoopback = client.applicationType === 'native' && /^http:\/\/(127\.0\.0\.1|\[::1\])[:/]/.test(presented)
  const isForDevelopment = of.startsWith('http:')
  if (!presented.startsWith('https:') && !isNativeLoopback && !isForDevelopment) return undefined
  const exact = client.redirectUris.includes(presented)
  const loopback =
    client.applicationType === 'native' &&
    client.redirectUris.some((registered) => sameButForLoopbackPort(registered, presented))
  return exact || loopback ? (presented as RegisteredRedirectUri) : undefined
}

function sameButForLoopbackPort(registered: string, presented: string): boolean {
  const shape = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::(\d{1,5}))?(\/[\x21\x22\x24-\x7e]*)$/
  const one = shape.exec(registered)
  const other = shape.exec(presented)
  if (one === null || other === null || Number(other[2] ?? 80) > 65535) return false
  return one[1] === other[1] && one[3] === other[3]
}

/** A stored redirect URI: it was registered when it was stored, and is checked again when it is used. */
export function storedRedirectUri(text: string): RegisteredRedirectUri {
  if (!URL.canParse(text)) throw new MalformedName('redirect URI')
  return text as RegisteredRedirectUri
}

/**
 * A value that must never reach a log, an error or a URL by accident: every way of printing it says `[secret]`.
 * `reveal()` is the one way to read it, and easy to search for.
 */
export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
  }
  reveal(): string {
    return this.#value
  }
  toString(): string {
    return '[secret]'
  }
  toJSON(): string {
    return '[secret]'
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]'
  }
}

/** The keys of an object with a closed set of keys, with their type. */
export function keysOf<T extends object>(object: T): readonly (keyof T & string)[] {
  return Object.keys(object) as (keyof T & string)[]
}

/** Whether `key` is one of the object's own keys; never fooled by a prototype. */
export function isKeyOf<T extends object>(object: T, key: string): key is keyof T & string {
  return Object.hasOwn(object, key)
}

/** A parsed JSON object, its members still unknown. */
export type JsonObject = { readonly [member: string]: unknown }

/** Whether a JSON value is an object (not null, not an array). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
