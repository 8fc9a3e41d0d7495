import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { keysOf } from '../../src/core/names.ts'
import { peerList } from '../../src/node/peers.ts'
import { adapters } from '../../src/node/tls/proxy-adapters.ts'
import { CertificateHeaderUnsafe, selfTestAdapter } from '../../src/node/tls/self-test.ts'
import { blockOf } from './page.ts'
import { configurationOf } from './world.ts'

const directory = mkdtempSync(join(tmpdir(), 'strongroom-page-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const headings = [
  'nginx',
  'HAProxy',
  'HAProxy with RFC 9440',
  'Caddy',
  'Envoy',
  'Traefik',
  'AWS Application Load Balancer',
]

/** The self-test as it runs at the start, of what the configuration says. */
function selfTest({ mtls }: ReturnType<typeof configurationOf>): void {
  assert.ok(mtls?.certificateHeader !== undefined)
  const { adapter, peers } = mtls.certificateHeader
  const certificateHeader = { adapter, peers: peerList(peers) }
  selfTestAdapter({ addressHeader: 'none', addressPeers: peerList(peers), certificateHeader }, '127.0.0.1')
}

test('what the page says of strongroom.yaml is valid, safe to start with, and there for every adapter', () => {
  const shown = headings.map((heading) => {
    const config = configurationOf(heading, directory)
    assert.equal(config.mode, 'production')
    assert.deepEqual([config.listen.host, config.mtls?.host], ['127.0.0.1', '127.0.0.1'])
    selfTest(config)
    return config.mtls?.certificateHeader?.adapter
  })
  assert.deepEqual(new Set(shown), new Set(keysOf(adapters)))
})

test('what the self-test says is what the page shows', () => {
  const everybody = '[0.0.0.0/1, 128.0.0.0/1, "2000::/3"]'
  const config = configurationOf('nginx', directory, (text) => text.replace('[127.0.0.1]', everybody))
  const [, line] =
    /^strongroom: (.+)\n$/.exec(blockOf('What is checked at the start, and what cannot be', 'text')) ?? []
  assert.ok(line !== undefined)
  assert.throws(
    () => selfTest(config),
    new CertificateHeaderUnsafe('nginx', line.replace('certificate header nginx: ', '')),
  )
})
