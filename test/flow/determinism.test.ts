import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { Random } from '../../src/core/ports.ts'
import { createMac } from '../../src/node/runtime.ts'
import { aKnownParty } from './parties.ts'
import {
  aCode,
  aBrowser,
  assertRefused,
  callUserinfo,
  clientCredentials,
  location,
  open,
  push,
  redeem,
  signIn,
} from './steps.ts'
import { aWorld, type Reply } from './world.ts'

/** Bytes that are the same in every run, and never twice in one. */
function seeded(seed: string): Random {
  let drawn = 0
  return (bytes) => {
    drawn += 1
    return createHash('shake256', { outputLength: bytes }).update(`${seed} ${drawn}`).digest('base64url')
  }
}

/** The whole flow and some refusals, every answer as it stood on the wire. */
async function transcript(seed: string): Promise<string> {
  const lines: string[] = []
  const world = await aWorld({
    random: seeded(seed),
    mac: createMac(Buffer.alloc(32, 7)),
    serverKeys: [aKnownParty(1, 'server')],
    clientKey: aKnownParty(2, 'c1'),
  })
  const { send } = world
  const recorded = {
    ...world,
    send: async (...asked: Parameters<typeof send>): Promise<Reply> => {
      const reply = await send(...asked)
      lines.push(JSON.stringify([asked, reply.status, [...reply.headers], reply.text, reply.event, reply.stored]))
      return reply
    },
  }
  const party = aKnownParty(3)
  const flow = await aCode(recorded, { dpop_jkt: party.key.thumbprint })
  const reply = await redeem(recorded, flow, {}, { party })
  assert.equal(reply.status, 200)
  assert.equal((await callUserinfo(recorded, String(reply.json['access_token']), party)).status, 200)
  assert.equal((await clientCredentials(recorded, {}, { party })).status, 200)
  assertRefused(await redeem(recorded, flow, {}, { party }), 'code_replayed')
  assertRefused(await push(recorded, { scope: 'unknown' }), 'scope_not_allowed')
  const browser = aBrowser(recorded)
  const interaction = location(await open(recorded, await push(recorded), browser))
  assertRefused(await signIn(browser, interaction, { password: 'wrong' }), 'password_wrong')
  await recorded.send('GET', '/.well-known/openid-configuration')
  await recorded.send('GET', '/jwks')
  await recorded.send('GET', '/nothing')
  return lines.join('\n')
}

test('with fixed ports and Ed25519 keys, two runs of the whole flow are byte for byte the same', async () => {
  const [one, again, other] = [await transcript('a'), await transcript('a'), await transcript('b')]
  assert.ok(one.split('\n').length > 15, one)
  assert.equal(one, again)
  assert.notEqual(one, other, 'the random port is really used')
})
