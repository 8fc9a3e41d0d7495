/** Attacks on what stands around the protocol: addresses, headers, caches and the wire. */

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { Handler } from '../../src/core/ports.ts'
import { listen } from '../../src/node/listener.ts'
import { aProof, authentication, aPush, changed } from './messages.ts'
import { aParty } from './parties.ts'
import {
  aBrowser,
  assertRefused,
  callUserinfo,
  clientCredentials,
  decide,
  introspect,
  location,
  open,
  push,
  redeem,
  signedIn,
  signIn,
  tokens,
} from './steps.ts'
import { aWorld, theIssuer, urls, type World } from './world.ts'

const documents = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/jwks'] as const

/** What one connection answers to raw bytes, until it is closed from over there or nothing more comes. */
function raw(port: number, bytes: string): Promise<{ readonly answer: string; readonly end: 'closed' | 'left open' }> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'))
    socket.on('data', (data) => (answer += data.toString('latin1')))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve({ answer, end: 'closed' }))
    setTimeout(() => {
      resolve({ answer, end: 'left open' })
      socket.destroy()
    }, 1500).unref()
  })
}

const statusesOf = (answer: string) => [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))

async function withListener(handler: Handler, use: (port: number) => Promise<void>): Promise<void> {
  const failures: unknown[] = []
  const options = { host: '127.0.0.1', port: 0, drainMs: 200, onFailure: (cause: unknown) => failures.push(cause) }
  const listener = await listen(handler, options)
  try {
    await use(listener.port)
  } finally {
    await listener.close()
  }
  assert.deepEqual(failures, [])
}

test('[LV-01] no Host, however it is written, moves the issuer, and none is told to a client', async () => {
  const world = await aWorld()
  const [path] = documents
  const honest = (await world.send('GET', path)).text
  await withListener(world.handler, async (port) => {
    const get = (line: string, hosts: readonly string[]) =>
      raw(port, `GET ${line} HTTP/1.1\r\n${hosts.map((host) => `Host: ${host}\r\n`).join('')}Connection: close\r\n\r\n`)
    const attempts = [
      await get(path, ['evil.test']),
      await get(path, ['good.test:80@evil.test']),
      await get(path, ['as.example', 'evil.test']),
      await get(`http://evil.test${path}`, ['evil.test']),
      await get(path, ['evil.test/..//as.example']),
    ]
    for (const { answer } of attempts) {
      const [status = 0, ...more] = statusesOf(answer)
      assert.deepEqual(more, [])
      assert.ok([200, 400, 421].includes(status), answer)
      if (status === 200) assert.ok(answer.includes(honest), answer)
      assert.ok(!answer.includes('evil.test'))
    }
    assert.deepEqual(statusesOf((await get(path, ['as.example'])).answer), [200])
  })
  const party = aParty()
  const evil = await aProof(world, party, 'POST', 'https://evil.test/token')
  const refused = await clientCredentials(
    world,
    {},
    {
      headers: [
        ['dpop', evil],
        ['host', 'evil.test'],
      ],
    },
  )
  assertRefused(refused, 'dpop_htu_mismatch')
  const proof = await aProof(world, party, 'POST', urls.token)
  assert.equal(
    (
      await clientCredentials(
        world,
        {},
        {
          headers: [
            ['dpop', proof],
            ['host', 'evil.test'],
          ],
        },
      )
    ).status,
    200,
  )
})

test('[LV-02] no link, redirect, cookie or page is made of a forwarded host', async () => {
  const world = await aWorld()
  const forged = [
    ['x-forwarded-host', 'evil.test'],
    ['forwarded', 'host=evil.test;proto=https'],
    ['x-host', 'evil.test'],
    ['x-forwarded-server', 'evil.test'],
    ['x-original-host', 'evil.test'],
  ] as const
  const browser = aBrowser(world)
  const pushed = await push(world, {}, { headers: forged })
  const uri = encodeURIComponent(String(pushed.json['request_uri']))
  const opened = await browser.get(`/authorize?client_id=client-a&request_uri=${uri}`, forged)
  const page = await browser.get(location(opened), forged)
  const signed = await signIn(browser, location(opened), {}, { headers: forged })
  const consent = await browser.get(location(signed), forged)
  const done = await decide(browser, location(signed), consent, 'allow', { headers: forged })
  const signOut = await browser.get('/logout', forged)
  for (const reply of [pushed, opened, page, signed, consent, done, signOut]) {
    assert.ok(!(JSON.stringify([...reply.headers]) + reply.text).includes('evil.test'))
  }
  for (const reply of [opened, signed]) assert.ok(location(reply).startsWith(`${theIssuer}/interaction/`))
  assert.ok(location(done).startsWith('https://app.example/callback?'))
})

test('[LV-03] a forwarded scheme takes no Secure from a cookie, and moves no redirect and no htu', async () => {
  const world = await aWorld()
  const values = ['http', 'https,http', 'http,https', ' '.repeat(100_000), `http${','.repeat(100_000)}`]
  for (const value of values) {
    const forged = [['x-forwarded-proto', value] as const, ['forwarded', 'proto=http'] as const]
    const party = aParty()
    const overHttp = await aProof(world, party, 'POST', urls.token.replace('https:', 'http:'))
    const refused = await clientCredentials(world, {}, { headers: [['dpop', overHttp], ...forged] })
    assertRefused(refused, 'dpop_htu_mismatch')
    const proof = await aProof(world, party, 'POST', urls.token)
    assert.equal((await clientCredentials(world, {}, { headers: [['dpop', proof], ...forged] })).status, 200)
    const browser = aBrowser(world)
    const opened = await open(world, await push(world))
    const signed = await signIn(
      browser,
      location(await open(world, await push(world), browser)),
      {},
      { headers: forged },
    )
    for (const reply of [opened, signed]) {
      assert.ok(location(reply).startsWith('https://'))
      const cookies = reply.headers.getSetCookie()
      assert.ok(cookies.length > 0)
      for (const cookie of cookies) assert.match(cookie, /^__Host-[^;]+;.*\bSecure\b/)
    }
  }
  await withListener(world.handler, async (port) => {
    const get = (proto: string) =>
      raw(port, `GET /jwks HTTP/1.1\r\nHost: x\r\nX-Forwarded-Proto: ${proto}\r\nConnection: close\r\n\r\n`)
    assert.deepEqual(statusesOf((await get(`http${' '.repeat(100_000)}`)).answer), [431])
    assert.deepEqual(statusesOf((await get('http')).answer), [200])
  })
})

test('[LV-08] no document varies with what a cache does not key by', async () => {
  const world = await aWorld()
  const unkeyed = [
    ['x-forwarded-host', 'evil.test'],
    ['x-forwarded-scheme', 'http'],
    ['x-original-url', '/evil'],
    ['x-rewrite-url', '/evil'],
    ['range', 'bytes=0-1'],
    ['accept-encoding', 'gzip, identity;q=0'],
    ['accept', 'text/html'],
    ['accept-language', 'xx'],
    ['if-none-match', '*'],
    ['origin', 'https://evil.test'],
    ['cookie', 'a=b'],
  ] as const
  for (const path of documents) {
    const honest = await world.send('GET', path)
    assert.match(honest.headers.get('cache-control') ?? '', /max-age=\d+/)
    for (const target of [path, `${path}?`, `${path}?cb=1`, `${path}?issuer=https%3A%2F%2Fevil.test`]) {
      const reply = await world.send('GET', target, { headers: unkeyed })
      assert.deepEqual([reply.status, reply.text], [200, honest.text], target)
      assert.deepEqual([...reply.headers], [...honest.headers], target)
    }
    const plain = await world.send('GET', path, { headers: unkeyed })
    assert.deepEqual([plain.status, plain.text], [200, honest.text])
  }
})

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
const post = (headers: string, body: string) => `POST /token HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`
const chunkedSmuggle = `0\r\n\r\n${smuggled}`

/** Messages that two parsers may cut at different places. RFC 9112 §6.1, §11.2. */
const ambiguous: Readonly<Record<string, string>> = {
  'CL.TE': post(`Content-Length: ${chunkedSmuggle.length}\r\nTransfer-Encoding: chunked`, chunkedSmuggle),
  'TE.CL': post('Transfer-Encoding: chunked\r\nContent-Length: 4', chunkedSmuggle),
  'TE with another coding last': post('Transfer-Encoding: chunked, identity', chunkedSmuggle),
  'TE with a space before the colon': post('Transfer-Encoding : chunked', chunkedSmuggle),
  'TE with a vertical tab': post('Transfer-Encoding:\u000bchunked', chunkedSmuggle),
  'TE of another name': post('Transfer-Encoding: xchunked', chunkedSmuggle),
  'TE twice': post('Transfer-Encoding: chunked\r\nTransfer-Encoding: cow', chunkedSmuggle),
  'two lengths': post(`Content-Length: 0\r\nContent-Length: ${smuggled.length}`, smuggled),
  'a list of lengths': post(`Content-Length: 0, ${smuggled.length}`, smuggled),
  'a signed length': post('Content-Length: +0', smuggled),
  'a bare LF': `POST /token HTTP/1.1\nHost: x\nContent-Length: 0\n\n${smuggled}`,
  'a folded line': post('Content-Length: 0\r\n Transfer-Encoding: chunked', smuggled),
  'a chunk size with a sign': post('Transfer-Encoding: chunked', `-1\r\n\r\n${smuggled}`),
  'a chunk extension with a bare LF': post('Transfer-Encoding: chunked', `0;a\nb\r\n\r\n${smuggled}`),
  'a NUL in a name': post('X\u0000: 1\r\nContent-Length: 0', smuggled),
}

for (const [what, bytes] of Object.entries(ambiguous)) {
  test(`[ER-41] ${what}: nothing behind it is read as a request, and the connection ends`, async () => {
    const world = await aWorld()
    const asked: string[] = []
    const watching: Handler = (request, connection) => {
      asked.push(connection.target)
      return world.handler(request, connection)
    }
    await withListener(watching, async (port) => {
      const { answer, end } = await raw(port, bytes)
      assert.equal(end, 'closed', answer)
      assert.equal(statusesOf(answer).at(-1), 400, answer)
      assert.ok(!asked.includes('/smuggled'))
      const honest = await raw(port, 'GET /jwks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      assert.deepEqual(statusesOf(honest.answer), [200])
    })
  })
}

test('[SK-56] nothing that holds a secret or speaks of a person is stored by a cache', async () => {
  const world = await aWorld()
  const { accessToken, party, pushed, interaction, browser } = await tokens(world)
  const asked = await signedIn(world, await push(world))
  const answers = {
    push: pushed,
    token: await clientCredentials(world),
    'a refused token': await clientCredentials(world, { scope: 'nothing' }),
    introspection: await introspect(world, accessToken),
    userinfo: await callUserinfo(world, accessToken, party),
    'a refused userinfo': await callUserinfo(world, accessToken, aParty()),
    consent: asked.page,
    'a decided interaction': await browser.get(interaction),
    'the way back': await decide(asked.browser, asked.interaction, asked.page),
    'an error page': await world.send('GET', '/authorize'),
    'a sign-out': await browser.get('/logout'),
  }
  for (const [name, { headers, status }] of Object.entries(answers)) {
    assert.equal(headers.get('cache-control'), 'no-store', `${name} ${status}`)
  }
  assert.deepEqual([answers.token.status, answers.introspection.status, answers.userinfo.status], [200, 200, 200])
  assert.match((await world.send('GET', '/jwks')).headers.get('cache-control') ?? '', /max-age/)
})

/** The members of private and symmetric keys. RFC 7518 §6. */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

test('[LV-07] the key set, and whatever goes wrong around it, holds public members only', async () => {
  const world = await aWorld()
  const reply = await world.send('GET', '/jwks')
  assert.equal(reply.headers.get('content-type'), 'application/jwk-set+json')
  const { keys } = reply.json
  assert.ok(Array.isArray(keys) && keys.length === 3)
  for (const key of keys) {
    for (const member of Object.keys(key)) assert.ok(!secretMembers.includes(member), member)
  }
  const failing = await aWorld({
    ports: {
      keys: {
        published: () => world.serverKeys.map(({ key }) => key),
        signer: (alg) => {
          const found = world.serverKeys.find(({ signer }) => signer.alg === alg)
          const cause = Object.assign(new Error('cannot sign'), { jwk: found?.privateKey.export({ format: 'jwk' }) })
          return found && { ...found.signer, sign: () => Promise.reject(cause) }
        },
      },
    },
  })
  const form = [
    ...changed({ grant_type: 'client_credentials', scope: 'accounts' }, {}),
    ...(await authentication(failing)),
  ]
  const headers = [['dpop', await aProof(failing, aParty(), 'POST', urls.token)]] as const
  const connection = { from: '192.0.2.7', form, headers }
  await assert.rejects(failing.send('POST', '/token', connection), 'the fixture lets no answer of 500 pass')
  const secrets = world.serverKeys.map(({ privateKey }) => String(privateKey.export({ format: 'jwk' })['d']))
  const told = JSON.stringify([
    failing.raised,
    failing.events.map(({ rule, detail, clientId }) => [rule, detail, clientId]),
  ])
  for (const secret of secrets) assert.ok(secret.length > 40 && !told.includes(secret) && !reply.text.includes(secret))
  assert.equal((await clientCredentials(world)).status, 200)
})

test('[ER-14] markup, line breaks, templates and turned text come back as text or not at all', async () => {
  const world = await aWorld()
  const hostile = ['"><script>alert(1)</script>', 'a\r\nset-cookie: x=1', '{{7*7}}${7*7}<%=7*7%>', '\u202Egnp.exe']
  for (const value of hostile) {
    const attempts = [
      await open(world, await push(world), aBrowser(world), { client_id: value }),
      await open(world, await push(world), aBrowser(world), { request_uri: value }),
      await open(world, await push(world), aBrowser(world), {
        error_description: value,
        ui_locales: value,
        state: value,
      }),
      await world.send('GET', `/logout?state=${encodeURIComponent(value)}&client_id=${encodeURIComponent(value)}`),
      await push(world, { scope: value }),
    ]
    const browser = aBrowser(world)
    const opened = await open(world, await push(world, { login_hint: value, ui_locales: 'xx' }), browser)
    if (opened.status === 303) {
      const page = await browser.get(location(opened))
      attempts.push(page, await signIn(browser, location(opened), { username: value, password: 'wrong' }))
    }
    for (const { headers, text } of attempts) {
      assert.ok(!/<script>alert|<%=7/.test(text), text)
      assert.ok(!text.includes('\u202E') && !/[^\d]49[^\d]/.test(text.replaceAll(/[\w-]{16,}/g, '')), text)
      assert.ok(headers.getSetCookie().every((cookie) => !cookie.startsWith('x=')))
      if (headers.get('content-type')?.startsWith('text/html') === true) {
        assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/)
      }
    }
  }
  assert.equal((await open(world, await push(world))).status, 303)
})

test('[LV-35] operators of query languages are plain text to every parameter', async () => {
  const world = await aWorld()
  for (const value of ["' OR '1'='1", '{"$gt":""}', '1; DROP TABLE clients --', '%', '*', '[object Object]']) {
    assert.notEqual((await push(world, { client_id: value })).status, 201)
    assertRefused(await redeem(world, { code: value, verifier: 'v'.repeat(43) }), 'code_unknown')
    assert.equal((await introspect(world, value)).json['active'], false)
    const browser = aBrowser(world)
    const interaction = location(await open(world, await push(world), browser))
    assertRefused(await signIn(browser, interaction, { username: value }), 'user_unknown')
  }
  const browser = aBrowser(world)
  const interaction = location(await open(world, await push(world), browser))
  const operator = { 'username[$gt]': '', 'password[$ne]': 'x', username: '', password: '' }
  assert.notEqual((await signIn(browser, interaction, operator)).status, 303)
  const headers = [['content-type', 'application/json']] as const
  const body = JSON.stringify({ username: { $gt: '' }, password: { $gt: '' } })
  assertRefused(await browser.post(`${interaction}/sign-in`, {}, { body, headers }), 'content_type_unsupported')
  await assertServes(world)
})

async function assertServes(world: World): Promise<void> {
  const { accessToken, party } = await tokens(world)
  assert.equal((await callUserinfo(world, accessToken, party)).status, 200)
  const form = [...changed(aPush(world), {}), ...(await authentication(world))]
  assert.equal((await world.send('POST', '/par', { form })).status, 201)
}
