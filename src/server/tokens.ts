import { createAccessToken, type NewAccessToken } from '../core/access-token.ts'
import type { Approval, ClientRecord } from '../core/flow.ts'
import { createIdToken } from '../core/id-token.ts'
import { after, type ClientId, type NumericDate, type ResourceIdentifier } from '../core/names.ts'
import type { Signer } from '../core/ports.ts'
import { signingAlgorithms } from '../core/profile.ts'
import type { Server } from './server.ts'

/** What a token is issued on. */
export type TokenGrounds = Pick<
  NewAccessToken,
  'subject' | 'clientId' | 'scope' | 'dpopJkt' | 'grantRef' | 'authTime' | 'acr'
> & { readonly resources: readonly ResourceIdentifier[]; readonly now: NumericDate }

/** What signs the tokens of one client. */
export type TokenSigners = { readonly accessToken: Signer; readonly idToken: Signer }

/**
 * The signers for a client: of the algorithm it is registered for, or of the most preferred one there is a key for.
 * @throws Error when there is no key for them: the operator's mistake, which nothing was spent for yet
 */
export function tokenSigners(client: ClientRecord, { keys }: Server): TokenSigners {
  const preferred = signingAlgorithms.map((alg) => keys.signer(alg)).find((found) => found !== undefined)
  const registered = client.idTokenSignedResponseAlg
  const idToken = registered === undefined ? preferred : keys.signer(registered)
  if (preferred === undefined || idToken === undefined) throw new Error('there is no signing key for this client')
  return { accessToken: preferred, idToken }
}

/**
 * Issues an access token for the resources, and for userinfo when `openid` was granted. Always bound to a key.
 * RFC 9068; FAPI 2.0 SP §5.3.2.1-4.
 */
export function issueAccessToken(
  { resources, now, ...grounds }: TokenGrounds,
  { accessToken }: TokenSigners,
  { issuer, lifetimes, random }: Server,
): Promise<string> {
  return createAccessToken(
    {
      ...grounds,
      issuer,
      audience: grounds.scope.includes('openid') ? [...resources, issuer] : resources,
      issuedAt: now,
      expiresAt: after(now, lifetimes.accessToken),
      jti: random(16),
    },
    accessToken,
  )
}

/** Issues an ID token about the person who allowed it. OIDC Core §3.1.3.3. */
export function issueIdToken(
  about: { approval: Approval; clientId: ClientId; nonce: string | undefined; now: NumericDate },
  { idToken }: TokenSigners,
  { issuer, lifetimes }: Server,
): Promise<string> {
  const { approval, clientId, nonce, now } = about
  const { subject, authTime, acr, amr } = approval
  return createIdToken(
    {
      issuer,
      subject,
      audience: clientId,
      issuedAt: now,
      expiresAt: after(now, lifetimes.idToken),
      authTime,
      nonce,
      acr,
      amr,
    },
    idToken,
  )
}
