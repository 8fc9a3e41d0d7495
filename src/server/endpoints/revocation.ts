import type { ClientRecord } from '../../core/client.ts'
import { candidateKeys, isSignedByOneOf, parseCompactJws } from '../../core/jose.ts'
import { endpointPaths } from '../../core/metadata.ts'
import { OAuthError, refuse } from '../../core/oauth-error.ts'
import { signingAlgorithm } from '../../core/profile.ts'
import { TokenReference } from '../../core/wire/introspection.ts'
import { empty } from '../answers.ts'
import { digestOf, type Handle, parseHandle } from '../artefacts.ts'
import { authenticateOAuthClient } from '../authenticate-client.ts'
import type { Call } from '../call.ts'
import { backChannelEndpoint } from '../endpoint.ts'
import { spendOnce } from '../proof-of-possession.ts'
import type { Server } from '../server.ts'

/**
 * Revocation endpoint: a client ends tokens of its own. A refresh token takes its whole grant with it, an access token
 * only itself. What is unknown or over already is answered alike. RFC 7009 §2.
 */
export const revocation = backChannelEndpoint(
  'revocation',
  endpointPaths.revocation,
  TokenReference,
  async (call, server) => {
    // Who is asking.
    const { client, once } = await authenticateOAuthClient(call, server)
    const { token } = call.form
    if (token === undefined) return refuse('parameter_missing', { expected: { parameter: 'token' } })
    await spendOnce(server, once)

    // The form of a token tells which kind it is; a hint would only say it again.
    const handle = parseHandle(token)
    if (handle === undefined) await revokeAccessToken(token, client, call, server)
    else await revokeRefreshToken(handle, client, call, server)
    return empty()
  },
)

async function revokeRefreshToken(
  { id, secret }: Handle,
  client: ClientRecord,
  { now, note }: Call<unknown>,
  { store, hash }: Server,
): Promise<void> {
  const token = await store.refreshTokens.find(id, digestOf('refresh_token', secret, hash))
  if (token === undefined) return
  const { grantRef } = token
  note({ grantRef })
  if (token.clientId !== client.clientId) refuse('token_of_another_client')
  if ((await store.grants.revoke(grantRef, now)) === 'unknown') return
  note({ event: 'token.revoked', outcome: 'revoked', reason: 'refresh_token' })
}

async function revokeAccessToken(
  text: string,
  client: ClientRecord,
  { now, note }: Call<unknown>,
  server: Server,
): Promise<void> {
  const token = await ownAccessToken(text, now, server)
  if (token === undefined) return
  const { clientId, jti, grantRef, expiresAt } = token
  if (grantRef !== undefined) note({ grantRef })
  if (clientId !== client.clientId) refuse('token_of_another_client')
  await server.store.tokens.revoke(server.hash(jti), expiresAt)
  note({ event: 'token.revoked', outcome: 'revoked', reason: 'access_token' })
}

/**
 * An access token of ours that has not expired, or undefined.
 * @throws OAuthError token_type_not_revocable
 */
async function ownAccessToken(text: string, now: Call<unknown>['now'], server: Server) {
  try {
    return await server.ownTokens(text, now)
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    if (error.rule === 'access_token_typ_wrong' && (await isJwtOfOurs(text, server))) refuse('token_type_not_revocable')
    return undefined
  }
}

async function isJwtOfOurs(text: string, { keys, verify }: Server): Promise<boolean> {
  const jws = parseCompactJws(text)
  const alg = signingAlgorithm(jws.header['alg'])
  if (alg === undefined) return false
  const ours = candidateKeys(keys.published(), { alg, kid: jws.header['kid'] })
  return (await isSignedByOneOf(jws, ours, verify)) !== undefined
}
