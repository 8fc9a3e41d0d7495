/** How much one caller may ask for, and whom that must not hit. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aNonce, aPush, authentication, changed } from './messages.ts'
import { aParty } from './parties.ts'
import {
  aBrowser,
  assertRefused,
  callUserinfo,
  clientCredentials,
  location,
  open,
  push,
  redeem,
  signIn,
  tokens,
} from './steps.ts'
import { aWorld, type Reply, type World } from './world.ts'

/** Ten seconds' worth of 600 a minute. */
const burst = 100

const slowly = (limits: { perClientPerMinute?: number; perAddressPerMinute?: number }) =>
  aWorld({ config: { limits: { perClientPerMinute: 10_000_000, perAddressPerMinute: 10_000_000, ...limits } } })

function assertLimited(reply: Reply, cap: string, world: World): void {
  assertRefused(reply, 'rate_limited')
  assert.equal(reply.status, 429)
  assert.match(reply.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  const raised = world.raised.at(-1)
  assert.equal(raised?.type, 'limit.exceeded')
  assert.equal(raised?.evidence?.['cap'], cap)
}

test('rate_limited [AS-PAR-13] [OPS-07] a burst of one client above its limit: others are served, and it is served again', async () => {
  const world = await slowly({ perClientPerMinute: 600 })
  for (let request = 0; request < burst; request += 1) {
    assert.equal((await push(world)).status, 201, `push ${request}`)
  }
  const limited = await push(world)
  assertLimited(limited, 'perClientPerMinute', world)
  assert.equal(limited.json['error'], 'too_many_requests')
  assert.deepEqual(limited.stored, [], 'nothing is spent: the same assertion may come again')
  // Another client, and the same one elsewhere, are not concerned.
  assert.equal((await push(world, {}, { client: world.otherClient })).status, 201)
  assert.equal((await clientCredentials(world)).status, 200)
  world.wait(Number(limited.headers.get('retry-after')))
  assert.equal((await push(world)).status, 201)
})

test('rate_limited [OPS-07] the token endpoint, introspection and revocation count a client each for itself', async () => {
  const world = await slowly({ perClientPerMinute: 60 })
  const ask = {
    token: () => clientCredentials(world),
    introspect: async () =>
      world.send('POST', '/introspect', { form: [['token', 'x'], ...(await authentication(world, world.bankServer))] }),
    revoke: async () => world.send('POST', '/revoke', { form: [['token', 'x'], ...(await authentication(world))] }),
  }
  for (const [name, request] of Object.entries(ask)) {
    for (let count = 0; count < 10; count += 1) assert.equal((await request()).status, 200, `${name} ${count}`)
    assertLimited(await request(), 'perClientPerMinute', world)
  }
  world.wait(1)
  for (const [name, request] of Object.entries(ask)) assert.equal((await request()).status, 200, name)
})

test('rate_limited [OPS-07] [AL-08] codes guessed from one address: throttled, others are served, and so is the same later', async () => {
  const world = await slowly({ perAddressPerMinute: 600 })
  const party = aParty()
  const thief = { party, sent: { from: '198.51.100.9' } }
  const guess = () => redeem(world, { code: 'a guess', verifier: 'v'.repeat(43) }, {}, thief)
  let tried = 0
  let last = await guess()
  for (; last.rule === 'code_unknown' && tried < burst; tried += 1) last = await guess()
  assertLimited(last, 'perAddressPerMinute', world)
  assert.equal(tried, 10, 'a guess costs ten requests')
  assert.equal((await clientCredentials(world, {}, { party })).status, 200)
  world.wait(Number(last.headers.get('retry-after')))
  assert.equal((await clientCredentials(world, {}, thief)).status, 200)
})

test('rate_limited [OPS-07] [AL-04] client ids guessed from one address: the answers tell nothing, and end', async () => {
  const world = await slowly({ perAddressPerMinute: 600 })
  const party = aParty()
  const answers = new Set<string>()
  const rules: unknown[] = []
  for (let guess = 0; guess < 12; guess += 1) {
    const name = guess % 2 === 0 ? `client-${guess}` : 'client-a'
    const claims = { iss: name, sub: name }
    const form = [
      ...changed(aPush(world), {}),
      ...(await authentication(
        world,
        { ...party, clientId: world.client.clientId },
        { claims, header: { kid: 'c1' } },
      )),
    ]
    const reply = await world.send('POST', '/par', { form, from: '198.51.100.9' })
    rules.push(reply.rule)
    answers.add(`${reply.status} ${String(reply.json['error'])} ${String(reply.json['rule'])}`)
  }
  assert.deepEqual([...new Set(rules)], ['client_unknown', 'client_assertion_signature_invalid', 'rate_limited'])
  assert.deepEqual(
    [...answers],
    ['401 invalid_client client_authentication_failed', '429 too_many_requests rate_limited'],
  )
  assert.equal((await push(world)).status, 201, 'the client whose name was used is served elsewhere')
})

test('rate_limited [OPS-07] [AL-10] pages and userinfo are bounded for an address, whatever it asks for', async () => {
  const world = await slowly({ perAddressPerMinute: 600 })
  const flow = await tokens(world)
  const browser = aBrowser(world)
  const interaction = location(await open(world, await push(world), browser))
  world.wait(60)
  const pushed = await push(world)
  const gone = '/interaction/AAAAAAAAAAAAAAAAAAAAAA'
  const { accessToken, party } = flow
  await aNonce(world, party)
  let probe = await world.send('GET', gone)
  for (let count = 0; probe.rule === 'interaction_unknown' && count < burst; count += 1) {
    probe = await world.send('GET', gone)
  }
  for (const reply of [
    probe,
    await world.send('POST', `${gone}/sign-in`, { form: [['csrf', 'x']] }),
    await open(world, pushed, browser),
    await browser.get(interaction),
    await callUserinfo(world, accessToken, party),
  ]) {
    assertLimited(reply, 'perAddressPerMinute', world)
  }
  assert.match(probe.headers.get('content-type') ?? '', /^text\/html/)
  const document = await world.send('GET', '/.well-known/openid-configuration')
  assert.equal(document.status, 200, 'documents are for everybody')
  world.wait(10)
  assert.equal((await signIn(browser, interaction)).status, 303)
})

test('[OPS-07] a proxy on this machine that does not say for whom it speaks is no source', async () => {
  const world = await slowly({ perAddressPerMinute: 60 })
  const proxied = { party: aParty(), sent: { from: '127.0.0.1' } }
  for (let guess = 0; guess < 50; guess += 1) {
    const reply = await redeem(world, { code: 'a guess', verifier: 'v'.repeat(43) }, {}, proxied)
    assertRefused(reply, 'code_unknown')
  }
  assert.equal((await clientCredentials(world, {}, proxied)).status, 200)
})

test('[OPS-07] limits out of their bounds: the server does not start', async () => {
  const limits = { perClientPerMinute: 60, perAddressPerMinute: 60 }
  await aWorld({ config: { limits } })
  for (const value of [59, 10_000_001, 60.5, Number.NaN]) {
    for (const name of ['perClientPerMinute', 'perAddressPerMinute']) {
      const wrong = { ...limits, [name]: value }
      await assert.rejects(aWorld({ config: { limits: wrong } }), RangeError, `${name} ${value}`)
    }
  }
})
