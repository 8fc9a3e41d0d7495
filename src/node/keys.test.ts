import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredKey } from '../core/flow.ts'
import { parseCompactJws, signJwt } from '../core/jose.ts'
import { Secret } from '../core/names.ts'
import type { KeyStore } from '../core/ports.ts'
import { signingAlgorithms } from '../core/profile.ts'
import { openSigningKeys, SigningKeysUnavailable } from './keys.ts'
import { createVerifier, random, sha256, systemClock } from './runtime.ts'

function aKeyStore(keys: StoredKey[] = []): KeyStore & { keys: StoredKey[] } {
  return { keys, add: async (key) => void keys.push(key), list: async () => keys }
}

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
})

test('the same keys open again, and only missing ones are made', async () => {
  const store = aKeyStore()
  const first = await openSigningKeys({ ...options, store, algorithms: ['ES256'] })
  assert.equal(first.signer('PS256'), undefined)
  const second = await openSigningKeys({ ...options, store })
  assert.equal(store.keys.length, 3)
  assert.equal(second.signer('ES256')?.kid, first.signer('ES256')?.kid)
  const third = await openSigningKeys({ ...options, store, algorithms: ['EdDSA'] })
  assert.equal(third.signer('ES256'), undefined)
  assert.equal(third.published().length, 3)
})

test('the newest key of an algorithm signs', async () => {
  const old = aKeyStore()
  const one = await openSigningKeys({ ...options, store: old, algorithms: ['ES256'] })
  const other = aKeyStore()
  await openSigningKeys({ ...options, store: other, algorithms: ['ES256'] })
  const newest = other.keys.map((key) => ({ ...key, createdAt: (key.createdAt + 10) as typeof key.createdAt }))
  const both = await openSigningKeys({ ...options, store: aKeyStore([...newest, ...old.keys]), algorithms: ['ES256'] })
  assert.equal(both.signer('ES256')?.kid, newest[0]?.kid)
  assert.notEqual(both.signer('ES256')?.kid, one.signer('ES256')?.kid)
  assert.equal(both.published().length, 2)
})

test('another sealing key is one clear error', async () => {
  const store = aKeyStore()
  await openSigningKeys({ ...options, store })
  await assert.rejects(
    () => openSigningKeys({ ...options, store, sealing: new Secret(random(32)) }),
    unavailable('sealing_key_wrong'),
  )
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
