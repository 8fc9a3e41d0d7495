import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import type { Look } from '../../src/console/look.ts'
import { german } from '../../src/console/messages/de.ts'
import { english } from '../../src/console/messages/en.ts'
import type { Messages } from '../../src/console/messages/messages.ts'
import { keysOf } from '../../src/core/names.ts'
import { anAccountAccess, aPayment, bankDetailTypes } from '../flow/detail-types.ts'
import { type Begin, startWithClient } from '../wire/relying-party.ts'
import type { Running } from '../wire/running.ts'
import { findings } from './axe.ts'
import { type Callback, startCallback } from './callback.ts'
import { launchChromium } from './chromium.ts'
import { parts } from './tour.ts'
import { allowed, signInByPassword, visit } from './visit.ts'

/** Hebrew letters in place of ours, in every text: nobody's words, but they run from right to left. */
function turned<Key extends string>(texts: Readonly<Record<Key, string>>): Readonly<Record<Key, string>> {
  const letters = (text: string) =>
    text.replaceAll(/[a-z]/gi, (letter) => String.fromCodePoint(0x05_d0 + (letter.toLowerCase().charCodeAt(0) - 97)))
  const turn = (text: string) => text.split(/(\{\w+\})/).map((part) => (part.startsWith('{') ? part : letters(part)))
  const copy: Record<Key, string> = { ...texts }
  for (const key of keysOf(copy)) copy[key] = turn(copy[key]).join('')
  return copy
}

const hebrew: Messages = {
  language: 'he',
  direction: 'rtl',
  texts: turned(english.texts),
  events: turned(english.events),
  refusals: {},
}

const drawing =
  '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="30" viewBox="0 0 120 30"><rect width="120" height="30" rx="6" fill="#0b5d5e"/></svg>'

const look: Look = {
  name: 'Nordwind Bank',
  logo: { mediaType: 'image/svg+xml', base64: Buffer.from(drawing).toString('base64') },
  colours: {
    light: { paper: '#e6f2f2', action: '#0b5d5e', accent: '#0a5556' },
    dark: { paper: '#06191a', action: '#8fd9d9', onAction: '#04191a', accent: '#8fd9d9' },
  },
  languages: [english, { ...german, texts: { ...german.texts, signInTitle: 'Willkommen bei uns' } }, hebrew],
}

let callback: Callback
let running: Running
let begin: Begin
let browser: Browser

before(async () => {
  callback = await startCallback()
  ;({ running, begin } = await startWithClient({
    redirectUri: callback.uri,
    detailTypes: bankDetailTypes,
    look,
    passkeys: 'offered',
  }))
  browser = await launchChromium()
})

after(async () => {
  await browser.close()
  await running.close()
  await callback.close()
})

const details = JSON.stringify([aPayment(), anAccountAccess()])

/** Every page of ours once, with a failure on the way. */
async function everyPage(page: Page, see: (what: string) => Promise<void>): Promise<void> {
  const { url, tokens } = await begin({ scope: 'openid profile accounts', authorization_details: details })
  await page.goto(url)
  await see('sign-in')
  await page.locator(parts.username).fill('alice')
  await page.locator(parts.password).fill('wrong')
  await page.locator(parts.signIn).click()
  await page.getByRole('alert').filter({ visible: true }).waitFor()
  await see('sign-in-failed')
  await signInByPassword(page)
  await page.locator(parts.allow).waitFor()
  await see('consent')
  assert.ok((await tokens(await allowed(page, callback.uri))).access_token.length > 0)
  await page.goto(`${running.issuer}/account`)
  await see('account')
  await page.goto(`${running.issuer}/logout`)
  await see('sign-out')
  await page.locator('main form button[type=submit]').click()
  await see('signed-out')
  await page.goto(`${running.issuer}/authorize`)
  await see('error')
}

/** Where an element lies in the page, and how it is drawn. */
async function drawn(page: Page, part: string) {
  return page.evaluate<{ left: number; right: number; background: string; direction: string }>(
    `(() => {
      const element = document.querySelector(${JSON.stringify(part)})
      const { left, right } = element.getBoundingClientRect()
      const { backgroundColor, direction } = getComputedStyle(element)
      return { left, right, background: backgroundColor, direction }
    })()`,
  )
}

const inOurColours = {
  light: { paper: 'rgb(230, 242, 242)', action: 'rgb(11, 93, 94)' },
  dark: { paper: 'rgb(6, 25, 26)', action: 'rgb(143, 217, 217)' },
} as const

for (const { colorScheme, width, locale, direction, title } of [
  { colorScheme: 'light', width: 320, locale: 'he', direction: 'rtl', title: hebrew.texts.signInTitle },
  { colorScheme: 'dark', width: 1280, locale: 'he', direction: 'rtl', title: hebrew.texts.signInTitle },
  { colorScheme: 'dark', width: 320, locale: 'de-AT', direction: 'ltr', title: 'Willkommen bei uns' },
  { colorScheme: 'light', width: 1280, locale: 'en-GB', direction: 'ltr', title: english.texts.signInTitle },
] as const) {
  test(`the look of an operator on every page: ${colorScheme}, ${width} pixels, ${locale}`, async () => {
    const { context, page, complaints } = await visit(browser, {
      colorScheme,
      locale,
      viewport: { width, height: 800 },
    })
    const seen: string[] = []
    await everyPage(page, async (what) => {
      seen.push(what)
      if (what === 'sign-in') {
        assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), title)
        assert.equal((await drawn(page, parts.usePasskey)).background, inOurColours[colorScheme].action)
      }
      assert.equal(await page.getAttribute('html', 'dir'), direction, what)
      assert.equal(await page.getAttribute('html', 'lang'), locale.slice(0, 2), what)
      const logo = page.getByRole('img', { name: look.name })
      assert.ok(await logo.isVisible(), what)
      assert.equal(await page.evaluate("document.querySelector('.brand img').naturalWidth"), 120, what)
      // The picture lies where lines begin.
      const [picture, main] = [await drawn(page, '.brand img'), await drawn(page, 'main')]
      const atStart = direction === 'rtl' ? picture.right - main.right : picture.left - main.left
      assert.ok(Math.abs(atStart) < 1, `${what} ${JSON.stringify([picture, main])}`)
      assert.equal((await drawn(page, 'h1')).direction, direction, what)
      assert.equal((await drawn(page, 'body')).background, inOurColours[colorScheme].paper, what)
      assert.deepEqual(await findings(page), [], what)
    })
    assert.deepEqual(seen, ['sign-in', 'sign-in-failed', 'consent', 'account', 'sign-out', 'signed-out', 'error'])
    // What is refused is refused: the browser says so, and nothing else.
    assert.deepEqual(
      complaints.filter((text) => !/status of 4\d\d/.test(text)),
      [],
    )
    await context.close()
  })
}

test('in the consent page from right to left, boxes stand before their words, and codes read from left to right', async () => {
  const { context, page } = await visit(browser, { locale: 'he' })
  await page.goto((await begin({ authorization_details: details })).url)
  await signInByPassword(page)
  await page.locator(parts.allow).waitFor()
  const [box, words] = [await drawn(page, '.box input'), await drawn(page, '.box label')]
  assert.ok(box.left >= words.right, JSON.stringify([box, words]))
  assert.equal((await drawn(page, 'dd code')).direction, 'ltr')
  assert.equal((await drawn(page, parts.allow)).direction, 'rtl')
  await context.close()
})
