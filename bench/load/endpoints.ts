import { isJsonObject } from '../../src/core/names.ts'

/** What a server says of itself, as far as it is needed here. */
export type Endpoints = {
  readonly issuer: string
  readonly par: URL
  readonly authorization: URL
  readonly token: URL
  readonly introspection: URL
}

/** Asks a server where its endpoints are. */
export async function endpointsOf(origin: string): Promise<Endpoints> {
  const response = await fetch(`${origin}/.well-known/openid-configuration`, { headers: { connection: 'close' } })
  const metadata: unknown = await response.json()
  if (!isJsonObject(metadata)) throw new TypeError('not a metadata document')
  const url = (name: string) => new URL(String(metadata[name]))
  return {
    issuer: String(metadata['issuer']),
    par: url('pushed_authorization_request_endpoint'),
    authorization: url('authorization_endpoint'),
    token: url('token_endpoint'),
    introspection: url('introspection_endpoint'),
  }
}
