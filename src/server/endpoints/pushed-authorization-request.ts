import { endpointPaths } from '../../core/metadata.ts'
import { after } from '../../core/names.ts'
import { refuse } from '../../core/oauth-error.ts'
import { PushedAuthorizationRequest } from '../../core/wire/authorization-request.ts'
import { created } from '../answers.ts'
import { digestOf, newHandle, requestUriText } from '../artefacts.ts'
import { authenticateOAuthClient } from '../authenticate-client.ts'
import { checkAuthorizationRequest } from '../authorization-request.ts'
import { backChannelEndpoint } from '../endpoint.ts'
import { agreeOnDpopKey, spendOnce, verifyDpopProof } from '../proof-of-possession.ts'

/** Pushed authorization request endpoint. RFC 9126 §2; FAPI 2.0 SP §5.3.2.2. */
export const pushedAuthorizationRequest = backChannelEndpoint(
  'par',
  endpointPaths.pushedAuthorizationRequest,
  PushedAuthorizationRequest,
  async (call, server) => {
    // Who is asking, and with which key.
    const { client, once, clientIdParameter } = await authenticateOAuthClient(call, server)
    if (clientIdParameter === 'absent') refuse('parameter_missing', { expected: { parameter: 'client_id' } })
    const proof = await verifyDpopProof(call, server)

    // What they may ask for.
    const request = await checkAuthorizationRequest(call.form, client, server)
    const dpopJkt = agreeOnDpopKey(request.dpopJkt, proof)

    // Every credential is verified and nothing has changed yet: spend what may be used only once.
    await spendOnce(server, once, proof?.once)

    // Remember the request once, under a name nobody can guess.
    const handle = newHandle(server.random)
    const { requestUri: lifetime } = server.lifetimes
    await server.store.requests.push({
      id: handle.id,
      clientId: client.clientId,
      request: { ...request, dpopJkt },
      requestUriHash: digestOf('request_uri', handle.secret, server.hash),
      expiresAt: after(call.now, lifetime),
    })
    call.note({ event: 'request.pushed' })
    return created({ request_uri: requestUriText(handle), expires_in: lifetime })
  },
)
