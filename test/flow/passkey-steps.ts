/** The steps of a person with passkeys. */

import assert from 'node:assert/strict'
import { type Authenticator, anAuthenticator, type Make, type Quirks } from './authenticator.ts'
import { aBrowser, type Browser, csrfOf, decide, location, open, push, redeem, responseOf } from './steps.ts'
import { aPkcePair, claimsOf, type Parameters } from './messages.ts'
import { aParty } from './parties.ts'
import type { Reply, Sent, World } from './world.ts'

export const accountUrl = '/account'
export const accountSignIn = '/account/sign-in'

const entities = { '&quot;': '"', '&#39;': "'", '&lt;': '<', '&gt;': '>', '&amp;': '&' } as const

/** The options of the one passkey form of a page. */
export function optionsOf(page: Reply): string {
  const text = /data-options="([^"]*)"/.exec(page.text)?.[1] ?? ''
  assert.notEqual(text, '', `no passkey form: ${page.status} ${page.text.slice(-400)}`)
  return Object.entries(entities).reduce((read, [entity, character]) => read.replaceAll(entity, character), text)
}

/** Signs in with the password at the account. */
export async function passwordAtAccount(
  world: World,
  browser: Browser = aBrowser(world),
  name = 'alice',
): Promise<Browser> {
  const csrf = csrfOf(await browser.get(accountSignIn))
  const reply = await browser.post(accountSignIn, { csrf, username: name, password: 'correct horse' })
  assert.equal(reply.status, 303, reply.text)
  return browser
}

/** Posts what the authenticator answers to the sign-in page at `url`. */
export async function passkeyAt(
  browser: Browser,
  url: string,
  authenticator: Authenticator,
  quirks: Quirks = {},
  more: Sent = {},
): Promise<Reply> {
  const page = await browser.get(url)
  return postAnswer(browser, url, page, authenticator.get(optionsOf(page), quirks), more)
}

/** Posts an answer to where the page at `url` posts answers to. */
export function postAnswer(
  browser: Browser,
  url: string,
  page: Reply,
  credential: string,
  more: Sent = {},
): Promise<Reply> {
  const target = url === accountSignIn ? `${accountSignIn}/passkey` : `${url}/sign-in/passkey`
  return browser.post(target, { csrf: csrfOf(page), credential }, more)
}

/** Posts a passkey to the account page of whoever is signed in. */
export async function addPasskey(
  browser: Browser,
  authenticator: Authenticator,
  { name = 'my key', quirks = {} }: { readonly name?: string; readonly quirks?: Quirks } = {},
): Promise<Reply> {
  const page = await browser.get(accountUrl)
  const credential = authenticator.create(optionsOf(page), quirks)
  return browser.post('/account/passkeys', { csrf: csrfOf(page), credential, name })
}

/** A person with a passkey, signed in with the password in one browser. */
export async function withPasskey(world: World, make: Make = {}, name = 'alice') {
  const browser = await passwordAtAccount(world, aBrowser(world), name)
  const authenticator = anAuthenticator(make)
  const added = await addPasskey(browser, authenticator)
  assert.equal(location(added), 'https://as.example/account?done=passkey_added', added.text)
  return { browser, authenticator }
}

/** Pushes a request and opens it in a browser: where its interaction is, and how to end it with an ID token. */
export async function started(world: World, browser: Browser, changes: Parameters = {}) {
  const { verifier, challenge } = aPkcePair(world)
  const opened = await open(world, await push(world, changes, { challenge }), browser)
  return {
    interaction: location(opened),
    finish: async (page?: Reply) => {
      const shown = page ?? (await browser.get(location(opened)))
      const done = shown.status === 303 ? shown : await decide(browser, location(opened), shown)
      const { code = '' } = responseOf(done)
      const reply = await redeem(world, { code, verifier }, {}, { party: aParty() })
      assert.equal(reply.status, 200, reply.text)
      return claimsOf(reply.json['id_token'])
    },
  }
}
