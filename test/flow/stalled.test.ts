/** Bodies that dribble in, and clocks that leap: nothing lives longer for it. */

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { numericDate } from '../../src/core/names.ts'
import type { Clock, Store } from '../../src/core/ports.ts'
import { sha256 } from '../../src/node/runtime.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { openSqliteStore } from '../../src/stores/sql/index.ts'
import { aProof, authentication } from './messages.ts'
import { aParty } from './parties.ts'
import { aCode, assertRefused, clientCredentials, redeem } from './steps.ts'
import { aWorld, dawn, urls, type World } from './world.ts'

type OpenStore = (clock: Clock) => Promise<Store>

const stores: Readonly<Record<string, (folder: string) => OpenStore>> = {
  memory: () => async (clock) => createMemoryStore({ clock, epoch: numericDate(dawn - 3600) }),
  SQLite: (folder) => (clock) => openSqliteStore({ path: join(folder, 'state.db'), clock, hash: sha256 }),
}

async function withWorld(store: (folder: string) => OpenStore, work: (world: World) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-stalled-'))
  const world = await aWorld({ store: store(folder) })
  try {
    await work(world)
  } finally {
    await world.store.close()
    await rm(folder, { recursive: true })
  }
}

const grant = ['grant_type', 'client_credentials'] as const

for (const [name, store] of Object.entries(stores)) {
  test(`client_assertion_expired [AS-CAUTH-07] a used assertion whose second body dribbles in past its end, ${name}`, () =>
    withWorld(store, async (world) => {
      const used = await authentication(world, world.client, { claims: { exp: world.now() + 10 } })
      const party = aParty()
      const ask = async (meanwhile?: () => void) => {
        const proof = await aProof(world, party, 'POST', urls.token)
        const headers = [['dpop', proof]] as const
        return world.send('POST', '/token', {
          form: [grant, ['scope', 'accounts'], ...used],
          headers,
          ...(meanwhile === undefined ? {} : { meanwhile }),
        })
      }
      assert.equal((await ask()).status, 200)
      world.wait(9)
      assertRefused(await ask(), 'client_assertion_replayed')
      assertRefused(await ask(() => world.wait(7)), 'client_assertion_expired')
      assert.equal((await clientCredentials(world)).status, 200)
    }))

  test(`client_assertion_replayed [AS-CAUTH-07] [AL-18] after the clock leapt ahead and came back, ${name}`, () =>
    withWorld(store, async (world) => {
      const used = await authentication(world, world.client, { claims: { exp: world.now() + 60 } })
      const ask = async () =>
        world.send('POST', '/token', {
          form: [grant, ['scope', 'accounts'], ...used],
          headers: [['dpop', await aProof(world, aParty(), 'POST', urls.token)]],
        })
      assert.equal((await ask()).status, 200)
      world.wait(900)
      assert.equal((await clientCredentials(world)).status, 200)
      await world.store.reap(world.now(), 1000)
      world.wait(-900)
      const again = await ask()
      assert.ok(['client_assertion_replayed', 'state_unavailable'].includes(String(again.rule)), again.text)
      // When the clock has caught up, honest requests work again.
      world.wait(905)
      assert.equal((await clientCredentials(world)).status, 200)
    }))
}

test('code_expired [AS-TOK-06] a code whose redemption dribbles in past its sixty seconds', async () => {
  const world = await aWorld()
  const late = await aCode(world)
  world.wait(59)
  const party = aParty()
  const proof = await aProof(world, party, 'POST', urls.token)
  const form = [
    ['grant_type', 'authorization_code'],
    ['code', late.code],
    ['redirect_uri', 'https://app.example/callback'],
    ['code_verifier', late.verifier],
    ...(await authentication(world)),
  ] as const
  const stalled = await world.send('POST', '/token', {
    form,
    headers: [['dpop', proof]],
    meanwhile: () => world.wait(5),
  })
  assertRefused(stalled, 'code_expired')
  assert.equal((await redeem(world, await aCode(world))).status, 200)
})
