import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256 } from '../node/runtime.ts'
import { aCertificate } from '../../test/flow/certificates.ts'
import { assertAllowed, assertRefused } from './assertions.test-support.ts'
import { aWorld, bankPolicy } from './fixtures.test-support.ts'
import { parseGuardPolicy } from './policy.ts'

const own = aCertificate('CN=client')
const thiefs = aCertificate('CN=thief')
const bound = { cnf: { 'x5t#S256': own.thumbprint } }
const overMutualTls = () => aWorld({ policy: { ...bankPolicy, certificateBoundTokens: 'accepted' } })

test('token_certificate_missing token_certificate_mismatch [RS-MTLS-01] a token works with its certificate only', async () => {
  const world = overMutualTls()
  const token = await world.token(bound)
  const call = { scheme: 'Bearer', token, proof: undefined } as const
  await assertRefused(world, call, {
    rule: 'token_certificate_missing',
    status: 401,
    challenge: /^Bearer error="invalid_token"/,
  })
  const stolen = { ...call, certificate: thiefs }
  await assertRefused(world, stolen, {
    rule: 'token_certificate_mismatch',
    status: 401,
    challenge: /^Bearer error="invalid_token"/,
  })
  const { token: verified, headers } = await assertAllowed(world, { ...call, certificate: own })
  assert.deepEqual(verified.confirmation, { kind: 'certificate', x5tS256: own.thumbprint })
  assert.ok(!('dpop-nonce' in headers))
})

test('certificate_bound_token_sent_as_dpop [RS-MTLS-01] a proof does not stand in for the certificate', async () => {
  const world = overMutualTls()
  const token = await world.token(bound)
  const rule = 'certificate_bound_token_sent_as_dpop'
  await assertRefused(world, { token, proof: await world.proof(token), certificate: own }, { rule, status: 401 })
  await assertAllowed(world, { scheme: 'Bearer', token, proof: undefined, certificate: own })
})

test('bound_token_sent_as_bearer [RS-DPOP-06] a certificate does not stand in for the key', async () => {
  const world = overMutualTls()
  const token = await world.token()
  const sent = { scheme: 'Bearer', token, proof: undefined, certificate: own } as const
  await assertRefused(world, sent, { rule: 'bound_token_sent_as_bearer', status: 401 })
})

test('token_certificate_missing [AS-MTLS-05] no header makes a certificate', async () => {
  const world = overMutualTls()
  const token = await world.token(bound)
  for (const name of ['client-cert', 'x-ssl-client-cert', 'x-forwarded-client-cert']) {
    const headers = [[name, own.thumbprint]] as const
    const sent = { scheme: 'Bearer', token, proof: undefined, headers } as const
    await assertRefused(world, sent, { rule: 'token_certificate_missing', status: 401 })
  }
})

test('token_certificate_missing [RS-MTLS-01] certificates count where the policy says so, and the document tells it', async () => {
  const plain = aWorld()
  const token = await plain.token(bound)
  const sent = { scheme: 'Bearer', token, proof: undefined, certificate: own } as const
  await assertRefused(plain, sent, { rule: 'token_certificate_missing', status: 401 })
  assert.equal(plain.guard.metadata()['dpop_bound_access_tokens_required'], true)
  const document = overMutualTls().guard.metadata()
  assert.equal(document['tls_client_certificate_bound_access_tokens'], true)
  assert.ok(!('dpop_bound_access_tokens_required' in document))
  assert.throws(() => parseGuardPolicy({ ...bankPolicy, ...JSON.parse('{"certificateBoundTokens":true}') }), {
    member: 'certificateBoundTokens',
  })
})

test('access_token_unbound [RS-TOK-04] a thumbprint and a key at once bind to neither', async () => {
  const world = overMutualTls()
  const cnf = { 'x5t#S256': own.thumbprint, jkt: sha256('key') }
  const sent = { scheme: 'Bearer', token: await world.token({ cnf }), proof: undefined, certificate: own } as const
  await assertRefused(world, sent, { rule: 'access_token_unbound', status: 401 })
})
