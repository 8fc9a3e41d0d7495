import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { after, test } from 'node:test'
import { observed } from '../../../test/observations.ts'
import { connect, createSecureContext, createServer as createTlsServer } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { anAuthority, aSelfSignedCertificate, aServerCertificate, type Issued } from './certificates.test-support.ts'
import { connectTo, type Dial, dialDirectly, type DialOptions } from './dial.ts'
import { createOpenEgress, type OpenEgressOptions } from './open.ts'
import { EgressRefused } from './refused.ts'
import { checkTarget } from './target.ts'

const authority = anAuthority()
const good = aServerCertificate({ dns: ['keys.example.com', '*.wild.example.com'], ip: ['93.184.216.34'] }, authority)
const bad: Record<string, Issued> = {
  'wrong-name.example.com': good,
  'self-signed.example.com': aSelfSignedCertificate({ dns: ['self-signed.example.com'] }),
  'of-a-stranger.example.com': aServerCertificate({ dns: ['of-a-stranger.example.com'] }, anAuthority()),
  'expired.example.com': aServerCertificate({ dns: ['expired.example.com'], from: -3, until: -1 }, authority),
  'too-early.example.com': aServerCertificate({ dns: ['too-early.example.com'], from: 1, until: 3 }, authority),
  'common-name.example.com': aServerCertificate({ commonName: 'common-name.example.com' }, authority),
  'common-name-and-email.example.com': aServerCertificate(
    { commonName: 'common-name-and-email.example.com', email: ['a@example.com'] },
    authority,
  ),
  'partial-wildcard.example.com': aServerCertificate({ dns: ['partial-*.example.com'] }, authority),
  'two.labels.wild.example.com': good,
  'wild.example.com': good,
}

const json = { 'content-type': 'application/json' }
const seen: IncomingMessage[] = []
const held: ServerResponse[] = []
const posted: string[] = []
function endless(response: ServerResponse): void {
  const timer = setInterval(() => response.write(' '.repeat(400)), 5)
  response.on('close', () => clearInterval(timer))
}

const routes: Record<string, RequestListener> = {
  '/good': (_, response) => response.writeHead(200, json).end('{"ok":true}'),
  '/jwks': (_, response) =>
    response.setHeader('content-type', 'Application/JWK-Set+JSON; charset=utf-8').end('{"keys":[]}'),
  '/jwt': (_, response) => response.setHeader('content-type', 'application/vnd.strange+json').end('{"strange":1}'),
  '/redirect': (_, response) => response.writeHead(302, { ...json, location: '/good' }).end('{}'),
  '/not-modified': (_, response) => response.writeHead(304).end(),
  '/choices': (_, response) => response.writeHead(300, json).end('{}'),
  '/held': (_, response) => held.push(response),
  '/slow-body': (_, response) => response.writeHead(200, json).write('{'),
  '/trickle': (_, response) => {
    response.writeHead(200, json)
    const timer = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(timer))
  },
  '/huge': (_, response) => response.writeHead(200, json).end(' '.repeat(5000)),
  '/full': (_, response) => response.writeHead(200, json).end(`"${'x'.repeat(998)}"`),
  '/overfull': (_, response) => response.writeHead(200, json).end(`"${'x'.repeat(999)}"`),
  '/endless': (_, response) => endless(response.writeHead(200, json)),
  '/endless-redirect': (_, response) => endless(response.writeHead(307, { ...json, location: '/good' })),
  '/endless-html': (_, response) => endless(response.writeHead(200, { 'content-type': 'text/html' })),
  '/huge-headers': (_, response) => response.writeHead(200, { ...json, 'x-huge': 'x'.repeat(20_000) }).end('{}'),
  '/gzip': (_, response) => response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(gzipSync('{}')),
  '/identity': (_, response) => response.writeHead(200, { ...json, 'content-encoding': 'identity' }).end('{}'),
  '/html': (_, response) => response.setHeader('content-type', 'text/html').end('{}'),
  '/untyped': (_, response) => response.end('{}'),
  '/almost': (_, response) => response.setHeader('content-type', 'application/jsonp').end('{}'),
  '/broken': (_, response) => response.writeHead(200, json).end('{"secret'),
  '/latin': (_, response) => response.writeHead(200, json).end(Buffer.from('{"a":"\xff"}', 'latin1')),
  '/error': (_, response) => response.writeHead(500, json).end('{}'),
  '/created': (_, response) => response.writeHead(201, json).end('{}'),
  '/nothing': (_, response) => response.writeHead(204).end(),
  '/cut': (_, response) => {
    response.writeHead(200, { ...json, 'content-length': '100' }).write('{}')
    setTimeout(() => response.destroy(), 20)
  },
  '/silent': (request) => request.socket.destroy(),
  '/form': (request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => posted.push(text))
    request.on('end', () => response.writeHead(request.method === 'POST' ? 204 : 405).end())
  },
}

let connections = 0
const server = createServer(
  {
    cert: good.pem,
    key: good.key,
    SNICallback: (name, done) => {
      const { pem: cert, key } = bad[name] ?? good
      done(null, createSecureContext({ cert, key }))
    },
  },
  (request, response) => {
    seen.push(request)
    routes[(request.url ?? '').split('?')[0] ?? '']?.(request, response)
  },
)
server.on('connection', () => (connections += 1))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
after(() => {
  server.closeAllConnections()
  server.close()
})
const { port } = server.address() as AddressInfo

const publicAddress = '93.184.216.34'

/** A gate whose dialler takes the public address for one of this machine, and knows the authority of the test. */
function aGate(options: Partial<OpenEgressOptions> & { readonly answers?: readonly (readonly string[])[] } = {}) {
  const { answers = [[publicAddress]], ...others } = options
  const asked: string[] = []
  const dialled: DialOptions[] = []
  const resolve = async (hostname: string) => {
    asked.push(hostname)
    return answers[Math.min(asked.length, answers.length) - 1] ?? []
  }
  const dial: Dial = (dialOptions) => {
    dialled.push(dialOptions)
    return connect({ ...dialOptions, host: '127.0.0.1', port, ca: authority.pem })
  }
  return { gate: createOpenEgress({ timeoutMs: 20_000, maxBytes: 1000, resolve, dial, ...others }), asked, dialled }
}

/** Refused for this reason and no other, telling nothing but the origin; what is right works right after. */
async function refused(reason: string, attempt: () => Promise<unknown>): Promise<void> {
  await assert.rejects(attempt, (error) => {
    assert.ok(error instanceof EgressRefused, String(error))
    assert.equal(error.reason, reason)
    assert.ok(!error.message.includes('secret'), error.message)
    return true
  })
  assert.deepEqual(await aGate().gate.fetchJson('https://keys.example.com/good'), { ok: true })
}

test('[AS-REG-07] a public https URL is asked: one look-up, the judged address, one plain request', async () => {
  const { gate, asked, dialled } = aGate()
  seen.length = 0
  assert.deepEqual(await gate.fetchJson('https://keys.example.com:8443/good?a=b'), { ok: true })
  assert.deepEqual(asked, ['keys.example.com'])
  const [options] = dialled
  assert.deepEqual([options?.host, options?.port, options?.servername], [publicAddress, 8443, 'keys.example.com'])
  assert.deepEqual([options?.rejectUnauthorized, options?.minVersion, options?.ca], [true, 'TLSv1.2', undefined])
  assert.equal(dialled.length, 1)
  const [request] = seen
  assert.equal(request?.method, 'GET')
  assert.equal(request.url, '/good?a=b')
  assert.deepEqual(request.headers, {
    host: 'keys.example.com:8443',
    connection: 'close',
    'accept-encoding': 'identity',
    accept: 'application/json, application/jwk-set+json',
  })
})

test('[AS-REG-07] every request has a connection of its own', async () => {
  const { gate } = aGate()
  const before = connections
  for (let count = 0; count < 3; count += 1) await gate.fetchJson('https://keys.example.com/good')
  assert.equal(connections, before + 3)
})

test('[AS-REG-07] an address that is not public is not dialled', async () => {
  for (const answers of [
    ['127.0.0.1'],
    ['169.254.169.254'],
    ['10.0.0.1'],
    ['::1'],
    ['::ffff:10.0.0.1'],
    ['64:ff9b::a00:1'],
    ['fd00::1'],
    ['not an address'],
  ]) {
    const { gate, dialled } = aGate({ answers: [answers] })
    await refused('address_not_allowed', () => gate.fetchJson('https://keys.example.com/good?secret'))
    await refused('address_not_allowed', () => gate.postForm('https://keys.example.com/form?secret', []))
    assert.equal(dialled.length, 0)
  }
})

test('[AS-REG-07] a name with public and other addresses is refused, in whatever order they come', async () => {
  const mixed = [publicAddress, '2606:4700:4700::1111', '192.168.1.1']
  for (let turn = 0; turn < mixed.length; turn += 1) {
    mixed.push(mixed.shift() ?? '')
    const { gate, dialled } = aGate({ answers: [[...mixed]] })
    await refused('address_not_allowed', () => gate.fetchJson('https://keys.example.com/good'))
    assert.equal(dialled.length, 0)
  }
})

test('[AS-REG-07] a name that resolves to something else the second time is resolved once, and pinned', async () => {
  const { gate, asked, dialled } = aGate({ answers: [[publicAddress], ['127.0.0.1']] })
  assert.deepEqual(await gate.fetchJson('https://keys.example.com/good'), { ok: true })
  assert.equal(asked.length, 1)
  assert.deepEqual(
    dialled.map(({ host, lookup }) => [host, lookup]),
    [[publicAddress, undefined]],
  )
  await refused('address_not_allowed', () => gate.fetchJson('https://keys.example.com/good'))
})

test('[AS-REG-07] a literal address is judged without being resolved', async () => {
  const { gate, asked, dialled } = aGate()
  assert.deepEqual(await gate.fetchJson(`https://${publicAddress}/good`), { ok: true })
  assert.deepEqual([dialled[0]?.host, dialled[0]?.servername], [publicAddress, ''])
  for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:10.0.0.1]', '169.254.169.254']) {
    await refused('address_not_allowed', () => gate.fetchJson(`https://${host}/good`))
  }
  assert.equal(asked.length, 0)
  assert.equal(dialled.length, 1)
})

test('[AS-REG-07] without any port given, this machine is closed', async () => {
  const gate = createOpenEgress({ timeoutMs: 20_000, maxBytes: 1000 })
  const before = connections
  await refused('address_not_allowed', () => gate.fetchJson(`https://127.0.0.1:${port}/good`))
  await refused('address_not_allowed', () => gate.fetchJson(`https://localhost:${port}/good`))
  assert.equal(connections, before + 2)
})

test('[AS-REG-07] what is no https URL is not looked up', async () => {
  const { gate, asked, dialled } = aGate()
  await refused('scheme_not_allowed', () => gate.fetchJson('http://keys.example.com/good?secret'))
  await refused('port_not_allowed', () => gate.postForm('https://keys.example.com:22/secret', []))
  await refused('url_malformed', () => gate.fetchJson('https://secret:secret@keys.example.com/good'))
  await refused('url_malformed', () => gate.fetchJson('https://keys.example.com/good#secret'))
  assert.deepEqual([asked.length, dialled.length], [0, 0])
})

test('[AS-REG-07] a name that has no address', async () => {
  await refused('name_unresolvable', () => aGate({ answers: [[]] }).gate.fetchJson('https://keys.example.com/good'))
  const resolve = async () => Promise.reject(new Error('ENOTFOUND secret.internal'))
  await refused('name_unresolvable', () => aGate({ resolve }).gate.fetchJson('https://keys.example.com/good'))
})

for (const host of Object.keys(bad)) {
  test(`[NET-03] a certificate that does not do: ${host}`, async () => {
    const { gate } = aGate()
    seen.length = 0
    await assert.rejects(() => gate.fetchJson(`https://${host}/good`), { reason: 'certificate_invalid' })
    await assert.rejects(() => gate.postForm(`https://${host}/form`, [['logout_token', 'secret']]), {
      reason: 'certificate_invalid',
    })
    assert.equal(seen.length, 0)
    assert.deepEqual(await gate.fetchJson('https://keys.example.com/good'), { ok: true })
  })
}

test('[NET-03] a wildcard stands for one whole label; an address needs its own name in the certificate', async () => {
  assert.deepEqual(await aGate().gate.fetchJson('https://one.wild.example.com/good'), { ok: true })
  const { gate } = aGate({ answers: [['1.1.1.1']] })
  await refused('certificate_invalid', () => gate.fetchJson('https://1.1.1.1/good'))
})

test('[NET-03] the direct dialler verifies, whatever the environment says', async () => {
  const target = checkTarget(`https://keys.example.com:${port}/good`)
  const attempt = () => connectTo(target, '127.0.0.1', dialDirectly, new AbortController().signal)
  await assert.rejects(attempt, { reason: 'certificate_invalid' })
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  try {
    await assert.rejects(attempt, { reason: 'certificate_invalid' })
  } finally {
    delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  }
})

test('[NET-03] a dialler that verifies nothing brings no connection', async () => {
  const careless: Dial = (options) => connect({ ...options, host: '127.0.0.1', port, rejectUnauthorized: false })
  seen.length = 0
  await assert.rejects(() => aGate({ dial: careless }).gate.fetchJson('https://keys.example.com/good'), {
    reason: 'certificate_invalid',
  })
  assert.equal(seen.length, 0)
  observed('NET-03', 'the call was not made')
})

const oldTls = {
  'older than 1.2': { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' },
  '1.2 with a suite nobody recommends': { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' },
} as const
for (const [what, versions] of Object.entries(oldTls)) {
  test(`[NET-01] TLS ${what} is not spoken`, async () => {
    const old = createTlsServer({ cert: good.pem, key: good.key, ...versions }, (socket) =>
      socket.on('error', () => undefined),
    )
    old.on('tlsClientError', () => undefined)
    await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve))
    const { port: oldPort } = old.address() as AddressInfo
    const there = { host: '127.0.0.1', port: oldPort, ca: authority.pem }
    try {
      const client = connect({ ...there, servername: 'keys.example.com', ...versions })
      await new Promise<void>((resolve, reject) => client.once('secureConnect', resolve).once('error', reject))
      assert.equal(client.getProtocol(), versions.maxVersion)
      client.destroy()
      const { gate } = aGate({ dial: (options) => connect({ ...options, ...there }) })
      await refused('unreachable', () => gate.fetchJson('https://keys.example.com/good'))
    } finally {
      old.close()
    }
  })
}

test('[AS-REG-07] a refused answer ends its connection', async () => {
  const reasons = { 'endless-redirect': 'redirected', 'endless-html': 'content_type_wrong', endless: 'too_large' }
  for (const [path, reason] of Object.entries(reasons)) {
    seen.length = 0
    await refused(reason, () => aGate().gate.fetchJson(`https://keys.example.com/${path}`))
    const socket = seen.find(({ url }) => url === `/${path}`)?.socket
    assert.ok(socket !== undefined)
    if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve))
  }
})

test('[AS-REG-07] a redirect is not followed, even to the same origin', async () => {
  const { gate, dialled } = aGate()
  for (const path of ['redirect', 'choices', 'not-modified']) {
    await refused('redirected', () => gate.fetchJson(`https://keys.example.com/${path}?secret`))
    await refused('redirected', () => gate.postForm(`https://keys.example.com/${path}?secret`, []))
  }
  assert.equal(dialled.length, 6)
})

test('[AS-REG-07] the size is bounded while it streams', async () => {
  const { gate } = aGate()
  assert.equal(String(await gate.fetchJson('https://keys.example.com/full')).length, 998)
  for (const path of ['overfull', 'huge', 'endless', 'huge-headers']) {
    await refused('too_large', () => gate.fetchJson(`https://keys.example.com/${path}?secret`))
  }
})

test('[AS-REG-07] the time is bounded from the look-up to the last byte', async () => {
  const quick = { timeoutMs: 200 }
  for (const path of ['held', 'slow-body', 'trickle']) {
    await refused('timed_out', () => aGate(quick).gate.fetchJson(`https://keys.example.com/${path}?secret`))
  }
  await refused('timed_out', () => aGate(quick).gate.postForm('https://keys.example.com/held?secret', []))
  const resolve = () => new Promise<readonly string[]>(() => undefined)
  await refused('timed_out', () => aGate({ ...quick, resolve }).gate.fetchJson('https://keys.example.com/good'))
})

test('[AS-REG-07] a server that accepts and does not shake hands', async () => {
  const sockets: { destroy: () => void }[] = []
  const mute = createTcpServer((socket) => sockets.push(socket))
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  const there = { host: '127.0.0.1', port: (mute.address() as AddressInfo).port }
  const { gate } = aGate({ timeoutMs: 200, dial: (options) => connect({ ...options, ...there }) })
  await refused('timed_out', () => gate.fetchJson('https://keys.example.com/good'))
  for (const socket of sockets) socket.destroy()
  mute.close()
})

test('[AS-REG-07] only a JSON document with status 200 is one', async () => {
  const { gate } = aGate()
  const ask = (path: string) => gate.fetchJson(`https://keys.example.com/${path}?secret`)
  await refused('content_type_wrong', () => ask('html'))
  await refused('content_type_wrong', () => ask('untyped'))
  await refused('content_type_wrong', () => ask('almost'))
  await refused('content_type_wrong', () => ask('jwt'))
  await refused('content_encoding_wrong', () => ask('gzip'))
  await refused('json_malformed', () => ask('broken'))
  await refused('json_malformed', () => ask('latin'))
  await refused('status_unexpected', () => ask('error'))
  await refused('status_unexpected', () => ask('created'))
  await refused('status_unexpected', () => ask('nothing'))
  await refused('unreachable', () => ask('cut'))
  await refused('unreachable', () => ask('silent'))
  assert.deepEqual(await ask('jwks'), { keys: [] })
  assert.deepEqual(await ask('identity'), {})
})

test('the media types can be named', async () => {
  const { gate } = aGate()
  const strange = { accept: ['application/vnd.strange+json'] }
  assert.deepEqual(await gate.fetchJson('https://keys.example.com/jwt', strange), { strange: 1 })
  assert.equal(seen.at(-1)?.headers.accept, 'application/vnd.strange+json')
  await refused('content_type_wrong', () => gate.fetchJson('https://keys.example.com/good', strange))
})

test('nobody there is one named refusal', async () => {
  const { gate } = aGate({ dial: (options) => connect({ ...options, host: '127.0.0.1', port: 1 }) })
  await refused('unreachable', () => gate.fetchJson('https://keys.example.com/good?secret'))
})

test('[AS-REG-07] so many at once, so many waiting, and no more', async () => {
  const { gate } = aGate({ running: 2, waiting: 1 })
  const url = 'https://keys.example.com/held'
  held.length = 0
  const under = [gate.fetchJson(url), gate.fetchJson(url), gate.fetchJson(url)]
  await refused('busy', () => gate.fetchJson('https://keys.example.com/good?secret'))
  while (held.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  const before = connections
  for (const response of held.splice(0)) response.writeHead(200, json).end('[]')
  assert.deepEqual(await Promise.all(under.slice(0, 2)), [[], []])
  while (held.length < 1) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(connections, before + 1)
  for (const response of held) response.writeHead(200, json).end('[1]')
  assert.deepEqual(await under[2], [1])
  assert.deepEqual(await gate.fetchJson('https://keys.example.com/good'), { ok: true })
})

test('[AS-REG-07] a look-up that outlives its request keeps its slot, so that slow ones do not pile up', async () => {
  const settle: ((addresses: readonly string[]) => void)[] = []
  const resolve = () => new Promise<readonly string[]>((done) => settle.push(done))
  const { gate } = aGate({ timeoutMs: 200, running: 1, waiting: 0, resolve })
  await refused('timed_out', () => gate.fetchJson('https://keys.example.com/good'))
  await refused('busy', () => gate.fetchJson('https://keys.example.com/good'))
  assert.equal(settle.length, 1)
  settle[0]?.(['1.1.1.1'])
  await new Promise((done) => setImmediate(done))
  await refused('timed_out', () => gate.fetchJson('https://keys.example.com/good'))
  assert.equal(settle.length, 2)
})

test('a form is posted, and its status is the answer', async () => {
  const { gate } = aGate()
  posted.length = 0
  const form = [
    ['logout_token', 'a.b.c'],
    ['with space', 'ü&='],
  ] as const
  assert.deepEqual(await gate.postForm('https://keys.example.com/form', form), { status: 204 })
  assert.equal(posted.join(''), 'logout_token=a.b.c&with+space=%C3%BC%26%3D')
  const request = seen.at(-1)
  assert.equal(request?.headers['content-type'], 'application/x-www-form-urlencoded')
  assert.equal(request.headers['content-length'], String(posted.join('').length))
  assert.equal(request.headers['transfer-encoding'], undefined)
  for (const [path, status] of Object.entries({ good: 200, error: 500, endless: 200, cut: 200, gzip: 200 })) {
    assert.deepEqual(await gate.postForm(`https://keys.example.com/${path}`, []), { status }, path)
  }
  await refused('unreachable', () => gate.postForm('https://keys.example.com/silent?secret', []))
})

test('a gate needs bounds that bound', () => {
  for (const bound of [0, -1, 1.5, Number.NaN, Infinity]) {
    assert.throws(() => aGate({ timeoutMs: bound }), RangeError)
    assert.throws(() => aGate({ maxBytes: bound }), RangeError)
    assert.throws(() => aGate({ running: bound }), RangeError)
  }
})

test('any request: method, fields and body arrive, and any status is an answer', async () => {
  const { gate } = aGate()
  seen.length = 0
  const posted = await gate.fetch('https://keys.example.com/good', {
    method: 'POST',
    headers: { authorization: 'Basic eDp5', 'content-type': 'application/x-www-form-urlencoded' },
    body: 'a=%C3%A9',
  })
  assert.deepEqual([posted.status, await posted.json()], [200, { ok: true }])
  const [request] = seen
  assert.deepEqual(
    [request?.method, request?.headers.authorization, request?.headers['content-length']],
    ['POST', 'Basic eDp5', '8'],
  )
  const missing = await gate.fetch('https://keys.example.com/jwt', { method: 'GET', headers: {} })
  assert.deepEqual([missing.status, missing.headers.get('content-type')], [200, 'application/vnd.strange+json'])
})

test('any request is bounded like every other', async () => {
  const { gate } = aGate()
  const get = (path: string) => gate.fetch(`https://keys.example.com/${path}?secret`, { method: 'GET', headers: {} })
  await refused('redirected', () => get('redirect'))
  await refused('too_large', () => get('overfull'))
  await refused('too_large', () => get('endless'))
  const inside = aGate({ answers: [['10.0.0.1']] }).gate
  await refused('address_not_allowed', () =>
    inside.fetch('https://keys.example.com/secret', { method: 'GET', headers: {} }),
  )
})
