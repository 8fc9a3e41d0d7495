/**
 * Every kind of JWT that is signed by anybody here, and every place that takes one. A kind is made honestly: with the key
 * of its kind, now, for the place it is carried to as far as its own specification lets it name one.
 */

import assert from 'node:assert/strict'
import type { ClientCertificate } from '../../src/core/certificate.ts'
import { createLogoutToken } from '../../src/core/logout-token.ts'
import { isJsonObject, type JsonObject, rowId, subject } from '../../src/core/names.ts'
import { createDpopNonces } from '../../src/core/nonce.ts'
import type { Signer } from '../../src/core/ports.ts'
import {
  ClientError,
  type ClientPorts,
  createClient,
  generatePrivateJwk,
  nodeClientPorts,
} from '../../src/client/index.ts'
import { createLogoutReceiver } from '../../src/client/logout-receiver.ts'
import type { Guard } from '../../src/guard/guard.ts'
import { createMac, sha256 } from '../../src/node/runtime.ts'
import { observeAnswer } from '../observations.ts'
import { aCertificate } from './certificates.ts'
import { aGuardedBank } from './guarded-bank.ts'
import { aJwt, anAssertion, aProof, claimsOf } from './messages.ts'
import { aParty, type Party, type TestClient } from './parties.ts'
import { aCode, askToken, callUserinfo, introspect, push, redeem, revoke } from './steps.ts'
import { alter, aWorld, redirectUri, register, theBank, theIssuer, urls, type World } from './world.ts'

/** A server, the guard of the bank in front of which its tokens count, and everybody's keys. */
export type Scene = {
  readonly world: World
  readonly guard: Guard
  /** The key that tokens are bound to. */
  readonly party: Party
  readonly certificate: ClientCertificate
  /** Clients whose tokens are bound to a certificate, and whose ID tokens come encrypted. The first one's claims come signed. */
  readonly bound: TestClient
  readonly sealed: TestClient
  /** The nonce the guard gives a key. */
  readonly guardNonce: () => string
}

/** Where a JWT is carried to, as far as its maker has to know. */
export type Errand = {
  /** Who authenticates there. */
  readonly client: TestClient
  readonly method: string
  readonly url: string
  /** The token a proof goes with. */
  readonly token: string
  /** The nonce a proof has to hold, where the server of the scene does not give it. */
  readonly nonce?: string
  /** The nonce of the authentication request. */
  readonly requestNonce?: string
}

export async function aScene(): Promise<Scene> {
  const world = await aWorld()
  const bound = await register(world.store, aParty('ES256', 'b'), 'client-bound', { binding: 'certificate' })
  await alter(world, world.client, { userinfoSignedResponseAlg: 'ES256' })
  const reader = aParty()
  assert.ok(reader.key.jwk.kty === 'EC')
  const sealed = await register(world.store, aParty('ES256', 'e'), 'client-sealed', {
    idTokenEncryption: { alg: 'ECDH-ES', enc: 'A256GCM' },
    encryptionKeys: [{ jwk: reader.key.jwk, kid: undefined, alg: undefined }],
  })
  const party = aParty()
  const mac = createMac()
  const guard = aGuardedBank(world, {
    mac,
    audit: ({ outcome, cause }) => assert.notEqual(outcome, 'failed', String(cause)),
  })
  const nonces = createDpopNonces(theBank, mac)
  return {
    world,
    guard,
    party,
    certificate: aCertificate('CN=bound'),
    bound,
    sealed,
    guardNonce: () => nonces.current(party.key.thumbprint, world.now()),
  }
}

/** A fresh access token for the bank, bound to the party of the scene, and what came with it. */
async function flow({ world, party, certificate }: Scene, client: TestClient, nonce = 'a nonce') {
  const code = await aCode(world, { nonce }, { client })
  const reply = await redeem(world, code, {}, { client, party, sent: { certificate } })
  assert.equal(reply.status, 200, reply.text)
  return { accessToken: String(reply.json['access_token']), idToken: String(reply.json['id_token']) }
}

function serverSigner({ serverKeys }: World): Signer {
  const [first] = serverKeys
  assert.ok(first)
  return first.signer
}

/** What nearly every claim set has. */
function aboutNow(world: World): JsonObject {
  return { iat: world.now(), exp: world.now() + 60, jti: world.random(16) }
}

type Made = {
  readonly text: string
  /** Whose it is. */
  readonly holder?: TestClient
  /** The access token it came with. */
  readonly accessToken?: string
}
type Maker = (scene: Scene, errand: Errand) => Promise<Made>

/** A proof for the errand, with an `ath` or without. */
async function proofFor({ world, party }: Scene, { method, url, nonce }: Errand, ath: JsonObject): Promise<Made> {
  const claims = { ...ath, ...(nonce === undefined ? {} : { nonce }) }
  return { text: await aProof(world, party, method, url, { claims }) }
}

export const kinds = {
  'client assertion': async ({ world }, { client }) => ({ text: await anAssertion(world, client) }),
  'proof with ath': (scene, errand) => proofFor(scene, errand, { ath: sha256(errand.token) }),
  'proof without ath': (scene, errand) => proofFor(scene, errand, {}),
  'access token bound to a key': async (scene) => ({ text: (await flow(scene, scene.world.client)).accessToken }),
  'access token bound to a certificate': async (scene) => ({
    text: (await flow(scene, scene.bound)).accessToken,
    holder: scene.bound,
  }),
  'access token of a client alone': async ({ world, party }) => {
    const reply = await askToken(world, { grant_type: 'client_credentials', scope: 'accounts' }, { party })
    return { text: String(reply.json['access_token']) }
  },
  'ID token': async (scene, { requestNonce }) => {
    const { idToken, accessToken } = await flow(scene, scene.world.client, requestNonce)
    return { text: idToken, accessToken }
  },
  'ID token that expired': async (scene, { requestNonce }) => {
    const { idToken, accessToken } = await flow(scene, scene.world.client, requestNonce)
    const { world } = scene
    const claims = { ...claimsOf(idToken), iat: world.now() - 400, exp: world.now() - 100 }
    const { alg, kid, sign } = serverSigner(world)
    return { text: await aJwt({ alg, kid, typ: 'JWT' }, claims, { alg, kid, sign }), accessToken }
  },
  'encrypted ID token': async (scene) => ({ text: (await flow(scene, scene.sealed)).idToken }),
  'logout token': async ({ world }) => {
    const about = {
      issuer: theIssuer,
      audience: world.client.clientId,
      subject: subject('user-alice'),
      sid: rowId(world.random(16)),
      jti: world.random(16),
      issuedAt: world.now(),
    }
    return { text: await createLogoutToken(about, serverSigner(world)) }
  },
  'signed userinfo': async (scene) => {
    const { accessToken } = await flow(scene, scene.world.client)
    return { text: (await callUserinfo(scene.world, accessToken, scene.party)).text }
  },
  // Nobody here makes what follows: other servers, and attackers with a key of the right party, do.
  'request object': async ({ world, party }, { client }) => {
    const request = {
      iss: client.clientId,
      sub: client.clientId,
      aud: theIssuer,
      client_id: client.clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid accounts',
      dpop_jkt: party.key.thumbprint,
      ...aboutNow(world),
    }
    return { text: await aJwt({ typ: 'oauth-authz-req+jwt', kid: client.key.kid }, request, client.signer) }
  },
  'introspection answer': async (scene) => {
    const { world } = scene
    const { accessToken } = await flow(scene, world.client)
    const { alg, kid, sign } = serverSigner(world)
    const answer = { ...claimsOf(accessToken), token_introspection: { active: true, ...claimsOf(accessToken) } }
    return { text: await aJwt({ alg, kid, typ: 'token-introspection+jwt' }, answer, { alg, kid, sign }) }
  },
  'authorization response': async ({ world }, { client }) => {
    const { alg, kid, sign } = serverSigner(world)
    const response = { iss: theIssuer, aud: client.clientId, code: 'a code', state: 'a state', ...aboutNow(world) }
    return { text: await aJwt({ alg, kid }, response, { alg, kid, sign }) }
  },
  'entity statement': async ({ world }) => {
    const { alg, kid, sign } = serverSigner(world)
    const statement = { iss: theIssuer, sub: theIssuer, aud: theIssuer, jwks: { keys: [] }, ...aboutNow(world) }
    return { text: await aJwt({ alg, kid, typ: 'entity-statement+jwt' }, statement, { alg, kid, sign }) }
  },
} as const satisfies Record<string, Maker>

export type Kind = keyof typeof kinds

export type Place = {
  readonly errand: (scene: Scene) => Promise<Errand>
  /** `accepted`, or the name of what was wrong with it. */
  readonly present: (scene: Scene, made: Made, errand: Errand) => Promise<string>
}

type Answered = { readonly status: number; readonly rule: string | undefined; readonly stored: readonly string[] }

function outcomeOf({ status, rule, stored }: Answered, about: string): string {
  if (status < 400) return 'accepted'
  assert.deepEqual(stored, [], `${about}: nothing is spent on what does not fit`)
  return rule ?? String(status)
}

type Client = (scene: Scene) => TestClient
const theClient: Client = ({ world }) => world.client
const theBankItself: Client = ({ world }) => world.bankServer

function errandTo(method: string, url: string, client: Client = theClient): Place['errand'] {
  return async (scene) => ({ client: client(scene), method, url, token: '' })
}

async function errandToGuard(scene: Scene, token: string): Promise<Errand> {
  const nonce = scene.guardNonce()
  return { client: scene.world.client, method: 'GET', url: `${theBank}/accounts`, token, nonce }
}

/** Asks the guard, as the bank would on a request with these credentials. */
async function askGuard({ guard, certificate }: Scene, credentials: readonly (readonly [string, string])[]) {
  const target = '/accounts'
  const connection = { entrance: 'main', certificate, certificateTrouble: undefined } as const
  const verdict = await guard(new Request(`${theBank}${target}`), {
    peerAddress: '192.0.2.1',
    headers: credentials,
    target,
    ...connection,
  })
  if (verdict.kind === 'access') return 'accepted'
  const { status, headers } = verdict.response
  observeAnswer({ status, headers, text: await verdict.response.text() }, { rule: verdict.rule, step: 'guard' })
  return verdict.rule ?? String(status)
}

async function answerOf(response: Response): Promise<{ readonly status: number; readonly json: JsonObject }> {
  const json: unknown = JSON.parse((await response.text()) || '{}')
  assert.ok(isJsonObject(json))
  return { status: response.status, json }
}

const bank = { resource: theBank, authorization_servers: [theIssuer], dpop_bound_access_tokens_required: true }

/** The ports of a client of the scene, which gets what it is given from the token endpoint. */
function portsTo(world: World, tokens: JsonObject = {}, userinfo?: string): ClientPorts {
  const json = (status: number, body: unknown) =>
    new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
  return {
    ...nodeClientPorts({ allowedOrigins: [] }),
    clock: world.now,
    fetch: async (url) => {
      if (url.startsWith(theBank)) return json(200, bank)
      if (url === urls.userinfo) return new Response(userinfo, { headers: { 'content-type': 'application/jwt' } })
      if (url === urls.par) return json(201, { request_uri: 'urn:example:1', expires_in: 90 })
      if (url === urls.token) return json(200, { token_type: 'DPoP', expires_in: 300, ...tokens })
      return json(200, (await world.send('GET', url.slice(theIssuer.length))).json)
    },
  }
}

type Given = Made & { readonly nonce: string; readonly response?: string; readonly userinfo?: string }

/** What a client makes of a callback, of the ID token it gets for it, and of the claims that come signed. */
async function finish({ world }: Scene, given: Given): Promise<string> {
  const client = await createClient(
    {
      issuer: theIssuer,
      resource: theBank,
      clientId: world.client.clientId,
      redirectUri,
      scope: 'openid accounts',
      keys: { assertion: generatePrivateJwk() },
    },
    portsTo(world, { access_token: given.accessToken ?? 'a token', id_token: given.text }, given.userinfo),
  )
  const begun = await client.begin()
  const pending = { ...begun.pending, nonce: given.nonce }
  const callback = new URL(redirectUri)
  const response = given.response === undefined ? {} : { response: given.response }
  for (const [name, value] of Object.entries({ code: 'a code', state: pending.state, iss: theIssuer, ...response })) {
    callback.searchParams.append(name, value)
  }
  try {
    const session = await client.finish(callback, pending)
    if (given.userinfo !== undefined) assert.equal((await client.userinfo(session))['sub'], 'user-alice')
    return 'accepted'
  } catch (error) {
    assert.ok(error instanceof ClientError, String(error))
    return error.reason
  }
}

const requestNonce = 'the nonce of the request'

export const places = {
  'client_assertion at PAR': {
    errand: errandTo('POST', urls.par),
    present: async ({ world }, { text }) =>
      outcomeOf(await push(world, {}, { assertion: { text: () => text } }), 'assertion at PAR'),
  },
  'client_assertion at the token endpoint': {
    errand: errandTo('POST', urls.token),
    present: async ({ world, party }, { text }) => {
      const asked = { grant_type: 'client_credentials', scope: 'accounts' }
      return outcomeOf(await askToken(world, asked, { party, assertion: { text: () => text } }), 'assertion at token')
    },
  },
  'client_assertion at introspection': {
    errand: errandTo('POST', urls.introspect, theBankItself),
    present: async ({ world }, { text }) =>
      outcomeOf(await introspect(world, 'x', {}, { assertion: { text: () => text } }), 'assertion at introspection'),
  },
  'client_assertion at revocation': {
    errand: errandTo('POST', urls.revoke),
    present: async ({ world }, { text }) =>
      outcomeOf(await revoke(world, 'x', {}, { assertion: { text: () => text } }), 'assertion at revocation'),
  },
  'DPoP at PAR': {
    errand: errandTo('POST', urls.par),
    present: async ({ world }, { text }) =>
      outcomeOf(await push(world, {}, { headers: [['dpop', text]] }), 'proof at PAR'),
  },
  'DPoP at the token endpoint': {
    errand: errandTo('POST', urls.token),
    present: async ({ world }, { text }) => {
      const asked = { grant_type: 'client_credentials', scope: 'accounts' }
      return outcomeOf(await askToken(world, asked, { headers: [['dpop', text]] }), 'proof at token')
    },
  },
  'DPoP at userinfo': {
    errand: async (scene) => ({
      client: scene.world.client,
      method: 'GET',
      url: urls.userinfo,
      token: (await flow(scene, scene.world.client)).accessToken,
    }),
    present: async ({ world }, { text }, { token }) => {
      const headers = [['authorization', `DPoP ${token}`] as const, ['dpop', text] as const]
      return outcomeOf(await world.send('GET', '/userinfo', { headers }), 'proof at userinfo')
    },
  },
  'DPoP at the guard': {
    errand: async (scene) => errandToGuard(scene, (await flow(scene, scene.world.client)).accessToken),
    present: (scene, { text }, { token }) => {
      return askGuard(scene, [
        ['authorization', `DPoP ${token}`],
        ['dpop', text],
      ])
    },
  },
  'Authorization: DPoP at userinfo': {
    errand: errandTo('GET', urls.userinfo),
    present: async ({ world, party }, { text }) =>
      outcomeOf(await callUserinfo(world, text, party), 'token at userinfo'),
  },
  'Authorization: DPoP at the guard': {
    errand: (scene) => errandToGuard(scene, ''),
    present: async (scene, { text }, errand) => {
      const { text: proof } = await proofFor(scene, errand, { ath: sha256(text) })
      return askGuard(scene, [
        ['authorization', `DPoP ${text}`],
        ['dpop', proof],
      ])
    },
  },
  'Authorization: Bearer at userinfo': {
    errand: errandTo('GET', urls.userinfo),
    present: async ({ world, certificate }, { text }) => {
      const headers = [['authorization', `Bearer ${text}`] as const]
      return outcomeOf(await world.send('GET', '/userinfo', { headers, certificate }), 'token at userinfo')
    },
  },
  'Authorization: Bearer at the guard': {
    errand: (scene) => errandToGuard(scene, ''),
    present: (scene, { text }) => askGuard(scene, [['authorization', `Bearer ${text}`]]),
  },
  'token at introspection': {
    errand: errandTo('POST', urls.introspect, theBankItself),
    present: async ({ world }, { text }) => {
      const reply = await introspect(world, text)
      assert.equal(reply.status, 200, reply.text)
      assert.ok(reply.json['active'] === true || Object.keys(reply.json).length === 1, reply.text)
      return reply.json['active'] === true ? 'accepted' : 'inactive'
    },
  },
  'token at revocation': {
    errand: errandTo('POST', urls.revoke),
    present: async ({ world }, { text, holder = world.client }) => {
      const reply = await revoke(world, text, {}, { client: holder })
      if (reply.rule !== undefined) return reply.rule
      return reply.stored.includes('tokens.revoke') ? 'accepted' : 'nothing of ours'
    },
  },
  'id_token_hint at PAR': {
    errand: errandTo('POST', urls.par),
    present: async ({ world }, { text }) => outcomeOf(await push(world, { id_token_hint: text }), 'hint at PAR'),
  },
  'id_token_hint at sign-out': {
    errand: errandTo('GET', `${theIssuer}/logout`),
    present: async ({ world }, { text }) =>
      outcomeOf(await world.send('GET', `/logout?id_token_hint=${encodeURIComponent(text)}`), 'hint at sign-out'),
  },
  'request at PAR': {
    errand: errandTo('POST', urls.par),
    present: async ({ world }, { text }) => outcomeOf(await push(world, { request: text }), 'request at PAR'),
  },
  'ID token at the client': {
    errand: async (scene) => ({ ...(await errandTo('GET', urls.token)(scene)), requestNonce }),
    present: (scene, made) => finish(scene, { ...made, nonce: requestNonce }),
  },
  'response at the client': {
    errand: errandTo('GET', redirectUri),
    present: async (scene, { text }) => {
      const idToken = await kinds['ID token'](scene, { ...(await errandTo('GET', '')(scene)), requestNonce })
      return finish(scene, { ...idToken, nonce: requestNonce, response: text })
    },
  },
  'signed userinfo at the client': {
    errand: errandTo('GET', urls.userinfo),
    present: async (scene, { text }) => {
      const idToken = await kinds['ID token'](scene, { ...(await errandTo('GET', '')(scene)), requestNonce })
      return finish(scene, { ...idToken, nonce: requestNonce, userinfo: text })
    },
  },
  'logout token at the client': {
    errand: errandTo('POST', 'https://app.example/logout'),
    present: async ({ world }, { text }) => {
      const told: unknown[] = []
      const config = {
        issuer: theIssuer,
        clientId: world.client.clientId,
        onLogout: (who: unknown) => void told.push(who),
      }
      const receive = await createLogoutReceiver(config, portsTo(world))
      const body = new URLSearchParams({ logout_token: text })
      const { status, ...answer } = await answerOf(
        await receive(new Request('https://app.example', { method: 'POST', body })),
      )
      assert.equal(told.length, status === 200 ? 1 : 0)
      return status === 200 ? 'accepted' : String(answer.json['error_description']).replace('logout token: ', '')
    },
  },
} as const satisfies Record<string, Place>

export type PlaceName = keyof typeof places
