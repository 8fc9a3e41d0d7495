import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ConfigError, loadConfig } from './index.ts'

const directory = mkdtempSync(join(tmpdir(), 'strongroom-config-tls-'))
after(() => rmSync(directory, { recursive: true }))

const tls = { certificate: 'server.pem', key: '/etc/tls/server.key' }
const certificateHeader = { adapter: 'nginx', peers: ['127.0.0.1', '10.0.0.0/8'] }

function load(listen: object, more: object = {}) {
  const file = join(directory, 'strongroom.yaml')
  const keys = { sealing: 'A'.repeat(43) }
  writeFileSync(file, JSON.stringify({ issuer: 'https://id.example', keys, listen, ...more }))
  return loadConfig({ file, env: {}, flags: {} })
}

function problems(listen: object, more: object = {}): readonly string[] {
  try {
    load(listen, more)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.lines
  }
  return []
}

test('TLS that ends here: paths are beside the file, 1.3 unless told, and any address will do', () => {
  const { listen, clientCertificates } = load(
    { host: '0.0.0.0', tls, trustedPeers: ['10.0.0.0/8'] },
    { clientCertificates: { trustAnchors: ['ca.pem', '/etc/ca.pem'] } },
  )
  assert.deepEqual(listen, {
    host: '0.0.0.0',
    port: 4400,
    addressHeader: 'none',
    trustedPeers: ['10.0.0.0/8'],
    tls: {
      certificate: join(directory, 'server.pem'),
      key: '/etc/tls/server.key',
      minVersion: 'TLSv1.3',
      clientCertificates: 'none',
    },
  })
  assert.deepEqual(clientCertificates, { trustAnchors: [join(directory, 'ca.pem'), '/etc/ca.pem'] })
  const asked = load({ tls: { ...tls, minVersion: 'TLSv1.2', clientCertificates: 'requested' } }).listen.tls
  assert.deepEqual([asked?.minVersion, asked?.clientCertificates], ['TLSv1.2', 'requested'])
  assert.deepEqual(load({ certificateHeader }).listen.certificateHeader, certificateHeader)
  assert.deepEqual(load({}).clientCertificates, { trustAnchors: [] })
})

test('[NET-01] without TLS nothing leaves this machine, and an http issuer never does', () => {
  const loopback = 'listen.host: must be a loopback address such as 127.0.0.1: '
  assert.deepEqual(problems({ host: '0.0.0.0' }), [
    `${loopback}let TLS end here (listen.tls), or in a proxy on this machine`,
  ])
  assert.deepEqual(problems({ host: '0.0.0.0', tls }, { issuer: 'http://localhost:4400' }), [
    'listen.tls: has no meaning for an http issuer',
    `${loopback}an http issuer is for development on this machine only`,
  ])
  assert.deepEqual(problems({ host: '0.0.0.0', tls }), [])
})

test('[NET-01] there is no older version of TLS, and no unknown word', () => {
  assert.deepEqual(problems({ tls: { ...tls, minVersion: 'TLSv1.1' } }), [
    'listen.tls.minVersion: must be TLSv1.3 or TLSv1.2',
  ])
  assert.deepEqual(problems({ tls: { certificate: 'a', key: 'b', clientCertificates: 'required' } }), [
    'listen.tls.clientCertificates: must be requested or none',
  ])
  assert.deepEqual(problems({ tls: { certificate: 'a' } }), ['listen.tls.key: is missing'])
})

test('[AS-MTLS-05] a certificate header needs an adapter and peers, and TLS that ends elsewhere', () => {
  assert.deepEqual(problems({ tls, certificateHeader }), [
    'listen.certificateHeader: is never believed where TLS ends here: keep one of them',
  ])
  assert.deepEqual(problems({ certificateHeader: { ...certificateHeader, adapter: 'apache' } }), [
    'listen.certificateHeader.adapter: must be one of rfc9440, nginx, haproxy, envoy-xfcc, aws-alb, traefik',
  ])
  assert.deepEqual(problems({ certificateHeader: { adapter: 'nginx' } }), [
    'listen.certificateHeader.peers: is missing',
  ])
  assert.deepEqual(problems({ certificateHeader: { adapter: 'nginx', peers: [] } }), [
    'listen.certificateHeader.peers: must list at least one peer',
  ])
  for (const peer of ['0.0.0.0/0', 'proxy.example', '10.0.0.0/33']) {
    assert.deepEqual(problems({ certificateHeader: { adapter: 'nginx', peers: [peer] } }), [
      'listen.certificateHeader.peers[0]: must be an IP address or a range such as 10.0.0.0/8, and not everybody',
    ])
  }
  assert.deepEqual(problems({ certificateHeader }), [])
})
