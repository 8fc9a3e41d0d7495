/** The endpoints of the server: `world.send` holds every answer against what must hold of all of them. */

import assert from 'node:assert/strict'
import { createMac, sha256 } from '../../../src/node/runtime.ts'
import { anAssertion, aProof, aPush, authentication, changed, claimsOf, headerOf } from '../../flow/messages.ts'
import type { Party } from '../../flow/parties.ts'
import {
  aCode,
  clientCredentials,
  csrfOf,
  introspect,
  push,
  redeem,
  revoke,
  signedIn,
  tokens,
} from '../../flow/steps.ts'
import { aWorld, formText, redirectUri, type Reply, type Sent, theIssuer, urls, type World } from '../../flow/world.ts'
import type { Draw } from '../draw.ts'
import { anyText, jsonText, mutatedJson, mutatedText, nasty } from '../mutate.ts'
import { aJwt, almostJwts, clientParty, issuerParty, paths, proofParty, seededRandom, signedText } from '../samples.ts'
import { type Fate, type Target, target } from '../target.ts'

/** How many inputs one world takes: what it notes of each must not slow the others down. */
const mostInputs = 250

/** A world for some inputs, then the next; each the same in every run. */
function worlds<Extra>(prepare: (world: World) => Promise<Extra>) {
  let current: Promise<{ world: World } & Extra> | undefined
  let used = 0
  const make = async () => {
    const world = await aWorld({
      random: seededRandom('worlds'),
      mac: createMac(Buffer.alloc(32, 7)),
      serverKeys: [issuerParty],
      clientKey: clientParty,
    })
    return { world, ...(await prepare(world)) }
  }
  return () => {
    if (used % mostInputs === 0) current = undefined
    used += 1
    current ??= make()
    return current
  }
}

const parameterNames = [
  'client_id',
  'client_assertion',
  'client_assertion_type',
  'client_secret',
  'grant_type',
  'code',
  'code_verifier',
  'code_challenge',
  'code_challenge_method',
  'refresh_token',
  'token',
  'token_type_hint',
  'scope',
  'redirect_uri',
  'resource',
  'state',
  'nonce',
  'prompt',
  'max_age',
  'acr_values',
  'claims',
  'id_token_hint',
  'request',
  'request_uri',
  'dpop_jkt',
  'response_type',
  'response_mode',
  'login_hint',
  'access_token',
  'csrf',
  'decision',
  'username',
  'password',
  'post_logout_redirect_uri',
  'logout_token',
  'SAMLRequest',
]
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
const cookies = [
  '__Host-strongroom-browser=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  '__Host-strongroom-session=AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; a=b=c',
  '__Host-strongroom-session=%ZZ; =; ;; __Host-strongroom-session="x"',
]
const usualHeaders: ReadonlyMap<string, readonly string[]> = new Map([
  ['cookie', cookies],
  ['dpop', ['a.b.c', ',']],
  ['authorization', ['DPoP a.b.c', 'Basic x', 'Bearer a']],
])
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']

type Pairs = readonly (readonly [string, string])[]

function somePairs(draw: Draw): Pairs {
  return draw.some(8, () => {
    const name = draw.once(5) ? draw.pick(nasty) : draw.pick(parameterNames)
    return [name.toWellFormed(), aValue(draw, name).toWellFormed()] as const
  })
}

function aValue(draw: Draw, name: string): string {
  if (draw.once(4)) return anyText(draw)
  switch (name) {
    case 'client_assertion':
    case 'id_token_hint':
    case 'token':
    case 'request':
    case 'logout_token':
      return aJwt(draw, draw.below(5), draw.pick([issuerParty, clientParty]))
    case 'claims':
      return jsonText(draw, mutatedJson(draw, [{ id_token: { acr: { essential: true, value: 'x' }, sub: null } }]))
    default:
      return mutatedText(draw, [
        'accounts openid',
        'client-a',
        redirectUri,
        'https://bank.example',
        'login',
        '60',
        'S256',
      ])
  }
}

function someHeaders(draw: Draw): NonNullable<Sent['headers']> {
  return draw.some(4, () => {
    const name = draw.pick(headerNames)
    const usual = usualHeaders.get(name)
    return [name, usual === undefined ? anyText(draw) : mutatedText(draw, usual)] as const
  })
}

function encoded(pairs: Pairs, draw: Draw): string {
  const text = pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
  return draw.once(4) ? mutatedText(draw, [text]) : text
}

function fateOf(reply: Reply): Fate {
  return reply.status < 400 ? 'taken' : 'refused'
}

/** Nobody got in. That it was no 500 was checked when it came. */
function assertHarmless(reply: Reply): Fate {
  assert.ok(reply.status >= 400 || reply.stored.length === 0, `${reply.status} ${reply.stored.join()}`)
  assert.equal(reply.json['access_token'], undefined)
  return fateOf(reply)
}

const refused: Fate = 'refused'

const form = 'application/x-www-form-urlencoded'

const anywhere = worlds(async (world) => {
  const { interaction } = await signedIn(world, await push(world))
  return { page: interaction.slice(theIssuer.length) }
})

export const everyEndpoint = target(
  'every endpoint, method and header',
  24,
  (draw) => {
    const place = draw.pick([
      '/par',
      '/token',
      '/introspect',
      '/revoke',
      '/interactions/start',
      '/interactions/decide',
      '/authorize',
      '/userinfo',
      '/logout',
      '/logout/confirm',
      '/jwks',
      '@',
      '@/sign-in',
      '@/consent',
      '@/cancel',
      '@/finish',
      '/interaction/%E0%A4%A',
      '/.well-known/openid-configuration',
      mutatedText(draw, paths),
    ])
    const body = draw.once(10) ? Uint8Array.from(draw.some(200, () => draw.below(256))) : encoded(somePairs(draw), draw)
    const type = draw.once(6) ? anyText(draw) : form
    const headers = [['content-type', type] as const, ...someHeaders(draw)]
    const from = `192.0.2.${draw.below(250)}`
    return {
      method: draw.pick(methods),
      place,
      query: draw.once(2) ? encoded(somePairs(draw), draw) : '',
      body,
      headers,
      from,
    }
  },
  async ({ method, place, query, body, headers, from }) => {
    const { world, page } = await anywhere()
    const path = place.replace('@', page)
    // What cannot stand in a request line never reaches a handler.
    const wanted = (query === '' ? path : `${path}?${query}`).replaceAll(/[^\x21-\x7e]/g, '')
    if (!wanted.startsWith('/') || !URL.canParse(wanted, theIssuer)) return 'refused'
    if (new URL(wanted, theIssuer).origin !== theIssuer) return 'refused'
    return assertHarmless(await world.send(method, wanted, { body, headers, from }))
  },
)

const beforeToken = worlds(async (world) => ({ flow: await aCode(world) }))

export const almostRight = target(
  'a right request with anything changed',
  10,
  (draw) => ({
    place: draw.pick(['par', 'token'] as const),
    pairs: somePairs(draw),
    how: draw.pick(['replaced', 'added'] as const),
    headers: someHeaders(draw),
  }),
  async ({ place, pairs, how, headers }) => {
    const { world, flow } = await beforeToken()
    const valid = {
      par: changed(aPush(world), {}),
      token: [
        ['grant_type', 'authorization_code'],
        ['code', flow.code],
        ['redirect_uri', redirectUri],
        ['code_verifier', flow.verifier],
      ],
    } as const
    const given: Pairs = valid[place]
    const kept = how === 'replaced' ? given.filter(([name]) => !pairs.some(([other]) => other === name)) : given
    // Its credentials hold for another issuer: whatever else is right, nothing may come of it.
    const credentials = await authentication(world, world.client, { claims: { aud: 'https://other.example' } })
    const proof = await aProof(world, proofParty, 'POST', urls.token)
    const reply = await world.send('POST', `/${place}`, {
      form: [...kept, ...credentials, ...pairs],
      headers: [['dpop', proof], ...headers],
    })
    assert.ok(reply.status >= 400)
    assert.deepEqual(reply.stored, [])
    return refused
  },
)

const beforePush = worlds(async () => ({}))

export const changedPush = target('an authenticated push with anything changed', 5, somePairs, async (pairs) => {
  const { world } = await beforePush()
  const kept = changed(aPush(world), {}).filter(([name]) => !pairs.some(([other]) => other === name))
  const authenticated = pairs.filter(([name]) => !name.startsWith('client_'))
  const reply = await world.send('POST', '/par', {
    form: [...kept, ...authenticated, ...(await authentication(world))],
  })
  assert.ok(reply.status === 201 || !reply.stored.includes('requests.push'), 'stored only what was accepted')
  return fateOf(reply)
})

const beforeManage = worlds(async (world) => {
  const { accessToken } = await tokens(world)
  return { accessToken }
})

export const presentedTokens = target(
  'tokens at introspection and revocation',
  5,
  (draw) => ({
    place: draw.pick(['introspect', 'revoke'] as const),
    token: draw.once(3)
      ? mutatedText(draw, ['AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'])
      : aJwt(draw, draw.below(5), issuerParty),
    hint: anyText(draw),
  }),
  async ({ place, token, hint }) => {
    const { world, accessToken } = await beforeManage()
    const parameters = { token: token.toWellFormed(), token_type_hint: hint.toWellFormed() }
    if (place === 'revoke') return fateOf(await revoke(world, parameters.token, parameters))
    const reply = await introspect(world, parameters.token, parameters)
    assert.ok(reply.json['active'] !== true || token.split('.').length === 3, token)
    assert.notEqual(token, accessToken)
    return fateOf(reply)
  },
)

const atTheDesk = worlds(async (world) => {
  const { browser, interaction, page } = await signedIn(world, await push(world))
  const cookie = ['cookie', [...browser.jar].map((pair) => pair.join('=')).join('; ')] as const
  return { cookie, path: interaction.slice(theIssuer.length), csrf: csrfOf(page) }
})

export const formsOfBrowser = target(
  'forms of a browser that is in the middle of it',
  6,
  (draw) => ({
    place: draw.pick(['sign-in', 'consent'] as const),
    right: draw.pick(['right', 'wrong'] as const),
    pairs: somePairs(draw).filter(([name]) => name !== 'csrf'),
    headers: someHeaders(draw).filter(([name]) => name !== 'cookie' || draw.once(2)),
    from: `192.0.2.${draw.below(250)}`,
  }),
  async ({ place, right, pairs, headers, from }) => {
    const { world, cookie, path, csrf } = await atTheDesk()
    const sent = {
      form: [['csrf', right === 'right' ? csrf : 'x'] as const, ...pairs],
      headers: [cookie, ...headers],
      from,
    }
    return assertHarmless(await world.send('POST', `${path}/${place}`, sent))
  },
)

const beforeOpening = worlds(async (world) => ({ uri: String((await push(world)).json['request_uri']) }))

export const queriesAtAuthorize = target(
  'queries at the authorization endpoint',
  6,
  (draw) => ({ start: draw.pick(['none', 'foreign', 'altered'] as const), rest: encoded(somePairs(draw), draw) }),
  async ({ start, rest }) => {
    const { world, uri } = await beforeOpening()
    const starts = {
      none: '',
      foreign: formText([
        ['client_id', 'client-b'],
        ['request_uri', uri],
      ]),
      altered: `client_id=client-a&request_uri=${encodeURIComponent(uri)}A`,
    }
    const query = `${starts[start]}&${rest}`.replaceAll(/[^\x21\x22\x24-\x7e]/g, '')
    const reply = await world.send('GET', `/authorize?${query}`)
    assert.deepEqual([reply.status, reply.headers.get('location'), reply.stored], [400, null, []])
    return refused
  },
)

const signedOut = worlds(async (world) => {
  const { browser, idToken } = await tokens(world)
  return { jar: browser.jar, idToken: String(idToken) }
})

export const signOutRequests = target(
  'requests to sign out',
  4,
  (draw) => ({
    method: draw.pick(['GET', 'POST'] as const),
    hint: draw.once(3) ? undefined : aJwt(draw, 1, issuerParty).toWellFormed(),
    pairs: somePairs(draw).filter(([name]) => name !== 'id_token_hint'),
    cookie: draw.once(2) ? mutatedText(draw, cookies) : undefined,
  }),
  async ({ method, hint, pairs, cookie }) => {
    const { world, jar } = await signedOut()
    const form = [...(hint === undefined ? [] : [['id_token_hint', hint] as const]), ...pairs]
    const own = [...jar].map((pair) => pair.join('=')).join('; ')
    const headers = [['cookie', cookie ?? own] as const]
    const query = method === 'GET' ? `?${encodeURI(formText(form)).replaceAll(/[^\x21-\x7e]/g, '')}` : ''
    const reply = await world.send(method, `/logout${query}`, method === 'GET' ? { headers } : { form, headers })
    // Only where somebody registered to go: nobody did.
    assert.ok(
      reply.headers.get('location')?.startsWith(`${theIssuer}/logout`) ?? true,
      reply.headers.get('location') ?? '',
    )
    assert.deepEqual(reply.stored, [], 'nobody was signed out by a hint that names another sign-in')
    return fateOf(reply)
  },
)

const withTokens = worlds(async (world) => {
  const flow = await aCode(world)
  const party = proofParty
  const reply = await redeem(world, flow, {}, { party })
  return { accessToken: String(reply.json['access_token']), party }
})

/** Where a JWT can be sent: the fate of one, whoever signed it. */
const consumers = {
  assertion: async ({ world }, text) => push(world, {}, { assertion: { text: () => text } }),
  proof: async ({ world }, text) => clientCredentials(world, {}, { headers: [['dpop', text]] }),
  'proof at userinfo': async ({ world, accessToken }, text) =>
    world.send('GET', '/userinfo', {
      headers: [
        ['authorization', `DPoP ${accessToken}`],
        ['dpop', text],
      ],
    }),
  token: async ({ world }, text) => {
    const proof = await aProof(world, proofParty, 'GET', urls.userinfo, { claims: { ath: sha256(text) } })
    return world.send('GET', '/userinfo', {
      headers: [
        ['authorization', `DPoP ${text}`],
        ['dpop', proof],
      ],
    })
  },
} as const satisfies Record<string, (given: { world: World; accessToken: string }, text: string) => Promise<Reply>>

const consumerNames = ['assertion', 'proof', 'proof at userinfo', 'token'] as const

type Given = { readonly world: World; readonly accessToken: string; readonly party: Party }

/** A JWT that would be accepted at the place, and who signs it. */
async function honest({ world, accessToken, party }: Given, place: (typeof consumerNames)[number]) {
  switch (place) {
    case 'assertion':
      return { text: await anAssertion(world), signer: clientParty }
    case 'proof':
      return { text: await aProof(world, party, 'POST', urls.token), signer: party }
    case 'proof at userinfo': {
      const ath = { ath: sha256(accessToken) }
      return { text: await aProof(world, party, 'GET', urls.userinfo, { claims: ath }), signer: party }
    }
    case 'token':
      return { text: accessToken, signer: issuerParty }
  }
}

export const signedJwts: Target = {
  name: 'JWTs with members of any type',
  weight: 12,
  prepare: async (draw) => {
    const place = draw.pick(consumerNames)
    const given = await withTokens()
    const { text: right, signer } = await honest(given, place)
    const header = draw.once(2) ? headerOf(right) : mutatedJson(draw, [headerOf(right)])
    const claims = draw.once(4) ? claimsOf(right) : mutatedJson(draw, [claimsOf(right)])
    const jwt = signedText(JSON.stringify(header) ?? '', JSON.stringify(claims) ?? '', signer)
    const text = (draw.once(5) ? mutatedText(draw, [jwt, ...almostJwts]) : jwt).toWellFormed()
    return {
      input: { place, text },
      feed: async () => {
        const reply = await consumers[place](given, text)
        // A token of ours about nobody is found last, when the proof is spent already.
        if (reply.status >= 400 && reply.rule !== 'access_token_revoked') assert.deepEqual(reply.stored, [], place)
        return fateOf(reply)
      },
    }
  },
}

export const serverTargets: readonly Target[] = [
  everyEndpoint,
  almostRight,
  changedPush,
  presentedTokens,
  formsOfBrowser,
  queriesAtAuthorize,
  signOutRequests,
  signedJwts,
]
