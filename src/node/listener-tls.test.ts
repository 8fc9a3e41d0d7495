import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { observed } from '../../test/observations.ts'
import { connect, type ConnectionOptions, type SecureVersion, type TLSSocket } from 'node:tls'
import type { Handler } from '../core/ports.ts'
import { type Listener, listen, type ListenOptions } from './listener.ts'
import { alternativeNames, extension } from './tls/make-certificate.ts'
import { aCa, aClient, aRoot, type Party } from './tls/pki.test-support.ts'
import { parseClientCertificate } from './tls/certificates.ts'
import { ServerCertificateUnavailable, type ServerTls } from './tls/server-certificate.ts'

const directory = mkdtempSync(join(tmpdir(), 'strongroom-tls-'))
after(() => rmSync(directory, { recursive: true }))

const times = { notBefore: 0, notAfter: 4_000_000_000 }
const root = aRoot(times)
const names = [alternativeNames('localhost', Uint8Array.of(127, 0, 0, 1))]
const aServer = (keys = generateKeyPairSync('rsa', { modulusLength: 2048 })) =>
  aClient(root, { ...times, name: 'CN=localhost', keys, extensions: names })

let files = 0
function written({ pem, keyPem }: Party, mode = 0o600): Pick<ServerTls, 'certificate' | 'key'> {
  files += 1
  const [certificate, key] = [join(directory, `${files}.pem`), join(directory, `${files}.key`)]
  writeFileSync(certificate, pem)
  writeFileSync(key, keyPem, { mode })
  return { certificate, key }
}

const tls12: ServerTls = { ...written(aServer()), minVersion: 'TLSv1.2', clientCertificates: 'requested' }
const tls13: ServerTls = { ...tls12, minVersion: 'TLSv1.3' }

/** Says what it was told about the peer, and every header it can see anywhere. */
const telling: Handler = async (request, { certificate, certificateTrouble, headers, peerAddress }) => {
  const seen = [...headers.map(([name]) => name), ...request.headers.keys()]
  return Response.json({ thumbprint: certificate?.thumbprint, trouble: certificateTrouble, seen, peerAddress })
}
type Told = { thumbprint?: string; trouble?: string; seen: string[]; peerAddress: string }

let everyday: Listener
let modern: Listener
const failures: unknown[] = []
before(async () => {
  everyday = await start({ tls: tls12 })
  modern = await start({ tls: tls13 })
})
const started: Listener[] = []
after(() => Promise.all(started.map((listener) => listener.close())))

async function start(options: Partial<ListenOptions>, handler = telling): Promise<Listener> {
  const onFailure = (cause: unknown) => failures.push(cause)
  const listener = await listen(handler, { host: '127.0.0.1', port: 0, drainMs: 200, onFailure, ...options })
  started.push(listener)
  return listener
}

function secure({ port }: Listener, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const host = { host: '127.0.0.1', port, servername: 'localhost', checkServerIdentity: () => undefined }
    const socket = connect({ ...host, ca: root.pem, ...options }, () => resolve(socket))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed')))
  })
}

/** One request on a socket, which is closed by it; rejects when there is no answer. */
async function ask(socket: TLSSocket, ...fields: readonly string[]): Promise<Told> {
  const lines = ['GET / HTTP/1.1', 'host: localhost', 'connection: close', ...fields, '', '']
  const answer = await new Promise<string>((resolve, reject) => {
    let text = ''
    socket.on('data', (data) => (text += data.toString()))
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
    socket.write(lines.join('\r\n'))
  })
  assert.match(answer, /^HTTP\/1\.1 200 /)
  return JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1))
}

const as = ({ pem, keyPem }: Party, ...issuers: readonly Party[]): ConnectionOptions => ({
  cert: pem + issuers.map((issuer) => issuer.pem).join(''),
  key: keyPem,
})
const thumbprintOf = ({ der }: Party) => parseClientCertificate([der]).thumbprint

async function assertServed(listener: Listener, options: ConnectionOptions = {}): Promise<Told> {
  return ask(await secure(listener, options))
}

test('[AS-MTLS-04] the certificate of the handshake is that of the connection, trusted or not', async () => {
  const intermediate = aCa(root)
  for (const listener of [everyday, modern]) {
    assert.match(listener.url, /^https:\/\/127\.0\.0\.1:\d+$/)
    for (const [client, ...issuers] of [
      [aClient(intermediate), intermediate],
      [aClient(root)],
      [aClient(undefined)],
      [aClient(aRoot({ name: 'CN=unknown' }))],
      [aClient(root, { notAfter: 1_000_000_000, notBefore: 900_000_000 })],
      [aClient(undefined, { keys: generateKeyPairSync('ed25519') })],
    ] as const) {
      const told = await assertServed(listener, as(client, ...issuers))
      assert.equal(told.thumbprint, thumbprintOf(client))
      assert.equal(told.trouble, undefined)
    }
    const without = await assertServed(listener)
    assert.deepEqual([without.thumbprint, without.trouble], [undefined, undefined])
  }
})

test('[AS-MTLS-01] the chain that was sent comes along, so that trust can be judged', async () => {
  const intermediate = aCa(root)
  const client = aClient(intermediate)
  let chain: readonly Uint8Array[] | undefined
  const listener = await start({ tls: tls13 }, async (request, connection) => {
    chain = connection.certificate?.chain
    return telling(request, connection)
  })
  await assertServed(listener, as(client, intermediate))
  await listener.close()
  assert.deepEqual(
    chain?.map((der) => Buffer.from(der)),
    [client.der, intermediate.der],
  )
})

test('[AS-MTLS-04] a certificate outside the profile is told from none', async () => {
  const twice = extension('1.2.3.4', 'informative', Uint8Array.of(5, 0))
  const told = await assertServed(everyday, as(aClient(root, { extensions: [twice, twice] })))
  assert.deepEqual([told.thumbprint, told.trouble], [undefined, 'malformed'])
  const client = aClient(root)
  assert.equal((await assertServed(everyday, as(client))).thumbprint, thumbprintOf(client))
})

async function assertHandshakeFails(listener: Listener, options: ConnectionOptions, code: RegExp) {
  await assert.rejects(secure(listener, options), (error: NodeJS.ErrnoException) =>
    code.test(`${error.code} ${error.message}`),
  )
  await assertServed(listener)
}

test('[NET-01] TLS 1.0 and 1.1 are refused, and 1.2 where 1.3 is the least', async () => {
  const version = (only: SecureVersion) => ({ minVersion: only, maxVersion: only, ciphers: 'DEFAULT@SECLEVEL=0' })
  for (const old of ['TLSv1', 'TLSv1.1'] as const) {
    await assertHandshakeFails(everyday, version(old), /alert protocol version/i)
    await assertHandshakeFails(modern, version(old), /alert protocol version/i)
  }
  await assertHandshakeFails(modern, version('TLSv1.2'), /alert protocol version/i)
  observed('NET-01', 'the handshake of TLS 1.0 and 1.1 failed')
  await assertServed(everyday, version('TLSv1.2'))
})

test('[NET-02] under TLS 1.2 only forward secrecy with AES-GCM is taken', async () => {
  const only = (ciphers: string) => ({ maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` }) as const
  for (const suite of [
    'AES128-SHA',
    'AES128-SHA256',
    'AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-SHA',
    'ECDHE-RSA-AES128-SHA256',
    'ECDHE-RSA-CHACHA20-POLY1305',
    'DHE-RSA-AES128-GCM-SHA256',
    'DHE-RSA-AES256-SHA',
  ]) {
    await assertHandshakeFails(everyday, only(suite), /alert handshake failure/i)
  }
  observed('NET-02', 'the handshake with every other suite failed')
  for (const suite of ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384']) {
    const socket = await secure(everyday, only(suite))
    assert.equal(socket.getCipher().name, suite)
    await ask(socket)
  }
})

test('HTTP/1.1 is what is spoken, and every name is served the same certificate', async () => {
  const socket = await secure(modern, { ALPNProtocols: ['h2', 'http/1.1'], servername: 'elsewhere.example' })
  assert.equal(socket.alpnProtocol, 'http/1.1')
  assert.equal(socket.getPeerCertificate().subject.CN, 'localhost')
  await ask(socket)
  await assertHandshakeFails(modern, { ALPNProtocols: ['h2'] }, /no application protocol/i)
})

/** The last session a server offered on this connection, after one request. */
async function sessionOf(listener: Listener, options: ConnectionOptions): Promise<Buffer | undefined> {
  const socket = await secure(listener, options)
  let session = options.maxVersion === 'TLSv1.2' ? socket.getSession() : undefined
  socket.on('session', (offered) => (session = offered))
  await ask(socket)
  return session
}

test('[RS-MTLS-01] no session is resumed, so that no certificate comes from an earlier handshake', async () => {
  const [one, other] = [aClient(root), aClient(root, { name: 'CN=other' })]
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const session = await sessionOf(everyday, { ...as(one), maxVersion })
    for (const [options, expected] of [
      [{}, undefined],
      [as(other), thumbprintOf(other)],
      [as(one), thumbprintOf(one)],
    ] as const) {
      const socket = await secure(everyday, { ...options, maxVersion, ...(session === undefined ? {} : { session }) })
      assert.equal(socket.isSessionReused(), false)
      assert.equal((await ask(socket)).thumbprint, expected)
    }
  }
})

test('[RS-MTLS-01] nothing is renegotiated under TLS 1.2', async () => {
  const socket = await secure(everyday, { maxVersion: 'TLSv1.2' })
  const outcome = await new Promise<string>((resolve) => {
    socket.on('error', (error) => resolve(String(error)))
    socket.on('close', () => resolve('closed'))
    socket.renegotiate({}, (error) => resolve(error === null ? 'renegotiated' : String(error)))
  })
  assert.notEqual(outcome, 'renegotiated')
  socket.destroy()
  await assertServed(everyday, { maxVersion: 'TLSv1.2' })
})

test('handshakes that never end are cut off, and do not hold up closing', async () => {
  const listener = await start({ tls: tls13, handshakeMs: 150 })
  const cutOff = (bytes: Buffer) =>
    new Promise<string>((resolve) => {
      let answer = ''
      const socket = connectTcp(listener.port, '127.0.0.1', () => socket.write(bytes))
      socket.on('data', (data) => (answer += data.toString('latin1')))
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(answer))
    })
  const hello = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
  const answers = await Promise.all([
    cutOff(Buffer.alloc(0)),
    cutOff(hello),
    cutOff(Buffer.from('GET / HTTP/1.1\r\n\r\n')),
  ])
  for (const answer of answers) assert.doesNotMatch(answer, /HTTP/)
  await assertServed(listener)
  await listener.close()

  const slow = await start({ tls: tls13, drainMs: 50 })
  const pending = connectTcp(slow.port, '127.0.0.1')
  pending.on('error', () => undefined)
  const gone = new Promise((resolve) => pending.once('close', resolve))
  await new Promise((resolve) => pending.once('connect', resolve))
  await slow.close()
  await gone
  assert.ok(pending.destroyed)
})

test('[AS-MTLS-05] where TLS ends here no header speaks for a certificate, with a real one or without', async () => {
  const [client, victim] = [aClient(root), aClient(root, { name: 'CN=victim' })]
  const certificateHeader = { adapter: 'rfc9440', peers: ['127.0.0.1'] } as const
  const believing = await start({ tls: tls13, certificateHeader })
  const forged = `client-cert: :${Buffer.from(victim.der).toString('base64')}:`
  for (const listener of [modern, believing]) {
    const bare = await ask(await secure(listener), forged)
    assert.deepEqual([bare.thumbprint, bare.trouble], [undefined, 'header_from_unlisted_peer'])
    const real = await ask(await secure(listener, as(client)), forged)
    assert.deepEqual([real.thumbprint, real.trouble], [thumbprintOf(client), undefined])
    for (const { seen } of [bare, real]) assert.ok(!seen.includes('client-cert'))
  }
  await believing.close()
})

test('certificate and key are read again without a restart; what does not fit changes nothing', async () => {
  const [first, second] = [aServer(), aServer()]
  const paths = written(first)
  const listener = await start({ tls: { ...tls13, ...paths } })
  const shown = async () => {
    const socket = await secure(listener)
    const { raw } = socket.getPeerCertificate()
    await ask(socket)
    return raw
  }
  const kept = await secure(listener)
  assert.deepEqual(await shown(), first.der)
  const before = failures.length
  writeFileSync(paths.certificate, second.pem)
  await listener.reload()
  await listener.reload()
  assert.deepEqual(await shown(), first.der, 'the key is still the old one')
  assert.equal(failures.length, before + 1)
  assert.match(String(failures.at(-1)), /^ServerCertificateUnavailable: \d+\.pem: no certificate that fits the key/)
  writeFileSync(paths.key, second.keyPem)
  await listener.reload()
  assert.deepEqual(await shown(), second.der)
  const client = aClient(root)
  assert.equal((await assertServed(listener, as(client))).thumbprint, thumbprintOf(client), 'still asked for')
  await assertHandshakeFails(listener, { maxVersion: 'TLSv1.2' }, /protocol version/i)
  await ask(kept)
  await listener.close()
})

test('a certificate or key that cannot be used is one named line', async () => {
  const good = written(aServer())
  const failing = (files: Partial<ServerTls>, line: RegExp) =>
    assert.rejects(start({ tls: { ...tls13, ...good, ...files } }), (error) => {
      assert.ok(error instanceof ServerCertificateUnavailable)
      assert.match(error.message, line)
      assert.doesNotMatch(error.message, /\n|PRIVATE|strongroom-tls/)
      return true
    })
  await failing({ key: join(directory, 'none.key') }, /^none\.key: cannot be read$/)
  await failing({ key: written(aServer()).key }, /\.pem: no certificate that fits the key in \d+\.key$/)
  await failing({ certificate: good.key }, /\.key: no certificate that fits/)
  chmodSync(good.key, 0o644)
  await failing({}, /^\d+\.key: everybody on this machine can read the key: make it mode 0600$/)
  chmodSync(good.key, 0o640)
  const listener = await start({ tls: { ...tls13, ...good } })
  await listener.close()
})
