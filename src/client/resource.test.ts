import assert from 'node:assert/strict'
import { test } from 'node:test'
import { observed } from '../../test/observations.ts'
import { callback, type Hit, listen, proofOf, refused, signIn, world } from './fixtures.test-support.ts'
import { createClient } from './index.ts'

test('[CL-12] a redirect of the API is not followed, whoever makes the requests', async () => {
  const { connect, config, ports, lie, hits } = await world()
  const evil: Hit[] = []
  const elsewhere = await listen({ '/steal': () => ({ status: 200, body: [] }) }, evil)
  const plain = { ...ports, fetch: (url: string, init: RequestInit) => fetch(url, init) }
  const careless = { ...ports, fetch: (url: string, init: RequestInit) => fetch(url, { ...init, redirect: 'manual' }) }
  for (const client of [await connect(), await createClient(config, plain), await createClient(config, careless)]) {
    const session = await signIn(client)
    for (const status of [301, 302, 303, 307, 308]) {
      lie.accounts = () => ({ status, headers: { location: `${elsewhere}/steal` } })
      await assert.rejects(client.call(session, '/accounts'), refused('redirect_refused'))
    }
    lie.accounts = undefined
    assert.equal((await client.call(session, '/accounts')).status, 200)
  }
  assert.equal(evil.length, 0)
  assert.ok(hits.length > 0)
  observed('CL-12', 'an error, and nothing reached the other host')
})

test('[CL-12] a back-channel redirect is not followed', async () => {
  const { connect, lie, hits } = await world()
  const client = await connect()
  lie.par = () => ({ status: 307, headers: { location: '/token' } })
  await assert.rejects(client.begin(), refused('redirect_refused'))
  assert.equal(hits.filter(({ path }) => path === '/token').length, 0)
  lie.par = undefined
  await client.begin()
})

test('[CL-12] a token goes to the origin of the API only, and credentials are not the caller’s to set', async () => {
  const { connect, apiHits, issuer, api } = await world()
  const client = await connect()
  const session = await signIn(client)
  apiHits.length = 0
  const foreign = ['https://evil.example/', '//evil.example/accounts', `${issuer}/accounts`, 'http://a:b@127.0.0.1/']
  for (const target of foreign) {
    await assert.rejects(client.call(session, target), refused('resource_foreign'), target)
  }
  for (const name of ['authorization', 'DPoP']) {
    await assert.rejects(client.call(session, '/accounts', { headers: { [name]: 'x' } }), TypeError)
  }
  // A session of another client, issuer or API is not sent anywhere.
  const foreignSession = { ...session, of: 'https://other.example client https://bank.example' }
  await assert.rejects(client.call(foreignSession, '/accounts'), refused('session_foreign'))
  await assert.rejects(client.userinfo(foreignSession), refused('session_foreign'))
  await assert.rejects(client.finish('http://[', (await client.begin()).pending), refused('response_malformed'))
  assert.equal(apiHits.length, 0)
  assert.deepEqual(await (await client.call(session, `${api}/accounts`)).json(), ['savings'])
  await client.call(session, '/accounts', {
    method: 'post',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(apiHits.at(-1)?.method, 'POST')
  assert.equal(proofOf(apiHits.at(-1))['htm'], 'POST')
  observed('CL-12', 'an error before any call')
})

test('[CL-12] a refusal of the API is an answer for the caller', async () => {
  const { connect, lie } = await world()
  const client = await connect()
  const session = await signIn(client)
  lie.accounts = () => ({
    status: 401,
    headers: { 'www-authenticate': 'DPoP error="invalid_token", algs="ES256"' },
    body: { rule: 'access_token_revoked' },
  })
  const response = await client.call(session, '/accounts')
  assert.equal(response.status, 401)
  assert.deepEqual(await response.json(), { rule: 'access_token_revoked' })
})

test('[CL-14] claims about somebody else are discarded', async () => {
  const { connect, lie } = await world()
  const client = await connect()
  const session = await signIn(client)
  lie.userinfo = () => ({ status: 200, body: { sub: 'mallory', name: 'Alice' } })
  await assert.rejects(client.userinfo(session), refused('userinfo_subject_mismatch'))
  lie.userinfo = undefined
  assert.deepEqual(await client.userinfo(session), { sub: 'alice', name: 'Alice' })
  const { pending } = await client.begin({ scope: 'accounts' })
  lie.tokens = (honest) => ({ ...honest, id_token: undefined })
  const anonymous = await client.finish(callback(pending), pending)
  await assert.rejects(client.userinfo(anonymous), refused('subject_unknown'))
})
