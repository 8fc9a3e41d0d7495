import * as v from 'valibot'
import { type AuthorizationDetail, isAuthorizationDetail } from '../authorization-details.ts'
import { numericDate } from '../names.ts'
import { profile } from '../profile.ts'

/** NumericDate as whole seconds; fractions, strings and infinities are malformed. RFC 7519 §2. */
const date = v.optional(
  v.pipe(
    v.number(),
    v.safeInteger(),
    v.minValue(0),
    v.transform((value) => numericDate(value)),
  ),
)
const text = v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(2048)))
const jti = v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(profile.jtiCharacters)))

/** The claims of a client assertion, all still optional: their absence has its own refusal. RFC 7523 §3. */
export const ClientAssertionClaims = v.object({
  iss: text,
  sub: text,
  /** Anything: only one string is acceptable, and that is a judgement, not a shape. */
  aud: v.optional(v.unknown()),
  exp: date,
  iat: date,
  nbf: date,
  jti,
})

/** The claims of a DPoP proof. RFC 9449 §4.2. */
export const DpopProofClaims = v.object({
  jti,
  htm: v.optional(v.pipe(v.string(), v.maxLength(32))),
  htu: text,
  iat: date,
  ath: text,
  nonce: v.optional(v.pipe(v.string(), v.maxLength(1024))),
})

const audience = v.union([
  v.pipe(
    v.string(),
    v.transform((one) => [one]),
  ),
  v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(profile.listValues)),
])

const details = v.optional(v.array(v.custom<AuthorizationDetail>(isAuthorizationDetail)))

/** The claims of a JWT access token. RFC 9068 §2.2; RFC 9449 §6.1; RFC 9396 §9.1. */
export const AccessTokenClaims = v.pipe(
  v.object({
    iss: text,
    sub: text,
    aud: v.optional(audience),
    exp: date,
    iat: date,
    nbf: date,
    jti,
    client_id: text,
    scope: v.optional(v.pipe(v.string(), v.maxLength(profile.parameterCharacters))),
    cnf: v.optional(v.record(v.string(), v.unknown())),
    acr: text,
    auth_time: date,
    grant_ref: text,
    authorization_details: details,
  }),
  v.transform(({ client_id, auth_time, grant_ref, authorization_details, ...same }) => ({
    ...same,
    clientId: client_id,
    authTime: auth_time,
    grantRef: grant_ref,
    details: authorization_details,
  })),
)

/** The claims of an ID token that comes back as a hint. OIDC Core §2, §3.1.2.1. */
export const IdTokenClaims = v.pipe(
  v.object({
    iss: v.string(),
    sub: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
    aud: v.string(),
    exp: v.number(),
    iat: v.number(),
    auth_time: v.number(),
    sid: text,
  }),
  v.transform(({ iss, sub, aud, sid }) => ({ iss, sub, aud, sid })),
)

/** The claims of a logout token. OIDC Back-Channel Logout §2.4. */
export const LogoutTokenClaims = v.object({
  iss: text,
  aud: v.optional(audience),
  sub: text,
  sid: text,
  iat: date,
  exp: date,
  jti,
  events: v.optional(v.record(v.string(), v.unknown())),
  /** Forbidden whatever it holds. */
  nonce: v.optional(v.unknown()),
})

/** The claims in the shape of a schema, or undefined when a member has the wrong type. */
export function parseClaims<Schema extends v.GenericSchema>(
  schema: Schema,
  claims: unknown,
): v.InferOutput<Schema> | undefined {
  const result = v.safeParse(schema, claims)
  return result.success ? result.output : undefined
}
