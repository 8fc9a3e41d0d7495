import assert from 'node:assert/strict'
import { createServer, type TlsOptions } from 'node:tls'
import { test } from 'node:test'
import { isJsonObject, issuer, type JsonObject } from '../../core/names.ts'
import { aWorld, theIssuer } from '../../../test/flow/world.ts'
import { anAuthority, aServerCertificate } from '../egress/certificates.test-support.ts'
import { listen } from '../listener.ts'
import { sha256 } from '../runtime.ts'
import { examine } from './examine.ts'
import type { Finding } from './finding.ts'
import { examineClock, examineStripping } from './headers.ts'
import { examineKeySet, examineMetadata } from './metadata.ts'
import { examineTls } from './transport.ts'

const world = await aWorld()
const document = (await world.send('GET', '/.well-known/openid-configuration')).json
const keySet = (await world.send('GET', '/jwks')).json

function wrong(findings: readonly Finding[]): readonly string[] {
  return findings.filter(({ verdict }) => verdict === 'bad').map(({ what }) => what)
}

const judge = (changes: JsonObject) => wrong(examineMetadata({ ...document, ...changes }, theIssuer, 'it'))

test('[AS-META-03] [AS-META-05] our own metadata is good, and each thing the profile forbids is found', () => {
  assert.deepEqual(judge({}), [])
  for (const [changes, what] of [
    [{ issuer: `${theIssuer}/` }, 'it names another issuer'],
    [{ require_pushed_authorization_requests: false }, 'require_pushed_authorization_requests is not true'],
    [{ response_types_supported: ['code', 'token'] }, 'response_types_supported is missing, empty, or'],
    [{ code_challenge_methods_supported: ['S256', 'plain'] }, 'code_challenge_methods_supported is missing, empty, or'],
    [{ id_token_signing_alg_values_supported: ['RS256'] }, 'id_token_signing_alg_values_supported is missing, empty'],
    [{ dpop_signing_alg_values_supported: [] }, 'dpop_signing_alg_values_supported is missing, empty, or'],
    [{ token_endpoint_auth_methods_supported: ['none'] }, 'token_endpoint_auth_methods_supported is missing, empty'],
    [{ token_endpoint: 'https://evil.example/token' }, 'an endpoint is on another origin: token_endpoint'],
    [{ jwks_uri: 1 }, 'an endpoint is on another origin: jwks_uri'],
  ] as const) {
    const found = judge(changes)
    assert.equal(found.length, 1, JSON.stringify(changes))
    assert.ok(found[0]?.startsWith(what), found[0])
  }
  assert.equal(wrong(examineMetadata([], theIssuer, 'it')).length, 1)
})

test('[KEY-06] a key set with a private member, or without names, is found', () => {
  assert.deepEqual(wrong(examineKeySet(keySet, sha256)), [])
  const keys = Array.isArray(keySet['keys']) ? keySet['keys'].filter(isJsonObject) : []
  const [first] = keys
  assert.ok(first !== undefined)
  for (const bad of [[{ ...first, d: 'AAAA' }], [{ ...first, kid: undefined }], [first, first], []]) {
    assert.equal(wrong(examineKeySet({ keys: bad }, sha256)).length, 1)
  }
})

/** A server on this machine whose answers somebody in front may have changed. */
async function examined(change: (request: Request, response: Response) => Response | Promise<Response>) {
  const listener = await listen(
    async (request, connection) => change(request, await world.handler(new Request(request, {}), connection)),
    { host: '127.0.0.1', port: 0 },
  )
  const asked: string[] = []
  try {
    const here = issuer(listener.url)
    return await examine({
      issuer: here,
      mutualTlsOrigin: undefined,
      clock: Date.now,
      progress: (what) => asked.push(what),
    })
  } finally {
    await listener.close()
  }
}

/** The same documents, as they would be for a server that stands here. */
async function relocated(request: Request, response: Response, more: object = {}): Promise<Response> {
  const text = (await response.text()).replaceAll(theIssuer, new URL(request.url).origin)
  return new Response(text, { status: response.status, headers: { ...Object.fromEntries(response.headers), ...more } })
}

test('a server that answers as ours does has nothing bad about it', async () => {
  const findings = await examined((request, response) => relocated(request, response))
  assert.deepEqual(wrong(findings), [])
  assert.ok(findings.some(({ what }) => what.startsWith('plain http')))
})

test('[NET-04] an answer without HSTS, or with a short one, is found', () => {
  assert.equal(examineStripping(new Headers({ 'strict-transport-security': 'max-age=63072000' })).verdict, 'good')
  for (const headers of [{}, { 'strict-transport-security': 'max-age=3600' }]) {
    assert.equal(examineStripping(new Headers(headers)).verdict, 'bad')
  }
})

test('[NET-06] a proxy that believes strangers, or lives in another time, is found', async () => {
  const credulous = await examined(async (request, response) => {
    const answer = await relocated(request, response)
    const host = request.headers.get('x-forwarded-host')
    return host === null ? answer : new Response((await answer.text()).replaceAll('127.0.0.1', host), answer)
  })
  assert.deepEqual(wrong(credulous), ['a forwarded header of a stranger changes the metadata'])
  const late = await examined((request, response) => relocated(request, response, { date: new Date(0).toUTCString() }))
  assert.match(wrong(late)[0] ?? '', /^the Date of the server is \d+ s off$/)
  const verdicts = [0, 2, 3, 10, 11].map((seconds) => {
    const headers = new Headers({ date: new Date(1_800_000_000_000).toUTCString() })
    return examineClock(headers, 1_800_000_000_000 + seconds * 1000).verdict
  })
  assert.deepEqual(verdicts, ['good', 'good', 'doubtful', 'doubtful', 'bad'])
})

/** What is found about a TLS server with these options. */
async function tlsFindings(options: TlsOptions): Promise<readonly string[]> {
  const authority = anAuthority()
  const { pem, key } = aServerCertificate({ commonName: 'localhost', dns: ['localhost'] }, authority)
  const server = createServer({ cert: pem, key, ...options }, (socket) => socket.resume().on('error', () => {}))
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    return wrong(await examineTls(`https://127.0.0.1:${port}`, Date.now()))
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

test('[NET-01] [NET-02] old TLS, old suites and untrusted certificates are found', async () => {
  const strict = await tlsFindings({ minVersion: 'TLSv1.3' })
  assert.equal(strict.length, 1)
  assert.match(strict[0] ?? '', /^clients do not trust the certificate/)
  const old = await tlsFindings({
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT@SECLEVEL=0:ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256',
  })
  assert.deepEqual(old.slice(1), ['TLS 1.1 is accepted', 'TLS 1.2 with a CBC suite is accepted'])
})
