import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { seconds } from '../../core/names.ts'
import { parseClientCertificate } from './certificates.ts'
import { encode, encodeOid, tags } from './der.ts'
import { basicConstraints, extendedKeyUsage, extension, keyUsage, purposes } from './make-certificate.ts'
import { aCa, aClient, altered, aRoot, ecKeys, now, type Party, type Wishes } from './pki.test-support.ts'
import { openTrustAnchors, TrustAnchorsUnavailable } from './trust-anchors.ts'

const directory = mkdtempSync(join(tmpdir(), 'strongroom-anchors-'))
after(() => rmSync(directory, { recursive: true }))

const root = aRoot()
const issuing = aCa(root)
const good = aClient(issuing)
const anchors = await openTrustAnchors({ source: { pem: root.pem } })

async function judged(chain: readonly (Party | Uint8Array)[], at = now) {
  const der = chain.map((one) => (one instanceof Uint8Array ? one : one.der))
  return anchors.judge(parseClientCertificate(der), at)
}

async function assertJudged(verdict: string, ...chain: readonly (Party | Uint8Array)[]) {
  assert.equal(await judged(chain), verdict)
  assert.equal(await judged([good, issuing]), 'trusted')
}

test('[AS-MTLS-01] a chain to an anchor is trusted, with the anchor in it or without, in any order', async () => {
  await assertJudged('trusted', aClient(root))
  await assertJudged('trusted', good, issuing, root)
  const [first, second] = [aCa(root, { name: 'CN=first' }), aRoot()]
  const below = aCa(first, { name: 'CN=second' })
  await assertJudged('trusted', aClient(below), second, first, issuing, below)
})

test('[AS-MTLS-01] another CA, also one of the same name', async () => {
  const other = aRoot()
  await assertJudged('untrusted', aClient(other))
  await assertJudged('untrusted', aClient(other), other)
  await assertJudged('untrusted', aClient(aCa(other)), aCa(other), other)
  await assertJudged('untrusted', good)
  await assertJudged('untrusted', aClient(undefined))
  await assertJudged('untrusted', aClient(aCa(root)), aCa(root))
})

test('[AS-MTLS-01] a signature that does not fit', async () => {
  await assertJudged('untrusted', altered(good.der, ecKeys().privateKey, {}), issuing)
  await assertJudged('untrusted', good, altered(issuing.der, ecKeys().privateKey, {}))
  const flipped = Uint8Array.from(good.der)
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
  await assertJudged('untrusted', flipped, issuing)
})

test('[AS-MTLS-01] a certificate of the chain that is not in its time', async () => {
  await assertJudged('expired', aClient(issuing, { notAfter: now - 1 }), issuing)
  await assertJudged('expired', aClient(issuing, { notBefore: now + 1 }), issuing)
  const old = aCa(root, { notAfter: now - 1 })
  await assertJudged('expired', aClient(old), old)
  const certificate = parseClientCertificate([good.der, issuing.der])
  assert.equal(await anchors.judge(certificate, certificate.notAfter), 'trusted')
  assert.equal(await judged([good, issuing], certificate.notAfter), 'trusted')
  assert.equal(await judged([good, issuing], (now + 86_401) as typeof now), 'expired')
  // The same certificate, judged again after its time.
  assert.equal(await anchors.judge(certificate, (now + 86_401) as typeof now), 'expired')
})

test('[AS-MTLS-01] when one way is over, another one counts', async () => {
  const keys = ecKeys()
  const old = aCa(root, { keys, notAfter: now - 1 })
  const young = aCa(root, { keys })
  await assertJudged('trusted', aClient(young), old, young)
})

test('[AS-MTLS-01] for servers, for signing code, or a CA', async () => {
  const withExtensions = (...extensions: Uint8Array[]) => aClient(issuing, { extensions })
  await assertJudged('not_for_clients', withExtensions(extendedKeyUsage(purposes.serverAuth)), issuing)
  await assertJudged('not_for_clients', withExtensions(extendedKeyUsage('2.5.29.37.0')), issuing)
  await assertJudged('not_for_clients', withExtensions(keyUsage(0x20), extendedKeyUsage(purposes.clientAuth)), issuing)
  await assertJudged('not_for_clients', withExtensions(basicConstraints(), keyUsage(0x84)), issuing)
  await assertJudged('not_for_clients', withExtensions(keyUsage(0x84)), issuing)
  await assertJudged('not_for_clients', issuing)
  await assertJudged('not_for_clients', root)
  await assertJudged('trusted', withExtensions(), issuing)
  await assertJudged('trusted', withExtensions(extendedKeyUsage(purposes.serverAuth, purposes.clientAuth)), issuing)
})

test('[AS-MTLS-01] issuers that must not issue', async () => {
  const under = (wishes: Wishes, issuer = root) => {
    const ca = aCa(issuer, { name: 'CN=bad', ...wishes })
    return [aClient(ca), ca] as const
  }
  await assertJudged('untrusted', ...under({ extensions: [] }))
  await assertJudged('untrusted', ...under({ extensions: [keyUsage(0x06)] }))
  await assertJudged('untrusted', ...under({ extensions: [basicConstraints(), keyUsage(0x80)] }))
  await assertJudged('untrusted', ...under({ extensions: [basicConstraints(), extendedKeyUsage(purposes.serverAuth)] }))
  await assertJudged('untrusted', aClient(good), good, issuing)
  await assertJudged('trusted', ...under({ extensions: [basicConstraints()] }))
})

test('[AS-MTLS-01] more CAs than the path length allows', async () => {
  const short = aCa(root, { name: 'CN=short', extensions: [basicConstraints(0), keyUsage(0x06)] })
  const below = aCa(short, { name: 'CN=below' })
  await assertJudged('untrusted', aClient(below), below, short)
  await assertJudged('trusted', aClient(short), short)
})

test('[AS-MTLS-01] name constraints and critical extensions nobody understands', async () => {
  const constraints = (weight: 'critical' | 'informative') => extension('2.5.29.30', weight, encode(tags.sequence))
  const unknown = (weight: 'critical' | 'informative') => extension('1.2.3.4.5', weight, encode(tags.null))
  const policies = extension('2.5.29.32', 'critical', encode(tags.sequence, encode(tags.sequence, encodeOid('1.2.3'))))
  for (const bad of [constraints('critical'), constraints('informative'), unknown('critical')]) {
    const ca = aCa(root, { name: 'CN=odd', extensions: [basicConstraints(), keyUsage(0x06), bad] })
    await assertJudged('untrusted', aClient(ca), ca)
    await assertJudged('untrusted', aClient(issuing, { extensions: [bad] }), issuing)
  }
  for (const harmless of [unknown('informative'), policies]) {
    await assertJudged('trusted', aClient(issuing, { extensions: [harmless] }), issuing)
  }
})

test('[AS-MTLS-01] CAs that could all have issued one another do not make the search long', async (t) => {
  const keys = ecKeys()
  const ring = aRoot({ keys, name: 'CN=ring' })
  const crossed = Array.from({ length: 5 }, () => aCa(ring, { keys, name: 'CN=ring' }))
  const verify = t.mock.method(X509Certificate.prototype, 'verify')
  assert.equal(await judged([aClient(ring), ...crossed]), 'untrusted')
  const checks = verify.mock.callCount()
  assert.ok(checks > 5 && checks <= 24, `${checks} signatures were checked`)
  assert.equal(await judged([good, issuing]), 'trusted')
})

const list = (...parties: readonly Party[]) => parties.map(({ pem }) => pem).join('')

test('anchors are read again when their files change, and a broken file changes nothing', async () => {
  const file = join(directory, 'anchors.pem')
  const other = aRoot({ name: 'CN=other' })
  const failures: string[] = []
  const onFailure = (cause: unknown) => failures.push(String(cause))
  writeFileSync(file, `# comment\n${root.pem}`)
  const opened = await openTrustAnchors({ source: { files: [file] }, lookEvery: 0, onFailure })
  const judge = (party: Party) => opened.judge(parseClientCertificate([party.der]), now)
  const [ours, theirs] = [aClient(root), aClient(other)]
  const verdicts = async () => [await judge(ours), await judge(theirs)]
  assert.deepEqual(await verdicts(), ['trusted', 'untrusted'])

  writeFileSync(`${file}.new`, list(root, other))
  renameSync(`${file}.new`, file)
  assert.deepEqual(await verdicts(), ['trusted', 'trusted'])

  writeFileSync(file, other.pem.slice(0, -40))
  assert.deepEqual(await verdicts(), ['trusted', 'trusted'])
  rmSync(file)
  assert.deepEqual(await verdicts(), ['trusted', 'trusted'])
  assert.equal(failures.length, 2, 'each state of the file once')
  assert.match(failures[0] ?? '', /^TrustAnchorsUnavailable: anchors\.pem: /)

  writeFileSync(file, other.pem)
  assert.deepEqual(await verdicts(), ['untrusted', 'trusted'])
})

test('files are not looked at again before their time, but on demand', async () => {
  const file = join(directory, 'rare.pem')
  writeFileSync(file, root.pem)
  const opened = await openTrustAnchors({ source: { files: [file] }, lookEvery: 3_600_000 })
  const certificate = parseClientCertificate([aClient(root).der])
  writeFileSync(file, aRoot({ name: 'CN=another' }).pem)
  assert.equal(await opened.judge(certificate, now), 'trusted')
  await opened.reload()
  assert.equal(await opened.judge(certificate, now), 'untrusted')
})

test('anchors that could never serve are named at once', async () => {
  const open = (pem: string) => openTrustAnchors({ source: { pem } })
  const unusable = (pem: string, line: RegExp) =>
    assert.rejects(open(pem), (error) => error instanceof TrustAnchorsUnavailable && line.test(error.message))
  await unusable('', /there must be PEM certificates/)
  await unusable(root.keyPem, /there must be PEM certificates/)
  await unusable(`${root.pem}${root.pem.slice(0, 200)}`, /there must be PEM certificates/)
  await unusable(list(root, good), /certificate 2: not a CA/)
  await unusable(aRoot({ extensions: [basicConstraints(), keyUsage(0x80)] }).pem, /certificate 1: not a CA/)
  await unusable(aRoot({ extensions: [keyUsage(0x06)] }).pem, /certificate 1: not a CA/)
  await unusable(aRoot({ keys: ecKeys('secp256k1') }).pem, /certificate 1: the key/)
  const file = join(directory, 'none.pem')
  await assert.rejects(openTrustAnchors({ source: { files: [file] } }), /none\.pem: the trust anchors cannot be read/)
  const opened = await open(list(root, aRoot({ name: 'CN=soon', notAfter: now + 10 })))
  assert.deepEqual(opened.expiring(now, seconds(60)), [{ name: 'CN=soon', notAfter: now + 10 }])
  assert.equal(opened.expiring(now, seconds(86_400)).length, 2)
})
