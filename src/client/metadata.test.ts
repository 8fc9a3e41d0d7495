import assert from 'node:assert/strict'
import { test } from 'node:test'
import { observed } from '../../test/observations.ts'
import { type Hit, listen, refused, world } from './fixtures.test-support.ts'
import { type ClientErrorReason, type ClientPorts, createClient, discoverResource } from './index.ts'

test('[CL-01] [LV-05] metadata of another issuer is a hard error, and nothing further is asked', async () => {
  const { lie, connect, hits, apiHits, issuer } = await world()
  for (const other of [`${issuer}/`, 'http://localhost:1', issuer.replace('http', 'https'), undefined]) {
    lie.metadata = (honest) => ({ ...honest, issuer: other })
    hits.length = 0
    await assert.rejects(connect, refused('metadata_mismatch'))
    assert.deepEqual(
      hits.map(({ path }) => path),
      ['/.well-known/openid-configuration'],
    )
    assert.equal(apiHits.length, 0)
  }
  lie.metadata = (honest) => honest
  const copy: Hit[] = []
  const elsewhere = await listen({ '/copy': () => ({ status: 200, body: {} }) }, copy)
  for (const status of [301, 302, 303, 307, 308]) {
    lie.discovery = () => ({ status, headers: { location: `${elsewhere}/copy` } })
    await assert.rejects(connect, refused('metadata_unavailable'))
  }
  assert.equal(copy.length, 0)
  lie.discovery = undefined
  await connect()
  observed('CL-01', 'an error, and nothing further was asked')
})

test('[CL-01] an endpoint over plain http beyond this machine, or with a query, is a hard error', async () => {
  const { lie, connect, issuer } = await world()
  const bad = ['http://bank.example/token', `${issuer}/token?a=b`, 'ftp://127.0.0.1/', 'http://user:pass@127.0.0.1/']
  for (const endpoint of bad) {
    lie.metadata = (honest) => ({ ...honest, token_endpoint: endpoint })
    await assert.rejects(connect, refused('endpoint_insecure'), endpoint)
  }
  lie.metadata = (honest) => ({ ...honest, token_endpoint: 'token' })
  await assert.rejects(connect, refused('metadata_malformed'))
  lie.metadata = (honest) => honest
  await connect()
  observed('CL-01', 'an error before any call')
})

test('[CL-02] a server that offers less than the profile is a hard error, without fallback', async () => {
  const { lie, connect } = await world()
  const lesser: [ClientErrorReason, Record<string, unknown>][] = [
    ['par_missing', { pushed_authorization_request_endpoint: undefined }],
    ['pkce_missing', { code_challenge_methods_supported: ['plain'] }],
    ['pkce_missing', { code_challenge_methods_supported: undefined }],
    ['iss_unsupported', { authorization_response_iss_parameter_supported: false }],
    ['private_key_jwt_missing', { token_endpoint_auth_methods_supported: ['client_secret_basic'] }],
    ['private_key_jwt_missing', { token_endpoint_auth_signing_alg_values_supported: ['RS256'] }],
    ['dpop_missing', { dpop_signing_alg_values_supported: undefined }],
    ['id_token_algorithm_missing', { id_token_signing_alg_values_supported: ['RS256', 'none'] }],
  ]
  for (const [reason, change] of lesser) {
    lie.metadata = (honest) => ({ ...honest, ...change })
    await assert.rejects(connect, refused(reason))
  }
  lie.metadata = (honest) => honest
  await connect()
  observed('CL-02', 'an error without fallback')
})

test('[CL-17] metadata of another resource, or one that does not trust the issuer, is discarded', async () => {
  const { lie, connect, api } = await world()
  const lies: Record<string, unknown>[] = [
    { resource: `${api}/` },
    { resource: 'https://api.example' },
    { authorization_servers: ['https://other.example'] },
  ]
  for (const change of lies) {
    lie.resource = (honest) => ({ ...honest, ...change })
    await assert.rejects(connect, refused('metadata_mismatch'))
  }
  lie.resource = (honest) => ({ ...honest, authorization_servers: undefined })
  await assert.rejects(connect, refused('metadata_malformed'))
  lie.resource = (honest) => honest
  await connect()
  observed('CL-17', 'the metadata is discarded')
})

/** An API that challenges with a URL of its metadata; what was asked, and with which credentials. */
async function discovery(setting: Awaited<ReturnType<typeof world>>) {
  const { ports, api, issuer } = setting
  const asked: { url: string; headers: Headers }[] = []
  const lie = { challenge: `DPoP resource_metadata="${api}/.well-known/oauth-protected-resource"` }
  const fetch: ClientPorts['fetch'] = async (url, init) => {
    asked.push({ url, headers: new Headers(init.headers) })
    if (new URL(url).origin !== api) return Response.json({ resource: api, authorization_servers: [issuer] })
    return url === api
      ? new Response(null, { status: 401, headers: { 'www-authenticate': lie.challenge } })
      : ports.fetch(url, init)
  }
  const discover = (trustedIssuers: readonly string[] = [issuer], url = api) =>
    discoverResource(url, { trustedIssuers }, { ...ports, fetch })
  return { asked, lie, discover }
}

test('[CL-17] an API is found through its challenge; where that leads inside a network, nothing is asked there', async () => {
  const setting = await world()
  const { asked, lie, discover } = await discovery(setting)
  const { api, issuer } = setting
  const found = { resource: api, issuer, scopes: [] }
  assert.deepEqual(await discover(), found)
  for (const place of [
    'https://169.254.169.254/latest/meta-data',
    'http://10.0.0.1/',
    'https://192.168.1.1/.well-known/oauth-protected-resource',
    'http://[::1]:8080/',
    'https://evil.example/.well-known/oauth-protected-resource',
    'file:///etc/passwd',
    'nonsense',
  ]) {
    asked.length = 0
    lie.challenge = `DPoP error="invalid_token", resource_metadata="${place}"`
    await assert.rejects(discover(), refused('resource_foreign'), place)
    assert.deepEqual(
      asked.map(({ url }) => url),
      [api],
      place,
    )
  }
  lie.challenge = 'DPoP algs="ES256"'
  assert.deepEqual(await discover(), found)
  assert.ok(asked.every(({ headers }) => !headers.has('authorization') && !headers.has('dpop')))
  observed('CL-17', 'discarded, and nothing was asked there')
})

test('[CL-17] what is found speaks for the very URL, and names an issuer that is trusted already', async () => {
  const setting = await world()
  const { discover } = await discovery(setting)
  const { api, issuer, lie } = setting
  for (const resource of [`${api}/`, `${api}/accounts`, 'https://bank.example']) {
    lie.resource = (honest) => ({ ...honest, resource })
    await assert.rejects(discover(), refused('metadata_mismatch'), resource)
  }
  lie.resource = (honest) => ({ ...honest, authorization_servers: ['https://10.0.0.1', 'https://evil.example'] })
  await assert.rejects(discover(), refused('metadata_mismatch'))
  lie.resource = (honest) => ({ ...honest, authorization_servers: 'https://evil.example' })
  await assert.rejects(discover(), refused('metadata_malformed'))
  lie.resource = (honest) => ({ ...honest, authorization_servers: ['https://evil.example', issuer] })
  await assert.rejects(discover(['https://other.example']), refused('metadata_mismatch'))
  assert.equal((await discover(['https://other.example', issuer])).issuer, issuer)
  observed('CL-17', 'discarded')
})

test('[CL-17] the metadata of a resource inside a network is not fetched', async () => {
  const { config, ports, connect } = await world()
  for (const resource of ['https://10.0.0.1', 'https://169.254.169.254', 'https://[fd00::1]']) {
    await assert.rejects(createClient({ ...config, resource }, ports), refused('metadata_unavailable'), resource)
  }
  await connect()
  observed('CL-17', 'discarded')
})
