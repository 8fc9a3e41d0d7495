import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import { aParty } from '../flow/parties.ts'
import { type Draw, drawFor } from '../fuzz/draw.ts'
import { anyText, mutatedBytes, mutatedText } from '../fuzz/mutate.ts'
import { forms, paths } from '../fuzz/samples.ts'
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

const seed = 20_261_122

/** The inputs of one test; what an assertion says of one of them, it says with its number. */
async function each<Input>(
  name: string,
  count: number,
  make: (draw: Draw) => Input,
  feed: (input: Input) => Promise<void>,
) {
  for (let index = 0; index < count; index += 1) {
    const input = make(drawFor(seed, name, index))
    try {
      await feed(input)
    } catch (cause) {
      throw new Error(`${name}, seed ${seed}, case ${index}: ${inspect(input)}`, { cause })
    }
  }
}

const aRequest = latin1('POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nDPoP: a.b.c\r\n\r\na=b')

test('[AL-15, NET-07] random bytes on the socket: no 500, and everything still answers', async () => {
  const someBytes = (draw: Draw) => mutatedBytes(draw, [aRequest])
  await each('bytes on the socket', 20, someBytes, async (bytes) => {
    for (const port of ports()) {
      const statuses = await speak(port, bytes)
      assert.ok(
        statuses.every((status) => status < 500),
        String(statuses),
      )
    }
  })
  await assertUnharmed()
})

const endpoints = [
  '/par',
  '/token',
  '/authorize',
  '/userinfo',
  '/introspect',
  '/revoke',
  '/interactions/decide',
  '/logout',
  '/jwks',
  '/interaction/AAAAAAAAAAAAAAAAAAAAAA/sign-in',
  '/.well-known/openid-configuration',
  ...paths,
]

const methods = ['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'TRACE', 'PATCH', 'DELETE', 'QUERY']

const headerLines = [
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
  'Client-Cert: :AAAA:',
  'Origin: null',
  'Sec-Fetch-Site: cross-site',
  'Transfer-Encoding: chunked',
  'Expect: 100-continue',
]

/** A request as it stands on the wire, most of it well-formed enough to reach a handler. */
function aWholeRequest(draw: Draw): string {
  const body = draw.once(4) ? anyText(draw) : mutatedText(draw, forms)
  const query = draw.once(2)
    ? ''
    : `?${mutatedText(draw, ['access_token=x', 'client_id=a&client_id=b', 'request_uri=%'])}`
  const lines = draw.some(5, () => (draw.once(3) ? mutatedText(draw, headerLines) : draw.pick(headerLines)))
  const length = lines.some((line) => line.startsWith('Transfer')) ? [] : [`Content-Length: ${body.length}`]
  const target = `${draw.pick(endpoints)}${query}`.replaceAll(/[^\x21-\x7e]/g, '')
  const head = [
    `${draw.pick(methods)} ${target} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    ...lines.map((line) => line.replaceAll(/[\r\n]/g, '')),
    ...length,
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

test('[AL-15, AL-12] mutated requests at every path and method: no 500, and everything still answers', async () => {
  await each('requests on the socket', 150, aWholeRequest, async (text) => {
    for (const port of ports()) {
      const statuses = await speak(port, latin1(text))
      assert.ok(
        statuses.every((status) => status !== 500),
        String(statuses),
      )
    }
  })
  await assertUnharmed()
})
