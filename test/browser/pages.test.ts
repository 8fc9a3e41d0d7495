import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findings } from './axe.ts'
import { theDemo } from './demo.ts'
import { tabTo } from './keyboard.ts'
import { parts, toSignIn, tour } from './tour.ts'

const { world, browser } = await theDemo()

const phone = { width: 320, height: 640 }
const desktop = { width: 1280, height: 800 }

for (const { colorScheme, viewport, locale } of [
  { colorScheme: 'light', viewport: phone, locale: 'en-GB' },
  { colorScheme: 'dark', viewport: desktop, locale: 'en-GB' },
  { colorScheme: 'light', viewport: desktop, locale: 'de-AT' },
  { colorScheme: 'dark', viewport: phone, locale: 'de-AT' },
] as const) {
  test(`axe finds nothing on any page: ${colorScheme}, ${viewport.width} pixels, ${locale}`, async () => {
    const context = await browser.newContext({ colorScheme, viewport, locale })
    context.setDefaultTimeout(20_000)
    const seen = new Map<string, readonly string[]>()
    await tour(context, world, async (name, page) => {
      seen.set(name, await findings(page))
      const language = await page.getAttribute('html', 'lang')
      if (page.url().startsWith(world.issuer)) assert.equal(language, locale.slice(0, 2), `${name} is in ${language}`)
    })
    assert.deepEqual(
      [...seen].filter(([, found]) => found.length > 0),
      [],
    )
    assert.ok(seen.size >= 14)
    await context.close()
  })
}

test('canary: axe sees a page that has something wrong', async () => {
  const page = await browser.newPage()
  await page.setContent('<!doctype html><html><body><img src="x"><input></body></html>')
  const found = await findings(page)
  assert.ok(found.some((line) => line.startsWith('image-alt')))
  assert.ok(found.some((line) => line.startsWith('label')))
  await page.close()
})

test('[AS-AUTHZ-11] with the keyboard alone: sign in, allow, see it in the account, take it back', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(world.app)
  await tabTo(page, { part: 'form button' })
  await page.keyboard.press('Enter')
  await page.waitForURL(`${world.issuer}/interaction/*`)
  await tabTo(page, { part: parts.password })
  await page.keyboard.press('Enter')
  await page.locator(parts.allow).waitFor()
  await tabTo(page, { part: parts.allow })
  await page.keyboard.press('Enter')
  await page.waitForURL((url) => url.origin === world.app && url.search === '')

  await page.goto(`${world.issuer}/account`)
  await tabTo(page, { part: 'form:has(input[name=client_id]) button' })
  await page.keyboard.press('Enter')
  await page.getByRole('status').waitFor()
  await context.close()
})

test('[AS-AUTHZ-14] with scripts off: the whole tour works, and no page misses anything', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false })
  context.setDefaultTimeout(20_000)
  const seen: string[] = []
  await tour(context, world, async (name) => {
    seen.push(name)
  })
  assert.ok(seen.includes('app-connected') && seen.includes('signed-out'))
  await context.close()
})

test('canary: a part that the keyboard cannot reach is seen', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  await toSignIn(page, world)
  await assert.rejects(tabTo(page, { part: 'h1' }), /cannot be reached/)
  await context.close()
})
