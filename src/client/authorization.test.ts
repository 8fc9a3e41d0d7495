import assert from 'node:assert/strict'
import { test } from 'node:test'
import { observed } from '../../test/observations.ts'
import { callback, refused, signIn, world } from './fixtures.test-support.ts'
import { ClientError, type ClientErrorReason, type Pending } from './index.ts'

test('[CL-02] [CL-03] the browser carries client_id and request_uri only; everything else is pushed, fresh each time', async () => {
  const { connect, hits, issuer, api } = await world()
  const client = await connect()
  const flows = await Promise.all(Array.from({ length: 50 }, () => client.begin()))
  for (const { url } of flows) {
    assert.equal(url, `${issuer}/authorize?client_id=app&request_uri=urn%3Aexample%3A1`)
  }
  const pushes = hits.filter(({ path }) => path === '/par')
  for (const name of ['code_challenge', 'state', 'nonce', 'client_assertion']) {
    assert.equal(new Set(pushes.map(({ form }) => form.get(name))).size, 50, name)
  }
  const { form } = pushes[0] ?? assert.fail()
  assert.equal(form.get('code_challenge_method'), 'S256')
  assert.equal(form.get('resource'), api)
  assert.equal(form.get('redirect_uri'), 'http://127.0.0.1:4600/callback?from=bank')
  assert.ok((form.get('nonce') ?? '').length <= 64)
  const { pending } = flows[0] ?? assert.fail()
  const kept: Pending = JSON.parse(JSON.stringify(pending))
  assert.equal((await client.finish(callback(pending), kept)).subject, 'alice')
  observed('CL-02', 'two parameters in the URL')
})

test('what exactly is to be allowed is pushed as JSON, with the API it is for, and never in the URL', async () => {
  const { connect, hits, api } = await world()
  const client = await connect()
  const payment = { type: 'payment', amount: '1.00', to: { iban: 'DE02 & more' } }
  const { url } = await client.begin({ scope: 'openid', authorizationDetails: [payment] })
  assert.deepEqual([...new URL(url).searchParams.keys()], ['client_id', 'request_uri'])
  const { form } = hits.find(({ path }) => path === '/par') ?? assert.fail()
  assert.deepEqual(JSON.parse(form.get('authorization_details') ?? ''), [payment])
  assert.equal(form.get('resource'), api)
  await client.begin()
  assert.equal(hits.findLast(({ path }) => path === '/par')?.form.has('authorization_details'), false)
})

test('[CL-04] [ER-15] an authorization response without iss, or from another issuer, is dropped before anything else', async () => {
  const { connect, tokenHits } = await world()
  const client = await connect()
  const { pending } = await client.begin()
  const wrong: [ClientErrorReason, Record<string, string | undefined>][] = [
    ['iss_missing', { iss: undefined }],
    ['iss_mismatch', { iss: 'https://attacker.example' }],
    ['iss_mismatch', { iss: `${pending.issuer}/` }],
    ['iss_missing', { iss: undefined, code: undefined, error: 'access_denied' }],
    ['iss_mismatch', { iss: 'https://attacker.example', code: undefined, error: 'access_denied', state: 'x' }],
  ]
  for (const [reason, changes] of wrong) {
    await assert.rejects(client.finish(callback(pending, changes), pending), refused(reason))
  }
  const twice = `${callback(pending)}&iss=https%3A%2F%2Fattacker.example`
  await assert.rejects(client.finish(twice, pending), refused('iss_mismatch'))
  assert.equal(tokenHits().length, 0)
  assert.equal((await client.finish(callback(pending), pending)).subject, 'alice')
  observed('CL-04', 'an error and no token request')
})

test('[CL-05] a wrong, missing or foreign state leads to no exchange, and a flow is finished once', async () => {
  const { connect, tokenHits } = await world()
  const client = await connect()
  const { pending } = await client.begin()
  const { pending: other } = await client.begin()
  await assert.rejects(client.finish(callback(pending, { state: undefined }), pending), refused('state_missing'))
  await assert.rejects(client.finish(callback(other), pending), refused('state_mismatch'))
  await assert.rejects(client.finish(`${callback(pending)}&state=x`, pending), refused('state_mismatch'))
  assert.equal(tokenHits().length, 0)
  const both = await Promise.allSettled([1, 2].map(() => client.finish(callback(pending), pending)))
  assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
  await assert.rejects(client.finish(callback(pending), pending), refused('pending_spent'))
  assert.equal(tokenHits().length, 1)
  await client.finish(callback(other), other)
  observed('CL-05', 'an error and one exchange')
})

test('[CL-05] a pending flow of another client or issuer, a repeated parameter, a missing code: no exchange', async () => {
  const { connect, tokenHits } = await world()
  const client = await connect()
  const { pending } = await client.begin()
  await assert.rejects(client.finish(callback(pending), { ...pending, clientId: 'b' }), refused('pending_foreign'))
  await assert.rejects(
    client.finish(callback(pending), { ...pending, issuer: 'https://b.example' }),
    refused('pending_foreign'),
  )
  await assert.rejects(client.finish(`${callback(pending)}&code=other`, pending), refused('response_malformed'))
  await assert.rejects(client.finish(callback(pending, { code: undefined }), pending), refused('response_malformed'))
  assert.equal(tokenHits().length, 0)
  await signIn(client)
})

test('[CL-04] a refusal by the person is told apart, with state and iss checked', async () => {
  const { connect, tokenHits } = await world()
  const client = await connect()
  const denied = await client.begin()
  const refusal = { code: undefined, error: 'access_denied', error_description: 'The person did not allow this.' }
  await assert.rejects(client.finish(callback(denied.pending, refusal), denied.pending), (error: unknown) => {
    assert.ok(error instanceof ClientError)
    assert.equal(error.reason, 'access_denied')
    assert.equal(error.errorDescription, 'The person did not allow this.')
    return true
  })
  const failed = await client.begin()
  const other = callback(failed.pending, { code: undefined, error: 'server_error' })
  await assert.rejects(client.finish(other, failed.pending), refused('authorization_refused'))
  assert.equal(tokenHits().length, 0)
  await signIn(client)
})

test('[CL-03] a thousand flows have a thousand challenges, and a callback in another browser session redeems nothing', async () => {
  const { connect, lie, hits, tokenHits } = await world()
  const client = await connect()
  const challenges = new Set<string | null>()
  const verifiers = new Set<string>()
  lie.par = ({ form }) => {
    challenges.add(form.get('code_challenge'))
    return undefined
  }
  for (let round = 0; round < 1000; round += 1) {
    const { pending } = await client.begin()
    verifiers.add(pending.codeVerifier)
    assert.equal(Buffer.from(pending.codeVerifier, 'base64url').length, 32)
  }
  assert.deepEqual([challenges.size, verifiers.size], [1000, 1000])
  assert.ok(hits.every(({ path, form }) => path !== '/par' || !form.has('code_verifier')))
  const mine = await client.begin()
  const yours = await client.begin()
  await assert.rejects(client.finish(callback(mine.pending), yours.pending), refused('state_mismatch'))
  assert.equal(tokenHits().length, 0)
  await client.finish(callback(mine.pending), mine.pending)
  observed('CL-03', 'no repeated challenge, and no token call')
})
