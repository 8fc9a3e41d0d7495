import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { observed } from '../observations.ts'
import { aNonce, aPkcePair, aProof, aPush, authentication, changed } from './messages.ts'
import { aParty } from './parties.ts'
import {
  aBrowser,
  aCode,
  assertRefused,
  callUserinfo,
  clientCredentials,
  location,
  open,
  push,
  tokens,
} from './steps.ts'
import { aWorld, formText, theIssuer, urls, type World } from './world.ts'
import { listen } from '../../src/node/listener.ts'

test('[NET-06] headers of a proxy change nothing: not the issuer, the htu, the client or the address in the log', async () => {
  const world = await aWorld()
  const party = aParty()
  const forged = [
    ['x-forwarded-for', '203.0.113.9'],
    ['x-forwarded-host', 'evil.example'],
    ['x-forwarded-proto', 'http'],
    ['x-real-ip', '203.0.113.9'],
    ['forwarded', 'for=203.0.113.9;host=evil.example;proto=http'],
    ['host', 'evil.example'],
    ['x-ssl-client-cert', 'MIIB'],
    ['ssl-client-verify', 'SUCCESS'],
    ['x-client-id', 'client-b'],
    ['x-http-method-override', 'GET'],
    ['x-original-url', '/admin'],
    ['x-rewrite-url', '/admin'],
  ] as const
  const proof = await aProof(world, party, 'POST', urls.token)
  const reply = await clientCredentials(world, {}, { headers: [['dpop', proof], ...forged] })
  assert.deepEqual([reply.status, reply.event?.peerAddress, reply.event?.clientId], [200, '192.0.2.7', 'client-a'])
  const evil = await aProof(world, party, 'POST', 'https://evil.example/token')
  const refused = await clientCredentials(world, {}, { headers: [['dpop', evil], ...forged] })
  assertRefused(refused, 'dpop_htu_mismatch')
  const browser = aBrowser(world)
  const opened = await open(world, await push(world, {}, { headers: forged }), browser)
  assert.ok(location(opened).startsWith(`${theIssuer}/interaction/`))
  assert.ok(!(await browser.get(location(opened), forged)).text.includes('evil.example'))
  observed('NET-06', 'the same issuer, htu, client and address')
})

test('[NET-04] [NET-07] every answer is strict about transport and storage, whatever it is', async () => {
  const world = await aWorld()
  const { accessToken, party } = await tokens(world)
  const answers = [
    await world.send('GET', '/jwks'),
    await world.send('GET', '/nothing'),
    await world.send('PUT', '/par'),
    await world.send('GET', '/authorize'),
    await push(world),
    await clientCredentials(world),
    await callUserinfo(world, accessToken, party),
  ]
  // What holds of each of them is in invariants.ts; here only that documents alone may be kept.
  const kept = answers.filter(({ headers }) => headers.get('cache-control') !== 'no-store')
  assert.equal(kept.length, 1)
  observed('NET-04', 'Strict-Transport-Security on every answer')
})

test('[OPS-01] the interaction id of a caller is echoed when it is one, and never repeated otherwise', async () => {
  const world = await aWorld()
  const id = '01890e3c-7b5f-7c2a-9d64-9a3d1f0b2c4d'
  const echo = async (value: string) => {
    const reply = await push(world, {}, { headers: [['x-fapi-interaction-id', value]] })
    return reply.headers.get('x-fapi-interaction-id')
  }
  assert.equal(await echo(id), id)
  for (const value of ['x', 'x'.repeat(10_000), `${id}\r\nx: y`, `${id} `, '']) {
    const answered = await echo(value)
    assert.match(answered ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  }
  observed('OPS-01', 'another UUID in place of what was none')
})

test('[OPS-03] [AS-TOK-12] no audit event and no error holds a code, token, verifier, password or key', async () => {
  const world = await aWorld()
  const flow = await tokens(world)
  const cookies = [...flow.browser.jar.values()].map((value) => value.split('.').at(-1) ?? value)
  const secret = flow.code.split('.')[1] ?? '?'
  const name = String(flow.pushed.json['request_uri']).split('.')[1] ?? '?'
  await clientCredentials(world, { client_secret: 'marker-secret' })
  const log = JSON.stringify(world.events)
  for (const hidden of [
    secret,
    name,
    flow.verifier,
    flow.accessToken,
    String(flow.idToken),
    'correct horse',
    'marker-secret',
    ...cookies,
  ]) {
    assert.ok(hidden.length > 5 && !log.includes(hidden), hidden)
  }
  observed('OPS-03', 'no secret in any event or error')
})

/** One request over a real socket. */
async function overHttp(
  port: number,
  method: string,
  path: string,
  { headers = {}, body = '' }: { headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += String(chunk)))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    call.on('error', reject)
    call.end(body)
  })
}

async function withListener(work: (world: World, port: number) => Promise<void>): Promise<void> {
  const world = await aWorld()
  const listener = await listen(world.handler, { host: '127.0.0.1', port: 0 })
  try {
    await work(world, listener.port)
  } finally {
    await listener.close()
  }
}

const form = { 'content-type': 'application/x-www-form-urlencoded' }

test('[NET-07] [AS-DPOP-01] over HTTP: DPOP in any case, a true Date, 8 kB of header, 431 beyond, 413 for a large body', async () => {
  await withListener(async (world, port) => {
    const party = aParty()
    await aNonce(world, party)
    const pairs = changed({ grant_type: 'client_credentials', scope: 'accounts' }, {})
    for (const name of ['DPOP', 'dpop', 'DPoP']) {
      const proof = await aProof(world, party, 'POST', urls.token)
      const body = formText([...pairs, ...(await authentication(world))])
      const reply = await overHttp(port, 'POST', '/token', { headers: { ...form, [name]: proof }, body })
      assert.equal(reply.status, 200, reply.text)
      assert.equal(reply.headers['cache-control'], 'no-store')
      assert.ok(Math.abs(Date.parse(String(reply.headers['date'])) - Date.now()) < 2000)
    }
    const long = await overHttp(port, 'GET', '/userinfo', { headers: { authorization: `DPoP ${'a'.repeat(8192)}` } })
    assert.equal(long.status, 401, 'read, and refused for what it is')
    const tooLong = await overHttp(port, 'GET', '/userinfo', {
      headers: { authorization: `DPoP ${'a'.repeat(65_536)}` },
    })
    assert.equal(tooLong.status, 431)
    const large = await overHttp(port, 'POST', '/par', { headers: form, body: 'x='.padEnd(1_000_000, 'y') }).catch(
      () => undefined,
    )
    assert.ok(large === undefined || large.status === 413)
  })
})

test('[NET-06] [AS-META-02] over HTTP: another Host changes no byte', async () => {
  await withListener(async (_, port) => {
    const path = '/.well-known/openid-configuration'
    const [one, other] = [
      await overHttp(port, 'GET', path),
      await overHttp(port, 'GET', path, { headers: { host: 'evil.example' } }),
    ]
    assert.equal(one.text, other.text)
    assert.match(one.text, /"issuer":"https:\/\/as\.example"/)
  })
})

test('[AS-PAR-01] over HTTP: a whole push, and the methods that are none', async () => {
  await withListener(async (world, port) => {
    const body = formText([
      ...changed(aPush(world, world.client, aPkcePair(world).challenge), {}),
      ...(await authentication(world)),
    ])
    assert.equal((await overHttp(port, 'POST', '/par', { headers: form, body })).status, 201)
    for (const method of ['GET', 'PUT', 'DELETE', 'TRACE', 'OPTIONS']) {
      const { status, headers } = await overHttp(port, method, '/par')
      assert.ok(status === 405 || (method === 'TRACE' && status >= 400), `${method} ${status}`)
      if (status === 405) assert.equal(headers['allow'], 'POST', method)
    }
    assert.ok((await aCode(world)).code)
  })
})

test('not_found [NET-06] an address has one spelling', async () => {
  const world = await aWorld()
  for (const target of ['/x/../authorize', '/%61uthorize', '/authorize%2f', '//authorize', 'https://as.example/jwks']) {
    assertRefused(await world.send('GET', target), 'not_found', target)
  }
  assert.equal((await world.send('GET', '/jwks')).status, 200)
})
