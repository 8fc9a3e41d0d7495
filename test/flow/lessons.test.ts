/** What reviews found, so that it stays found. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { username } from '../../src/core/names.ts'
import { StateUnavailable } from '../../src/core/oauth-error.ts'
import { authentication } from './messages.ts'
import { aBrowser, aCode, assertRefused, open, push, redeem, signIn, location } from './steps.ts'
import { alter, aWorld, theArchive, theBank } from './world.ts'

test('resource_not_allowed [AS-TOK-09] narrowing beyond the grant leaves the code as it was', async () => {
  const world = await aWorld()
  const flow = await aCode(world)
  assertRefused(await redeem(world, flow, { resource: theArchive }), 'resource_not_allowed')
  const tokens = await redeem(world, flow, { resource: theBank })
  assert.equal(tokens.status, 200, tokens.text)
})

test('not_found [NET-06] an address has one spelling', async () => {
  const world = await aWorld()
  for (const target of ['/x/../authorize', '/%61uthorize', '/authorize%2f', '//authorize', 'https://as.example/jwks']) {
    assertRefused(await world.send('GET', target), 'not_found', target)
  }
  assert.equal((await world.send('GET', '/jwks')).status, 200)
})

test('request_no_longer_allowed [AS-PAR-12] the client lost a scope between the push and the page', async () => {
  const world = await aWorld()
  const pushed = await push(world)
  await alter(world, world.client, { scope: ['openid'] })
  assertRefused(await open(world, pushed), 'request_no_longer_allowed')
})

/** A browser at the sign-in page of a new interaction. */
async function aVisit(world: Awaited<ReturnType<typeof aWorld>>) {
  const browser = aBrowser(world)
  const opened = await open(world, await push(world), browser)
  return { browser, interaction: location(opened) }
}

test('[OPS-07] [AL-04] sign-ins that worked are not held against an address: sixty people behind one', async () => {
  const world = await aWorld()
  for (let person = 0; person < 60; person += 1) {
    const { browser, interaction } = await aVisit(world)
    assert.equal((await signIn(browser, interaction)).status, 303, `person ${person}`)
  }
})

test('sign_in_throttled [OPS-07] [AL-04] a proxy on this machine that does not say for whom it speaks is no source', async () => {
  const world = await aWorld()
  const { browser, interaction } = await aVisit(world)
  for (let guess = 0; guess < 60; guess += 1) {
    const username = `nobody-${guess}`
    assertRefused(await signIn(browser, interaction, { username }, { from: '127.0.0.1' }), 'user_unknown')
  }
  assert.equal((await signIn(browser, interaction, {}, { from: '127.0.0.1' })).status, 303)
  // The account itself stays bounded.
  const other = await aVisit(world)
  for (let guess = 0; guess < 100; guess += 1) {
    await signIn(other.browser, other.interaction, { password: 'wrong' }, { from: '::1' })
  }
  assertRefused(await signIn(other.browser, other.interaction, {}, { from: '::1' }), 'sign_in_throttled')
})

test('state_unavailable [OPS-07] a sign-in that was not tried does not count as one that failed', async () => {
  let busy = true
  const world = await aWorld({
    passwords: {
      hash: (password) => Promise.resolve(password),
      verify: (password) =>
        busy ? Promise.reject(new StateUnavailable('too many wait')) : Promise.resolve(password === 'correct horse'),
    },
  })
  const { browser, interaction } = await aVisit(world)
  for (let attempt = 0; attempt < 10; attempt += 1) {
    assertRefused(await signIn(browser, interaction), 'state_unavailable')
  }
  busy = false
  assert.equal((await signIn(browser, interaction)).status, 303)
})

test('[AS-AUTHZ-15] the browser’s cookie is written at every opening and outlives the interaction', async () => {
  const world = await aWorld({ lifetimes: {} })
  const browser = aBrowser(world)
  const first = await open(world, await push(world), browser)
  const second = await open(world, await push(world), browser)
  const cookieOf = (reply: typeof first) =>
    reply.headers.getSetCookie().find((cookie) => cookie.includes('browser=')) ?? ''
  assert.equal(cookieOf(first).split(';')[0], cookieOf(second).split(';')[0])
  assert.match(cookieOf(second), /Max-Age=3600/)
})

test('[AS-CAUTH-12] one verification for a client nobody knows, for any algorithm', async () => {
  const world = await aWorld()
  for (const party of [world.client, world.otherClient]) {
    const form = await authentication(world, party, { claims: { iss: 'nobody', sub: 'nobody' } })
    assertRefused(await world.send('POST', '/par', { form }), 'client_unknown')
  }
})

test('[AL-02] a user name has one canonical form, which is its own', () => {
  assert.equal(username(' ＡＬＩＣＥ '), 'alice')
  for (const text of ['Ά\u0345', 'a\u200b', '\ud800', '', 'x'.repeat(65)]) {
    try {
      const canonical = username(text)
      assert.equal(username(canonical), canonical)
    } catch (error) {
      assert.equal(error instanceof Error ? error.name : '', 'MalformedName')
    }
  }
})
