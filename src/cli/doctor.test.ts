import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { isJsonObject } from '../core/names.ts'
import { aCommandLine, failed, freePort, printed } from './running.test-support.ts'

const { directory, port, run, serving } = await aCommandLine()

test('doctor finds nothing bad about a server that runs as it was configured', async () => {
  await serving()
  const examined = await run(['doctor', '--json'])
  const { good, findings } = JSON.parse(examined.stdout)
  assert.ok(Array.isArray(findings) && findings.length > 10)
  assert.equal(good, true, JSON.stringify(findings.filter((one) => isJsonObject(one) && one['verdict'] === 'bad')))
  const { code, stdout } = await run(['doctor', '--url', `http://localhost:${port}`])
  assert.equal(code, 0)
  assert.match(stdout, /^✔ {2}metadata {2}\/\.well-known\/openid-configuration names the issuer$/m)
  assert.match(stdout, /^! plain http: development on this machine only$/m)
})

test('doctor says so when nothing answers, when TLS is not trusted, and exits 3 for what is bad', async () => {
  failed(await run(['doctor', '--url', `http://127.0.0.1:${port}`]), 4, /: unreachable: nothing listens there$/m)
  failed(await run(['doctor', '--url', 'ftp://x']), 2, /no issuer identifier/)
  await serving()
  const { code, stdout } = await run(['doctor', '--url', `http://127.0.0.1:${port}`, '--json'])
  assert.equal(code, 3)
  assert.match(stdout, /names another issuer/)
})

test('doctor looks through TLS with the authority it is told of', async () => {
  printed(await run(['init', 'secure', '--tls', '--json']))
  const config = join(directory, 'secure', 'strongroom.yaml')
  const mtlsPort = await freePort()
  const own = [
    '--config',
    config,
    '--set',
    `issuer=https://localhost:${port}`,
    '--set',
    `mtls.url=https://localhost:${mtlsPort}`,
    '--set',
    `mtls.port=${mtlsPort}`,
  ]
  await serving(...own, '--port', String(port))
  const ca = join(directory, 'secure', 'ca.pem')
  const looked = printed(await run(['doctor', ...own, '--ca', ca, '--json']))
  assert.equal(looked.good, true, JSON.stringify(looked))
  failed(await run(['doctor', ...own]), 4, /: unreachable: its certificate leads to no authority .*--ca names another/)
  failed(await run(['doctor', ...own, '--ca', config]), 2, /--ca holds no certificate/)
})

test('[AL-21] what another server says cannot write to the terminal of whoever looks at it', async () => {
  const strange = '\u001b]0;gone\u0007\u009b2J\u202e'
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ [`${strange}_endpoint`]: 1 }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  try {
    for (const more of [[], ['--json']]) {
      const { code, stdout, stderr } = await run(['doctor', '--url', url, ...more])
      assert.equal(code, 3)
      assert.match(stdout, /an endpoint is on another origin/)
      assert.doesNotMatch(stdout + stderr, /(?!\n)[\p{Cc}\p{Cf}]/u)
      // JSON tells it whole, in a spelling that does nothing.
      if (more.length > 0) assert.ok(JSON.stringify(JSON.parse(stdout)).includes('\u202e'))
    }
  } finally {
    server.close()
  }
})
