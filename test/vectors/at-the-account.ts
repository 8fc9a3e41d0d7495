/** The valid requests of the exchange vectors at the account page, of a person who allowed something. */

import { subject } from '../../src/core/names.ts'
import { signInToAccount } from '../flow/account.ts'
import { aBrowser, type Browser, csrfOf } from '../flow/steps.ts'
import type { World } from '../flow/world.ts'
import { cookieOf, plain } from './plain.ts'
import type { Draft } from './request.ts'

const alice = subject('user-alice')
const paths: Readonly<Record<string, string>> = {
  'show the account': '/account',
  'show where one signs in': '/account/sign-in',
  'end access': '/account/access/end',
  'end a sign-in': '/account/sessions/end',
}

/** A request at the account page by a browser that is signed in; undefined when the request is another one. */
export async function accountDraft(world: World, base: string, browser: Browser): Promise<Draft | undefined> {
  const path = paths[base]
  if (path === undefined) return undefined
  const elsewhere = aBrowser(world)
  await signInToAccount(elsewhere)
  const { grants, sessions } = world.store
  const [grant] = await grants.list({ subject: alice }, 1, undefined)
  const all = await sessions.list(alice, 100)
  const sid = all.find(({ id }) => elsewhere.jar.get(sessionCookie)?.startsWith(`${id}.`))?.sid ?? ''
  const own = all.find(({ id }) => browser.jar.get(sessionCookie)?.startsWith(`${id}.`))?.sid ?? ''
  const page = await browser.get('/account')
  const fields = { 'end access': { ref: grant?.ref ?? '' }, 'end a sign-in': { sid } }[base]
  const cookie = cookieOf(browser)
  const words = { cookie, 'own sid': own }
  if (fields === undefined) return { ...plain, method: 'GET', path, parametersIn: 'query', cookie, words }
  return { ...plain, path, parameters: [['csrf', csrfOf(page)], ...Object.entries(fields)], cookie, words }
}

const sessionCookie = '__Host-strongroom-session'
