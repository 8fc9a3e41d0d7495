import { type GrantType, grantTypes } from '../../core/client.ts'
import { endpointPaths } from '../../core/metadata.ts'
import { refuse } from '../../core/oauth-error.ts'
import { TokenRequest, tokenResponse } from '../../core/wire/token-request.ts'
import { ok } from '../answers.ts'
import { authenticateOAuthClient } from '../authenticate-client.ts'
import { backChannelEndpoint } from '../endpoint.ts'
import { authorizationCode } from '../grants/authorization-code.ts'
import { clientCredentials } from '../grants/client-credentials.ts'
import { refreshToken } from '../grants/refresh-token.ts'
import type { GrantHandler } from '../grants/grant.ts'
import { requirePossession } from '../proof-of-possession.ts'

const grants: Readonly<Record<GrantType, GrantHandler>> = {
  authorization_code: authorizationCode,
  client_credentials: clientCredentials,
  refresh_token: refreshToken,
}

/** Token endpoint. RFC 6749 §3.2; FAPI 2.0 SP §5.3.2.1. */
export const token = backChannelEndpoint('token', endpointPaths.token, TokenRequest, async (call, server) => {
  // Who is asking, and with which key.
  const { client, once } = await authenticateOAuthClient(call, server)
  const possession = await requirePossession(client, call, server)

  // What kind of grant they bring, and whether they may.
  const grantType = parseGrantType(call.form.grantType)
  if (!client.grantTypes.includes(grantType)) refuse('grant_type_not_registered')

  // The grant spends the credentials once it has checked what it needs, and issues the tokens.
  const spend = [once, possession.proof?.once].filter((entry) => entry !== undefined)
  const tokens = await grants[grantType]({ call, client, possession, spend }, server)
  call.note({ event: grantType === 'refresh_token' ? 'token.refreshed' : 'token.issued', reason: grantType })
  return ok(tokenResponse(tokens))
})

function parseGrantType(value: string | undefined): GrantType {
  if (value === undefined) return refuse('parameter_missing', { expected: { parameter: 'grant_type' } })
  return grantTypes.find((known) => known === value) ?? refuse('grant_type_unsupported')
}
