import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { aParty, type Party } from '../../test/flow/parties.ts'
import { observed } from '../../test/observations.ts'
import { allowInBrowser, type Running, startRunning } from '../../test/wire/running.ts'
import { parseCompactJws } from '../core/jose.ts'
import { numericDate } from '../core/names.ts'
import { systemClock } from '../node/runtime.ts'
import { ClientClock, parseHttpDate } from './clock.ts'
import { proofOf, refused, signIn, world } from './fixtures.test-support.ts'
import { type ClientPorts, createClient, nodeClientPorts, parsePrivateJwk } from './index.ts'

const party: Party = aParty('ES256', 'app')
let running: Running

before(async () => {
  running = await startRunning(party)
})
after(() => running.close())

function connect(ports: ClientPorts) {
  const assertion = parsePrivateJwk({ ...party.privateKey.export({ format: 'jwk' }), kid: 'app' })
  const { issuer, api, clientId, redirect } = running
  const config = {
    issuer,
    resource: api,
    clientId,
    redirectUri: redirect,
    scope: 'openid accounts',
    keys: { assertion },
  }
  return createClient(config, ports)
}

/** Everything that leaves, in order. */
function watched(behind: number) {
  const { issuer, api } = running
  const ports = nodeClientPorts({ allowedOrigins: [issuer, api] })
  const sent: { url: string; body: string; headers: Headers }[] = []
  const fetch: ClientPorts['fetch'] = (url, init) => {
    const body = init.body instanceof URLSearchParams ? init.body.toString() : ''
    sent.push({ url, body, headers: new Headers(init.headers) })
    return ports.fetch(url, init)
  }
  return { sent, ports: { ...ports, fetch, clock: () => numericDate(systemClock() - behind) } }
}

for (const [about, behind] of [
  ['five minutes fast', -300],
  ['an hour slow', 3600],
] as const) {
  test(`[CL-19] a clock that is ${about}: one refusal, then the server’s time, and everything goes through`, async () => {
    const { sent, ports } = watched(behind)
    const client = await connect(ports)
    const before = running.events.length
    const { url, pending } = await client.begin()
    const refusals = running.events.slice(before).filter(({ outcome }) => outcome === 'refused')
    assert.deepEqual(
      refusals.map(({ rule, status }) => [rule, status]),
      [[behind < 0 ? 'client_assertion_lifetime_too_long' : 'client_assertion_expired', 401]],
    )
    assert.equal(sent.filter(({ url: to }) => to.endsWith('/par')).length, 2)
    const session = await client.finish(await allowInBrowser(url), pending)
    assert.equal((await client.call(session, '/accounts')).status, 200)
    assert.equal(await client.userinfo(session).then(({ sub }) => sub), 'alice-subject')
    observed('CL-19', 'the request went through after one invalid_client')
  })
}

test('[CL-19] a clock is set right by a day at most, and not for a server that refuses for another reason', async () => {
  const { ports, sent } = watched(200_000)
  const client = await connect(ports)
  await assert.rejects(client.begin(), refused('request_refused'))
  assert.equal(sent.filter(({ url }) => url.endsWith('/par')).length, 1)

  const setting = await world()
  const stubborn = await setting.connect()
  const atPar = () => setting.hits.filter(({ path }) => path === '/par')
  const past = new Date(Date.now() - 3_600_000).toUTCString()
  setting.lie.par = () => ({ status: 401, headers: { date: past }, body: { error: 'invalid_client' } })
  await assert.rejects(stubborn.begin(), refused('request_refused'))
  assert.equal(atPar().length, 2, 'once more, and no oftener')
  const [first, second] = atPar().map((hit) => Number(proofOf(hit)['iat']))
  assert.ok(Math.abs((first ?? 0) - 3600 - (second ?? 0)) < 60)
  // A server whose time runs away with every answer.
  let hours = 2
  const running = () => new Date(Date.now() - hours++ * 3_600_000).toUTCString()
  setting.lie.par = () => ({ status: 401, headers: { date: running() }, body: { error: 'invalid_client' } })
  await assert.rejects(stubborn.begin(), refused('request_refused'))
  assert.equal(atPar().length, 4)
  setting.lie.par = () => ({ status: 400, headers: { date: past }, body: { error: 'invalid_request' } })
  await assert.rejects(stubborn.begin(), refused('request_refused'))
  assert.equal(atPar().length, 5)
  setting.lie.par = undefined
  assert.ok((await stubborn.begin()).url)
  observed('CL-19', 'no second correction')
})

test('[CL-19] checks go by the corrected time, and none is left out: an expired ID token stays expired', async () => {
  const setting = await world()
  const { lie, config } = setting
  const ports = { ...setting.ports, clock: () => numericDate(systemClock() + 400) }
  const client = await createClient(config, ports)
  await assert.rejects(signIn(client), refused('id_token_invalid'), 'by a fast clock it has expired')
  let wasEarly = false
  lie.par = (hit) => {
    const isEarly = Number(proofOf(hit)['iat']) > systemClock() + 60
    wasEarly ||= isEarly
    return isEarly ? { status: 401, body: { error: 'invalid_client' } } : undefined
  }
  assert.equal((await signIn(client)).subject, 'alice')
  assert.ok(wasEarly)
  lie.claims = (honest) => ({ ...honest, exp: systemClock() - 31 })
  await assert.rejects(signIn(client), refused('id_token_invalid'))
  lie.claims = (honest) => ({ ...honest, iat: systemClock() + 60 })
  await assert.rejects(signIn(client), refused('id_token_invalid'))
  observed('CL-19', 'still refused')
})

test('[CL-19] no key, verifier, token or proof is in a URL, an error or a printed session', async () => {
  const { sent, ports } = watched(0)
  const client = await connect(ports)
  const { url, pending } = await client.begin()
  const back = await allowInBrowser(url)
  const session = await client.finish(back, pending)
  await client.call(session, '/accounts')
  const failures: unknown[] = []
  const note = (error: unknown) => failures.push(error)
  await client.finish(back, pending).catch(note)
  await client.finish(back, { ...pending, state: 'x' }).catch(note)
  const second = await client.begin()
  await client.finish(await allowInBrowser(second.url), { ...second.pending, codeVerifier: 'v'.repeat(43) }).catch(note)
  await client.revoke({ ...session, of: 'x' }).catch(note)
  assert.equal(failures.length, 4)

  const forms = sent.map(({ body }) => new URLSearchParams(body))
  const secrets = [
    pending.codeVerifier,
    second.pending.codeVerifier,
    session.accessToken.reveal(),
    session.idTokenHint?.reveal() ?? assert.fail(),
    back.searchParams.get('code') ?? assert.fail(),
    ...forms.flatMap((form) => form.get('client_assertion') ?? []),
    ...sent.flatMap(({ headers }) => headers.get('dpop') ?? []),
    String(parseCompactJws(sent.at(-1)?.headers.get('dpop') ?? '').payload['jti']),
    party.privateKey.export({ format: 'jwk' }).d ?? assert.fail(),
  ]
  const printed = [
    ...sent.map((request) => request.url),
    inspect(failures, { depth: 9, showHidden: true }),
    failures.map((error) => (error instanceof Error ? (error.stack ?? '') : '')).join(),
    inspect(session, { depth: 9 }),
    JSON.stringify(session),
    inspect(client, { depth: 9, showHidden: true }),
  ].join('\n')
  assert.ok(secrets.length > 12)
  for (const secret of secrets) assert.ok(secret.length >= 16 && !printed.includes(secret), secret.slice(0, 8))
  observed('CL-19', 'none of them')
})

test('the date of an answer is read like any other reader would, or not at all', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), (seconds) => {
      assert.equal(parseHttpDate(new Date(seconds * 1000).toUTCString()), seconds)
    }),
  )
  for (const text of [
    '',
    'yesterday',
    '2026-11-22T10:00:00Z',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
  ]) {
    assert.equal(parseHttpDate(text), undefined, text)
  }
  const clock = new ClientClock(() => numericDate(1_000_000))
  const at = (seconds: number) => new Date(seconds * 1000).toUTCString()
  assert.equal(clock.synchronise(null), 'kept')
  assert.equal(clock.synchronise(at(1_000_010)), 'kept')
  assert.equal(clock.synchronise(at(1_000_011)), 'set')
  assert.deepEqual([clock.now(), clock.correction], [1_000_011, 11])
  assert.equal(clock.synchronise(at(1_086_401)), 'kept')
  assert.equal(clock.now(), 1_000_011)
})
