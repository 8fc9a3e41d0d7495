import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aProof, aPush, authentication, changed } from './messages.ts'
import { nasty, prototypes } from './nasty.ts'
import { aCode, csrfOf, decide, push, signedIn } from './steps.ts'
import { aWorld, formText, redirectUri, type Reply, theIssuer, urls, type World } from './world.ts'

// `world.send` holds every answer against the invariants: never a 500, never an audit outcome `failed`, one event,
// nothing stored after a refusal that must not be.
const seed = 20_260_918

const form = 'application/x-www-form-urlencoded'
const names = fc.oneof(
  fc.constantFrom(
    'client_id',
    'client_assertion',
    'client_assertion_type',
    'client_secret',
    'grant_type',
    'code',
    'scope',
  ),
  fc.constantFrom(
    'redirect_uri',
    'resource',
    'state',
    'nonce',
    'prompt',
    'max_age',
    'request',
    'request_uri',
    'dpop_jkt',
  ),
  fc.constantFrom(
    'code_challenge',
    'code_challenge_method',
    'code_verifier',
    'csrf',
    'decision',
    'username',
    'password',
  ),
  fc.constantFrom('response_type', 'response_mode', 'login_hint', 'access_token', ...prototypes),
  nasty,
)

const pairs = fc.array(fc.tuple(names, nasty), { maxLength: 8 })
const encode = (text: string) => encodeURIComponent(text.toWellFormed())
const headerNames = [
  'authorization',
  'dpop',
  'cookie',
  'content-type',
  'content-encoding',
  'origin',
  'sec-fetch-site',
  'x-fapi-interaction-id',
  'host',
  'forwarded',
  'x-forwarded-for',
  'x-http-method-override',
  '__proto__',
]
const headers = fc.array(fc.tuple(fc.constantFrom(...headerNames), nasty), { maxLength: 4 })
const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND')

async function aTarget(world: World) {
  const { interaction } = await signedIn(world, await push(world))
  const page = interaction.slice(theIssuer.length)
  const paths = [
    '/par',
    '/token',
    '/authorize',
    '/userinfo',
    '/jwks',
    '/',
    page,
    `${page}/sign-in`,
    `${page}/consent`,
    `${page}/cancel`,
  ]
  return fc.constantFrom(
    ...paths,
    '/interaction/%E0%A4%A',
    '/interaction/%2e%2e',
    '/%70ar',
    '/par;x',
    '/.well-known/openid-configuration',
  )
}

function assertHarmless(reply: Reply): void {
  // That it is no 500 was checked when it came; and nobody got in.
  assert.ok(reply.status >= 400 || reply.stored.length === 0, `${reply.status} ${reply.stored.join()}`)
  assert.equal(reply.json['access_token'], undefined)
}

test(`[NET-07] random bodies, queries and headers at every endpoint and method (seed ${seed})`, async () => {
  const world = await aWorld()
  const target = await aTarget(world)
  const body = fc.oneof(
    pairs.map((list) => list.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')),
    pairs.map((list) =>
      list
        .map((pair) => pair.join('='))
        .join('&')
        .toWellFormed(),
    ),
    fc.uint8Array({ maxLength: 200 }),
    fc.constant('x='.repeat(40_000)),
  )
  const query = pairs.map((list) => list.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&'))
  const type = fc.oneof({ arbitrary: fc.constant(form), weight: 6 }, { arbitrary: nasty, weight: 1 })
  await fc.assert(
    fc.asyncProperty(methods, target, query, body, headers, type, async (method, path, search, bytes, more, kind) => {
      const url = search === '' || method === 'POST' ? path : `${path}?${search}`
      assertHarmless(await world.send(method, url, { body: bytes, headers: [['content-type', kind], ...more] }))
    }),
    { seed, numRuns: 1500 },
  )
  assert.equal((await push(world)).status, 201)
})

test(`[NET-07] a valid push and a valid token request with anything changed (seed ${seed})`, async () => {
  const world = await aWorld()
  const flow = await aCode(world)
  const valid = {
    par: changed(aPush(world), {}),
    token: [
      ['grant_type', 'authorization_code'],
      ['code', flow.code],
      ['redirect_uri', redirectUri],
      ['code_verifier', flow.verifier],
    ],
  } as const
  const proof = await aProof(world, world.client, 'POST', urls.token)
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('par', 'token'),
      pairs,
      fc.boolean(),
      headers,
      async (place, list, replace, more) => {
        const given = valid[place]
        const changes = list.map(([name, value]) => [name.toWellFormed(), value.toWellFormed()] as const)
        const kept = replace ? given.filter(([name]) => !changes.some(([other]) => other === name)) : given
        // Its credentials hold for another issuer: whatever else is right, nothing may come of it.
        const credentials = await authentication(world, world.client, { claims: { aud: 'https://other.example' } })
        const reply = await world.send('POST', `/${place}`, {
          form: [...kept, ...credentials, ...changes],
          headers: [['dpop', proof], ...more],
        })
        assert.ok(reply.status >= 400)
        assert.deepEqual(reply.stored, [])
      },
    ),
    { seed, numRuns: 800 },
  )
  await fc.assert(
    fc.asyncProperty(pairs, async (list) => {
      const changes = list.map(([name, value]) => [name.toWellFormed(), value.toWellFormed()] as const)
      const kept = valid.par.filter(([name]) => !changes.some(([other]) => other === name))
      const reply = await world.send('POST', '/par', { form: [...kept, ...changes, ...(await authentication(world))] })
      assert.ok(reply.status === 201 || reply.stored.length === 0, 'stored only what was accepted')
    }),
    { seed, numRuns: 400 },
  )
  assert.equal((await push(world)).status, 201)
})

test(`[AS-AUTHZ-15] forms of a browser that is in the middle of it, with anything in them (seed ${seed})`, async () => {
  const world = await aWorld()
  const { browser, interaction, page } = await signedIn(world, await push(world))
  const cookie = ['cookie', [...browser.jar].map((pair) => pair.join('=')).join('; ')] as const
  const target = interaction.slice(theIssuer.length)
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('sign-in', 'consent'),
      pairs,
      fc.boolean(),
      headers,
      async (place, list, right, more) => {
        const changes = list.map(([name, value]) => [name.toWellFormed(), value.toWellFormed()] as const)
        const form = [['csrf', right ? csrfOf(page) : 'x'], ...changes.filter(([name]) => name !== 'csrf')] as const
        assertHarmless(await world.send('POST', `${target}/${place}`, { form, headers: [cookie, ...more] }))
      },
    ),
    { seed, numRuns: 400 },
  )
  assert.equal((await decide(browser, interaction, page)).status, 303)
})

test(`[AS-AUTHZ-06] any query at the authorization endpoint leads nowhere (seed ${seed})`, async () => {
  const world = await aWorld()
  const uri = String((await push(world)).json['request_uri'])
  const reference = fc.constantFrom(
    '',
    formText([
      ['client_id', 'client-b'],
      ['request_uri', uri],
    ]),
    `client_id=client-a&request_uri=${encodeURIComponent(uri)}A`,
  )
  await fc.assert(
    fc.asyncProperty(reference, pairs, async (start, list) => {
      const rest = list.map(([name, value]) => `${encode(name)}=${encode(value)}`)
      const reply = await world.send('GET', `/authorize?${[start, ...rest].join('&')}`)
      assert.deepEqual([reply.status, reply.headers.get('location'), reply.stored], [400, null, []])
    }),
    { seed, numRuns: 500 },
  )
})
