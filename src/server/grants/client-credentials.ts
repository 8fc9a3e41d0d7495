import { subject } from '../../core/names.ts'
import { refuse } from '../../core/oauth-error.ts'
import { agreeOnReach, isOpenidScope } from '../catalogue.ts'
import { spendOnce } from '../proof-of-possession.ts'
import { issueAccessToken, tokenSigners } from '../tokens.ts'
import type { GrantHandler } from './grant.ts'

/** The client credentials grant: no person, no ID token, no refresh token. RFC 6749 §4.4; FAPI 2.0 SP §6.7. */
export const clientCredentials: GrantHandler = async ({ call, client, possession, spend }, server) => {
  const { scope, resources, authorizationDetails } = call.form
  if (authorizationDetails !== undefined) refuse('authorization_details_without_person')
  if (scope?.some(isOpenidScope) === true) refuse('openid_without_person')
  // Without a scope the client gets what it is registered for, at the resources it names. RFC 6749 §3.3.
  const asked = scope ?? client.scope.filter((value) => belongsTo(server.catalogue.ownerOf(value), resources))
  const reach = agreeOnReach({ scope: asked, details: [], resources }, client.scope, server.catalogue)

  const signers = tokenSigners(client, server)
  await spendOnce(server, ...spend)

  const { clientId } = client
  const accessToken = await issueAccessToken(
    {
      ...reach,
      subject: subject(clientId),
      clientId,
      confirmation: possession.confirmation,
      grantRef: undefined,
      authTime: undefined,
      acr: undefined,
      now: call.now,
    },
    signers,
    server,
  )
  const { confirmation } = possession
  const expiresIn = server.lifetimes.accessToken
  return { accessToken, confirmation, expiresIn, ...reach, refreshToken: undefined, idToken: undefined }
}

function belongsTo(owner: string | undefined, resources: readonly string[]): boolean {
  return owner !== undefined && (resources.length === 0 || resources.includes(owner))
}
