import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz } from '../fuzz/harness.ts'
import { signedJwts } from '../fuzz/targets/server.ts'
import { push } from './steps.ts'
import { aWorld } from './world.ts'

// As in fuzz.test.ts, `world.send` holds every answer against the invariants: never a 500.
const seed = 20_260_919

test(`[KEY-11] correctly signed JWTs with members of any type, and texts that are almost one (seed ${seed})`, async () => {
  const [tally] = await fuzz([signedJwts], { seed, count: 2000 })
  assert.ok(tally !== undefined && tally.taken > 20, 'the fuzzer breaks too much to reach the far checks')
  assert.ok(tally.refused > 200, JSON.stringify(tally))
  assert.ok(!Object.hasOwn(Object.prototype, 'x') && !Object.hasOwn(Object.prototype, 'admin'), '[LV-36]')
  assert.equal((await push(await aWorld())).status, 201)
})
