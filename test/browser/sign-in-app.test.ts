import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { anApplicationWorld, zoe } from '../wire/sign-in-app-world.ts'
import { findings } from './axe.ts'
import { startCallback } from './callback.ts'
import { launchChromium } from './chromium.ts'
import { parts } from './tour.ts'
import { allowed, backAt, visit } from './visit.ts'

const callback = await startCallback()
const { issuer, page: application, start } = await anApplicationWorld(callback.uri)
let browser: Browser

before(async () => {
  browser = await launchChromium()
})

after(async () => {
  await browser.close()
  await callback.close()
})

/** Signs Zoe in at the example, up to its consent page. */
async function signInThere(page: Page): Promise<void> {
  await page.getByLabel('User name').fill(zoe.username)
  await page.getByLabel('Password').fill(zoe.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator(parts.allow).waitFor()
}

test('people sign in and allow at the application, and are back at the client; the browser complains of nothing', async () => {
  const begin = await start()
  const { context, page, complaints } = await visit(browser)
  const { url, tokens, userinfo } = await begin()
  await page.goto(url)
  assert.ok(page.url().startsWith(application))
  assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Sign in to go on to Budget <b>')
  await signInThere(page)
  const back = await allowed(page, callback.uri)
  assert.equal(back.searchParams.get('iss'), issuer)
  assert.equal((await userinfo(await tokens(back))).name, 'Zoe Example')

  // Signed in and asked before: straight through, over three origins.
  const again = await begin()
  await page.goto(again.url)
  assert.ok((await again.tokens(await backAt(page, callback.uri))).access_token.length > 0)
  assert.deepEqual(complaints, [])
  await context.close()
})

test('who does not allow it is back at the client without a code', async () => {
  const begin = await start()
  const { context, page } = await visit(browser)
  await page.goto((await begin()).url)
  await signInThere(page)
  await page.locator(parts.deny).click()
  const { searchParams } = await backAt(page, callback.uri)
  assert.deepEqual([searchParams.get('error'), searchParams.get('code')], ['access_denied', null])
  await context.close()
})

test('with a browser of a thief at the start and one of his victim at the end, neither has a code', async () => {
  const begin = await start()
  const thief = await visit(browser)
  const victim = await visit(browser)
  const { url } = await begin()
  await thief.page.goto(url)
  const lure = thief.page.url()
  assert.ok(lure.startsWith(application))
  const before = callback.called.length

  // The victim's browser is known here, with a request of its own.
  await victim.page.goto((await begin()).url)
  assert.ok((await victim.context.cookies(issuer)).length > 0)
  await victim.page.goto(lure)
  await signInThere(victim.page)
  await victim.page.locator(parts.allow).click()
  await victim.page.waitForURL(`${issuer}/interaction/**`)
  const finish = victim.page.url()
  assert.match((await victim.page.textContent('main')) ?? '', /interaction_invalid/)

  // The thief even has the address that finishes, and tries everything he has.
  for (const address of [finish, lure, url]) {
    await thief.page.goto(address)
    assert.ok(!thief.page.url().startsWith(callback.uri), address)
  }
  await victim.page.reload()
  assert.equal(callback.called.length, before, 'nobody was sent to the client')

  // Everybody for themselves.
  const own = await begin()
  await victim.page.goto(own.url)
  const issued = await own.tokens(await allowed(victim.page, callback.uri))
  assert.equal((await own.userinfo(issued)).name, 'Zoe Example')
  await thief.context.close()
  await victim.context.close()
})

for (const { colorScheme, width } of [
  { colorScheme: 'light', width: 320 },
  { colorScheme: 'dark', width: 1280 },
] as const) {
  test(`axe finds nothing on the pages of the application: ${colorScheme}, ${width} pixels`, async () => {
    const begin = await start()
    const { context, page } = await visit(browser, { colorScheme, viewport: { width, height: 800 } })
    const details = JSON.stringify([{ type: 'payment', to: 'Heating & Sons' }])
    await page.goto((await begin({ authorization_details: details })).url)
    assert.deepEqual(await findings(page), [], 'sign-in')
    await signInThere(page)
    assert.match((await page.textContent('body')) ?? '', /Pay to Heating & Sons, once/)
    assert.deepEqual(await findings(page), [], 'consent')
    await page.goto(`${application}?iss=https://evil.example`)
    assert.match((await page.textContent('body')) ?? '', /That did not work/)
    assert.deepEqual(await findings(page), [], 'error')
    await context.close()
  })
}
