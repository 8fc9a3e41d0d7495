import * as v from 'valibot'
import { issuer, type Issuer, resourceIdentifier, type ResourceIdentifier } from '../names.ts'
import { signingAlgorithm, type SigningAlgorithm } from '../profile.ts'

const url = v.pipe(v.string(), v.maxLength(2048), v.url())
const algorithms = v.pipe(
  v.optional(v.array(v.string()), []),
  v.transform((names): readonly SigningAlgorithm[] =>
    names.map((name) => signingAlgorithm(name)).filter((alg) => alg !== undefined),
  ),
)

/** What a guard needs of an issuer's metadata. */
export type IssuerDocument = {
  readonly issuer: Issuer
  readonly jwksUri: string
  readonly algorithms: readonly SigningAlgorithm[]
}

/** The members of an authorization server's metadata that a guard needs. RFC 8414 §2. */
export const IssuerMetadata = v.pipe(
  v.object({
    issuer: v.string(),
    jwks_uri: url,
    // Access tokens have no list of their own in the metadata; issuers sign them like ID tokens.
    id_token_signing_alg_values_supported: algorithms,
  }),
  v.transform(
    (wire): IssuerDocument => ({
      issuer: issuer(wire.issuer),
      jwksUri: wire.jwks_uri,
      algorithms: wire.id_token_signing_alg_values_supported,
    }),
  ),
)

/** What a client needs of a resource's metadata. */
export type ResourceDocument = {
  readonly resource: ResourceIdentifier
  readonly authorizationServers: readonly string[]
  readonly scopes: readonly string[]
  readonly dpopRequired: boolean
}

/** The members of a resource's metadata that a client needs. RFC 9728 §2. */
export const ResourceMetadata = v.pipe(
  v.object({
    resource: v.string(),
    authorization_servers: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(32)),
    scopes_supported: v.optional(v.array(v.string()), []),
    dpop_bound_access_tokens_required: v.optional(v.boolean(), false),
  }),
  v.transform(
    (wire): ResourceDocument => ({
      resource: resourceIdentifier(wire.resource),
      authorizationServers: wire.authorization_servers,
      scopes: wire.scopes_supported,
      dpopRequired: wire.dpop_bound_access_tokens_required,
    }),
  ),
)

/**
 * The document in the shape of a schema.
 * @throws TypeError when it has another shape, MalformedName when a name in it is none
 */
export function parseDocument<Schema extends v.GenericSchema>(
  schema: Schema,
  document: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, document)
  if (result.success) return result.output
  const [issue] = result.issues
  throw new TypeError(`metadata: ${v.getDotPath(issue) ?? 'document'}: ${issue.message}`)
}
