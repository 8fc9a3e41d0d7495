/** A server of ours in front of four other providers: two of oidc-provider, one that lies, and one that is down. */

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { issuer, Secret } from '../../src/core/names.ts'
import type { UpstreamProvider } from '../../src/core/sign-in-ports.ts'
import { openOutbound } from '../../src/node/outbound.ts'
import { systemClock } from '../../src/node/runtime.ts'
import { openUpstream, type UpstreamConfig } from '../../src/node/upstream.ts'
import { aLyingProvider, liarSecret, type LyingProvider } from '../../src/node/upstream/lying-provider.test-support.ts'
import { type Begin, startWithClient } from './relying-party.ts'
import type { Running } from './running.ts'
import { type KnownAs, type Peer, startPeer } from './upstream-peer.ts'

/** All of it. */
export type UpstreamWorld = {
  readonly running: Running
  readonly begin: Begin
  readonly liar: LyingProvider
  /** The provider called `basic`. */
  readonly basic: Peer
  readonly close: () => Promise<void>
}

const secret = 'a shared secret of 32 characters'
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

/** Starts it; the client has its answers at `redirectUri`, when somebody listens there. */
export async function startUpstreamWorld(redirectUri?: string): Promise<UpstreamWorld> {
  const liar = await aLyingProvider()
  let late: readonly UpstreamProvider[] = []
  const names = ['basic', 'proved', 'liar', 'down'] as const
  // Each provider wants to know our address, and we theirs.
  const standIn = (id: string): UpstreamProvider => {
    const real = () => late.find((one) => one.id === id) ?? assert.fail(id)
    return {
      id,
      name: id,
      acrValues: ['urn:example:gold', 'urn:strongroom:acr:upstream'],
      origins: () => real().origins(),
      begin: (attempt) => real().begin(attempt),
      finish: (attempt, callback) => real().finish(attempt, callback),
    }
  }
  const { running, begin } = await startWithClient({
    upstream: () => names.map(standIn),
    ...(redirectUri === undefined ? {} : { redirectUri }),
  })
  const { providers, basic, proved } = await startProviders(running, liar)
  late = providers
  const close = async () => {
    await running.close()
    await Promise.all([liar, basic, proved].map((one) => one.close()))
  }
  return { running, begin, liar, basic, close }
}

async function startProviders(running: Running, liar: LyingProvider) {
  const redirectUri = (id: string) => `${running.issuer}/upstream/${id}/callback`
  const start = (id: string, known: KnownAs) => startPeer(redirectUri(id), known)
  const basic = await start('basic', { method: 'client_secret_basic', secret })
  const proved = await start('proved', { method: 'private_key_jwt', key })
  const gone = await start('down', { method: 'client_secret_post', secret })
  await gone.close()
  const common = {
    name: 'A provider',
    scope: ['openid', 'profile', 'email'],
    claims: { username: 'preferred_username', name: 'name', email: 'email' },
    acr: { gold: 'urn:example:gold' },
    origins: [],
  } as const
  const bySecret = { method: 'client_secret_basic', secret: new Secret(secret) } as const
  const pem = new Secret(String(key.export({ type: 'pkcs8', format: 'pem' })))
  const byKey = { method: 'private_key_jwt', key: pem, keyId: undefined } as const
  const configured: readonly (readonly [string, string, string, UpstreamConfig['authentication']])[] = [
    ['basic', basic.issuer, basic.clientId, bySecret],
    ['proved', proved.issuer, proved.clientId, byKey],
    ['liar', liar.issuer, 'us', { method: 'client_secret_basic', secret: new Secret(liarSecret) }],
    ['down', gone.issuer, gone.clientId, bySecret],
  ]
  const providers = openUpstream(
    configured.map(([id, at, clientId, authentication]) => ({
      ...common,
      id,
      issuer: issuer(at),
      clientId,
      authentication,
      redirectUri: redirectUri(id),
    })),
    openOutbound(() => Promise.resolve()),
    { clock: systemClock, onTrouble: () => {} },
  )
  return { providers, basic, proved }
}
