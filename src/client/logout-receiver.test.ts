import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { aParty, type Party } from '../../test/flow/parties.ts'
import { aJwt, type Changes } from '../../test/flow/messages.ts'
import { aBrowser } from '../../test/flow/steps.ts'
import { alter, theIssuer } from '../../test/flow/world.ts'
import { observed } from '../../test/observations.ts'
import { refused } from './fixtures.test-support.ts'
import { createLogoutReceiver, type LogoutReceiver, type LogoutReceiverConfig, type SignedOut } from './index.ts'
import { allow, aRealServer, type RealServer } from './real-server.test-support.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'

/** A receiver that notes whose sessions ended, and what posts logout tokens to it. */
async function aReceiver(server: RealServer, changes: Partial<LogoutReceiverConfig> = {}) {
  const ended: SignedOut[] = []
  const onLogout = (who: SignedOut) => void ended.push(who)
  const { clientId } = server.world.client
  const config = { issuer: theIssuer, clientId, onLogout, ...changes }
  return { ended, receive: await createLogoutReceiver(config, server.ports) }
}

function post(
  receive: LogoutReceiver,
  body: string | URLSearchParams,
  headers: Record<string, string> = {},
): Promise<Response> {
  return receive(new Request('https://app.example/logged-out', { method: 'POST', body, headers }))
}
const deliver = (receive: LogoutReceiver, token: string) => post(receive, new URLSearchParams({ logout_token: token }))

async function assertRefused(response: Response, about: string) {
  assert.equal(response.status, 400, about)
  assert.equal(response.headers.get('cache-control'), 'no-store', about)
  assert.equal(Reflect.get(Object(await response.json()), 'error'), 'invalid_request', about)
}

let count = 0

/** What the server itself would post, with something changed. */
function aLogoutToken({ world }: RealServer, changes: Changes = {}, by: Party = world.serverKeys[0] ?? aParty()) {
  const now = world.now()
  count += 1
  const claims = {
    iss: theIssuer,
    aud: world.client.clientId,
    iat: now,
    exp: now + 120,
    jti: `token-${count}`,
    events: { [event]: {} },
    sub: 'user-alice',
    sid: 'a sign-in',
  }
  const header = { typ: 'logout+jwt', kid: by.key.kid, ...changes.header }
  return aJwt(header, { ...claims, ...changes.claims }, changes.signer ?? by.signer)
}

async function aSetting(t: TestContext) {
  const server = await aRealServer(t)
  return { server, ...(await aReceiver(server)) }
}

test('[CL-20] what the server posts when a person signs out ends their sign-in here, once', async (t) => {
  const posted: string[] = []
  const server = await aRealServer(t, {
    ports: {
      postForm: async (_, form) => {
        posted.push(form[0]?.[1] ?? '')
        return { status: 200 }
      },
    },
  })
  const { world } = server
  await alter(world, world.client, { backchannelLogoutUri: 'https://app.example/logged-out' })
  const client = await server.connect()
  const browser = aBrowser(world)
  const { url, pending } = await client.begin()
  const session = await client.finish(await allow(world, url, browser), pending)
  await browser.get(client.endSessionUrl(session))
  await new Promise((resolve) => setImmediate(resolve))
  const { ended, receive } = await aReceiver(server)
  const token = posted[0] ?? assert.fail('nothing was posted')
  const response = await deliver(receive, token)
  assert.deepEqual([response.status, response.headers.get('cache-control')], [200, 'no-store'])
  assert.deepEqual(ended, [{ subject: session.subject, sid: session.idToken?.['sid'] }])
  await assertRefused(await deliver(receive, token), 'the same once more')
  assert.equal(ended.length, 1)
  observed('CL-20', '200 once, then 400')
})

test('[CL-20] an ID token is no logout token', async (t) => {
  const { server, ended, receive } = await aSetting(t)
  const client = await server.connect()
  const { url, pending } = await client.begin()
  const session = await client.finish(await allow(server.world, url), pending)
  await assertRefused(await deliver(receive, session.idTokenHint?.reveal() ?? ''), 'an ID token')
  await assertRefused(await deliver(receive, session.accessToken.reveal()), 'an access token')
  assert.deepEqual(ended, [])
  assert.equal((await deliver(receive, await aLogoutToken(server))).status, 200)
  assert.equal(ended.length, 1)
  observed('CL-20', '400, and no session ended')
})

test('[CL-20] each fault alone: 400 with no-store, and no session ends', async (t) => {
  const { server, ended, receive } = await aSetting(t)
  const now = server.world.now()
  const stranger = aParty('ES256', 'es')
  const faults: Readonly<Record<string, Changes>> = {
    'another issuer': { claims: { iss: 'https://other.example' } },
    'another audience': { claims: { aud: 'another-app' } },
    'no audience': { claims: { aud: undefined } },
    expired: { claims: { exp: now } },
    'no expiry': { claims: { exp: undefined } },
    'no time': { claims: { iat: undefined } },
    'from the future': { claims: { iat: now + 31 } },
    'valid for a day': { claims: { exp: now + 86_400 } },
    'no events': { claims: { events: undefined } },
    'another event': { claims: { events: { 'http://schemas.openid.net/event/other': {} } } },
    'an event that is no object': { claims: { events: { [event]: true } } },
    'a nonce': { claims: { nonce: 'n' } },
    'a nonce that is null': { claims: { nonce: null } },
    'neither sub nor sid': { claims: { sub: undefined, sid: undefined } },
    'no jti': { claims: { jti: undefined } },
    'the type of another token': { header: { typ: 'JWT' } },
    'signed by somebody else': { signer: stranger.signer },
    'signed by nobody': { header: { alg: 'none' } },
    'another algorithm': { header: { alg: 'RS256' } },
  }
  for (const [about, changes] of Object.entries(faults)) {
    await assertRefused(await deliver(receive, await aLogoutToken(server, changes)), about)
  }
  await assertRefused(await deliver(receive, 'not.a.jwt'), 'no JWT')
  assert.deepEqual(ended, [])
  for (const good of [
    {},
    { header: { typ: undefined } },
    { claims: { sid: undefined } },
    { claims: { sub: undefined } },
  ]) {
    assert.equal((await deliver(receive, await aLogoutToken(server, good))).status, 200)
  }
  assert.equal(ended.length, 4)
  observed('CL-20', '400, and no session ended')
})

test('[CL-20] one form with one token, by POST, of bounded size', async (t) => {
  const { server, ended, receive } = await aSetting(t)
  const token = await aLogoutToken(server)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) })
  const init = { method: 'POST', body: broken, duplex: 'half', headers: form } as const
  for (const [about, response] of [
    ['JSON', await post(receive, JSON.stringify({ logout_token: token }), { 'content-type': 'application/json' })],
    ['twice', await post(receive, `logout_token=${token}&logout_token=${token}`, form)],
    ['nothing', await post(receive, '', form)],
    ['too much', await post(receive, `a=${'a'.repeat(65_536)}&logout_token=${token}`, form)],
    ['broken off', await receive(new Request('https://app.example/', init))],
    ['by GET', await receive(new Request(`https://app.example/?logout_token=${token}`))],
  ] as const) {
    await assertRefused(response, about)
  }
  assert.deepEqual(ended, [])
  assert.equal((await deliver(receive, token)).status, 200)
  observed('CL-20', '400, and no session ended')
})

test('[CL-20] what could not be ended may be posted again; a full memory takes nothing new until there is room', async (t) => {
  const server = await aRealServer(t)
  let fails = true
  const { receive } = await aReceiver(server, {
    mostRemembered: 2,
    onLogout: () => (fails ? Promise.reject(new Error('the session store is down')) : undefined),
  })
  const token = await aLogoutToken(server)
  await assertRefused(await deliver(receive, token), 'failed')
  fails = false
  assert.equal((await deliver(receive, token)).status, 200)
  assert.equal((await deliver(receive, await aLogoutToken(server))).status, 200)
  await assertRefused(await deliver(receive, await aLogoutToken(server)), 'full')
  server.wait(121)
  assert.equal((await deliver(receive, await aLogoutToken(server))).status, 200)
  await assertRefused(await deliver(receive, token), 'expired by now')
})

test('[CL-20] keys are read again for a name that is not known, but not for every invented one', async (t) => {
  const server = await aRealServer(t)
  const { ports, world } = server
  const fresh = aParty('ES256', 'fresh')
  let reads = 0
  let isRotated = false
  let isDown = false
  const fetch: typeof ports.fetch = async (url, init) => {
    const response = await ports.fetch(url, init)
    if (!url.endsWith('/jwks')) return response
    reads += 1
    if (isDown) return new Response(null, { status: 503 })
    const keys = world.serverKeys.map(({ key: { jwk, kid, alg } }) => ({ ...jwk, kid, alg }))
    return Response.json({ keys: isRotated ? [...keys, { ...fresh.key.jwk, kid: 'fresh' }] : keys })
  }
  const { ended, receive } = await aReceiver({ ...server, ports: { ...ports, fetch } })
  assert.equal((await deliver(receive, await aLogoutToken(server))).status, 200)
  for (let round = 0; round < 5; round += 1) {
    await assertRefused(
      await deliver(receive, await aLogoutToken(server, {}, aParty('ES256', `x${round}`))),
      'invented',
    )
  }
  assert.equal(reads, 1)
  isRotated = true
  server.wait(31)
  assert.equal((await deliver(receive, await aLogoutToken(server, {}, fresh))).status, 200)
  assert.equal(reads, 2)
  server.wait(301)
  isDown = true
  await assertRefused(await deliver(receive, await aLogoutToken(server)), 'no keys to be had')
  assert.equal(ended.length, 2)
  isDown = false
  assert.equal((await deliver(receive, await aLogoutToken(server))).status, 200)
  const down = { ...ports, fetch: () => Promise.reject(new Error('down')) }
  await assert.rejects(aReceiver({ ...server, ports: down }), refused('metadata_unavailable'))
})
