/** How often a sign-in may fail, and whom that must not hit. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StateUnavailable } from '../../src/core/oauth-error.ts'
import { aBrowser, assertRefused, location, open, push, signIn } from './steps.ts'
import { aWorld } from './world.ts'

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
