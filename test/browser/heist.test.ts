import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chapters, thefts } from '../../src/demo/thefts/index.ts'
import { findings } from './axe.ts'
import { theDemo } from './demo.ts'
import { tabTo } from './keyboard.ts'

const { world, browser } = await theDemo()

test('one theft of each chapter by keyboard alone: from the landing page to the refusal and on to the next', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  const opened: string[] = []
  page.on('response', (response) => opened.push(response.request().resourceType()))
  await page.goto(world.app)
  await tabTo(page, { text: 'Try a heist' })
  await page.keyboard.press('Enter')
  await page.waitForURL(`${world.app}/heist`)
  for (const { title, thefts: own } of chapters) {
    const [theft] = own
    assert.ok(theft !== undefined, title)
    await page.goto(`${world.app}/heist`)
    await tabTo(page, { text: `Try it: ${theft.title}` })
    await page.keyboard.press('Enter')
    await page.waitForURL(`${world.app}/heist/thefts/${theft.id}`)
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), theft.title)
    assert.match((await page.getByRole('status').textContent()) ?? '', new RegExp(`Refused.*${theft.expected}`, 's'))
    await page.getByRole('img', { name: `What went over the wire: ${theft.title}` }).waitFor()
    // The text alternative opens without a mouse.
    await tabTo(page, { text: 'The same in words' })
    await page.keyboard.press('Enter')
    assert.ok((await page.getByRole('listitem').filter({ visible: true }).count()) > 4)
  }
  // From one result straight on to the next theft.
  await page.goto(`${world.app}/heist/thefts/${thefts[0]?.id}`)
  await tabTo(page, { text: `Try the next one: ${thefts[1]?.title}` })
  await page.keyboard.press('Enter')
  await page.waitForURL(`${world.app}/heist/thefts/${thefts[1]?.id}`)
  assert.deepEqual(complaints, [])
  assert.deepEqual([...new Set(opened)], ['document'], 'no script, no picture, nothing from elsewhere')
  await context.close()
})

test('all of them: the list grows while they are tried, and ends with the sum', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${world.app}/heist`)
  await page.getByRole('button', { name: 'Try all of them' }).click()
  await page.locator('.tour li').first().waitFor()
  // Seen before the rest is done: the page is not sent whole.
  assert.equal(await page.getByRole('status').count(), 0)
  await page.waitForLoadState()
  assert.equal(await page.locator('.tour li').count(), thefts.length)
  assert.match((await page.getByRole('status').textContent()) ?? '', /26 of 26 thefts refused/)
  await context.close()
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [320, 1280]) {
    test(`nothing keeps people out: ${colorScheme}, ${width} pixels`, async () => {
      const context = await browser.newContext({
        colorScheme,
        reducedMotion: 'reduce',
        viewport: { width, height: 800 },
      })
      const page = await context.newPage()
      const look = async (what: string) => assert.deepEqual(await findings(page), [], what)
      await page.goto(world.app)
      await look('the landing page')
      await page.goto(`${world.app}/heist`)
      await look('the overview')
      await page.getByRole('button', { name: /fill the bag/i }).click()
      await page.goto(`${world.app}/heist/all`)
      await page.getByRole('button', { name: 'Try all of them' }).click()
      await page.waitForLoadState()
      await look('all of them')
      for (const path of ['', ...chapters.map(({ thefts: [theft] }) => `/thefts/${theft?.id}`)]) {
        await page.goto(`${world.app}/heist${path}`)
        await page.evaluate(`document.querySelectorAll('details').forEach((details) => { details.open = true })`)
        await look(path)
      }
      await page.goto(`${world.app}/heist/thefts/nothing`)
      await look('no such theft')
      // A page that has something wrong with it is seen.
      await page.setContent('<main><img src="data:,"></main>')
      assert.notDeepEqual(await findings(page), [])
      await context.close()
    })
  }
}
