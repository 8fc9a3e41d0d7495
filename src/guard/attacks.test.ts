/** Attacks on calls of an API. */

import { test } from 'node:test'
import { aCertificate } from '../../test/flow/certificates.ts'
import { assertAllowed, assertRefused } from './assertions.test-support.ts'
import { aKey, aWorld, bankPolicy } from './fixtures.test-support.ts'

test('dpop_replayed dpop_htm_mismatch dpop_nonce_invalid [SK-43] a live proof taken on the way serves one request, which the owner then notices', async () => {
  const world = aWorld()
  const token = await world.token()
  const payment = { htm: 'POST', htu: `${world.policy.publicUrl}/payments` }
  const taken = { method: 'POST', target: '/payments', token, proof: await world.proof(token, payment) }
  // A proof says nothing of a body: who delivers it first is served. What it was made for is all that it is good for.
  await assertRefused(
    world,
    { ...taken, method: 'GET', target: '/accounts' },
    { rule: 'dpop_htm_mismatch', status: 401 },
  )
  await assertAllowed(world, taken)
  await assertRefused(world, taken, { rule: 'dpop_replayed', status: 401 })
  // One that was made ahead, for a time to come, is worth nothing once its nonce is over.
  const ahead = { ...taken, proof: await world.proof(token, { ...payment, iat: world.time.now + 121 }) }
  world.wait(121)
  await assertRefused(world, ahead, { rule: 'dpop_nonce_invalid', status: 401 })
})

test('token_certificate_missing [SK-43] a token of mutual TLS is of no use to who stands behind the connection', async () => {
  const own = aCertificate('CN=client')
  const world = aWorld({ policy: { ...bankPolicy, certificateBoundTokens: 'accepted' } })
  const token = await world.token({ cnf: { 'x5t#S256': own.thumbprint } })
  const taken = { method: 'POST', target: '/payments', scheme: 'Bearer', token, proof: undefined } as const
  await assertRefused(world, taken, { rule: 'token_certificate_missing', status: 401 })
  await assertRefused(
    world,
    { ...taken, certificate: aCertificate('CN=between') },
    { rule: 'token_certificate_mismatch', status: 401 },
  )
  await assertAllowed(world, { ...taken, certificate: own })
})

test('dpop_key_mismatch [SK-32] a jti that a thief spends first stays good for its owner', async () => {
  const world = aWorld()
  const thief = aKey()
  const token = await world.token()
  const jti = 'a predicted jti'
  const stolen = { token, proof: await world.proof(token, { jti }, { key: thief }) }
  await assertRefused(world, stolen, { rule: 'dpop_key_mismatch', status: 401 })
  const ofThief = await world.token({ cnf: { jkt: thief.publicKey.thumbprint } })
  await assertAllowed(world, { token: ofThief, proof: await world.proof(ofThief, { jti }, { key: thief }) })
  const proof = await world.proof(token, { jti })
  await assertAllowed(world, { token, proof })
  await assertRefused(world, { token, proof }, { rule: 'dpop_replayed', status: 401 })
})
