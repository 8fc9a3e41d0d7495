/** The account page, as a browser and an API behind it see it. */

import assert from 'node:assert/strict'
import { createAlarm } from '../../src/node/alarm.ts'
import { createMac, random, sha256 } from '../../src/node/runtime.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { numericDate } from '../../src/core/names.ts'
import type { EventsAbout } from '../../src/core/sign-in-ports.ts'
import { aGuardedBank } from './guarded-bank.ts'
import { aJwt } from './messages.ts'
import type { Party } from './parties.ts'
import { aBrowser, type Browser, csrfOf, location } from './steps.ts'
import { aWorld, dawn, type Reply, theBank, theIssuer, type World, type WorldOptions } from './world.ts'

export const accountUrls = {
  page: `${theIssuer}/account`,
  signIn: `${theIssuer}/account/sign-in`,
  endAccess: '/account/access/end',
  endSession: '/account/sessions/end',
} as const

/** A world whose people see what happened to them. */
export async function aWorldWithTrail(options: WorldOptions = {}): Promise<World> {
  const clock = () => numericDate(dawn)
  const store = createMemoryStore({ clock })
  const onTrouble = (cause: Error) => assert.fail(cause.message)
  const alarm = await createAlarm({
    store: store.events,
    clock,
    random,
    hash: sha256,
    subjectMac: createMac(),
    onTrouble,
  })
  const eventsAbout: EventsAbout = alarm.about
  return aWorld({ ...options, ports: { ...options.ports, raise: alarm.raise, eventsAbout } })
}

/** Signs in to the account without any application that asks for it. */
export async function signInToAccount(browser: Browser, username = 'alice'): Promise<Reply> {
  const csrf = csrfOf(await browser.get(accountUrls.signIn))
  const done = await browser.post(accountUrls.signIn, { csrf, username, password: 'correct horse' })
  assert.equal(location(done), accountUrls.page, done.text)
  return browser.get(accountUrls.page)
}

/** A browser at the account of its person. */
export async function atTheAccount(world: World, username = 'alice') {
  const browser = aBrowser(world)
  return { browser, page: await signInToAccount(browser, username) }
}

/** The values of a hidden field, in the order of the page. */
export function valuesOf({ text }: Reply, field: 'ref' | 'client_id' | 'sid' | 'credential_id'): readonly string[] {
  return [...text.matchAll(new RegExp(`name="${field}" value="([^"]*)"`, 'g'))].map(([, value = '']) => value)
}

/** Posts a form of the account page, with its token. */
export async function postTo(browser: Browser, path: string, fields: Readonly<Record<string, string>>): Promise<Reply> {
  const page = await browser.get(accountUrls.page)
  return browser.post(path, { csrf: csrfOf(page), ...fields })
}

/** The bank behind a guard that asks the server about every token; calls it once, and returns the rule that refuses. */
export function callBank(world: World): (token: string, party: Party) => Promise<string | undefined> {
  const guard = aGuardedBank(world, {
    standing: ({ jti, grantRef, clientId, issuedAt }) =>
      world.store.tokens.standing({ jti: sha256(jti), grantRef, clientId, issuedAt }, world.now()),
  })
  const call = async (token: string, { key, signer }: Party, nonce: string | undefined) => {
    const claims = {
      jti: random(16),
      htm: 'GET',
      htu: `${theBank}/accounts`,
      iat: world.now(),
      ath: sha256(token),
      nonce,
    }
    const proof = await aJwt({ typ: 'dpop+jwt', jwk: { ...key.jwk } }, claims, signer)
    const headers = [['authorization', `DPoP ${token}`] as const, ['dpop', proof] as const]
    const connection = { entrance: 'main', certificate: undefined, certificateTrouble: undefined } as const
    const request = new Request(`${theBank}/accounts`)
    return guard(request, { ...connection, peerAddress: '192.0.2.9', target: '/accounts', headers })
  }
  return async (token, party) => {
    const first = await call(token, party, undefined)
    if (first.kind === 'access' || first.rule !== 'dpop_nonce_missing') return 'rule' in first ? first.rule : undefined
    const nonce = first.response.headers.get('dpop-nonce') ?? ''
    const second = await call(token, party, nonce)
    return second.kind === 'access' ? undefined : second.rule
  }
}
