/** The valid requests of the exchange vectors at the server, and what can happen to it. */

import assert from 'node:assert/strict'
import { type JsonObject, numericDate, subject, username } from '../../src/core/names.ts'
import { OAuthError } from '../../src/core/oauth-error.ts'
import { standardLimits } from '../../src/core/profile.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { registerApplication, withApplication } from '../flow/application.ts'
import { aNonce, aPkcePair, aPush } from '../flow/messages.ts'
import { partyOf, type TestClient } from '../flow/parties.ts'
import { aBrowser, boxesOf, type Browser, csrfOf, decide, location, offlineScope } from '../flow/steps.ts'
import { alter, aWorld, dawn, redirectUri, register, type Reply, theIssuer, type World } from '../flow/world.ts'
import { addPersonOfTheApplication, applicationScene, atTheApplication } from './at-the-application.ts'
import type { ScriptedProvider } from '../flow/upstream-provider.ts'
import { breakable, type StoreState } from './breakable-store.ts'
import { accountDraft } from './at-the-account.ts'
import { providerDraft, sayFromNow, vectorProviders, withoutPasswords } from './at-a-provider.ts'
import { vectorAnchors, vectorCertificate } from './certificates.ts'
import type { Happenings } from './happenings.ts'
import { checkMembers, numberOf, objectOf } from './load.ts'
import { fillPasskeys, passkeyChangeDraft, passkeySignInDraft } from './passkeys.ts'
import { cookieOf, plain } from './plain.ts'
import { registrationOf } from './registration.ts'
import { type Draft, type Rendered, render, type Stage, vectorKey } from './request.ts'

/** A request that would be accepted, with what may happen before it is sent. */
export type Scene = { readonly draft: Draft; readonly happenings: Happenings }

type Server = {
  readonly world: World
  readonly stage: Stage
  readonly state: StoreState
  /** Whether the keys of clients can be had. */
  readonly keys: { are: 'there' | 'unreachable' }
  /** The sign-in application of the operator, where people sign in there. */
  readonly app: TestClient | undefined
  readonly providers: readonly ScriptedProvider[]
}

/** A server with its clients and its person, as the request needs it. */
export async function aServer(base: string) {
  const isAtTheApplication = atTheApplication.includes(base)
  const state: StoreState = { is: 'there' }
  let clock = () => numericDate(dawn)
  const providers = vectorProviders(() => clock())
  const keys: Server['keys'] = { are: 'there' }
  const world = await aWorld({
    serverKeys: ['issuer-es256', 'issuer-ps256', 'issuer-ed25519'].map(partyNamed),
    clientKey: partyNamed('client-a-es256'),
    store: (clock) => Promise.resolve(breakable(createMemoryStore({ clock, epoch: numericDate(dawn - 3600) }), state)),
    config: { ...(isAtTheApplication ? withApplication : {}), ...withoutPasswords(base), limits: standardLimits },
    ports: {
      upstream: providers.map(({ port }) => port),
      trustAnchors: vectorAnchors,
      clientKeys: (client) =>
        keys.are === 'there' ? Promise.resolve(client) : Promise.reject(new OAuthError('client_keys_unavailable')),
    },
  })
  clock = world.now
  const byCertificate = await registerByCertificate(world)
  await alter(world, world.client, { postLogoutRedirectUris: [afterwards] })
  const app = isAtTheApplication ? await registerApplication(world.store, partyNamed('client-a-es256')) : undefined
  if (app !== undefined) await addPersonOfTheApplication(world)
  const clients = [world.client, world.otherClient, world.bankServer, ...byCertificate, ...(app ? [app] : [])]
  const stage: Stage = {
    now: world.now,
    issuer: theIssuer,
    client: (name) => {
      const client = clients.find(({ clientId }) => clientId === name)
      if (client === undefined) throw new RangeError(`nobody knows the client ${name}`)
      return { signer: client.signer, kid: client.key.kid }
    },
    nonce: ({ privateKey, alg }) => aNonce(world, partyOf(privateKey, alg, undefined)),
  }
  const server = { world, stage, state, keys, app, providers }
  return {
    stage,
    set: (base: string, given: JsonObject) => set(server, base, given),
    send: (request: Rendered) => send(server, request),
  }
}

/** Two clients that authenticate with a certificate: one by its name, one by itself. RFC 8705 §2.1, §2.2. */
function registerByCertificate({ store, client }: World) {
  return Promise.all([
    register(store, client, 'client-m', {
      keys: [],
      authMethod: 'tls_client_auth',
      certificateName: { kind: 'dn', value: 'CN=client-m,O=Example' },
    }),
    register(store, client, 'client-s', {
      keys: [],
      authMethod: 'self_signed_tls_client_auth',
      certificates: [vectorCertificate('client-s').thumbprint],
    }),
  ])
}

function partyNamed(name: string) {
  const { privateKey, alg, kid } = vectorKey(name)
  return partyOf(privateKey, alg, kid)
}

function send({ world }: Server, { method, target, headers, body, ...tls }: Rendered): Promise<Reply> {
  const { certificate, certificateTrouble } = tls
  return world.send(method, target, {
    headers,
    ...(body === undefined ? {} : { body }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(certificateTrouble === undefined ? {} : { certificateTrouble }),
  })
}

/** Sends a request that is only on the way to the one that matters. */
async function accepted(server: Server, draft: Draft, change: JsonObject): Promise<Reply> {
  const reply = await send(server, await render(draft, change, server.stage))
  assert.equal(reply.rule, undefined, `a step on the way was refused: ${reply.text}`)
  return reply
}

/** Where the person goes after signing out. */
const afterwards = 'https://app.example/bye'

const ofClient: Draft = { ...plain, caller: 'client-a', proof: 'sent' }

/** Requests that need a token which is renewed while nobody is there. */
const offline = ['refresh', 'introspect', 'revoke', 'revoke an access token']

/** Everything up to the request, which is still to be sent. */
async function set(server: Server, base: string, given: JsonObject): Promise<Scene> {
  const { world } = server
  checkMembers(given, ['registration', 'session', 'push'], 'given')
  if (given['registration'] !== undefined) await alter(world, world.client, registrationOf(given['registration']))
  const browser = aBrowser(world)
  if (given['session'] !== undefined) {
    assert.equal(given['session'], 'signed in')
    await signInTo(browser, await openIn(browser, await openDraft(server, {}, browser)))
  }
  if (base === 'push') return { draft: pushDraft(world), happenings: happeningsOf(server, { browser }) }
  if (base === 'client credentials') {
    return { draft: clientCredentialsDraft, happenings: happeningsOf(server, { browser }) }
  }
  const push = offline.includes(base) ? offlinePush(given['push']) : given['push']
  const open = await openDraft(server, push === undefined ? {} : { push }, browser)
  if (base === 'open') return { draft: open, happenings: happeningsOf(server, { browser, open }) }
  if (server.app !== undefined && atTheApplication.includes(base)) {
    const { draft, happenings } = await applicationScene(world, server.app, base, { browser, open })
    return { draft, happenings: { ...happeningsOf(server, { browser, open }, draft.caller), ...happenings } }
  }
  const interaction = await openIn(browser, open)
  return (
    (await atTheInteraction(server, base, { browser, open, interaction })) ??
    afterIt(server, base, { browser, open, interaction })
  )
}

function pushDraft(world: World): Draft {
  const { verifier, challenge } = aPkcePair(world)
  const parameters = Object.entries(aPush(world, world.client, challenge)).map(
    ([name, value]) => [name, value ?? ''] as const,
  )
  return { ...ofClient, path: '/par', parameters, words: { code_verifier: verifier, code_challenge: challenge } }
}

const clientCredentialsDraft: Draft = {
  ...ofClient,
  path: '/token',
  parameters: [
    ['grant_type', 'client_credentials'],
    ['scope', 'accounts'],
  ],
}

/** Pushes, and returns how the browser opens it. */
async function openDraft(server: Server, given: JsonObject, browser: Browser): Promise<Draft> {
  const pushed = pushDraft(server.world)
  const reply = await accepted(server, pushed, objectOf(given['push'] ?? {}, 'push'))
  const uri = String(reply.json['request_uri'])
  const words = {
    ...pushed.words,
    'request_uri with another secret': otherSecret(uri),
    'handle of the request_uri': uri.slice('urn:ietf:params:oauth:request_uri:'.length),
  }
  const parameters = [['client_id', 'client-a'] as const, ['request_uri', uri] as const]
  const cookie = cookieOf(browser)
  return { ...plain, method: 'GET', path: '/authorize', parameters, parametersIn: 'query', words, cookie }
}

async function openIn(browser: Browser, { parameters }: Draft): Promise<string> {
  const query = new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value]))
  const opened = await browser.get(`/authorize?${query.toString()}`)
  assert.equal(opened.rule, undefined, opened.text)
  return location(opened).slice(theIssuer.length)
}

async function signInTo(browser: Browser, interaction: string, password = 'correct horse'): Promise<Reply> {
  const csrf = csrfOf(await browser.get(interaction))
  return browser.post(`${interaction}/sign-in`, { csrf, username: 'alice', password })
}

async function decideIn(browser: Browser, interaction: string, decision: string): Promise<Reply> {
  const page = await browser.get(interaction)
  // Who allowed as much before is not asked again.
  if (page.status === 303) return page
  return decide(browser, interaction, page, decision)
}

/** Signs in, and fills in the consent form as the page has it. */
async function consentForm(browser: Browser, interaction: string): Promise<Draft['parameters']> {
  await signInTo(browser, interaction)
  const page = await browser.get(interaction)
  return [['csrf', csrfOf(page)], ['decision', 'allow'], ...boxesOf(page)]
}

/** A push of what is renewed while nobody is there. */
function offlinePush(push: unknown): JsonObject {
  const change = objectOf(push ?? {}, 'push')
  return { ...change, set: { scope: offlineScope, ...objectOf(change['set'] ?? {}, 'set') } }
}

/** How far things have gone when something else may happen. */
type SoFar = {
  readonly browser: Browser
  readonly open?: Draft
  readonly interaction?: string
  readonly redeem?: Draft
  readonly refresh?: Draft
  readonly revoke?: Draft
  readonly answer?: Draft
}
type Interacting = SoFar & { readonly open: Draft; readonly interaction: string }

/** The requests of a browser at its interaction; undefined when the request is a later one. */
async function atTheInteraction(server: Server, base: string, so: Interacting): Promise<Scene | undefined> {
  const { browser, open, interaction } = so
  const csrf = csrfOf(await browser.get(interaction))
  const words = { ...open.words, interaction, 'csrf without a session': csrf }
  const happenings = happeningsOf(server, so)
  const form = (verb: string, parameters: Draft['parameters']): Scene => {
    const cookie = cookieOf(browser)
    const path = `${interaction}${verb}`
    return { draft: { ...plain, path, parameters, cookie, words: { ...words, verb, cookie } }, happenings }
  }
  switch (base) {
    case 'show the sign-in page':
      return { draft: { ...form('', []).draft, method: 'GET', parametersIn: 'query' }, happenings }
    case 'cancel':
      return form('/cancel', [['csrf', csrf]])
    case 'sign in':
      return form('/sign-in', [
        ['csrf', csrf],
        ['username', 'alice'],
        ['password', 'correct horse'],
      ])
    case 'sign in with a passkey': {
      const draft = await passkeySignInDraft(server.world, browser, interaction)
      return { draft, happenings: happeningsOf(server, { ...so, answer: draft }) }
    }
    case 'decide':
      // As if for the first time: the person is asked.
      await server.world.store.grants.withdraw(subject('user-alice'), server.world.client.clientId, server.world.now())
      return form('/consent', await consentForm(browser, interaction))
    default: {
      const draft = await providerDraft(base, browser, interaction)
      return draft === undefined ? undefined : { draft, happenings: happeningsOf(server, { ...so, answer: draft }) }
    }
  }
}

/** The requests that come after a decision. */
async function afterIt(server: Server, base: string, so: Interacting): Promise<Scene> {
  const { browser, open, interaction } = so
  await signInTo(browser, interaction)
  const code = new URL(location(await decideIn(browser, interaction, 'allow'))).searchParams.get('code') ?? ''
  const account =
    (await accountDraft(server.world, base, browser)) ?? (await passkeyChangeDraft(server.world, base, browser))
  if (account !== undefined) return { draft: account, happenings: happeningsOf(server, so) }
  const redeem: Draft = {
    ...ofClient,
    path: '/token',
    parameters: [
      ['grant_type', 'authorization_code'],
      ['code', code],
      ['redirect_uri', redirectUri],
      ['code_verifier', open.words['code_verifier'] ?? ''],
    ],
    words: { ...open.words, 'code with another secret': otherSecret(code) },
  }
  if (base === 'redeem') return { draft: redeem, happenings: happeningsOf(server, { ...so, redeem }) }
  const issued = (await accepted(server, redeem, {})).json
  if (offline.includes(base)) return withTokens(server, base, { ...so, redeem }, issued)
  const signOut = await signOutDraft(base, browser, String(issued['id_token']))
  if (signOut !== undefined) return { draft: signOut, happenings: happeningsOf(server, so) }
  const happenings = happeningsOf(server, { ...so, redeem })
  const token = String(issued['access_token'])
  const userinfo: Draft = { ...plain, path: '/userinfo', parametersIn: 'nowhere', proof: 'sent', token }
  if (base === 'userinfo') return { draft: { ...userinfo, method: 'GET' }, happenings }
  if (base === 'userinfo by POST') return { draft: userinfo, happenings }
  throw new RangeError(`nobody knows the request ${base}`)
}

/** The requests to sign out, after everything else; undefined when the request is another one. */
async function signOutDraft(base: string, browser: Browser, idToken: string): Promise<Draft | undefined> {
  const draft: Draft = {
    ...plain,
    path: '/logout',
    cookie: cookieOf(browser),
    parameters: [
      ['id_token_hint', idToken],
      ['post_logout_redirect_uri', afterwards],
    ],
  }
  if (base === 'sign out') return { ...draft, method: 'GET', parametersIn: 'query' }
  if (base === 'sign out by POST') return draft
  if (base !== 'confirm signing out') return undefined
  const csrf = csrfOf(await browser.get('/logout'))
  return { ...draft, path: '/logout/confirm', cookie: cookieOf(browser), parameters: [['csrf', csrf]] }
}

/** The requests about tokens that were issued. */
async function withTokens(server: Server, base: string, so: SoFar, issued: JsonObject): Promise<Scene> {
  const [refreshToken, accessToken] = [String(issued['refresh_token']), String(issued['access_token'])]
  const forArchive = await accepted(server, clientCredentialsDraft, { set: { scope: 'archive' } })
  const words = {
    ...so.redeem?.words,
    code: so.redeem?.parameters.find(([name]) => name === 'code')?.[1] ?? '',
    'refresh token': refreshToken,
    'refresh token with another secret': otherSecret(refreshToken),
    'id token': String(issued['id_token']),
    'token for the archive': String(forArchive.json['access_token']),
  }
  const refresh: Draft = {
    ...ofClient,
    path: '/token',
    parameters: [
      ['grant_type', 'refresh_token'],
      ['refresh_token', refreshToken],
    ],
    words,
  }
  const revoke: Draft = { ...ofClient, path: '/revoke', proof: 'none', parameters: [['token', refreshToken]], words }
  const drafts: Readonly<Record<string, Draft>> = {
    refresh,
    revoke,
    'revoke an access token': { ...revoke, parameters: [['token', accessToken]] },
    introspect: { ...revoke, caller: 'bank-server', path: '/introspect', parameters: [['token', accessToken]] },
  }
  const { [base]: draft = plain } = drafts
  return { draft, happenings: happeningsOf(server, { ...so, refresh, revoke }, draft.caller) }
}

function happeningsOf(server: Server, so: SoFar, caller = 'client-a'): Happenings {
  const { world, stage, state, keys } = server
  const others = [world.bankServer, ...(server.app === undefined ? [] : [server.app])]
  const registered = others.find(({ clientId }) => clientId === caller) ?? world.client
  return {
    wait: async (span) => world.wait(numberOf(span, 'wait')),
    registration: (changes) => alter(world, registered, registrationOf(changes)),
    user: () => world.store.users.setLocked(username('alice'), 'locked', world.now()),
    send: async (base, event) => {
      const { draft } = await set(server, String(base), {})
      return accepted(server, draft, objectOf(event['change'] ?? {}, 'change'))
    },
    open: async () => openIn(so.browser, needed(so.open)),
    complete: (decision) => completeElsewhere(world, needed(so.open), String(decision)),
    redeem: async () => {
      const reply = await send(server, await render(needed(so.redeem), {}, stage))
      assert.ok(reply.rule === undefined || reply.rule === 'code_replayed', reply.text)
    },
    refresh: () => accepted(server, needed(so.refresh), {}),
    revoke: () => accepted(server, needed(so.revoke), {}),
    keys: async (value) => {
      assert.equal(value, 'unreachable')
      keys.are = value
    },
    refused_requests: async (times) => {
      const refused = ['authorization_not_pushed', 'rate_limited']
      for (let left = numberOf(times, 'refused_requests'); left > 0; left -= 1) {
        assert.ok(refused.includes(String((await world.send('GET', '/authorize')).rule)))
      }
    },
    answer: async (value) => {
      assert.equal(value, 'sent before')
      await accepted(server, needed(so.answer), {})
    },
    provider: async (value) => sayFromNow(server.providers, value, world.now()),
    passkeys: async (value) => {
      assert.equal(value, 'as many as there can be')
      await fillPasskeys(world)
    },
    failed_sign_ins: async (times) => {
      for (let left = numberOf(times, 'failed_sign_ins'); left > 0; left -= 1) {
        assert.equal((await signInTo(so.browser, so.interaction ?? '', 'wrong')).rule, 'password_wrong')
      }
    },
    state: async (value) => {
      assert.equal(value, 'unavailable')
      state.is = value
    },
  }
}

async function completeElsewhere(world: World, open: Draft, decision: string): Promise<void> {
  const another = aBrowser(world)
  const path = await openIn(another, open)
  await signInTo(another, path)
  const done = await decideIn(another, path, decision)
  assert.equal(done.status, 303, done.text)
}

function needed(draft: Draft | undefined): Draft {
  if (draft === undefined) throw new RangeError('this cannot happen before that request')
  return draft
}

/** The same id with a secret nobody was given. */
function otherSecret(handle: string): string {
  return `${handle.slice(0, handle.lastIndexOf('.'))}.${'A'.repeat(43)}`
}
