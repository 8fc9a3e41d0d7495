import assert from 'node:assert/strict'
import { test } from 'node:test'
import { observed } from '../../test/observations.ts'
import { aBrowser } from '../../test/flow/steps.ts'
import { alter } from '../../test/flow/world.ts'
import { aPayment } from '../../test/flow/detail-types.ts'
import { allow, aRealServer } from './real-server.test-support.ts'
import { refused } from './fixtures.test-support.ts'

const payment = { ...aPayment(), type: 'payment_initiation' }

test('[CL-13] sessions are renewed by the server itself, before they end and when told, about the same person', async (t) => {
  const server = await aRealServer(t)
  const { world } = server
  const client = await server.connect()
  const { url, pending } = await client.begin()
  const session = await client.finish(await allow(world, url), pending)
  assert.equal(session.subject, 'user-alice')
  const grants = () => world.events.filter(({ step, outcome }) => step === 'token' && outcome === 'done').length
  assert.equal(grants(), 1)
  assert.equal((await client.userinfo(session))['sub'], 'user-alice')
  assert.equal(grants(), 1, 'not renewed while it is fresh')
  server.wait(281)
  assert.equal((await client.userinfo(session))['sub'], 'user-alice')
  assert.equal(grants(), 2, 'renewed before it ended')
  server.wait(100)
  assert.equal((await client.userinfo(session))['sub'], 'user-alice')
  assert.equal(grants(), 2, 'the newest one is used, whichever the caller holds')
  const renewed = await client.refresh(session)
  assert.equal(grants(), 3)
  assert.notEqual(renewed.accessToken.reveal(), session.accessToken.reveal())
  assert.equal(renewed.refreshToken?.reveal(), session.refreshToken?.reveal(), 'this server does not rotate')
  assert.deepEqual([renewed.subject, renewed.scope, renewed.id], [session.subject, session.scope, session.id])
  observed('CL-13', 'renewed, with the same refresh token')
})

test('[AS-RAR-03] what exactly is to be allowed is asked for, and what was granted comes back and is renewed', async (t) => {
  const server = await aRealServer(t)
  const { world } = server
  const client = await server.connect()
  const { url, pending } = await client.begin({ authorizationDetails: [payment] })
  const session = await client.finish(await allow(world, url), JSON.parse(JSON.stringify(pending)))
  assert.deepEqual(session.authorizationDetails, [payment])
  assert.deepEqual((await client.refresh(session)).authorizationDetails, [payment])
  await alter(world, world.client, { authorizationDetailTypes: [] })
  assert.deepEqual(
    (await client.refresh(session)).authorizationDetails,
    [],
    'what does not count any more is not renewed',
  )
  await assert.rejects(client.begin({ authorizationDetails: [payment] }), refused('request_refused'))
  assert.equal(world.events.at(-1)?.rule, 'authorization_details_type_not_allowed')
})

test('[CL-13] what the server has ended is not renewed: the session is over, and forgotten', async (t) => {
  const server = await aRealServer(t)
  const { world } = server
  const client = await server.connect()
  const begin = async () => {
    const { url, pending } = await client.begin()
    return client.finish(await allow(world, url), pending)
  }
  const session = await begin()
  await client.revoke(session)
  assert.equal(await client.resume(session.id), undefined)
  await assert.rejects(client.refresh(session), refused('session_ended'))
  assert.equal(world.events.at(-1)?.rule, 'refresh_token_grant_revoked')
  await assert.rejects(client.userinfo(session), refused('request_refused'))
  server.wait(290)
  await assert.rejects(client.call(session, '/accounts'), refused('session_ended'))

  const own = await client.clientCredentials({ scope: 'accounts' })
  await assert.rejects(client.refresh(own), refused('refresh_token_missing'))
  await client.revoke(own)
  assert.equal(world.events.at(-1)?.outcome, 'done')
  const again = await begin()
  assert.equal((await client.refresh(again)).subject, 'user-alice')
})

test('a person is signed out at the server with the ID token of the session, and comes back', async (t) => {
  const server = await aRealServer(t)
  const { world } = server
  const back = 'https://app.example/signed-out'
  await alter(world, world.client, { postLogoutRedirectUris: [back] })
  const client = await server.connect()
  const browser = aBrowser(world)
  const { url, pending } = await client.begin()
  const session = await client.finish(await allow(world, url, browser), pending)
  const bare = new URL(client.endSessionUrl(session, { hint: 'none', postLogoutRedirectUri: back }))
  assert.deepEqual([...bare.searchParams.keys()], ['client_id', 'post_logout_redirect_uri'])
  const asked = await browser.get(bare.href)
  assert.equal(asked.status, 200, 'without the ID token the person is asked')
  const out = client.endSessionUrl(session, { postLogoutRedirectUri: back, state: 'a state' })
  const left = await browser.get(out)
  assert.equal(left.headers.get('location') ?? left.text, `${back}?state=a+state`)
  await assert.rejects(async () => client.endSessionUrl({ ...session, of: 'x' }, {}), refused('session_foreign'))
  await assert.rejects(client.revoke({ ...session, of: 'x' }), refused('session_foreign'))
})

test('[CL-14] [CL-18] the way of signing in is asked for as essential, and one that nobody can do comes back as an error', async (t) => {
  const server = await aRealServer(t)
  const { world } = server
  const client = await server.connect()
  const { url, pending } = await client.begin({ acrValues: ['urn:example:acr:hardware'] })
  await assert.rejects(client.finish(await allow(world, url), pending), refused('authorization_refused'))
  assert.equal(world.events.at(-1)?.rule, 'acr_unmet')
  const done = await client.begin({
    acrValues: ['urn:example:acr:hardware', 'urn:strongroom:acr:password'],
    maxAge: 60,
  })
  const session = await client.finish(await allow(world, done.url), done.pending)
  assert.equal(session.idToken?.['acr'], 'urn:strongroom:acr:password')
  observed('CL-14', 'an error instead of a session')
})
