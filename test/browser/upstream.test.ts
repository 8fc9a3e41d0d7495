import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { startUpstreamWorld, type UpstreamWorld } from '../wire/upstream-world.ts'
import { findings } from './axe.ts'
import { type Callback, startCallback } from './callback.ts'
import { launchChromium } from './chromium.ts'
import { tabTo } from './keyboard.ts'
import { parts } from './tour.ts'
import { allowed, backAt, signInByPassword, visit } from './visit.ts'

let callback: Callback
let world: UpstreamWorld
let browser: Browser

before(async () => {
  callback = await startCallback()
  world = await startUpstreamWorld(callback.uri)
  browser = await launchChromium()
})

after(async () => {
  await browser.close()
  await world.close()
  await callback.close()
})

/** From our sign-in page to the page of the provider. */
async function leave(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Continue with basic' }).click()
  await page.waitForURL(`${world.basic.issuer}/interaction/*`)
}

/** Says who one is at the provider; nobody is who refuses. */
async function sayThere(page: Page, account: string): Promise<void> {
  await page.getByRole('textbox').fill(account)
  await page.keyboard.press('Enter')
}

test('to another provider and back: the forms of our page lead there, and the browser is known when it is back', async () => {
  const { context, page, complaints } = await visit(browser)
  const first = await world.begin()
  await page.goto(first.url)
  const before = await context.cookies(world.running.issuer)
  assert.ok(before.length > 0 && before.every(({ sameSite, httpOnly }) => sameSite === 'Lax' && httpOnly))
  await leave(page)
  await sayThere(page, 'alice')
  await page.locator(parts.allow).waitFor()
  assert.equal(new URL(page.url()).origin, world.running.issuer)
  assert.match((await page.textContent('main')) ?? '', /signed in as alice@basic/i)
  const issued = await first.tokens(await allowed(page, callback.uri))
  assert.equal(issued.claims()?.['acr'], 'urn:example:gold')
  assert.equal((await first.userinfo(issued)).name, 'alice of the peer')

  // Known at the provider and allowed before: one form, and redirects over three origins that its page has to let through.
  await context.clearCookies({ domain: 'localhost' })
  const again = await world.begin()
  await page.goto(again.url)
  await page.getByRole('button', { name: 'Continue with basic' }).click()
  const second = await again.tokens(await backAt(page, callback.uri))
  assert.equal(second.claims()?.sub, issued.claims()?.sub)
  assert.deepEqual(complaints, [])
  await context.close()
})

test('another provider by keyboard alone', async () => {
  const { context, page, complaints } = await visit(browser)
  const { url, tokens } = await world.begin()
  await page.goto(url)
  await tabTo(page, { text: 'Continue with proved' })
  await page.keyboard.press('Enter')
  await page.locator('input[name=account]').waitFor()
  await tabTo(page, { part: 'input[name=account]' })
  await page.keyboard.type('kim')
  await page.keyboard.press('Enter')
  await page.locator(parts.allow).waitFor()
  await tabTo(page, { part: parts.allow })
  await page.keyboard.press('Enter')
  assert.ok((await tokens(await backAt(page, callback.uri))).claims()?.sub)
  assert.deepEqual(complaints, [])
  await context.close()
})

test('upstream_refused who says no at the provider is told kindly on our page, and the password still works', async () => {
  const { context, page } = await visit(browser)
  const { url, tokens } = await world.begin()
  await page.goto(url)
  assert.equal(await page.getByRole('alert').count(), 0)
  await leave(page)
  await sayThere(page, '')
  await page.getByRole('alert').waitFor()
  assert.equal(new URL(page.url()).origin, world.running.issuer)
  assert.equal(world.running.events.findLast(({ rule }) => rule !== undefined)?.rule, 'upstream_refused')
  assert.deepEqual(await findings(page), [])
  await signInByPassword(page)
  const issued = await tokens(await allowed(page, callback.uri))
  assert.equal(issued.claims()?.['acr'], 'urn:strongroom:acr:password')
  await context.close()
})

test('upstream_unavailable a provider that is down: the same page, and the way to another one', async () => {
  const { context, page } = await visit(browser)
  const { url, tokens } = await world.begin()
  await page.goto(url)
  await page.getByRole('button', { name: 'Continue with down' }).click()
  await page.getByRole('alert').waitFor()
  assert.equal(world.running.events.findLast(({ rule }) => rule !== undefined)?.rule, 'upstream_unavailable')
  await leave(page)
  await sayThere(page, 'erin')
  assert.ok((await tokens(await allowed(page, callback.uri))).claims()?.sub)
  await context.close()
})

test('with scripts off: to another provider and back', async () => {
  const { context, page } = await visit(browser, { javaScriptEnabled: false })
  const { url, tokens } = await world.begin()
  await page.goto(url)
  await leave(page)
  await sayThere(page, 'lee')
  assert.ok((await tokens(await allowed(page, callback.uri))).claims()?.sub)
  await context.close()
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [320, 1280]) {
    test(`axe finds nothing where people choose a provider: ${colorScheme}, ${width} pixels`, async () => {
      const { context, page } = await visit(browser, { colorScheme, viewport: { width, height: 800 } })
      await page.goto((await world.begin()).url)
      assert.equal(await page.getByRole('button', { name: /^Continue with/ }).count(), 4)
      assert.deepEqual(await findings(page), [])
      await page.goto(`${world.running.issuer}/account/sign-in`)
      assert.equal(await page.getByRole('button', { name: /^Continue with/ }).count(), 4)
      assert.deepEqual(await findings(page), [])
      await context.close()
    })
  }
}
