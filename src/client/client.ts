import * as oauth from 'oauth4webapi'
import { clientId, isLoopbackHost, issuer, resourceIdentifier } from '../core/names.ts'
import { begin, type BeginOptions, finish, type Pending, resourceOf, SpentStates } from './authorization.ts'
import { fail } from './errors.ts'
import { exchange, requestOptions, type Wire } from './exchange.ts'
import { type ClientKeys, prepareKeys, type ReadyKeys } from './keys.ts'
import { checkResourceMetadata, readServerMetadata } from './metadata.ts'
import type { ClientPorts } from './ports.ts'
import { call, type CallInit, userinfo } from './resource.ts'
import { type Session, sessionOf } from './session.ts'

/** What an application knows; everything else is read from metadata. */
export type ClientConfig = {
  /** The issuer identifier of the authorization server, exactly as its metadata writes it. */
  readonly issuer: string
  /** The resource identifier of the API, exactly as its metadata writes it. */
  readonly resource: string
  readonly clientId: string
  /** One of the registered redirect URIs, byte for byte. */
  readonly redirectUri: string
  /** Space-separated. Ask for as little as possible. */
  readonly scope: string
  readonly keys: ClientKeys
}

/** An application's way to an API: begin → finish → call. */
export type Client = {
  /** Pushes a request; send the browser to `url`, and keep `pending` with its session. */
  readonly begin: (options?: BeginOptions) => Promise<{ readonly url: string; readonly pending: Pending }>
  /** Takes the callback URL and the pending flow, which is to be erased; works once for each. */
  readonly finish: (callbackUrl: string | URL, pending: Pending) => Promise<Session>
  /** Calls the API: a path or URL on its origin. */
  readonly call: (session: Session, target: string, init?: CallInit) => Promise<Response>
  /** The claims about the person. */
  readonly userinfo: (session: Session) => Promise<Readonly<Record<string, unknown>>>
  /** A session of the application itself, without a person. RFC 6749 §4.4. */
  readonly clientCredentials: (options?: { readonly scope?: string }) => Promise<Session>
}

/** How many finished flows are remembered. */
const spentStates = 10_000

/**
 * Reads the metadata of the issuer and of the API and gives a client that is set up by them. It insists on FAPI 2.0:
 * where the server offers less, it fails, and nothing makes it fall back.
 * @throws ClientError metadata_*, par_missing, pkce_missing, iss_unsupported, private_key_jwt_missing, dpop_missing,
 *   id_token_algorithm_missing, endpoint_insecure
 * @throws TypeError when a key is not one of the profile
 * @throws MalformedName when an identifier is none
 */
export async function createClient(config: ClientConfig, ports: ClientPorts): Promise<Client> {
  const resource = resourceIdentifier(config.resource)
  const keys = await prepareKeys(config.keys, ports)
  const wire = await createWire(config, keys, ports)
  await checkResourceMetadata(resource, issuer(config.issuer), ports)
  const purpose = { redirectUri: config.redirectUri, scope: config.scope, resource }
  const spent = new SpentStates(spentStates)
  return {
    begin: (options = {}) => begin(wire, purpose, options),
    // Only the query counts: behind a proxy, the rest of the URL is not what the browser saw.
    finish: async (callbackUrl, pending) => {
      const text = String(callbackUrl)
      if (!URL.canParse(text, config.redirectUri)) return fail('response_malformed')
      return finish(wire, new URL(text, config.redirectUri).searchParams, pending, spent)
    },
    call: (session, target, init = {}) => call(wire, resource, session, target, init),
    userinfo: (session) => userinfo(wire, session),
    clientCredentials: async ({ scope = config.scope } = {}) => {
      const parameters = { scope, ...resourceOf(scope, resource) }
      // A client alone has no ID token; whatever came would be nobody's.
      const tokens = await clientCredentials(wire, parameters)
      return sessionOf(tokens, { of: wire.of, asked: scope, claims: undefined, clock: ports.clock })
    },
  }
}

async function createWire(config: ClientConfig, keys: ReadyKeys, ports: ClientPorts): Promise<Wire> {
  const wanted = { assertion: keys.assertion.alg, dpop: keys.dpop.alg }
  const { server, named } = await readServerMetadata(issuer(config.issuer), wanted, ports)
  const client: oauth.Client = { client_id: clientId(config.clientId) }
  const { key, kid } = keys.assertion
  const newDpop = () => oauth.DPoP(client, keys.dpop.pair, { [oauth.modifyAssertion]: withHeader({ alg: named.dpop }) })
  return {
    of: [config.issuer, config.clientId, config.resource].join(' '),
    server,
    client,
    // RFC 7523bis §4: an explicit type, so that no other JWT passes for an assertion.
    authentication: oauth.PrivateKeyJwt(kid === undefined ? key : { key, kid }, {
      [oauth.modifyAssertion]: withHeader({ alg: named.assertion, typ: 'client-authentication+jwt' }),
    }),
    ports,
    transport: { [oauth.allowInsecureRequests]: isLoopbackHost(new URL(server.issuer).hostname) },
    dpop: { atServer: newDpop(), atResource: newDpop() },
  }
}

function withHeader(members: Readonly<Record<string, string>>): oauth.ModifyAssertionFunction {
  return (header) => {
    Object.assign(header, members)
  }
}

function clientCredentials(wire: Wire, parameters: Record<string, string>): Promise<oauth.TokenEndpointResponse> {
  const { server, client, authentication } = wire
  const options = { ...requestOptions(wire), DPoP: wire.dpop.atServer }
  return exchange(async () => {
    const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, parameters, options)
    return oauth.processClientCredentialsResponse(server, client, response)
  }, 'response_unusable')
}
