/** The real thing on loopback sockets: an authorization server on SQLite, and a guarded API. */

import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPages } from '../../src/console/index.ts'
import type { Look } from '../../src/console/look.ts'
import type { DetailType } from '../../src/core/authorization-details.ts'
import { clientDefaults } from '../../src/core/client.ts'
import {
  clientId,
  type Issuer,
  issuer,
  numericDate,
  resourceIdentifier,
  Secret,
  subject,
  username,
} from '../../src/core/names.ts'
import type { AuditEvent, Handler } from '../../src/core/ports.ts'
import type { UpstreamProvider } from '../../src/core/sign-in-ports.ts'
import { signingAlgorithms, standardLifetimes, standardLimits } from '../../src/core/profile.ts'
import { createGuard, type GuardEnv, honoGuard, nodeGuardPorts, parseGuardPolicy } from '../../src/guard/index.ts'
import { openSigningKeys } from '../../src/node/keys.ts'
import { listen } from '../../src/node/listener.ts'
import { plainPorts } from '../../src/node/plain-ports.ts'
import { createPasswords } from '../../src/node/passwords.ts'
import { createMac, createVerifier, random, sha256, systemClock } from '../../src/node/runtime.ts'
import { createWebAuthn } from '../../src/node/web-authn.ts'
import { createServer } from '../../src/server/index.ts'
import { openSqliteStore } from '../../src/stores/sql/index.ts'
import type { TestClient } from '../flow/parties.ts'
import { observeResponse } from '../observations.ts'
import { csrfIn, openWebBrowser } from './web-browser.ts'

/** What is running. */
export type Running = Awaited<ReturnType<typeof startRunning>>

const nowhere = 'http://127.0.0.1:9/callback'

/** What else there is. */
export type RunningOptions = {
  /** Other providers, for the server under this issuer. */
  readonly upstream?: (issuer: Issuer) => readonly UpstreamProvider[]
  /** Where the client gets its answers, when somebody listens there. */
  readonly redirectUri?: string
  /** What the API declares, and the client may ask for. RFC 9396 §2. */
  readonly detailTypes?: readonly DetailType[]
  readonly look?: Look
  readonly passkeys?: 'offered'
}

/** Starts server and API on free ports, with one person (alice) and one client. */
export async function startRunning(client: Omit<TestClient, 'clientId'>, more: RunningOptions = {}) {
  const { redirectUri: redirect = nowhere, detailTypes = [] } = more
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-test-'))
  const store = await openSqliteStore({ path: join(folder, 'state.db'), clock: systemClock, hash: sha256 })
  const events: AuditEvent[] = []
  const audit = (event: AuditEvent) => events.push(event)

  // The port is known before the issuer can be.
  let handler: Handler = () => Promise.resolve(new Response(null, { status: 503 }))
  const answer: Handler = async (request, connection) => observeResponse(await handler(request, connection), events)
  const listener = await listen(answer, { host: '127.0.0.1', port: 0 })
  const bank = await startBank(issuer(`http://localhost:${listener.port}`), store.grants.standing, events)
  const theIssuer = issuer(`http://localhost:${listener.port}`)
  const passwords = createPasswords()
  handler = createServer(
    {
      issuer: theIssuer,
      apis: [
        {
          resource: bank.resource,
          name: 'Bank',
          scopes: [{ name: 'accounts', description: 'See your accounts' }],
          detailTypes: detailTypes.map((type) => ({ ...type, resource: bank.resource })),
        },
      ],
      lifetimes: standardLifetimes,
      limits: standardLimits,
      mutualTlsOrigin: undefined,
      signInApp: undefined,
      passwordSignIn: 'offered',
      demoUser: undefined,
    },
    {
      store,
      clock: systemClock,
      random,
      hash: sha256,
      mac: createMac(),
      verify: createVerifier({ cacheSize: 1000 }),
      keys: await openSigningKeys({
        store: store.keys,
        sealing: new Secret(Buffer.alloc(32, 7).toString('base64url')),
        algorithms: signingAlgorithms,
        clock: systemClock,
        random,
        hash: sha256,
      }),
      passwords,
      audit,
      pages: createPages(more.look),
      ...plainPorts(),
      webAuthn: more.passkeys === undefined ? undefined : createWebAuthn({ issuer: theIssuer, name: 'A test' }),
      upstream: more.upstream?.(theIssuer) ?? [],
    },
  )
  await store.users.add({
    subject: subject('alice-subject'),
    username: username('alice'),
    passwordHash: await passwords.hash('correct horse'),
    upstream: undefined,
    status: 'active',
    notBefore: numericDate(0),
    createdAt: systemClock(),
    claims: { name: 'Alice Example' },
  })
  await store.clients.add({
    ...clientDefaults,
    clientId: clientId('foreign-client'),
    name: 'A foreign client',
    redirectUris: [redirect],
    grantTypes: ['authorization_code', 'client_credentials'],
    scope: ['openid', 'profile', 'accounts'],
    authorizationDetailTypes: detailTypes.map(({ type }) => type),
    keys: [client.key],
    notBefore: numericDate(0),
    createdAt: systemClock(),
  })
  return {
    issuer: theIssuer,
    api: bank.resource,
    redirect,
    clientId: 'foreign-client',
    events,
    store,
    close: async () => {
      await bank.close()
      await listener.close()
      await store.close()
      await rm(folder, { recursive: true })
    },
  }
}

type Standing = Awaited<ReturnType<typeof openSqliteStore>>['grants']['standing']

async function startBank(trusted: ReturnType<typeof issuer>, standing: Standing, events: AuditEvent[]) {
  let app = new Hono<GuardEnv>()
  const server = serve({ fetch: (request, env) => app.fetch(request, env), hostname: '127.0.0.1', port: 0 })
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const policy = parseGuardPolicy({
    resource: url,
    name: 'Bank',
    publicUrl: url,
    issuers: [trusted],
    routes: [{ methods: ['GET'], path: '/accounts', scope: ['accounts'], speaksFor: 'person' }],
  })
  const ports = nodeGuardPorts({
    issuers: [trusted],
    audit: (event) => events.push(event),
    standing: async ({ grantRef }) =>
      grantRef === undefined || (await standing(grantRef, systemClock())) === 'live' ? 'live' : 'revoked',
  })
  app = new Hono<GuardEnv>()
  app.use(async (c, next) => {
    await next()
    await observeResponse(c.res, events)
  })
  app.use(honoGuard(createGuard(policy, ports)))
  app.get('/accounts', (c) => c.json({ of: c.get('access').token.subject }))
  return {
    resource: resourceIdentifier(url),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}

/** Signs alice in and allows, in a browser that has no script. Returns where it is sent back to. */
export async function allowInBrowser(authorizationUrl: string): Promise<URL> {
  const browser = openWebBrowser(nowhere)
  const signIn = await browser.go(authorizationUrl)
  const alice = { csrf: csrfIn(signIn), username: 'alice', password: 'correct horse' }
  const consent = await browser.go(`${signIn.url.href}/sign-in`, alice)
  // Who allowed as much before is sent straight back.
  if (consent.url.href.startsWith(nowhere)) return consent.url
  return (await browser.go(`${consent.url.href}/consent`, { csrf: csrfIn(consent), decision: 'allow' })).url
}
