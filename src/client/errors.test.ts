import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { Secret } from '../core/names.ts'
import { refused, signIn, world } from './fixtures.test-support.ts'
import { ClientError, createClient } from './index.ts'

test('a refusal of a Strongroom server keeps its name and correlation id', async () => {
  const { connect, lie } = await world()
  const client = await connect()
  const body = {
    error: 'invalid_request',
    error_description: 'The redirect_uri is not one of those registered for the client.',
    rule: 'redirect_uri_unregistered',
    hint: 'Send a registered redirect URI, byte for byte.',
    correlation_id: 'c'.repeat(22),
  }
  lie.par = () => ({ status: 400, body })
  await assert.rejects(client.begin(), (error: unknown) => {
    refused('request_refused')(error)
    assert.ok(error instanceof ClientError)
    assert.deepEqual(
      [error.status, error.error, error.rule, error.hint, error.correlationId],
      [400, 'invalid_request', body.rule, body.hint, body.correlation_id],
    )
    return true
  })
  lie.par = () => ({ status: 401, headers: { 'www-authenticate': 'DPoP' }, body: { ...body, error: 'invalid_client' } })
  await assert.rejects(client.begin(), (error: unknown) => error instanceof ClientError && error.rule === body.rule)
  lie.par = () => ({ status: 500 })
  await assert.rejects(client.begin(), refused('response_unusable'))
  lie.par = () => ({ status: 201, body: { request_uri: 5 } })
  await assert.rejects(client.begin(), refused('response_unusable'))
  lie.par = undefined
  await client.begin()
})

test('a server that is gone is unreachable', async () => {
  const { config, ports } = await world()
  const gone = { ...ports, fetch: () => Promise.reject(new TypeError('fetch failed')) }
  await assert.rejects(createClient(config, gone), refused('metadata_unavailable'))
  let isUp = true
  const flaky = {
    ...ports,
    fetch: (url: string, init: RequestInit) => (isUp ? ports.fetch(url, init) : gone.fetch()),
  }
  const client = await createClient(config, flaky)
  isUp = false
  await assert.rejects(client.begin(), refused('unreachable'))
  isUp = true
  await client.begin()
})

test('[CL-19] a session prints without its token', async () => {
  const { connect } = await world()
  const session = await signIn(await connect())
  assert.doesNotMatch(inspect(session) + JSON.stringify(session) + String(session.accessToken), /secret-access-token/)
  assert.ok(session.accessToken instanceof Secret)
})
