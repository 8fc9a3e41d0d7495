import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aCode, aParty, aWorld, callUserinfo, redeem, theIssuer } from './world.ts'

test('the whole path: push, sign in, allow, redeem, userinfo', async () => {
  const world = await aWorld()
  const { code, verifier, back } = await aCode(world)
  assert.equal(back.searchParams.get('iss'), theIssuer)
  assert.equal(back.searchParams.get('state'), 'a state')
  const party = aParty()
  const tokens = await redeem(world, { code, verifier }, {}, { party })
  assert.equal(tokens.status, 200, tokens.text)
  assert.equal(tokens.json['token_type'], 'DPoP')
  const info = await callUserinfo(world, String(tokens.json['access_token']), party)
  assert.equal(info.status, 200, `${info.rule} ${info.text}`)
  assert.deepEqual(info.json, { sub: 'user-alice', name: 'Alice Example' })
})

test('fifty concurrent redemptions of one code: one winner', async () => {
  const world = await aWorld()
  const flow = await aCode(world)
  const replies = await Promise.all(Array.from({ length: 50 }, () => redeem(world, flow)))
  assert.equal(replies.filter(({ status }) => status === 200).length, 1)
  assert.ok(replies.every(({ status, rule }) => status === 200 || rule === 'code_replayed'))
})
