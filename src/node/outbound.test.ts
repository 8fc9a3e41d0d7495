import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:https'
import { test } from 'node:test'
import { connect } from 'node:tls'
import type { EventSource } from '../core/events.ts'
import { clientDefaults, type ClientRecord } from '../core/client.ts'
import { clientId, numericDate } from '../core/names.ts'
import { anAuthority, aServerCertificate } from './egress/certificates.test-support.ts'
import type { Dial } from './egress/dial.ts'
import { openOutbound } from './outbound.ts'

const authority = anAuthority()
const { pem, key } = aServerCertificate({ commonName: 'app.example', dns: ['app.example'] }, authority)
const jwk = { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'one' }

const app: ClientRecord = {
  ...clientDefaults,
  clientId: clientId('app'),
  name: 'App',
  grantTypes: ['client_credentials'],
  scope: ['accounts'],
  jwksUri: 'https://app.example/jwks',
  notBefore: numericDate(0),
  createdAt: numericDate(1),
}

/** A host on this machine that stands for app.example, and the ways that lead there. */
async function aHost(answer: { readonly status: number; readonly headers?: Record<string, string> }) {
  const asked: string[] = []
  const server = createServer({ cert: pem, key }, (request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
    request.resume().on('end', () => {
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
      response.end(JSON.stringify({ keys: [jwk] }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const dial: Dial = (options) => connect({ ...options, host: '127.0.0.1', port, ca: authority.pem })
  const close = () => new Promise((resolve) => server.close(resolve))
  return { asked, dial, close }
}

const wanted = { use: 'sig', alg: 'EdDSA', kid: 'one' } as const
const publicly = () => Promise.resolve(['8.8.8.8'])

test('[AS-CAUTH-09] keys come from the registered jwks_uri, and a first reading is a change that is told', async () => {
  const host = await aHost({ status: 200 })
  const raised: EventSource[] = []
  const outbound = openOutbound(async (event) => void raised.push(event), { resolve: publicly, dial: host.dial })
  const { keys } = await outbound.clientKeys(app, wanted)
  assert.deepEqual([keys.map(({ kid }) => kid), host.asked], [['one'], ['GET /jwks']])
  await outbound.clientKeys(app, wanted)
  assert.equal(host.asked.length, 1)
  assert.ok(raised.every(({ type }) => type === 'client.jwks.changed'))
  await host.close()
})

test('[AS-CAUTH-09] [SK-09] a storm of unknown kids is raised with the client it is about', async () => {
  const host = await aHost({ status: 200 })
  const raised: EventSource[] = []
  const outbound = openOutbound(async (event) => void raised.push(event), { resolve: publicly, dial: host.dial })
  for (let index = 0; index < 100; index += 1) await outbound.clientKeys(app, { ...wanted, kid: `random-${index}` })
  const storms = raised.filter(({ type }) => type === 'jwks.unknown_kid_storm')
  assert.deepEqual(
    storms.map(({ clientId, outcome }) => [clientId, outcome]),
    [['app', 'blocked']],
  )
  assert.equal(host.asked.length, 1)
  assert.equal((await outbound.clientKeys(app, wanted)).keys.length, 1)
  await host.close()
})

test('client_keys_unavailable [AS-REG-07] what leads to an address of our own network is refused, and raised', async () => {
  const host = await aHost({ status: 200 })
  const raised: EventSource[] = []
  const raise = async (event: EventSource) => void raised.push(event)
  for (const address of ['127.0.0.1', '169.254.169.254', '10.0.0.1', '::1', '::ffff:10.0.0.1']) {
    const outbound = openOutbound(raise, { resolve: () => Promise.resolve([address]), dial: host.dial })
    await assert.rejects(outbound.clientKeys(app, wanted), { rule: 'client_keys_unavailable' })
    await assert.rejects(outbound.postForm('https://app.example/logout', []), { reason: 'address_not_allowed' })
  }
  assert.deepEqual(host.asked, [])
  assert.equal(raised.length, 10)
  assert.ok(raised.every(({ type, reason }) => type === 'egress.blocked' && reason === 'address_not_allowed'))
  const honest = openOutbound(raise, { resolve: publicly, dial: host.dial })
  assert.equal((await honest.postForm('https://app.example/logout', [['logout_token', 'x']])).status, 200)
  assert.deepEqual(host.asked, ['POST /logout'])
  await host.close()
})

test('client_keys_unavailable [AS-REG-07] a redirect is followed by nobody, and raised', async () => {
  const host = await aHost({ status: 302, headers: { location: 'https://127.0.0.1/' } })
  const raised: EventSource[] = []
  const outbound = openOutbound(async (event) => void raised.push(event), { resolve: publicly, dial: host.dial })
  await assert.rejects(outbound.clientKeys(app, wanted), { rule: 'client_keys_unavailable' })
  assert.deepEqual([host.asked.length, raised.map(({ reason }) => reason)], [1, ['redirected']])
  await host.close()
})

test('a host that is down is no attack', async () => {
  const raised: EventSource[] = []
  const raise = async (event: EventSource) => void raised.push(event)
  const outbound = openOutbound(raise, { resolve: () => Promise.reject(new Error('no such name')) })
  await assert.rejects(outbound.clientKeys(app, wanted), { rule: 'client_keys_unavailable' })
  assert.deepEqual(raised, [])
})

test('what the operator listed is asked wherever it is, and what that names on the public internet only', async (t) => {
  const near = createHttpServer((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ asked: request.url }))
  })
  await new Promise<void>((resolve) => near.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    near.closeAllConnections()
    near.close()
  })
  const address = near.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const host = await aHost({ status: 201, headers: { 'x-told': 'yes' } })
  t.after(host.close)
  const raised: EventSource[] = []
  const outbound = openOutbound(async (event) => void raised.push(event), { resolve: publicly, dial: host.dial })
  const fetchListed = outbound.fetchFrom([origin])
  assert.deepEqual(await (await fetchListed(`${origin}/a?b=c`)).json(), { asked: '/a?b=c' })
  const far = await fetchListed('https://app.example/token', {
    method: 'POST',
    headers: { authorization: 'Basic eDp5' },
    body: new URLSearchParams({ code: 'x y' }),
  })
  assert.deepEqual([far.status, far.headers.get('x-told')], [201, 'yes'])
  assert.deepEqual(host.asked, ['POST /token'])
  assert.deepEqual(raised, [])
  const unlisted = outbound.fetchFrom([])
  for (const [url, reason] of [
    [`${origin}/a`, 'scheme_not_allowed'],
    [origin.replace('http:', 'https:'), 'address_not_allowed'],
    ['https://127.0.0.1/', 'address_not_allowed'],
    ['https://app.example:22/', 'port_not_allowed'],
    ['nothing', 'url_malformed'],
  ] as const) {
    await assert.rejects(() => unlisted(url), { name: 'EgressRefused', reason }, url)
    assert.equal((await unlisted('https://app.example/')).status, 201)
  }
  assert.equal(raised.length, 5)
  assert.ok(raised.every(({ type }) => type === 'egress.blocked'))
})
