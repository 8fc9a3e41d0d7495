/** The steps of the flow, as a client and a browser take them. */

import assert from 'node:assert/strict'
import type { Sha256 } from '../../src/core/names.ts'
import { sha256 } from '../../src/node/runtime.ts'
import { aPkcePair, aProof, aPush, authentication, type Changes, changed, type Parameters } from './messages.ts'
import { aParty, type Party, type TestClient } from './parties.ts'
import { redirectUri, type Reply, type Sent, theIssuer, urls, type World } from './world.ts'

/** What else to change about a request of a client. */
export type More = {
  readonly client?: TestClient
  /** The key of the proof. */
  readonly party?: Party
  readonly assertion?: Changes
  readonly proof?: Changes
  /** Header fields in place of the proof. */
  readonly headers?: Sent['headers']
  readonly challenge?: Sha256
  /** What else comes with it: a certificate, another address. */
  readonly sent?: Sent
}

/** Pushes a request; with a proof when a key or a change of the proof is given. */
export async function push(world: World, changes: Parameters = {}, more: More = {}): Promise<Reply> {
  const client = more.client ?? world.client
  const form = [
    ...changed(aPush(world, client, more.challenge), changes),
    ...(await authentication(world, client, more.assertion)),
  ]
  const withProof = more.party !== undefined || more.proof !== undefined
  const headers =
    more.headers ??
    (withProof ? [['dpop', await aProof(world, more.party ?? aParty(), 'POST', urls.par, more.proof)] as const] : [])
  return world.send('POST', '/par', { ...more.sent, form, headers })
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
    get: (url: string, headers: Sent['headers'] = []) => request('GET', url, { headers }),
    post: (url: string, form: Readonly<Record<string, string>>, more: Sent = {}) =>
      request('POST', url, { form: Object.entries(form), ...more }),
  }
}

export type Browser = ReturnType<typeof aBrowser>

/** The csrf field of a page. */
export function csrfOf(page: Reply): string {
  return /name="csrf"[^>]*value="([^"]*)"/.exec(page.text)?.[1] ?? ''
}

/** Where a redirect leads. */
export function location(reply: Reply): string {
  return reply.headers.get('location') ?? ''
}

/** Opens a pushed request, as the client says or with other parameters. */
export function open(
  world: World,
  pushed: Reply,
  browser: Browser = aBrowser(world),
  changes: Parameters = {},
): Promise<Reply> {
  const valid = { client_id: world.client.clientId, request_uri: String(pushed.json['request_uri']) }
  return browser.get(`/authorize?${new URLSearchParams(Object.fromEntries(changed(valid, changes))).toString()}`)
}

/** Posts the sign-in form of an interaction. */
export async function signIn(
  browser: Browser,
  interaction: string,
  changes: Readonly<Record<string, string>> = {},
  more: Sent = {},
): Promise<Reply> {
  const page = await browser.get(interaction)
  // Who is signed in and allowed as much before is sent straight back.
  if (page.status === 303) return page
  const form = { csrf: csrfOf(page), username: 'alice', password: 'correct horse', ...changes }
  return browser.post(`${interaction}/sign-in`, form, more)
}

/** What a browser shows once a request was opened: a page of ours, or the way back, where nothing is left to ask. */
export function shown(browser: Browser, opened: Reply): Promise<Reply> {
  return location(opened).startsWith(`${redirectUri}?`) ? Promise.resolve(opened) : browser.get(location(opened))
}

/** Opens a pushed request and signs in; returns the consent page and where to post the decision. */
export async function signedIn(world: World, pushed: Reply, browser = aBrowser(world), client = world.client) {
  const opened = await open(world, pushed, browser, { client_id: client.clientId })
  const interaction = location(opened)
  if (interaction.startsWith(`${redirectUri}?`)) return { browser, interaction, page: opened }
  const done = await signIn(browser, interaction)
  assert.equal(done.status, 303, done.text)
  const page = location(done) === interaction ? await browser.get(interaction) : done
  return { browser, interaction, page }
}

/** The boxes of a consent page that are checked: what may be left out, as it is posted. */
export function boxesOf({ text }: Reply): readonly (readonly [name: string, value: string])[] {
  const boxes = text.matchAll(/<input type="checkbox"[^>]* name="([^"]+)" value="([^"]+)" checked>/g)
  return [...boxes].map(([, name = '', value = '']) => [name, value] as const)
}

/** Posts the consent form, all boxes checked. */
export function decide(browser: Browser, interaction: string, page: Reply, decision = 'allow', more: Sent = {}) {
  const form = { csrf: csrfOf(page), decision, ...Object.fromEntries(boxesOf(page)) }
  return browser.post(`${interaction}/consent`, form, more)
}

/** The authorization response in a redirect. */
export function responseOf(reply: Reply): Readonly<Record<string, string>> {
  assert.ok(location(reply).startsWith(`${redirectUri}?`), `${reply.status} ${String(reply.rule)} ${location(reply)}`)
  return Object.fromEntries(new URL(location(reply)).searchParams)
}

/** Walks the flow to a code. */
export async function aCode(world: World, changes: Parameters = {}, more: More & { browser?: Browser } = {}) {
  const client = more.client ?? world.client
  const { verifier, challenge } = aPkcePair(world)
  const pushed = await push(world, changes, { challenge, ...more })
  assert.equal(pushed.status, 201, pushed.text)
  const { browser, interaction, page } = await signedIn(world, pushed, more.browser, client)
  // Who allowed as much before is not asked again.
  const done = page.status === 303 ? page : await decide(browser, interaction, page)
  const response = responseOf(done)
  return { code: response['code'] ?? '', response, verifier, browser, interaction, pushed }
}

/** Asks the token endpoint for anything. */
export async function askToken(world: World, parameters: Parameters, more: More = {}): Promise<Reply> {
  const headers = more.headers ?? [
    ['dpop', await aProof(world, more.party ?? aParty(), 'POST', urls.token, more.proof)] as const,
  ]
  const form = [
    ...changed({}, parameters),
    ...(await authentication(world, more.client ?? world.client, more.assertion)),
  ]
  return world.send('POST', '/token', { ...more.sent, form, headers })
}

/** Redeems a code; undefined values leave parameters out. */
export function redeem(
  world: World,
  { code, verifier }: { code: string; verifier: string },
  changes: Parameters = {},
  more: More = {},
): Promise<Reply> {
  const valid = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier }
  return askToken(world, { ...valid, ...changes }, more)
}

/** Asks for a token for the client itself. */
export function clientCredentials(world: World, changes: Parameters = {}, more: More = {}): Promise<Reply> {
  return askToken(world, { grant_type: 'client_credentials', scope: 'accounts', ...changes }, more)
}

/** Walks the flow to tokens. */
export async function tokens(world: World, changes: Parameters = {}, more: More & { browser?: Browser } = {}) {
  const party = aParty()
  const flow = await aCode(world, changes, more)
  const { client, sent } = more
  const reply = await redeem(world, flow, {}, { party, ...(client ? { client } : {}), ...(sent ? { sent } : {}) })
  assert.equal(reply.status, 200, reply.text)
  return { ...flow, party, reply, accessToken: String(reply.json['access_token']), idToken: reply.json['id_token'] }
}

/** The scope that asks for a refresh token, beside the usual one. */
export const offlineScope = 'openid profile accounts offline_access'

/** Walks the flow to tokens, a refresh token among them. */
export async function offlineTokens(world: World, changes: Parameters = {}, more: More & { browser?: Browser } = {}) {
  const done = await tokens(world, { scope: offlineScope, ...changes }, more)
  const refreshToken = done.reply.json['refresh_token']
  assert.ok(typeof refreshToken === 'string', done.reply.text)
  return { ...done, refreshToken }
}

/** Uses a refresh token. */
export function refresh(world: World, token: string, changes: Parameters = {}, more: More = {}): Promise<Reply> {
  return askToken(world, { grant_type: 'refresh_token', refresh_token: token, ...changes }, more)
}

/** Asks about a token, as the resource server of the bank unless told otherwise. */
export function introspect(world: World, token: unknown, changes: Parameters = {}, more: More = {}): Promise<Reply> {
  return present(world, '/introspect', { token: String(token), ...changes }, { client: world.bankServer, ...more })
}

/** Ends a token. */
export function revoke(world: World, token: unknown, changes: Parameters = {}, more: More = {}): Promise<Reply> {
  return present(world, '/revoke', { token: String(token), ...changes }, more)
}

async function present(world: World, path: string, parameters: Parameters, more: More): Promise<Reply> {
  const { client = world.client, headers = [] } = more
  const form = [...changed({}, parameters), ...(await authentication(world, client, more.assertion))]
  return world.send('POST', path, { ...more.sent, form, headers })
}

/** Calls userinfo with a token and the key it is bound to. */
export async function callUserinfo(
  world: World,
  token: string,
  party: Party,
  changes: Changes = {},
  more: { method?: 'GET' | 'POST'; query?: string; scheme?: string; sent?: Sent } = {},
): Promise<Reply> {
  const { method = 'GET', query = '', scheme = 'DPoP', sent = {} } = more
  const claims = { ath: sha256(token), ...changes.claims }
  const proof = await aProof(world, party, method, urls.userinfo, { ...changes, claims })
  const headers = [['authorization', `${scheme} ${token}`] as const, ['dpop', proof] as const]
  return world.send(method, `/userinfo${query}`, { ...sent, headers: [...headers, ...(sent.headers ?? [])] })
}

/** Asserts one refusal by its precise rule. */
export function assertRefused(reply: Reply, rule: string, about = ''): void {
  assert.equal(reply.rule, rule, `${about} ${reply.status} ${reply.text.slice(0, 300)}`)
  assert.equal(reply.event?.outcome, 'refused', about)
}
