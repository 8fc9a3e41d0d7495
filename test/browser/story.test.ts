import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrowserContext, Page, Response } from 'playwright-core'
import { demoUser } from '../../src/demo/authorization-server.ts'
import { theDemo } from './demo.ts'

const { world, browser } = await theDemo()

/** What a visit leaves behind, besides what is seen. */
type Visit = {
  readonly context: BrowserContext
  readonly page: Page
  readonly responses: Response[]
  readonly complaints: string[]
}

/** A fresh browser profile; whatever the console complains of is kept. */
async function visit(): Promise<Visit> {
  const context = await browser.newContext()
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const responses: Response[] = []
  const complaints: string[] = []
  page.on('response', (response) => responses.push(response))
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  return { context, page, responses, complaints }
}

async function toSignIn(page: Page): Promise<void> {
  await page.goto(world.app)
  await page.getByRole('button', { name: /connect/i }).click()
  await page.waitForURL(`${world.issuer}/interaction/*`)
}

test('[AS-AUTHZ-11, CL-02] a person connects the bank: sign in, read, allow, see accounts', async () => {
  const { context, page, responses, complaints } = await visit()
  await toSignIn(page)
  assert.equal(await page.getByLabel(/user name/i).inputValue(), 'alice')
  await page.getByRole('button', { name: /sign in/i }).click()

  await page.getByRole('button', { name: /^allow/i }).waitFor()
  const consent = await page.textContent('main')
  assert.match(consent ?? '', /see your accounts/i)
  await page.getByRole('button', { name: /^allow/i }).click()

  await page.waitForURL((url) => url.origin === world.app && url.search === '')
  assert.match((await page.textContent('body')) ?? '', /2,431\.07/)

  // Nothing of the flow stays in the address bar or in what the pages complained of.
  assert.deepEqual(complaints, [])
  const opened = responses.map((response) => response.request().url()).filter((url) => url.includes('/authorize'))
  assert.deepEqual(
    opened.map((url) => [...new URL(url).searchParams.keys()].sort()),
    [['client_id', 'request_uri']],
  )
  // No page of the server loads anything: every document came alone.
  const fromServer = responses.filter((response) => response.url().startsWith(world.issuer))
  assert.ok(fromServer.every((response) => response.request().resourceType() === 'document'))
  await context.close()
})

test('[AS-AUTHZ-12] a person denies: the app says so kindly, and the next try works', async () => {
  const { context, page } = await visit()
  await toSignIn(page)
  await page.getByRole('button', { name: /sign in/i }).click()
  await page.getByRole('button', { name: /don.t allow/i }).click()
  await page.waitForURL((url) => url.origin === world.app)
  const text = (await page.textContent('body')) ?? ''
  assert.doesNotMatch(text, /2,431\.07/)

  await page.goto(world.app)
  await page.getByRole('button', { name: /connect/i }).click()
  await page.getByRole('button', { name: /^allow/i }).click()
  await page.waitForURL((url) => url.origin === world.app && url.search === '')
  assert.match((await page.textContent('body')) ?? '', /2,431\.07/)
  await context.close()
})

test('sign_in_failed [AS-AUTHZ-15] a wrong password: the same page, no reason, and the right one works', async () => {
  const { context, page } = await visit()
  await toSignIn(page)
  await page.getByLabel(/password/i).fill('wrong')
  await page.getByRole('button', { name: /sign in/i }).click()
  assert.match((await page.getByRole('alert').textContent()) ?? '', /sign-in failed/i)
  await page.getByLabel(/password/i).fill(demoUser.password)
  await page.getByRole('button', { name: /sign in/i }).click()
  await page.getByRole('button', { name: /^allow/i }).waitFor()
  await context.close()
})

test('interaction_foreign [AS-AUTHZ-15] the link of a sign-in page is worth nothing in another browser', async () => {
  const honest = await visit()
  await toSignIn(honest.page)
  const stranger = await visit()
  await stranger.page.goto(honest.page.url())
  assert.match((await stranger.page.textContent('main')) ?? '', /interaction_invalid/)
  await honest.page.getByRole('button', { name: /sign in/i }).click()
  await honest.page.getByRole('button', { name: /^allow/i }).waitFor()
  await honest.context.close()
  await stranger.context.close()
})

test('[AS-AUTHZ-14] no other page can frame ours', async () => {
  const { context, page } = await visit()
  await toSignIn(page)
  const frameable = 'http://other.test/form'
  const html = (body: string) => ({ contentType: 'text/html', body })
  await context.route(frameable, (route) => route.fulfill(html('<form></form>')))
  await context.route('http://other.test/', (route) =>
    route.fulfill(html(`<iframe src="${page.url()}"></iframe><iframe src="${frameable}"></iframe>`)),
  )
  const framing = await context.newPage()
  await framing.goto('http://other.test/')
  const [, ours, theirs] = framing.frames()
  // The control first: a page that lets itself be framed shows its form there.
  assert.equal(await theirs?.locator('form').count(), 1)
  assert.equal(await ours?.locator('form').count(), 0)
  assert.equal(ours?.url(), 'chrome-error://chromewebdata/')
  await context.close()
})

test('[AS-PAR-11] the same request opened twice before it is done: both tabs work, the first to finish wins', async () => {
  const { context, page, responses } = await visit()
  await toSignIn(page)
  const authorize =
    responses.map((response) => response.request().url()).find((url) => url.includes('/authorize')) ?? ''
  const second = await context.newPage()
  await second.goto(authorize)
  await second.getByRole('button', { name: /sign in/i }).waitFor()
  await page.getByRole('button', { name: /sign in/i }).click()
  await page.getByRole('button', { name: /^allow/i }).click()
  await page.waitForURL((url) => url.origin === world.app && url.search === '')
  await second.reload()
  await second.getByRole('button', { name: /^allow/i }).click()
  assert.match((await second.textContent('main')) ?? '', /request_uri_invalid/)
  await context.close()
})
