import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callUserinfo, tokens } from './steps.ts'
import { aWorld, theIssuer } from './world.ts'

test('the whole path: push, sign in, allow, redeem, userinfo', async () => {
  const world = await aWorld()
  const { response, reply, accessToken, party } = await tokens(world)
  assert.equal(response['iss'], theIssuer)
  assert.equal(response['state'], 'a state')
  assert.equal(reply.json['token_type'], 'DPoP')
  const info = await callUserinfo(world, accessToken, party)
  assert.equal(info.status, 200, `${String(info.rule)} ${info.text}`)
  assert.deepEqual(info.json, { sub: 'user-alice', name: 'Alice Example' })
})
