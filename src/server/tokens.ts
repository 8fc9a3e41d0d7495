import { createAccessToken, type NewAccessToken } from '../core/access-token.ts'
import type { Approval, ClientRecord } from '../core/flow.ts'
import { createIdToken } from '../core/id-token.ts'
import { after, type NumericDate, type ResourceIdentifier } from '../core/names.ts'
import type { Signer } from '../core/ports.ts'
import { signingAlgorithms, type SigningAlgorithm } from '../core/profile.ts'
import type { Server } from './server.ts'

/** What a token is issued on. */
export type TokenGrounds = Pick<
  NewAccessToken,
  'subject' | 'clientId' | 'scope' | 'dpopJkt' | 'grantRef' | 'authTime' | 'acr'
> & { readonly resources: readonly ResourceIdentifier[]; readonly now: NumericDate }

/**
 * Issues an access token for the resources, and for userinfo when `openid` was granted. Always bound to a key.
 * RFC 9068; FAPI 2.0 SP §5.3.2.1-4.
 */
export function issueAccessToken({ resources, now, ...grounds }: TokenGrounds, server: Server): Promise<string> {
  const { issuer, lifetimes, random } = server
  return createAccessToken(
    {
      ...grounds,
      issuer,
      audience: grounds.scope.includes('openid') ? [...resources, issuer] : resources,
      issuedAt: now,
      expiresAt: after(now, lifetimes.accessToken),
      jti: random(16),
    },
    signerFor(undefined, server),
  )
}

/** Issues an ID token about the person who allowed it. OIDC Core §3.1.3.3. */
export function issueIdToken(
  about: { approval: Approval; client: ClientRecord; nonce: string | undefined; now: NumericDate },
  server: Server,
): Promise<string> {
  const { approval, client, nonce, now } = about
  const { subject, authTime, acr, amr } = approval
  return createIdToken(
    {
      issuer: server.issuer,
      subject,
      audience: client.clientId,
      issuedAt: now,
      expiresAt: after(now, server.lifetimes.idToken),
      authTime,
      nonce,
      acr,
      amr,
    },
    signerFor(client.idTokenSignedResponseAlg, server),
  )
}

/** The signer of the wanted algorithm, or of the most preferred one there is a key for. */
function signerFor(wanted: SigningAlgorithm | undefined, { keys }: Server): Signer {
  const algorithms = wanted === undefined ? signingAlgorithms : [wanted]
  const signer = algorithms.map((alg) => keys.signer(alg)).find((found) => found !== undefined)
  if (signer === undefined) throw new Error(`there is no signing key for ${algorithms.join(', ')}`)
  return signer
}
