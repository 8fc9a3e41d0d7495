import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { inspect } from 'node:util'
import { observed } from '../../test/observations.ts'
import { assertionOf, proofOf, refused, type Route, signIn, world } from './fixtures.test-support.ts'
import { createClient, generatePrivateJwk, memoryVault, Secret, type TokenVault } from './index.ts'

type World = Awaited<ReturnType<typeof world>>

/** A server that gives refresh tokens: the same one each time, or a new one each time. */
function renewing({ lie, tokenHits }: World, mode: 'rotates' | 'keeps') {
  let count = 0
  lie.tokens = (honest) => {
    count += 1
    const isRenewal = tokenHits().at(-1)?.form.get('grant_type') === 'refresh_token'
    const { id_token: idToken, ...rest } = honest
    return {
      ...rest,
      access_token: `access-${count}`,
      ...(isRenewal ? {} : { id_token: idToken }),
      ...(isRenewal && mode === 'keeps' ? {} : { refresh_token: `refresh-${count}` }),
    }
  }
  /** The refresh tokens that were presented. */
  return () =>
    tokenHits()
      .map(({ form }) => form.get('refresh_token'))
      .filter((token) => token !== null)
}

const broken: Route = () => ({ status: 502 })

test('[CL-13] a refresh token that comes back takes the place of the old one, and without one the old one stays', async () => {
  for (const [mode, expected] of [
    ['rotates', ['refresh-1', 'refresh-2', 'refresh-3']],
    ['keeps', ['refresh-1', 'refresh-1', 'refresh-1']],
  ] as const) {
    const setting = await world()
    const presented = renewing(setting, mode)
    const client = await setting.connect()
    const session = await signIn(client)
    for (const number of [2, 3, 4]) {
      // The first session each time: the vault knows what came after it.
      const renewed = await client.refresh(session)
      assert.equal(renewed.accessToken.reveal(), `access-${number}`)
      assert.deepEqual([renewed.subject, renewed.id], ['alice', session.id])
    }
    assert.deepEqual(presented(), expected)
    await client.call(session, '/accounts')
    assert.equal(setting.apiHits.at(-1)?.headers['authorization'], 'DPoP access-4')
  }
  observed('CL-13', 'with rotation and without')
})

test('[CL-13] an answer that was lost is asked for once more with the old token, by fresh credentials', async () => {
  const setting = await world()
  const { lie, tokenHits } = setting
  const presented = renewing(setting, 'rotates')
  const client = await setting.connect()
  const session = await signIn(client)
  let lost = 0
  lie.token = (hit) => (lost++ === 0 ? broken(hit) : undefined)
  const renewed = await client.refresh(session)
  assert.deepEqual(presented(), ['refresh-1', 'refresh-1'])
  const [, first, second] = tokenHits()
  assert.notEqual(proofOf(first)['jti'], proofOf(second)['jti'])
  assert.notEqual(assertionOf(first).payload['jti'], assertionOf(second).payload['jti'])

  lie.token = broken
  await assert.rejects(client.refresh(session), refused('response_unusable'))
  assert.equal(presented().length, 4, 'twice, and no oftener')
  assert.equal((await client.resume(session.id))?.refreshToken?.reveal(), renewed.refreshToken?.reveal())
  lie.token = undefined
  assert.ok(await client.refresh(session))
  observed('CL-13', 'the old token, once more')
})

test('[CL-13] renewals at the same time are one request, in one process', async () => {
  const setting = await world()
  const presented = renewing(setting, 'rotates')
  const client = await setting.connect()
  const session = await signIn(client)
  const all = await Promise.all(Array.from({ length: 20 }, () => client.refresh(session)))
  assert.equal(new Set(all.map(({ accessToken }) => accessToken.reveal())).size, 1)
  assert.deepEqual(presented(), ['refresh-1'])
  await client.refresh(session)
  assert.deepEqual(presented(), ['refresh-1', 'refresh-2'])
  observed('CL-13', 'one call')
})

test('[CL-13] of two processes with one vault both end up with the tokens that were kept', async () => {
  const setting = await world()
  const presented = renewing(setting, 'rotates')
  const vault = memoryVault()
  const config = { ...setting.config, keys: { ...setting.config.keys, dpop: generatePrivateJwk() }, vault }
  const one = await createClient(config, setting.ports)
  const other = await createClient(config, setting.ports)
  const session = await signIn(one)
  const outcome = await Promise.all([one.refresh(session), other.refresh(session)])
  assert.deepEqual(presented(), ['refresh-1', 'refresh-1'])
  const kept = await one.resume(session.id)
  for (const renewed of outcome) assert.equal(renewed.refreshToken?.reveal(), kept?.refreshToken?.reveal())

  // A server that takes each refresh token once: who comes second uses what the first has kept.
  const newest = kept?.refreshToken?.reveal()
  let taken = 0
  setting.lie.token = async (hit) => {
    if (hit.form.get('refresh_token') !== newest || taken++ === 0) return undefined
    for (let turn = 0; turn < 1000 && (await one.resume(session.id))?.refreshToken?.reveal() === newest; turn += 1) {
      await setImmediate()
    }
    return { status: 400, body: { error: 'invalid_grant' } }
  }
  const both = await Promise.all([one.refresh(session), other.refresh(session)])
  const after = await one.resume(session.id)
  assert.notEqual(after?.refreshToken?.reveal(), newest)
  for (const renewed of both) assert.equal(renewed.refreshToken?.reveal(), after?.refreshToken?.reveal())
  observed('CL-13', 'both safe')
})

test('[CL-13] a process that dies between the answer and the vault is followed by one that goes on with the old token', async () => {
  const setting = await world()
  const presented = renewing(setting, 'rotates')
  const durable = memoryVault()
  let isAlive = true
  const dying: TokenVault = {
    load: durable.load,
    replace: (...change) => (isAlive ? durable.replace(...change) : Promise.reject(new Error('killed: refresh-1'))),
  }
  const before = await createClient({ ...setting.config, vault: dying }, setting.ports)
  const { id } = await signIn(before)
  isAlive = false
  await assert.rejects(before.refresh((await before.resume(id)) ?? assert.fail()), (error: unknown) => {
    refused('vault_unavailable')(error)
    assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /refresh-\d/)
    return true
  })

  const next = await createClient({ ...setting.config, vault: durable }, setting.ports)
  const session = (await next.resume(id)) ?? assert.fail()
  assert.equal(session.refreshToken?.reveal(), 'refresh-1')
  // It has another DPoP key than the one before it: the old access token is worth nothing to it.
  await next.call(session, '/accounts')
  assert.deepEqual(presented(), ['refresh-1', 'refresh-1'])
  assert.equal(setting.apiHits.at(-1)?.headers['authorization'], 'DPoP access-3')
  assert.equal((await next.resume(id))?.refreshToken?.reveal(), 'refresh-3')
  observed('CL-13', 'recovered with the old token')
})

test('[CL-13] a token near its end is renewed before it is used; when that fails, what is left of it is used', async () => {
  const setting = await world()
  renewing(setting, 'keeps')
  const { lie, apiHits, tokenHits, ports } = setting
  let late = 0
  const clock = () => ports.clock()
  const client = await createClient(setting.config, { ...ports, clock })
  const tokens = lie.tokens
  lie.tokens = (honest) => ({ ...tokens(honest), expires_in: late === 0 ? 15 : 300 })
  const session = await signIn(client)
  lie.token = broken
  await client.call(session, '/accounts')
  assert.equal(apiHits.at(-1)?.headers['authorization'], 'DPoP access-1')
  assert.equal(tokenHits().length, 3)
  lie.token = undefined
  late = 1
  await client.call(session, '/accounts')
  assert.equal(apiHits.at(-1)?.headers['authorization'], 'DPoP access-2')
  await client.call(session, '/accounts')
  assert.equal(tokenHits().length, 4)
})

test('[CL-13] a session the server ends is over; a vault that fails or lies gives out nothing', async () => {
  const setting = await world()
  renewing(setting, 'keeps')
  const vault = memoryVault()
  const config = { ...setting.config, vault }
  const client = await createClient(config, setting.ports)
  const session = await signIn(client)
  setting.lie.token = () => ({ status: 400, body: { error: 'invalid_grant' } })
  await assert.rejects(client.refresh(session), refused('session_ended'))
  setting.lie.token = undefined
  await client.revoke(session)
  assert.equal(await vault.load(session.id), undefined)

  const good = await signIn(client)
  const kept = (await vault.load(good.id)) ?? assert.fail()
  for (const lie of [new Secret('{}'), new Secret('refresh-9'), (await vault.load(good.id)) ?? kept]) {
    const liar: TokenVault = { ...vault, load: async () => lie }
    const other = await createClient({ ...config, vault: liar }, setting.ports)
    await assert.rejects(other.resume('another id'), refused('vault_unavailable'))
  }
  const down: TokenVault = { load: () => Promise.reject(new Error('down')), replace: vault.replace }
  await assert.rejects(
    (await createClient({ ...config, vault: down }, setting.ports)).call(good, '/accounts'),
    (error) => refused('vault_unavailable')(error),
  )
  // What another client keeps in the same vault is not this one's.
  const stranger = await createClient({ ...config, clientId: 'another-app' }, setting.ports)
  await assert.rejects(stranger.resume(good.id), refused('session_foreign'))
  await assert.rejects(stranger.refresh(good), refused('session_foreign'))
  assert.ok(await client.refresh(good))
  observed('CL-13', 'nothing was given out')
})

test('[CL-13] a session that is ended while it is renewed stays ended', async () => {
  const setting = await world()
  renewing(setting, 'keeps')
  const client = await setting.connect()
  const session = await signIn(client)
  let ending: Promise<void> | undefined
  setting.lie.token = async () => {
    ending ??= client.revoke(session)
    await ending
    return undefined
  }
  await assert.rejects(client.refresh(session), refused('session_ended'))
  assert.equal(await client.resume(session.id), undefined)
  const form = setting.hits.find(({ path }) => path === '/revoke')?.form
  assert.deepEqual([form?.get('token'), form?.get('token_type_hint')], ['refresh-1', 'refresh_token'])
  setting.lie.token = undefined
  assert.ok(await signIn(client))
})

test('a vault in memory is bounded, and changes only what it was told to', async () => {
  const vault = memoryVault({ most: 2 })
  const text = (value: string) => new Secret(value)
  for (const id of ['a', 'b', 'c']) assert.equal(await vault.replace(id, undefined, text(id)), 'replaced')
  assert.equal(await vault.load('a'), undefined)
  assert.equal(await vault.replace('b', text('x'), text('y')), 'superseded')
  assert.equal(await vault.replace('b', undefined, text('y')), 'superseded')
  assert.equal((await vault.load('b'))?.reveal(), 'b')
  assert.equal(await vault.replace('b', text('b'), undefined), 'replaced')
  assert.equal(await vault.load('b'), undefined)
})
