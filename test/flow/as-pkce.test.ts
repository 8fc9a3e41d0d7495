import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256 } from '../../src/node/runtime.ts'
import { aPkcePair, type Parameters } from './messages.ts'
import { aCode, assertRefused, push, redeem } from './steps.ts'
import { aWorld } from './world.ts'

test('code_challenge_missing code_challenge_method_unsupported code_challenge_malformed [AS-PKCE-01] [AS-PKCE-02] at the push', async () => {
  const world = await aWorld()
  const { challenge } = aPkcePair(world)
  // The last character of 43 carries two bits that must be zero.
  const stray = `${challenge.slice(0, -1)}B`
  const cases: readonly (readonly [string, Parameters])[] = [
    ['code_challenge_missing', { code_challenge: undefined }],
    ['code_challenge_missing', { code_challenge: '' }],
    ['code_challenge_missing', { code_challenge: undefined, code_challenge_method: undefined }],
    ['code_challenge_method_unsupported', { code_challenge_method: undefined }],
    ['code_challenge_method_unsupported', { code_challenge_method: '' }],
    ['code_challenge_method_unsupported', { code_challenge_method: 'plain' }],
    ['code_challenge_method_unsupported', { code_challenge_method: 's256' }],
    ['code_challenge_method_unsupported', { code_challenge_method: 'S512' }],
    ['code_challenge_method_unsupported', { code_challenge_method: 'S256 ' }],
    ['code_challenge_malformed', { code_challenge: challenge.slice(0, 42) }],
    ['code_challenge_malformed', { code_challenge: `${challenge}A` }],
    ['code_challenge_malformed', { code_challenge: `${challenge}=` }],
    ['code_challenge_malformed', { code_challenge: `+${challenge.slice(1)}` }],
    ['code_challenge_malformed', { code_challenge: `/${challenge.slice(1)}` }],
    ['code_challenge_malformed', { code_challenge: `~${challenge.slice(1)}` }],
    ['code_challenge_malformed', { code_challenge: stray }],
    ['parameter_malformed', { code_challenge: `é${challenge.slice(1)}` }],
  ]
  for (const [rule, changes] of cases) {
    const reply = await push(world, changes)
    assertRefused(reply, rule, JSON.stringify(changes))
    assert.deepEqual([reply.status, reply.json['error'], reply.stored], [400, 'invalid_request', []])
  }
  assert.equal((await push(world, { code_challenge: challenge })).status, 201)
})

test('code_verifier_malformed code_verifier_mismatch [AS-PKCE-03] [ER-26] every wrong verifier ends the code', async () => {
  const world = await aWorld()
  const other = aPkcePair(world).verifier
  const cases: readonly (readonly [string, (verifier: string) => string | undefined])[] = [
    ['code_verifier_malformed', () => undefined],
    ['code_verifier_malformed', () => ''],
    ['code_verifier_malformed', (verifier) => verifier.slice(0, 42)],
    ['code_verifier_malformed', (verifier) => verifier.repeat(3)],
    ['code_verifier_malformed', (verifier) => `${verifier.slice(0, -1)}+`],
    ['code_verifier_malformed', (verifier) => `${verifier} `],
    ['code_verifier_mismatch', () => other],
    ['code_verifier_mismatch', (verifier) => `${verifier.slice(0, -1)}~`],
    ['code_verifier_mismatch', (verifier) => `${verifier}A`],
    ['code_verifier_mismatch', (verifier) => sha256(verifier)],
    ['code_verifier_mismatch', (verifier) => verifier.toLowerCase()],
  ]
  for (const [rule, wrong] of cases) {
    const flow = await aCode(world)
    const reply = await redeem(world, flow, { code_verifier: wrong(flow.verifier) })
    assertRefused(reply, rule)
    assert.deepEqual(
      [reply.status, reply.json['error'], reply.json['rule']],
      [400, 'invalid_grant', 'code_not_redeemable'],
    )
    assertRefused(await redeem(world, flow), 'code_unknown', 'burned: nobody can try again')
  }
  assert.equal((await redeem(world, await aCode(world))).status, 200)
})

test('[AS-PKCE-03] verifiers of 43 and of 128 characters, with every unreserved character', async () => {
  const world = await aWorld()
  const unreserved = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~'
  for (const verifier of [unreserved.slice(0, 43), (unreserved + unreserved).slice(0, 128)]) {
    const flow = await aCode(world, {}, { challenge: sha256(verifier) })
    assert.equal((await redeem(world, { code: flow.code, verifier })).status, 200)
  }
})

test('code_challenge_missing [AS-PKCE-04] no code exists without a challenge, so no verifier can be dropped', async () => {
  const world = await aWorld()
  for (const changes of [
    { code_challenge: undefined },
    { code_challenge: undefined, code_challenge_method: undefined },
  ]) {
    assertRefused(await push(world, changes), 'code_challenge_missing')
  }
  const flow = await aCode(world)
  assertRefused(await redeem(world, flow, { code_verifier: undefined }), 'code_verifier_malformed')
})
