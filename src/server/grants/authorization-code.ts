import type { Redemption, RedemptionMismatch, RefreshTokenOffer } from '../../core/flow.ts'
import { after, type CodeChallenge, type NumericDate } from '../../core/names.ts'
import { OAuthError, refuse } from '../../core/oauth-error.ts'
import { challengeOfVerifier } from '../../core/pkce.ts'
import type { RuleSlug } from '../../core/rules.ts'
import type { About } from '../alarm.ts'
import { digestOf, type Handle, handleText, newHandle, parseHandle } from '../artefacts.ts'
import type { Reach } from '../catalogue.ts'
import { namedDetails, reachOfCode } from '../details.ts'
import { spendOnce } from '../proof-of-possession.ts'
import type { Server } from '../server.ts'
import { subjectFor } from '../subject.ts'
import { issueAccessToken, issueIdToken, personTokenSigners, type PersonTokenSigners } from '../tokens.ts'
import type { GrantHandler, GrantRequest, IssuedTokens } from './grant.ts'

/** The authorization code grant. RFC 6749 §4.1.3; RFC 7636 §4.6; FAPI 2.0 SP §5.3.2.2-9. */
export const authorizationCode: GrantHandler = async (asked, server) => {
  const { call, client, possession } = asked
  const { code } = call.form
  if (code === undefined) return refuse('parameter_missing', { expected: { parameter: 'code' } })
  const handle = parseHandle(code) ?? refuse('code_unknown')
  const named = { resources: call.form.resources, details: namedDetails(call.form, client, server) }

  // Whatever could keep tokens from being signed shows before anything is spent.
  const signers = await personTokenSigners(client, server)
  await spendOnce(server, ...asked.spend)

  // One winner; a wrong attempt with the right code ends the code.
  const verifier = judgeVerifier(call.form.codeVerifier, server)
  const refreshToken = client.grantTypes.includes('refresh_token') ? newHandle(server.random) : undefined
  const redemption = await server.store.requests.redeem({
    id: handle.id,
    codeHash: digestOf('code', handle.secret, server.hash),
    clientId: client.clientId,
    redirectUri: call.form.redirectUri ?? '',
    codeChallenge: verifier.challenge,
    dpopJkt: possession.proof?.thumbprint,
    resources: call.form.resources,
    objection: (approval) => refusalIn(() => reachOfCode(approval, named, client, server)),
    now: call.now,
    refreshToken: refreshToken === undefined ? undefined : offerOf(refreshToken, call.now, server),
  })
  if (redemption.outcome !== 'redeemed') {
    call.note(consequenceOf(redemption))
    return refuseRedemption(redemption, verifier.problem)
  }
  const reach = reachOfCode(redemption.approval, named, client, server)
  const tokens = await issue({ ...asked, reach }, redemption, signers, server)
  if (refreshToken === undefined || redemption.refreshToken === 'none') return tokens
  return { ...tokens, refreshToken: handleText(refreshToken) }
}

/** The rule that something breaks, if it does. */
function refusalIn(work: () => unknown): RuleSlug | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof OAuthError) return error.rule
    throw error
  }
}

/** A refresh token as it is stored, should the redemption earn it. */
function offerOf({ id, secret }: Handle, now: NumericDate, { lifetimes, hash }: Server): RefreshTokenOffer {
  return {
    id,
    secretHash: digestOf('refresh_token', secret, hash),
    createdAt: now,
    expiresAt: after(now, lifetimes.refreshToken),
    idleExpiresAt: after(now, lifetimes.refreshTokenIdle),
  }
}

type Verifier = { readonly challenge: CodeChallenge | undefined; readonly problem: OAuthError | undefined }

/** A malformed verifier is a wrong attempt like any other: it must end the code, so it is carried on to the store. */
function judgeVerifier(verifier: string | undefined, { hash }: Server): Verifier {
  try {
    return { challenge: challengeOfVerifier(verifier, hash), problem: undefined }
  } catch (error) {
    if (error instanceof OAuthError) return { challenge: undefined, problem: error }
    throw error
  }
}

const mismatchRules = {
  client: 'code_client_mismatch',
  redirect_uri: 'code_redirect_uri_mismatch',
  code_verifier: 'code_verifier_mismatch',
  dpop_key: 'code_key_mismatch',
} as const satisfies Record<RedemptionMismatch, RuleSlug>

/** What a refused redemption ends, for the trail: a replay by the owner and a wrong attempt revoke the grant. */
function consequenceOf(redemption: Redemption): About {
  if (redemption.outcome === 'mismatched') return { outcome: 'revoked' }
  if (redemption.outcome !== 'replayed') return {}
  const { grantRef, by } = redemption
  return by === 'owner' ? { grantRef, outcome: 'revoked', evidence: { by } } : { grantRef, evidence: { by } }
}

function refuseRedemption(
  redemption: Exclude<Redemption, { outcome: 'redeemed' }>,
  problem: OAuthError | undefined,
): never {
  switch (redemption.outcome) {
    case 'replayed':
      return refuse('code_replayed', { detail: `presented by ${redemption.by}, grant ${redemption.grantRef}` })
    case 'mismatched':
      if (redemption.what === 'code_verifier' && problem !== undefined) throw problem
      return refuse(mismatchRules[redemption.what])
    case 'resource_not_granted':
      return refuse('resource_not_allowed')
    case 'objected':
      return refuse(redemption.rule)
    case 'expired':
      return refuse('code_expired')
    case 'grant_revoked':
      return refuse('code_grant_revoked')
    case 'unknown':
      return refuse('code_unknown')
  }
}

async function issue(
  { call, client, possession, reach }: GrantRequest & { readonly reach: Reach },
  { request, approval }: Extract<Redemption, { outcome: 'redeemed' }>,
  signers: PersonTokenSigners,
  server: Server,
): Promise<IssuedTokens> {
  const { subject, grantRef, authTime, acr } = approval
  const { clientId } = client
  const { confirmation } = possession
  call.note({ subject, grantRef })
  const grounds = {
    subject: subjectFor(client, subject, server),
    clientId,
    confirmation,
    grantRef,
    authTime,
    acr,
    now: call.now,
  }
  const accessToken = await issueAccessToken({ ...reach, ...grounds }, signers, server)
  const about = {
    grounds: { ...approval, claims: request.claims },
    client,
    nonce: request.nonce,
    accessToken,
    now: call.now,
  }
  const idToken = reach.scope.includes('openid') ? await issueIdToken(about, signers, server) : undefined
  const expiresIn = server.lifetimes.accessToken
  return { accessToken, confirmation, expiresIn, ...reach, refreshToken: undefined, idToken }
}
