import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { startWithClient } from '../wire/relying-party.ts'
import { anAuthenticator } from './authenticator.ts'
import { findings } from './axe.ts'
import { startCallback } from './callback.ts'
import { theDemo } from './demo.ts'
import { parts, toSignIn } from './tour.ts'
import { allowed, backAt, signInByPassword } from './visit.ts'

const { world, browser } = await theDemo()

async function visit(): Promise<Page> {
  const context = await browser.newContext()
  context.setDefaultTimeout(15_000)
  return context.newPage()
}

async function toAccountByPassword(page: Page): Promise<void> {
  await page.goto(`${world.issuer}/account/sign-in`)
  await page.locator(parts.signIn).click()
  await page.waitForURL(`${world.issuer}/account`)
}

async function addPasskey(page: Page, name: string): Promise<void> {
  await page.locator('form[data-passkey=create] input[name=name]').fill(name)
  await page.locator(parts.addPasskey).click()
  await page.waitForURL(/done=passkey_added/)
  await page.getByText(name).first().waitFor()
}

async function signInByPasskey(page: Page): Promise<void> {
  await page.goto(`${world.issuer}/account/sign-in`)
  await page.locator(parts.usePasskey).click()
}

test('a passkey from the account page signs in at the app, and at the account', async () => {
  const page = await visit()
  await anAuthenticator(page, 'internal')
  await toAccountByPassword(page)
  await addPasskey(page, 'My laptop')

  await page.context().clearCookies()
  await toSignIn(page, world)
  await page.locator(parts.usePasskey).click()
  await page.locator(parts.allow).click()
  await page.waitForURL((url) => url.origin === world.app && url.search === '')
  assert.match((await page.textContent('body')) ?? '', /2,431\.07/)
  await signInByPasskey(page)
  await page.waitForURL(`${world.issuer}/account`)
  await remove(page, 'My laptop')
  await page.context().close()
})

/** Removes a passkey by what it is called. */
async function remove(page: Page, name: string): Promise<void> {
  const entry = page.locator('li', { hasText: name })
  await entry.locator('form').last().getByRole('button').click()
  await page.waitForURL(/done=passkey_removed/)
  assert.equal(await page.locator('li', { hasText: name }).locator('input[name=credential_id]').count(), 0)
}

test('who loses a passkey signs in with another one and removes the lost one; it signs nobody in any more', async () => {
  const page = await visit()
  const phone = await anAuthenticator(page, 'internal')
  await toAccountByPassword(page)
  await addPasskey(page, 'Phone')
  // The second one needs a sign-in with the first: a stolen password adds nothing.
  await page.context().clearCookies()
  await toAccountByPassword(page)
  assert.equal(await page.locator(parts.addPasskey).count(), 0)
  await signInByPasskey(page)
  await page.waitForURL(`${world.issuer}/account`)
  await phone.lose()
  const key = await anAuthenticator(page, 'usb')
  await addPasskey(page, 'Security key')

  await page.context().clearCookies()
  await signInByPasskey(page)
  await page.waitForURL(`${world.issuer}/account`)
  await remove(page, 'Phone')

  // Whoever found the phone tries it.
  await key.lose()
  await phone.find()
  await page.context().clearCookies()
  await signInByPasskey(page)
  assert.match((await page.getByRole('alert').filter({ visible: true }).textContent()) ?? '', /sign-in failed/i)

  await phone.lose()
  await key.find()
  await signInByPasskey(page)
  await page.waitForURL(`${world.issuer}/account`)
  await remove(page, 'Security key')
  await page.context().close()
})

test('a browser without any passkey is told kindly, and the password still works', async () => {
  const page = await visit()
  await anAuthenticator(page, 'internal')
  await signInByPasskey(page)
  await page.getByRole('alert').filter({ visible: true }).waitFor()
  await page.locator(parts.signIn).click()
  await page.waitForURL(`${world.issuer}/account`)
  await page.context().close()
})

test('a client that has to have it gets a sign-in with a passkey of somebody who signed in by password before', async (t) => {
  const callback = await startCallback()
  t.after(() => callback.close())
  const { running, begin } = await startWithClient({ redirectUri: callback.uri, passkeys: 'offered' })
  t.after(() => running.close())
  const page = await visit()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  await anAuthenticator(page, 'internal')
  await page.goto(`${running.issuer}/account/sign-in`)
  await signInByPassword(page)
  await page.waitForURL(`${running.issuer}/account`)
  await addPasskey(page, 'My laptop')

  // The client is content with the password at first.
  const usual = await begin()
  await page.goto(usual.url)
  const before = await usual.tokens(await allowed(page, callback.uri))
  assert.equal(before.claims()?.['acr'], 'urn:strongroom:acr:password')

  const essential = JSON.stringify({ id_token: { acr: { essential: true, values: ['phr'] } } })
  const demanding = await begin({ claims: essential })
  await page.goto(demanding.url)
  assert.ok(page.url().startsWith(`${running.issuer}/interaction/`))
  assert.equal(await page.locator(parts.usePasskey).isVisible(), true)
  assert.equal(await page.locator('input[type=password], input[name=username]').count(), 0)
  assert.match((await page.textContent('main')) ?? '', /needs a sign-in with a passkey/)
  assert.deepEqual(await findings(page), [])
  await page.locator(parts.usePasskey).click()
  const issued = await demanding.tokens(await backAt(page, callback.uri))
  assert.equal(issued.claims()?.['acr'], 'phr')
  assert.ok([issued.claims()?.['amr']].flat().includes('user'))
  assert.equal(issued.claims()?.sub, before.claims()?.sub)
  assert.deepEqual(complaints, [])
  await page.context().close()
})
