import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { aParty } from '../flow/parties.ts'
import { type Running, startRunning } from './running.ts'

let running: Running

before(async () => {
  running = await startRunning(aParty('ES256'))
})

after(() => running.close())

/** Sends bytes to a port and gives the status lines that came back before the peer closed or fell silent. */
function speak(origin: string, bytes: Uint8Array): Promise<readonly number[]> {
  const { port } = new URL(origin)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect({ host: '127.0.0.1', port: Number(port) })
    const done = () => {
      socket.destroy()
      const text = Buffer.concat(chunks).toString('latin1')
      resolve([...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)))
    }
    socket.setTimeout(150, done)
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('close', done)
    socket.on('error', done)
    socket.write(bytes)
  })
}

/** Afterwards everything is as it was: both answer, and no bug showed. */
async function assertUnharmed(): Promise<void> {
  const metadata = await fetch(`${running.issuer}/.well-known/openid-configuration`)
  assert.equal(metadata.status, 200)
  const api = await fetch(new URL('/accounts', running.api))
  assert.equal(api.status, 401)
  assert.deepEqual(
    running.events.filter(({ outcome }) => outcome === 'failed').map(({ cause }) => cause),
    [],
  )
}

const ports = () => [running.issuer, running.api]
const latin1 = (text: string) => Buffer.from(text, 'latin1')

test('[AL-15, NET-07] random bytes on the socket: no 500, and everything still answers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (bytes) => {
      for (const port of ports()) {
        const statuses = await speak(port, bytes)
        assert.ok(
          statuses.every((status) => status < 500),
          String(statuses),
        )
      }
    }),
    { numRuns: 20, seed: 20_261_122 },
  )
  await assertUnharmed()
})

const paths = [
  '/par',
  '/token',
  '/authorize',
  '/userinfo',
  '/jwks',
  '/interaction/x',
  '/interaction/AAAAAAAAAAAAAAAAAAAAAA/sign-in',
  '/interaction/AAAAAAAAAAAAAAAAAAAAAA/consent',
  '/accounts',
  '/.well-known/openid-configuration',
  '/.well-known/oauth-protected-resource',
  '/%2e%2e/par',
  '//token',
  '/token;x',
  '*',
  'http://evil.test/token',
]

const methods = ['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'TRACE', 'PATCH', 'DELETE', 'QUERY']

const headerLines = fc.array(
  fc.oneof(
    fc.constantFrom(
      'Content-Type: application/x-www-form-urlencoded',
      'Content-Type: application/json',
      'Content-Type: application/x-www-form-urlencoded; charset=utf-7',
      'Content-Encoding: gzip',
      'Authorization: DPoP x',
      'Authorization: Bearer a.b.c',
      'Authorization: Basic %%%',
      'DPoP: a.b.c',
      'DPoP: ,',
      'Cookie: strongroom-browser=; strongroom-session=%ZZ; =; a=b=c',
      'Host: evil.test',
      'X-Forwarded-Host: evil.test',
      'Origin: null',
      'Sec-Fetch-Site: cross-site',
      'Transfer-Encoding: chunked',
      'Expect: 100-continue',
    ),
    fc
      .tuple(fc.stringMatching(/^[A-Za-z-]{1,12}$/), fc.string({ maxLength: 60, unit: 'binary-ascii' }))
      .map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n\0]/g, '')}`),
  ),
  { maxLength: 5 },
)

const bodies = fc.oneof(
  fc.string({ maxLength: 200, unit: 'binary-ascii' }),
  fc.constantFrom(
    'grant_type=authorization_code&grant_type=client_credentials',
    '__proto__=x&constructor=y&a[__proto__][x]=1',
    'client_assertion=%',
    'code=%00&scope=%F0%9F%92%A9&resource=a&resource=b',
    `scope=${'a+'.repeat(3000)}`,
    '&'.repeat(500),
    'a=1;b=2',
  ),
)

test('[AL-15, AL-12] mutated requests at every path and method: no 500, and everything still answers', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...methods),
      fc.constantFrom(...paths),
      fc.constantFrom('', '?', '?a', '?access_token=x', '?client_id=a&client_id=b', '?request_uri=%', '?%61=%zz'),
      headerLines,
      bodies,
      async (method, path, query, headers, body) => {
        const length = headers.some((line) => line.startsWith('Transfer')) ? [] : [`Content-Length: ${body.length}`]
        const head = [
          `${method} ${path}${query} HTTP/1.1`,
          'Host: localhost',
          'Connection: close',
          ...headers,
          ...length,
        ]
        for (const port of ports()) {
          const statuses = await speak(port, latin1(`${head.join('\r\n')}\r\n\r\n${body}`))
          assert.ok(
            statuses.every((status) => status !== 500),
            `${head.join('\n')}\n\n${body}\n${String(statuses)}`,
          )
        }
      },
    ),
    { numRuns: 150, seed: 20_261_123 },
  )
  await assertUnharmed()
})
