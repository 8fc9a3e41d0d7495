import assert from 'node:assert/strict'
import { test } from 'node:test'
import { subject } from '../../src/core/names.ts'
import { profile } from '../../src/core/profile.ts'
import { anAuthenticator, type Authenticator, flagsWithout, type Quirks } from './authenticator.ts'
import {
  accountSignIn,
  accountUrl,
  addPasskey,
  optionsOf,
  passkeyAt,
  passwordAtAccount,
  withPasskey,
} from './passkey-steps.ts'
import {
  aBrowser,
  assertRefused,
  type Browser,
  callUserinfo,
  csrfOf,
  location,
  offlineTokens,
  refresh,
  tokens,
} from './steps.ts'
import { addPerson, aWorld, type Reply, type World } from './world.ts'

const alice = subject('user-alice')
const added = 'https://as.example/account?done=passkey_added'

async function signedInWith(world: World, authenticator: Authenticator): Promise<Browser> {
  const browser = aBrowser(world)
  const reply = await passkeyAt(browser, accountSignIn, authenticator)
  assert.equal(location(reply), 'https://as.example/account', reply.text)
  return browser
}

async function change(browser: Browser, verb: string, form: Readonly<Record<string, string>>): Promise<Reply> {
  return browser.post(`/account/passkeys/${verb}`, { csrf: csrfOf(await browser.get(accountUrl)), ...form })
}

async function namesOf(world: World): Promise<readonly string[]> {
  return (await world.store.passkeys.list(alice)).map(({ name }) => name)
}

test('[OPS-05] who lost one of two passkeys signs in with the other and removes it; sign-ins elsewhere end', async () => {
  const world = await aWorld()
  const { authenticator: lost, browser: thief } = await withPasskey(world)
  const browser = await signedInWith(world, lost)
  const kept = anAuthenticator()
  assert.equal(location(await addPasskey(browser, kept, { name: 'the other' })), added)
  const online = await tokens(world, {}, { browser: thief })
  const offline = await offlineTokens(world, {}, { browser: thief })
  assert.equal((await callUserinfo(world, online.accessToken, online.party)).status, 200)
  const mine = await signedInWith(world, kept)
  const removed = await change(mine, 'remove', { credential_id: lost.credentialId })
  assert.equal(location(removed), 'https://as.example/account?done=passkey_removed', removed.text)
  assert.deepEqual(await namesOf(world), ['the other'])
  const told = world.raised.find(({ type }) => type === 'user.passkey.removed')
  assert.deepEqual([told?.subject, told?.outcome, told?.evidence], [alice, 'revoked', { passkeys: 1, sessions: 2 }])
  assertRefused(await passkeyAt(aBrowser(world), accountSignIn, lost), 'passkey_unknown')
  for (const gone of [thief, browser])
    assert.equal(location(await gone.get(accountUrl)), 'https://as.example/account/sign-in')
  assertRefused(await callUserinfo(world, online.accessToken, online.party), 'access_token_revoked')
  assert.equal((await refresh(world, offline.refreshToken, {}, { party: offline.party })).status, 200)
  assert.equal((await mine.get(accountUrl)).status, 200)
  await signedInWith(world, kept)
})

test('sign_in_too_old [AS-OIDC-04] [ER-22] a password alone adds nothing to an account with a passkey, and removes nothing', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world)
  const thief = await passwordAtAccount(world)
  const page = await thief.get(accountUrl)
  assert.ok(!page.text.includes('data-passkey='))
  // The challenge of a page from before there was one.
  const own = anAuthenticator()
  const credential = own.create(optionsOf(await (await anEarlierPage()).get(accountUrl)))
  const form = { csrf: csrfOf(page), credential }
  for (const [target, more] of [
    ['/account/passkeys', {}],
    ['/account/passkeys/remove', { credential_id: authenticator.credentialId }],
    ['/account/passkeys/rename', { credential_id: authenticator.credentialId, name: 'mine now' }],
  ] as const) {
    const reply = await thief.post(target, { ...form, csrf: await csrfAt(thief), ...more })
    assertRefused(reply, 'sign_in_too_old', target)
    assert.deepEqual(reply.stored, [])
  }
  assert.deepEqual(await namesOf(world), ['my key'])
  const browser = await signedInWith(world, authenticator)
  world.wait(profile.accountChangeAge + 1)
  assert.ok(!(await browser.get(accountUrl)).text.includes('data-passkey='))
  const late = await browser.post('/account/passkeys', { csrf: await csrfAt(browser), credential })
  assertRefused(late, 'sign_in_too_old', 'an old sign-in')
  assert.equal((await passkeyAt(browser, accountSignIn, authenticator)).status, 303)
  assert.equal(location(await addPasskey(browser, anAuthenticator())), added)

  async function anEarlierPage(): Promise<Browser> {
    await addPerson(world.store, 'carol')
    return passwordAtAccount(world, aBrowser(world), 'carol')
  }

  /** The token of the account page, also where it has no form: that of the page to sign in again is the same. */
  async function csrfAt(of: Browser): Promise<string> {
    return csrfOf(await of.get(accountSignIn))
  }
})

test('enrolment_challenge_invalid [AS-AUTHZ-15] [ER-17] a passkey is made for one page of one sign-in, once', async () => {
  const world = await aWorld()
  await addPerson(world.store, 'bob')
  const bob = await passwordAtAccount(world, aBrowser(world), 'bob')
  const browser = await passwordAtAccount(world)
  const bobs = optionsOf(await bob.get(accountUrl))
  const old = optionsOf(await browser.get(accountUrl))
  const signIn = optionsOf(await browser.get(accountSignIn))
  await passwordAtAccount(world, browser)
  const own = optionsOf(await browser.get(accountUrl))
  const challengeOf = (options: string): string => JSON.parse(options).challenge
  const wrong = {
    'of somebody else': challengeOf(bobs),
    'of an earlier sign-in': challengeOf(old),
    'of a sign-in': challengeOf(signIn),
    'of nobody': 'AAAA',
  }
  for (const [what, challenge] of Object.entries(wrong)) {
    assertRefused(
      await addPasskey(browser, anAuthenticator(), { quirks: { challenge } }),
      'enrolment_challenge_invalid',
      what,
    )
  }
  assert.deepEqual(await namesOf(world), [])
  const page = await browser.get(accountUrl)
  const form = { csrf: csrfOf(page), credential: anAuthenticator().create(own), name: 'first' }
  assert.equal(location(await browser.post('/account/passkeys', form)), added)
  await world.store.passkeys.remove(alice, String(JSON.parse(form.credential).id))
  assertRefused(await browser.post('/account/passkeys', form), 'enrolment_challenge_invalid', 'a second time')
  const again = await browser.get(accountUrl)
  world.wait(profile.passkeyChallengeLifetime)
  const late = { csrf: csrfOf(again), credential: anAuthenticator().create(optionsOf(again)) }
  assertRefused(await browser.post('/account/passkeys', late), 'enrolment_challenge_invalid', 'too late')
  await passwordAtAccount(world, browser)
  assert.equal(location(await addPasskey(browser, anAuthenticator())), added)
})

test('enrolment_invalid enrolment_malformed [AS-AUTHZ-15] what is no passkey for this server is not kept', async () => {
  const world = await aWorld()
  const browser = await passwordAtAccount(world)
  const quirks: readonly Quirks[] = [
    { origin: 'https://evil.example' },
    { rpId: 'evil.example' },
    { type: 'webauthn.get' },
    { flags: flagsWithout.verification },
    { flags: flagsWithout.presence },
    { crossOrigin: true },
    { attestation: ['packed', new Map([['x5c', [Buffer.alloc(300)]]])] },
  ]
  for (const quirk of quirks) {
    assertRefused(await addPasskey(browser, anAuthenticator(), { quirks: quirk }), 'enrolment_invalid')
  }
  for (const credential of ['', '{}', '[]', 'x'.repeat(20_000)]) {
    const form = { csrf: csrfOf(await browser.get(accountUrl)), credential }
    assertRefused(await browser.post('/account/passkeys', form), 'enrolment_malformed', credential.slice(0, 20))
  }
  assert.deepEqual(await namesOf(world), [])
  assert.equal(location(await addPasskey(browser, anAuthenticator())), added)
})

test('passkey_exists [AS-AUTHZ-15] a passkey belongs to one account', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world)
  await addPerson(world.store, 'bob')
  const bob = await passwordAtAccount(world, aBrowser(world), 'bob')
  const copy = anAuthenticator({ copyOf: authenticator })
  const { userHandle } = authenticator.memory
  assertRefused(await addPasskey(bob, copy), 'passkey_exists')
  authenticator.memory.userHandle = userHandle
  assert.equal((await world.store.passkeys.find(authenticator.credentialId))?.subject, alice)
  await signedInWith(world, authenticator)
  assert.equal(location(await addPasskey(bob, anAuthenticator())), added)
})

test('too_many_passkeys [OPS-07] an account has ten at most', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world)
  const browser = await signedInWith(world, authenticator)
  for (let have = 1; have < profile.passkeys; have += 1) {
    assert.equal(location(await addPasskey(browser, anAuthenticator(), { name: String(have) })), added)
  }
  const page = await browser.get(accountUrl)
  assert.ok(!page.text.includes('data-passkey='))
  const reply = await browser.post('/account/passkeys', { csrf: csrfOf(page), credential: '{}' })
  assertRefused(reply, 'too_many_passkeys')
  const first = (await world.store.passkeys.list(alice)).find(({ name }) => name === '1')
  assert.equal((await change(browser, 'remove', { credential_id: first?.credentialId ?? '' })).status, 303)
  assert.equal(location(await addPasskey(browser, anAuthenticator())), added)
})

test('passkey_not_yours [AS-AUTHZ-15] nobody renames or removes the passkey of somebody else', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world)
  await addPerson(world.store, 'bob')
  const { authenticator: bobs } = await withPasskey(world, {}, 'bob')
  const bob = await signedInWith(world, bobs)
  for (const id of [authenticator.credentialId, anAuthenticator().credentialId]) {
    assertRefused(await change(bob, 'remove', { credential_id: id }), 'passkey_not_yours')
    assertRefused(await change(bob, 'rename', { credential_id: id, name: 'bob was here' }), 'passkey_not_yours')
  }
  assert.deepEqual(await namesOf(world), ['my key'])
  const browser = await signedInWith(world, authenticator)
  const renamed = await change(browser, 'rename', { credential_id: authenticator.credentialId, name: 'Schlüssel 🔑' })
  assert.equal(location(renamed), 'https://as.example/account?done=passkey_renamed')
  assert.deepEqual(await namesOf(world), ['Schlüssel 🔑'])
})

test('parameter_malformed [AS-AUTHZ-15] names are short and plain, and say which device it was when nobody else does', async () => {
  const world = await aWorld()
  const browser = await passwordAtAccount(world)
  for (const name of ['x'.repeat(65), 'a\u0000b', 'a\nb', 'a\u202eb', 'a\u2028b']) {
    assertRefused(await addPasskey(browser, anAuthenticator(), { name }), 'parameter_malformed', JSON.stringify(name))
  }
  assert.deepEqual(await namesOf(world), [])
  const page = await browser.get(accountUrl)
  const credential = anAuthenticator().create(optionsOf(page))
  const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
  const form = { csrf: csrfOf(page), credential, name: ' ' }
  const reply = await browser.post('/account/passkeys', form, { headers: [['user-agent', agent]] })
  assert.equal(location(reply), added)
  assert.deepEqual(await namesOf(world), ['Firefox, Linux'])
})
