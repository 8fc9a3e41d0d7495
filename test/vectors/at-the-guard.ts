/** The valid request of the exchange vectors at a guard, and what can happen to it. */

import { signerOf } from '../../scripts/generate/vectors/signers.ts'
import { isJsonObject, issuer, type JsonObject, numericDate, resourceIdentifier } from '../../src/core/names.ts'
import { StateUnavailable } from '../../src/core/oauth-error.ts'
import type { AuditEvent } from '../../src/core/ports.ts'
import { type Access, createGuard, type Refusal } from '../../src/guard/guard.ts'
import { createReplayMemory } from '../../src/core/replay-memory.ts'
import { createMac, createVerifier, random, sha256 } from '../../src/node/runtime.ts'
import { aPayment } from '../flow/detail-types.ts'
import { dawn, theBank, theIssuer } from '../flow/world.ts'
import { errorOf, observe } from '../observations.ts'
import type { Scene } from './at-the-server.ts'
import { checkMembers, numberOf, objectOf, readDocument } from './load.ts'
import { type Draft, type Rendered, render, signed, type Stage, vectorKey } from './request.ts'

const routes = [
  { methods: ['GET'], path: '/accounts', scope: ['accounts'], speaksFor: 'person' },
  { methods: ['GET'], path: '/accounts/:id', scope: ['accounts'], speaksFor: 'person' },
  { methods: ['GET'], path: '/reports/*', scope: ['reports'], speaksFor: 'anyone' },
  { methods: ['POST'], path: '/payments', scope: [], speaksFor: 'person' },
] as const

/** The policy of the guard; `setting.json` says the same. */
export const policy = {
  resource: resourceIdentifier(theBank),
  name: 'Demo Bank',
  publicUrl: 'https://bank.example',
  issuers: [issuer(theIssuer)],
  certificateBoundTokens: 'accepted',
  routes,
} as const

/** The account that is paid to; `setting.json` names it. */
export const paidTo = 'DE02100100109307118603'

/** What the API behind the guard says to a payment. */
function paid(access: Access): Access | Refusal {
  if (access.path !== '/payments') return access
  const covering = access.detail('payment_initiation', ({ creditorAccount }) => {
    return isJsonObject(creditorAccount) && creditorAccount['iban'] === paidTo
  })
  return covering.kind === 'refusal' ? covering : access
}

const ordinary = { entrance: 'main', certificateTrouble: undefined } as const

/** A guard with its issuer. */
export async function aGuard() {
  let now = dawn
  let state: 'there' | 'unavailable' = 'there'
  let issuerIs: 'there' | 'unreachable' = 'there'
  let grants: 'live' | 'revoked' = 'live'
  const clock = () => numericDate(now)
  const events: AuditEvent[] = []
  const memory = createReplayMemory({ clock, epoch: numericDate(now - 3600) })
  const published = ['issuer-ed25519', 'issuer-es256', 'issuer-ps256'].map((name) => {
    const { publicJwk, kid } = vectorKey(name)
    return { ...publicJwk, kid }
  })
  const documents: Readonly<Record<string, JsonObject>> = {
    [`${theIssuer}/.well-known/oauth-authorization-server`]: { issuer: theIssuer, jwks_uri: `${theIssuer}/jwks` },
    [`${theIssuer}/jwks`]: { keys: published },
  }
  const guard = createGuard(policy, {
    fetchJson: (url) =>
      issuerIs === 'there' && documents[url] !== undefined
        ? Promise.resolve(documents[url])
        : Promise.reject(new Error('unreachable')),
    clock,
    hash: sha256,
    verify: createVerifier({ cacheSize: 100 }),
    mac: createMac(),
    replay: {
      epoch: memory.epoch,
      spendOnce: (entries) =>
        state === 'there' ? memory.spendOnce(entries) : Promise.reject(new StateUnavailable('out of reach')),
    },
    random,
    audit: (event) => events.push(event),
    standing: () => Promise.resolve(grants),
  })

  const send = async ({ method, target, headers, certificate }: Rendered) => {
    // Some targets of the vectors are no URLs; the guard decides on the target.
    const url = URL.canParse(target, 'https://127.0.0.1') && !target.startsWith('//') ? target : '/'
    const request = new Request(new URL(url, 'https://127.0.0.1'), { method })
    const judged = await guard(request, { peerAddress: '192.0.2.7', headers, target, ...ordinary, certificate })
    const verdict = judged.kind === 'access' ? paid(judged) : judged
    if (verdict.kind === 'access') {
      return {
        status: 200,
        headers: new Headers(verdict.headers),
        text: '',
        json: {},
        rule: undefined,
        event: undefined,
      }
    }
    const text = await verdict.response.text()
    const json: unknown = JSON.parse(text)
    const { status, headers: answered } = verdict.response
    const error = errorOf({ status, headers: answered, text })
    observe({ rule: verdict.rule, error, status, step: 'guard' })
    return {
      status,
      headers: answered,
      text,
      json: isJsonObject(json) ? json : {},
      rule: verdict.rule,
      event: events.at(-1),
    }
  }

  const issuerKey = vectorKey('issuer-ed25519')
  const { alg, kid } = issuerKey
  const signer = signerOf(issuerKey)
  const stage: Stage = {
    now: clock,
    issuer: theIssuer,
    client: () => ({ signer: signerOf(vectorKey('client-a-es256')), kid: undefined }),
    nonce: async (key) => {
      const header = { typ: 'dpop+jwt', alg: key.alg, jwk: key.publicJwk }
      const claims = { jti: random(16), htm: 'GET', htu: `${policy.publicUrl}/accounts`, iat: now }
      const proof = await signed({ header, claims, signer: signerOf(key) }, undefined, stage)
      const reply = await send({
        method: 'GET',
        target: '/accounts',
        headers: [['dpop', proof]],
        body: undefined,
        artefacts: noArtefacts,
      })
      return reply.headers.get('dpop-nonce') ?? ''
    },
  }

  const aToken = (more: JsonObject) => {
    const claims = {
      ...more,
      iss: theIssuer,
      aud: policy.resource,
      sub: 'user-alice',
      client_id: 'client-a',
      auth_time: now,
      iat: now,
      exp: now + 300,
      jti: random(16),
      scope: 'openid profile accounts',
      cnf: { jkt: vectorKey('holder-ed25519').thumbprint },
    }
    return signed({ header: { typ: 'at+jwt', alg, kid }, claims, signer }, undefined, stage)
  }

  const set = async (base: string, given: JsonObject): Promise<Scene> => {
    checkMembers(given, [], 'given')
    const { [base]: known } = requests
    if (known === undefined) throw new RangeError(`nobody knows the request ${base}`)
    const { claims, ...where } = known
    const draft: Draft = {
      ...where,
      origin: policy.publicUrl,
      parameters: [],
      parametersIn: 'nowhere',
      cookie: undefined,
      caller: undefined,
      proof: 'sent',
      token: await aToken(claims),
      words: {},
    }
    return {
      draft,
      happenings: {
        wait: async (span) => {
          now += numberOf(span, 'wait')
        },
        send: async (_, event) => send(await render(draft, objectOf(event['change'] ?? {}, 'change'), stage)),
        state: async () => {
          state = 'unavailable'
        },
        issuer: async () => {
          issuerIs = 'unreachable'
        },
        grant: async () => {
          grants = 'revoked'
        },
      },
    }
  }
  return { stage, set, send }
}

type Known = { readonly method: string; readonly path: string; readonly claims: JsonObject }

const requests: Readonly<Record<string, Known>> = {
  call: { method: 'GET', path: '/accounts', claims: {} },
  pay: { method: 'POST', path: '/payments', claims: { authorization_details: [aPayment()] } },
}

const noArtefacts = { assertion: undefined, proof: undefined, token: undefined }

/** What `setting.json` says of the guard. */
export const writtenPolicy = (): JsonObject => objectOf(readDocument('exchanges/setting.json')['guard'], 'guard')
