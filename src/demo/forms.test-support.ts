import assert from 'node:assert/strict'
import { Browser, type Form } from './browser.ts'

/** A form of the app works for the browser that was shown it, as it was shown, and for nobody else. */
export async function assertOnlyItsOwn(browser: Browser, form: Form): Promise<void> {
  assert.equal((await browser.submit({ ...form, fields: {} })).status, 403)
  assert.equal((await browser.submit(form, { csrf: 'x'.repeat(43) })).status, 403)
  assert.equal((await new Browser().submit(form)).status, 403, 'the form of another browser')
  const crossSite = await fetch(form.action, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'sec-fetch-site': 'cross-site' },
    body: new URLSearchParams(form.fields),
  })
  assert.equal(crossSite.status, 403)
}
