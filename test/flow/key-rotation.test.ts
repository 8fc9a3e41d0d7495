import assert from 'node:assert/strict'
import { test } from 'node:test'
import { removeKey, rotateKeys } from '../../src/node/keys/manage.ts'
import { aChangingWorld } from './changing-world.ts'
import { headerOf } from './messages.ts'
import { assertRefused, callUserinfo, introspect, tokens } from './steps.ts'
import type { World } from './world.ts'

/** Whether the introspection of a world tells of a token. */
async function isTold(world: World, accessToken: unknown): Promise<unknown> {
  return (await introspect(world, accessToken)).json['active']
}

test('[KEY-09] a token of the former key is good until it expires, while the next one signs', async () => {
  const { world, options, pass } = await aChangingWorld()
  const { made } = await rotateKeys(options, { algorithms: ['ES256'], activation: 'ahead' })
  await pass(350)
  const former = await tokens(world)
  assert.notEqual(headerOf(former.accessToken)['kid'], made[0]?.kid)
  await pass(20)
  const latter = await tokens(world)
  assert.equal(headerOf(latter.accessToken)['kid'], made[0]?.kid)
  for (const { accessToken, party } of [former, latter]) {
    assert.equal((await callUserinfo(world, accessToken, party)).status, 200)
    assert.equal(await isTold(world, accessToken), true)
  }
  const jwks = await world.send('GET', '/jwks')
  assert.equal(jwks.status, 200)
  assert.ok(jwks.text.includes(String(headerOf(former.accessToken)['kid'])))
})

test('access_token_key_unknown [KEY-09] what a removed key signed is refused at once', async () => {
  const { world, options, keys, pass } = await aChangingWorld()
  const stolen = await tokens(world)
  assert.equal((await callUserinfo(world, stolen.accessToken, stolen.party)).status, 200)
  assert.equal(await isTold(world, stolen.accessToken), true)
  await pass(1)
  const kid = String(headerOf(stolen.accessToken)['kid'])
  assert.equal((await removeKey(options, kid, { active: 'replaced' })).outcome, 'removed')
  await keys.refresh()
  assertRefused(await callUserinfo(world, stolen.accessToken, stolen.party), 'access_token_key_unknown')
  assert.equal(await isTold(world, stolen.accessToken), false)
  assert.ok(!(await world.send('GET', '/jwks')).text.includes(kid))
  const fresh = await tokens(world)
  assert.equal((await callUserinfo(world, fresh.accessToken, fresh.party)).status, 200)
  assert.equal(await isTold(world, fresh.accessToken), true)
})
