import type { Browser, BrowserContextOptions, BrowserContext, Page } from 'playwright-core'
import { parts } from './tour.ts'

/** One person with a browser profile of their own, and what it complains of. */
export type Visit = {
  readonly context: BrowserContext
  readonly page: Page
  /** What consoles and uncaught errors said, and the text of every dialog. */
  readonly complaints: readonly string[]
}

/** Opens a fresh profile. */
export async function visit(browser: Browser, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(15_000)
  const complaints: string[] = []
  context.on('console', (message) => complaints.push(message.text()))
  context.on('weberror', (error) => complaints.push(error.error().message))
  context.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  return { context, page: await context.newPage(), complaints }
}

/** Signs in at a page of ours with the password of the person of the tests. */
export async function signInByPassword(page: Page): Promise<void> {
  await page.locator(parts.username).fill('alice')
  await page.locator(parts.password).fill('correct horse')
  await page.locator(parts.signIn).click()
}

/** Allows, and has the address the client is called back at. */
export async function allowed(page: Page, redirectUri: string): Promise<URL> {
  await page.locator(parts.allow).click()
  return backAt(page, redirectUri)
}

/** The address the client is called back at, once the browser is there. */
export async function backAt(page: Page, redirectUri: string): Promise<URL> {
  await page.waitForURL((url) => url.href.startsWith(`${redirectUri}?`))
  return new URL(page.url())
}
