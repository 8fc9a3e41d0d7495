/** The guard of one API: decides about every request, on the request as it came, and answers those it refuses. */

import type { AccessToken } from '../core/access-token.ts'
import type { AuthorizationDetail } from '../core/authorization-details.ts'
import { newCorrelationId, presentedInteractionId } from '../core/correlation.ts'
import { nonceFor } from '../core/dpop.ts'
import { createProtectedResourceMetadata, protectedResourceMetadataUrl } from '../core/metadata.ts'
import type { Issuer } from '../core/names.ts'
import { createDpopNonces, type DpopNonces } from '../core/nonce.ts'
import { OAuthError, refusalOf, refuse, StateUnavailable } from '../core/oauth-error.ts'
import type { Audit, Clock, Connection, FetchJson, Hash, Mac, Random, ReplayMemory, Verifier } from '../core/ports.ts'
import {
  checkAccess,
  parseCredential,
  presentedProof,
  presentedScheme,
  type ResourcePowers,
} from '../core/protected-resource.ts'
import type { RuleSlug } from '../core/rules.ts'
import { createTokenMemory, type TokenMemory } from '../core/token-memory.ts'
import { createIssuerKeys, type IssuerKeys, type IssuerKeyState } from './issuer-keys.ts'
import { canonicalPath } from './path.ts'
import { type GuardPolicy, parseGuardPolicy } from './policy.ts'
import { type AnswerContext, renderFailure, renderRefusal } from './refusal.ts'
import { statusAtResource } from '../core/refusal.ts'
import { compileRoutes, type RouteTable } from './routes.ts'

/** What a guard asks of the world. */
export type GuardPorts = {
  /** Reaches the issuers and nothing else. */
  readonly fetchJson: FetchJson
  readonly clock: Clock
  readonly hash: Hash
  readonly verify: Verifier
  /** Under a key of this process, or one that all nodes with the same replay memory share. */
  readonly mac: Mac
  readonly replay: ReplayMemory
  readonly random: Random
  readonly audit: Audit
  /** Asks whether the grant behind a token still counts. Without it, revocation is bounded by the token's lifetime. */
  readonly standing?: ((token: AccessToken) => Promise<'live' | 'revoked'>) | undefined
  /** How many verified tokens to remember; 10,000 unless told. */
  readonly rememberedTokens?: number | undefined
}

/** What a guard reads of a connection. It never touches the body. */
export type GuardedConnection = Omit<Connection, 'readBody'>

/** The request may go on. */
export type Access = {
  readonly kind: 'access'
  readonly token: AccessToken
  /** The path that was decided on. */
  readonly path: string
  /** To be set on the response, over what the API says. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * The first element of a type that covers this operation, or the refusal to answer with. What has to fit is often in
   * the body, which the guard does not read: `fits` is asked by the API. RFC 9396 §9.
   */
  readonly detail: (type: string, fits: (element: AuthorizationDetail) => boolean) => CoveringDetail | Refusal
}

/** An element of the authorization details that covers an operation. */
export type CoveringDetail = { readonly kind: 'detail'; readonly element: AuthorizationDetail }

/** The request ends here. */
export type Refusal = {
  readonly kind: 'refusal'
  readonly response: Response
  /** Why, precisely; undefined for a bug, which is refused like everything else. */
  readonly rule: RuleSlug | undefined
}

/** Whether a guard can let anybody through, and how soon it notices a revocation. */
export type Readiness = {
  readonly ready: boolean
  readonly issuers: readonly { readonly issuer: Issuer; readonly keys: IssuerKeyState }[]
  readonly revocation: 'checked' | 'bounded by token lifetime'
}

/** Judges a request, and knows what to say of the API. */
export type Guard = ((request: Request, connection: GuardedConnection) => Promise<Access | Refusal>) & {
  /** The protected resource metadata. RFC 9728 §2. */
  readonly metadata: () => Record<string, unknown>
  /** The answer to a GET of that document, wherever it stands for this API; undefined for any other request. */
  readonly wellKnown: (request: Request, connection: GuardedConnection) => Response | undefined
  /** Reads the keys of the issuers where that is due. */
  readonly ready: () => Promise<Readiness>
}

type State = {
  readonly policy: GuardPolicy
  readonly ports: GuardPorts
  readonly routes: RouteTable
  readonly issuers: readonly IssuerKeys[]
  readonly nonces: DpopNonces
  readonly remembered: TokenMemory
  readonly metadataUrl: string
}

/**
 * A guard for the API of this policy.
 * @throws GuardPolicyError
 */
export function createGuard(policy: GuardPolicy, ports: GuardPorts): Guard {
  const state = prepare(policy, ports)
  const judge = async (request: Request, connection: GuardedConnection) => {
    const correlationId = newCorrelationId(ports.random)
    const context = { correlationId, interactionId: presentedInteractionId(connection.headers) ?? correlationId }
    try {
      return await admit(request, connection, state, context)
    } catch (thrown) {
      return turnAway(thrown, connection, state, context)
    }
  }
  return Object.assign(judge, {
    metadata: () => metadataOf(state.policy),
    wellKnown: (request: Request, connection: GuardedConnection) => wellKnown(request, connection, state),
    ready: () => readiness(state),
  })
}

function prepare(input: GuardPolicy, ports: GuardPorts): State {
  const policy = parseGuardPolicy(input)
  const { fetchJson, clock, hash } = ports
  return {
    policy,
    ports,
    routes: compileRoutes(policy.routes),
    issuers: policy.issuers.map((issuer) => createIssuerKeys({ issuer, fetchJson, clock, hash })),
    nonces: createDpopNonces(policy.resource, ports.mac),
    remembered: createTokenMemory(ports.rememberedTokens ?? 10_000),
    metadataUrl: protectedResourceMetadataUrl(policy.resource),
  }
}

async function admit(
  request: Request,
  connection: GuardedConnection,
  state: State,
  context: AnswerContext,
): Promise<Access> {
  const { method } = request
  const { headers, target, certificate } = connection
  const path = canonicalPath(target)
  // The API routes on the Request; what it will see must be what is decided on.
  if (canonicalPath(new URL(request.url).pathname) !== path) {
    refuse('path_ambiguous', { detail: 'the request was rewritten on its way to the guard' })
  }
  const route = state.routes.find(method, path)
  const powers = powersOf(state)
  // What nobody configured is not believed, whoever terminates TLS.
  const acceptable = state.policy.certificateBoundTokens === 'accepted' ? certificate : undefined
  const asked = { method, url: `${state.policy.publicUrl}${path}`, headers, target, certificate: acceptable }
  const { token, proof } = await checkAccess(asked, route, powers)
  return {
    kind: 'access',
    token,
    path,
    headers: {
      ...(proof === undefined ? {} : { 'dpop-nonce': state.nonces.current(proof.thumbprint, powers.now) }),
      // An answer with a nonce is for one caller, once. RFC 9449 §8.2.
      'cache-control': 'no-store',
      'x-fapi-interaction-id': context.interactionId,
    },
    detail: (type, fits) => {
      try {
        return { kind: 'detail', element: coveringElement(token, type, fits) }
      } catch (thrown) {
        return turnAway(thrown, connection, state, context)
      }
    },
  }
}

/** @throws OAuthError authorization_details_insufficient */
function coveringElement(
  { details }: AccessToken,
  type: string,
  fits: (element: AuthorizationDetail) => boolean,
): AuthorizationDetail {
  const found = details.find((element) => element.type === type && fits(element))
  return found ?? refuse('authorization_details_insufficient', { expected: { authorization_details_type: type } })
}

function powersOf({ policy, ports, issuers, nonces, remembered }: State): ResourcePowers {
  const { replay, standing, verify, hash } = ports
  return {
    audience: policy.resource,
    issuers,
    nonces,
    remembered,
    verify,
    hash,
    now: ports.clock(),
    replay: { epoch: replay.epoch, spendOnce: (entries) => orUnavailable(() => replay.spendOnce(entries)) },
    standing: async (token) => (standing === undefined ? 'live' : orUnavailable(() => standing(token))),
  }
}

/** What is remembered elsewhere may be out of reach in ways only its driver knows; all of them mean the same here. */
async function orUnavailable<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    throw cause instanceof StateUnavailable || cause instanceof OAuthError
      ? cause
      : new OAuthError('state_unavailable', { cause })
  }
}

function turnAway(thrown: unknown, connection: GuardedConnection, state: State, context: AnswerContext): Refusal {
  const { ports, nonces, metadataUrl } = state
  const { headers, peerAddress } = connection
  const error = refusalOf(thrown)
  const token = rememberedToken(connection, state)
  const status = error === undefined ? 500 : statusAtResource(error.rule)
  ports.audit({
    correlationId: context.correlationId,
    time: ports.clock(),
    step: 'guard',
    outcome: error === undefined ? 'failed' : 'refused',
    rule: error?.rule,
    status,
    clientId: token?.clientId,
    subject: token?.subject,
    peerAddress,
    detail: error?.detail,
    cause: error === undefined ? thrown : error.cause,
  })
  if (error === undefined) return { kind: 'refusal', response: renderFailure(context), rule: undefined }
  const nonce = nonceFor(presentedProof(headers, ports.hash), nonces, ports.clock())
  const scheme = presentedScheme(headers)
  const response = renderRefusal(error, { ...context, nonce, scheme, resourceMetadata: metadataUrl })
  return { kind: 'refusal', response, rule: error.rule }
}

/** Whose token came along with a refused request, where it was verified before. */
function rememberedToken(
  { headers, target }: GuardedConnection,
  { ports, remembered }: State,
): AccessToken | undefined {
  try {
    return remembered.get(ports.hash(parseCredential(headers, target).token))?.token
  } catch (error) {
    if (error instanceof OAuthError) return undefined
    throw error
  }
}

function metadataOf(policy: GuardPolicy): Record<string, unknown> {
  const { resource, name, issuers, certificateBoundTokens, routes, authorizationDetailsTypes: detailTypes } = policy
  const scopes = [...new Set(routes.flatMap(({ scope }) => scope))]
  const described = { resource, name, authorizationServers: issuers, scopes, certificateBoundTokens, detailTypes }
  return createProtectedResourceMetadata(described)
}

/** Where the document stands depends on the policy only, never on the Host header or the query. RFC 9728 §3.1. */
function wellKnown({ method }: Request, { target }: GuardedConnection, state: State): Response | undefined {
  if (method !== 'GET' || target.split('?', 1)[0] !== new URL(state.metadataUrl).pathname) return undefined
  return new Response(JSON.stringify(metadataOf(state.policy)), {
    headers: {
      'content-type': 'application/json',
      'cache-control': 'public, max-age=300',
      'x-content-type-options': 'nosniff',
    },
  })
}

async function readiness({ issuers, ports }: State): Promise<Readiness> {
  const states = await Promise.all(issuers.map(async ({ issuer, state }) => ({ issuer, keys: await state() })))
  return {
    ready: states.some(({ keys }) => keys !== 'unavailable'),
    issuers: states,
    revocation: ports.standing === undefined ? 'bounded by token lifetime' : 'checked',
  }
}
