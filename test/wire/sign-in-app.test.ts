/** The example of a sign-in application, as a script drives a browser through it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anApplicationWorld, zoe } from './sign-in-app-world.ts'
import { openWebBrowser, type Page } from './web-browser.ts'

const callback = 'http://127.0.0.1:9/callback'
const { issuer, page, start } = await anApplicationWorld(callback)

/** The fields a form of the example sends along. */
function hiddenIn({ html }: Page): Record<string, string> {
  const fields = [...html.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)]
  assert.equal(fields.length, 2, html)
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value]))
}

/** Opens a request and signs Zoe in at the example; her consent page, and the fields of its form. */
async function atConsent(url: string, browser = openWebBrowser(callback)) {
  const signIn = await browser.go(url)
  assert.ok(signIn.url.href.startsWith(page), signIn.html)
  assert.match(signIn.html, /Sign in to go on to Budget &#60;b&#62;/)
  const consent = await browser.go(`${page}sign-in`, { ...hiddenIn(signIn), ...zoe })
  assert.match(consent.html, /Budget &#60;b&#62; asks for access.*You are Zoe Example.*See your e-mail address/s)
  return { browser, signIn, fields: hiddenIn(consent) }
}

test('people sign in and decide at the example, and the client has tokens of the person it named', async () => {
  const begin = await start()
  const { url, tokens, userinfo } = await begin()
  const { browser, fields } = await atConsent(url)
  const back = await browser.go(`${page}decide`, { ...fields, decision: 'allow' })
  const issued = await tokens(back.url)
  const claims = issued.claims()
  assert.deepEqual([claims?.['acr'], claims?.['amr']], ['urn:example:password', ['pwd']])
  const info = await userinfo(issued)
  assert.deepEqual([info.name, info.email], ['Zoe Example', 'zoe@example.org'])

  // Signed in and asked before: nobody is asked again, and the application is not in the way.
  const again = await begin()
  const before = browser.visited.filter((one) => one.startsWith(page)).length
  assert.equal((await again.tokens((await browser.go(again.url)).url)).claims()?.sub, claims?.sub)
  assert.equal(browser.visited.filter((one) => one.startsWith(page)).length, before)

  // A new sign-in where the request wants one, although the example has a session.
  const signedInAt = Number(claims?.auth_time)
  while (Math.floor(Date.now() / 1000) <= signedInAt) await new Promise((resolve) => setTimeout(resolve, 50))
  const fresh = await begin({ prompt: 'login' })
  assert.match((await browser.go(fresh.url)).html, /Sign in to go on/)
})

test('[AS-AUTHZ-12] the other button sends the person back with access_denied, and a wrong password nowhere', async () => {
  const begin = await start()
  const { url } = await begin()
  const { browser, fields, signIn } = await atConsent(url)
  const denied = await browser.go(`${page}decide`, { ...fields, decision: 'deny' })
  const { searchParams } = denied.url
  assert.deepEqual(
    [searchParams.get('error'), searchParams.get('iss'), searchParams.get('code')],
    ['access_denied', issuer, null],
  )
  const wrong = await browser.go(`${page}sign-in`, { ...hiddenIn(signIn), ...zoe, password: 'roses' })
  assert.equal(wrong.status, 403)
  const foreign = await browser.go(`${page}decide`, { ...fields, csrf: 'x', decision: 'allow' })
  assert.equal(foreign.status, 403)
  const other = await browser.go(`${page}?interaction=${fields['interaction']}&iss=https://evil.example`)
  assert.equal(other.status, 400)
})

test('[AS-AUTHZ-12] what a client wrote does not pass for words of the operator at the example', async () => {
  const begin = await start()
  const to = '<i>Rent</i>, once. It is free'
  const { url } = await begin({ authorization_details: JSON.stringify([{ type: 'payment', to }]) })
  const browser = openWebBrowser(callback)
  const consent = await browser.go(`${page}sign-in`, { ...hiddenIn(await browser.go(url)), ...zoe })
  const shown = '&#60;i&#62;Rent&#60;/i&#62;, once. It is free'
  assert.ok(consent.html.includes(`Payment: Pay to <strong><bdi>${shown}</bdi></strong>, once</li>`), consent.html)
})

/** The day it is, as the example writes days; the test may run across midnight. */
const today = () => new Date().toUTCString().slice(5, 16)
const { host } = new URL(callback)

test('[AS-AUTHZ-12] who asks, for how long and where to take it back stand at the example, and Enter refuses', async () => {
  const days = [today()]
  const begin = await start()
  const { url } = await begin()
  const browser = openWebBrowser(callback)
  // Max never allowed anything.
  const max = { username: 'max', password: 'orchids' }
  const consent = await browser.go(`${page}sign-in`, { ...hiddenIn(await browser.go(url)), ...max })
  days.push(today())
  const [, since = '', goesTo] =
    /is registered here since ([^,]*), and you go back to <strong>([^<]*)</.exec(consent.html) ?? []
  assert.ok(days.includes(since), consent.html)
  assert.equal(goesTo, host)
  assert.match(consent.html, /This lasts until you sign out\. /)
  assert.ok(consent.html.includes(`You can take it back in <a href="${issuer}/account">your account</a>.`))
  assert.doesNotMatch(consent.html, /You allowed it something|new</)
  const buttons = [...consent.html.matchAll(/<button name="decision" value="(\w+)">([^<]*)</g)]
  assert.deepEqual(
    buttons.map(([, value, label]) => [value, label]),
    [
      ['deny', 'Do not allow'],
      ['allow', 'Allow'],
    ],
  )
})

test('[AS-AUTHZ-12] what was allowed before is said at the example, what is more than that, and how long it goes on', async () => {
  const begin = await start()
  const { url, tokens } = await begin({ scope: 'openid profile email' })
  const days = [today()]
  const browser = openWebBrowser(callback)
  const first = await browser.go(`${page}sign-in`, { ...hiddenIn(await browser.go(url)), ...zoe })
  assert.doesNotMatch(first.html, /while you are away/)
  const back = await browser.go(`${page}decide`, { ...hiddenIn(first), decision: 'allow' })
  assert.ok((await tokens(back.url)).access_token.length > 0)
  days.push(today())

  const more = await begin({ scope: 'openid profile email offline_access', prompt: 'consent' })
  const { html } = await browser.go(more.url)
  const [, given = ''] = /You allowed it something on ([^.<]*)\./.exec(html) ?? []
  assert.ok(days.includes(given), html)
  assert.deepEqual(
    [...html.matchAll(/<li>([^<]*) <strong>new<\/strong><\/li>/g)].map(([, what]) => what),
    ['Go on while you are away'],
  )
  assert.match(html, /This lasts up to \d+ days?, also while you are away\. /)
  const done = await browser.go(`${page}decide`, { ...hiddenIn({ ...first, html }), decision: 'allow' })
  assert.ok(((await more.tokens(done.url)).refresh_token ?? '').length > 0)
})

test('[AS-AUTHZ-15] who is lured through the example for the request of a thief gives him nothing', async () => {
  const begin = await start()
  const { url } = await begin()
  const thief = openWebBrowser(callback)
  const lure = (await thief.go(url)).url.href
  const { browser: victim, fields } = await atConsent(lure)
  const finish = await victim.hold(`${page}decide`, { ...fields, decision: 'allow' }, `${issuer}/interaction/`)
  // The thief knows everything but the handle.
  assert.equal((await thief.go(finish.split('?')[0] ?? '')).status, 400)
  assert.equal((await victim.go(finish)).status, 400)
  assert.equal((await thief.go(finish)).status, 400)

  // Everybody for themselves.
  const own = await begin()
  const consent = await victim.go(own.url)
  const back = await victim.go(`${page}decide`, { ...hiddenIn(consent), decision: 'allow' })
  assert.ok((await own.tokens(back.url)).access_token.length > 0)
})

test('[AS-PAR-11] the address that finishes works once, and what was decided is decided', async () => {
  const begin = await start()
  const { url, tokens } = await begin()
  const { browser, fields } = await atConsent(url)
  const finish = await browser.hold(`${page}decide`, { ...fields, decision: 'allow' }, `${issuer}/interaction/`)
  const second = await browser.go(`${page}decide`, { ...fields, decision: 'deny' })
  assert.match(second.html, /This interaction was decided before/)
  const back = await browser.go(finish)
  assert.equal((await browser.go(finish)).status, 400)
  assert.ok((await tokens(back.url)).access_token.length > 0)
})
