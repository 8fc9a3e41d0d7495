/** A tour of every page people can see, in each state that looks different. */

import type { BrowserContext, Page } from 'playwright-core'
import type { World } from '../../src/demo/world.ts'

/** What somebody does where the tour stops; the name tells the stop from all others. */
export type Look = (name: string, page: Page) => Promise<void>

/** The parts of pages by what they do, whatever the language. */
export const parts = {
  username: 'input[name=username]',
  password: 'input[name=password]',
  signIn: 'form:has(input[name=password]) button[type=submit]',
  allow: 'button[name=decision][value=allow]',
  deny: 'button[name=decision][value=deny]',
  addPasskey: 'form[data-passkey=create] button',
  usePasskey: 'form[data-passkey=get] button',
} as const

/** From the app to the consent page, signing in on the way where that is asked. */
async function toConsent(page: Page, world: World): Promise<void> {
  await toSignIn(page, world)
  await page.locator(parts.signIn).click()
  await page.locator(parts.allow).waitFor()
}

/** From the app to the sign-in page. */
export async function toSignIn(page: Page, world: World): Promise<void> {
  await page.goto(world.app)
  await page.getByRole('button', { name: /connect/i }).click()
  await page.waitForURL(`${world.issuer}/interaction/*`)
}

/** Shows one browser every page. Needs no script anywhere. */
export async function tour(context: BrowserContext, world: World, look: Look): Promise<void> {
  const page = await context.newPage()
  await page.goto(world.app)
  await look('app', page)
  await page.goto(`${world.app}/heist`)
  await look('heist', page)
  await page.locator('form[action*="/heist/thefts/"] button').nth(1).click()
  await look('heist-theft', page)

  await toSignIn(page, world)
  await look('sign-in', page)
  await page.locator(parts.password).fill('wrong')
  await page.locator(parts.signIn).click()
  await look('sign-in-failed', page)
  await toConsent(page, world)
  await look('consent', page)
  await page.locator(parts.allow).click()
  await page.waitForURL((url) => url.origin === world.app && url.search === '')
  await look('app-connected', page)

  await page.getByRole('button', { name: /pay this bill/i }).click()
  await page.locator(parts.allow).waitFor()
  await look('consent-payment', page)
  await page.locator(parts.allow).click()
  await page.waitForURL((url) => url.origin === world.app && url.search === '')
  await look('app-paid', page)

  await page.goto(`${world.issuer}/account`)
  await look('account', page)
  await page.goto(`${world.issuer}/account/sign-in`)
  await look('sign-in-again', page)
  await page.goto(`${world.issuer}/logout`)
  await look('sign-out', page)
  await page.locator('main form button[type=submit]').click()
  await look('signed-out', page)
  await page.goto(`${world.issuer}/authorize`)
  await look('error', page)
  await page.close()
}
