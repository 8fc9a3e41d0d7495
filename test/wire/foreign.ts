/** A client that somebody else wrote, in every combination of how it is known and what its tokens are bound to. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import * as client from 'openid-client'
import {
  type ClientAuthenticationMethod,
  clientAuthenticationMethods,
  type ClientRecord,
} from '../../src/core/client.ts'
import { parsePublicKey } from '../../src/core/jose.ts'
import { certificateThumbprint } from '../../src/core/names.ts'
import { sha256 } from '../../src/node/runtime.ts'
import { aClient, type Party } from '../../src/node/tls/pki.test-support.ts'
import type { Browser, Outcome } from './browser.ts'
import { type RunningTls, validity } from './running-tls.ts'
import { type Exchange, openTransport, type Transport } from './transport.ts'

/** How a client is known, and what its tokens are bound to. */
export type Combination = {
  readonly name: string
  readonly method: ClientAuthenticationMethod
  readonly binding: ClientRecord['binding']
}

/** All six. */
export const combinations: readonly Combination[] = clientAuthenticationMethods.flatMap((method) => [
  { name: `${method} with DPoP`, method, binding: 'dpop' as const },
  { name: `${method} with certificate-bound tokens`, method, binding: 'certificate' as const },
])

/** Whether a client of this kind has to show a certificate. */
export function usesCertificate({ method, binding }: Omit<Combination, 'name'>): boolean {
  return method !== 'private_key_jwt' || binding === 'certificate'
}

/** What a client does with a DPoP key, or without one. */
export type Possession = client.DPoPOptions

/** Such a client, registered and configured. */
export type Foreign = Combination & {
  readonly clientId: string
  readonly config: client.Configuration
  /** Where it goes, and with what, when nobody says otherwise. */
  readonly usual: Elsewhere
  /** What it said, and was told. */
  readonly exchanges: readonly Exchange[]
  /** Its certificate, also where it needs none. */
  readonly certificate: Party
  /** Another certificate of the same client, as after a renewal. */
  readonly renewed: Party
  /** A DPoP key that was never used, or nothing when tokens are bound to the certificate. */
  readonly possession: () => Promise<Possession>
  /** The same client over connections that show this certificate or none, at this entrance. */
  readonly elsewhere: (change: Elsewhere) => Promise<client.Configuration>
  readonly close: () => void
}

type Elsewhere = {
  readonly certificate: Pick<Party, 'pem' | 'keyPem'> | undefined
  readonly entrance: 'main' | 'mtls'
  /** What it says instead of what it should. */
  readonly authentication?: client.ClientAuth
}

/** What a test asks of a client beyond the combination. */
export type Wishes = {
  readonly record?: Partial<ClientRecord>
  readonly metadata?: Partial<client.ClientMetadata>
}

export const redirectUri = 'https://app.example/callback'
export const afterwards = 'https://app.example/bye'
let count = 0

/** Registers a client, and lets it configure itself from the metadata and nothing else. */
export async function aForeignClient(running: RunningTls, combination: Combination, wishes: Wishes = {}) {
  const { method, binding } = combination
  count += 1
  const id = `${method}.${binding}.${count}`
  const name = `CN=${id},O=Example`
  const issuing = method === 'self_signed_tls_client_auth' ? undefined : running.authority
  const [certificate, renewed] = [aClient(issuing, { name, ...validity }), aClient(issuing, { name, ...validity })]
  const keys = await client.randomDPoPKeyPair('ES256', { extractable: true })
  const known = {
    private_key_jwt: { keys: [parsePublicKey(await crypto.subtle.exportKey('jwk', keys.publicKey), sha256)] },
    tls_client_auth: { certificateName: { kind: 'dn', value: name } },
    self_signed_tls_client_auth: {
      certificates: [certificate, renewed].map((one) => certificateThumbprint(thumbprintOf(one))),
    },
  } as const satisfies Record<ClientAuthenticationMethod, Partial<ClientRecord>>
  await running.register(
    {
      name: `Foreign client ${count}`,
      redirectUris: [redirectUri],
      grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
      scope: ['openid', 'profile', 'offline_access', 'accounts', 'entries'],
      postLogoutRedirectUris: [afterwards],
      authMethod: method,
      binding,
      ...known[method],
      ...wishes.record,
    },
    id,
  )

  const proper = method === 'private_key_jwt' ? client.PrivateKeyJwt(keys.privateKey) : client.TlsClientAuth()
  const transports: Transport[] = []
  const exchanges: Exchange[] = []
  const discover = async ({ certificate: shown, entrance, authentication = proper }: Elsewhere) => {
    const transport = openTransport(
      { ca: running.ca, ...(shown === undefined ? {} : { cert: shown.pem, key: shown.keyPem }) },
      exchanges,
    )
    transports.push(transport)
    const metadata = { ...wishes.metadata, use_mtls_endpoint_aliases: entrance === 'mtls' }
    const config = await client.discovery(new URL(running.issuer), id, metadata, authentication, {
      [client.customFetch]: transport.fetch,
      // The library itself would believe an ID token that came over TLS.
      execute: [client.enableNonRepudiationChecks],
    })
    return config
  }
  const usual = usesCertificate(combination)
    ? ({ certificate, entrance: 'mtls' } as const)
    : ({ certificate: undefined, entrance: 'main' } as const)
  const config = await discover(usual)
  return {
    ...combination,
    clientId: id,
    usual,
    config,
    exchanges,
    certificate,
    renewed,
    possession: async (): Promise<Possession> =>
      binding === 'certificate' ? {} : { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256')) },
    elsewhere: discover,
    close: () => transports.forEach((one) => one.close()),
  } satisfies Foreign
}

/** `x5t#S256` of a certificate, computed here. RFC 8705 §3.1. */
export function thumbprintOf({ der }: Pick<Party, 'der'>): string {
  return createHash('sha256').update(der).digest('base64url')
}

/** What a request asks for beyond its scope. */
export type Ask = {
  readonly scope: string
  readonly parameters?: Readonly<Record<string, string>>
  readonly maxAge?: number
  readonly as?: { readonly username: string; readonly password: string }
}

/** A code that was allowed, on its way back to the client. */
export type Allowed = Outcome & { readonly checks: client.AuthorizationCodeGrantChecks }

/** Pushes a request and lets a person allow it. */
export async function askPerson(foreign: Foreign, browser: Browser, how: Possession, ask: Ask): Promise<Allowed> {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const withOpenid = ask.scope.split(' ').includes('openid')
  const nonce = withOpenid ? client.randomNonce() : undefined
  const url = await client.buildAuthorizationUrlWithPAR(
    foreign.config,
    {
      redirect_uri: redirectUri,
      scope: ask.scope,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      ...(nonce === undefined ? {} : { nonce }),
      ...(ask.maxAge === undefined ? {} : { max_age: String(ask.maxAge) }),
      ...ask.parameters,
    },
    how,
  )
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri'])
  return {
    ...(await browser.allow(url, ask.as)),
    checks: {
      pkceCodeVerifier: verifier,
      expectedState: state,
      ...(nonce === undefined ? {} : { expectedNonce: nonce, idTokenExpected: true }),
      ...(ask.maxAge === undefined ? {} : { maxAge: ask.maxAge }),
    },
  }
}

/** The code exchange. */
export function redeem(foreign: Foreign, { back, checks }: Allowed, how: Possession) {
  return client.authorizationCodeGrant(foreign.config, back, { ...checks }, {}, how)
}

/** From the push to the tokens. */
export async function obtain(foreign: Foreign, browser: Browser, how: Possession, ask: Ask) {
  return redeem(foreign, await askPerson(foreign, browser, how, ask), how)
}

/** Calls an API over the connections of a client. */
export function call(config: client.Configuration, token: string, url: URL, how: Possession): Promise<Response> {
  return client.fetchProtectedResource(config, token, url, 'GET', undefined, undefined, how)
}

/** Authenticates once more by what another request was authenticated by. */
export function sayAgain({ form: sent }: Exchange): client.ClientAuth {
  return (_server, _metadata, form) => {
    for (const [name, value] of sent) if (name.startsWith('client_')) form.set(name, value)
  }
}

/** How a request was turned away: status, error, and the scheme of the challenge where there is one. */
export async function refusal(
  asked: Promise<unknown>,
): Promise<readonly [status: number, error: string | undefined, scheme?: string | undefined]> {
  try {
    await asked
  } catch (error) {
    if (error instanceof client.ResponseBodyError) return [error.status, error.error]
    if (!(error instanceof client.WWWAuthenticateChallengeError)) throw error
    const [challenge] = error.cause
    return [error.status, challenge?.parameters['error'], challenge?.scheme]
  }
  return assert.fail('it was not refused')
}
