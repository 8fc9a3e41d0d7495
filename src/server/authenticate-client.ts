import { parseClientAssertion, verifyClientAssertion } from '../core/client-assertion.ts'
import type { ClientRecord } from '../core/flow.ts'
import { clientId, orUndefined } from '../core/names.ts'
import { refuse } from '../core/oauth-error.ts'
import type { Once } from '../core/ports.ts'
import { ClientAuthenticationParameters, jwtBearerAssertionType } from '../core/wire/client-authentication.ts'
import { parseMessage } from '../core/wire/form.ts'
import { type Call, headerValues } from './call.ts'
import type { Server } from './server.ts'

/** A client that proved who it is. Its assertion is still to be spent. */
export type AuthenticatedClient = {
  readonly client: ClientRecord
  readonly once: Once
  /** The client_id parameter, equal to the client's; some requests need it to be there. */
  readonly clientIdParameter: 'present' | 'absent'
}

/**
 * Who is asking: private_key_jwt, by a registered and active client. FAPI 2.0 SP §5.3.2.1-6; RFC 7523 §3.
 * @throws OAuthError client_*, behind one public answer
 */
export async function authenticateClient(call: Call<unknown>, server: Server): Promise<AuthenticatedClient> {
  const credentials = parseMessage(ClientAuthenticationParameters, call.pairs)
  const assertion = theOneAssertion(call, credentials)
  const unverified = parseClientAssertion(assertion)
  const found = await findClient(unverified.client, server)
  if (found !== undefined) call.note({ clientId: found.clientId })
  const { issuer, store, verify, hash } = server
  const context = { issuer, now: call.now, epoch: store.replay.epoch(), verify, hash }
  const { client, once } = await verifyClientAssertion(unverified, found, context)
  if (client.status !== 'active') refuse('client_suspended')
  if (credentials.clientId !== undefined && credentials.clientId !== client.clientId) refuse('client_id_mismatch')
  return { client, once, clientIdParameter: credentials.clientId === undefined ? 'absent' : 'present' }
}

type Credentials = ReturnType<typeof parseMessage<typeof ClientAuthenticationParameters>>

function theOneAssertion({ connection }: Call<unknown>, credentials: Credentials): string {
  const { clientAssertion, clientAssertionType, clientSecret } = credentials
  const usesSecret = clientSecret === 'present' || headerValues(connection, 'authorization').length > 0
  if (clientAssertion === undefined) {
    return refuse(usesSecret ? 'client_authentication_method_unsupported' : 'client_authentication_missing')
  }
  if (usesSecret) return refuse('client_authentication_ambiguous')
  if (clientAssertionType !== jwtBearerAssertionType) return refuse('client_assertion_type_unsupported')
  return clientAssertion
}

async function findClient(name: string, { store }: Server): Promise<ClientRecord | undefined> {
  const id = orUndefined(() => clientId(name))
  return id === undefined ? undefined : store.clients.find(id)
}
