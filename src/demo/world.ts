import {
  type Client,
  createClient,
  generatePrivateJwk,
  nodeClientPorts,
  type PrivateJwk,
  publicJwkOf,
} from '../client/index.ts'
import type { AccessToken } from '../core/access-token.ts'
import type { Audit, Handler, Store } from '../core/ports.ts'
import { listen } from '../node/listener.ts'
import { startReaper } from '../node/reaper.ts'
import { random, sha256, systemClock } from '../node/runtime.ts'
import { createApp } from './app.ts'
import { createDemoServer, demoUser, thievingUser } from './authorization-server.ts'
import { bankName, createGuardedBank } from './guarded-bank.ts'
import { createIncidents, type Incidents } from './incidents.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import { serve } from './serve.ts'

/** The ports to take; 0 takes any free one. */
export type WorldPorts = { readonly server: number; readonly bank: number; readonly app: number }

/** Where people find the demo. */
export const standardPorts: WorldPorts = { server: 4400, bank: 4500, app: 4600 }

/** An application that is registered at the authorization server, with its private key. */
export type Registered = {
  readonly clientId: string
  readonly redirectUri: string
  readonly key: PrivateJwk
}

/** The whole demo, running. */
export type World = {
  readonly issuer: string
  readonly bank: string
  readonly app: string
  readonly incidents: Incidents
  /** What the app sends, as somebody with its logs would have it. */
  readonly recorder: Recorder
  /** The client inside the app. */
  readonly client: Client
  readonly tally: Registered
  /** Another registered application, whose owner is a thief. */
  readonly magpie: Registered
  readonly close: () => Promise<void>
}

/**
 * Starts authorization server, guarded bank and app, each on its own port, and waits until they answer.
 * @throws ListenerUnavailable when a port is taken; nothing is left running then
 */
export async function startWorld(ports: WorldPorts, tell?: Audit): Promise<World> {
  const closers: (() => Promise<void>)[] = []
  const close = async () => {
    // The listeners first, what they work on last.
    for (const end of closers) await end()
  }
  try {
    return { ...(await buildWorld(ports, createIncidents(tell), closers)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function buildWorld(ports: WorldPorts, incidents: Incidents, closers: (() => Promise<void>)[]) {
  // Every address is known before anything that names it is made.
  let answer: Handler = () => Promise.resolve(new Response('starting', { status: 503 }))
  const server = await listen((request, connection) => answer(request, connection), {
    host: 'localhost',
    port: ports.server,
    drainMs: 500,
  })
  closers.push(server.close)
  const bank = await serve({ host: '127.0.0.1', port: ports.bank })
  closers.push(bank.close)
  const app = await serve({ host: '127.0.0.1', port: ports.app })
  closers.push(app.close)

  const tally = register('tally', `${app.url}/callback`)
  const magpie = register('magpie', 'http://127.0.0.1:4700/callback')
  const { audit } = incidents
  const { handler, store } = await createDemoServer({
    issuer: server.url,
    bank: bank.url,
    clients: [registration(tally, 'Tally'), registration(magpie, 'Magpie')],
    audit,
  })
  answer = handler
  closers.push(startReaper({ store, clock: systemClock, onFailure: () => {} }).stop, store.close)
  const standing = standingIn(store)
  const customers = [demoUser.subject, thievingUser.subject]
  const guarded = createGuardedBank({ url: bank.url, issuer: server.url, customers, standing, audit })
  bank.mount((request, env) => guarded.fetch(request, env))

  const { client, recorder } = await createTallyClient(tally, server.url, bank.url)
  const tallyApp = createApp({ client, bankName, issuer: server.url, random, hash: sha256 })
  app.mount((request) => tallyApp.fetch(request))
  return { issuer: server.url, bank: bank.url, app: app.url, incidents, recorder, client, tally, magpie }
}

function register(clientId: string, redirectUri: string): Registered {
  return { clientId, redirectUri, key: generatePrivateJwk() }
}

function registration({ clientId, redirectUri, key }: Registered, name: string) {
  return { clientId, name, redirectUri, scope: ['openid', 'profile', 'accounts'], key: publicJwkOf(key) }
}

/** The guard asks the server's store itself: a revocation counts at the next call. */
function standingIn(store: Store) {
  return async ({ grantRef }: AccessToken): Promise<'live' | 'revoked'> => {
    if (grantRef === undefined) return 'live'
    return (await store.grants.standing(grantRef, systemClock())) === 'live' ? 'live' : 'revoked'
  }
}

async function createTallyClient(tally: Registered, issuer: string, bank: string) {
  const ports = nodeClientPorts({ allowedOrigins: [issuer, bank] })
  const recorder = createRecorder(ports.fetch)
  const { clientId, redirectUri, key } = tally
  const client = await createClient(
    { issuer, resource: bank, clientId, redirectUri, scope: 'openid profile accounts', keys: { assertion: key } },
    { ...ports, fetch: recorder.fetch },
  )
  return { client, recorder }
}
