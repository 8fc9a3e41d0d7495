import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keysOf } from '../../core/names.ts'
import { listen } from '../listener.ts'
import { loopbackPeers } from '../peers.ts'
import { adapters } from './proxy-adapters.ts'
import { CertificateHeaderUnsafe, selfTestAdapter } from './self-test.ts'

const belief = { addressHeader: 'none', addressPeers: loopbackPeers } as const

test('[AS-MTLS-05] every adapter passes its self-test', () => {
  for (const adapter of keysOf(adapters)) {
    selfTestAdapter({ ...belief, certificateHeader: { adapter, peers: loopbackPeers } }, '127.0.0.1')
  }
  assert.equal(keysOf(adapters).length, 6)
})

test('[AS-MTLS-05] a list that has nobody in it, or everybody, does not', () => {
  const failing = (peers: (address: string) => boolean, line: RegExp) =>
    assert.throws(
      () => selfTestAdapter({ ...belief, certificateHeader: { adapter: 'nginx', peers } }, '127.0.0.1'),
      (error) => error instanceof CertificateHeaderUnsafe && line.test(error.message) && !error.message.includes('\n'),
    )
  failing(() => true, /certificate header nginx: every peer is listed/)
  failing(() => false, /certificate header nginx: a certificate that a listed peer passes on is not understood/)
})

test('[AS-MTLS-05] a listener does not start with peers that cannot be told apart from others', async () => {
  const start = (peers: readonly string[]) =>
    listen(async () => new Response(), { host: '127.0.0.1', port: 0, certificateHeader: { adapter: 'nginx', peers } })
  await assert.rejects(start(['0.0.0.0/1', '128.0.0.0/1', '8000::/1', '4000::/2', '2000::/3']), CertificateHeaderUnsafe)
  // Everybody of one family is enough.
  await assert.rejects(start(['127.0.0.1', '0.0.0.0/1', '128.0.0.0/1']), CertificateHeaderUnsafe)
  await assert.rejects(start(['127.0.0.1', '2000::/3']), CertificateHeaderUnsafe)
  await assert.rejects(start(['::ffff:0:0/96']), RangeError)
  await assert.rejects(start([]), CertificateHeaderUnsafe)
  await assert.rejects(start(['everybody']), RangeError)
  const listener = await start(['127.0.0.1', '::1'])
  await listener.close()
})
