import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCompactJws, type PublicKey, signJwt } from '../../core/jose.ts'
import { numericDate, Secret, seconds } from '../../core/names.ts'
import type { Signer } from '../../core/ports.ts'
import { profile, type SigningAlgorithm, signingAlgorithms, standardLifetimes } from '../../core/profile.ts'
import { type ChangingSigningKeys, type KeyChange, openSigningKeys } from '../keys.ts'
import { createVerifier, random, sha256 } from '../runtime.ts'
import { aClock, aKeyStore, type OpenKeyStore } from './fixtures.test-support.ts'
import { listKeys, removeKey, rotateKeys } from './manage.ts'
import { checkKeySchedule, keySchedule, keyScheduleBounds, standardKeySchedule } from './schedule.ts'
import { tellingOfChanges } from './told.ts'
import { SigningKeysUnavailable } from './unavailable.ts'

const sealing = new Secret(random(32))
const hour = 3600
const day = 24 * hour
const month = 30 * day
/** For how long anybody may keep the key set. */
const cached = 300
const schedule = keySchedule({ rotateEvery: 3 * day, publishAhead: keyScheduleBounds.publishAhead.least })
const lifetime = Math.max(standardLifetimes.accessToken, standardLifetimes.idToken) + profile.clockSkewAhead

type World = {
  readonly clock: ReturnType<typeof aClock>
  readonly store: OpenKeyStore
  readonly algorithms: readonly SigningAlgorithm[]
}

function aWorld(algorithms: readonly SigningAlgorithm[] = ['ES256']): World {
  return { clock: aClock(), store: aKeyStore(), algorithms }
}

function optionsOf({ clock, store, algorithms }: World) {
  return { store, sealing, algorithms, clock, random, hash: sha256, schedule }
}

type Signed = { readonly kid: string; readonly expiresAt: number }

/** What somebody sees who keeps the key set as long as allowed. Says the first thing that went wrong. */
function aVerifier({ clock }: World, step: number) {
  const seen: ReadonlySet<string>[] = []
  const signed = new Map<string, Signed>()
  const kidsOf = (keys: readonly PublicKey[]) => new Set(keys.map(({ thumbprint }) => String(thumbprint)))
  return (keys: ChangingSigningKeys, signers: readonly (Signer | undefined)[]): string | undefined => {
    const published = kidsOf(keys.published())
    seen.push(published)
    if (seen.length > cached / step + 1) seen.shift()
    for (const signer of signers) {
      if (signer?.kid === undefined) return `nothing signs at ${clock()}`
      // In the first minutes of an issuer nobody can have kept anything.
      if (seen.length > cached / step && seen[0]?.has(signer.kid) !== true) return `unknown key at ${clock()}`
      signed.set(signer.kid, { kid: signer.kid, expiresAt: clock() + lifetime })
    }
    for (const { kid, expiresAt } of signed.values()) {
      if (expiresAt <= clock()) signed.delete(kid)
      else if (!published.has(kid)) return `token outlived its key at ${clock()}`
    }
    return undefined
  }
}

/** Lets the time pass, looking at everything at every step; the store is looked at as often as in a server. */
async function simulate(
  world: World,
  span: number,
): Promise<{ readonly trouble: string | undefined; kids: Set<string> }> {
  const step = 15
  const keys = await openSigningKeys(optionsOf(world))
  const look = aVerifier(world, step)
  const kids = new Set<string>()
  for (let passed = 0; passed < span; passed += step) {
    if (passed % 30 === 0) await keys.refresh()
    const signers = world.algorithms.map(keys.signer)
    for (const signer of signers) kids.add(signer?.kid ?? '')
    const trouble = look(keys, signers)
    if (trouble !== undefined) return { trouble, kids }
    world.clock.pass(step)
  }
  return { trouble: undefined, kids }
}

test('[KEY-09] at no instant of a month is a token refused for a key that is unknown yet, or gone already', async () => {
  const world = aWorld(['ES256', 'EdDSA'])
  const { trouble, kids } = await simulate(world, month)
  assert.equal(trouble, undefined)
  assert.equal(kids.size, 2 * 10)
  assert.ok(world.store.keys.length <= 4, `${world.store.keys.length} keys are left`)
})

test('[KEY-09] canary: a key that signs as soon as it is made is seen', async () => {
  const world = aWorld()
  const { add } = world.store
  world.store.add = (key) => add({ ...key, activeFrom: key.createdAt })
  assert.match((await simulate(world, month)).trouble ?? '', /^unknown key/)
})

test('[KEY-09] canary: a key that goes when it no longer signs is seen', async () => {
  const world = aWorld()
  const { retire } = world.store
  world.store.retire = (kid) => retire(kid, world.clock())
  assert.match((await simulate(world, month)).trouble ?? '', /^token outlived its key/)
})

test('[KEY-09] tokens of all algorithms verify through a rotation, with real signatures', async () => {
  const world = aWorld(signingAlgorithms)
  const keys = await openSigningKeys(optionsOf(world))
  const verify = createVerifier({ cacheSize: 50 })
  const tokens: { readonly token: string; readonly expiresAt: number }[] = []
  const sets: (readonly PublicKey[])[] = []
  const signed = new Set<string>()
  world.clock.pass(schedule.rotateEvery - schedule.publishAhead - 600)
  for (let minute = 0; minute < 40; minute += 1) {
    await keys.refresh()
    sets.push(keys.published())
    const kept = sets.at(-1 - cached / 60)
    for (const alg of signingAlgorithms) {
      const signer = keys.signer(alg)
      assert.ok(signer?.kid !== undefined)
      signed.add(signer.kid)
      const token = await signJwt({}, { minute }, signer)
      tokens.push({ token, expiresAt: world.clock() + lifetime })
      if (kept !== undefined) assert.ok(await verifies(token, kept), `${alg} in minute ${minute}`)
    }
    for (const { token, expiresAt } of tokens) {
      if (world.clock() < expiresAt) assert.ok(await verifies(token, keys.published()))
    }
    world.clock.pass(60)
  }
  assert.equal(signed.size, 6)

  async function verifies(token: string, published: readonly PublicKey[]): Promise<boolean> {
    const jws = parseCompactJws(token)
    const key = published.find(({ kid }) => kid === jws.header['kid'])
    return key !== undefined && (await verify(jws, key))
  }
})

test('[KEY-09] a key lives: next, active, retiring, retired, gone', async () => {
  const world = aWorld()
  const options = optionsOf(world)
  const changes: KeyChange['what'][] = []
  const keys = await openSigningKeys({ ...options, onChange: async ({ what }) => void changes.push(what) })
  const states = async () => (await listKeys(options)).map(({ state }) => state)
  const pass = async (span: number) => {
    world.clock.pass(span)
    await keys.refresh()
  }
  assert.deepEqual(await states(), ['active'])
  await pass(schedule.rotateEvery - schedule.publishAhead)
  assert.deepEqual(await states(), ['active', 'next'])
  const [former, next] = keys.published()
  assert.equal(keys.signer('ES256')?.kid, former?.kid)
  await pass(schedule.publishAhead - 1)
  assert.equal(keys.signer('ES256')?.kid, former?.kid)
  world.clock.pass(1)
  // Without another look at the store.
  assert.equal(keys.signer('ES256')?.kid, next?.kid)
  await keys.refresh()
  assert.deepEqual(await states(), ['retiring', 'active'])
  assert.equal(keys.published().length, 2)
  await pass(schedule.longestUse + 60)
  assert.deepEqual(await states(), ['retired', 'active'])
  assert.deepEqual(keys.published(), [next])
  await pass(day)
  assert.deepEqual(await states(), ['active'])
  assert.deepEqual(changes, ['key_made', 'key_made', 'key_retired', 'key_removed'])
})

test('[KEY-09] rounds are idempotent, and two processes that rotate at once do no harm', async () => {
  const world = aWorld()
  const options = optionsOf(world)
  const one = await openSigningKeys(options)
  const other = await openSigningKeys(options)
  assert.equal(world.store.keys.length, 1)
  const look = aVerifier(world, 15)
  for (let passed = 0; passed < 3 * schedule.rotateEvery; passed += 15) {
    if (passed % 30 === 0) await Promise.all([one.refresh(), other.refresh(), one.refresh()])
    assert.equal(look(one, [one.signer('ES256'), other.signer('ES256')]), undefined)
    assert.ok(world.store.keys.length <= 6)
    world.clock.pass(15)
  }
  await one.refresh()
  await other.refresh()
  assert.equal(one.signer('ES256')?.kid, other.signer('ES256')?.kid)
})

test('[KEY-09] after a long pause the next key is published first all the same', async () => {
  const world = aWorld()
  const first = await openSigningKeys(optionsOf(world))
  const kid = first.signer('ES256')?.kid
  world.clock.pass(100 * day)
  const keys = await openSigningKeys(optionsOf(world))
  assert.equal(keys.signer('ES256')?.kid, kid)
  assert.equal(keys.published().length, 2)
  world.clock.pass(schedule.publishAhead)
  assert.notEqual(keys.signer('ES256')?.kid, kid)
})

test('[KEY-09] an algorithm that joins others waits until its key is known; one that leaves is verified on', async () => {
  const world = aWorld(['PS256'])
  const first = await openSigningKeys(optionsOf(world))
  const former = first.signer('PS256')
  const both = await openSigningKeys({ ...optionsOf(world), algorithms: ['ES256', 'PS256'] })
  assert.equal(both.signer('ES256'), undefined)
  assert.equal(both.signer('PS256')?.kid, former?.kid)
  world.clock.pass(schedule.publishAhead)
  await both.refresh()
  assert.notEqual(both.signer('ES256'), undefined)
  const alone = await openSigningKeys({ ...optionsOf(world), algorithms: ['ES256'] })
  assert.equal(alone.signer('PS256'), undefined)
  assert.ok(alone.published().some(({ kid }) => kid === former?.kid))
  world.clock.pass(schedule.longestUse + 60)
  assert.deepEqual(
    alone.published().map(({ kid }) => kid),
    [alone.signer('ES256')?.kid],
  )
  // Nothing else could sign: then nobody has to wait.
  const other = await openSigningKeys({ ...optionsOf({ ...world, algorithms: ['EdDSA'] }) })
  assert.notEqual(other.signer('EdDSA'), undefined)
})

test('[KEY-09] a rotation by hand makes one next key, however often it is asked for', async () => {
  const world = aWorld(['ES256', 'EdDSA'])
  const options = optionsOf(world)
  const keys = await openSigningKeys(options)
  const before = keys.signer('ES256')?.kid
  const { made, waiting } = await rotateKeys(options, { algorithms: ['ES256'], activation: 'ahead' })
  assert.deepEqual([made.map(({ alg, state }) => [alg, state]), waiting], [[['ES256', 'next']], []])
  assert.ok(!JSON.stringify(made).includes('sealed'))
  const again = await rotateKeys(options, { algorithms: ['ES256'], activation: 'ahead' })
  assert.deepEqual(again, { made: [], waiting: made })
  await keys.refresh()
  assert.equal(keys.published().length, 3)
  assert.equal(keys.signer('ES256')?.kid, before)
  world.clock.pass(schedule.publishAhead)
  assert.equal(keys.signer('ES256')?.kid, made[0]?.kid)
})

test('a rotation by hand before anything signs makes keys that sign at once', async () => {
  const world = aWorld(['ES256', 'EdDSA'])
  const options = optionsOf(world)
  const { made } = await rotateKeys(options, { algorithms: options.algorithms, activation: 'ahead' })
  assert.deepEqual(
    made.map(({ alg, state }) => [alg, state]),
    [
      ['ES256', 'active'],
      ['EdDSA', 'active'],
    ],
  )
  await openSigningKeys(options)
  assert.equal(world.store.keys.length, 2)
})

test('[KEY-09] a rotation at once signs at once, and what the former key signed stays good', async () => {
  const world = aWorld()
  const options = optionsOf(world)
  const keys = await openSigningKeys(options)
  const before = keys.signer('ES256')?.kid
  world.clock.pass(10)
  const { made } = await rotateKeys(options, { algorithms: ['ES256'], activation: 'now' })
  await keys.refresh()
  assert.equal(keys.signer('ES256')?.kid, made[0]?.kid)
  world.clock.pass(schedule.longestUse)
  await keys.refresh()
  assert.ok(keys.published().some(({ kid }) => kid === before))
})

test('a rotation at once, in the very second in which the former key became active, comes after it', async () => {
  const world = aWorld()
  const options = optionsOf(world)
  const keys = await openSigningKeys(options)
  for (let round = 0; round < 8; round += 1) {
    const { made } = await rotateKeys(options, { algorithms: ['ES256'], activation: 'now' })
    world.clock.pass(1)
    await keys.refresh()
    assert.equal(keys.signer('ES256')?.kid, made[0]?.kid)
  }
})

test('[KEY-09] a key that is removed is gone at once; the one that signs is replaced first', async () => {
  const world = aWorld()
  const options = optionsOf(world)
  const keys = await openSigningKeys(options)
  const kid = keys.signer('ES256')?.kid ?? ''
  assert.deepEqual(await removeKey(options, 'none', { active: 'refused' }), { outcome: 'unknown' })
  assert.deepEqual(await removeKey(options, kid, { active: 'refused' }), { outcome: 'is_active' })
  assert.equal(world.store.keys.length, 1)
  world.clock.pass(1)
  const removal = await removeKey(options, kid, { active: 'replaced' })
  assert.equal(removal.outcome, 'removed')
  assert.ok(removal.outcome === 'removed' && removal.replacement !== undefined)
  assert.deepEqual([removal.key.state, removal.replacement.state], ['active', 'active'])
  await keys.refresh()
  assert.deepEqual(
    keys.published().map((key) => key.kid),
    [removal.replacement.kid],
  )
  assert.equal(keys.signer('ES256')?.kid, removal.replacement.kid)
  // One that is only waiting goes without more ado, and the schedule makes another in time.
  const { made } = await rotateKeys(options, { algorithms: ['ES256'], activation: 'ahead' })
  const next = await removeKey(options, made[0]?.kid ?? '', { active: 'refused' })
  assert.ok(next.outcome === 'removed' && next.replacement === undefined)
})

test('[KEY-09] a key that is removed in the second in which it became active leaves no gap', async () => {
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const world = aWorld(['ES256', 'EdDSA'])
    const options = optionsOf(world)
    const keys = await openSigningKeys(options)
    // The server looks at once after every change of another process.
    const store = tellingOfChanges(world.store, keys.refresh)
    const kid = keys.signer('ES256')?.kid ?? ''
    const removal = await removeKey({ ...options, store }, kid, { active: 'replaced' })
    assert.ok(removal.outcome === 'removed' && removal.replacement !== undefined)
    for (let passed = 0; passed < 2 * hour; passed += 1) {
      assert.ok(![kid, undefined].includes(keys.signer('ES256')?.kid), `after ${passed} s`)
      if (passed % 30 === 0) await keys.refresh()
      world.clock.pass(1)
    }
    assert.equal(keys.signer('ES256')?.kid, removal.replacement.kid)
    assert.ok(keys.published().every((key) => key.kid !== kid))
  }
})

test('[KEY-09] the key that signs vanishes from the store, and another signs at once', async () => {
  const world = aWorld(['ES256', 'EdDSA'])
  const keys = await openSigningKeys(optionsOf(world))
  const kid = keys.signer('EdDSA')?.kid ?? ''
  await world.store.remove(kid)
  await keys.refresh()
  assert.ok(keys.published().every((key) => key.kid !== kid))
  assert.notEqual(keys.signer('EdDSA'), undefined)
})

test('a key that cannot be opened can be removed, and no key is added that the server cannot open', async () => {
  const world = aWorld()
  const options = optionsOf(world)
  await openSigningKeys(options)
  const foreign = { ...options, sealing: new Secret(random(32)) }
  await assert.rejects(
    () => rotateKeys(foreign, { algorithms: ['ES256'], activation: 'now' }),
    (error) => error instanceof SigningKeysUnavailable && error.reason === 'sealing_key_wrong',
  )
  assert.equal(world.store.keys.length, 1)
  const removal = await removeKey(foreign, world.store.keys[0]?.kid ?? '', { active: 'replaced' })
  assert.ok(removal.outcome === 'removed' && removal.replacement === undefined)
  assert.notEqual((await openSigningKeys(options)).signer('ES256'), undefined)
})

test('a key set has an end: no key is added that verifiers would not read', async () => {
  const world = aWorld(['EdDSA'])
  const options = optionsOf(world)
  const rotate = () => rotateKeys(options, { algorithms: ['EdDSA'], activation: 'now' })
  for (let made = 0; made < profile.issuerKeys; made += 1) await rotate()
  await assert.rejects(rotate, (error) => error instanceof SigningKeysUnavailable && error.reason === 'too_many')
  assert.equal(world.store.keys.length, profile.issuerKeys)
  const keys = await openSigningKeys(options)
  // One that was stolen can go all the same: its replacement takes its place.
  const stolen = keys.signer('EdDSA')?.kid ?? ''
  const removal = await removeKey(options, stolen, { active: 'replaced' })
  assert.ok(removal.outcome === 'removed' && removal.replacement !== undefined)
  assert.equal(world.store.keys.length, profile.issuerKeys)
  assert.ok(world.store.keys.every(({ kid }) => kid !== stolen))
  world.clock.pass(schedule.longestUse + 61)
  await keys.refresh()
  await rotate()
})

test('a schedule has bounds, whoever sets it', async () => {
  checkKeySchedule(standardKeySchedule)
  for (const { rotateEvery, publishAhead } of [
    { rotateEvery: 3599, publishAhead: 360 },
    { rotateEvery: 31_536_001, publishAhead: 360 },
    { rotateEvery: 3600, publishAhead: 359 },
    { rotateEvery: 31_536_000, publishAhead: 604_801 },
    { rotateEvery: 3600, publishAhead: 3601 },
  ]) {
    const bad = { ...schedule, rotateEvery: seconds(rotateEvery), publishAhead: seconds(publishAhead) }
    await assert.rejects(() => openSigningKeys({ ...optionsOf(aWorld()), schedule: bad }), RangeError)
  }
  assert.ok(keyScheduleBounds.publishAhead.least > cached + 30)
})

test('a retired key signs nothing that would outlive it', async () => {
  const world = aWorld()
  const keys = await openSigningKeys(optionsOf(world))
  const [only] = world.store.keys
  assert.ok(only)
  await world.store.retire(only.kid, numericDate(world.clock() + schedule.longestUse - 1))
  await keys.refresh()
  assert.notEqual(keys.signer('ES256')?.kid, only.kid)
  assert.notEqual(keys.signer('ES256'), undefined)
  assert.ok(keys.published().some(({ kid }) => kid === only.kid))
})
