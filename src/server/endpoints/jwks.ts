import { endpointPaths } from '../../core/metadata.ts'
import { document } from '../answers.ts'
import { documentEndpoint } from '../endpoint.ts'

/** The public keys of the issuer, and only their public members. RFC 7517 §5; FAPI 2.0 SP §5.4.2. */
export const jwks = documentEndpoint(endpointPaths.jwks, ({ keys }) => {
  const published = keys.published().map(({ jwk, kid, alg }) => ({ ...jwk, kid, alg, use: 'sig' }))
  return document(JSON.stringify({ keys: published }), 'application/jwk-set+json')
})
