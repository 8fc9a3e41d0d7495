import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issuer, type JsonObject, numericDate } from '../core/names.ts'
import { OAuthError } from '../core/oauth-error.ts'
import { sha256 } from '../node/runtime.ts'
import { aKey, issuerDocuments, publicJwk } from './fixtures.test-support.ts'
import { createIssuerKeys, issuerKeyTimes } from './issuer-keys.ts'

const [one, two, three] = [aKey('k1'), aKey('k2'), aKey('k1')]
const edwards = aKey('k1', 'EdDSA')

function aLookUp(name = 'https://as.example.com') {
  const time = { now: numericDate(1_800_000_000) }
  const documents = issuerDocuments(name, [one])
  const fetched: string[] = []
  const net = { isDown: false }
  const fetchJson = async (url: string) => {
    fetched.push(url)
    await new Promise((resolve) => setImmediate(resolve))
    if (net.isDown || !documents.has(url)) throw new Error('unreachable')
    return documents.get(url)
  }
  const keys = createIssuerKeys({ issuer: issuer(name), fetchJson, clock: () => time.now, hash: sha256 })
  const wait = (span: number) => {
    time.now = numericDate(time.now + span)
  }
  const looks = () => fetched.filter((url) => url.endsWith('/jwks')).length
  const thumbprints = async (kid: unknown, alg: 'ES256' | 'EdDSA' = 'ES256') =>
    (await keys.keys({ alg, kid })).map(({ thumbprint }) => thumbprint)
  return { keys, documents, fetched, net, wait, looks, thumbprints }
}

const unavailable = (error: unknown) => error instanceof OAuthError && error.rule === 'issuer_unavailable'
const metadataUrl = 'https://as.example.com/.well-known/oauth-authorization-server'
const openidUrl = 'https://as.example.com/.well-known/openid-configuration'

test('[RS-TOK-02] keys are found through RFC 8414 metadata, and remembered', async () => {
  const { thumbprints, fetched } = aLookUp()
  assert.deepEqual(await thumbprints('k1'), [one.publicKey.thumbprint])
  assert.deepEqual(await thumbprints('k1'), [one.publicKey.thumbprint])
  assert.deepEqual(fetched, [metadataUrl, 'https://as.example.com/jwks'])
})

test('[RS-TOK-02] keys are found through OIDC Discovery, where RFC 8414 metadata cannot be used', async () => {
  for (const first of [
    undefined,
    { issuer: 'https://elsewhere.example.com', jwks_uri: 'https://as.example.com/evil' },
  ]) {
    const { thumbprints, documents, fetched } = aLookUp()
    documents.set(openidUrl, documents.get(metadataUrl))
    documents.delete(metadataUrl)
    if (first !== undefined) documents.set(metadataUrl, first)
    assert.deepEqual(await thumbprints('k1'), [one.publicKey.thumbprint])
    assert.deepEqual(fetched, [metadataUrl, openidUrl, 'https://as.example.com/jwks'])
  }
})

test('[RS-TOK-02] an issuer with a path has its metadata at both shapes', async () => {
  const { documents, thumbprints, fetched } = aLookUp('https://as.example.com/tenant')
  const document = { issuer: 'https://as.example.com/tenant', jwks_uri: 'https://as.example.com/tenant/jwks' }
  documents.delete('https://as.example.com/tenant/.well-known/oauth-authorization-server')
  documents.set('https://as.example.com/tenant/.well-known/openid-configuration', document)
  assert.deepEqual(await thumbprints('k1'), [one.publicKey.thumbprint])
  assert.deepEqual(fetched.slice(0, 2), [
    'https://as.example.com/.well-known/oauth-authorization-server/tenant',
    'https://as.example.com/tenant/.well-known/openid-configuration',
  ])
})

const good = { issuer: 'https://as.example.com', jwks_uri: 'https://as.example.com/jwks' }
const unusable: Record<string, unknown> = {
  'names another issuer': { ...good, issuer: 'https://other.example.com' },
  'names the issuer with a slash': { ...good, issuer: 'https://as.example.com/' },
  'names no issuer': { jwks_uri: good.jwks_uri },
  'has no jwks_uri': { issuer: good.issuer },
  'has its keys on plain http': { ...good, jwks_uri: 'http://as.example.com/jwks' },
  'has its keys on http loopback': { ...good, jwks_uri: 'http://127.0.0.1/jwks' },
  'has its keys in a file': { ...good, jwks_uri: 'file:///jwks' },
  'has a credential in jwks_uri': { ...good, jwks_uri: 'https://u:p@as.example.com/jwks' },
  'is a list': [good],
  'is null': null,
}
for (const [what, document] of Object.entries(unusable)) {
  test(`issuer_unavailable [RS-TOK-08] metadata that ${what}`, async () => {
    const { documents, keys, thumbprints, wait } = aLookUp()
    documents.set(metadataUrl, document)
    documents.set('http://as.example.com/jwks', { keys: [publicJwk(one)] })
    documents.set('http://127.0.0.1/jwks', { keys: [publicJwk(one)] })
    await assert.rejects(keys.keys({ alg: 'ES256', kid: 'k1' }), unavailable)
    documents.set(metadataUrl, good)
    wait(issuerKeyTimes.failure)
    assert.deepEqual(await thumbprints('k1'), [one.publicKey.thumbprint])
  })
}

test('[RS-TOK-02] the keys may stand on another https origin', async () => {
  const { documents, thumbprints } = aLookUp()
  documents.set(metadataUrl, { ...good, jwks_uri: 'https://keys.example.com/jwks' })
  documents.set('https://keys.example.com/jwks', { keys: [publicJwk(two)] })
  assert.deepEqual(await thumbprints('k2'), [two.publicKey.thumbprint])
})

test('issuer_unavailable [RS-TOK-08] a loopback issuer has its keys on its own origin', async () => {
  const { documents, keys, thumbprints, wait } = aLookUp('http://localhost:4400')
  const url = 'http://localhost:4400/.well-known/oauth-authorization-server'
  documents.set(url, { issuer: 'http://localhost:4400', jwks_uri: 'http://localhost:9999/jwks' })
  documents.set('http://localhost:9999/jwks', { keys: [publicJwk(one)] })
  await assert.rejects(keys.keys({ alg: 'ES256', kid: 'k1' }), unavailable)
  documents.set(url, { issuer: 'http://localhost:4400', jwks_uri: 'http://localhost:4400/jwks' })
  wait(issuerKeyTimes.failure)
  assert.deepEqual(await thumbprints('k1'), [one.publicKey.thumbprint])
})

const privateJwk = (): JsonObject => ({ ...one.privateKey.export({ format: 'jwk' }), kid: 'k1' })
const badSets: Record<string, unknown> = {
  'is empty': { keys: [] },
  'is no set': [publicJwk(one)],
  'has 101 keys': { keys: Array.from({ length: 101 }, () => publicJwk(one)) },
  'holds a private key': { keys: [privateJwk()] },
  'holds only keys of other kinds': { keys: [{ kty: 'EC', crv: 'P-384', x: 'AA', y: 'AA' }] },
}
for (const [what, set] of Object.entries(badSets)) {
  test(`issuer_unavailable [RS-TOK-08] a key set that ${what}`, async () => {
    const { documents, keys } = aLookUp()
    documents.set(good.jwks_uri, set)
    await assert.rejects(keys.keys({ alg: 'ES256', kid: 'k1' }), unavailable)
  })
}

test('access_token_key_unknown [RS-TOK-02] several keys may share a kid; never a key of another algorithm', async () => {
  const { documents, thumbprints } = aLookUp()
  documents.set(good.jwks_uri, { keys: [publicJwk(one), publicJwk(three), publicJwk(edwards), publicJwk(two)] })
  assert.deepEqual(await thumbprints('k1'), [one.publicKey.thumbprint, three.publicKey.thumbprint])
  assert.deepEqual(await thumbprints('k1', 'EdDSA'), [edwards.publicKey.thumbprint])
  assert.deepEqual(await thumbprints('k2', 'EdDSA'), [])
})

test('access_token_key_unknown [RS-TOK-02] a flood of unknown kids causes one look per cool-down', async () => {
  const { thumbprints, looks, wait } = aLookUp()
  await thumbprints('k1')
  wait(issuerKeyTimes.unknownKey)
  await Promise.all(Array.from({ length: 100 }, (_, index) => thumbprints(`random-${index}`)))
  assert.equal(looks(), 2)
  for (let index = 0; index < 100; index += 1) assert.deepEqual(await thumbprints(`later-${index}`), [])
  assert.equal(looks(), 2)
  assert.deepEqual(await thumbprints('k1'), [one.publicKey.thumbprint])
})

test('[RS-TOK-02] a new key is found once the cool-down is over', async () => {
  const { documents, thumbprints, looks, wait } = aLookUp()
  await thumbprints('k1')
  documents.set(good.jwks_uri, { keys: [publicJwk(one), publicJwk(two)] })
  assert.deepEqual(await thumbprints('k2'), [])
  wait(issuerKeyTimes.unknownKey)
  assert.deepEqual(await thumbprints('k2'), [two.publicKey.thumbprint])
  assert.equal(looks(), 2)
})

test('access_token_key_unknown [RS-TOK-02] a withdrawn key stops counting when the keys are read again', async () => {
  const { documents, thumbprints, wait } = aLookUp()
  await thumbprints('k1')
  documents.set(good.jwks_uri, { keys: [publicJwk(two)] })
  wait(issuerKeyTimes.fresh - 1)
  assert.deepEqual(await thumbprints('k1'), [one.publicKey.thumbprint])
  wait(1)
  assert.deepEqual(await thumbprints('k1'), [])
})

test('[RS-TOK-08] a cold start with many callers looks once', async () => {
  const { thumbprints, looks } = aLookUp()
  await Promise.all(Array.from({ length: 50 }, () => thumbprints('k1')))
  assert.equal(looks(), 1)
})

test('issuer_unavailable [RS-TOK-08] cold, a failure stands for a moment, so that a flood does not hammer the issuer', async () => {
  const { net, keys, fetched, thumbprints, wait } = aLookUp()
  net.isDown = true
  const ask = () => assert.rejects(keys.keys({ alg: 'ES256', kid: 'k1' }), unavailable)
  await Promise.all(Array.from({ length: 50 }, ask))
  for (let index = 0; index < 50; index += 1) await ask()
  assert.equal(fetched.length, 2)
  net.isDown = false
  await ask()
  wait(issuerKeyTimes.failure)
  assert.deepEqual(await thumbprints('k1'), [one.publicKey.thumbprint])
})

test('issuer_unavailable [RS-TOK-08] warm, keys go on counting while the issuer is down, for an hour', async () => {
  const { net, keys, fetched, thumbprints, wait } = aLookUp()
  await thumbprints('k1')
  net.isDown = true
  wait(issuerKeyTimes.fresh)
  assert.deepEqual(await thumbprints('k1'), [one.publicKey.thumbprint])
  const asked = fetched.length
  assert.deepEqual(await thumbprints('k1'), [one.publicKey.thumbprint])
  assert.equal(fetched.length, asked)
  assert.equal(await keys.state(), 'stale')
  wait(3300)
  await assert.rejects(keys.keys({ alg: 'ES256', kid: 'k1' }), unavailable)
  assert.equal(await keys.state(), 'unavailable')
  net.isDown = false
  wait(issuerKeyTimes.failure)
  assert.deepEqual(await thumbprints('k1'), [one.publicKey.thumbprint])
  assert.equal(await keys.state(), 'fresh')
})

test('[RS-TOK-08] a clock that steps back does not make keys fresh for longer', async () => {
  const { documents, thumbprints, wait } = aLookUp()
  await thumbprints('k1')
  documents.set(good.jwks_uri, { keys: [publicJwk(two)] })
  wait(-7200)
  assert.deepEqual(await thumbprints('k1'), [])
})
