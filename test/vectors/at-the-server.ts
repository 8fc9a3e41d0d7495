/** The valid requests of the exchange vectors at the server, and what can happen to it. */

import assert from 'node:assert/strict'
import { type JsonObject, numericDate, username } from '../../src/core/names.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { aNonce, aPkcePair, aPush } from '../flow/messages.ts'
import { partyOf } from '../flow/parties.ts'
import { aBrowser, type Browser, csrfOf, location } from '../flow/steps.ts'
import { alter, aWorld, dawn, redirectUri, type Reply, theIssuer, type World } from '../flow/world.ts'
import { breakable, type StoreState } from './breakable-store.ts'
import type { Happenings } from './happenings.ts'
import { checkMembers, numberOf, objectOf } from './load.ts'
import { registrationOf } from './registration.ts'
import { type Draft, type Rendered, render, type Stage, vectorKey } from './request.ts'

/** A request that would be accepted, with what may happen before it is sent. */
export type Scene = { readonly draft: Draft; readonly happenings: Happenings }

type Server = { readonly world: World; readonly stage: Stage; readonly state: StoreState }

/** A server with its clients and its person. */
export async function aServer() {
  const state: StoreState = { is: 'there' }
  const world = await aWorld({
    serverKeys: ['issuer-es256', 'issuer-ps256', 'issuer-ed25519'].map(partyNamed),
    clientKey: partyNamed('client-a-es256'),
    store: (clock) => Promise.resolve(breakable(createMemoryStore({ clock, epoch: numericDate(dawn - 3600) }), state)),
  })
  const clients = { 'client-a': world.client, 'client-b': world.otherClient }
  const stage: Stage = {
    now: world.now,
    issuer: theIssuer,
    client: (name) => ({ signer: clients[name].signer, kid: clients[name].key.kid }),
    nonce: ({ privateKey, alg }) => aNonce(world, partyOf(privateKey, alg, undefined)),
  }
  const server = { world, stage, state }
  return {
    stage,
    set: (base: string, given: JsonObject) => set(server, base, given),
    send: (request: Rendered) => send(server, request),
  }
}

function partyNamed(name: string) {
  const { privateKey, alg, kid } = vectorKey(name)
  return partyOf(privateKey, alg, kid)
}

function send({ world }: Server, { method, target, headers, body }: Rendered): Promise<Reply> {
  return world.send(method, target, { headers, ...(body === undefined ? {} : { body }) })
}

/** Sends a request that is only on the way to the one that matters. */
async function accepted(server: Server, draft: Draft, change: JsonObject): Promise<Reply> {
  const reply = await send(server, await render(draft, change, server.stage))
  assert.equal(reply.rule, undefined, `a step on the way was refused: ${reply.text}`)
  return reply
}

const plain: Draft = {
  method: 'POST',
  origin: theIssuer,
  path: '',
  parameters: [],
  parametersIn: 'form',
  cookie: undefined,
  authenticates: 'not',
  proof: 'none',
  token: undefined,
  words: {},
}

const ofClient = { ...plain, authenticates: 'with an assertion', proof: 'sent' } as const

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
  const open = await openDraft(server, given, browser)
  if (base === 'open') return { draft: open, happenings: happeningsOf(server, { browser, open }) }
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
  const csrf = csrfOf(await browser.get(interaction))
  return browser.post(`${interaction}/consent`, { csrf, decision })
}

/** How far things have gone when something else may happen. */
type SoFar = {
  readonly browser: Browser
  readonly open?: Draft
  readonly interaction?: string
  readonly redeem?: Draft
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
    case 'decide':
      await signInTo(browser, interaction)
      return form('/consent', [
        ['csrf', csrfOf(await browser.get(interaction))],
        ['decision', 'allow'],
      ])
    default:
      return undefined
  }
}

/** The requests that come after a decision. */
async function afterIt(server: Server, base: string, so: Interacting): Promise<Scene> {
  const { browser, open, interaction } = so
  await signInTo(browser, interaction)
  const code = new URL(location(await decideIn(browser, interaction, 'allow'))).searchParams.get('code') ?? ''
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
  const happenings = happeningsOf(server, { ...so, redeem })
  if (base === 'redeem') return { draft: redeem, happenings }
  const token = String((await accepted(server, redeem, {})).json['access_token'])
  const userinfo: Draft = { ...plain, path: '/userinfo', parametersIn: 'nowhere', proof: 'sent', token }
  if (base === 'userinfo') return { draft: { ...userinfo, method: 'GET' }, happenings }
  if (base === 'userinfo by POST') return { draft: userinfo, happenings }
  throw new RangeError(`nobody knows the request ${base}`)
}

function happeningsOf(server: Server, so: SoFar): Happenings {
  const { world, stage, state } = server
  return {
    wait: async (span) => world.wait(numberOf(span, 'wait')),
    registration: (changes) => alter(world, world.client, registrationOf(changes)),
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

function cookieOf({ jar }: Browser): string {
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
}

/** The same id with a secret nobody was given. */
function otherSecret(handle: string): string {
  return `${handle.slice(0, handle.lastIndexOf('.'))}.${'A'.repeat(43)}`
}
