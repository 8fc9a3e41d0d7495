/** What guards and clients read: paths, policies, documents of issuers, answers of servers, callbacks. */

import assert from 'node:assert/strict'
import { ClientError, type ClientPorts, createClient, nodeClientPorts } from '../../../src/client/index.ts'
import { createLogoutReceiver } from '../../../src/client/logout-receiver.ts'
import { importKeyPair } from '../../../src/client/node/keys.ts'
import { isJsonObject, numericDate } from '../../../src/core/names.ts'
import { createReplayMemory } from '../../../src/core/replay-memory.ts'
import { OAuthError } from '../../../src/core/oauth-error.ts'
import { createGuard, type GuardPorts } from '../../../src/guard/guard.ts'
import { canonicalPath } from '../../../src/guard/path.ts'
import { GuardPolicyError, parseGuardPolicy } from '../../../src/guard/policy.ts'
import { createMac, createVerifier, sha256 } from '../../../src/node/runtime.ts'
import type { Draw } from '../draw.ts'
import { anyText, mutatedJson, mutatedText } from '../mutate.ts'
import { aJwt, forms, issuerParty, knownKey, now, paths, proofParty, seededRandom } from '../samples.ts'
import { type Fate, type Target, target, unless, unlessLater } from '../target.ts'

const issuer = 'https://as.example'
const resource = 'https://bank.example'
const clock = () => numericDate(now)

const policy = {
  resource,
  name: 'The bank',
  publicUrl: resource,
  issuers: [issuer],
  routes: [
    { methods: ['GET'], path: '/accounts/:id', scope: ['accounts'], speaksFor: 'person' },
    { methods: ['GET', 'POST'], path: '/reports/*', scope: [], speaksFor: 'anyone' },
  ],
} as const

const metadata = { issuer, jwks_uri: `${issuer}/jwks`, id_token_signing_alg_values_supported: ['EdDSA'] }
const keySet = { keys: [{ ...issuerParty.key.jwk, kid: 'server', alg: 'EdDSA', use: 'sig' }] }

function portsOf(documents: (url: string) => unknown): GuardPorts {
  return {
    fetchJson: (url) => Promise.resolve(documents(url)),
    clock,
    hash: sha256,
    verify: createVerifier({ cacheSize: 10 }),
    mac: createMac(Buffer.alloc(32, 7)),
    replay: createReplayMemory({ clock }),
    random: seededRandom('guard'),
    audit: ({ outcome, cause }) => {
      if (outcome === 'failed') throw cause
    },
  }
}

const guarded = createGuard(
  parseGuardPolicy(policy),
  portsOf((url) => (url.endsWith('/jwks') ? keySet : metadata)),
)

function ask(guard: typeof guarded, method: string, path: string, headers: readonly (readonly [string, string])[]) {
  const connection = { entrance: 'main', certificate: undefined, certificateTrouble: undefined } as const
  const parsed = URL.canParse(path, resource) ? new URL(path, resource) : new URL(resource)
  // No listener makes a Request of a URL with credentials; there is none.
  const url = parsed.username === '' && parsed.password === '' ? parsed : new URL(resource)
  return guard(new Request(url, { method }), { peerAddress: '192.0.2.1', headers, target: path, ...connection })
}

function fateOf({ kind }: { readonly kind: 'access' | 'refusal' }): Fate {
  return kind === 'access' ? 'taken' : 'refused'
}

const atTheGuard: readonly Target[] = [
  target(
    'paths',
    8,
    (draw) => mutatedText(draw, paths),
    (text) =>
      unless([OAuthError], () => {
        const path = canonicalPath(text)
        assert.equal(canonicalPath(path), path)
        assert.equal(new URL(path, resource).pathname, path, 'nobody reads it differently')
      }),
  ),
  target(
    'policies of a guard',
    3,
    (draw) => mutatedJson(draw, [policy]),
    (value) => unless([GuardPolicyError], () => parseGuardPolicy(value as typeof policy)),
  ),
  target(
    'requests at a guard',
    8,
    (draw) => ({
      method: draw.pick(['GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE']),
      path: draw.once(2) ? '/accounts/1' : mutatedText(draw, paths),
      headers: [
        ...draw.some(
          3,
          () => [draw.pick(['authorization', 'dpop', 'x-fapi-interaction-id', 'host']), anyText(draw)] as const,
        ),
        ['authorization', `DPoP ${aJwt(draw, 0, issuerParty)}`] as const,
        ['dpop', aJwt(draw, 2, proofParty)] as const,
      ],
    }),
    async ({ method, path, headers }) => {
      const verdict = await ask(guarded, method, path, headers)
      assert.equal(verdict.kind, 'refusal', 'no proof among them has a nonce of this guard')
      if (verdict.kind === 'refusal') assert.ok(verdict.rule !== undefined && verdict.response.status < 500)
      return fateOf(verdict)
    },
  ),
  target(
    'documents of an issuer, as a guard reads them',
    3,
    (draw) => ({ metadata: mutatedJson(draw, [metadata]), keys: mutatedJson(draw, [keySet]) }),
    async (documents) => {
      const guard = createGuard(
        parseGuardPolicy(policy),
        portsOf((url) => (url.endsWith('/jwks') ? documents.keys : documents.metadata)),
      )
      const { ready } = await guard.ready()
      return ready ? 'taken' : 'refused'
    },
  ),
]

const offer = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  pushed_authorization_request_endpoint: `${issuer}/par`,
  userinfo_endpoint: `${issuer}/userinfo`,
  jwks_uri: `${issuer}/jwks`,
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true,
  token_endpoint_auth_methods_supported: ['private_key_jwt'],
  token_endpoint_auth_signing_alg_values_supported: ['ES256', 'EdDSA'],
  id_token_signing_alg_values_supported: ['ES256', 'EdDSA'],
  dpop_signing_alg_values_supported: ['ES256', 'EdDSA'],
}
const described = { resource, authorization_servers: [issuer], dpop_bound_access_tokens_required: true }
const redirectUri = 'https://app.example/callback'

/** What the servers of a client answer, by the end of the URL. */
type Answers = Readonly<Record<'metadata' | 'resource' | 'par' | 'token' | 'jwks', unknown>>

const answers: Answers = {
  metadata: offer,
  resource: described,
  par: { request_uri: 'urn:example:1', expires_in: 90 },
  token: { access_token: 'a token', token_type: 'DPoP', expires_in: 300, scope: 'accounts' },
  jwks: keySet,
}

function answerTo(url: string, given: Answers): unknown {
  if (url.startsWith(resource)) return given.resource
  const name = (['par', 'token', 'jwks'] as const).find((end) => url.endsWith(`/${end}`))
  return given[name ?? 'metadata']
}

const keyPair = await importKeyPair(asPrivateJwk(5))
const dpopPair = await importKeyPair(asPrivateJwk(6))

function asPrivateJwk(number: number) {
  const { d = '', x = '' } = knownKey(number).export({ format: 'jwk' })
  return { kty: 'OKP', crv: 'Ed25519', d, x, kid: `key-${number}` }
}

function clientPorts(given: Answers, headers: Readonly<Record<string, string>>): ClientPorts {
  const fetch = (url: string) => {
    const status = url.endsWith('/par') ? 201 : 200
    const init = { status, headers: { 'content-type': 'application/json', ...headers } }
    return Promise.resolve(new Response(JSON.stringify(answerTo(url, given)) ?? '', init))
  }
  return { ...nodeClientPorts({ allowedOrigins: [] }), clock, fetch }
}

function connect(given: Answers, headers: Readonly<Record<string, string>>) {
  const known = {
    issuer,
    resource,
    clientId: 'client-a',
    redirectUri,
    scope: 'accounts',
    keys: { assertion: { key: keyPair.privateKey, kid: 'key-5' }, dpop: dpopPair },
  }
  return createClient(known, clientPorts(given, headers))
}

function changedAnswers(draw: Draw): Answers {
  const changed = draw.pick(['metadata', 'resource', 'par', 'token', 'jwks'] as const)
  return { ...answers, [changed]: mutatedJson(draw, [answers[changed]]) }
}

const atTheClient: readonly Target[] = [
  target(
    'documents and answers, as a client reads them',
    3,
    (draw) => {
      const header = mutatedText(draw, ['a nonce']).replaceAll(/[^\x20-\x7e]/g, '')
      return { given: changedAnswers(draw), headers: draw.once(3) ? { 'dpop-nonce': header } : {} }
    },
    ({ given, headers }) =>
      unlessLater([ClientError], async () => {
        const client = await connect(given, headers)
        const { pending } = await client.begin()
        const back = new URLSearchParams({ iss: issuer, state: pending.state, code: 'a code' })
        const session = await client.finish(`${redirectUri}?${back.toString()}`, pending)
        assert.deepEqual(
          session.scope.filter((scope) => scope !== 'accounts'),
          [],
        )
      }),
  ),
  target(
    'callbacks of a client',
    3,
    (draw) => {
      const valid = `iss=${encodeURIComponent(issuer)}&state=STATE&code=a`
      return mutatedText(draw, [`${redirectUri}?${valid}`, `?${valid}&error=access_denied`, `?${valid}&response=a.b.c`])
    },
    async (text) => {
      const client = await connect(answers, {})
      const { pending } = await client.begin()
      return unlessLater([ClientError], async () => {
        const session = await client.finish(text.replaceAll('STATE', pending.state), pending)
        assert.ok(isJsonObject(session))
      })
    },
  ),
]

const afterSignIn = target(
  'logout requests at a client',
  2,
  (draw) => ({
    type: draw.once(6) ? anyText(draw).replaceAll(/[^\x20-\x7e]/g, '') : 'application/x-www-form-urlencoded',
    body: draw.once(4) ? mutatedText(draw, forms) : `logout_token=${aJwt(draw, 4, issuerParty)}`,
  }),
  async ({ type, body }): Promise<Fate> => {
    const told: unknown[] = []
    const config = { issuer, clientId: 'client-a', onLogout: (who: unknown) => void told.push(who) }
    const receive = await createLogoutReceiver(config, clientPorts(answers, {}))
    const request = new Request('https://app.example/logout', {
      method: 'POST',
      body,
      headers: { 'content-type': type },
    })
    const { status } = await receive(request)
    assert.ok(status === 200 || status === 400, String(status))
    assert.equal(told.length, status === 200 ? 1 : 0)
    return status === 200 ? 'taken' : 'refused'
  },
)

export const resourceTargets: readonly Target[] = [...atTheGuard, ...atTheClient, afterSignIn]
