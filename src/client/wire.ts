/** A client as it is set up by the metadata of its server. */

import * as oauth from 'oauth4webapi'
import { clientId, isLoopbackHost, issuer } from '../core/names.ts'
import { profile } from '../core/profile.ts'
import { ClientClock } from './clock.ts'
import type { ClientConfig } from './config.ts'
import type { Possession, Wire } from './exchange.ts'
import { prepareKeys, type ReadyKeys } from './keys.ts'
import { type Named, readServerMetadata, usesAliases, usesCertificate } from './metadata.ts'
import type { ClientPorts } from './ports.ts'

/**
 * Makes the keys ready, reads the metadata, and puts both together.
 * @throws ClientError, TypeError, MalformedName: see `createClient`
 */
export async function createWire(config: ClientConfig, ports: ClientPorts): Promise<Wire> {
  const { authentication = 'private_key_jwt', binding = 'dpop', endpoints = 'main', idTokenAlgorithm } = config
  const uses = { authentication, binding, endpoints }
  const keys = await prepareKeys(config.keys, uses, ports)
  if (usesCertificate(uses) && ports.certificate === undefined) throw new TypeError('the ports show no certificate')
  const algorithms = { assertion: keys.assertion?.alg, dpop: keys.dpop?.alg, idToken: idTokenAlgorithm }
  const { server, named } = await readServerMetadata(issuer(config.issuer), { ...uses, algorithms }, ports)
  const clock = new ClientClock(ports.clock)
  return {
    of: [config.issuer, config.clientId, config.resource].join(' '),
    server,
    client: {
      client_id: clientId(config.clientId),
      use_mtls_endpoint_aliases: usesAliases(uses),
      ...(named.idToken === undefined ? {} : { id_token_signed_response_alg: named.idToken }),
      // The library goes by the clock of this machine, whatever ours says: what counts is checked in `id-token.ts`.
      get [oauth.clockSkew]() {
        return clock.correction
      },
      get [oauth.clockTolerance]() {
        return profile.clockSkewAhead + Math.abs(clock.correction)
      },
    },
    authentication: authenticationOf(keys, named, clock),
    ports,
    clock,
    transport: { [oauth.allowInsecureRequests]: isLoopbackHost(new URL(server.issuer).hostname) },
    possession: await possessionOf(keys, named, { clock, certificate: ports.certificate }),
    decrypt: keys.decrypt,
  }
}

/** A certificate is proved by the connection, and the request only names the client. RFC 8705 §2. */
function authenticationOf({ assertion }: ReadyKeys, named: Named, clock: ClientClock): oauth.ClientAuth {
  if (assertion === undefined) return oauth.TlsClientAuth()
  const { key, kid } = assertion
  // RFC 7523bis §4: an explicit type, so that no other JWT passes for an assertion.
  const header = { alg: named.assertion, typ: 'client-authentication+jwt' }
  return oauth.PrivateKeyJwt(kid === undefined ? key : { key, kid }, {
    [oauth.modifyAssertion]: (ours, claims) => {
      const now = clock.now()
      Object.assign(ours, header)
      Object.assign(claims, { iat: now, nbf: now, exp: now + 60 })
    },
  })
}

type Grounds = { readonly clock: ClientClock; readonly certificate: string | undefined }

async function possessionOf({ dpop }: ReadyKeys, named: Named, { clock, certificate }: Grounds): Promise<Possession> {
  if (dpop === undefined) return { tokenType: 'bearer', thumbprint: certificate ?? '' }
  const handle = () =>
    oauth.DPoP({}, dpop.pair, {
      [oauth.modifyAssertion]: (header, claims) => {
        Object.assign(header, { alg: named.dpop })
        Object.assign(claims, { iat: clock.now() })
      },
    })
  const atServer = handle()
  return { tokenType: 'dpop', thumbprint: await atServer.calculateThumbprint(), atServer, atResource: handle() }
}
