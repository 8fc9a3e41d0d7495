import type { AccessToken } from '../../core/access-token.ts'
import { detailsFor } from '../../core/authorization-details.ts'
import { endpointPaths } from '../../core/metadata.ts'
import type { ResourceIdentifier } from '../../core/names.ts'
import { OAuthError, refuse } from '../../core/oauth-error.ts'
import type { RuleSlug } from '../../core/rules.ts'
import { activeToken, inactiveToken, type SeenToken, TokenReference } from '../../core/wire/introspection.ts'
import { type Answer, ok } from '../answers.ts'
import { authenticateClient } from '../authenticate-client.ts'
import type { Call } from '../call.ts'
import { backChannelEndpoint } from '../endpoint.ts'
import { spendOnce } from '../proof-of-possession.ts'
import type { Server } from '../server.ts'

/**
 * Introspection endpoint: a resource server asks about the tokens that are meant for it, and learns of no other. Who
 * holds the key is for the resource server to check. RFC 7662 §2, §4; RFC 9449 §6.2.
 */
export const introspection = backChannelEndpoint(
  'introspection',
  endpointPaths.introspection,
  TokenReference,
  async (call, server) => {
    // Who is asking.
    const { client, once } = await authenticateClient(call, server)
    const { token: text } = call.form
    if (text === undefined) return refuse('parameter_missing', { expected: { parameter: 'token' } })
    await spendOnce(server, once)

    // A client learns nothing, not even about its own tokens.
    const { role } = client
    if (role.kind !== 'resource_server') return notForThem('client_role_wrong', call)
    // Nor does the server of an API that is gone.
    if (!server.catalogue.resources.includes(role.resource)) return notForThem('resource_not_allowed', call)

    // Whether the token counts: made by us, for this resource, now, and not revoked.
    const token = await judgeToken(text, role.resource, call, server)
    if (token === 'foreign') return notForThem('access_token_audience_mismatch', call)
    if (token === 'inactive') return ok(inactiveToken)
    const { jti, grantRef, clientId, issuedAt } = token
    const standing = await server.store.tokens.standing(
      { jti: server.hash(jti), grantRef, clientId, issuedAt },
      call.now,
    )
    if (standing !== 'live') return ok(inactiveToken)
    if (grantRef !== undefined) call.note({ grantRef })
    return ok(activeToken(partFor(role.resource, token, server)))
  },
)

async function judgeToken(
  text: string,
  audience: ResourceIdentifier,
  { now }: Call<unknown>,
  { ownTokens }: Server,
): Promise<AccessToken | 'foreign' | 'inactive'> {
  try {
    const token = await ownTokens(text, now)
    return token.audience.includes(audience) ? token : 'foreign'
  } catch (error) {
    if (error instanceof OAuthError) return 'inactive'
    throw error
  }
}

/** The answer is that of any token that does not count; the trail says who asked for what is not theirs. */
function notForThem(reason: RuleSlug, { note }: Call<unknown>): Answer {
  note({ event: 'token.introspection.foreign', outcome: 'blocked', reason })
  return ok(inactiveToken)
}

/** Only this resource of the audience, and only its scopes and details: who else takes the token is not its business. */
function partFor(resource: ResourceIdentifier, token: AccessToken, { catalogue }: Server): SeenToken {
  const scope = token.scope.filter((value) => catalogue.ownerOf(value) === resource)
  const details = detailsFor([resource], token.details, catalogue.detailTypes)
  return { ...token, audience: [resource], scope, details }
}
