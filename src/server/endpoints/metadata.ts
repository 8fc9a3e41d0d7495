import { createAuthorizationServerMetadata, metadataPaths } from '../../core/metadata.ts'
import { signingAlgorithms } from '../../core/profile.ts'
import { document } from '../answers.ts'
import { documentEndpoint, type Endpoint } from '../endpoint.ts'
import type { Server } from '../server.ts'

/** The metadata of the issuer, at both of its addresses. RFC 8414 §3; OIDC Discovery §4. */
export function metadata(server: Server): readonly Endpoint[] {
  const { issuer, catalogue, keys } = server
  const text = JSON.stringify(
    createAuthorizationServerMetadata({
      issuer,
      scopes: catalogue.scopes,
      resources: catalogue.resources,
      signingAlgorithms: signingAlgorithms.filter((alg) => keys.signer(alg) !== undefined),
    }),
  )
  const { openid, oauth } = metadataPaths(issuer)
  return [openid, oauth].map((path) => documentEndpoint(`/${path}`, () => document(text, 'application/json')))
}
