/**
 * The life of an authorization request as types: `pushed → granted → redeemed`, or `refused`, `burned`; and the
 * judgements the stores ask for inside their transactions, so that every store decides alike.
 */

import type { AuthorizationDetail } from './authorization-details.ts'
import type { ClientRecord } from './client.ts'
import { equalInConstantTime } from './constant-time.ts'
import type {
  ClientId,
  CodeChallenge,
  GrantRef,
  JwkThumbprint,
  NumericDate,
  RegisteredRedirectUri,
  ResourceIdentifier,
  RowId,
  Sha256,
  Subject,
} from './names.ts'
import type { Authentication, UserRecord } from './people.ts'
import type { SigningAlgorithm } from './profile.ts'
import type { RuleSlug } from './rules.ts'

/** What a client pushed, checked against its registration and the profile. */
export type AuthorizationRequest = {
  readonly redirectUri: RegisteredRedirectUri
  readonly scope: readonly string[]
  readonly resources: readonly ResourceIdentifier[]
  readonly codeChallenge: CodeChallenge
  readonly state: string | undefined
  readonly nonce: string | undefined
  readonly prompt: readonly Prompt[]
  /** Seconds. OIDC Core §3.1.2.1. */
  readonly maxAge: number | undefined
  readonly loginHint: string | undefined
  /** The key the code is bound to. RFC 9449 §10. */
  readonly dpopJkt: JwkThumbprint | undefined
  /** Acceptable authentication contexts, most wanted first; none for any. OIDC Core §3.1.2.1. */
  readonly acrValues: readonly string[]
  readonly claims: RequestedClaims
  /** Whom a verified `id_token_hint` names: nobody else may come of it. OIDC Core §3.1.2.1. */
  readonly hintedSubject: Subject | undefined
  /** What exactly is to be allowed, each held against its type. RFC 9396 §2. */
  readonly details: readonly AuthorizationDetail[]
  /** Languages the person reads, best first, as the client says. OIDC Core §3.1.2.1. */
  readonly uiLocales: readonly string[]
}

/** What the `claims` parameter asks for, as far as it is understood. OIDC Core §5.5. */
export type RequestedClaims = {
  readonly idToken: readonly string[]
  readonly userinfo: readonly string[]
  /** An `acr` that must be met, or the request fails. OIDC Core §5.5.1.1. */
  readonly essentialAcr: readonly string[] | undefined
}

/** Nothing asked for by name. */
export const noRequestedClaims: RequestedClaims = { idToken: [], userinfo: [], essentialAcr: undefined }

/** OIDC Core §3.1.2.1. */
export const prompts = ['none', 'login', 'consent', 'select_account'] as const
export type Prompt = (typeof prompts)[number]

/** A pushed request under the name the client holds. */
export type PushedRequest = {
  readonly id: RowId
  readonly clientId: ClientId
  readonly request: AuthorizationRequest
  /** The digest of the secret half of the request_uri. */
  readonly requestUriHash: Sha256
  readonly expiresAt: NumericDate
}

/** Presenting a request_uri at the authorization endpoint. */
export type OpeningAttempt = {
  readonly id: RowId
  readonly requestUriHash: Sha256
  readonly clientId: ClientId
  readonly now: NumericDate
}

/** What came of it. */
export type Opening =
  | { readonly outcome: 'opened'; readonly request: PushedRequest }
  | { readonly outcome: 'unknown' | 'expired' | 'spent' | 'client_mismatch' }

/** One browser's way through sign-in and consent. A request may have several; the first to complete spends it. */
export type InteractionRow = {
  readonly id: RowId
  readonly requestId: RowId
  /** The digest of the cookie of the browser that opened it. */
  readonly browserHash: Sha256
  readonly startedAt: NumericDate
  readonly expiresAt: NumericDate
  /** The session a person signed in with during this interaction. */
  readonly signedIn: { readonly sessionId: RowId; readonly at: NumericDate } | undefined
  /** What the operator's own sign-in application decided, where there is one. */
  readonly decision: InteractionDecision | undefined
}

/** A decision that waits for the browser of its interaction to come back with the secret it was given. */
export type InteractionDecision = {
  /** The digest of that secret. */
  readonly handleHash: Sha256
  readonly expiresAt: NumericDate
  readonly verdict:
    | { readonly kind: 'deny' }
    | {
        readonly kind: 'allow'
        readonly subject: Subject
        readonly authentication: Authentication
        /** As far as the person allowed them. RFC 9396 §7. */
        readonly details: readonly AuthorizationDetail[]
      }
}

/** What a person allowed, and the code it can be redeemed with. */
export type Approval = {
  /** The digest of the secret half of the code. */
  readonly codeHash: Sha256
  readonly codeExpiresAt: NumericDate
  readonly grantRef: GrantRef
  readonly subject: Subject
  readonly scope: readonly string[]
  readonly resources: readonly ResourceIdentifier[]
  /** What the person left of the details that were asked for. RFC 9396 §7. */
  readonly details: readonly AuthorizationDetail[]
  readonly authTime: NumericDate
  readonly acr: string
  readonly amr: readonly string[]
  /** The sign-in it was allowed in. */
  readonly sid: RowId
}

/** What a person allowed a client before: not asked again for as much or less. */
export type Consent = {
  readonly subject: Subject
  readonly clientId: ClientId
  readonly scope: readonly string[]
  readonly resources: readonly ResourceIdentifier[]
  readonly givenAt: NumericDate
}

/** The authorization issued on a person's decision; everything issued under it dies with it. */
export type Grant = {
  readonly ref: GrantRef
  readonly clientId: ClientId
  readonly subject: Subject
  readonly scope: readonly string[]
  readonly resources: readonly ResourceIdentifier[]
  readonly details: readonly AuthorizationDetail[]
  readonly createdAt: NumericDate
  /** When tokens were last issued under it; undefined before the first. */
  readonly lastUsedAt: NumericDate | undefined
  /** When nothing issued under it can be valid any more. */
  readonly expiresAt: NumericDate
  readonly revokedAt: NumericDate | undefined
  /** How the person had signed in; ID tokens of a refresh say the same. OIDC Core §12.2. */
  readonly authTime: NumericDate
  readonly acr: string
  readonly amr: readonly string[]
  /** The sign-in it was allowed in. Without `offline_access` it ends with that. */
  readonly sid: RowId
  readonly claims: RequestedClaims
}

/** Whether a grant outlives the sign-in it was allowed in. OIDC Core §11. */
export function isOffline({ scope }: Pick<Grant, 'scope'>): boolean {
  return scope.includes('offline_access')
}

/** A refresh token: bound to its client, not rotated. FAPI 2.0 SP §5.3.2.1-9. */
export type RefreshToken = {
  readonly id: RowId
  /** The digest of its secret half. */
  readonly secretHash: Sha256
  readonly grantRef: GrantRef
  readonly clientId: ClientId
  readonly createdAt: NumericDate
  /** However often it is used. */
  readonly expiresAt: NumericDate
  /** Unless it is used before. */
  readonly idleExpiresAt: NumericDate
}

/** A refresh token that is stored if the redemption of a code earns one. */
export type RefreshTokenOffer = Omit<RefreshToken, 'grantRef' | 'clientId'>

/** Presenting a refresh token, by an authenticated client. */
export type RefreshAttempt = {
  readonly id: RowId
  readonly secretHash: Sha256
  readonly clientId: ClientId
  readonly now: NumericDate
  /** What `idleExpiresAt` becomes when the token is used now. */
  readonly idleExpiresAt: NumericDate
}

/** What came of it. */
export type Refresh =
  | { readonly outcome: 'live'; readonly token: RefreshToken; readonly grant: Grant }
  /** Another client holds it: an alarm for both. Nothing changes. */
  | { readonly outcome: 'client_mismatch'; readonly grantRef: GrantRef }
  | { readonly outcome: 'expired' | 'grant_revoked' | 'unknown' }

/** Presenting a code at the token endpoint, by an authenticated client with a verified proof. */
export type RedemptionAttempt = {
  readonly id: RowId
  readonly codeHash: Sha256
  readonly clientId: ClientId
  readonly redirectUri: string
  /** S256 of the verifier that was sent; undefined when it was missing or malformed, which fits nothing. */
  readonly codeChallenge: CodeChallenge | undefined
  /** The key that was proved; undefined when the tokens will be bound to a certificate. */
  readonly dpopJkt: JwkThumbprint | undefined
  /** The resources the tokens are to be narrowed to; none for all that were granted. RFC 8707 §2.2. */
  readonly resources: readonly string[]
  /** The rule by which what the request asks for does not fit what was granted. */
  readonly objection?: (approval: Approval) => RuleSlug | undefined
  readonly now: NumericDate
  /** Stored in the same transaction, when the person allowed `offline_access` and the client may refresh. */
  readonly refreshToken: RefreshTokenOffer | undefined
}

/** What came of it. */
export type Redemption =
  | {
      readonly outcome: 'redeemed'
      readonly request: AuthorizationRequest
      readonly approval: Approval
      readonly refreshToken: 'stored' | 'none'
    }
  /** Used before. By the same client: its grant is revoked now. By another: nothing changes. */
  | { readonly outcome: 'replayed'; readonly grantRef: GrantRef; readonly by: 'owner' | 'another_client' }
  /** The right code in a wrong attempt: it is spent now. */
  | { readonly outcome: 'mismatched'; readonly what: RedemptionMismatch }
  /** Nothing changed: the client may ask again, for what was granted. */
  | { readonly outcome: 'resource_not_granted' }
  | { readonly outcome: 'objected'; readonly rule: RuleSlug }
  | { readonly outcome: 'expired' | 'grant_revoked' | 'unknown' }

export type RedemptionMismatch = 'client' | 'redirect_uri' | 'code_verifier' | 'dpop_key'

/** The state of a request row. */
export type RequestState =
  | { readonly kind: 'pushed' }
  | { readonly kind: 'granted' | 'redeemed' | 'burned'; readonly approval: Approval }
  | { readonly kind: 'refused' }

/** Whether a pushed request opens for this attempt. Tells a wrong secret from nothing at all to nobody. */
export function judgeOpening(
  row: { readonly request: PushedRequest; readonly state: RequestState } | undefined,
  attempt: OpeningAttempt,
): Opening {
  if (row === undefined || !equalInConstantTime(row.request.requestUriHash, attempt.requestUriHash))
    return { outcome: 'unknown' }
  if (row.request.clientId !== attempt.clientId) return { outcome: 'client_mismatch' }
  if (row.state.kind !== 'pushed') return { outcome: 'spent' }
  if (attempt.now >= row.request.expiresAt) return { outcome: 'expired' }
  return { outcome: 'opened', request: row.request }
}

/**
 * What becomes of a redemption attempt, and of the code.
 *
 * Whoever does not hold the secret half of the code changes nothing. Whoever does, and is not the client with the
 * verifier and the key, has shown that the code leaked: it is burned. docs/adr/0003.
 */
export function judgeRedemption(
  row: { readonly request: PushedRequest; readonly state: RequestState } | undefined,
  standing: 'live' | 'revoked' | 'unknown',
  attempt: RedemptionAttempt,
): {
  readonly redemption: Redemption
  readonly becomes: 'redeemed' | 'burned' | 'unchanged'
  readonly revoke: GrantRef | undefined
} {
  const nothing = { becomes: 'unchanged', revoke: undefined } as const
  const state = row?.state
  if (
    row === undefined ||
    state === undefined ||
    !('approval' in state) ||
    !equalInConstantTime(state.approval.codeHash, attempt.codeHash)
  ) {
    return { redemption: { outcome: 'unknown' }, ...nothing }
  }
  const { approval } = state
  const mismatch = mismatchOf(row.request, attempt)
  if (state.kind === 'redeemed') {
    const by = mismatch === 'client' ? 'another_client' : 'owner'
    const revoke = by === 'owner' ? approval.grantRef : undefined
    return { redemption: { outcome: 'replayed', grantRef: approval.grantRef, by }, becomes: 'unchanged', revoke }
  }
  if (state.kind === 'burned') return { redemption: { outcome: 'unknown' }, ...nothing }
  if (mismatch !== undefined) {
    return { redemption: { outcome: 'mismatched', what: mismatch }, becomes: 'burned', revoke: approval.grantRef }
  }
  if (attempt.now >= approval.codeExpiresAt) return { redemption: { outcome: 'expired' }, ...nothing }
  if (standing !== 'live') return { redemption: { outcome: 'grant_revoked' }, ...nothing }
  if (!attempt.resources.every((wanted) => approval.resources.some((granted) => granted === wanted))) {
    return { redemption: { outcome: 'resource_not_granted' }, ...nothing }
  }
  const rule = attempt.objection?.(approval)
  if (rule !== undefined) return { redemption: { outcome: 'objected', rule }, ...nothing }
  return {
    redemption: {
      outcome: 'redeemed',
      request: row.request.request,
      approval,
      refreshToken: attempt.refreshToken !== undefined && isOffline(approval) ? 'stored' : 'none',
    },
    becomes: 'redeemed',
    revoke: undefined,
  }
}

function mismatchOf({ clientId, request }: PushedRequest, attempt: RedemptionAttempt): RedemptionMismatch | undefined {
  if (clientId !== attempt.clientId) return 'client'
  if (request.redirectUri !== attempt.redirectUri) return 'redirect_uri'
  if (!equalInConstantTime(request.codeChallenge, attempt.codeChallenge ?? '')) return 'code_verifier'
  if (request.dpopJkt !== undefined && request.dpopJkt !== attempt.dpopJkt) return 'dpop_key'
  return undefined
}

/**
 * Whether a refresh token works for this attempt. Whoever does not hold its secret learns nothing; another client with
 * the secret is told nothing either, and an alarm is raised. RFC 6749 §6, §10.4.
 */
export function judgeRefresh(
  token: RefreshToken | undefined,
  grant: Grant | undefined,
  standing: 'live' | 'revoked' | 'unknown',
  attempt: RefreshAttempt,
): Refresh {
  if (token === undefined || !equalInConstantTime(token.secretHash, attempt.secretHash)) return { outcome: 'unknown' }
  if (token.clientId !== attempt.clientId) return { outcome: 'client_mismatch', grantRef: token.grantRef }
  if (attempt.now >= token.expiresAt || attempt.now >= token.idleExpiresAt) return { outcome: 'expired' }
  if (grant === undefined || standing !== 'live') return { outcome: 'grant_revoked' }
  return { outcome: 'live', token, grant }
}

/** A signing key at rest. */
export type StoredKey = {
  readonly kid: string
  readonly alg: SigningAlgorithm
  /** The private JWK, encrypted; opaque to the store. */
  readonly sealedPrivateKey: string
  readonly createdAt: NumericDate
  /** Published from its creation on, used for signing from here on. */
  readonly activeFrom: NumericDate
  /** Published until here; undefined while no newer key has taken its place. */
  readonly publishedUntil: NumericDate | undefined
}

/** Whether a grant counts: itself, its person and its client must all be in good standing. */
export function judgeStanding(
  grant: Pick<Grant, 'createdAt' | 'expiresAt' | 'revokedAt'> | undefined,
  user: Pick<UserRecord, 'status' | 'notBefore'> | undefined,
  client: Pick<ClientRecord, 'status' | 'notBefore'> | undefined,
  now: NumericDate,
): 'live' | 'revoked' | 'unknown' {
  if (grant === undefined || now >= grant.expiresAt) return 'unknown'
  if (grant.revokedAt !== undefined || user?.status !== 'active' || client?.status !== 'active') return 'revoked'
  // Seconds are coarse: what was granted in the very second of a lock does not survive it.
  return grant.createdAt > user.notBefore && grant.createdAt > client.notBefore ? 'live' : 'revoked'
}
