/** The valid requests of the exchange vectors that are about passkeys, and the wrong answers a vector may put in. */

import { subject } from '../../src/core/names.ts'
import type { Passkey } from '../../src/core/people.ts'
import { profile } from '../../src/core/profile.ts'
import { anAuthenticator, type Authenticator, flagsWithout } from '../flow/authenticator.ts'
import {
  accountSignIn,
  accountUrl,
  optionsOf,
  passkeyAt,
  passwordAtAccount,
  withPasskey,
} from '../flow/passkey-steps.ts'
import { aBrowser, type Browser, csrfOf } from '../flow/steps.ts'
import { addPerson, type World } from '../flow/world.ts'
import { cookieOf, plain } from './plain.ts'
import type { Draft } from './request.ts'

const alice = subject('user-alice')
const paths: Readonly<Record<string, string>> = {
  'add a passkey': '/account/passkeys',
  'rename a passkey': '/account/passkeys/rename',
  'remove a passkey': '/account/passkeys/remove',
}

/** The person has exactly this passkey, which counts. */
async function aloneWithPasskey(world: World): Promise<Authenticator> {
  const { passkeys } = world.store
  for (const { credentialId } of await passkeys.list(alice)) await passkeys.remove(alice, credentialId)
  return (await withPasskey(world, { counter: 10 })).authenticator
}

/** Signing in with a passkey at an interaction. */
export async function passkeySignInDraft(world: World, browser: Browser, interaction: string): Promise<Draft> {
  const authenticator = await aloneWithPasskey(world)
  const page = await browser.get(interaction)
  const options = optionsOf(page)
  const elsewhere = optionsOf(await aBrowser(world).get(accountSignIn))
  const credential = authenticator.get(options)
  const words = {
    'answer to another browser': authenticator.get(elsewhere),
    'answer without verification': authenticator.get(options, { flags: flagsWithout.verification }),
    'answer given at another site': authenticator.get(options, { origin: 'https://evil.example' }),
    'answer for another host': authenticator.get(options, { rpId: 'evil.example' }),
    'answer with another signature': authenticator.get(options, { key: 'another' }),
    'answer of another person': authenticator.get(options, { userHandle: 'dXNlci1ib2I' }),
    'answer of an unknown passkey': anAuthenticator().get(options),
    'answer of a copy': authenticator.get(options, { counter: 3 }),
  }
  const path = `${interaction}/sign-in/passkey`
  const parameters = [['csrf', csrfOf(page)] as const, ['credential', credential] as const]
  return { ...plain, path, parameters, cookie: cookieOf(browser), words }
}

/** Changing passkeys, by somebody who just signed in with one; undefined when the request is another one. */
export async function passkeyChangeDraft(world: World, base: string, browser: Browser): Promise<Draft | undefined> {
  const path = paths[base]
  if (path === undefined) return undefined
  const authenticator = await aloneWithPasskey(world)
  await passkeyAt(browser, accountSignIn, authenticator)
  const page = await browser.get(accountUrl)
  const options = optionsOf(page)
  const before = optionsOf(await (await passwordOfBob(world)).get(accountUrl))
  const mine = { credential_id: authenticator.credentialId }
  const fresh = anAuthenticator()
  const forms: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'add a passkey': { credential: fresh.create(options), name: 'another' },
    'rename a passkey': { ...mine, name: 'another name' },
    'remove a passkey': mine,
  }
  const words = {
    'passkey for somebody else': fresh.create(before),
    'passkey without verification': fresh.create(options, { flags: flagsWithout.verification }),
    'passkey made at another site': fresh.create(options, { origin: 'https://evil.example' }),
    'passkey with certificates': fresh.create(options, {
      attestation: ['packed', new Map([['x5c', [Buffer.alloc(300)]]])],
    }),
    'passkey that is there': anAuthenticator({ copyOf: authenticator }).create(options),
  }
  const parameters = [['csrf', csrfOf(page)] as const, ...Object.entries(forms[base] ?? {})]
  return { ...plain, path, parameters, cookie: cookieOf(browser), words }
}

/** Somebody else at their account. */
async function passwordOfBob(world: World): Promise<Browser> {
  const known = await world.store.users.bySubject(subject('user-bob'))
  if (known === undefined) await addPerson(world.store, 'bob')
  return passwordAtAccount(world, aBrowser(world), 'bob')
}

/** Gives the person as many passkeys as there can be. */
export async function fillPasskeys({ store, now }: World): Promise<void> {
  const [one] = await store.passkeys.list(alice)
  if (one === undefined) throw new RangeError('there is no passkey to be like')
  for (let index = 0; index < profile.passkeys; index += 1) {
    const more: Passkey = { ...one, credentialId: anAuthenticator().credentialId, createdAt: now() }
    await store.passkeys.add(more, profile.passkeys)
  }
}
