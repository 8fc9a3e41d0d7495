/**
 * An authorization server in this process, with a clock that stands still until told otherwise. Every answer is held
 * against what must hold of all answers: see `invariants.ts`.
 */

import { createPages } from '../../src/console/index.ts'
import type { ClientRecord, GrantType } from '../../src/core/flow.ts'
import {
  clientId,
  issuer,
  isJsonObject,
  numericDate,
  resourceIdentifier,
  subject,
  username,
} from '../../src/core/names.ts'
import type { AuditEvent, Clock, Connection, Handler, Mac, Passwords, Random, Store } from '../../src/core/ports.ts'
import { type Lifetimes, standardLifetimes } from '../../src/core/profile.ts'
import { createMac, createVerifier, random, sha256 } from '../../src/node/runtime.ts'
import { createServer } from '../../src/server/index.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { checkAnswer } from './invariants.ts'
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
}

/** A server to talk to. */
export type World = Awaited<ReturnType<typeof aWorld>>

// Keys are dear and never change what a test shows: one set for each test file.
const serverKeys = [aParty('ES256', 'es'), aParty('PS256', 'ps'), aParty('EdDSA', 'ed')]
const clientKey = aParty('ES256', 'c1')
const otherClientKey = aParty('EdDSA', 'c2')

/** The instant at which every world begins. */
export const dawn = 1_800_000_000

/** Starts a server with two APIs, a person, and two registered clients. */
export async function aWorld(options: WorldOptions = {}) {
  let now = dawn
  const clock = () => numericDate(now)
  const bare = (await options.store?.(clock)) ?? createMemoryStore({ clock, epoch: numericDate(now - 3600) })
  const store = recordWrites(bare)
  const events: AuditEvent[] = []
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
        },
        { resource: theArchive, name: 'Archive', scopes: [{ name: 'archive', description: 'Read your archive' }] },
      ],
      lifetimes: { ...standardLifetimes, ...options.lifetimes },
      demoUser: undefined,
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
    },
  )
  const client = await register(bare, options.clientKey ?? clientKey, 'client-a')
  const otherClient = await register(bare, otherClientKey, 'client-b')
  await addPerson(bare, 'alice', { name: 'Alice Example', email: 'alice@example.org' })
  return {
    store: bare,
    events,
    client,
    otherClient,
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
    send: (method: string, target: string, sent: Sent = {}) => send(handler, events, method, target, sent),
  }
}

/** A person whose password is `correct horse`. */
export async function addPerson(store: Store, name: string, claims: { name?: string; email?: string } = {}) {
  await store.users.add({
    subject: subject(`user-${name}`),
    username: username(name),
    passwordHash: 'plain:correct horse',
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
  const grantTypes: readonly GrantType[] = ['authorization_code', 'client_credentials']
  await store.clients.add({
    clientId: clientId(name),
    name: `The ${name}`,
    applicationType: 'web',
    redirectUris: [redirectUri],
    grantTypes,
    scope: ['openid', 'profile', 'email', 'accounts', 'payments', 'archive'],
    keys: [party.key],
    tokenEndpointAuthSigningAlg: undefined,
    idTokenSignedResponseAlg: undefined,
    status: 'active',
    notBefore: numericDate(0),
    createdAt: numericDate(1_799_000_000),
    ...changes,
  })
  return { ...party, clientId: clientId(name) }
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
  { form, body: given, headers = [], from = '192.0.2.7', meanwhile }: Sent,
): Connection {
  const body = given ?? (form === undefined ? new Uint8Array() : formText(form))
  const type: readonly (readonly [string, string])[] =
    form === undefined ? [] : [['content-type', 'application/x-www-form-urlencoded']]
  return {
    peerAddress: from,
    headers: [...type, ...headers],
    target,
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
  events: readonly AuditEvent[],
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
  return reply
}
