import assert from 'node:assert/strict'
import { createServer, type RequestOptions, type ServerOptions } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { createEgress, EgressRefused, type EgressTls } from '../egress.ts'
import { alternativeNames } from '../tls/make-certificate.ts'
import { aClient, aRoot, type Party } from '../tls/pki.test-support.ts'

const times = { notBefore: 0, notAfter: 4_000_000_000 }
const root = aRoot(times)
const aServer = (name: string, issuer = root) =>
  aClient(issuer, { ...times, name: `CN=${name}`, extensions: [alternativeNames(name, Uint8Array.of(127, 0, 0, 2))] })
const client = aClient(root, { ...times, name: 'CN=client' })
const shown = { cert: client.pem, key: client.keyPem, ca: root.pem }

let connections = 0
let origin = ''
const closing: (() => void)[] = []
after(() => closing.forEach((close) => close()))

async function start(party: Party, options: ServerOptions = {}): Promise<string> {
  const server = createServer({ cert: party.pem, key: party.keyPem, ...options }, answer)
  server.on('secureConnection', () => (connections += 1))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `https://localhost:${(server.address() as AddressInfo).port}`
}

const routes: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/redirect': (response) => response.writeHead(307, { location: 'https://evil.example/' }).end(),
  '/huge': (response) => response.end('x'.repeat(5000)),
  '/zipped': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{}')),
  '/nothing': (response) => response.writeHead(204).end(),
  '/never': () => undefined,
  '/cut': (response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{')
    setTimeout(() => response.destroy(), 20)
  },
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const socket = request.socket as TLSSocket
  let body = ''
  request.on('data', (chunk) => (body += chunk))
  request.on('end', () => {
    const { method, headers, url = '' } = request
    const route = routes[url]
    if (route !== undefined) return route(response)
    const subject = socket.getPeerCertificate().subject?.CN
    const seen = { method, subject, version: socket.getProtocol(), reused: socket.isSessionReused(), headers, body }
    response
      .writeHead(200, { 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] })
      .end(JSON.stringify(seen))
  })
}

before(async () => {
  const asking = { requestCert: true, rejectUnauthorized: false } satisfies ServerOptions & RequestOptions
  origin = await start(aServer('localhost'), asking)
})

type Told = {
  readonly method: string
  readonly subject?: string
  readonly version: string
  readonly reused: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

async function told(response: Promise<Response>): Promise<Told> {
  return JSON.parse(await (await response).text())
}

const gate = (tls: EgressTls, allowed = [origin]) =>
  createEgress({ allowedOrigins: allowed, timeoutMs: 2000, maxBytes: 4096, tls })

async function refused(reason: string, attempt: () => Promise<unknown>, about = reason): Promise<void> {
  await assert.rejects(attempt, (error) => {
    assert.ok(error instanceof EgressRefused, String(error))
    assert.equal(error.reason, reason, about)
    return true
  })
  assert.equal((await gate(shown).fetch(`${origin}/`)).status, 200)
}

test('the certificate is shown, its key is proved, and each form of a body arrives', async () => {
  const { fetch } = gate(shown)
  const post = { method: 'POST', body: new URLSearchParams({ a: 'b c' }) }
  const { method, subject, version, body, headers } = await told(fetch(`${origin}/`, post))
  assert.deepEqual([method, subject, version, body], ['POST', 'client', 'TLSv1.3', 'a=b+c'])
  assert.match(headers['content-type'] ?? '', /^application\/x-www-form-urlencoded/)
  assert.equal(headers['content-length'], '5')
  assert.deepEqual((await fetch(`${origin}/`)).headers.getSetCookie(), ['a=1', 'b=2'])
  const bytes = new TextEncoder().encode('é')
  assert.equal((await told(fetch(`${origin}/`, { method: 'PUT', body: bytes }))).body, 'é')
  assert.equal((await told(fetch(`${origin}/`, { headers: { dpop: 'x' } }))).headers['dpop'], 'x')
  assert.equal((await fetch(`${origin}/nothing`)).status, 204)
  assert.equal(Reflect.get(Object(await gate(shown).fetchJson(`${origin}/`)), 'subject'), 'client')
})

test('without a certificate nothing is shown, and the authorities are those that were given', async () => {
  const { subject } = await told(gate({ ca: root.pem }).fetch(`${origin}/`))
  assert.equal(subject, undefined)
  await refused('unreachable', () => gate({ cert: client.pem, key: client.keyPem }).fetch(`${origin}/`))
  await refused('unreachable', () => gate({ ...shown, ca: aRoot(times).pem }).fetch(`${origin}/`))
})

test('a server under another name, or that nobody vouches for, is not spoken to', async () => {
  const other = await start(aServer('other.example'))
  await refused('unreachable', () => gate(shown, [other]).fetch(`${other}/`))
  const byAddress = origin.replace('localhost', '127.0.0.1')
  await refused('unreachable', () => gate(shown, [byAddress]).fetch(`${byAddress}/`))
  const stranger = await start(aServer('localhost', aRoot({ ...times, name: 'CN=stranger' })))
  await refused('unreachable', () => gate(shown, [stranger]).fetch(`${stranger}/`))
  const old = await start(aServer('localhost'), {
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'ALL@SECLEVEL=0',
  })
  await refused('unreachable', () => gate(shown, [old]).fetch(`${old}/`))
})

test('the gate holds over these connections, too: origins, redirects, size, encoding, time', async () => {
  const { fetch } = gate(shown)
  await refused('origin_not_allowed', () => fetch('https://evil.example/'))
  await refused('redirected', () => fetch(`${origin}/redirect`))
  await refused('too_large', () => fetch(`${origin}/huge`))
  await refused('content_encoding_wrong', () => fetch(`${origin}/zipped`))
  await refused('unreachable', () => fetch(`${origin}/cut`))
  const hasty = createEgress({ allowedOrigins: [origin], timeoutMs: 100, maxBytes: 10, tls: shown })
  await refused('timed_out', () => hasty.fetch(`${origin}/never`))
})

test('a connection is kept for the next request, and none is resumed', async () => {
  const { fetch } = gate(shown)
  const before = connections
  for (let round = 0; round < 3; round += 1) {
    assert.equal((await told(fetch(`${origin}/`))).reused, false)
  }
  assert.equal(connections, before + 1)
})

test('a certificate and a key that do not belong together are told at once, and not repeated', () => {
  const other = aClient(root, times)
  for (const tls of [
    { cert: client.pem },
    { key: client.keyPem },
    { cert: client.pem, key: other.keyPem },
    { cert: 'no certificate', key: client.keyPem },
    { cert: client.pem, key: client.keyPem.slice(0, 60) },
  ]) {
    assert.throws(
      () => gate(tls),
      (error) => error instanceof TypeError && !/PRIVATE|BEGIN|no certificate/.test(error.message),
    )
  }
  assert.ok(gate(shown))
})
