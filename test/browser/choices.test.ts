import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Locator, Page } from 'playwright-core'
import type { JsonObject } from '../../src/core/names.ts'
import {
  anAccountAccess,
  anArchiveAccess,
  aPayment,
  archiveDetailTypes,
  bankDetailTypes,
} from '../flow/detail-types.ts'
import { type Begin, type Begun, startWithClient } from '../wire/relying-party.ts'
import type { Running } from '../wire/running.ts'
import { findings } from './axe.ts'
import { type Callback, startCallback } from './callback.ts'
import { launchChromium } from './chromium.ts'
import { tabTo } from './keyboard.ts'
import { parts } from './tour.ts'
import { allowed, backAt, signInByPassword, visit } from './visit.ts'

let callback: Callback
let running: Running
let begin: Begin
let browser: Browser

before(async () => {
  callback = await startCallback()
  ;({ running, begin } = await startWithClient({
    redirectUri: callback.uri,
    detailTypes: [...bankDetailTypes, ...archiveDetailTypes],
  }))
  browser = await launchChromium()
})

after(async () => {
  await browser.close()
  await running.close()
  await callback.close()
})

/** The consent page for these details. */
async function toConsent(page: Page, details: readonly JsonObject[]): Promise<Begun> {
  const begun = await begin({ authorization_details: JSON.stringify(details) })
  await page.goto(begun.url)
  await signInByPassword(page)
  await page.locator(parts.allow).waitFor()
  return begun
}

async function checked(boxes: Locator): Promise<readonly boolean[]> {
  return Promise.all((await boxes.all()).map((box) => box.isChecked()))
}

const twoAccounts = anAccountAccess({ accounts: [{ iban: 'DE01' }, { iban: 'DE02' }] })

test('what a person leaves out by keyboard alone, the client does not get', async () => {
  const { context, page, complaints } = await visit(browser)
  const { tokens } = await toConsent(page, [twoAccounts])
  const boxes = page.getByRole('group', { name: /accounts/ }).getByRole('checkbox')
  assert.deepEqual(await checked(boxes), [true, true])
  await page.getByRole('checkbox', { name: 'DE02', exact: true }).waitFor()
  await tabTo(page, { part: 'input[name="choice.0.accounts.1"]' })
  await page.keyboard.press('Space')
  assert.deepEqual(await checked(boxes), [true, false])
  await tabTo(page, { part: parts.allow })
  await page.keyboard.press('Enter')
  const issued = await tokens(await backAt(page, callback.uri))
  assert.deepEqual(issued['authorization_details'], [{ ...twoAccounts, accounts: [{ iban: 'DE01' }] }])

  // The account page says the same.
  await page.goto(`${running.issuer}/account`)
  const said = await page.locator('.sentence').first().innerText()
  assert.match(said, /DE01/)
  assert.doesNotMatch(said, /DE02/)
  assert.deepEqual(complaints, [])
  await context.close()
})

test('authorization_details_empty_choice who leaves out everything is asked again, kindly, and may allow then', async () => {
  const { context, page } = await visit(browser)
  const { tokens } = await toConsent(page, [twoAccounts])
  for (const box of await page.getByRole('checkbox').all()) await box.uncheck()
  const before = callback.called.length
  await page.locator(parts.allow).click()
  await page.getByRole('alert').waitFor()
  assert.equal(running.events.findLast(({ rule }) => rule !== undefined)?.rule, 'authorization_details_empty_choice')
  assert.equal(callback.called.length, before)
  assert.deepEqual(await findings(page), [])
  assert.equal(await page.getByRole('checkbox', { checked: true }).count(), 2)
  await page.getByRole('checkbox', { name: 'DE01', exact: true }).uncheck()
  const issued = await tokens(await allowed(page, callback.uri))
  assert.deepEqual(issued['authorization_details'], [{ ...twoAccounts, accounts: [{ iban: 'DE02' }] }])
  await context.close()
})

const markup = '</bdi></strong></p></form><img src=x onerror=alert(1)><script>alert(2)</script><h1>Free money</h1>'
const bidi = '\u202Eevil\u2066\u200F'
const hostile = `begin ${markup}${bidi}${'W'.repeat(4500)}${' word'.repeat(600)} end`

/** That nothing of the hostile text became more than text, and all of it can be read. */
async function isInertAndLegible(page: Page, part: string): Promise<void> {
  assert.equal(await page.locator('main :is(script, img)').count(), 0)
  assert.equal(await page.getByRole('heading', { name: 'Free money' }).count(), 0)
  const shown = await page.locator(part).innerText()
  assert.ok(shown.includes(`begin ${markup}`), shown.slice(0, 300))
  assert.ok(shown.includes('W'.repeat(4500)) && /word end\b/.test(shown), shown.slice(-300))
  assert.match(shown, /\ufffdevil\ufffd\ufffd/)
  assert.doesNotMatch(await page.content(), /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/)
  // Nothing is cut off, and nothing lies on top of it.
  const hidden = await page.evaluate<number>(
    `[...document.querySelectorAll('${part}, ${part} *')].filter((one) => getComputedStyle(one).overflow !== 'visible' && one.tagName !== 'INPUT').length`,
  )
  assert.equal(hidden, 0)
  await page.locator(parts.deny).click({ trial: true })
  await page.locator(parts.allow).click({ trial: true })
}

for (const { colorScheme, width } of [
  { colorScheme: 'light', width: 320 },
  { colorScheme: 'dark', width: 1280 },
] as const) {
  test(`eight kilobytes against the reader: inert, whole, legible: ${colorScheme}, ${width} pixels`, async () => {
    const { context, page, complaints } = await visit(browser, { colorScheme, viewport: { width, height: 700 } })
    const payment = aPayment({ creditorName: hostile })
    assert.ok(JSON.stringify([payment]).length > 7700)
    const paid = await toConsent(page, [payment])
    await isInertAndLegible(page, '.sentence')
    assert.deepEqual(await findings(page), [])
    const issued = await paid.tokens(await allowed(page, callback.uri))
    assert.deepEqual(issued['authorization_details'], [payment], 'what was read is what is allowed')

    // In the boxes too, which still do what they say.
    await context.clearCookies()
    const { tokens } = await toConsent(page, [anArchiveAccess([hostile, 'letters'])])
    await isInertAndLegible(page, '.box:first-of-type')
    assert.deepEqual(await findings(page), [])
    await page.getByRole('checkbox').first().uncheck()
    const chosen = await tokens(await allowed(page, callback.uri))
    assert.deepEqual(chosen['authorization_details'], [anArchiveAccess(['letters'])])
    assert.deepEqual(complaints, [])
    await context.close()
  })
}
