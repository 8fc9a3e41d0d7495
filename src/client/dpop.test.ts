import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { observed } from '../../test/observations.ts'
import { assertionOf, proofOf, refused, type Route, signIn, world } from './fixtures.test-support.ts'

test('[CL-09] a server that asks for a nonce forever gets one retry, at every endpoint', async () => {
  const { connect, lie, hits, apiHits } = await world()
  let count = 0
  const endless: Route = () => ({
    status: 400,
    headers: { 'dpop-nonce': `nonce-${count++}` },
    body: { error: 'use_dpop_nonce' },
  })
  const client = await connect()

  lie.par = endless
  await assert.rejects(client.begin(), refused('nonce_demanded_again'))
  assert.equal(hits.filter(({ path }) => path === '/par').length, 2)
  lie.par = undefined

  lie.token = endless
  await assert.rejects(signIn(client), refused('nonce_demanded_again'))
  assert.equal(hits.filter(({ path }) => path === '/token').length, 2)
  lie.token = undefined

  const session = await signIn(client)
  lie.accounts = () => ({
    status: 401,
    headers: { 'dpop-nonce': `rs-${count++}`, 'www-authenticate': 'DPoP error="use_dpop_nonce"' },
  })
  await assert.rejects(client.call(session, '/accounts'), refused('nonce_demanded_again'))
  assert.equal(apiHits.filter(({ path }) => path === '/accounts').length, 2)
  lie.accounts = undefined
  assert.equal((await client.call(session, '/accounts')).status, 200)
  observed('CL-09', 'one retry, then an error')
})

test('[CL-09] each retry has a fresh proof and assertion, and a nonce goes only to the server it came from', async () => {
  const { connect, lie, tokenHits, apiHits } = await world()
  lie.token = (hit) =>
    proofOf(hit)['nonce'] === 'as-nonce'
      ? undefined
      : { status: 400, headers: { 'dpop-nonce': 'as-nonce' }, body: { error: 'use_dpop_nonce' } }
  lie.accounts = (hit) =>
    proofOf(hit)['nonce'] === 'rs-nonce'
      ? { status: 200, headers: { 'dpop-nonce': 'rs-next' }, body: [] }
      : { status: 401, headers: { 'dpop-nonce': 'rs-nonce', 'www-authenticate': 'dpop error=use_dpop_nonce' } }
  const client = await connect()
  const session = await signIn(client)
  assert.equal((await client.call(session, '/accounts')).status, 200)

  const [first, second] = tokenHits()
  assert.notEqual(proofOf(first)['jti'], proofOf(second)['jti'])
  assert.notEqual(assertionOf(first).payload['jti'], assertionOf(second).payload['jti'])
  const calls = apiHits.filter(({ path }) => path === '/accounts')
  assert.deepEqual(
    calls.map((hit) => proofOf(hit)['nonce']),
    [undefined, 'rs-nonce'],
  )
  assert.notEqual(proofOf(calls[0])['jti'], proofOf(calls[1])['jti'])
  assert.ok(proofOf(calls[1])['ath'])
  assert.equal(calls[1]?.headers['authorization'], 'DPoP secret-access-token')

  lie.accounts = undefined
  await client.call(session, '/accounts?page=2')
  assert.equal(proofOf(apiHits.at(-1))['nonce'], 'rs-next', 'adopted from the answer 200')
  observed('CL-09', 'a fresh proof, with the nonce of that server')
})

test('[CL-10] a token that is not bound is dropped; the case of token_type does not matter; expires_in may be missing', async () => {
  const { connect, lie } = await world()
  const client = await connect()
  lie.tokens = (honest) => ({ ...honest, token_type: 'Bearer' })
  await assert.rejects(signIn(client), (error: unknown) => {
    refused('token_type_wrong')(error)
    assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /secret-access-token/)
    return true
  })
  await assert.rejects(client.clientCredentials({ scope: 'accounts' }), refused('token_type_wrong'))
  lie.tokens = (honest) => ({ ...honest, token_type: 'dPoP', expires_in: undefined })
  const session = await signIn(client)
  assert.equal(session.expiresAt, undefined)
  assert.deepEqual(session.scope, ['openid', 'accounts'])
  assert.equal(session.accessToken.reveal(), 'secret-access-token')
  observed('CL-10', 'an error, and the token is dropped')
})
