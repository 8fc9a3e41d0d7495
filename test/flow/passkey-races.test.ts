/** What is removed or ended while somebody signs in with it or adds to it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numericDate, rowId, subject, username } from '../../src/core/names.ts'
import { profile } from '../../src/core/profile.ts'
import type { Store } from '../../src/core/ports.ts'
import { aSession } from '../../src/stores/contract-fixtures.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { anAuthenticator, type Authenticator } from './authenticator.ts'
import {
  accountSignIn,
  accountUrl,
  addPasskey,
  optionsOf,
  passkeyAt,
  passwordAtAccount,
  postAnswer,
  withPasskey,
} from './passkey-steps.ts'
import { aBrowser, assertRefused, type Browser, csrfOf, location } from './steps.ts'
import { aWorld, dawn, type World } from './world.ts'

const alice = subject('user-alice')
const account = 'https://as.example/account'
const added = `${account}?done=passkey_added`
const removed = `${account}?done=passkey_removed`

type Verb = 'add' | 'use'

/** A world in which something happens once, right before or after the next call of a verb of passkeys. */
async function aRacingWorld(verb: Verb, when: 'before' | 'after') {
  let meanwhile: (() => Promise<void>) | undefined
  const happen = async (now: typeof when) => {
    const work = now === when ? meanwhile : undefined
    if (work === undefined) return
    meanwhile = undefined
    await work()
  }
  const racing = async <T>(own: Verb, call: () => Promise<T>): Promise<T> => {
    if (own !== verb) return call()
    await happen('before')
    const outcome = await call()
    await happen('after')
    return outcome
  }
  const world = await aWorld({
    store: async (clock): Promise<Store> => {
      const store = createMemoryStore({ clock, epoch: numericDate(dawn - 3600) })
      const { add, use } = store.passkeys
      const passkeys: Store['passkeys'] = {
        ...store.passkeys,
        add: (...given) => racing('add', () => add(...given)),
        use: (...given) => racing('use', () => use(...given)),
      }
      return { ...store, passkeys }
    },
  })
  const during = (work: () => Promise<void>) => {
    meanwhile = work
  }
  return { world, during }
}

async function signedInWith(world: World, authenticator: Authenticator): Promise<Browser> {
  const browser = aBrowser(world)
  const reply = await passkeyAt(browser, accountSignIn, authenticator)
  assert.equal(location(reply), account, reply.text)
  return browser
}

async function remove(browser: Browser, { credentialId }: Authenticator): Promise<void> {
  const form = { csrf: csrfOf(await browser.get(accountUrl)), credential_id: credentialId }
  assert.equal(location(await browser.post('/account/passkeys/remove', form)), removed)
}

/** The ids of the passkeys of alice. */
async function kept({ store }: World): Promise<readonly string[]> {
  return (await store.passkeys.list(alice)).map(({ credentialId }) => credentialId)
}

async function sessionsOf({ store }: World): Promise<number> {
  return (await store.sessions.list(alice, 10_000)).length
}

test('passkey_unknown [OPS-05] a sign-in that passes the removal of its passkey on the way does not stay', async () => {
  const { world, during } = await aRacingWorld('use', 'after')
  const { authenticator: stolen } = await withPasskey(world)
  const mine = anAuthenticator()
  assert.equal(location(await addPasskey(await signedInWith(world, stolen), mine)), added)
  const browser = await signedInWith(world, mine)
  const thief = aBrowser(world)
  const page = await thief.get(accountSignIn)
  const answer = stolen.get(optionsOf(page))
  during(() => remove(browser, stolen))
  const reply = await postAnswer(thief, accountSignIn, page, answer)
  assertRefused(reply, 'passkey_unknown')
  assert.equal(await sessionsOf(world), 1, 'that of who removed it')
  assert.equal(location(await thief.get(accountUrl)), `${account}/sign-in`)
  assert.equal((await browser.get(accountUrl)).status, 200)
  await signedInWith(world, mine)
})

test('[OPS-05] [SK-51] however often the thief of a passkey signed in, all of it ends', async () => {
  const world = await aWorld()
  const { authenticator: stolen } = await withPasskey(world)
  const browser = await signedInWith(world, stolen)
  const end = numericDate(dawn + 3600)
  for (let count = 0; count < 1100; count += 1) {
    const session = aSession(`s${count}`, 'alice', { subject: alice, authTime: numericDate(dawn), expiresAt: end })
    await world.store.sessions.start({ ...session, sid: rowId(String(count).padStart(22, 'A')) }, undefined)
  }
  await remove(browser, stolen)
  assert.equal(await sessionsOf(world), 1)
  assert.equal(world.raised.find(({ type }) => type === 'user.passkey.removed')?.evidence?.['sessions'], 1101)
  assert.equal((await browser.get(accountUrl)).status, 200)
})

test('sign_in_too_old [AS-OIDC-04] [ER-22] a password adds the first passkey and no other, also at the same time', async () => {
  const { world, during } = await aRacingWorld('add', 'before')
  const owner = await passwordAtAccount(world)
  const thief = await passwordAtAccount(world)
  const own = anAuthenticator()
  during(async () => assert.equal(location(await addPasskey(owner, own)), added))
  assertRefused(await addPasskey(thief, anAuthenticator()), 'sign_in_too_old')
  assert.deepEqual(await kept(world), [own.credentialId])
  const browser = await signedInWith(world, own)
  assert.equal(location(await addPasskey(browser, anAuthenticator())), added, 'and a passkey adds another')
})

test('account_sign_in_needed [AS-AUTHZ-15] [SK-51] what a sign-in adds while it ends is not kept', async () => {
  const ends = {
    'a new password': (store: Store, now: World['now']) =>
      store.users.setPassword(username('alice'), 'plain:correct horse', now()),
    'a lock': (store: Store, now: World['now']) => store.users.setLocked(username('alice'), 'locked', now()),
    'help of the operator': (store: Store, now: World['now']) =>
      store.passkeys.withdraw(username('alice'), 'all', now()),
  }
  for (const [what, end] of Object.entries(ends)) {
    const { world, during } = await aRacingWorld('add', 'before')
    const { authenticator } = await withPasskey(world)
    const thief = await signedInWith(world, authenticator)
    during(async () => {
      await end(world.store, world.now)
    })
    const reply = await addPasskey(thief, anAuthenticator())
    assertRefused(reply, 'account_sign_in_needed', what)
    assert.ok(!reply.text.includes('my key'), 'the account is not shown any more')
    assert.ok(!(await kept(world)).some((id) => id !== authenticator.credentialId), what)
    assert.ok(world.raised.filter(({ type }) => type === 'user.passkey.added').length <= 1, what)
    world.wait(1)
    await world.store.users.setLocked(username('alice'), 'active', world.now())
    await passwordAtAccount(world)
  }
})

test('[OPS-05] whoever the operator helped is not signed in with what was taken away, and signs in again', async () => {
  const { world, during } = await aRacingWorld('use', 'after')
  const { authenticator: stolen, browser } = await withPasskey(world)
  during(async () => {
    assert.equal(await world.store.passkeys.withdraw(username('alice'), 'all', world.now()), 1)
  })
  assertRefused(await passkeyAt(aBrowser(world), accountSignIn, stolen), 'passkey_unknown')
  assert.equal(await sessionsOf(world), 0)
  assert.equal(location(await browser.get(accountUrl)), `${account}/sign-in`)
  assertRefused(await passkeyAt(aBrowser(world), accountSignIn, stolen), 'passkey_unknown')
  world.wait(1)
  assert.equal(location(await addPasskey(await passwordAtAccount(world), anAuthenticator())), added)
})

test('[AS-OIDC-04] [AL-06] who is to sign in again is asked for the passkey they have, and strangers learn nothing', async () => {
  const world = await aWorld()
  const before = await passwordAtAccount(world)
  assert.match((await before.get(accountSignIn)).text, /name="password"/, 'nobody has one yet')
  const { authenticator, browser } = await withPasskey(world)
  const page = await browser.get(accountSignIn)
  assert.match(page.text, /needs a sign-in with a passkey/)
  assert.doesNotMatch(page.text, /name="password"/)
  const failed = await postAnswer(browser, accountSignIn, page, anAuthenticator().get(optionsOf(page)))
  assertRefused(failed, 'passkey_unknown')
  assert.doesNotMatch(failed.text, /name="password"/)
  const stranger = aBrowser(world)
  const asked = await stranger.get(accountSignIn)
  assert.match(asked.text, /name="password"/)
  const form = { csrf: csrfOf(asked), username: 'alice', password: 'a wrong one' }
  const wrong = await stranger.post(accountSignIn, form)
  assertRefused(wrong, 'password_wrong')
  assert.match(wrong.text, /name="password"/)
  world.wait(profile.accountChangeAge + 1)
  assert.equal(location(await passkeyAt(browser, accountSignIn, authenticator)), account)
  assert.equal(location(await addPasskey(browser, anAuthenticator())), added)
  world.wait(3600)
  assert.match((await browser.get(accountSignIn)).text, /name="password"/, 'a sign-in that is over tells nothing')
})
