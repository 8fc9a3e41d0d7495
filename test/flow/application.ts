/** The operator's own sign-in application, as tests play it. */

import assert from 'node:assert/strict'
import { clientId } from '../../src/core/names.ts'
import type { Store } from '../../src/core/ports.ts'
import type { ServerConfig } from '../../src/server/index.ts'
import { authentication, changed, type Parameters } from './messages.ts'
import type { Party, TestClient } from './parties.ts'
import { aBrowser, type Browser, location, push } from './steps.ts'
import { register, type Reply, theIssuer, type World } from './world.ts'

/** The name it is registered under. */
export const applicationId = 'sign-in-app'

/** The page browsers are sent to. */
export const applicationUrl = 'https://login.example/enter?theme=dark'

/** What makes a server leave people to it. */
export const withApplication: Partial<ServerConfig> = {
  signInApp: { url: applicationUrl, clientId: clientId(applicationId) },
}

/** Registers it: it decides and does nothing else. */
export function registerApplication(store: Store, party: Party, name = applicationId): Promise<TestClient> {
  return register(store, party, name, { redirectUris: [], grantTypes: [], scope: [], role: { kind: 'sign_in_app' } })
}

/** The interaction in the redirect that leads to it. */
export function interactionIn(opened: Reply): string {
  const at = location(opened)
  assert.ok(at.startsWith(`${applicationUrl}&interaction=`), `${opened.status} ${String(opened.rule)} ${at}`)
  const { searchParams } = new URL(at)
  assert.equal(searchParams.get('iss'), theIssuer)
  return searchParams.get('interaction') ?? ''
}

/** Pushes a request and opens it in a browser, which is sent to the application. */
export async function arriving(world: World, changes: Parameters = {}, browser: Browser = aBrowser(world)) {
  const pushed = await push(world, changes)
  assert.equal(pushed.status, 201, pushed.text)
  return openedAgain(world, pushed, browser)
}

/** Opens a pushed request in another browser. */
export async function openedAgain(world: World, pushed: Reply, browser: Browser = aBrowser(world)) {
  const query = { client_id: world.client.clientId, request_uri: String(pushed.json['request_uri']) }
  const opened = await browser.get(`/authorize?${new URLSearchParams(query).toString()}`)
  return { pushed, browser, interaction: interactionIn(opened) }
}

/** Asks what is pending, or sends a decision, as a client. */
async function call(world: World, path: string, form: Parameters, by: TestClient) {
  const all = [...changed({}, form), ...(await authentication(world, by))]
  return world.send('POST', path, { form: all })
}

/** Asks what is pending. */
export function ask(world: World, by: TestClient, interaction: string, changes: Parameters = {}): Promise<Reply> {
  return call(world, '/interactions/start', { interaction, ...changes }, by)
}

/** What an application says of Zoe, who has signed in just now. */
export function zoe(world: World): Parameters {
  return {
    subject: 'employee-4711',
    username: 'zoe',
    name: 'Zoe Example',
    email: 'zoe@example.org',
    auth_time: String(world.now()),
    acr: 'urn:example:badge',
    amr: 'hwk user',
  }
}

/** Decides that Zoe allows it, or what is changed about that. */
export function allow(world: World, by: TestClient, interaction: string, changes: Parameters = {}): Promise<Reply> {
  return call(world, '/interactions/decide', { interaction, decision: 'allow', ...zoe(world), ...changes }, by)
}

/** Decides that nobody allows it. */
export function deny(world: World, by: TestClient, interaction: string): Promise<Reply> {
  return call(world, '/interactions/decide', { interaction, decision: 'deny' }, by)
}

/** Where a decision sends the browser. */
export function continuation(decided: Reply): string {
  assert.equal(decided.status, 200, decided.text)
  return String(decided.json['continue'])
}
