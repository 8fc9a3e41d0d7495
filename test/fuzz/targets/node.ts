/** What the outer rim reads: certificates, proxies, configuration, registrations, addresses. */

import assert from 'node:assert/strict'
import { createHash, createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseDistinguishedName } from '../../../src/core/distinguished-name.ts'
import { resourceIdentifier } from '../../../src/core/names.ts'
import { believe } from '../../../src/node/claims.ts'
import { parseClientKeySet } from '../../../src/node/client-key-set.ts'
import { checkClientMetadata, ConfigError, loadConfig } from '../../../src/node/config/index.ts'
import { readYaml } from '../../../src/node/config/read-yaml.ts'
import { derFromRaw, rawFromDer } from '../../../src/node/ecdsa-signature.ts'
import { isPublicAddress } from '../../../src/node/egress/addresses.ts'
import { EgressRefused } from '../../../src/node/egress/refused.ts'
import { checkTarget } from '../../../src/node/egress/target.ts'
import { isPeerRange, loopbackPeers, peerList } from '../../../src/node/peers.ts'
import { sha256 } from '../../../src/node/runtime.ts'
import { isCertificateHeader } from '../../../src/node/tls/certificate-headers.ts'
import { parseClientCertificate, UnacceptableCertificate } from '../../../src/node/tls/certificates.ts'
import { MalformedDer } from '../../../src/node/tls/der.ts'
import {
  alternativeNames,
  basicConstraints,
  extendedKeyUsage,
  keyIdentifiers,
  keyUsage,
  makeCertificate,
  pemOf,
  purposes,
} from '../../../src/node/tls/make-certificate.ts'
import { parseBase64, parsePemChain, parsePemFile } from '../../../src/node/tls/pem.ts'
import { adapters, certificateFrom } from '../../../src/node/tls/proxy-adapters.ts'
import { readCertificate } from '../../../src/node/tls/x509.ts'
import { keysOf } from '../../../src/core/names.ts'
import { mutatedDer } from '../der.ts'
import type { Draw } from '../draw.ts'
import { jsonText, mutatedBytes, mutatedJson, mutatedText } from '../mutate.ts'
import { addresses, jwks, knownKey, now, seededRandom, urls } from '../samples.ts'
import { type Target, target, unless } from '../target.ts'

/** Certificates that are the same in every run. */
const certificates = ((): readonly Uint8Array[] => {
  const random = seededRandom('certificates')
  const rootKey = knownKey(11)
  const root = parseDistinguishedName('CN=root,O=Example')
  const base = { notBefore: now - 86_400, notAfter: now + 86_400 }
  const issuer = { name: root, privateKey: rootKey }
  const made = (name: string, key: number, extensions: readonly Uint8Array[]) =>
    makeCertificate(
      { ...base, subject: parseDistinguishedName(name), publicKey: createPublicKey(knownKey(key)), issuer, extensions },
      random,
    )
  return [
    made('CN=root,O=Example', 11, [basicConstraints(1), keyUsage(0x06)]),
    made('CN=app+UID=1,OU=Dept,C=DE', 12, [
      keyUsage(0x80),
      extendedKeyUsage(purposes.clientAuth, purposes.serverAuth),
      alternativeNames('app.example', Uint8Array.of(192, 0, 2, 1), new Uint8Array(16)),
      ...keyIdentifiers(createPublicKey(knownKey(12)), createPublicKey(rootKey)),
    ]),
    made('CN=bare', 13, []),
  ]
})()

const pems = certificates.map(pemOf)
const base64 = certificates.map((der) => Buffer.from(der).toString('base64'))
const [leaf = '', other = ''] = base64

function brokenDer(draw: Draw): Uint8Array {
  return draw.once(3) ? mutatedBytes(draw, certificates) : mutatedDer(draw, certificates)
}

const tls: readonly Target[] = [
  target('DER of certificates', 10, brokenDer, (der) =>
    unless([MalformedDer], () => assert.deepEqual(readCertificate(der).der, der)),
  ),
  target(
    'client certificates',
    8,
    (draw) => [brokenDer(draw), ...draw.some(3, () => (draw.once(2) ? brokenDer(draw) : draw.pick(certificates)))],
    (chain) =>
      unless([UnacceptableCertificate], () => {
        const certificate = parseClientCertificate(chain)
        assert.equal(certificate.thumbprint.length, 43)
        assert.equal(certificate.chain.length, chain.length)
      }),
  ),
  target(
    'PEM',
    5,
    (draw) => mutatedText(draw, [...pems, pems.join(''), `text before\n${pems.join('between\n')}after`]),
    (text) => {
      parsePemFile(text)
      const chain = parsePemChain(text)
      if (chain === undefined) return 'refused'
      assert.ok(chain.every((der) => der.length > 0))
      return 'taken'
    },
  ),
  target(
    'base64',
    2,
    (draw) => mutatedText(draw, base64),
    (text) => {
      const bytes = parseBase64(text)
      if (bytes === undefined) return 'refused'
      assert.equal(Buffer.from(bytes).toString('base64'), text)
      return 'taken'
    },
  ),
  target(
    'certificate headers of proxies',
    8,
    (draw) => {
      const adapter = draw.pick(keysOf(adapters))
      const value = () => mutatedText(draw, passedOn[adapter])
      const listed: readonly string[] = adapters[adapter].headers
      const names = draw.some(3, () => (draw.once(6) ? draw.pick(otherHeaders) : draw.pick(listed)))
      return { adapter, fields: [draw.pick(listed), ...names].map((name) => [name, value()] as const) }
    },
    ({ adapter, fields }) => {
      for (const [name] of fields) isCertificateHeader(name)
      const said = certificateFrom(adapter, fields)
      if (said.kind !== 'certificate') return 'refused'
      assert.ok(said.chain.length > 0)
      unless([UnacceptableCertificate], () => parseClientCertificate(said.chain))
      return 'taken'
    },
  ),
  target(
    'XFCC',
    5,
    (draw) => mutatedText(draw, passedOn['envoy-xfcc']),
    (value) =>
      certificateFrom('envoy-xfcc', [['x-forwarded-client-cert', value]]).kind === 'certificate' ? 'taken' : 'refused',
  ),
  target(
    'what is believed of a peer',
    4,
    (draw) => {
      const adapter = draw.pick(keysOf(adapters))
      const header: string = adapters[adapter].headers[0]
      const more = draw.some(4, () => {
        const name = draw.pick(['x-forwarded-for', 'x-forwarded-for', 'x_ssl_client_cert', 'host', header])
        return [name, mutatedText(draw, [...addresses, '192.0.2.1, 10.0.0.1'])] as const
      })
      const fields = [[header, mutatedText(draw, passedOn[adapter])] as const, ...more]
      return { adapter, peer: draw.pick(['127.0.0.1', '192.0.2.1', '', '::1']), fields }
    },
    ({ adapter, peer, fields }) => {
      const certificateHeader = { adapter, peers: loopbackPeers }
      const belief = { addressHeader: 'x-forwarded-for', addressPeers: loopbackPeers, certificateHeader } as const
      const believed = believe(peer, fields, {}, belief)
      assert.ok(!believed.headers.some(([name]) => isCertificateHeader(name)))
      const { certificate } = believed.claim()
      assert.ok(certificate === undefined || loopbackPeers(peer), 'only a listed peer passes on a certificate')
      if (!loopbackPeers(peer)) assert.equal(believed.peerAddress, peer)
      return certificate === undefined ? 'refused' : 'taken'
    },
  ),
  target(
    'ECDSA signatures',
    3,
    (draw) =>
      mutatedBytes(draw, [
        new Uint8Array(64).fill(1),
        new Uint8Array(64),
        derFromRaw(new Uint8Array(64).fill(0x80)) ?? new Uint8Array(0),
      ]),
    (bytes) => {
      const der = derFromRaw(bytes)
      if (der !== undefined) assert.deepEqual(Buffer.from(rawFromDer(der)), Buffer.from(bytes))
      return unless([SyntaxError], () => assert.equal(rawFromDer(bytes).length, 64))
    },
  ),
]

const digest = createHash('sha256')
  .update(certificates[1] ?? '')
  .digest('hex')
const escapedPem = encodeURIComponent(pems[1] ?? '')
const passedOn: Readonly<Record<keyof typeof adapters, readonly string[]>> = {
  rfc9440: [`:${leaf}:`, `:${other}:`, `:${leaf}:, :${other}:`, ''],
  nginx: [escapedPem, ''],
  haproxy: [leaf, other],
  'envoy-xfcc': [
    `By=spiffe://a;Hash=${digest};Cert="${escapedPem}";Subject="CN=app,O=\\"x\\"";URI=spiffe://a/b;DNS=a.example`,
    `Cert="${escapedPem}";Chain="${encodeURIComponent((pems[1] ?? '') + (pems[0] ?? ''))}"`,
    `Hash=a;Cert="",By=spiffe://a;Chain="${escapedPem}"`,
  ],
  'aws-alb': [escapedPem, encodeURIComponent(pems.join(''))],
  traefik: [leaf, `${leaf},${other}`, encodeURIComponent(`${leaf},${other}`)],
}
const otherHeaders = [
  'client-cert',
  'X-SSL-Client-Verify',
  'x_ssl_client_cert',
  'ssl-client-s-dn',
  'x-amzn-mtls-x',
  'a',
]

const config = {
  issuer: 'https://id.example',
  listen: { host: '127.0.0.1', port: 4400, addressHeader: 'x-forwarded-for', trustedPeers: ['10.0.0.0/8'] },
  apis: [
    {
      resource: 'https://bank.example/api',
      name: 'Bank',
      scopes: [{ name: 'accounts', description: 'See your accounts' }],
    },
  ],
  lifetimes: { code: 60, refreshToken: 86_400 },
  limits: { perClientPerMinute: 100 },
  store: { kind: 'memory' },
  keys: { sealing: 'A'.repeat(43), algorithms: ['ES256'], rotateEvery: 2_592_000 },
  log: { level: 'info' },
}

const yamls: readonly string[] = [
  'issuer: https://id.example\napis:\n  - resource: https://bank.example\n    name: Bank\n    scopes: []\n',
  'a: &x {b: 1}\nc: *x\nd: [*x, *x]\n',
  'text: |\n  one\n  two\nnull_one: ~\nnumber: 0x1F\ndate: 2026-01-01\n"quoted": \'single\'\n',
  '? complex\n: value\n<<: {merged: 1}\n',
  '%YAML 1.2\n---\na: !!str 1\n...\n---\nb: 2\n',
  '{"json": [1, true, null, "x"]}',
]

const registration = {
  client_name: 'Budget',
  application_type: 'native',
  redirect_uris: ['https://budget.example/callback', 'http://127.0.0.1/cb'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  scope: 'openid accounts',
  jwks: jwks[0],
  id_token_signed_response_alg: 'ES256',
  subject_type: 'public',
  default_max_age: 60,
  post_logout_redirect_uris: ['https://budget.example/bye'],
  backchannel_logout_uri: 'https://budget.example/logout',
}
const otherRegistration = {
  client_name: 'Bank',
  redirect_uris: ['https://bank-app.example/cb'],
  token_endpoint_auth_method: 'tls_client_auth',
  tls_client_auth_subject_dn: 'CN=app,O=Example\\, Inc.',
  tls_client_certificate_bound_access_tokens: true,
  jwks_uri: 'https://bank-app.example/jwks',
  id_token_encrypted_response_alg: 'ECDH-ES',
  id_token_encrypted_response_enc: 'A256GCM',
  scope: 'openid',
}

const scratch = mkdtempSync(join(tmpdir(), 'strongroom-fuzz-'))
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))

const operator: readonly Target[] = [
  target(
    'YAML',
    5,
    (draw) => mutatedText(draw, yamls),
    (text) => unless([ConfigError], () => readYaml(text)),
  ),
  target(
    'configuration',
    3,
    (draw) => ({
      text: draw.once(5) ? mutatedText(draw, yamls) : jsonText(draw, mutatedJson(draw, [config])),
      env: Object.fromEntries(
        draw.some(3, () => [
          mutatedText(draw, ['STRONGROOM_LISTEN_PORT', 'STRONGROOM_ISSUER', 'X']),
          mutatedText(draw, ['80', '${env:X}']),
        ]),
      ),
      flags: Object.fromEntries(
        draw.some(3, () => [
          mutatedText(draw, ['listen.port', 'issuer', 'apis.0.name', 'store']),
          mutatedText(draw, ['80', 'x']),
        ]),
      ),
    }),
    ({ text, env, flags }) => {
      const file = join(scratch, 'strongroom.yaml')
      writeFileSync(file, text)
      return unless([ConfigError], () => loadConfig({ file, env, flags }))
    },
  ),
  target(
    'client metadata',
    8,
    (draw) => mutatedJson(draw, [registration, otherRegistration]),
    (value) => {
      const checked = checkClientMetadata(value, {
        scopes: ['openid', 'accounts', 'offline_access'],
        resources: [resourceIdentifier('https://bank.example')],
        detailTypes: [],
        certificates: 'asked for',
        mode: 'production',
        hash: sha256,
        isUsable: () => true,
      })
      if ('problems' in checked) {
        assert.ok(checked.problems.length > 0 && checked.problems.every((line) => line !== ''))
        return 'refused'
      }
      const { client } = checked
      assert.ok(client.scope.every((scope) => ['openid', 'accounts', 'offline_access'].includes(scope)))
      assert.ok(client.redirectUris.every((uri) => /^(https:\/\/|http:\/\/(127\.0\.0\.1|\[::1\])[:/])/.test(uri)))
      return 'taken'
    },
  ),
  target(
    'key sets of clients',
    4,
    (draw) => mutatedJson(draw, [...jwks, { keys: [{ kty: 'OKP', crv: 'Ed25519', x5c: base64 }] }]),
    (value) => unless([SyntaxError], () => parseClientKeySet(value, sha256)),
  ),
  target(
    'targets of the egress gate',
    8,
    (draw) => mutatedText(draw, urls),
    (text) =>
      unless([EgressRefused], () => {
        const { origin, host, kind, port, path } = checkTarget(text)
        assert.equal(new URL(origin).protocol, 'https:')
        assert.ok(port === 443 || port >= 1024)
        assert.ok(path.startsWith('/') && !/[#\\]/.test(path))
        assert.ok(kind === 'name' ? host.includes('.') : isPublicAddress(host), host)
      }),
  ),
  target(
    'addresses and ranges',
    3,
    (draw) => mutatedText(draw, addresses),
    (text) => {
      isPublicAddress(text)
      if (!isPeerRange(text)) return unless([RangeError], () => peerList([text]))
      return unless([], () => peerList([text])('192.0.2.1'))
    },
  ),
]

export const nodeTargets: readonly Target[] = [...tls, ...operator]
