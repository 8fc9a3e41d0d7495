import assert from 'node:assert/strict'
import { test } from 'node:test'
import { subject, username } from '../../src/core/names.ts'
import { profile } from '../../src/core/profile.ts'
import { anAuthenticator, type Authenticator, flagsWithout, type Quirks } from './authenticator.ts'
import {
  accountSignIn,
  accountUrl,
  addPasskey,
  optionsOf,
  passkeyAt,
  passwordAtAccount,
  postAnswer,
  started,
  withPasskey,
} from './passkey-steps.ts'
import { aBrowser, assertRefused, type Browser, csrfOf, location, signIn } from './steps.ts'
import { addPerson, aWorld, type Reply, type World } from './world.ts'

const alice = subject('user-alice')
const byPassword = 'urn:strongroom:acr:password'
const essential = (acr: string) => JSON.stringify({ id_token: { acr: { essential: true, value: acr } } })

/** An honest sign-in works: what was refused before changed nothing for its owner. */
async function assertSignsIn(world: World, authenticator: Authenticator): Promise<void> {
  const reply = await passkeyAt(aBrowser(world), accountSignIn, authenticator)
  assert.equal(location(reply), 'https://as.example/account', reply.text)
}

/** Everything of an answer but what is new each time. */
function whole(reply: Reply): string {
  const headers = [...reply.headers].filter(([name]) => !['x-correlation-id', 'x-fapi-interaction-id'].includes(name))
  const text = reply.text
    .replaceAll(csrfOf(reply), '')
    .replaceAll(/interaction\/[\w-]{22}/g, '')
    .replaceAll(/&quot;challenge&quot;:&quot;[\w-]{75}&quot;/g, '')
  return JSON.stringify([reply.status, headers, text])
}

test('[AS-OIDC-05] a passkey is added, signs in, and tokens say that it did', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world)
  const [stored] = await world.store.passkeys.list(alice)
  assert.deepEqual(
    [stored?.credentialId, stored?.name, stored?.backup, stored?.transports, stored?.lastUsedAt],
    [authenticator.credentialId, 'my key', 'device_bound', ['internal'], undefined],
  )
  const added = world.raised.find(({ type }) => type === 'user.passkey.added')
  assert.deepEqual([added?.subject, added?.evidence], [alice, { passkeys: 1 }])
  world.wait(20)
  const browser = aBrowser(world)
  const { interaction, finish } = await started(world, browser)
  assert.equal((await passkeyAt(browser, interaction, authenticator)).status, 303)
  const claims = await finish()
  assert.deepEqual([claims['acr'], claims['amr'], claims['auth_time']], ['phr', ['hwk', 'user', 'mfa'], world.now()])
  assert.equal((await world.store.passkeys.find(authenticator.credentialId))?.lastUsedAt, world.now())
  assert.ok(!JSON.stringify(world.raised).includes(authenticator.credentialId), 'no credential in the trail')
})

test('[AS-OIDC-05] a passkey that is synchronised says so', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world, { backup: 'eligible' })
  const browser = aBrowser(world)
  const { interaction, finish } = await started(world, browser)
  await passkeyAt(browser, interaction, authenticator)
  assert.deepEqual((await finish())['amr'], ['swk', 'user', 'mfa'])
})

test('[AS-OIDC-05] acr_values ask for a passkey once, and the acr tells what came of it', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world)
  const browser = await passwordAtAccount(world)
  const wish = { acr_values: 'phr', prompt: 'consent' }
  const plain = await started(world, browser, { prompt: 'consent' })
  assert.equal((await plain.finish())['acr'], byPassword)
  const refusing = await started(world, browser, wish)
  const page = await browser.get(refusing.interaction)
  assert.ok(page.text.includes('data-passkey="get"') && page.text.includes('name="password"'))
  await signIn(browser, refusing.interaction)
  assert.equal((await refusing.finish())['acr'], byPassword, 'voluntary: whoever does without goes on')
  const willing = await started(world, browser, wish)
  await passkeyAt(browser, willing.interaction, authenticator)
  assert.equal((await willing.finish())['acr'], 'phr')
  const again = await started(world, browser, wish)
  assert.equal((await again.finish())['acr'], 'phr', 'who has it is not asked again')
  const other = await started(world, browser, { acr_values: `${byPassword} urn:example:gold`, prompt: 'consent' })
  assert.equal((await other.finish())['acr'], 'phr', 'nobody steps down, or up to what is not there')
})

test('[AS-OIDC-05] [AS-OIDC-03] prompt=none succeeds without what was only wished for, and says so', async () => {
  const world = await aWorld()
  await withPasskey(world)
  const browser = await passwordAtAccount(world)
  await (await started(world, browser)).finish()
  const { finish, interaction } = await started(world, browser, { acr_values: 'phr', prompt: 'none' })
  assert.match(interaction, /^https:\/\/app\.example\/callback\?code=/)
  const answer = { status: 303, headers: new Headers({ location: interaction }), text: '' }
  const page = await browser.get(accountUrl)
  assert.equal((await finish({ ...page, ...answer }))['acr'], byPassword)
})

test('[AS-OIDC-05] an essential acr of passkeys offers nothing else, and nothing else serves', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world)
  const browser = await passwordAtAccount(world)
  const { interaction, finish } = await started(world, browser, { claims: essential('phr') })
  const page = await browser.get(interaction)
  assert.ok(page.text.includes('data-passkey="get"') && !page.text.includes('name="password"'))
  await browser.post(`${interaction}/sign-in`, { csrf: csrfOf(page), username: 'alice', password: 'correct horse' })
  assert.ok((await browser.get(interaction)).text.includes('data-passkey="get"'), 'the password did not serve')
  assert.equal((await passkeyAt(browser, interaction, authenticator)).status, 303)
  assert.equal((await finish())['acr'], 'phr')
  const passwordOnly = await started(world, browser, { claims: essential(byPassword) })
  assert.ok(!(await browser.get(passwordOnly.interaction)).text.includes('data-passkey='))
})

test('acr_unmet [AS-OIDC-05] a server without passkeys promises none', async () => {
  const world = await aWorld({ ports: { webAuthn: undefined } })
  const document = await world.send('GET', '/.well-known/openid-configuration')
  assert.deepEqual(document.json['acr_values_supported'], [byPassword])
  const browser = aBrowser(world)
  const { interaction } = await started(world, browser)
  const page = await browser.get(interaction)
  assert.ok(!page.text.includes('data-passkey='))
  assertRefused(await postAnswer(browser, interaction, page, '{}'), 'passkey_unknown')
  await passwordAtAccount(world, browser)
  // Another sign-in, for the page to have a form.
  await passwordAtAccount(world)
  const account = await browser.get(accountUrl)
  assert.ok(!account.text.includes('data-passkey='))
  const form = { csrf: csrfOf(account), credential: '{}' }
  assertRefused(await browser.post('/account/passkeys', form), 'enrolment_challenge_invalid')
  const demanding = await started(world, browser, { claims: essential('phr') })
  assert.equal(new URL(demanding.interaction).searchParams.get('error'), 'unmet_authentication_requirements')
  assert.equal((await (await started(world, browser)).finish())['acr'], byPassword)
})

test('[AS-OIDC-04] max_age wants the passkey again, and auth_time shows it', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world)
  const browser = aBrowser(world)
  await passkeyAt(browser, accountSignIn, authenticator)
  world.wait(100)
  const { interaction, finish } = await started(world, browser, { max_age: '60' })
  await passkeyAt(browser, interaction, authenticator)
  const claims = await finish()
  assert.deepEqual([claims['auth_time'], claims['acr']], [world.now(), 'phr'])
})

test('passkey_invalid passkey_malformed [OPS-07] nothing but the right answer signs in, and all others look alike', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world)
  const quirks: readonly Quirks[] = [
    { origin: 'https://as.example.evil.example' },
    { rpId: 'evil.example' },
    { type: 'webauthn.create' },
    { flags: flagsWithout.verification },
    { flags: flagsWithout.presence },
    { userHandle: 'dXNlci1ib2I' },
    { userHandle: null },
    { crossOrigin: true },
    { key: 'another' },
  ]
  const answers = new Set<string>()
  for (const [index, quirk] of quirks.entries()) {
    const from = { from: `198.51.100.${index}` }
    const reply = await passkeyAt(aBrowser(world), accountSignIn, authenticator, quirk, from)
    assertRefused(reply, 'passkey_invalid', JSON.stringify(quirk))
    answers.add(whole(reply))
  }
  const browser = aBrowser(world)
  for (const credential of ['', '{}', 'null', `{"id":"${authenticator.credentialId}"}`, 'x'.repeat(20_000)]) {
    const reply = await postAnswer(browser, accountSignIn, await browser.get(accountSignIn), credential)
    assertRefused(reply, 'passkey_malformed', credential.slice(0, 40))
    answers.add(whole(reply))
  }
  assert.equal(answers.size, 1, [...answers].join('\n'))
  await assertSignsIn(world, authenticator)
})

test('passkey_unknown [OPS-07] [AL-06] a passkey that nobody has looks exactly like a wrong answer of one that is known', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world)
  const stranger = anAuthenticator()
  stranger.memory.userHandle = authenticator.memory.userHandle
  const { interaction } = await started(world, aBrowser(world))
  assert.match(interaction, /interaction/)
  const [unknown, wrong] = [aBrowser(world), aBrowser(world)]
  for (let attempt = 0; attempt < 7; attempt += 1) {
    const one = await passkeyAt(unknown, accountSignIn, stranger, {}, { from: '198.51.100.1' })
    const other = await passkeyAt(wrong, accountSignIn, authenticator, { key: 'another' }, { from: '198.51.100.2' })
    const isTried = attempt < profile.signInAttemptsPerAccountAndSource
    assertRefused(one, isTried ? 'passkey_unknown' : 'sign_in_throttled', String(attempt))
    assertRefused(other, isTried ? 'passkey_invalid' : 'sign_in_throttled', String(attempt))
    assert.equal(whole(one), whole(other))
    assert.deepEqual(one.stored, other.stored)
  }
  await assertSignsIn(world, authenticator)
})

test('passkey_challenge_invalid [AS-AUTHZ-15] [ER-17] an answer to another browser, page, ceremony or time', async () => {
  const world = await aWorld()
  const { authenticator, browser: owner } = await withPasskey(world)
  const browser = aBrowser(world)
  const elsewhere = optionsOf(await aBrowser(world).get(accountSignIn))
  const forClient = optionsOf(await browser.get((await started(world, browser)).interaction))
  const enrolment = optionsOf(
    await (await passwordAtAccount(world, aBrowser(world), await aPerson(world))).get(accountUrl),
  )
  const own = optionsOf(await browser.get(accountSignIn))
  const old: { challenge: string } = JSON.parse(own)
  const forged = old.challenge.replace(/.{43}$/, 'A'.repeat(43))
  const later = old.challenge.replace(/^(.{24})(.{8})/, (_, nonce: string) => `${nonce}zzzzzzzz`)
  const cases: Readonly<Record<string, readonly [options: string, quirks: Quirks]>> = {
    'another browser': [elsewhere, {}],
    'another page': [forClient, {}],
    'an enrolment': [enrolment.replace('"rp":', '"rpId":"as.example","rp":'), {}],
    'a forged seal': [own, { challenge: forged }],
    'a later end': [own, { challenge: later }],
    'no challenge of ours': [own, { challenge: 'AAAA' }],
  }
  for (const [what, [options, quirks]] of Object.entries(cases)) {
    const page = await browser.get(accountSignIn)
    const from = { from: `198.51.100.${what.length}` }
    const reply = await postAnswer(browser, accountSignIn, page, authenticator.get(options, quirks), from)
    assertRefused(reply, 'passkey_challenge_invalid', what)
    assert.ok(!reply.stored.includes('replay.spendOnce'))
  }
  const page = await browser.get(accountSignIn)
  world.wait(profile.passkeyChallengeLifetime)
  const late = await postAnswer(browser, accountSignIn, page, authenticator.get(optionsOf(page)))
  assertRefused(late, 'passkey_challenge_invalid')
  assert.notEqual(owner.jar.size, 0)
  await assertSignsIn(world, authenticator)
})

test('passkey_challenge_used [OPS-04] [AL-08] an answer signs in once, also when it is sent twice at once', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world)
  const browser = aBrowser(world)
  const page = await browser.get(accountSignIn)
  const answer = authenticator.get(optionsOf(page))
  const both = await Promise.all([1, 2].map(() => postAnswer(browser, accountSignIn, page, answer)))
  assert.deepEqual(both.map(({ status }) => String(status)).toSorted(), ['303', '403'])
  assert.equal(both.find(({ status }) => status === 403)?.rule, 'passkey_challenge_used')
  // The page of before has the token of before: the one of now, with the answer of before.
  const replayed = await postAnswer(browser, accountSignIn, await browser.get(accountSignIn), answer)
  assertRefused(replayed, 'passkey_challenge_used')
  await assertSignsIn(world, authenticator)
})

test('passkey_cloned [OPS-05] a counter that does not grow is a copy: nobody signs in, and the operator is woken', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world, { counter: 10 })
  await assertSignsIn(world, authenticator)
  const copy = anAuthenticator({ copyOf: authenticator, counter: 5 })
  const browser = aBrowser(world)
  const reply = await passkeyAt(browser, accountSignIn, copy)
  assertRefused(reply, 'passkey_cloned')
  assert.deepEqual(
    reply.headers.getSetCookie().filter((cookie) => cookie.includes('session')),
    [],
  )
  const [told] = world.raised.filter(({ type }) => type === 'user.passkey.cloned')
  assert.deepEqual([told?.subject, told?.outcome], [alice, 'blocked'])
  assert.equal((await world.store.passkeys.find(authenticator.credentialId))?.signCount, 12)
  const wrong = await passkeyAt(aBrowser(world), accountSignIn, copy, { key: 'another', counter: 1 })
  assertRefused(wrong, 'passkey_invalid', 'whoever does not hold the key raises no alarm')
  await assertSignsIn(world, authenticator)
})

test('user_locked [OPS-05] [SK-51] a passkey of who is locked is refused like any other', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world)
  const wrong = await passkeyAt(aBrowser(world), accountSignIn, anAuthenticator(), {}, { from: '198.51.100.1' })
  await world.store.users.setLocked(username('alice'), 'locked', world.now())
  const reply = await passkeyAt(aBrowser(world), accountSignIn, authenticator)
  assertRefused(reply, 'user_locked')
  assert.equal(whole(reply), whole(wrong))
  world.wait(1)
  await world.store.users.setLocked(username('alice'), 'active', world.now())
  world.wait(1)
  await assertSignsIn(world, authenticator)
})

test('sign_in_throttled [OPS-07] [AL-04] a stranger who knows the passkey of somebody locks nobody out, and is slowed', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world)
  for (let source = 0; source < 30; source += 1) {
    const from = { from: `198.51.100.${source}` }
    for (let attempt = 0; attempt < profile.signInAttemptsPerAccountAndSource; attempt += 1) {
      const reply = await passkeyAt(aBrowser(world), accountSignIn, authenticator, { key: 'another' }, from)
      assertRefused(reply, 'passkey_invalid')
    }
    const throttled = await passkeyAt(aBrowser(world), accountSignIn, authenticator, { key: 'another' }, from)
    assertRefused(throttled, 'sign_in_throttled')
    assert.deepEqual([throttled.status, throttled.headers.get('retry-after')], [429, '300'])
  }
  await assertSignsIn(world, authenticator)
  await passwordAtAccount(world)
})

test('sign_in_throttled [OPS-07] passkeys and passwords of one address share its bound', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world)
  const browser = aBrowser(world)
  for (let attempt = 0; attempt < profile.signInAttemptsPerSource; attempt += 1) {
    assertRefused(await passkeyAt(browser, accountSignIn, anAuthenticator()), 'passkey_unknown')
  }
  assertRefused(await passkeyAt(browser, accountSignIn, authenticator), 'sign_in_throttled')
  const { interaction } = await started(world, browser)
  assertRefused(await signIn(browser, interaction), 'sign_in_throttled')
  world.wait(profile.signInAttemptWindow)
  await assertSignsIn(world, authenticator)
})

/** Somebody without a passkey. */
async function aPerson(world: World): Promise<string> {
  await addPerson(world.store, 'bob')
  return 'bob'
}

test('csrf_token_invalid post_from_another_site [AS-AUTHZ-15] [ER-20] the forms of passkeys are of this page', async () => {
  const world = await aWorld()
  const { authenticator } = await withPasskey(world)
  const browser: Browser = aBrowser(world)
  const page = await browser.get(accountSignIn)
  const credential = authenticator.get(optionsOf(page))
  const target = `${accountSignIn}/passkey`
  assertRefused(await browser.post(target, { credential }), 'csrf_token_invalid')
  const foreign = { headers: [['origin', 'https://evil.example']] as const }
  const form = { csrf: csrfOf(page), credential }
  assertRefused(await browser.post(target, form, foreign), 'post_from_another_site')
  assertRefused(await world.send('POST', target, { form: Object.entries(form) }), 'interaction_foreign')
  assert.equal((await browser.post(target, form)).status, 303)
  const honest = await addPasskey(browser, anAuthenticator())
  assert.equal(honest.status, 303, honest.text)
})
