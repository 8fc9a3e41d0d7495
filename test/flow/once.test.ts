import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { username } from '../../src/core/names.ts'
import type { Clock, Store } from '../../src/core/ports.ts'
import { sha256 } from '../../src/node/runtime.ts'
import { openSqliteStore } from '../../src/stores/sql/index.ts'
import { anAssertion, aProof, authentication, changed } from './messages.ts'
import { aParty } from './parties.ts'
import {
  aCode,
  assertRefused,
  callUserinfo,
  clientCredentials,
  decide,
  introspect,
  offlineTokens,
  open,
  push,
  redeem,
  refresh,
  revoke,
  signedIn,
  tokens,
} from './steps.ts'
import { aWorld, type Reply, urls, type WorldOptions } from './world.ts'

const many = 50

/** One of them succeeded; all others were refused for this reason. */
function assertOneWinner(replies: readonly Reply[], rule: string, status = 200): Reply {
  const [winner, ...more] = replies.filter((reply) => reply.status === status)
  assert.ok(winner !== undefined && more.length === 0, `${more.length + (winner ? 1 : 0)} winners`)
  for (const reply of replies) if (reply !== winner) assertRefused(reply, rule)
  return winner
}

const times = <Result>(work: (index: number) => Promise<Result>) =>
  Promise.all(Array.from({ length: many }, (_, index) => work(index)))

let folder = ''
let files = 0
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'strongroom-flow-'))
})
after(() => rmSync(folder, { recursive: true }))

const stores: Readonly<Record<string, (() => NonNullable<WorldOptions['store']>) | undefined>> = {
  memory: undefined,
  sqlite:
    () =>
    (clock: Clock): Promise<Store> => {
      files += 1
      return openSqliteStore({ path: join(folder, `${files}.db`), clock, hash: sha256 })
    },
}

for (const [name, factory] of Object.entries(stores)) {
  const newWorld = () => aWorld(factory === undefined ? {} : { store: factory() })
  suite(`with the store in ${name}`, () => {
    test('the whole path', async () => {
      const world = await newWorld()
      const { accessToken, party } = await tokens(world, {
        resource: 'https://bank.example',
        max_age: '60',
        login_hint: 'alice',
      })
      assert.equal((await callUserinfo(world, accessToken, party)).status, 200)
      await world.store.close()
    })

    test('code_replayed [AS-TOK-05] [ER-27] fifty redemptions of one code: one winner, whose tokens then die', async () => {
      const world = await newWorld()
      const flow = await aCode(world)
      const party = aParty()
      const replies = await times(() => redeem(world, flow, {}, { party }))
      const winner = assertOneWinner(replies, 'code_replayed')
      const token = String(winner.json['access_token'])
      assertRefused(await callUserinfo(world, token, party), 'access_token_revoked')
      const next = await tokens(world)
      assert.equal((await callUserinfo(world, next.accessToken, next.party)).status, 200)
      await world.store.close()
    })

    test('code_client_mismatch code_unknown [AS-TOK-06] right and wrong attempts at once: at most one winner', async () => {
      const world = await newWorld()
      const flow = await aCode(world)
      const replies = await times((index) =>
        index % 2 ? redeem(world, flow) : redeem(world, flow, {}, { client: world.otherClient }),
      )
      const rules = new Set(replies.map(({ rule }) => rule))
      assert.ok(replies.filter(({ status }) => status === 200).length <= 1)
      for (const rule of rules) {
        assert.ok([undefined, 'code_replayed', 'code_client_mismatch', 'code_unknown'].includes(rule), rule)
      }
      await world.store.close()
    })

    test('[AS-RT-02] [SK-49] fifty uses of one refresh token at once: all succeed, each with a token of its own', async () => {
      const world = await newWorld()
      const { refreshToken } = await offlineTokens(world)
      const replies = await times(() => refresh(world, refreshToken))
      for (const { status, text } of replies) assert.equal(status, 200, text)
      assert.equal(new Set(replies.map(({ json }) => json['access_token'])).size, many)
      await world.store.close()
    })

    test('refresh_token_grant_revoked [AS-REV-03] [SK-51] revoked in the midst of fifty uses: nothing that was issued outlives it', async () => {
      const world = await newWorld()
      const { refreshToken } = await offlineTokens(world)
      const before = await refresh(world, refreshToken)
      assert.equal(before.status, 200)
      const replies = await times((index) =>
        index === many / 2 ? revoke(world, refreshToken) : refresh(world, refreshToken),
      )
      for (const { rule } of replies) assert.ok([undefined, 'refresh_token_grant_revoked'].includes(rule), rule)
      const issued = [before, ...replies].map(({ json }) => json['access_token']).filter((token) => token !== undefined)
      for (const token of issued) assert.equal((await introspect(world, token)).text, '{"active":false}')
      assertRefused(await refresh(world, refreshToken), 'refresh_token_grant_revoked')
      await world.store.close()
    })

    test('client_assertion_replayed [AS-CAUTH-07] fifty equal assertions, at two endpoints: one winner', async () => {
      const world = await newWorld()
      const assertion = { text: () => text }
      const text = await anAssertion(world)
      const replies = await times((index) =>
        index % 2 ? push(world, {}, { assertion }) : clientCredentials(world, {}, { assertion }),
      )
      assert.equal(replies.filter(({ status }) => status < 300).length, 1)
      for (const reply of replies) if (reply.status >= 300) assertRefused(reply, 'client_assertion_replayed')
      assert.equal(replies.flatMap(({ stored }) => stored).filter((write) => write === 'replay.spendOnce').length, 1)
      assert.equal((await push(world)).status, 201)
      await world.store.close()
    })

    test('dpop_replayed [AS-DPOP-05] fifty equal proofs, at token and at userinfo: one winner each', async () => {
      const world = await newWorld()
      const { party, accessToken } = await tokens(world)
      const proof = await aProof(world, party, 'POST', urls.token)
      const form = changed({ grant_type: 'client_credentials', scope: 'accounts' }, {})
      const atToken = await times(async () =>
        world.send('POST', '/token', { form: [...form, ...(await authentication(world))], headers: [['dpop', proof]] }),
      )
      assertOneWinner(atToken, 'dpop_replayed')
      const claims = { ath: sha256(accessToken) }
      const other = await aProof(world, party, 'GET', urls.userinfo, { claims })
      const headers = [
        ['authorization', `DPoP ${accessToken}`],
        ['dpop', other],
      ] as const
      assertOneWinner(await times(() => world.send('GET', '/userinfo', { headers })), 'dpop_replayed')
      await world.store.close()
    })

    test('client_assertion_replayed dpop_replayed [AS-CAUTH-07] assertion and proof are spent together or not at all', async () => {
      const world = await newWorld()
      const party = aParty()
      const spent = await aProof(world, party, 'POST', urls.token)
      const used = { headers: [['dpop', spent]] as const, party }
      assert.equal((await clientCredentials(world, {}, used)).status, 200)
      const text = await anAssertion(world)
      const assertion = { text: () => text }
      assertRefused(await clientCredentials(world, {}, { ...used, assertion }), 'dpop_replayed')
      assert.equal((await clientCredentials(world, {}, { assertion })).status, 200, 'the assertion is still good')
      await world.store.close()
    })

    test('request_uri_spent [AS-PAR-11] ten browsers decide on one request: one code', async () => {
      const world = await newWorld()
      const pushed = await push(world)
      const pending = []
      for (let index = 0; index < 10; index += 1) pending.push(await signedIn(world, pushed))
      const replies = await Promise.all(
        pending.map(({ browser, interaction, page }, index) =>
          decide(browser, interaction, page, index % 3 ? 'allow' : 'deny'),
        ),
      )
      const winners = replies.filter(({ status }) => status === 303)
      assert.equal(winners.length, 1)
      for (const reply of replies) if (reply.status !== 303) assertRefused(reply, 'request_uri_spent')
      assertRefused(await open(world, pushed), 'request_uri_spent')
      await world.store.close()
    })

    test('code_grant_revoked access_token_revoked [SK-51] a lock counts at once', async () => {
      const world = await newWorld()
      const flow = await aCode(world)
      const done = await tokens(world)
      await world.store.users.setLocked(username('alice'), 'locked', world.now())
      assertRefused(await redeem(world, flow), 'code_grant_revoked')
      assertRefused(await callUserinfo(world, done.accessToken, done.party), 'access_token_revoked')
      await world.store.close()
    })

    test('state_unavailable [OPS-04] a store that is down: 503 everywhere, nothing accepted', async () => {
      const world = await newWorld()
      const { accessToken, party, browser, pushed } = await tokens(world)
      const flow = await aCode(world)
      const pending = await signedIn(world, await push(world))
      await world.store.close()
      const replies = [
        await push(world),
        await clientCredentials(world),
        await redeem(world, flow),
        await open(world, pushed, browser),
        await pending.browser.get(pending.interaction),
        await decide(pending.browser, pending.interaction, pending.page),
        await callUserinfo(world, accessToken, party),
      ]
      for (const reply of replies) {
        assertRefused(reply, 'state_unavailable')
        assert.deepEqual([reply.status, reply.stored], [503, []])
      }
    })
  })
}
