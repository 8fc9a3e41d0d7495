/** A client that somebody else wrote, at a server of ours: openid-client, with pushed requests and DPoP. */

import assert from 'node:assert/strict'
import { KeyObject } from 'node:crypto'
import * as client from 'openid-client'
import { parsePublicKey } from '../../src/core/jose.ts'
import { createSigner, sha256 } from '../../src/node/runtime.ts'
import { type Running, type RunningOptions, startRunning } from './running.ts'

type Issued = Awaited<ReturnType<typeof client.authorizationCodeGrant>>

/** A request that was pushed. */
export type Begun = {
  /** What the browser opens. */
  readonly url: string
  /** What the client has in the end, from the address it was called back at. */
  readonly tokens: (back: URL) => Promise<Issued>
  readonly userinfo: (issued: Issued) => Promise<client.UserInfoResponse>
}

/** Pushes a request, with these parameters besides the usual ones. */
export type Begin = (parameters?: Readonly<Record<string, string>>) => Promise<Begun>

/** What a client with this configuration does, each time with a DPoP key of its own. */
export function beginWith(config: client.Configuration, redirectUri: string): Begin {
  return async (parameters = {}) => {
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
    const [verifier, state, nonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()]
    const url = await client.buildAuthorizationUrlWithPAR(
      config,
      {
        redirect_uri: redirectUri,
        scope: 'openid profile',
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
        ...parameters,
      },
      { DPoP },
    )
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
    return {
      url: url.href,
      tokens: (back) => client.authorizationCodeGrant(config, back, checks, {}, { DPoP }),
      userinfo: (issued) => {
        const { sub } = issued.claims() ?? assert.fail('no ID token')
        return client.fetchUserInfo(config, issued.access_token, sub, { DPoP })
      },
    }
  }
}

/** The metadata of a server on a loopback socket, for one client. */
export function discover(
  issuer: string,
  clientId: string,
  key: Parameters<typeof client.PrivateKeyJwt>[0],
): Promise<client.Configuration> {
  return client.discovery(new URL(issuer), clientId, {}, client.PrivateKeyJwt(key), {
    execute: [client.allowInsecureRequests],
  })
}

/** A server that is up, and its one client. */
export async function startWithClient(
  more: RunningOptions = {},
): Promise<{ readonly running: Running; readonly begin: Begin }> {
  const keys = await client.randomDPoPKeyPair('ES256', { extractable: true })
  const key = parsePublicKey(await crypto.subtle.exportKey('jwk', keys.publicKey), sha256)
  const privateKey = KeyObject.from(keys.privateKey)
  const party = { key, privateKey, signer: createSigner(privateKey, 'ES256', undefined) }
  const running = await startRunning(party, more)
  const config = await discover(running.issuer, running.clientId, keys.privateKey)
  return { running, begin: beginWith(config, running.redirect) }
}
