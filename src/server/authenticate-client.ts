import { parseClientAssertion, verifyClientAssertion } from '../core/client-assertion.ts'
import type { ClientRecord } from '../core/flow.ts'
import { isSignedByOneOf, type PublicKey, type UnverifiedJws } from '../core/jose.ts'
import { clientId, jwkThumbprint } from '../core/names.ts'
import { orRefuse, refuse } from '../core/oauth-error.ts'
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
  const client = await findClient(unverified.client, server)
  if (client === undefined) {
    await takeAsLongAsForAKnownClient(unverified.jws, server)
    return refuse('client_unknown')
  }
  call.note({ clientId: client.clientId })
  const { issuer, store, verify, hash } = server
  const epoch = store.replay.epoch()
  const once = await verifyClientAssertion(unverified, client, { issuer, now: call.now, epoch, verify, hash })
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

function findClient(name: string, { store }: Server): Promise<ClientRecord | undefined> {
  const id = orRefuse('client_unknown', () => clientId(name))
  return store.clients.find(id)
}

/** A well-formed key that nobody holds. */
const nobodysKey: PublicKey = {
  jwk: {
    kty: 'EC',
    crv: 'P-256',
    x: 'axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY',
    y: 'T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU',
  },
  alg: 'ES256',
  kid: undefined,
  thumbprint: jwkThumbprint('AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'),
}

/** An unknown client costs one verification, like a known one with a wrong signature. */
async function takeAsLongAsForAKnownClient(jws: UnverifiedJws, { verify }: Server): Promise<void> {
  await isSignedByOneOf(jws, [nobodysKey], verify)
}
