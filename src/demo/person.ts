/** What a person does in a browser: start at the app, sign in, decide. */

import { Browser, formOf, type Until, type Visit } from './browser.ts'
import type { Stage } from './stage.ts'

/** What a person types into the sign-in page. */
export type Credentials = { readonly username: string; readonly password: string }

/**
 * Presses "connect your bank". Gives the URL at the authorization server that the app sends the browser to.
 */
export async function startAtApp(browser: Browser, { app, issuer }: Stage): Promise<string> {
  const home = await browser.open(app)
  const button = formOf(home, ({ action }) => action.endsWith('/connect'))
  const { url } = await browser.submit(button, {}, (location) => location.origin === issuer)
  return url
}

/** Opens the authorization URL, signs in where asked (as filled in, unless told), and decides. */
export async function decide(
  browser: Browser,
  authorizationUrl: string,
  decision: 'allow' | 'deny',
  { until = () => false, credentials }: { readonly until?: Until; readonly credentials?: Credentials } = {},
): Promise<Visit> {
  const opened = await browser.open(authorizationUrl)
  const isConsent = opened.text.includes('name="decision"')
  const page = isConsent ? opened : await signIn(browser, opened, credentials)
  const consent = formOf(page, ({ buttons }) => buttons.includes(`decision=${decision}`))
  return browser.submit(consent, { decision }, until)
}

function signIn(browser: Browser, page: Visit, credentials: Credentials | undefined): Promise<Visit> {
  const form = formOf(page, ({ fields }) => 'password' in fields)
  if (credentials === undefined) return browser.submit(form)
  const { username, password } = credentials
  return browser.submit(form, { username, password })
}

/** A person goes all the way; the URL with the authorization response is caught on its way back to the app. */
export async function interceptResponse(
  browser: Browser,
  { app }: Stage,
  authorizationUrl: string,
  credentials: Credentials,
): Promise<URL> {
  const until: Until = ({ origin }) => origin === app
  const { url } = await decide(browser, authorizationUrl, 'allow', { until, credentials })
  return new URL(url)
}
