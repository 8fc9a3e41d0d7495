import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import type { StoredKey } from '../core/flow.ts'
import { parseCompactJws, signJwt } from '../core/jose.ts'
import { numericDate, Secret } from '../core/names.ts'
import { signingAlgorithms } from '../core/profile.ts'
import { aClock, aKeyStore } from './keys/fixtures.test-support.ts'
import { createSealing } from './keys/sealing.ts'
import { openSigningKeys, SigningKeysUnavailable } from './keys.ts'
import { createVerifier, random, sha256, systemClock } from './runtime.ts'

const sealing = new Secret(random(32))
const options = { sealing, algorithms: signingAlgorithms, clock: systemClock, random, hash: sha256 }

function unavailable(reason: SigningKeysUnavailable['reason']) {
  return (error: unknown) => {
    assert.ok(error instanceof SigningKeysUnavailable, String(error))
    assert.equal(error.reason, reason)
    assert.ok(!error.message.includes('\n'))
    return true
  }
}

test('an empty store gets one key of each algorithm, which sign and verify', async () => {
  const store = aKeyStore()
  const keys = await openSigningKeys({ ...options, store })
  assert.deepEqual(store.keys.map(({ alg }) => alg).toSorted(), ['ES256', 'EdDSA', 'PS256'])
  const verify = createVerifier({ cacheSize: 8 })
  for (const alg of signingAlgorithms) {
    const signer = keys.signer(alg)
    const published = keys.published().find((key) => key.alg === alg)
    assert.ok(signer && published)
    assert.equal(signer.kid, published.thumbprint)
    assert.equal(published.kid, published.thumbprint)
    assert.equal(await verify(parseCompactJws(await signJwt({}, {}, signer)), published), true)
  }
})

test('[KEY-06] nothing private is published, and nothing private is stored in the clear', async () => {
  const store = aKeyStore()
  const keys = await openSigningKeys({ ...options, store })
  for (const { jwk } of keys.published()) {
    for (const member of Object.keys(jwk)) assert.ok(['kty', 'crv', 'x', 'y', 'n', 'e'].includes(member), member)
  }
  for (const { sealedPrivateKey } of store.keys) assert.match(sealedPrivateKey, /^v1\.[\w-]{16}\.[\w-]+$/)
  assert.ok(!JSON.stringify(store.keys).includes('"d"'))
  const kids = keys.published().map(({ kid }) => kid)
  assert.equal(new Set(kids).size, kids.length)
})

test('[OPS-06] nobody prints a private key by mistake', async () => {
  const store = aKeyStore()
  const keys = await openSigningKeys({ ...options, store, algorithms: ['ES256', 'EdDSA'] })
  const opened = createSealing(sealing, random)
  const secrets = store.keys.map(({ sealedPrivateKey, alg, kid }) => {
    const jwk: unknown = JSON.parse(opened.unseal(sealedPrivateKey, `${alg} ${kid}`))
    assert.ok(typeof jwk === 'object' && jwk !== null && 'd' in jwk && typeof jwk.d === 'string')
    return jwk.d
  })
  assert.equal(secrets.length, 2)
  const printed = [keys, keys.signer('ES256'), keys.signer('EdDSA'), keys.published(), opened].flatMap((thing) => [
    JSON.stringify(thing),
    inspect(thing, { depth: 20, showHidden: true }),
  ])
  for (const text of printed) {
    for (const secret of [...secrets, sealing.reveal()]) assert.ok(!String(text).includes(secret), text)
  }
})

test('[OPS-06] an error about a key that is broken inside does not repeat it', async () => {
  const { seal } = createSealing(sealing, random)
  for (const text of [
    'precious-secret',
    '{"kty":"EC","d":"precious-secret"',
    '{"kty":"EC","d":"precious-secret"}',
    '[1]',
  ]) {
    const broken: StoredKey = {
      kid: 'k',
      alg: 'ES256',
      sealedPrivateKey: seal(text, 'ES256 k'),
      createdAt: numericDate(1),
      activeFrom: numericDate(1),
      publishedUntil: undefined,
    }
    await assert.rejects(
      () => openSigningKeys({ ...options, store: aKeyStore([broken]) }),
      (error) => {
        assert.ok(!inspect(error, { depth: 20, showHidden: true }).includes('precious'), inspect(error))
        return unavailable('key_altered')(error)
      },
    )
  }
})

test('the same keys open again, and only missing ones are made', async () => {
  const store = aKeyStore()
  const first = await openSigningKeys({ ...options, store, algorithms: ['ES256'] })
  assert.equal(first.signer('PS256'), undefined)
  const second = await openSigningKeys({ ...options, store })
  assert.equal(store.keys.length, 3)
  assert.equal(second.signer('ES256')?.kid, first.signer('ES256')?.kid)
  const third = await openSigningKeys({ ...options, store, algorithms: ['ES256', 'EdDSA', 'PS256'] })
  assert.equal(third.published().length, 3)
  assert.equal(store.keys.length, 3)
})

test('the key that became active last signs', async () => {
  const clock = aClock()
  const old = aKeyStore()
  const one = await openSigningKeys({ ...options, clock, store: old, algorithms: ['ES256'] })
  const other = aKeyStore()
  await openSigningKeys({ ...options, clock, store: other, algorithms: ['ES256'] })
  const [newest] = other.keys
  assert.ok(newest)
  const store = aKeyStore([{ ...newest, activeFrom: numericDate(clock() + 10) }, ...old.keys])
  const both = await openSigningKeys({ ...options, clock, store, algorithms: ['ES256'] })
  assert.equal(both.signer('ES256')?.kid, one.signer('ES256')?.kid)
  clock.pass(10)
  assert.equal(both.signer('ES256')?.kid, newest.kid)
  assert.equal(both.published().length, 2)
})

test('another sealing key is one clear error', async () => {
  const store = aKeyStore()
  await openSigningKeys({ ...options, store })
  await assert.rejects(
    () => openSigningKeys({ ...options, store, sealing: new Secret(random(32)) }),
    unavailable('sealing_key_wrong'),
  )
  assert.equal(store.keys.length, 3)
  await openSigningKeys({ ...options, store })
})

test('a sealing key of another form is one clear error', async () => {
  const store = aKeyStore()
  for (const bad of ['', 'short', random(31), random(33), `${random(32)}=`, 'z'.repeat(64)]) {
    await assert.rejects(
      () => openSigningKeys({ ...options, store, sealing: new Secret(bad) }),
      unavailable('sealing_key_malformed'),
    )
  }
  assert.equal(store.keys.length, 0)
  await openSigningKeys({ ...options, store, algorithms: ['EdDSA'], sealing: new Secret('0f'.repeat(32)) })
})

test('a sealed key does not open under another name, or after a change', async () => {
  const store = aKeyStore()
  await openSigningKeys({ ...options, store, algorithms: ['ES256', 'EdDSA'] })
  const [one, two] = store.keys
  assert.ok(one && two)
  const swapped = [
    { ...one, sealedPrivateKey: two.sealedPrivateKey },
    { ...two, sealedPrivateKey: one.sealedPrivateKey },
  ]
  const reopen = (keys: StoredKey[]) =>
    openSigningKeys({ ...options, store: aKeyStore(keys), algorithms: ['ES256', 'EdDSA'] })
  await assert.rejects(() => reopen(swapped), unavailable('sealing_key_wrong'))
  const sealed = one.sealedPrivateKey
  for (const at of [20, 40, sealed.length - 1]) {
    const letter = sealed[at] === 'A' ? 'B' : 'A'
    const changed = { ...one, sealedPrivateKey: sealed.slice(0, at) + letter + sealed.slice(at + 1) }
    // The last letter may carry stray bits only: then nothing was changed.
    if (Buffer.from(changed.sealedPrivateKey.slice(20), 'base64url').equals(Buffer.from(sealed.slice(20), 'base64url')))
      continue
    await assert.rejects(() => reopen([changed, two]), unavailable('sealing_key_wrong'))
  }
  for (const bad of ['', 'v2.a.b', sealed.replace('v1', 'v2'), `${sealed}.x`]) {
    await assert.rejects(() => reopen([{ ...one, sealedPrivateKey: bad }, two]), unavailable('key_altered'))
  }
  await reopen([one, two])
})

test('a key that cannot be opened later is reported, and the others go on', async () => {
  const store = aKeyStore()
  const keys = await openSigningKeys({ ...options, store, algorithms: ['ES256', 'EdDSA'] })
  const kid = keys.signer('EdDSA')?.kid
  const [one] = store.keys
  assert.ok(one)
  store.keys.push({ ...one, kid: 'smuggled', activeFrom: numericDate(one.activeFrom + 1) })
  await assert.rejects(keys.refresh, unavailable('sealing_key_wrong'))
  assert.equal(keys.signer('EdDSA')?.kid, kid)
  assert.ok(keys.published().every((key) => key.kid !== 'smuggled'))
  store.keys.pop()
  await keys.refresh()
})

test('the timer notices what others did, reports a store that fails, and stops', async () => {
  const store = aKeyStore()
  const failures: unknown[] = []
  const watch = { onFailure: (cause: unknown) => void failures.push(cause), intervalMs: 5 }
  const keys = await openSigningKeys({ ...options, store, algorithms: ['EdDSA'], watch })
  const kid = keys.signer('EdDSA')?.kid
  store.keys.splice(0)
  while ([kid, undefined].includes(keys.signer('EdDSA')?.kid)) await new Promise((tick) => setTimeout(tick, 5))
  assert.equal(store.keys.length, 1)
  const { list } = store
  const broken = new Error('disk')
  store.list = async () => Promise.reject(broken)
  while (failures.length === 0) await new Promise((tick) => setTimeout(tick, 5))
  assert.equal(failures[0], broken)
  await keys.stop()
  store.list = list
  store.keys.splice(0)
  await new Promise((tick) => setTimeout(tick, 30))
  assert.equal(store.keys.length, 0)
})
