/**
 * An authorization server in this process, with a clock that stands still until told otherwise, and builders that make
 * a valid message and break one thing.
 */

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createPages } from '../../src/console/index.ts'
import type { ClientRecord, GrantType } from '../../src/core/flow.ts'
import { encodeBase64url, type PublicKey, parsePublicKey } from '../../src/core/jose.ts'
import {
  type ClientId,
  clientId,
  issuer,
  isJsonObject,
  type JsonObject,
  numericDate,
  resourceIdentifier,
  subject,
  username,
} from '../../src/core/names.ts'
import type { AuditEvent, Connection, Handler, Passwords, Signer, Store } from '../../src/core/ports.ts'
import { type SigningAlgorithm, standardLifetimes } from '../../src/core/profile.ts'
import { createMac, createSigner, createVerifier, random, sha256 } from '../../src/node/runtime.ts'
import { createServer } from '../../src/server/index.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'

export const theIssuer = issuer('https://as.example')
export const theBank = resourceIdentifier('https://bank.example')
export const theArchive = resourceIdentifier('https://archive.example/v1')
export const redirectUri = 'https://app.example/callback'

/** A key pair as tests hold it. */
export type Party = {
  readonly key: PublicKey
  readonly signer: Signer
  readonly privateKey: KeyObject
}

const kinds = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EdDSA: () => generateKeyPairSync('ed25519'),
} as const satisfies Record<SigningAlgorithm, unknown>

/** A new key pair. */
export function aParty(alg: SigningAlgorithm = 'ES256', kid: string | undefined = undefined): Party {
  const { privateKey, publicKey } = kinds[alg]()
  const jwk = { ...publicKey.export({ format: 'jwk' }), ...(kid === undefined ? {} : { kid }) }
  return { key: parsePublicKey(jwk, sha256), signer: createSigner(privateKey, alg, kid), privateKey }
}

/** A confidential client of the test. */
export type TestClient = Party & { readonly clientId: ClientId }

/** Fast and honest about it: the real argon2id is tested where it lives. */
const plainPasswords: Passwords = {
  hash: (password) => Promise.resolve(`plain:${password}`),
  verify: (password, hash) => Promise.resolve(hash === `plain:${password}`),
}

/** What comes back, with the body read. */
export type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: JsonObject
  /** The precise slug of the refusal, from the audit. */
  readonly rule: string | undefined
}

/** What is sent. */
export type Sent = {
  readonly headers?: readonly (readonly [string, string])[]
  /** Form parameters in order, repeats allowed. */
  readonly form?: readonly (readonly [string, string])[]
  /** A body as it is. */
  readonly body?: Uint8Array | string
}

/** A server to talk to. */
export type World = Awaited<ReturnType<typeof aWorld>>

/** Starts a server with two APIs, a person, and two registered clients. */
export async function aWorld(
  options: { store?: (clock: () => ReturnType<typeof numericDate>) => Promise<Store> } = {},
) {
  let now = 1_800_000_000
  const clock = () => numericDate(now)
  const store = (await options.store?.(clock)) ?? createMemoryStore({ clock, epoch: numericDate(now - 3600) })
  const events: AuditEvent[] = []
  const serverKeys = [aParty('ES256', 'es'), aParty('PS256', 'ps'), aParty('EdDSA', 'ed')]
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
      lifetimes: standardLifetimes,
      demoUser: undefined,
    },
    {
      store,
      clock,
      random,
      hash: sha256,
      mac: createMac(),
      verify: createVerifier({ cacheSize: 100 }),
      keys: {
        signer: (alg) => serverKeys.find(({ signer }) => signer.alg === alg)?.signer,
        published: () => serverKeys.map(({ key }) => key),
      },
      passwords: plainPasswords,
      audit: (event) => events.push(event),
      pages: createPages(),
    },
  )
  const client = await register(store, aParty('ES256', 'c1'), 'client-a')
  const otherClient = await register(store, aParty('PS256', 'c2'), 'client-b')
  await store.users.add({
    subject: subject('user-alice'),
    username: username('alice'),
    passwordHash: 'plain:correct horse',
    status: 'active',
    notBefore: numericDate(0),
    createdAt: clock(),
    claims: { name: 'Alice Example', email: 'alice@example.org' },
  })
  return {
    store,
    events,
    client,
    otherClient,
    handler,
    now: () => numericDate(now),
    /** Lets time pass, in seconds. */
    wait: (span: number) => {
      now += span
    },
    send: (method: string, target: string, sent: Sent = {}) => send(handler, events, method, target, sent),
  }
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

async function send(
  handler: Handler,
  events: AuditEvent[],
  method: string,
  target: string,
  sent: Sent,
): Promise<Reply> {
  const form = sent.form?.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
  const body = sent.body ?? form
  const type: readonly (readonly [string, string])[] =
    form === undefined ? [] : [['content-type', 'application/x-www-form-urlencoded']]
  const connection: Connection = {
    peerAddress: '192.0.2.7',
    headers: [...type, ...(sent.headers ?? [])],
    target,
    readBody: (most) => {
      const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : (body ?? new Uint8Array())
      return Promise.resolve(bytes.length > most ? 'too_large' : bytes)
    },
  }
  const seen = events.length
  const response = await handler(new Request(new URL(target, theIssuer), { method }), connection)
  const text = await response.text()
  const json: unknown =
    response.headers.get('content-type')?.startsWith('application/json') === true ? JSON.parse(text) : {}
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJsonObject(json) ? json : {},
    rule: events.slice(seen).find(({ rule }) => rule !== undefined)?.rule,
  }
}

/** Any JWT, signed as its header says or as told. */
export async function aJwt(header: JsonObject, claims: JsonObject, signer: Signer): Promise<string> {
  const input = `${encodeBase64url(JSON.stringify({ alg: signer.alg, ...header }))}.${encodeBase64url(JSON.stringify(claims))}`
  return `${input}.${encodeBase64url(await signer.sign(input))}`
}

/** What to change in a valid JWT; a member set to undefined goes away. */
export type Changes = { readonly header?: JsonObject; readonly claims?: JsonObject; readonly signer?: Signer }

/** A valid client assertion, or one with something broken. */
export function anAssertion(world: World, client: TestClient = world.client, changes: Changes = {}): Promise<string> {
  const now = world.now()
  return aJwt(
    { typ: 'client-authentication+jwt', kid: client.key.kid, ...changes.header },
    {
      iss: client.clientId,
      sub: client.clientId,
      aud: theIssuer,
      jti: random(16),
      iat: now,
      exp: now + 60,
      ...changes.claims,
    },
    changes.signer ?? client.signer,
  )
}

/** The parameters that authenticate a client. */
export async function authentication(world: World, client: TestClient = world.client, changes: Changes = {}) {
  return [
    ['client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
    ['client_assertion', await anAssertion(world, client, changes)],
  ] as const
}

/** A valid DPoP proof for a URL of the server, with a fresh nonce, or one with something broken. */
export async function aProof(
  world: World,
  party: Party,
  method: string,
  url: string,
  changes: Changes = {},
): Promise<string> {
  const claims = { jti: random(16), htm: method, htu: url, iat: world.now(), nonce: await aNonce(world, party) }
  const jwk: JsonObject = { ...party.key.jwk }
  return aJwt(
    { typ: 'dpop+jwt', jwk, ...changes.header },
    { ...claims, ...changes.claims },
    changes.signer ?? party.signer,
  )
}

/** The nonce the server gives this key now. */
export async function aNonce(world: World, party: Party): Promise<string> {
  const claims = { jti: random(16), htm: 'POST', htu: `${theIssuer}/token`, iat: world.now() }
  const proof = await aJwt({ typ: 'dpop+jwt', jwk: { ...party.key.jwk } }, claims, party.signer)
  const reply = await world.send('POST', '/token', { form: await authentication(world), headers: [['dpop', proof]] })
  return reply.headers.get('dpop-nonce') ?? ''
}

/** PKCE as a client keeps it. */
export function aPkcePair() {
  const verifier = random(32)
  return { verifier, challenge: sha256(verifier) }
}

/** A valid push, as parameters by name. */
export function aPush(client: TestClient, challenge: string = aPkcePair().challenge): Map<string, string> {
  return new Map([
    ['client_id', client.clientId],
    ['response_type', 'code'],
    ['redirect_uri', redirectUri],
    ['scope', 'openid profile accounts'],
    ['state', 'a state'],
    ['nonce', 'a nonce'],
    ['code_challenge', challenge],
    ['code_challenge_method', 'S256'],
  ])
}

/** Pushes a request; undefined values leave parameters out. */
export async function push(
  world: World,
  changes: Readonly<Record<string, string | undefined>> = {},
  more: { client?: TestClient; challenge?: string; headers?: Sent['headers'] } = {},
): Promise<Reply> {
  const client = more.client ?? world.client
  const parameters = aPush(client, more.challenge)
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) parameters.delete(name)
    else parameters.set(name, value)
  }
  const form = [...parameters, ...(await authentication(world, client))]
  return world.send('POST', '/par', { form, headers: more.headers ?? [] })
}

/** A browser: it keeps cookies and posts forms. */
export function aBrowser(world: World) {
  const jar = new Map<string, string>()
  const request = async (method: string, url: string, sent: Sent = {}) => {
    const cookies = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = [...(cookies === '' ? [] : [['cookie', cookies] as const]), ...(sent.headers ?? [])]
    const target = url.startsWith(theIssuer) ? url.slice(theIssuer.length) : url
    const reply = await world.send(method, target, { ...sent, headers })
    for (const cookie of reply.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';')
      const [name = '', value = ''] = pair.split('=')
      jar.set(name, value)
    }
    return reply
  }
  return {
    jar,
    get: (url: string) => request('GET', url),
    post: (url: string, form: Readonly<Record<string, string>>, headers: Sent['headers'] = []) =>
      request('POST', url, { form: Object.entries(form), headers }),
  }
}

/** The csrf field of a page. */
export function csrfOf(page: Reply): string {
  return /name="csrf"[^>]*value="([^"]*)"/.exec(page.text)?.[1] ?? ''
}

/** Where a redirect leads. */
export function location(reply: Reply): string {
  return reply.headers.get('location') ?? ''
}

/** Opens a pushed request and signs in; returns the consent page and where to post the decision. */
export async function signedIn(world: World, pushed: Reply, browser = aBrowser(world), client = world.client) {
  const query = new URLSearchParams({ client_id: client.clientId, request_uri: String(pushed.json['request_uri']) })
  const opened = await browser.get(`/authorize?${query.toString()}`)
  const interaction = location(opened)
  const page = await browser.get(interaction)
  await browser.post(`${interaction}/sign-in`, { csrf: csrfOf(page), username: 'alice', password: 'correct horse' })
  return { browser, interaction, page: await browser.get(interaction) }
}

/** Walks the flow to a code. */
export async function aCode(
  world: World,
  changes: Readonly<Record<string, string | undefined>> = {},
  client = world.client,
) {
  const { verifier, challenge } = aPkcePair()
  const pushed = await push(world, changes, { client, challenge })
  const { browser, interaction, page } = await signedIn(world, pushed, aBrowser(world), client)
  const done = await browser.post(`${interaction}/consent`, { csrf: csrfOf(page), decision: 'allow' })
  const back = new URL(location(done))
  return { code: back.searchParams.get('code') ?? '', back, verifier, browser, interaction }
}

/** Asks the token endpoint; undefined values leave parameters out. */
export async function redeem(
  world: World,
  { code, verifier }: { code: string; verifier: string },
  changes: Readonly<Record<string, string | undefined>> = {},
  more: { client?: TestClient; party?: Party; proof?: Changes; headers?: Sent['headers'] } = {},
): Promise<Reply> {
  const party = more.party ?? aParty()
  const parameters: Record<string, string | undefined> = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    ...changes,
  }
  const chosen = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  const proof = await aProof(world, party, 'POST', `${theIssuer}/token`, more.proof)
  const form = [...chosen, ...(await authentication(world, more.client ?? world.client))]
  return world.send('POST', '/token', { form, headers: more.headers ?? [['dpop', proof]] })
}

/** Calls userinfo with a token and the key it is bound to. */
export async function callUserinfo(world: World, token: string, party: Party, changes: Changes = {}): Promise<Reply> {
  const ath = { ath: sha256(token) }
  const proof = await aProof(world, party, 'GET', `${theIssuer}/userinfo`, {
    ...changes,
    claims: { ...ath, ...changes.claims },
  })
  return world.send('GET', '/userinfo', {
    headers: [
      ['authorization', `DPoP ${token}`],
      ['dpop', proof],
    ],
  })
}
