/** A Hono app behind the guard, on a real socket, with a real issuer. */
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import assert from 'node:assert/strict'
import { createServer, request as httpRequest, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { after, before, test } from 'node:test'
import { observeAnswer } from '../../../test/observations.ts'
import { type JsonObject, numericDate } from '../../core/names.ts'
import type { AuditEvent } from '../../core/ports.ts'
import { createMac, systemClock } from '../../node/runtime.ts'
import { aWorld, bankPolicy, clientKey, issuerKey, publicJwk } from '../fixtures.test-support.ts'
import { createGuard, type Guard } from '../guard.ts'
import { parseGuardPolicy } from '../policy.ts'
import { connectionOf, type GuardEnv, honoGuard } from './hono.ts'
import { nodeGuardPorts } from './node.ts'

const events: AuditEvent[] = []
const seen: string[] = []
const open: Server[] = []
let issuerUrl = ''
let port = 0
let guard: Guard
let world: ReturnType<typeof aWorld>

before(async () => {
  const issuerServer = createServer((incoming, outgoing) => {
    const documents: Record<string, unknown> = {
      '/.well-known/openid-configuration': { issuer: issuerUrl, jwks_uri: `${issuerUrl}/jwks` },
      '/jwks': { keys: [publicJwk(issuerKey)] },
    }
    const document = documents[incoming.url ?? '']
    outgoing.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' })
    outgoing.end(JSON.stringify(document ?? {}))
  })
  issuerUrl = `http://127.0.0.1:${await listening(issuerServer)}`

  const policy = parseGuardPolicy({ ...bankPolicy, issuers: [issuerUrl] })
  const mac = createMac()
  const audit = (event: AuditEvent) => events.push(event)
  guard = createGuard(policy, { ...nodeGuardPorts({ issuers: policy.issuers, audit }), mac })
  world = aWorld({ policy, ports: { mac } })
  world.time.now = numericDate(systemClock())
  port = await serve(bankApp(honoGuard(guard)))
})

after(() => {
  for (const server of open) server.close()
})

function bankApp(middleware: ReturnType<typeof honoGuard>) {
  const app = new Hono<GuardEnv>()
  app.use(middleware)
  app.get('/accounts', (c) => {
    seen.push(c.req.path)
    return c.json({ owner: c.get('access').token.subject }, 200, { 'cache-control': 'public, max-age=60' })
  })
  app.get('/accounts/:id', () => {
    throw new Error('a bug in the API')
  })
  // The headers of what `fetch` brings cannot be changed.
  app.get('/reports/*', () => fetch(`${issuerUrl}/jwks`))
  app.all('*', (c) => {
    seen.push(c.req.path)
    return c.text('the data of everybody')
  })
  return app
}

async function serve(app: Hono<GuardEnv>): Promise<number> {
  const server = createAdaptorServer({ fetch: app.fetch })
  assert.ok('closeAllConnections' in server)
  return listening(server)
}

async function listening(server: Server): Promise<number> {
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

type Answer = { status: number; headers: Headers; body: string }

/** One request as it is written, over a socket of its own. */
async function raw(lines: readonly string[], to = port): Promise<Answer> {
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect(to, '127.0.0.1', () => socket.write([...lines, 'connection: close', '', ''].join('\r\n')))
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => (received += chunk))
    socket.on('end', () => resolve(received))
    socket.on('error', reject)
  })
  const [head = '', ...body] = text.split('\r\n\r\n')
  const [statusLine = '', ...fields] = head.split('\r\n')
  const headers = new Headers(
    fields.map((field): [string, string] => [field.split(':')[0] ?? '', field.split(': ').slice(1).join(': ')]),
  )
  return { status: Number(statusLine.split(' ')[1]), headers, body: body.join('\r\n\r\n') }
}

async function credentials(target = '/accounts', claims: JsonObject = {}) {
  const token = await world.token({ iss: issuerUrl, scope: 'accounts reports', ...claims })
  const htu = `${bankPolicy.publicUrl}${target.split('?')[0] ?? ''}`
  return { token, proof: await world.proof(token, { htu }) }
}

async function goodLines(target = '/accounts'): Promise<string[]> {
  const { token, proof } = await credentials(target)
  return [`GET ${target} HTTP/1.1`, 'host: localhost', `authorization: DPoP ${token}`, `dpop: ${proof}`]
}

async function assertRefused(lines: readonly string[], status: number, rule: string) {
  const [before, calls] = [events.length, seen.length]
  const answer = await raw(lines)
  assert.equal(answer.status, status, answer.body)
  assert.deepEqual(
    events.slice(before).map((event) => event.rule),
    [rule],
  )
  assert.equal(seen.length, calls, 'the API must not be reached')
  observeAnswer({ ...answer, text: answer.body }, { rule, step: 'guard' })
  assert.ok(!answer.body.includes('everybody'))
  const control = await raw(await goodLines())
  assert.equal(control.status, 200, control.body)
  return answer
}

test('[RS-TOK-02] a good request reaches the API with the verdict, keys read from a real issuer', async () => {
  const answer = await raw(await goodLines('/accounts?page=2'))
  assert.equal(answer.status, 200)
  assert.deepEqual(JSON.parse(answer.body), { owner: 'alice' })
  assert.equal(answer.headers.get('dpop-nonce'), world.nonceFor(clientKey))
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  assert.match(answer.headers.get('x-fapi-interaction-id') ?? '', /^[0-9a-f-]{36}$/)
  assert.equal((await guard.ready()).issuers[0]?.keys, 'fresh')
})

test('authorization_repeated [RS-TOK-01] two Authorization headers on the wire, which req.headers would hide', async () => {
  const lines = await goodLines()
  const { token } = await credentials()
  for (const second of [`authorization: DPoP ${token}`, 'Authorization: Bearer x', 'AUTHORIZATION: Basic YTpi']) {
    await assertRefused([...lines, second], 400, 'authorization_repeated')
    await assertRefused([lines[0] ?? '', second, ...lines.slice(1)], 400, 'authorization_repeated')
  }
})

test('dpop_proof_repeated [RS-DPOP-01] two proofs on the wire', async () => {
  const lines = await goodLines()
  const { proof } = await credentials()
  await assertRefused([...lines, `DPoP: ${proof}`], 401, 'dpop_proof_repeated')
})

test('dpop_htu_mismatch [RS-DPOP-04] Host and forwarded headers have no effect', async () => {
  const spoofed = [
    'x-forwarded-host: evil.example',
    'x-forwarded-proto: http',
    'forwarded: host=evil.example',
    'x-original-url: /x',
  ]
  const [line = '', , ...rest] = await goodLines()
  assert.equal((await raw([line, 'host: evil.example', ...rest, ...spoofed])).status, 200)
  const { token } = await credentials()
  const proof = await world.proof(token, { htu: 'http://evil.example/accounts' })
  const lines = [line, 'host: evil.example', `authorization: DPoP ${token}`, `dpop: ${proof}`, ...spoofed]
  const answer = await assertRefused(lines, 401, 'dpop_htu_mismatch')
  assert.ok(!answer.body.includes('evil'))
  assert.ok(!(answer.headers.get('www-authenticate') ?? '').includes('evil'))
})

for (const target of [
  '//accounts',
  '/reports/../accounts',
  '/reports/..%2faccounts',
  '/reports/%2e%2e/accounts',
  '/accounts/%2e',
  '/accounts%2f7',
  '/accounts%00',
  '/accounts;x=1',
  '/%61ccounts',
  '/./accounts',
  'http://localhost/accounts',
]) {
  test(`path_ambiguous [RS-DPOP-04] ${target} on the wire`, async () => {
    const [, ...rest] = await goodLines()
    await assertRefused([`GET ${target} HTTP/1.1`, ...rest], 400, 'path_ambiguous')
  })
}

test('[RS-DPOP-04] a backslash does not get past the parser before the guard', async () => {
  const [, ...rest] = await goodLines()
  const before = seen.length
  assert.equal((await raw(['GET /accounts\\7 HTTP/1.1', ...rest])).status, 400)
  assert.equal(seen.length, before)
  assert.equal((await raw(await goodLines())).status, 200)
})

for (const method of ['HEAD', 'OPTIONS', 'POST', 'DELETE']) {
  test(`route_not_guarded [RS-TOK-05] ${method} on a route for GET`, async () => {
    const [, ...rest] = await goodLines()
    const extra = [
      'access-control-request-method: GET',
      'origin: https://app.example',
      'x-http-method-override: GET',
      'content-length: 0',
    ]
    await assertRefused([`${method} /accounts HTTP/1.1`, ...rest, ...extra], 404, 'route_not_guarded')
  })
}

test('access_token_missing [RS-ERR-01] no credentials on the wire, whatever the user agent says it is', async () => {
  const lines = ['GET /accounts HTTP/1.1', 'host: localhost', 'user-agent: kube-probe/1.30']
  const answer = await assertRefused(lines, 401, 'access_token_missing')
  assert.match(answer.headers.get('www-authenticate') ?? '', /^DPoP algs="ES256 PS256 EdDSA", resource_metadata="/)
})

test('access_token_missing [RS-TOK-01] a token in a form body is not read', async () => {
  const { token, proof } = await credentials('/payments')
  const body = `access_token=${token}`
  const lines = [
    'POST /payments HTTP/1.1',
    'host: localhost',
    `dpop: ${proof}`,
    'content-type: application/x-www-form-urlencoded',
    `content-length: ${body.length}`,
  ]
  const before = events.length
  const answer = await new Promise<Answer>((resolve) => {
    const outgoing = httpRequest(
      {
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/payments',
        headers: Object.fromEntries(lines.slice(1).map((line) => line.split(': ') as [string, string])),
      },
      (incoming) => {
        incoming
          .resume()
          .on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: new Headers(), body: '' }))
      },
    )
    outgoing.end(body)
  })
  assert.equal(answer.status, 401)
  assert.deepEqual(
    events.slice(before).map(({ rule }) => rule),
    ['access_token_missing'],
  )
  assert.equal((await raw(await goodLines())).status, 200)
})

test('dpop_replayed [RS-DPOP-07] the same request twice on the wire', async () => {
  const lines = await goodLines()
  assert.equal((await raw(lines)).status, 200)
  await assertRefused(lines, 401, 'dpop_replayed')
})

test('[RS-DPOP-08] headers are set also on a response from elsewhere, and on a failure of the API', async () => {
  // The clock is the real one, and may change the nonce between an answer and the look at it.
  const isCurrent = async (ask: () => ReturnType<typeof raw>) => {
    const before = world.nonceFor(clientKey)
    const answer = await ask()
    assert.ok([before, world.nonceFor(clientKey)].includes(answer.headers.get('dpop-nonce') ?? ''))
    return answer
  }
  const passedOn = await isCurrent(async () => raw(await goodLines('/reports/2026')))
  assert.equal(passedOn.status, 200)
  assert.equal(passedOn.headers.get('cache-control'), 'no-store')
  assert.ok(passedOn.body.includes('"keys"'))
  const failed = await isCurrent(async () => raw(await goodLines('/accounts/7')))
  assert.equal(failed.status, 500)
})

test('[RS-PRM-01] the metadata is served to anybody; Host and query change nothing', async () => {
  const path = '/.well-known/oauth-protected-resource/bank'
  for (const target of [path, `${path}?resource=https://evil.example`]) {
    const answer = await raw([`GET ${target} HTTP/1.1`, 'host: evil.example', 'x-forwarded-host: evil.example'])
    assert.equal(answer.status, 200)
    assert.deepEqual(JSON.parse(answer.body), guard.metadata())
    assert.ok(!answer.body.includes('evil'))
  }
  await assertRefused([`POST ${path} HTTP/1.1`, 'host: localhost', 'content-length: 0'], 404, 'route_not_guarded')
  await assertRefused(
    ['GET /.well-known/oauth-protected-resource HTTP/1.1', 'host: localhost'],
    404,
    'route_not_guarded',
  )
})

test('[RS-TOK-08] a guard that throws lets nobody through', async () => {
  const throwing: Guard = Object.assign(() => Promise.reject(new Error('the audit broke')), {
    metadata: () => ({}),
    wellKnown: () => undefined,
    ready: guard.ready,
  })
  const other = await serve(bankApp(honoGuard(throwing)))
  const before = seen.length
  assert.equal((await raw(await goodLines(), other)).status, 500)
  assert.equal(seen.length, before)
})

test('[RS-TOK-01] the connection may come from somewhere else', async () => {
  const app = bankApp(
    honoGuard(guard, { connection: ({ incoming }) => ({ ...connectionOf(incoming), target: '/nowhere' }) }),
  )
  const other = await serve(app)
  assert.equal((await raw(await goodLines(), other)).status, 400)
  assert.equal(events.at(-1)?.rule, 'path_ambiguous')
})
