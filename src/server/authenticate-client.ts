import {
  parseClientAssertion,
  type UnverifiedClientAssertion,
  verifyClientAssertion,
} from '../core/client-assertion.ts'
import type { ClientRecord } from '../core/client.ts'
import { clientId, orUndefined } from '../core/names.ts'
import { refuse } from '../core/oauth-error.ts'
import type { Once } from '../core/ports.ts'
import { signingAlgorithm } from '../core/profile.ts'
import { ClientAuthenticationParameters, jwtBearerAssertionType } from '../core/wire/client-authentication.ts'
import { parseMessage } from '../core/wire/form.ts'
import { checkClientCertificate } from './client-certificate.ts'
import { type Call, headerValues } from './call.ts'
import { refuseWhileWaiting } from './rate-limits.ts'
import type { Server } from './server.ts'

/** A client that proved who it is. Its assertion, where there is one, is still to be spent. */
export type AuthenticatedClient = {
  readonly client: ClientRecord
  readonly once: Once | undefined
  /** The client_id parameter, equal to the client's; some requests need it to be there. */
  readonly clientIdParameter: 'present' | 'absent'
}

/**
 * Who is asking: private_key_jwt or mutual TLS, by a registered and active client, with the one method it is registered
 * for. FAPI 2.0 SP §5.3.2.1-6; RFC 7523 §3; RFC 8705 §2.
 * @throws OAuthError client_*, behind one public answer; rate_limited
 */
export async function authenticateClient(call: Call<unknown>, server: Server): Promise<AuthenticatedClient> {
  const credentials = parseMessage(ClientAuthenticationParameters, call.pairs)
  const assertion = theOneAssertion(call, credentials)
  const { client, once } =
    assertion === undefined
      ? await byCertificate(credentials, call, server)
      : await byAssertion(assertion, call, server)
  if (client.status !== 'active') refuse('client_suspended')
  if (credentials.clientId !== undefined && credentials.clientId !== client.clientId) refuse('client_id_mismatch')
  if (call.step !== 'metadata') {
    refuseWhileWaiting(server.rates.admits(client.clientId, call.step, call.now), 'perClientPerMinute', call.note)
  }
  return { client, once, clientIdParameter: credentials.clientId === undefined ? 'absent' : 'present' }
}

/**
 * The same for whoever obtains tokens: resource servers do not.
 * @throws OAuthError client_role_wrong, and those of `authenticateClient`
 */
export async function authenticateOAuthClient(call: Call<unknown>, server: Server): Promise<AuthenticatedClient> {
  const authenticated = await authenticateClient(call, server)
  return authenticated.client.role.kind === 'client' ? authenticated : refuse('client_role_wrong')
}

type Credentials = ReturnType<typeof parseMessage<typeof ClientAuthenticationParameters>>

/** The assertion, or undefined when only a certificate is left to authenticate by. */
function theOneAssertion({ connection }: Call<unknown>, credentials: Credentials): string | undefined {
  const { clientAssertion, clientAssertionType, clientSecret } = credentials
  const usesSecret = clientSecret === 'present' || headerValues(connection, 'authorization').length > 0
  if (clientAssertion === undefined) {
    return usesSecret ? refuse('client_authentication_method_unsupported') : undefined
  }
  if (usesSecret) return refuse('client_authentication_ambiguous')
  if (clientAssertionType !== jwtBearerAssertionType) return refuse('client_assertion_type_unsupported')
  return clientAssertion
}

async function byAssertion(assertion: string, call: Call<unknown>, server: Server) {
  const unverified = parseClientAssertion(assertion)
  const found = await findClient(unverified.client, server)
  if (found !== undefined) call.note({ clientId: found.clientId })
  const { issuer, store, verify, hash, clientKeys } = server
  const context = { issuer, now: call.now, epoch: store.replay.epoch(), clientKeys, verify, hash }
  const verified = await verifyClientAssertion(unverified, found, context)
  call.note({ evidence: evidenceOf(unverified, verified) })
  return verified
}

/** By which a signed message that somebody kept can be found again: none of it is a stranger's own words. */
function evidenceOf({ jws }: UnverifiedClientAssertion, { client, once }: { client: ClientRecord; once: Once }) {
  const alg = signingAlgorithm(jws.header['alg'])
  const kid = client.keys.find((key) => key.kid !== undefined && key.kid === jws.header['kid'])?.kid
  return { assertionJti: once.name, ...(alg === undefined ? {} : { alg }), ...(kid === undefined ? {} : { kid }) }
}

/** The certificate is held against the client that the request names, and against no other. RFC 8705 §2. */
async function byCertificate({ clientId: named }: Credentials, call: Call<unknown>, server: Server) {
  const client = named === undefined ? undefined : await findClient(named, server)
  if (client === undefined || client.authMethod === 'private_key_jwt') {
    return refuse('client_authentication_missing')
  }
  call.note({ clientId: client.clientId })
  await checkClientCertificate(client, call, server)
  return { client, once: undefined }
}

async function findClient(name: string, { store }: Server): Promise<ClientRecord | undefined> {
  const id = orUndefined(() => clientId(name))
  return id === undefined ? undefined : store.clients.find(id)
}
