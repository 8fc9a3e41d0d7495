/**
 * An authorization server in this process, with a clock that stands still until told otherwise. Every answer is held
 * against what must hold of all answers: see `invariants.ts`.
 */

import type { ClientCertificate } from '../../src/core/certificate.ts'
import { createPages } from '../../src/console/index.ts'
import { clientDefaults, type ClientRecord, type GrantType } from '../../src/core/client.ts'
import {
  clientId,
  issuer,
  isJsonObject,
  numericDate,
  type ResourceIdentifier,
  resourceIdentifier,
  subject,
  username,
} from '../../src/core/names.ts'
import type { EventSource } from '../../src/core/events.ts'
import type { AuditEvent, Clock, Connection, Handler, Mac, Passwords, Random, Store } from '../../src/core/ports.ts'
import { type Lifetimes, standardLifetimes } from '../../src/core/profile.ts'
import { plainPorts } from '../../src/node/plain-ports.ts'
import { createMac, createVerifier, random, sha256 } from '../../src/node/runtime.ts'
import { createWebAuthn } from '../../src/node/web-authn.ts'
import { createServer, type ServerConfig, type ServerPorts } from '../../src/server/index.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { observeAnswer } from '../observations.ts'
import { archiveDetailTypes, bankDetailTypes, detailTypeNames } from './detail-types.ts'
import { checkAnswer, checkTrail } from './invariants.ts'
import { aParty, type Party, type TestClient } from './parties.ts'
import { recordWrites, withWrites } from './recorder.ts'
import type { Reply } from './reply.ts'

export type { Reply } from './reply.ts'

export const theIssuer = issuer('https://as.example')
export const theBank = resourceIdentifier('https://bank.example')
export const theArchive = resourceIdentifier('https://archive.example/v1')
export const redirectUri = 'https://app.example/callback'

/** Where the endpoints are. */
export const urls = {
  par: `${theIssuer}/par`,
  token: `${theIssuer}/token`,
  introspect: `${theIssuer}/introspect`,
  revoke: `${theIssuer}/revoke`,
  userinfo: `${theIssuer}/userinfo`,
} as const

/** Fast and honest about it: the real argon2id is tested where it lives. */
const plainPasswords: Passwords = {
  hash: (password) => Promise.resolve(`plain:${password}`),
  verify: (password, hash) => Promise.resolve(hash === `plain:${password}`),
}

/** What is sent. */
export type Sent = {
  readonly headers?: readonly (readonly [string, string])[]
  /** Form parameters in order, repeats allowed. */
  readonly form?: readonly (readonly [string, string])[]
  /** A body as it is; `aborted` breaks off. */
  readonly body?: Uint8Array | string | { readonly aborted: true }
  /** Where the request comes from. */
  readonly from?: string
  readonly entrance?: Connection['entrance']
  readonly certificate?: ClientCertificate
  readonly certificateTrouble?: Connection['certificateTrouble']
  /** What happens between the headers and the last byte of the body. */
  readonly meanwhile?: () => void
}

/** What a test may decide about its world. */
export type WorldOptions = {
  readonly store?: (clock: Clock) => Promise<Store>
  readonly random?: Random
  readonly mac?: Mac
  readonly lifetimes?: Partial<Lifetimes>
  readonly serverKeys?: readonly Party[]
  readonly clientKey?: Party
  readonly passwords?: Passwords
  /** What else is configured, or comes from elsewhere. */
  readonly config?: Partial<ServerConfig>
  readonly ports?: Partial<ServerPorts>
}

/** A server to talk to. */
export type World = Awaited<ReturnType<typeof aWorld>>

// Keys are dear and never change what a test shows: one set for each test file.
const serverKeys = [aParty('ES256', 'es'), aParty('PS256', 'ps'), aParty('EdDSA', 'ed')]
const clientKey = aParty('ES256', 'c1')
const otherClientKey = aParty('EdDSA', 'c2')
const bankKey = aParty('ES256', 'b1')
const archiveKey = aParty('ES256', 'b2')

/** Time stands still in a test, so that no bucket ever fills up again: tests of the limits set their own. */
const noLimits = { perClientPerMinute: 10_000_000, perAddressPerMinute: 10_000_000 } as const

/** The instant at which every world begins. */
export const dawn = 1_800_000_000

/** Starts a server with two APIs and their resource servers, a person, and two registered clients. */
export async function aWorld(options: WorldOptions = {}) {
  let now = dawn
  const clock = () => numericDate(now)
  const bare = (await options.store?.(clock)) ?? createMemoryStore({ clock, epoch: numericDate(now - 3600) })
  const store = recordWrites(bare)
  const events: AuditEvent[] = []
  const raised: EventSource[] = []
  const keys = options.serverKeys ?? serverKeys
  const handler = createServer(
    {
      issuer: theIssuer,
      apis: [
        {
          resource: theBank,
          name: 'Demo Bank',
          scopes: [
            { name: 'accounts', description: 'See your accounts' },
            { name: 'payments', description: 'Start payments' },
          ],
          detailTypes: bankDetailTypes,
        },
        {
          resource: theArchive,
          name: 'Archive',
          scopes: [{ name: 'archive', description: 'Read your archive' }],
          detailTypes: archiveDetailTypes,
        },
      ],
      lifetimes: { ...standardLifetimes, ...options.lifetimes },
      limits: noLimits,
      mutualTlsOrigin: undefined,
      signInApp: undefined,
      passwordSignIn: 'offered',
      demoUser: undefined,
      ...options.config,
    },
    {
      store,
      clock,
      random: options.random ?? random,
      hash: sha256,
      mac: options.mac ?? createMac(),
      verify: createVerifier({ cacheSize: 100 }),
      keys: {
        signer: (alg) => keys.find(({ signer }) => signer.alg === alg)?.signer,
        published: () => keys.map(({ key }) => key),
      },
      passwords: options.passwords ?? plainPasswords,
      audit: (event) => events.push(event),
      pages: createPages(),
      ...plainPorts(),
      webAuthn: createWebAuthn({ issuer: theIssuer, name: 'Strongroom' }),
      ...options.ports,
      raise: async (event) => {
        raised.push(event)
        await options.ports?.raise?.(event)
      },
    },
  )
  const client = await register(bare, options.clientKey ?? clientKey, 'client-a')
  const otherClient = await register(bare, otherClientKey, 'client-b')
  const bankServer = await registerResourceServer(bare, bankKey, 'bank-server', theBank)
  const archiveServer = await registerResourceServer(bare, archiveKey, 'archive-server', theArchive)
  await addPerson(bare, 'alice', { name: 'Alice Example', email: 'alice@example.org' })
  return {
    store: bare,
    events,
    /** What went to the trail of security events. */
    raised,
    client,
    otherClient,
    /** The resource servers of the two APIs. */
    bankServer,
    archiveServer,
    handler,
    serverKeys: keys,
    /** What the test's own parties draw from. */
    random: options.random ?? random,
    /** The nonces its clients hold, by key and minute. */
    nonces: new Map<string, string>(),
    now: clock,
    /** Lets time pass, in seconds. */
    wait: (span: number) => {
      now += span
    },
    send: (method: string, target: string, sent: Sent = {}) => send(handler, { events, raised }, method, target, sent),
  }
}

/** A person whose password is `correct horse`. */
export async function addPerson(store: Store, name: string, claims: { name?: string; email?: string } = {}) {
  await store.users.add({
    subject: subject(`user-${name}`),
    username: username(name),
    passwordHash: 'plain:correct horse',
    upstream: undefined,
    status: 'active',
    notBefore: numericDate(0),
    createdAt: numericDate(dawn - 1000),
    claims,
  })
}

/** Registers a client. */
export async function register(
  store: Store,
  party: Party,
  name: string,
  changes: Partial<ClientRecord> = {},
): Promise<TestClient> {
  const grantTypes: readonly GrantType[] = ['authorization_code', 'client_credentials', 'refresh_token']
  await store.clients.add({
    ...clientDefaults,
    clientId: clientId(name),
    name: `The ${name}`,
    redirectUris: [redirectUri],
    grantTypes,
    scope: ['openid', 'profile', 'email', 'offline_access', 'accounts', 'payments', 'archive'],
    authorizationDetailTypes: detailTypeNames,
    keys: [party.key],
    notBefore: numericDate(0),
    createdAt: numericDate(1_799_000_000),
    ...changes,
  })
  return { ...party, clientId: clientId(name) }
}

/** Registers a resource server: it asks about tokens for its API and does nothing else. */
export function registerResourceServer(
  store: Store,
  party: Party,
  name: string,
  resource: ResourceIdentifier,
  changes: Partial<ClientRecord> = {},
): Promise<TestClient> {
  const role = { kind: 'resource_server', resource } as const
  return register(store, party, name, { redirectUris: [], grantTypes: [], scope: [], role, ...changes })
}

/**
 * Changes a registered client behind the server's back. The store has no verb for it yet; the memory store hands out
 * its own records.
 */
export async function alter(world: World, { clientId: id }: TestClient, changes: Partial<ClientRecord>): Promise<void> {
  Object.assign((await world.store.clients.find(id)) ?? {}, changes)
}

/** Form text as browsers write it. */
export function formText(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
}

function connectionOf(
  target: string,
  { form, body: given, headers = [], from = '192.0.2.7', meanwhile, ...sent }: Sent,
): Connection {
  const body = given ?? (form === undefined ? new Uint8Array() : formText(form))
  const type: readonly (readonly [string, string])[] =
    form === undefined ? [] : [['content-type', 'application/x-www-form-urlencoded']]
  return {
    peerAddress: from,
    headers: [...type, ...headers],
    target,
    entrance: sent.entrance ?? 'main',
    certificate: sent.certificate,
    certificateTrouble: sent.certificateTrouble,
    readBody: (most) => {
      meanwhile?.()
      if (typeof body === 'object' && 'aborted' in body) return Promise.resolve('aborted')
      const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
      return Promise.resolve(bytes.length > most ? 'too_large' : bytes)
    },
  }
}

async function send(
  handler: Handler,
  { events, raised }: { readonly events: readonly AuditEvent[]; readonly raised: readonly EventSource[] },
  method: string,
  target: string,
  sent: Sent,
): Promise<Reply> {
  const request = new Request(new URL(target, theIssuer), { method })
  const { answer: response, writes } = await withWrites(() => handler(request, connectionOf(target, sent)))
  const text = await response.text()
  const parsed: unknown =
    response.headers.get('content-type')?.includes('json') === true ? JSON.parse(text || '{}') : {}
  const id = response.headers.get('x-correlation-id')
  const own = id === null ? [] : events.filter(({ correlationId }) => correlationId === id)
  const reply = {
    status: response.status,
    headers: response.headers,
    text,
    json: isJsonObject(parsed) ? parsed : {},
    rule: own[0]?.rule,
    event: own[0],
    stored: writes,
  }
  checkAnswer(reply, own, `${method} ${target}`)
  const told = raised.filter(({ correlationId }) => correlationId === id)
  checkTrail(reply, told, { ...sent, asked: `${method} ${target}` })
  observeAnswer(reply, { rule: reply.rule, step: reply.event?.step })
  return reply
}
