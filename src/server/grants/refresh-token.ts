import type { Grant, Refresh } from '../../core/flow.ts'
import { after } from '../../core/names.ts'
import { refuse } from '../../core/oauth-error.ts'
import type { RuleSlug } from '../../core/rules.ts'
import { digestOf, parseHandle } from '../artefacts.ts'
import { renewReach, scopesOpenTo } from '../catalogue.ts'
import { namedDetails, narrowDetails, withoutOutdated } from '../details.ts'
import { spendOnce } from '../proof-of-possession.ts'
import type { Server } from '../server.ts'
import { subjectFor } from '../subject.ts'
import { issueAccessToken, issueIdToken, personTokenSigners, type PersonTokenSigners } from '../tokens.ts'
import type { GrantHandler, GrantRequest, IssuedTokens } from './grant.ts'

/**
 * The refresh token grant: the token keeps working, and what was allowed is judged again at each use. What is issued is
 * bound to what the client proves now. RFC 6749 §6; FAPI 2.0 SP §5.3.2.1-9; RFC 9449 §5.
 */
export const refreshToken: GrantHandler = async (asked, server) => {
  const { call, client } = asked
  const { refreshToken: presented } = call.form
  if (presented === undefined) return refuse('parameter_missing', { expected: { parameter: 'refresh_token' } })
  const handle = parseHandle(presented) ?? refuse('refresh_token_unknown')
  const named = namedDetails(call.form, client, server)

  // Whatever could keep tokens from being signed shows before anything is spent.
  const signers = await personTokenSigners(client, server)
  await spendOnce(server, ...asked.spend)

  const refresh = await server.store.refreshTokens.present({
    id: handle.id,
    secretHash: digestOf('refresh_token', handle.secret, server.hash),
    clientId: client.clientId,
    now: call.now,
    idleExpiresAt: after(call.now, server.lifetimes.refreshTokenIdle),
  })
  if (refresh.outcome === 'client_mismatch') call.note({ grantRef: refresh.grantRef })
  if (refresh.outcome !== 'live') return refuse(unusable[refresh.outcome])
  return renew({ ...asked, named }, refresh.grant, signers, server)
}

const unusable = {
  client_mismatch: 'refresh_token_client_mismatch',
  expired: 'refresh_token_expired',
  grant_revoked: 'refresh_token_grant_revoked',
  unknown: 'refresh_token_unknown',
} as const satisfies Record<Exclude<Refresh['outcome'], 'live'>, RuleSlug>

async function renew(
  { call, client, possession, named }: GrantRequest & { readonly named: ReturnType<typeof namedDetails> },
  grant: Grant,
  signers: PersonTokenSigners,
  server: Server,
): Promise<IssuedTokens> {
  const { subject, ref: grantRef, authTime, acr } = grant
  call.note({ subject, grantRef })
  const granted = withoutOutdated(grant, client, server)
  const renewed = renewReach(granted, call.form, scopesOpenTo(client), server.catalogue)
  const reach = narrowDetails(renewed, named, server)
  const { confirmation } = possession
  const accessToken = await issueAccessToken(
    {
      ...reach,
      subject: subjectFor(client, subject, server),
      clientId: client.clientId,
      confirmation,
      grantRef,
      authTime,
      acr,
      now: call.now,
    },
    signers,
    server,
  )
  // About the same sign-in as before, and in answer to no request that had a nonce. OIDC Core §12.2.
  const about = { grounds: grant, client, nonce: undefined, accessToken, now: call.now }
  const idToken = reach.scope.includes('openid') ? await issueIdToken(about, signers, server) : undefined
  const expiresIn = server.lifetimes.accessToken
  return { accessToken, confirmation, expiresIn, ...reach, refreshToken: undefined, idToken }
}
