/**
 * The real thing over TLS that ends here: an authorization server on SQLite with two entrances, of which one asks for
 * client certificates, and two guarded APIs, one behind our listener and one behind a server of Node.
 */

import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttps } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPages } from '../../src/console/index.ts'
import { parseDistinguishedName } from '../../src/core/distinguished-name.ts'
import { clientDefaults, type ClientRecord } from '../../src/core/client.ts'
import {
  clientId,
  type Issuer,
  issuer,
  numericDate,
  type ResourceIdentifier,
  resourceIdentifier,
  Secret,
  subject,
  username,
} from '../../src/core/names.ts'
import type { AuditEvent, Handler, Store } from '../../src/core/ports.ts'
import { signingAlgorithms, standardLifetimes, standardLimits } from '../../src/core/profile.ts'
import {
  createGuard,
  type Guard,
  type GuardEnv,
  honoGuard,
  nodeGuardPorts,
  parseGuardPolicy,
} from '../../src/guard/index.ts'
import { createEgress } from '../../src/node/egress.ts'
import { openSigningKeys } from '../../src/node/keys.ts'
import { listen, type Listener } from '../../src/node/listener.ts'
import { createPasswords } from '../../src/node/passwords.ts'
import { plainPorts } from '../../src/node/plain-ports.ts'
import { createMac, createVerifier, random, sha256, systemClock } from '../../src/node/runtime.ts'
import { developmentFiles, makeDevelopmentCa } from '../../src/node/tls/development-ca.ts'
import { aRoot, type Party } from '../../src/node/tls/pki.test-support.ts'
import type { ServerTls } from '../../src/node/tls/server-certificate.ts'
import { openTrustAnchors } from '../../src/node/tls/trust-anchors.ts'
import { createServer } from '../../src/server/index.ts'
import { openSqliteStore } from '../../src/stores/sql/index.ts'
import { observeResponse } from '../observations.ts'
import { alice } from './browser.ts'

/** What is running. */
export type RunningTls = Awaited<ReturnType<typeof startOverTls>>

/** The certificates of one machine: those of a development CA, and a CA that issues certificates for clients. */
type Site = {
  readonly folder: string
  /** Whom everybody here believes about servers. */
  readonly ca: string
  /** Issues certificates for clients. */
  readonly authority: Party
  readonly tls: (clientCertificates: ServerTls['clientCertificates']) => ServerTls
  readonly anchors: readonly string[]
  /** What the development CA issued: a certificate for a client, and the one of the server itself. */
  readonly development: Readonly<Record<'client' | 'server', Pick<Party, 'pem' | 'keyPem'>>>
}

/** Anything issued here is valid while a test runs. */
export const validity = { notBefore: systemClock() - 300, notAfter: systemClock() + 86_400 } as const

/** The name in the certificate that the development CA issues for a client. */
export const developmentName = 'CN=development,O=Strongroom'

function makeSite(): Site {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-tls-'))
  const file = (name: string) => join(folder, name)
  makeDevelopmentCa({
    directory: folder,
    clientSubject: parseDistinguishedName(developmentName),
    existing: 'replace',
    clock: systemClock,
    random,
  })
  const authority = aRoot({ name: 'CN=clients', ...validity })
  writeFileSync(file('clients.pem'), authority.pem)
  const { ca, serverCertificate, serverKey, clientCertificate, clientKey } = developmentFiles
  return {
    folder,
    ca: readFileSync(file(ca), 'utf8'),
    authority,
    tls: (clientCertificates) => ({
      certificate: file(serverCertificate),
      key: file(serverKey),
      minVersion: 'TLSv1.2',
      clientCertificates,
    }),
    anchors: [file(ca), file('clients.pem')],
    development: {
      client: pairOf(file(clientCertificate), file(clientKey)),
      server: pairOf(file(serverCertificate), file(serverKey)),
    },
  }
}

function pairOf(certificate: string, key: string): Pick<Party, 'pem' | 'keyPem'> {
  return { pem: readFileSync(certificate, 'utf8'), keyPem: readFileSync(key, 'utf8') }
}

/** Starts everything on free ports, with alice and bob, and no client yet. */
export async function startOverTls() {
  const site = makeSite()
  const events: AuditEvent[] = []
  let server: Handler = () => Promise.resolve(new Response(null, { status: 503 }))
  const handler: Handler = async (request, connection) => observeResponse(await server(request, connection), events)
  const open = (port: number, entrance: 'main' | 'mtls') =>
    listen(handler, {
      host: '127.0.0.1',
      port,
      entrance,
      tls: site.tls(entrance === 'mtls' ? 'requested' : 'none'),
      drainMs: 100,
    })
  let entrances = await Promise.all([open(0, 'main'), open(0, 'mtls')])
  const [{ port: main }, { port: mtls }] = entrances
  const theIssuer = issuer(`https://localhost:${main}`)
  const mutualTlsOrigin = `https://localhost:${mtls}`

  let store = await openStore(site)
  const trust = { site, events, issuer: theIssuer, store: () => store }
  const apis = [await startBank(trust), await startLedger(trust)] as const
  const resources = apis.map(({ resource }) => resource)
  const assembled = async () => assemble({ site, events, store, issuer: theIssuer, mutualTlsOrigin, resources })
  server = await assembled()
  await addPeople(store)
  return {
    issuer: theIssuer,
    mutualTlsOrigin,
    ca: site.ca,
    authority: site.authority,
    development: site.development,
    bank: apis[0].resource,
    ledger: apis[1].resource,
    events,
    /** Registers a client. */
    register: (record: Partial<ClientRecord> & Pick<ClientRecord, 'name'>, id: string) =>
      store.clients.add({
        ...clientDefaults,
        grantTypes: [],
        scope: [],
        notBefore: numericDate(0),
        createdAt: systemClock(),
        ...record,
        clientId: clientId(id),
      }),
    /** Stops the authorization server, and starts another process on the same database and ports, as it were. */
    restart: async () => {
      await Promise.all(entrances.map((listener) => listener.close()))
      await store.close()
      store = await openStore(site)
      server = await assembled()
      entrances = await Promise.all([open(main, 'main'), open(mtls, 'mtls')])
    },
    close: async () => {
      await Promise.all([...apis, ...entrances].map((one) => one.close()))
      await store.close()
      rmSync(site.folder, { recursive: true })
    },
  }
}

function openStore({ folder }: Site) {
  return openSqliteStore({ path: join(folder, 'state.db'), clock: systemClock, hash: sha256 })
}

type Authority = {
  readonly site: Site
  readonly events: AuditEvent[]
  readonly store: Store
  readonly issuer: Issuer
  readonly mutualTlsOrigin: string
  readonly resources: readonly ResourceIdentifier[]
}

const scopes = ['accounts', 'entries'] as const

async function assemble({
  site,
  events,
  store,
  issuer: ours,
  mutualTlsOrigin,
  resources,
}: Authority): Promise<Handler> {
  const sealing = new Secret(Buffer.alloc(32, 7).toString('base64url'))
  const ambient = { clock: systemClock, random, hash: sha256 } as const
  return createServer(
    {
      issuer: ours,
      apis: resources.map((resource, index) => ({
        resource,
        name: `API ${index}`,
        scopes: scopes.slice(index, index + 1).map((name) => ({ name, description: `See your ${name}` })),
      })),
      lifetimes: standardLifetimes,
      limits: standardLimits,
      mutualTlsOrigin,
      signInApp: undefined,
      passwordSignIn: 'offered',
      demoUser: undefined,
    },
    {
      ...plainPorts(),
      ...ambient,
      store,
      mac: createMac(),
      verify: createVerifier({ cacheSize: 1000 }),
      keys: await openSigningKeys({ ...ambient, store: store.keys, sealing, algorithms: signingAlgorithms }),
      passwords: createPasswords(),
      trustAnchors: await openTrustAnchors({ source: { files: site.anchors } }),
      pairwise: createMac(Buffer.alloc(32, 9)),
      audit: (event) => events.push(event),
      pages: createPages(),
    },
  )
}

/** Alice, and Bob who has the same password. */
async function addPeople({ users }: Store): Promise<void> {
  const passwordHash = await createPasswords().hash(alice.password)
  for (const name of ['alice', 'bob']) {
    await users.add({
      subject: subject(`${name}-subject`),
      username: username(name),
      passwordHash,
      upstream: undefined,
      status: 'active',
      notBefore: numericDate(0),
      createdAt: systemClock(),
      claims: { name: `${name} example`, email: `${name}@example.com` },
    })
  }
}

type Trusted = {
  readonly site: Site
  readonly events: AuditEvent[]
  readonly issuer: Issuer
  readonly store: () => Store
}

function guardAt(
  url: string,
  scope: (typeof scopes)[number],
  { site, events, issuer: trusted, store }: Trusted,
): Guard {
  const policy = parseGuardPolicy({
    resource: url,
    name: scope,
    publicUrl: url,
    issuers: [trusted],
    certificateBoundTokens: 'accepted',
    routes: [
      { methods: ['GET'], path: `/${scope}`, scope: [scope], speaksFor: 'person' },
      { methods: ['GET'], path: '/rates', scope: [scope], speaksFor: 'anyone' },
    ],
  })
  const egress = createEgress({
    allowedOrigins: [trusted],
    timeoutMs: 5_000,
    maxBytes: 262_144,
    tls: { ca: site.ca },
  })
  return createGuard(policy, {
    ...nodeGuardPorts({
      issuers: [trusted],
      audit: (event) => events.push(event),
      standing: async ({ jti, grantRef, clientId: holder, issuedAt }) => {
        const known = { jti: sha256(jti), grantRef, clientId: holder, issuedAt }
        return (await store().tokens.standing(known, systemClock())) === 'live' ? 'live' : 'revoked'
      },
    }),
    fetchJson: egress.fetchJson,
  })
}

type RunningApi = { readonly resource: ResourceIdentifier; readonly close: () => Promise<void> }

/** An API that puts the guard straight behind our listener. */
async function startBank(trusted: Trusted): Promise<RunningApi> {
  let answer: Handler = () => Promise.resolve(new Response(null, { status: 503 }))
  const tls = trusted.site.tls('requested')
  const listener: Listener = await listen(
    async (request, connection) => observeResponse(await answer(request, connection), trusted.events),
    { host: '127.0.0.1', port: 0, tls, drainMs: 100 },
  )
  const url = `https://localhost:${listener.port}`
  const guard = guardAt(url, 'accounts', trusted)
  answer = async (request, connection) => {
    const document = guard.wellKnown(request, connection)
    if (document !== undefined) return document
    const verdict = await guard(request, connection)
    if (verdict.kind === 'refusal') return verdict.response
    return Response.json({ of: verdict.token.subject }, { headers: verdict.headers })
  }
  return { resource: resourceIdentifier(url), close: listener.close }
}

/** An API on Hono, which reads the certificate from the socket of Node. */
async function startLedger(trusted: Trusted): Promise<RunningApi> {
  let app = new Hono<GuardEnv>()
  const { certificate, key } = trusted.site.tls('requested')
  const server = serve({
    fetch: (request, env) => app.fetch(request, env),
    createServer: createHttps,
    serverOptions: {
      cert: readFileSync(certificate),
      key: readFileSync(key),
      requestCert: true,
      rejectUnauthorized: false,
    },
    hostname: '127.0.0.1',
    port: 0,
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const url = `https://localhost:${typeof address === 'object' && address !== null ? address.port : 0}`
  app = new Hono<GuardEnv>()
  app.use(async (c, next) => {
    await next()
    await observeResponse(c.res, trusted.events)
  })
  app.use(honoGuard(guardAt(url, 'entries', trusted)))
  app.get('/entries', (c) => c.json({ of: c.get('access').token.subject }))
  app.get('/rates', (c) => c.json({ of: c.get('access').token.subject }))
  return {
    resource: resourceIdentifier(url),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}
