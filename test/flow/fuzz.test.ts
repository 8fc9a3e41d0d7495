import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz } from '../fuzz/harness.ts'
import {
  almostRight,
  changedPush,
  everyEndpoint,
  formsOfBrowser,
  presentedTokens,
  queriesAtAuthorize,
  signOutRequests,
} from '../fuzz/targets/server.ts'
import { push } from './steps.ts'
import { aWorld } from './world.ts'

// `world.send` holds every answer against the invariants: never a 500, never an audit outcome `failed`, one event,
// nothing stored after a refusal that must not be. `npm run fuzz` feeds the same targets with more.
const seed = 20_260_918

/** Afterwards an honest request still works. */
async function assertUnharmed(): Promise<void> {
  assert.equal((await push(await aWorld())).status, 201)
}

test(`[NET-07] random bodies, queries and headers at every endpoint and method (seed ${seed})`, async () => {
  await fuzz([everyEndpoint], { seed, count: 1500 })
  await assertUnharmed()
})

test(`[NET-07] a valid push and a valid token request with anything changed (seed ${seed})`, async () => {
  await fuzz([almostRight], { seed, count: 800 })
  const [tally] = await fuzz([changedPush], { seed, count: 400 })
  assert.ok(tally !== undefined && tally.taken > 20, 'the fuzzer breaks too much to reach the far checks')
  await assertUnharmed()
})

test(`[AS-INTRO-01] [AS-REV-01] anything as a token to ask about or to end (seed ${seed})`, async () => {
  await fuzz([presentedTokens], { seed, count: 500 })
  await assertUnharmed()
})

test(`[AS-AUTHZ-15] forms of a browser that is in the middle of it, with anything in them (seed ${seed})`, async () => {
  await fuzz([formsOfBrowser], { seed, count: 400 })
  await assertUnharmed()
})

test(`[AS-AUTHZ-06] any query at the authorization endpoint leads nowhere (seed ${seed})`, async () => {
  await fuzz([queriesAtAuthorize], { seed, count: 500 })
})

test(`[AS-OIDC-09] nobody is signed out by a request made of anything (seed ${seed})`, async () => {
  const [tally] = await fuzz([signOutRequests], { seed, count: 500 })
  assert.ok(tally !== undefined && tally.taken > 20)
  await assertUnharmed()
})
