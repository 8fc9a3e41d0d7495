/** Exchange vectors: a valid request, one change, and the answer. */

import type { JsonObject } from '../../../../src/core/names.ts'
import { publicRefusal, type RuleSlug, type Step } from '../../../../src/core/rules.ts'

/** The valid requests that vectors start from, and the step each belongs to. */
export const bases = {
  push: 'par',
  open: 'authorization',
  'show the sign-in page': 'interaction',
  'sign in': 'interaction',
  'sign in with a passkey': 'interaction',
  'leave for another provider': 'interaction',
  'leave for the only way to sign in': 'interaction',
  'come back from another provider': 'interaction',
  decide: 'interaction',
  cancel: 'interaction',
  finish: 'interaction',
  'show the account': 'account',
  'show where one signs in': 'account',
  'end access': 'account',
  'end a sign-in': 'account',
  'add a passkey': 'account',
  'rename a passkey': 'account',
  'remove a passkey': 'account',
  'show the account beside an application': 'account',
  'application asks': 'decision',
  'application decides': 'decision',
  'client credentials': 'token',
  redeem: 'token',
  refresh: 'token',
  introspect: 'introspection',
  revoke: 'revocation',
  'revoke an access token': 'revocation',
  'sign out': 'logout',
  'sign out by POST': 'logout',
  'confirm signing out': 'logout',
  userinfo: 'userinfo',
  'userinfo by POST': 'userinfo',
  call: 'guard',
  pay: 'guard',
} as const satisfies Record<string, Step>

/** The name of a valid request. */
export type Base = keyof typeof bases

/** What is different about a JWT of the request. */
export type JwtChange = {
  readonly header?: JsonObject
  readonly claims?: JsonObject
  /** Members that go away: `header.typ`, `claims.jti`. */
  readonly without?: readonly string[]
  /** Another key, of which the header tells. */
  readonly key?: string
  /** Another key, of which the header tells nothing. */
  readonly signed_by?: string
}

/** What is different about the request. README.md of the vectors tells what each member means. */
export type Change = {
  readonly by?: 'client-a' | 'client-b' | 'client-m' | 'client-s' | 'bank-server'
  readonly set?: Readonly<Record<string, string>>
  readonly remove?: readonly string[]
  readonly append?: readonly (readonly [string, string])[]
  readonly method?: string
  readonly path?: string
  readonly query?: string
  readonly headers?: {
    readonly set?: Readonly<Record<string, string>>
    readonly remove?: readonly string[]
    readonly append?: readonly (readonly [string, string])[]
  }
  readonly body?:
    | { readonly text: string }
    | { readonly repeat: string; readonly times: number }
    | { readonly bytes: string }
    | { readonly aborted: true }
  readonly assertion?: JwtChange | null
  readonly proof?: JwtChange | null
  readonly token?: JwtChange | null
  /** The certificate of the connection, by its name. */
  readonly certificate?: string | null
}

/** What happens between the steps that lead to the request and the request itself. */
export type Happening =
  | { readonly wait: number }
  | { readonly registration: JsonObject }
  | { readonly user: 'locked' }
  | { readonly client: 'suspended' }
  | { readonly decision: 'allow' | 'deny' }
  | { readonly send: Base; readonly change?: Change }
  | { readonly open: 'again' }
  | { readonly complete: 'allow' | 'deny' }
  | { readonly redeem: 'the code' }
  | { readonly refresh: 'the token' }
  | { readonly revoke: 'the token' }
  | { readonly keys: 'unreachable' }
  | { readonly answer: 'sent before' }
  | { readonly provider: 'refuses' | 'is down' | 'lies' | 'knows an old sign-in' }
  | { readonly passkeys: 'as many as there can be' }
  | { readonly failed_sign_ins: number }
  | { readonly refused_requests: number }
  | { readonly grant: 'revoked' }
  | { readonly state: 'unavailable' }
  | { readonly issuer: 'unreachable' }

/** A case, for one or several valid requests. */
export type Case = {
  readonly name: string
  readonly given?: { readonly registration?: JsonObject; readonly session?: 'signed in'; readonly push?: Change }
  readonly meanwhile?: readonly Happening[]
  /** Artefacts of an earlier, accepted request that are sent again. */
  readonly replay?: { readonly of: Base; readonly artefacts: readonly ('assertion' | 'proof')[] }
  readonly change?: Change
}

/** A case with its request and what comes of it. */
export type Exchange = Case & { readonly base: Base; readonly expect: JsonObject }

/** The cases in which the rule refuses these requests. */
export function refuses(rule: RuleSlug, where: readonly Base[], cases: readonly Case[]): readonly Exchange[] {
  return where.flatMap((base) => cases.map((one) => ({ ...one, base, expect: refusal(rule, base) })))
}

/** The cases in which these requests are accepted. */
export function accepts(where: readonly Base[], cases: readonly Case[], told: Told = {}): readonly Exchange[] {
  return where.flatMap((base) => cases.map((one) => ({ ...one, base, expect: { ...acceptance(base), ...told } })))
}

/** What an answer says: exactly this, or these members among others; and its status, where that is another. */
type Told = { readonly exactly?: JsonObject; readonly members?: JsonObject; readonly status?: number }

const acceptedStatus: Partial<Record<Base, number>> = {
  push: 201,
  open: 303,
  'sign in': 303,
  'sign in with a passkey': 303,
  'leave for another provider': 303,
  'leave for the only way to sign in': 303,
  'come back from another provider': 303,
  decide: 303,
  cancel: 303,
  finish: 303,
  'end access': 303,
  'end a sign-in': 303,
  'add a passkey': 303,
  'rename a passkey': 303,
  'remove a passkey': 303,
  'sign out': 303,
  'sign out by POST': 303,
}

function acceptance(base: Base): JsonObject {
  return { accepted: true, status: acceptedStatus[base] ?? 200 }
}

function refusal(rule: RuleSlug, base: Base): JsonObject {
  const { slug, error } = publicRefusal(rule)
  const { status, shown } = shownAs(rule, bases[base])
  return { rule, public: slug, error, status, shown }
}

/** Refusals the client is told through the browser, unless it is no browser that asked. */
const redirected: readonly RuleSlug[] = [
  'login_required',
  'consent_required',
  'access_denied_by_user',
  'acr_unmet',
  'signed_in_as_another',
]
const backChannel: readonly Step[] = ['par', 'token', 'introspection', 'revocation', 'decision']
const pages: readonly Step[] = ['authorization', 'interaction', 'account', 'logout']
const beforeAnyEndpoint: readonly RuleSlug[] = ['not_found', 'method_not_allowed']

function shownAs(rule: RuleSlug, step: Step): { readonly status: number; readonly shown: string } {
  const { status, error } = publicRefusal(rule)
  if (redirected.includes(rule) && step !== 'decision') return { status: 303, shown: 'redirect' }
  if (beforeAnyEndpoint.includes(rule) || backChannel.includes(step)) return { status, shown: 'json' }
  if (pages.includes(step)) return { status, shown: 'page' }
  // A refused proof is a 400 at a server and a 401 with a challenge at a resource. RFC 9449 §7.1.
  if (error === 'invalid_dpop_proof' || error === 'use_dpop_nonce') return { status: 401, shown: 'challenge' }
  return { status, shown: [400, 401, 403].includes(status) ? 'challenge' : 'json' }
}
