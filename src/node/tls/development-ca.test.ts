import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connect } from 'node:tls'
import { parseDistinguishedName } from '../../core/distinguished-name.ts'
import { listen } from '../listener.ts'
import { random, systemClock } from '../runtime.ts'
import { parseClientCertificate } from './certificates.ts'
import { DevelopmentCaIncomplete, developmentFiles, makeDevelopmentCa } from './development-ca.ts'
import { openTrustAnchors } from './trust-anchors.ts'

const directory = mkdtempSync(join(tmpdir(), 'strongroom-ca-'))
after(() => rmSync(directory, { recursive: true }))

const path = (name: keyof typeof developmentFiles) => join(directory, developmentFiles[name])
const read = (name: keyof typeof developmentFiles) => readFileSync(path(name), 'utf8')
const clientSubject = parseDistinguishedName('CN=app,O=Example\\, Inc.')
const make = (existing: 'keep' | 'replace') =>
  makeDevelopmentCa({ directory, clientSubject, existing, clock: systemClock, random })

test('the certificates work together: the name is checked, the client is trusted', async () => {
  assert.deepEqual(make('keep').outcome, 'made')
  const [ca, server, client] = (['ca', 'serverCertificate', 'clientCertificate'] as const).map(
    (name) => new X509Certificate(read(name)),
  )
  assert.ok(ca && server && client)
  assert.ok(ca.ca && !server.ca && !client.ca)
  assert.ok(server.verify(ca.publicKey) && server.checkIssued(ca) && client.checkIssued(ca))
  assert.equal(server.checkHost('localhost'), 'localhost')
  assert.equal(server.checkIP('127.0.0.1'), '127.0.0.1')
  assert.equal(server.checkIP('::1'), '::1')
  assert.ok(server.validToDate.getTime() - server.validFromDate.getTime() < 398 * 86_400_000)

  const anchors = await openTrustAnchors({ source: { files: [path('ca')] } })
  const tls = { certificate: path('serverCertificate'), key: path('serverKey') }
  const verdicts: unknown[] = []
  const listener = await listen(
    async (_, { certificate }) => {
      verdicts.push(certificate?.subject, certificate && (await anchors.judge(certificate, systemClock())))
      return new Response()
    },
    { host: 'localhost', port: 0, tls: { ...tls, minVersion: 'TLSv1.3', clientCertificates: 'requested' } },
  )
  await new Promise<void>((resolve, reject) => {
    const pem = { ca: read('ca'), cert: read('clientCertificate'), key: read('clientKey') }
    const socket = connect({ port: listener.port, host: '127.0.0.1', servername: 'localhost', ...pem })
    socket.on('error', reject).on('end', resolve).resume()
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
  })
  await listener.close()
  assert.deepEqual(verdicts, [clientSubject, 'trusted'])
  const parsed = parseClientCertificate([new X509Certificate(read('serverCertificate')).raw])
  assert.equal(await anchors.judge(parsed, systemClock()), 'not_for_clients')
})

test('keys are private, and files that are there stay unless they are to be replaced', () => {
  for (const key of ['serverKey', 'clientKey'] as const) assert.equal(statSync(path(key)).mode & 0o777, 0o600)
  const [ca, key] = [read('ca'), read('serverKey')]
  assert.equal(make('keep').outcome, 'kept')
  assert.deepEqual([read('ca'), read('serverKey')], [ca, key])
  rmSync(path('clientKey'))
  assert.throws(
    () => make('keep'),
    (error) => error instanceof DevelopmentCaIncomplete && /client\.key is missing/.test(error.message),
  )
  assert.equal(read('ca'), ca)
  assert.equal(make('replace').outcome, 'made')
  assert.notEqual(read('ca'), ca)
  assert.equal(statSync(path('clientKey')).mode & 0o777, 0o600)
})
