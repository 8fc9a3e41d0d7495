import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aCertificate } from './certificates.ts'
import { aProof, authentication } from './messages.ts'
import { aParty } from './parties.ts'
import { assertRefused } from './steps.ts'
import { aWorld, urls } from './world.ts'

test('client_authentication_missing [AS-MTLS-06] a certificate on the connection stands in for no assertion', async () => {
  const world = await aWorld()
  const party = aParty()
  const certificate = aCertificate('CN=client-a')
  const asked = [
    ['client_id', world.client.clientId],
    ['grant_type', 'client_credentials'],
    ['scope', 'accounts'],
  ] as const
  for (const entrance of ['main', 'mtls'] as const) {
    const proof = async () => ['dpop', await aProof(world, party, 'POST', urls.token)] as const
    const sent = { certificate, entrance }
    const reply = await world.send('POST', '/token', { ...sent, form: asked, headers: [await proof()] })
    assertRefused(reply, 'client_authentication_missing', entrance)
    assert.deepEqual([reply.status, reply.json['error']], [401, 'invalid_client'])
    // With its assertion it gets in, certificate or not.
    const form = [...asked, ...(await authentication(world))]
    const honest = await world.send('POST', '/token', { ...sent, form, headers: [await proof()] })
    assert.equal(honest.status, 200, honest.text)
  }
})
