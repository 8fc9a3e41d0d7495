import * as oauth from 'oauth4webapi'
import { issuer, resourceIdentifier } from '../core/names.ts'
import { begin, type BeginOptions, finish, type Pending, resourceOf, SpentStates } from './authorization.ts'
import type { ClientConfig } from './config.ts'
import { fail } from './errors.ts'
import type { ClientPorts } from './ports.ts'
import { Renewals } from './renewal.ts'
import { call, type CallInit, type Called, userinfo } from './resource.ts'
import { checkResourceMetadata } from './resource-metadata.ts'
import { type Session, sessionOf } from './session.ts'
import { endSessionUrl, type EndSessionOptions, revoke } from './sign-out.ts'
import { stepUpDemand } from './step-up.ts'
import { clientCredentials } from './tokens.ts'
import { memoryVault } from './vault.ts'
import { createWire } from './wire.ts'

/** An application's way to an API: begin → finish → call. */
export type Client = {
  /** Pushes a request; send the browser to `url`, and keep `pending` with its session. */
  readonly begin: (options?: BeginOptions) => Promise<{ readonly url: string; readonly pending: Pending }>
  /** Takes the callback URL and the pending flow, which is to be erased; works once for each. */
  readonly finish: (callbackUrl: string | URL, pending: Pending) => Promise<Session>
  /** Calls the API, a path or URL on its origin, with the newest token of the session; renews it when its end is near. */
  readonly call: (session: Session, target: string, init?: CallInit) => Promise<Response>
  /**
   * When an answer of `call` says that the person must sign in better or again: pushes a request for that, to go on with as
   * after `begin`. Undefined when it says no such thing. RFC 9470.
   */
  readonly stepUp: (
    session: Session,
    response: Response,
  ) => Promise<{ readonly url: string; readonly pending: Pending } | undefined>
  /** The claims about the person. */
  readonly userinfo: (session: Session) => Promise<Readonly<Record<string, unknown>>>
  /** A session of the application itself, without a person. RFC 6749 §4.4. */
  readonly clientCredentials: (options?: { readonly scope?: string }) => Promise<Session>
  /** Renews the session now. Several at once are one request. */
  readonly refresh: (session: Session) => Promise<Session>
  /** The session that the vault keeps under this id, after a restart. */
  readonly resume: (id: string) => Promise<Session | undefined>
  /** Ends the tokens of the session, here and at the server. RFC 7009. */
  readonly revoke: (session: Session) => Promise<void>
  /** Where to send the browser to, to sign its person out at the server. OIDC RP-Initiated Logout. */
  readonly endSessionUrl: (session: Session, options?: EndSessionOptions) => string
}

/** How many finished flows are remembered. */
const spentStates = 10_000

/**
 * Reads the metadata of the issuer and of the API and gives a client that is set up by them. It insists on FAPI 2.0:
 * where the server offers less, it fails, and nothing makes it fall back.
 * @throws ClientError metadata_*, par_missing, pkce_missing, iss_unsupported, private_key_jwt_missing,
 *   certificate_authentication_missing, certificate_binding_missing, dpop_missing, id_token_algorithm_missing,
 *   endpoint_insecure
 * @throws TypeError when a key is missing or not one of the profile, or a certificate is missing
 * @throws MalformedName when an identifier is none
 */
export async function createClient(config: ClientConfig, ports: ClientPorts): Promise<Client> {
  const resource = resourceIdentifier(config.resource)
  const wire = await createWire(config, ports)
  await checkResourceMetadata(resource, issuer(config.issuer), ports)
  const purpose = { redirectUri: config.redirectUri, scope: config.scope, resource }
  const spent = new SpentStates(spentStates)
  const renewals = new Renewals(wire, config.vault ?? memoryVault())
  const challenges = new WeakMap<Response, Called['challenges']>()
  return {
    begin: (options = {}) => begin(wire, purpose, options),
    // Only the query counts: behind a proxy, the rest of the URL is not what the browser saw.
    finish: async (callbackUrl, pending) => {
      const text = String(callbackUrl)
      if (!URL.canParse(text, config.redirectUri)) return fail('response_malformed')
      const session = await finish(wire, new URL(text, config.redirectUri).searchParams, pending, spent)
      return renewals.keep(session)
    },
    call: async (session, target, init = {}) => {
      const called = await call(wire, resource, await renewals.current(session), target, init)
      challenges.set(called.response, called.challenges)
      return called.response
    },
    stepUp: async (session, response) => {
      if (session.of !== wire.of) fail('session_foreign')
      const demand = stepUpDemand(wire, session, challenges.get(response) ?? [])
      if (demand === undefined) return undefined
      // The ID token tells whether it was done.
      const scope = [...new Set(['openid', ...session.scope])].join(' ')
      return begin(wire, purpose, { ...demand, scope })
    },
    userinfo: async (session) => userinfo(wire, await renewals.current(session)),
    clientCredentials: async ({ scope = config.scope } = {}) => {
      const received = await clientCredentials(wire, { scope, ...resourceOf(scope, resource) })
      const id = oauth.generateRandomState()
      const { of, possession, clock } = wire
      return sessionOf(received, { of, id, asked: scope, askedDetails: [], possession, now: clock.now() })
    },
    refresh: (session) => renewals.renew(session),
    resume: (id) => renewals.resume(id),
    revoke: async (session) => {
      if (session.of !== wire.of) fail('session_foreign')
      await revoke(wire, (await renewals.resume(session.id)) ?? session)
      await renewals.forget(session)
    },
    endSessionUrl: (session, options = {}) => endSessionUrl(wire, session, options),
  }
}
