import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, nodeClientPorts } from '../client/index.ts'
import type { AccessToken } from '../core/access-token.ts'
import type { Handler, Store } from '../core/ports.ts'
import { createEgress, type EgressTls } from '../node/egress.ts'
import { listen, type ListenOptions } from '../node/listener.ts'
import { startReaper } from '../node/reaper.ts'
import { random, sha256, systemClock } from '../node/runtime.ts'
import { openTrustAnchors } from '../node/tls/trust-anchors.ts'
import { createApp } from './app.ts'
import type { BrowserSessions } from './app-sessions.ts'
import { createDemoServer, demoUser, thievingUser } from './authorization-server.ts'
import { type Certificates, makeCertificates } from './certificates.ts'
import { bankName, createGuardedBank } from './guarded-bank.ts'
import { createHeist } from './heist/heist.ts'
import { createIncidents, type Incident, type Incidents } from './incidents.ts'
import { createMachine, machineId } from './machine.ts'
import { createRecorder } from './recorder.ts'
import {
  applicationRecord,
  machineRecord,
  newCredentials,
  type Registered,
  resourceServerRecord,
} from './registrations.ts'
import { type Served, serve } from './serve.ts'
import type { Stage } from './stage.ts'
import { createStatements } from './statements.ts'
import { continued, type Sender } from './trace.ts'

/** The ports to take; 0 takes any free one. */
export type WorldPorts = {
  readonly server: number
  /** The second entrance of the server, for clients with certificates. */
  readonly mtls: number
  readonly bank: number
  /** The bank's statements for machines. */
  readonly statements: number
  readonly app: number
}

/** Where people find the demo. */
export const standardPorts: WorldPorts = { server: 4400, mtls: 4443, bank: 4500, statements: 4543, app: 4600 }

/** Any free ones. */
export const anyPorts: WorldPorts = { server: 0, mtls: 0, bank: 0, statements: 0, app: 0 }

/** The whole demo, running. */
export type World = Stage & { readonly close: () => Promise<void> }

/**
 * Starts authorization server, guarded APIs and app, each on its own port, and waits until they answer.
 * @throws ListenerUnavailable when a port is taken; nothing is left running then
 */
export async function startWorld(ports: WorldPorts, tell?: (incident: Incident) => void): Promise<World> {
  const closers: (() => Promise<void>)[] = []
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-demo-'))
  const close = async () => {
    // The listeners first, what they work on last.
    for (const end of closers) await end()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const certificates = makeCertificates(folder)
    const doors = await openDoors(ports, certificates, closers)
    return { ...(await furnish(doors, certificates, createIncidents(tell), closers)), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A port that is taken, in front of a handler that may come later. */
type Door = { readonly url: string; readonly mount: (handler: Handler) => void }

type Doors = {
  readonly server: Door
  readonly mtls: Door
  readonly bank: Served
  readonly statements: Door
  readonly app: Served
}

/** Every address is known before anything that names it is made. */
async function openDoors(
  ports: WorldPorts,
  { server: files }: Certificates,
  closers: (() => Promise<void>)[],
): Promise<Doors> {
  const open = async (port: number, how: Pick<ListenOptions, 'tls' | 'entrance'>): Promise<Door> => {
    let answer: Handler = () => Promise.resolve(new Response('starting', { status: 503 }))
    const options = { ...how, host: 'localhost', port, drainMs: 500 }
    const { url, close } = await listen((request, connection) => answer(request, connection), options)
    closers.push(close)
    return { url, mount: (handler) => (answer = handler) }
  }
  const openPlain = async (port: number): Promise<Served> => {
    const served = await serve({ host: '127.0.0.1', port })
    closers.push(served.close)
    return served
  }
  const tls = { ...files, minVersion: 'TLSv1.3', clientCertificates: 'requested' } as const
  return {
    server: await open(ports.server, {}),
    mtls: await open(ports.mtls, { tls, entrance: 'mtls' }),
    bank: await openPlain(ports.bank),
    statements: await open(ports.statements, { tls }),
    app: await openPlain(ports.app),
  }
}

async function furnish(
  { server, mtls, bank, statements, app }: Doors,
  certificates: Certificates,
  incidents: Incidents,
  closers: (() => Promise<void>)[],
): Promise<Stage> {
  const tally = { ...newCredentials('tally'), redirectUri: `${app.url}/callback` }
  const magpie = { ...newCredentials('magpie'), redirectUri: 'http://127.0.0.1:4700/callback' }
  const bankServer = newCredentials('brass-bank')
  const { audit, raise } = incidents
  const urls = { issuer: server.url, mtls: mtls.url, bank: bank.url, statements: statements.url }
  const { handler, store, close } = await createDemoServer({
    ...urls,
    trustAnchors: await openTrustAnchors({ source: { pem: certificates.authority } }),
    clients: [
      applicationRecord(tally, 'Tally'),
      applicationRecord(magpie, 'Magpie'),
      resourceServerRecord(bankServer, bankName, bank.url),
      machineRecord(machineId, 'Ledger'),
    ],
    audit,
    raise,
  })
  server.mount(handler)
  mtls.mount(handler)
  closers.push(startReaper({ store, clock: systemClock, onFailure: () => {} }).stop, close)

  const customers = [demoUser.subject, thievingUser.subject]
  const standing = standingIn(store)
  const guarded = createGuardedBank({ url: bank.url, issuer: server.url, customers, standing, audit })
  bank.mount((request, env) => guarded.fetch(request, env))
  statements.mount(createStatements({ url: statements.url, issuer: server.url, audit }))

  const { client, recorder } = await createTallyClient(tally, server.url, bank.url)
  const machine = await createMachine({ ...urls, certificates })
  const sender = (tls: EgressTls): Sender =>
    createEgress({ allowedOrigins: [mtls.url, statements.url], timeoutMs: 5_000, maxBytes: 65_536, tls }).fetch
  const overTls = { nobody: sender(certificates.nobody), thief: sender(certificates.thief) }
  const parties = { client, recorder, tally, magpie, bankServer, machine }
  const stage: Stage = { ...urls, ...parties, app: app.url, incidents, certificates, overTls }
  mountApp(stage, app)
  return stage
}

/** The app, with a page for thieves; what it sends belongs to the trace of the request that made it send. */
function mountApp(stage: Stage, { mount }: Served): void {
  const { client, issuer } = stage
  const heist = (sessions: BrowserSessions) => createHeist({ stage, sessions })
  const app = createApp({ client, bankName, issuer, random, hash: sha256, heist })
  mount((request) => continued(request.headers.get('traceparent'), () => app.fetch(request)))
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
  const recorder = createRecorder('app', ports.fetch)
  const { clientId, redirectUri, key } = tally
  const scope = 'openid profile accounts offline_access'
  const client = await createClient(
    { issuer, resource: bank, clientId, redirectUri, scope, keys: { assertion: key } },
    { ...ports, fetch: recorder.fetch },
  )
  return { client, recorder }
}
