import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { test } from 'node:test'
import { aCommandLine, failed, printed } from './running.test-support.ts'

const { directory, run, serving } = await aCommandLine()
const names = ['ca.pem', 'server.pem', 'server.key', 'client.pem', 'client.key']

function statusOf(
  url: string,
  pem: { ca: Buffer; cert?: Buffer; key?: Buffer },
  form?: string,
): Promise<number | undefined> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const posted = form === undefined ? {} : { method: 'POST', headers }
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...pem, ...posted, agent: false }, (incoming) => {
      incoming.resume().on('end', () => resolve(incoming.statusCode))
    })
    outgoing.on('error', reject).end(form)
  })
}

/** The client of the made certificate is registered by its name, and obtains a token with it and with nothing less. */
async function authenticatesByCertificate(origin: string, at: (name: string) => string): Promise<void> {
  const read = (name: string) => readFileSync(at(name))
  const { subject } = new X509Certificate(read('client.pem'))
  const metadata = {
    client_name: 'By certificate',
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_subject_dn: subject.split('\n').toReversed().join(','),
    grant_types: ['client_credentials'],
    scope: 'accounts',
  }
  writeFileSync(at('client.json'), JSON.stringify(metadata))
  const added = printed(
    await run(['client', 'add', '--config', at('strongroom.yaml'), '--from', at('client.json'), '--json']),
  )
  assert.equal(added.tls_client_certificate_bound_access_tokens, true)
  const body = `grant_type=client_credentials&client_id=${String(added.client_id)}`
  const ca = read('ca.pem')
  const token = (credentials: object) => statusOf(`${origin}/token`, { ca, ...credentials }, body)
  assert.equal(await token({}), 401)
  assert.equal(await token({ cert: read('client.pem'), key: read('client.key') }), 200)
}

test('config validate reads certificates, keys and trust anchors, and tells of each what is wrong', async () => {
  printed(await run(['init', 'files', '--tls', '--json']))
  const at = (name: string) => join(directory, 'files', name)
  const looked = ['config', 'validate', '--json', '--config', at('strongroom.yaml')]
  rmSync(at('ca.pem'))
  const spoilt = await run([...looked, '--set', 'listen.tls.certificate=none.pem', '--set', 'mtls.tls.key=client.key'])
  assert.equal(spoilt.code, 2)
  assert.deepEqual(JSON.parse(spoilt.stdout), {
    valid: false,
    problems: [
      'listen.tls: none.pem: cannot be read',
      'mtls.tls: server.pem: no certificate that fits the key in client.key',
      'clientCertificates.trustAnchors: ca.pem: the trust anchors cannot be read',
    ],
  })
})

test('init --tls makes what a server with TLS of its own needs, and keeps what is there', async () => {
  const made = printed(await run(['init', 'secure', '--tls', '--json']))
  assert.deepEqual(made.tls, { outcome: 'made', files: names.map((name) => join('secure', name)) })
  const at = (name: string) => join(directory, 'secure', name)
  const read = (name: string) => readFileSync(at(name))
  for (const name of ['server.key', 'client.key']) assert.equal(statSync(at(name)).mode & 0o777, 0o600)
  const configuration = read('strongroom.yaml').toString()
  assert.match(configuration, /^issuer: https:\/\/localhost:4400$/m)
  assert.equal(printed(await run(['config', 'validate', '--json', '--config', at('strongroom.yaml')])).valid, true)

  const running = await serving('--config', at('strongroom.yaml'), '--port', '0', '--set', 'mtls.port=0')
  assert.match(running.url, /^https:\/\/127\.0\.0\.1:\d+$/)
  const discovery = `${running.url}/.well-known/openid-configuration`
  const ca = read('ca.pem')
  assert.equal(await statusOf(discovery, { ca }), 200)
  assert.equal(await statusOf(discovery, { ca, cert: read('client.pem'), key: read('client.key') }), 200)
  await authenticatesByCertificate(running.mtlsUrl, at)

  rmSync(at('strongroom.yaml'))
  assert.equal(printed(await run(['init', 'secure', '--tls', '--json'])).tls.outcome, 'kept')
  assert.deepEqual(read('ca.pem'), ca)
  rmSync(at('strongroom.yaml'))
  rmSync(at('client.key'))
  failed(await run(['init', 'secure', '--tls']), 2, /secure\/client\.key is missing beside files it belongs to/)
  const { code, stdout } = await run(['init', 'secure', '--tls', '--force'])
  assert.equal(code, 0)
  assert.match(stdout, /^wrote {2}secure\/client\.key {2}\(secret, mode 0600\)$/m)
  assert.match(stdout, /NODE_EXTRA_CA_CERTS=secure\/ca\.pem/)
  assert.notDeepEqual(read('ca.pem'), ca)
})

test('without --tls the sections are comments that say the same', async () => {
  const plain = readFileSync(join(directory, 'strongroom.yaml'), 'utf8')
  assert.match(plain, /^issuer: http:\/\/localhost/m)
  for (const line of [
    '#   tls:',
    '#     certificate: server.pem',
    '# clientCertificates:',
    '#   trustAnchors: [ca.pem]',
  ]) {
    assert.ok(plain.split('\n').includes(line), `${line}\n${plain}`)
  }
})

test('a server whose certificate cannot be used does not start, and says so in one line', async () => {
  printed(await run(['init', 'broken', '--tls', '--json']))
  const config = join(directory, 'broken', 'strongroom.yaml')
  writeFileSync(join(directory, 'broken', 'ca.pem'), 'nothing')
  failed(await run(['serve', '--config', config, '--port', '0']), 2, /ca\.pem: there must be PEM certificates/)
  rmSync(join(directory, 'broken', 'server.key'))
  const anchors = 'clientCertificates={"trustAnchors":[]}'
  failed(await run(['serve', '--config', config, '--port', '0', '--set', anchors]), 2, /server\.key: cannot be read/)
})
