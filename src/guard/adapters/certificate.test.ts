import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  type ClientRequest,
  createServer as createPlain,
  request as requestPlain,
  type RequestListener,
  type Server,
} from 'node:http'
import { createServer, request, type Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { GuardedConnection } from '../guard.ts'
import { parseClientCertificate } from '../../node/tls/certificates.ts'
import { aClient, aRoot } from '../../node/tls/pki.test-support.ts'
import { connectionOf } from './hono.ts'

const root = aRoot({ notBefore: 0, notAfter: 4_000_000_000 })
const server = aClient(root, { notBefore: 0, notAfter: 4_000_000_000, name: 'CN=localhost', extensions: [] })
const client = aClient(root)
const forged = { 'client-cert': `:${Buffer.from(client.der).toString('base64')}:`, X_SSL_Client_Cert: 'x', accept: 'a' }

/** What the adapter makes of one request to a server of Node. */
async function connectionTo(
  make: (answer: RequestListener) => Server | TlsServer,
  ask: (port: number) => ClientRequest,
): Promise<GuardedConnection> {
  let found: GuardedConnection | undefined
  const listening = make((incoming, outgoing) => {
    found = connectionOf(incoming)
    outgoing.end()
  })
  listening.listen(0, '127.0.0.1')
  try {
    await once(listening, 'listening')
    const outgoing = ask((listening.address() as AddressInfo).port)
    outgoing.end()
    await once(outgoing, 'response')
  } finally {
    listening.closeAllConnections()
    listening.close()
  }
  return found ?? assert.fail()
}

function overTls(pem: { cert?: string; key?: string }, headers: Record<string, string>): Promise<GuardedConnection> {
  const tls = { cert: server.pem, key: server.keyPem, requestCert: true, rejectUnauthorized: false }
  const trust = { ca: root.pem, checkServerIdentity: () => undefined, agent: false as const }
  return connectionTo(
    (answer) => createServer(tls, answer),
    (port) => request({ host: '127.0.0.1', port, headers, ...trust, ...pem }),
  )
}

test('[RS-MTLS-01] behind TLS of its own a guard sees the certificate of the handshake', async () => {
  const mine = { cert: client.pem, key: client.keyPem }
  const { thumbprint } = parseClientCertificate([client.der])
  for (const headers of [{}, forged]) {
    const connection = await overTls(mine, headers)
    assert.equal(connection.certificate?.thumbprint, thumbprint)
    assert.equal(connection.certificateTrouble, undefined)
    assert.ok(connection.headers.every(([name]) => !/cert/.test(name)))
  }
  const none = await overTls({}, {})
  assert.deepEqual([none.certificate, none.certificateTrouble], [undefined, undefined])
})

test('[RS-MTLS-01] a certificate in a header that the client sent is none', async () => {
  const claimed = await overTls({}, forged)
  assert.deepEqual([claimed.certificate, claimed.certificateTrouble], [undefined, 'header_from_unlisted_peer'])
  const plain = await connectionTo(
    (answer) => createPlain(answer),
    (port) => requestPlain({ host: '127.0.0.1', port, headers: forged, agent: false }),
  )
  assert.deepEqual([plain.certificate, plain.certificateTrouble], [undefined, 'header_from_unlisted_peer'])
  assert.ok(plain.headers.some(([name]) => name === 'accept'))
  assert.ok(plain.headers.every(([name]) => !/cert/.test(name)))
})
