import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { isCertificateHeader, stripCertificateHeaders } from './certificate-headers.ts'
import { aCa, aClient, aRoot } from './pki.test-support.ts'
import { type AdapterName, adapters, certificateFrom } from './proxy-adapters.ts'

const root = aRoot()
const ca = aCa(root)
const client = aClient(ca)
const base64 = ({ der }: { readonly der: Uint8Array }) => Buffer.from(der).toString('base64')
const escaped = encodeURIComponent
const hash = createHash('sha256').update(client.der).digest('hex')
const asAlb = (text: string) => escaped(text).replaceAll(/%(?:2B|2F|3D)/g, decodeURIComponent)
const [leaf, other] = [`:${base64(client)}:`, `:${base64(ca)}:`]
const xfcc = (cert: string) => `By=spiffe://mesh/api;Hash=${hash};Subject="CN=a,O=\\"x\\";y";Cert="${cert}";DNS=a`

type Fields = readonly (readonly [string, string])[]

const one = [client.der]
const two = [client.der, ca.der]
const understood: readonly [AdapterName, Fields, readonly Uint8Array[]][] = [
  ['rfc9440', [['client-cert', leaf]], one],
  [
    'rfc9440',
    [
      ['client-cert', leaf],
      ['client-cert-chain', other],
    ],
    two,
  ],
  [
    'rfc9440',
    [
      ['client-cert-chain', `${other}, ${other}`],
      ['client-cert', leaf],
    ],
    [client.der, ca.der, ca.der],
  ],
  ['nginx', [['x-ssl-client-cert', escaped(client.pem)]], one],
  ['nginx', [['x-ssl-client-cert', escaped(client.pem.trim())]], one],
  ['haproxy', [['x-ssl-client-der', base64(client)]], one],
  ['envoy-xfcc', [['x-forwarded-client-cert', xfcc(escaped(client.pem))]], one],
  [
    'envoy-xfcc',
    [['x-forwarded-client-cert', `Cert="${escaped(client.pem)}";Chain="${escaped(client.pem + ca.pem)}"`]],
    two,
  ],
  ['envoy-xfcc', [['x-forwarded-client-cert', `cert=${escaped(client.pem).replaceAll('=', '%3D')}`]], one],
  ['aws-alb', [['x-amzn-mtls-clientcert', asAlb(client.pem + ca.pem)]], two],
  ['aws-alb', [['x-amzn-mtls-clientcert-leaf', asAlb(client.pem)]], one],
  ['traefik', [['x-forwarded-tls-client-cert', base64(client)]], one],
  ['traefik', [['x-forwarded-tls-client-cert', `${base64(client)},${base64(ca)}`]], two],
  ['traefik', [['x-forwarded-tls-client-cert', `${escaped(base64(client))},${escaped(base64(ca))}`]], two],
]

test('[AS-MTLS-05] every adapter reads what its proxy writes', () => {
  assert.deepEqual(new Set(understood.map(([name]) => name)), new Set(Object.keys(adapters)))
  for (const [name, fields, chain] of understood) {
    const said = certificateFrom(name, [['host', 'x'], ...fields, ['accept', '*/*']])
    assert.equal(said.kind, 'certificate', `${name} ${fields[0]?.[1]}`)
    assert.deepEqual(said.kind === 'certificate' ? said.chain.map((der) => Buffer.from(der)) : [], chain)
  }
})

test('[AS-MTLS-05] no field, or an empty one, is no certificate', () => {
  for (const [name, fields] of understood) {
    assert.deepEqual(certificateFrom(name, [['host', 'x']]), { kind: 'none' })
    assert.deepEqual(
      certificateFrom(
        name,
        fields.map(([field]) => [field, '']),
      ),
      { kind: 'none' },
    )
  }
})

test('[AS-MTLS-05] two fields of a name, one of them empty or not, are not believed', () => {
  for (const [name, fields] of understood) {
    for (const [field, value] of fields) {
      for (const second of [value, '', 'x']) {
        const twice: Fields = [...fields, [field, second]]
        assert.deepEqual(certificateFrom(name, twice), { kind: 'malformed' }, `${name} ${second}`)
        assert.deepEqual(certificateFrom(name, twice.toReversed()), { kind: 'malformed' }, `${name} ${second}`)
      }
    }
  }
})

test('[AS-MTLS-05] what is not exactly one certificate in the form of the proxy is malformed', () => {
  const pem = client.pem
  const both = escaped(client.pem + ca.pem)
  const cases: Record<AdapterName, readonly string[]> = {
    rfc9440: [
      base64(client),
      leaf.slice(1),
      `${leaf};a=1`,
      `${leaf},${leaf}`,
      '::',
      `:${base64(client).slice(0, -1)}:`,
      `"${leaf}"`,
    ],
    nginx: [
      pem.trim(),
      base64(client),
      both,
      escaped(`x${pem}`),
      escaped(`${pem}x`),
      `${escaped(pem)}%`,
      '%',
      '%ff',
      escaped(pem).replaceAll('%0A', '+'),
    ],
    haproxy: [
      leaf,
      `${base64(client)} `,
      base64(client).replaceAll(/[+/]/g, '-'),
      base64(client).slice(0, -2),
      'x',
      `${base64(client)},${base64(ca)}`,
    ],
    'envoy-xfcc': [
      'Hash=00',
      `Hash=${hash}`,
      `Hash=${hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))};Cert="${escaped(pem)}"`,
      `Cert="${escaped(pem)}";Cert="${escaped(pem)}"`,
      `Cert="${escaped(pem)}";Chain="${escaped(ca.pem + pem)}"`,
      `Cert="${escaped(pem)}";Chain=x`,
      `Cert="${both}"`,
      `Cert="${escaped(pem)}`,
      `Cert="${escaped(pem)}"x`,
      `Cert="${escaped(pem)}",`,
      `Cert="${escaped(pem)}";`,
      `Cert="${escaped(pem)}",By=spiffe://mesh/api`,
      // A quote of the client that swallows what the proxy appends.
      `Cert="${escaped(ca.pem)}";By=",${xfcc(escaped(pem))}`,
      // A URI of the client's certificate, which the proxy does not quote, that begins an element of its own.
      `${xfcc(escaped(ca.pem))};URI=urn:x,Cert=${escaped(pem).replaceAll('=', '%3D')}`,
      `${xfcc(escaped(ca.pem))},${xfcc(escaped(pem))}`,
      ',',
      'x',
    ],
    'aws-alb': [pem.trim(), 'x', `${asAlb(pem)}x`],
    traefik: [leaf, escaped(pem), `${base64(client)},`, `${base64(client)};${base64(ca)}`, 'x', '%2'],
  }
  for (const [name, values] of Object.entries(cases) as [AdapterName, readonly string[]][]) {
    for (const value of values) {
      const [field = ''] = adapters[name].headers
      assert.deepEqual(certificateFrom(name, [[field, value]]), { kind: 'malformed' }, `${name} ${value}`)
    }
  }
  const lonely = certificateFrom('rfc9440', [['client-cert-chain', other]])
  const twoKinds = certificateFrom('aws-alb', [
    ['x-amzn-mtls-clientcert', asAlb(pem)],
    ['x-amzn-mtls-clientcert-leaf', asAlb(pem)],
  ])
  const leaves = certificateFrom('aws-alb', [['x-amzn-mtls-clientcert-leaf', asAlb(pem + ca.pem)]])
  const large = certificateFrom('haproxy', [['x-ssl-client-der', 'A'.repeat(400_000)]])
  for (const said of [lonely, twoKinds, leaves, large]) assert.deepEqual(said, { kind: 'malformed' })
})

test('property: whatever the value, an adapter says something', () => {
  const names = fc.constantFrom(...understood.map(([name]) => name))
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(...Array.from('Cert=";,\\%20:A/+')), maxLength: 60 }),
  )
  fc.assert(
    fc.property(names, text, (name, value) => {
      const [field = ''] = adapters[name].headers
      assert.ok(['none', 'certificate', 'malformed'].includes(certificateFrom(name, [[field, value]]).kind))
    }),
  )
})

/** Names in use that claim something about a certificate. */
const claiming = [
  ...Object.values(adapters).flatMap(({ headers }) => headers),
  'x-client-cert',
  'x-client-cert-subject-dn',
  'x-ssl-cert',
  'ssl-client-cert',
  'ssl-client-s-dn',
  'x-ssl-client-verify',
  'x-ssl-client-s-dn',
  'x-ssl-client-dn',
  'x-ssl-client-fingerprint',
  'x-arr-clientcert',
  'x-amzn-mtls-clientcert-subject',
  'x-forwarded-tls-client-cert-info',
  'x-tls-client-cert',
  'cf-client-cert-sha256',
]

test('[NET-06] every name that claims a certificate is taken out, however it is spelt', () => {
  const harmless: Fields = [
    ['host', 'x'],
    ['authorization', 'DPoP x'],
    ['x-forwarded-for', '192.0.2.1'],
    ['client-id', 'x'],
    ['x-ssl', 'on'],
  ]
  for (const name of claiming) {
    for (const spelling of [name, name.replaceAll('-', '_'), name.replace('-', '_')]) {
      assert.ok(isCertificateHeader(spelling), spelling)
      const { headers, stripped } = stripCertificateHeaders([[spelling, 'a'], ...harmless, [spelling, 'b']])
      assert.deepEqual(headers, harmless)
      assert.deepEqual(stripped, [spelling])
    }
  }
  assert.deepEqual(stripCertificateHeaders(harmless), { headers: harmless, stripped: [] })
})
