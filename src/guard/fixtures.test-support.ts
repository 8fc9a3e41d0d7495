/** A valid call to a guarded API, for tests to break one thing of. */

import type { ClientCertificate } from '../core/certificate.ts'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { observeAnswer } from '../../test/observations.ts'
import { parsePublicKey, type PublicKey, signJwt } from '../core/jose.ts'
import { type JsonObject, numericDate } from '../core/names.ts'
import { createDpopNonces } from '../core/nonce.ts'
import type { AuditEvent, FetchJson, Signer } from '../core/ports.ts'
import { createMac, createSigner, createVerifier, random, sha256 } from '../node/runtime.ts'
import { type Access, createGuard, type GuardedConnection, type GuardPorts, type Refusal } from './guard.ts'
import { type GuardPolicyInput, parseGuardPolicy } from './policy.ts'
import { createReplayMemory } from '../core/replay-memory.ts'

export const bankPolicy = {
  resource: 'https://api.example.com/bank',
  name: 'The bank',
  publicUrl: 'https://api.example.com/bank',
  issuers: ['https://as.example.com'],
  routes: [
    { methods: ['GET'], path: '/accounts', scope: ['accounts'], speaksFor: 'person' },
    { methods: ['GET'], path: '/accounts/:id', scope: ['accounts'], speaksFor: 'person' },
    { methods: ['POST'], path: '/payments', scope: ['payments'], speaksFor: 'person' },
    { methods: ['GET', 'HEAD'], path: '/reports/*', scope: ['reports'], speaksFor: 'anyone' },
  ],
} as const satisfies GuardPolicyInput

export type TestKey = { readonly publicKey: PublicKey; readonly signer: Signer; readonly privateKey: KeyObject }

/** A new key; `kid` names it in headers and key sets. */
export function aKey(kid?: string, alg: 'ES256' | 'EdDSA' = 'ES256'): TestKey {
  const pair = alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
  const jwk: unknown = pair.publicKey.export({ format: 'jwk' })
  const publicKey = parsePublicKey(
    { ...(typeof jwk === 'object' ? jwk : {}), ...(kid === undefined ? {} : { kid }) },
    sha256,
  )
  return { publicKey, signer: createSigner(pair.privateKey, alg, kid), privateKey: pair.privateKey }
}

export const issuerKey = aKey('k1')
export const clientKey = aKey()
export const startOfTime = numericDate(1_800_000_000)

/** What one call is made of; each part can be replaced. */
export type CallParts = {
  method?: string
  target?: string
  url?: string
  scheme?: string
  token?: string | undefined
  proof?: string | undefined
  headers?: readonly (readonly [string, string])[]
  certificate?: ClientCertificate
}

/** An issuer's two documents, under its own URLs. */
export function issuerDocuments(name: string, keys: readonly TestKey[]): Map<string, unknown> {
  return new Map<string, unknown>([
    [`${name}/.well-known/oauth-authorization-server`, { issuer: name, jwks_uri: `${name}/jwks` }],
    [`${name}/jwks`, { keys: keys.map(publicJwk) }],
  ])
}

export function publicJwk({ publicKey: { jwk, kid } }: TestKey): JsonObject {
  return { ...jwk, ...(kid === undefined ? {} : { kid }) }
}

/** A guard with everything around it under the test's control. */
export function aWorld(change: { policy?: GuardPolicyInput; ports?: Partial<GuardPorts> } = {}) {
  const policy = parseGuardPolicy(change.policy ?? bankPolicy)
  const time = { now: startOfTime }
  const clock = () => time.now
  const documents = issuerDocuments('https://as.example.com', [issuerKey])
  const fetched: string[] = []
  const fetchJson: FetchJson = async (url) => {
    fetched.push(url)
    if (!documents.has(url)) throw new Error('no such document')
    return documents.get(url)
  }
  const events: AuditEvent[] = []
  const ports: GuardPorts = {
    fetchJson,
    clock,
    hash: sha256,
    verify: createVerifier({ cacheSize: 100 }),
    mac: createMac(),
    replay: createReplayMemory({ clock }),
    random,
    audit: (event) => events.push(event),
    ...change.ports,
  }
  const guard = createGuard(policy, ports)
  const nonces = createDpopNonces(policy.resource, ports.mac)
  const nonceFor = (key: TestKey) => nonces.current(key.publicKey.thumbprint, time.now)
  const wait = (span: number) => {
    time.now = numericDate(time.now + span)
  }
  const tools = { policy, time, nonceFor, guard }
  return {
    ...tools,
    documents,
    fetched,
    events,
    wait,
    token: (claims: JsonObject = {}, as: TokenSigner = {}) => aToken(tools, claims, as),
    proof: (token: string, claims: JsonObject = {}, as: ProofSigner = {}) => aProof(tools, token, claims, as),
    call: (parts: CallParts = {}) => aCall(tools, parts),
  }
}

type Tools = {
  readonly policy: { readonly publicUrl: string; readonly resource: string }
  readonly time: { readonly now: number }
  readonly nonceFor: (key: TestKey) => string
  readonly guard: (request: Request, connection: GuardedConnection) => Promise<Access | Refusal>
}

export type TokenSigner = { readonly key?: TestKey; readonly header?: JsonObject }
export type ProofSigner = { readonly key?: TestKey; readonly header?: JsonObject }

/** A claim set to undefined is left out. */
function aToken({ policy, time }: Tools, claims: JsonObject, { key = issuerKey, header = {} }: TokenSigner) {
  const whole = {
    iss: 'https://as.example.com',
    aud: policy.resource,
    sub: 'alice',
    client_id: 'app',
    auth_time: time.now,
    iat: time.now,
    exp: time.now + 300,
    jti: random(16),
    scope: 'accounts payments',
    cnf: { jkt: clientKey.publicKey.thumbprint },
    ...claims,
  }
  return signJwt({ typ: 'at+jwt', ...header }, whole, key.signer)
}

function aProof(tools: Tools, token: string, claims: JsonObject, { key = clientKey, header = {} }: ProofSigner) {
  const whole = {
    jti: random(16),
    htm: 'GET',
    htu: `${tools.policy.publicUrl}/accounts`,
    iat: tools.time.now,
    ath: sha256(token),
    nonce: tools.nonceFor(key),
    ...claims,
  }
  return signJwt({ typ: 'dpop+jwt', jwk: key.publicKey.jwk, ...header }, whole, { ...key.signer, kid: undefined })
}

async function aCall(tools: Tools, parts: CallParts): Promise<Access | Refusal> {
  const { method = 'GET', target = '/accounts', scheme = 'DPoP' } = parts
  const token = 'token' in parts ? parts.token : await aToken(tools, {}, {})
  const htu = `${tools.policy.publicUrl}${target.split('?')[0] ?? ''}`
  const proof = 'proof' in parts ? parts.proof : await aProof(tools, token ?? '', { htm: method, htu }, {})
  const headers: (readonly [string, string])[] = [
    ['host', 'localhost'],
    ...(token === undefined ? [] : [['authorization', `${scheme} ${token}`] as const]),
    ...(proof === undefined ? [] : [['dpop', proof] as const]),
    ...(parts.headers ?? []),
  ]
  const request = new Request(parts.url ?? new URL(target, 'http://localhost'), { method })
  const { certificate } = parts
  const connection = { entrance: 'main', certificate, certificateTrouble: undefined } as const
  const verdict = await tools.guard(request, { peerAddress: '192.0.2.1', headers, target, ...connection })
  if (verdict.kind === 'refusal') {
    const { status, headers: answered } = verdict.response
    const text = await verdict.response.clone().text()
    observeAnswer({ status, headers: answered, text }, { rule: verdict.rule, step: 'guard' })
  }
  return verdict
}
