import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createEgress, EgressRefused } from './egress.ts'

const seen: string[] = []
const routes: Record<string, RequestListener> = {
  '/good': (_, response) => response.setHeader('content-type', 'application/json').end('{"ok":true}'),
  '/jwks': (_, response) => response.setHeader('content-type', 'application/jwk-set+json; charset=utf-8').end('{}'),
  '/redirect': (_, response) => response.writeHead(302, { location: '/good' }).end(),
  '/slow': () => undefined,
  '/trickle': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const timer = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(timer))
  },
  '/huge': (_, response) => response.setHeader('content-type', 'application/json').end('x'.repeat(5000)),
  '/endless': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const timer = setInterval(() => response.write('x'.repeat(400)), 5)
    response.on('close', () => clearInterval(timer))
  },
  '/bomb': (_, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      .end(gzipSync(Buffer.alloc(100_000, 0x20))),
  '/zipped': (_, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      .end(gzipSync('{"z":1}')),
  '/html': (_, response) => response.setHeader('content-type', 'text/html').end('{}'),
  '/broken': (_, response) => response.setHeader('content-type', 'application/json').end('{"secret'),
  '/error': (_, response) => response.writeHead(500, { 'content-type': 'application/json' }).end('{}'),
  '/nothing': (_, response) => response.writeHead(204).end(),
  '/cut': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
    response.write('{')
    setTimeout(() => response.destroy(), 20)
  },
}
const server = createServer((request, response) => {
  seen.push(request.url ?? '')
  routes[(request.url ?? '').split('?')[0] ?? '']?.(request, response)
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
const origin = `http://127.0.0.1:${port}`
after(() => {
  server.closeAllConnections()
  server.close()
})

const egress = createEgress({ allowedOrigins: [origin], timeoutMs: 300, maxBytes: 1000 })

async function refused(reason: string, attempt: () => Promise<unknown>): Promise<void> {
  await assert.rejects(attempt, (error) => {
    assert.ok(error instanceof EgressRefused, String(error))
    assert.equal(error.reason, reason)
    assert.ok(!error.message.includes('secret'))
    return true
  })
  assert.deepEqual(await egress.fetchJson(`${origin}/good`), { ok: true })
}

test('a listed origin is asked, in both shapes', async () => {
  assert.deepEqual(await egress.fetchJson(`${origin}/good`), { ok: true })
  assert.deepEqual(await egress.fetchJson(`${origin}/jwks`), {})
  assert.deepEqual(await egress.fetchJson(`${origin}/zipped`), { z: 1 })
  const response = await egress.fetch(`${origin}/error`, { method: 'POST', body: new URLSearchParams({ a: 'b' }) })
  assert.equal(response.status, 500)
  assert.deepEqual(await response.json(), {})
  assert.equal((await egress.fetch(`${origin}/nothing`)).status, 204)
})

test('an origin that is not listed is never asked', async () => {
  const before = seen.length
  for (const url of [
    `http://localhost:${port}/good`,
    `http://127.0.0.1:${port + 1}/good`,
    `https://127.0.0.1:${port}/good`,
    `http://127.0.0.1.example:${port}/good`,
    'file:///etc/passwd?secret',
    'data:application/json,{}',
  ]) {
    await assert.rejects(() => egress.fetchJson(url), { reason: 'origin_not_allowed' })
  }
  assert.equal(seen.length, before)
  await refused('url_malformed', () => egress.fetchJson('not a url'))
  await refused('url_malformed', () => egress.fetchJson(`http://secret:secret@127.0.0.1:${port}/good`))
})

test('a redirect is not followed, even to the same origin', async () => {
  await refused('redirected', () => egress.fetchJson(`${origin}/redirect?secret`))
  await refused('redirected', () => egress.fetch(`${origin}/redirect`, { redirect: 'follow' }))
})

test('the time is bounded for the whole exchange', async () => {
  await refused('timed_out', () => egress.fetchJson(`${origin}/slow`))
  await refused('timed_out', () => egress.fetchJson(`${origin}/trickle`))
})

test('the size is bounded while it streams, after decompression', async () => {
  await refused('too_large', () => egress.fetchJson(`${origin}/huge`))
  await refused('too_large', () => egress.fetch(`${origin}/endless`))
  await refused('too_large', () => egress.fetchJson(`${origin}/bomb`))
})

test('only a JSON document with status 200 is one', async () => {
  await refused('content_type_wrong', () => egress.fetchJson(`${origin}/html`))
  await refused('json_malformed', () => egress.fetchJson(`${origin}/broken`))
  await refused('status_unexpected', () => egress.fetchJson(`${origin}/error`))
  await refused('unreachable', () => egress.fetchJson(`${origin}/cut`))
})

test('nobody there is one named refusal', async () => {
  const gate = createEgress({ allowedOrigins: ['http://127.0.0.1:1'], timeoutMs: 300, maxBytes: 10 })
  await refused('unreachable', () => gate.fetchJson('http://127.0.0.1:1/'))
})

test('the caller may give up sooner', async () => {
  const signal = AbortSignal.timeout(20)
  await assert.rejects(() => egress.fetch(`${origin}/slow`, { signal }), { name: 'TimeoutError' })
})

test('an origin that is neither https nor loopback cannot be listed', () => {
  for (const bad of ['http://api.example', 'https://api.example/', 'https://api.example/path', 'ftp://x', '*', '']) {
    assert.throws(() => createEgress({ allowedOrigins: [bad], timeoutMs: 1, maxBytes: 1 }), TypeError, bad)
  }
  createEgress({ allowedOrigins: ['https://api.example', 'http://localhost:1'], timeoutMs: 1, maxBytes: 1 })
})
