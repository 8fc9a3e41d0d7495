import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { Connection, Handler } from '../core/ports.ts'
import { type ListenOptions, listen } from './listener.ts'
import { parseClientCertificate } from './tls/certificates.ts'
import { aClient, aRoot } from './tls/pki.test-support.ts'
import { adapters } from './tls/proxy-adapters.ts'

const client = aClient(aRoot())
const { thumbprint } = parseClientCertificate([client.der])
const value = Buffer.from(client.der).toString('base64')
const real = `x-ssl-client-der: ${value}`

type Seen = Connection & { readonly names: readonly string[] }

/** What a handler learns of one request with these fields, over a plain socket on this machine. */
async function seen(options: Partial<ListenOptions>, ...fields: readonly string[]): Promise<Seen> {
  let found: Seen | undefined
  const handler: Handler = async (request, connection) => {
    const { peerAddress, headers, target, entrance, certificate, certificateTrouble, readBody } = connection
    const names = [...request.headers.keys(), ...new Request(request).headers.keys(), ...headers.map(([name]) => name)]
    found = { peerAddress, headers, target, entrance, certificate, certificateTrouble, readBody, names }
    return new Response()
  }
  const listener = await listen(handler, { host: '127.0.0.1', port: 0, drainMs: 200, ...options })
  await new Promise<void>((resolve) => {
    const socket = connect(listener.port, '127.0.0.1')
    socket.write(['GET / HTTP/1.1', 'host: x', 'connection: close', ...fields, '', ''].join('\r\n'))
    socket.resume().on('close', () => resolve())
  })
  await listener.close()
  return found ?? assert.fail('the handler was not reached')
}

const believing = { certificateHeader: { adapter: 'haproxy', peers: ['127.0.0.0/8'] } } as const
const elsewhere = { certificateHeader: { adapter: 'haproxy', peers: ['192.0.2.0/24'] } } as const

test('[AS-MTLS-05] a listed proxy is believed, once and exactly', async () => {
  const told = await seen(believing, real)
  assert.equal(told.certificate?.thumbprint, thumbprint)
  assert.equal(told.certificateTrouble, undefined)
  for (const fields of [[real, real], [real, 'X-SSL-Client-DER: '], ['x-ssl-client-der: AAAA'], [`${real}!`]]) {
    const doubtful = await seen(believing, ...fields)
    assert.deepEqual([doubtful.certificate, doubtful.certificateTrouble], [undefined, 'malformed'])
  }
  for (const fields of [[], ['x-ssl-client-der: '], [`client-cert: :${value}:`]]) {
    const nothing = await seen(believing, ...fields)
    assert.deepEqual([nothing.certificate, nothing.certificateTrouble], [undefined, undefined])
  }
})

test('[AS-MTLS-05] nobody else is believed, whatever is configured', async () => {
  for (const options of [{}, elsewhere, { trustedPeers: ['127.0.0.1'] }]) {
    const told = await seen(options, real)
    assert.deepEqual([told.certificate, told.certificateTrouble], [undefined, 'header_from_unlisted_peer'])
    assert.equal((await seen(options)).certificateTrouble, undefined)
  }
  assert.equal((await seen(believing, real)).certificate?.thumbprint, thumbprint)
})

test('[NET-06] no header that claims a certificate reaches a handler, in any form', async () => {
  const claiming = [
    ...Object.values(adapters).flatMap(({ headers }) => headers),
    'X-Client-Cert',
    'x_ssl_client_cert',
    'SSL-Client-S-DN',
    'X-SSL-Client-Verify',
    'X-ARR-ClientCert',
  ]
  const fields = [...claiming, ...claiming].map((name) => `${name}: ${value}`)
  for (const options of [{}, believing, elsewhere]) {
    const { names, headers } = await seen(options, 'accept: a', ...fields, 'x-last: b', 'accept: c')
    assert.deepEqual([...new Set(names)].toSorted(), ['accept', 'connection', 'host', 'x-last'])
    const accepted = headers.filter(([name]) => name === 'accept').map(([, text]) => text)
    assert.deepEqual(accepted, ['a', 'c'])
  }
})

test('[NET-06] the address header is believed from trusted peers only', async () => {
  const addressHeader = 'x-forwarded-for' as const
  const forwarded = 'x-forwarded-for: 198.51.100.1, 203.0.113.9'
  const addressFor = async (trustedPeers?: readonly string[]) => {
    const options = trustedPeers === undefined ? { addressHeader } : { addressHeader, trustedPeers }
    return (await seen(options, forwarded)).peerAddress
  }
  assert.equal(await addressFor(), '203.0.113.9')
  assert.equal(await addressFor(['127.0.0.1']), '203.0.113.9')
  assert.equal(await addressFor(['192.0.2.1']), '127.0.0.1')
  assert.equal(await addressFor([]), '127.0.0.1')
})

test('a connection knows its entrance', async () => {
  assert.equal((await seen({})).entrance, 'main')
  assert.equal((await seen({ entrance: 'mtls' })).entrance, 'mtls')
})
