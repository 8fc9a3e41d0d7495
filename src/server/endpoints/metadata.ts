import { type ClientAuthenticationMethod, clientAuthenticationMethods } from '../../core/client.ts'
import { createAuthorizationServerMetadata, metadataPaths } from '../../core/metadata.ts'
import { signingAlgorithms } from '../../core/profile.ts'
import { document } from '../answers.ts'
import { documentEndpoint, type Endpoint } from '../endpoint.ts'
import type { Server } from '../server.ts'
import { reachableAcrs } from '../sign-in/contexts.ts'

/** The metadata of the issuer, at both of its addresses. RFC 8414 §3; OIDC Discovery §4. */
export function metadata(server: Server): readonly Endpoint[] {
  const { issuer, catalogue, keys, mutualTlsOrigin } = server
  const text = JSON.stringify(
    createAuthorizationServerMetadata({
      issuer,
      scopes: catalogue.scopes,
      resources: catalogue.resources,
      authMethods: authMethodsOf(server),
      mutualTlsOrigin,
      acrValues: reachableAcrs(server),
      uiLocales: server.pages.languages,
      detailTypes: catalogue.detailTypes.map(({ type }) => type),
      signingAlgorithms: signingAlgorithms.filter((alg) => keys.signer(alg) !== undefined),
    }),
  )
  const { openid, oauth } = metadataPaths(issuer)
  return [openid, oauth].map((path) => documentEndpoint(`/${path}`, () => document(text, 'application/json')))
}

/** What is enforced is what is offered: certificates only where they are asked for, and their names under an anchor. */
function authMethodsOf({ mutualTlsOrigin, trustAnchors }: Server): readonly ClientAuthenticationMethod[] {
  return clientAuthenticationMethods.filter((method) => {
    if (method === 'private_key_jwt') return true
    if (mutualTlsOrigin === undefined) return false
    return method === 'self_signed_tls_client_auth' || trustAnchors !== undefined
  })
}
