import assert from 'node:assert/strict'
import { generateKeyPairSync, hash as digest } from 'node:crypto'
import { test } from 'node:test'
import { parsePublicKey } from '../core/jose.ts'
import { clientDefaults, type ClientRecord } from '../core/client.ts'
import { certificateThumbprint, clientId, type JsonObject, numericDate } from '../core/names.ts'
import { OAuthError } from '../core/oauth-error.ts'
import type { ClientKeySet, WantedKey } from '../core/ports.ts'
import type { NamedKey } from './client-key-set.ts'
import { clientKeyTimes, createClientKeys, unknownKeyStorm } from './client-keys.ts'
import { aSelfSignedCertificate } from './egress/certificates.test-support.ts'
import { EgressRefused } from './egress/refused.ts'
import { sha256 } from './runtime.ts'

/** A new public JWK, with its private form beside it. */
function aKey(kid: string | undefined, more: JsonObject = {}) {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const named = kid === undefined ? more : { kid, ...more }
  const jwk: JsonObject = { ...pair.publicKey.export({ format: 'jwk' }), ...named }
  const privateJwk: JsonObject = { ...pair.privateKey.export({ format: 'jwk' }), ...named }
  return { pair, jwk, privateJwk, thumbprint: more['use'] === 'enc' ? '' : parsePublicKey(jwk, sha256).thumbprint }
}

const [one, two, again] = [aKey('k1'), aKey('k2'), aKey('k1')]
const encryption = aKey('e1', { use: 'enc', alg: 'ECDH-ES' })
const certificate = aSelfSignedCertificate({}, one.pair)
const thumbprintOf = ({ der }: { readonly der: Buffer }) => certificateThumbprint(digest('sha256', der, 'base64url'))
const withCertificate = { ...one.jwk, x5c: [certificate.der.toString('base64')] }

const jwksUri = 'https://keys.example.com/secret'
const wanting = (kid?: unknown): WantedKey => ({ use: 'sig', alg: 'ES256', kid })
const thumbprints = (set: ClientKeySet) => set.keys.map(({ thumbprint }) => thumbprint)

/** A client with published keys. */
function aClient(id: string, uri = jwksUri): ClientRecord {
  return {
    ...clientDefaults,
    clientId: clientId(id),
    name: 'A shop',
    grantTypes: ['authorization_code'],
    scope: ['accounts'],
    jwksUri: uri,
    notBefore: numericDate(0),
    createdAt: numericDate(0),
  }
}

function aLookUp(document: unknown = { keys: [one.jwk] }, most?: number) {
  const time = { now: numericDate(1_800_000_000) }
  const host: { document: unknown; trouble: unknown } = { document, trouble: undefined }
  const fetched: string[] = []
  const storms: string[] = []
  const changes: { client: string; added: readonly NamedKey[]; removed: readonly NamedKey[] }[] = []
  const fetchJson = async (url: string) => {
    fetched.push(url)
    await new Promise((resolve) => setImmediate(resolve))
    if (host.trouble !== undefined) throw host.trouble
    return host.document
  }
  const keys = createClientKeys({
    fetchJson,
    clock: () => time.now,
    hash: sha256,
    onChange: (client, change) => changes.push({ client, ...change }),
    onStorm: (client) => storms.push(client),
    ...(most === undefined ? {} : { most }),
  })
  const client = aClient('shop')
  const ask = async (kid?: unknown) => thumbprints(await keys(client, wanting(kid)))
  const wait = (span: number) => {
    time.now = numericDate(time.now + span)
  }
  /** Long enough for what was started and not waited for. */
  const settle = () => new Promise((resolve) => setTimeout(resolve, 5))
  return { keys, client, ask, wait, host, fetched, changes, storms, settle }
}

const unavailable = (error: unknown) => {
  assert.ok(error instanceof OAuthError, String(error))
  assert.equal(error.rule, 'client_keys_unavailable')
  assert.ok(!`${error.message}${error.detail}`.includes('secret'), error.detail)
  return true
}

test('[AS-CAUTH-09] keys are fetched from the registered jwks_uri, and remembered', async () => {
  const { ask, fetched } = aLookUp()
  assert.deepEqual(await ask('k1'), [one.thumbprint])
  assert.deepEqual(await ask(), [one.thumbprint])
  assert.deepEqual(fetched, [jwksUri])
})

test('[AS-CAUTH-09] nothing is fetched for keys that were registered by value, whatever is wanted', async () => {
  const { keys, fetched } = aLookUp()
  const mine = parsePublicKey(two.jwk, sha256)
  const client = { ...aClient('by-value'), jwksUri: undefined, keys: [mine], certificates: [thumbprintOf(certificate)] }
  for (const wanted of [wanting('k1'), wanting('random'), { use: 'enc' } as const]) {
    assert.deepEqual(await keys(client, wanted), {
      keys: [mine],
      certificates: [thumbprintOf(certificate)],
      encryptionKeys: [],
    })
  }
  assert.deepEqual(fetched, [])
})

test('[AS-CAUTH-09] a set holds keys, certificates and encryption keys, each in its place', async () => {
  const { keys, client } = aLookUp({ keys: [withCertificate, two.jwk, encryption.jwk] })
  const set = await keys(client, { use: 'enc' })
  assert.deepEqual(thumbprints(set), [one.thumbprint, two.thumbprint])
  assert.deepEqual(set.certificates, [thumbprintOf(certificate)])
  assert.deepEqual(
    set.encryptionKeys.map(({ kid, alg }) => [kid, alg]),
    [['e1', 'ECDH-ES']],
  )
})

test('[AS-CAUTH-09] a client whose jwks_uri was changed has no keys from the old one', async () => {
  const { keys, client, host, fetched } = aLookUp()
  await keys(client, wanting('k1'))
  host.document = { keys: [two.jwk] }
  const moved = { ...client, jwksUri: 'https://other.example.com/jwks' }
  assert.deepEqual(thumbprints(await keys(moved, wanting('k1'))), [two.thumbprint])
  assert.deepEqual(fetched, [jwksUri, moved.jwksUri])
})

test('[AS-CAUTH-09] a flood of unknown kids causes one look per cool-down', async () => {
  const { ask, fetched, wait } = aLookUp()
  const flood = (name: string) => Promise.all(Array.from({ length: 100 }, (_, index) => ask(`${name}-${index}`)))
  for (const found of await flood('cold')) assert.deepEqual(found, [one.thumbprint])
  assert.equal(fetched.length, 1)
  wait(clientKeyTimes.unknownKey - 1)
  await flood('early')
  assert.equal(fetched.length, 1)
  wait(1)
  await flood('late')
  await flood('later')
  assert.equal(fetched.length, 2)
  assert.deepEqual(await ask('k1'), [one.thumbprint])
})

const unknown: Record<string, WantedKey> = {
  kid: wanting('k9'),
  alg: { use: 'sig', alg: 'PS256', kid: 'k1' },
  'kid that is no text': wanting({}),
  thumbprint: { use: 'certificate', thumbprint: thumbprintOf(certificate) },
  'encryption key': { use: 'enc' },
}
for (const [what, wanted] of Object.entries(unknown)) {
  test(`[AS-CAUTH-09] an unknown ${what} causes one look per cool-down`, async () => {
    const { keys, client, fetched, wait } = aLookUp()
    await keys(client, wanted)
    assert.equal(fetched.length, 1)
    wait(clientKeyTimes.unknownKey)
    for (let count = 0; count < 10; count += 1) {
      assert.deepEqual(thumbprints(await keys(client, wanted)), [one.thumbprint])
    }
    assert.equal(fetched.length, 2)
    await keys(client, wanting('k1'))
    assert.equal(fetched.length, 2)
  })
}

test('[AS-CAUTH-09] [SK-09] a storm of unknown kids is told once in a cool-down, a few unknown kids never', async () => {
  const { ask, keys, client, wait, storms, fetched } = aLookUp()
  const unknownKids = async (count: number) => {
    for (let index = 0; index < count; index += 1) await ask(`random-${index}`)
  }
  await ask('k1')
  await unknownKids(unknownKeyStorm - 1)
  await keys(client, { use: 'enc' })
  assert.deepEqual(storms, [])
  await unknownKids(3 * unknownKeyStorm)
  assert.deepEqual([storms, fetched.length], [['shop'], 1])
  wait(clientKeyTimes.unknownKey)
  // The first of them causes the look that is due again.
  await unknownKids(unknownKeyStorm)
  assert.deepEqual([storms.length, fetched.length], [1, 2])
  await unknownKids(1)
  assert.equal(storms.length, 2)
  wait(clientKeyTimes.unknownKey)
  await unknownKids(unknownKeyStorm)
  assert.deepEqual([storms.length, await ask('k1')], [2, [one.thumbprint]])
})

test('[AS-CAUTH-09] one client who floods takes no look from another', async () => {
  const { keys, fetched, wait } = aLookUp()
  const other = aClient('other', 'https://other.example.com/jwks')
  await keys(aClient('shop'), wanting('k1'))
  await keys(other, wanting('k1'))
  wait(clientKeyTimes.unknownKey)
  await keys(aClient('shop'), wanting('random'))
  await keys(other, wanting('random'))
  assert.deepEqual(fetched, [jwksUri, other.jwksUri, jwksUri, other.jwksUri])
})

test('[AS-CAUTH-09] what is new is found once the cool-down is over', async () => {
  const { keys, client, ask, host, wait } = aLookUp()
  await ask('k1')
  host.document = { keys: [withCertificate, two.jwk] }
  assert.deepEqual(await ask('k2'), [one.thumbprint])
  wait(clientKeyTimes.unknownKey)
  assert.deepEqual(await ask('k2'), [one.thumbprint, two.thumbprint])
  const byCertificate = await keys(client, { use: 'certificate', thumbprint: thumbprintOf(certificate) })
  assert.deepEqual(byCertificate.certificates, [thumbprintOf(certificate)])
})

test('[AS-CAUTH-09] a key that vanished from the set is gone when the set is read again', async () => {
  const { ask, host, wait, fetched } = aLookUp({ keys: [one.jwk, two.jwk] })
  await ask('k1')
  host.document = { keys: [two.jwk] }
  wait(clientKeyTimes.fresh - 1)
  assert.deepEqual(await ask('k1'), [one.thumbprint, two.thumbprint])
  wait(1)
  assert.deepEqual(await ask('k1'), [two.thumbprint])
  assert.equal(fetched.length, 2)
})

const oct: JsonObject = { kty: 'oct', k: 'AAAA' }
const rsa = (bits: number) =>
  ({ ...generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' }) }) as JsonObject
const refusedSets: Record<string, unknown> = {
  'is empty': { keys: [] },
  'has 17 keys': { keys: Array.from({ length: 17 }, () => one.jwk) },
  'has a private key': { keys: [one.jwk, two.privateJwk] },
  'has the private part of a key for others': { keys: [one.jwk, { kty: 'EC', crv: 'P-384', d: 'AA' }] },
  'has a symmetric key': { keys: [one.jwk, oct] },
  'has an entry that is no key': { keys: [one.jwk, null] },
  'has weak keys only': { keys: [rsa(1024), { ...rsa(2048), e: 'Aw' }] },
  'has keys of other kinds only': { keys: [{ kty: 'EC', crv: 'secp256k1', x: 'AA', y: 'AA' }] },
}
for (const [what, document] of Object.entries(refusedSets)) {
  test(`client_keys_unavailable [AS-REG-07] [AS-CAUTH-09] a set that ${what} is refused, and old keys are gone`, async () => {
    const { ask, host, wait, changes } = aLookUp()
    await ask('k1')
    host.document = document
    wait(clientKeyTimes.fresh)
    await assert.rejects(ask('k1'), unavailable)
    assert.deepEqual(changes, [
      { client: 'shop', added: [], removed: [{ kind: 'key', kid: 'k1', thumbprint: one.thumbprint }] },
    ])
    host.document = { keys: [two.jwk] }
    wait(clientKeyTimes.failure)
    assert.deepEqual(await ask('k2'), [two.thumbprint])
  })
}

test('[AS-CAUTH-09] bad keys are passed over where a good one remains', async () => {
  const bad: readonly JsonObject[] = [
    rsa(1024),
    { ...rsa(2048), e: 'Aw' },
    { ...two.jwk, x: 'AA' },
    { ...two.jwk, alg: 'PS256' },
    { ...two.jwk, alg: 'HS256' },
    { ...two.jwk, use: 'other' },
    { ...two.jwk, key_ops: ['sign'] },
    { ...two.jwk, kid: 7 },
    { ...encryption.jwk, alg: 'RSA1_5' },
    { ...encryption.jwk, kid: 7 },
    { kty: 'EC', crv: 'secp256k1', x: 'AA', y: 'AA' },
    {},
  ]
  for (const key of bad) {
    const { keys, client } = aLookUp({ keys: [key, one.jwk] })
    const set = await keys(client, wanting('k1'))
    assert.deepEqual([thumbprints(set), set.certificates, set.encryptionKeys], [[one.thumbprint], [], []])
  }
})

test('[AS-CAUTH-09] a set may hold certificates only', async () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const other = aSelfSignedCertificate({}, pair)
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), x5c: [other.der.toString('base64')] }
  const { keys, client } = aLookUp({ keys: [jwk, jwk] })
  const set = await keys(client, { use: 'certificate', thumbprint: thumbprintOf(other) })
  assert.deepEqual([set.keys, set.certificates], [[], [thumbprintOf(other)]])
})

test('[AS-REG-07] many at once cause one look', async () => {
  const { ask, fetched, wait } = aLookUp()
  await Promise.all(Array.from({ length: 50 }, () => ask('k1')))
  assert.equal(fetched.length, 1)
  wait(clientKeyTimes.fresh)
  await Promise.all(Array.from({ length: 50 }, () => ask('k1')))
  assert.equal(fetched.length, 2)
})

test('client_keys_unavailable [AS-REG-07] cold, a failure stands, and each further one for longer', async () => {
  const { ask, host, fetched, wait } = aLookUp()
  host.trouble = new EgressRefused('address_not_allowed', 'https://keys.example.com')
  const attempt = () => assert.rejects(ask('k1'), unavailable)
  await Promise.all(Array.from({ length: 50 }, attempt))
  assert.equal(fetched.length, 1)
  let looks = 1
  for (const span of [5, 10, 20, 40, 80, 160, 300, 300]) {
    wait(span - 1)
    await attempt()
    assert.equal(fetched.length, looks, `before ${span}`)
    wait(1)
    await attempt()
    looks += 1
    assert.equal(fetched.length, looks, `after ${span}`)
  }
  host.trouble = undefined
  wait(clientKeyTimes.failureMost)
  assert.deepEqual(await ask('k1'), [one.thumbprint])
})

test('client_keys_unavailable [AS-REG-07] a refusal names its cause to the operator, without the URL', async () => {
  const { ask, host } = aLookUp()
  host.trouble = new EgressRefused('redirected', 'https://keys.example.com')
  await assert.rejects(ask('k1'), (error) => {
    assert.ok(error instanceof OAuthError && unavailable(error))
    assert.equal(error.detail, 'egress to https://keys.example.com: redirected')
    assert.equal(error.cause, host.trouble)
    return true
  })
})

const broken: Record<string, unknown> = {
  'is no set': { error: 'maintenance' },
  'is a list': [one.jwk],
  'is null': null,
}
for (const [what, document] of Object.entries({ ...broken, 'cannot be had': undefined })) {
  test(`client_keys_unavailable [AS-REG-07] warm, keys go on counting for an hour while what is there ${what}`, async () => {
    const { ask, host, fetched, wait, settle, changes } = aLookUp()
    await ask('k1')
    if (document === undefined) host.trouble = new EgressRefused('timed_out', 'https://keys.example.com')
    host.document = document
    wait(clientKeyTimes.fresh)
    assert.deepEqual(await ask('k1'), [one.thumbprint])
    assert.deepEqual(await ask('k1'), [one.thumbprint])
    assert.equal(fetched.length, 2)
    // From now on nobody waits for it.
    wait(clientKeyTimes.failure)
    assert.deepEqual(await ask('k1'), [one.thumbprint])
    await settle()
    assert.equal(fetched.length, 3)
    wait(clientKeyTimes.stale - clientKeyTimes.fresh - clientKeyTimes.failure - 1)
    assert.deepEqual(await ask('k1'), [one.thumbprint])
    await settle()
    wait(1)
    await assert.rejects(ask('k1'), unavailable)
    assert.deepEqual(changes, [])
    host.trouble = undefined
    host.document = { keys: [one.jwk] }
    wait(clientKeyTimes.failureMost)
    assert.deepEqual(await ask('k1'), [one.thumbprint])
  })
}

test('[AS-REG-07] warm, nobody waits for a host that failed the last time', async () => {
  const { ask, host, wait, fetched } = aLookUp()
  await ask('k1')
  host.trouble = new Error('down')
  wait(clientKeyTimes.fresh)
  await ask('k1')
  // This look never ends.
  host.trouble = undefined
  host.document = new Promise(() => undefined)
  wait(clientKeyTimes.failure)
  assert.deepEqual(await ask('k1'), [one.thumbprint])
  assert.equal(fetched.length, 3)
})

test('[AS-CAUTH-09] a host that answers again is believed at once, and a vanished key is gone', async () => {
  const { ask, host, wait } = aLookUp()
  await ask('k1')
  host.trouble = new Error('down')
  wait(clientKeyTimes.fresh)
  await ask('k1')
  host.trouble = undefined
  wait(clientKeyTimes.unknownKey)
  // Waited for, since the wanted key is not there.
  await ask('k2')
  host.document = { keys: [two.jwk] }
  wait(clientKeyTimes.fresh)
  assert.deepEqual(await ask('k1'), [two.thumbprint])
})

test('[AS-CAUTH-09] unknown kids do not shorten the back-off of a broken host', async () => {
  const { ask, host, fetched, wait, settle } = aLookUp()
  await ask('k1')
  host.trouble = new Error('down')
  wait(clientKeyTimes.fresh)
  // Failures until the last one stands for 80 seconds, longer than the cool-down of unknown keys.
  for (const span of [5, 10, 20, 40]) {
    await ask('k1')
    await settle()
    wait(span)
  }
  await ask('k1')
  await settle()
  const looks = fetched.length
  wait(clientKeyTimes.unknownKey + 1)
  for (let count = 0; count < 10; count += 1) assert.deepEqual(await ask(`random-${count}`), [one.thumbprint])
  assert.equal(fetched.length, looks)
  wait(80 - clientKeyTimes.unknownKey)
  await ask('random')
  assert.equal(fetched.length, looks + 1)
})

test('[AS-REG-07] a clock that steps back does not make keys fresh for longer', async () => {
  const { ask, host, wait } = aLookUp()
  await ask('k1')
  host.document = { keys: [two.jwk] }
  wait(-7200)
  assert.deepEqual(await ask('k1'), [two.thumbprint])
})

test('[AS-CAUTH-09] a set that differs from the one before is told, once', async () => {
  const { ask, host, wait, changes } = aLookUp({ keys: [one.jwk, encryption.jwk] })
  const look = async (document: unknown) => {
    changes.length = 0
    host.document = document
    wait(clientKeyTimes.fresh)
    await ask()
    return changes.map(({ client, added, removed }) => ({
      client,
      added: added.map(({ kind, kid }) => [kind, kid]),
      removed: removed.map(({ kind, kid }) => [kind, kid]),
    }))
  }
  await ask()
  assert.equal(changes.length, 0)
  const named = { kind: 'key', kid: 'k1' } as const
  assert.deepEqual(await look({ keys: [encryption.jwk, one.jwk] }), [])
  assert.deepEqual(await look({ keys: [again.jwk, encryption.jwk] }), [
    { client: 'shop', added: [['key', 'k1']], removed: [['key', 'k1']] },
  ])
  assert.deepEqual(changes.at(0)?.added, [{ ...named, thumbprint: again.thumbprint }])
  assert.deepEqual(changes.at(0)?.removed, [{ ...named, thumbprint: one.thumbprint }])
  assert.deepEqual(await look({ keys: [again.jwk, two.jwk] }), [
    { client: 'shop', added: [['key', 'k2']], removed: [['encryption_key', 'e1']] },
  ])
  assert.deepEqual(await look({ keys: [again.jwk, withCertificate] }), [
    {
      client: 'shop',
      added: [
        ['key', 'k1'],
        ['certificate', undefined],
      ],
      removed: [['key', 'k2']],
    },
  ])
  const renamed = { ...again.jwk, kid: 'k3' }
  assert.deepEqual(await look({ keys: [renamed] }), [
    {
      client: 'shop',
      added: [['key', 'k3']],
      removed: [
        ['key', 'k1'],
        ['key', 'k1'],
        ['certificate', undefined],
      ],
    },
  ])
  assert.deepEqual(await look({ keys: [{ ...renamed, use: 'enc' }] }), [
    { client: 'shop', added: [['encryption_key', 'k3']], removed: [['key', 'k3']] },
  ])
})

test('[AS-REG-07] no more clients are remembered than there is room for', async () => {
  const { keys, fetched } = aLookUp(undefined, 2)
  const ask = (id: string) => keys(aClient(id, `https://${id}.example.com/`), wanting('k1'))
  for (const id of ['a', 'b', 'a', 'c', 'a', 'b']) await ask(id)
  assert.deepEqual(
    fetched.map((url) => new URL(url).hostname[0]),
    ['a', 'b', 'c', 'b'],
  )
  assert.throws(() => aLookUp(undefined, 0), RangeError)
})

test('[KEY-08] a key set is asked for under the registered URL only, whatever a set says of itself', async () => {
  const elsewhere = {
    jku: 'https://evil.example.com/',
    x5u: 'https://evil.example.com/',
    jwks_uri: 'https://evil.example.com/',
  }
  const { ask, fetched } = aLookUp({ keys: [{ ...one.jwk, ...elsewhere }], ...elsewhere })
  assert.deepEqual(await ask('k1'), [one.thumbprint])
  assert.deepEqual(fetched, [jwksUri])
})
